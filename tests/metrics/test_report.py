"""The table of what was found out."""

import math

import numpy as np
import pandas as pd
import pytest

from sksofteq.metrics import REPORT_COLUMNS, build_report
from sksofteq.orbits import OrbitTest

HOLDS = OrbitTest(-0.1, 0.02, -5.0, 0.2)
BREAKS = OrbitTest(0.1, 0.02, 5.0, 0.2)
BREAKS_A_LITTLE = OrbitTest(0.001, 0.0002, 5.0, 0.01)
UNSURE = OrbitTest(0.01, 0.02, 0.5, 0.2)
NOTHING = OrbitTest(0.0, 0.0, 0.0, 0.0)


def report(untestable=(), strengths=None, **tests) -> pd.DataFrame:
    strengths = strengths or dict.fromkeys(tests, 1.0)
    errors = dict.fromkeys(tests, 0.25)
    residuals = dict.fromkeys(tests, np.float32(0.5))
    return build_report(strengths, residuals, errors, tests, set(untestable))


def test_columns_and_index():
    table = report(b=HOLDS, a=BREAKS)
    assert list(table.columns) == REPORT_COLUMNS
    assert list(table.index) == ["b", "a"]


def test_values_go_to_their_columns():
    row = report(a=UNSURE, strengths={"a": 3.0}).loc["a"]
    assert (row["strength"], row["residual"], row["equivariance_error"]) == (3.0, 0.5, 0.25)
    assert row["support"] == pytest.approx(0.3085, abs=1e-4)  # Phi(-0.5)


@pytest.mark.parametrize(
    ("test", "verdict"),
    [
        (HOLDS, "holds"),
        (BREAKS, "broken"),
        (BREAKS_A_LITTLE, "approximate"),
        (UNSURE, "approximate"),
        (NOTHING, "cannot tell"),
        (OrbitTest(0.0, 0.0, math.nan), "cannot tell"),
    ],
)
def test_verdicts(test, verdict):
    assert report(a=test).loc["a", "verdict"] == verdict


def test_cannot_tell_has_a_support_of_one_half():
    table = report(a=NOTHING, b=BREAKS, untestable=["b"])
    assert table["verdict"].tolist() == ["cannot tell"] * 2
    assert table["support"].tolist() == [0.5, 0.5]


def test_supports_order_the_verdicts():
    table = report(a=HOLDS, b=UNSURE, c=BREAKS)
    assert table["support"].is_monotonic_decreasing
    assert table["support"].between(0, 1).all()


def test_strengths_of_0_and_infinity_stay():
    table = report(a=HOLDS, b=NOTHING, strengths={"a": 0.0, "b": math.inf})
    assert table["strength"].tolist() == [0.0, math.inf]


def test_numbers_are_floats_and_verdicts_strings():
    table = report(a=HOLDS, strengths={"a": 1})
    assert [kind.kind for kind in table.dtypes[:-1]] == ["f"] * 4
    assert isinstance(table["verdict"].iloc[0], str)


def test_empty_report_has_all_columns():
    table = report()
    assert table.shape == (0, 5)
    assert list(table.columns) == REPORT_COLUMNS
    assert [kind.kind for kind in table.dtypes[:-1]] == ["f"] * 4
