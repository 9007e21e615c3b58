"""The table of what was found out."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksofteq.candidates import resolve_candidates
from sksofteq.metrics import NO_ROWS, REPORT_COLUMNS, Findings, build_report
from sksofteq.orbits import OrbitTest

HOLDS = OrbitTest(-0.1, 0.02, -5.0, 0.2)
BREAKS = OrbitTest(0.1, 0.02, 5.0, 0.2)
BREAKS_A_LITTLE = OrbitTest(0.001, 0.0002, 5.0, 0.01)
UNSURE = OrbitTest(0.01, 0.02, 0.5, 0.2)
NOTHING = OrbitTest(0.0, 0.0, 0.0, 0.0)

#: No two are nested.
APART = {"a": "O(2)@x,y", "b": "O(2)@y,z", "c": "O(2)@x,z"}
KINDS = ["f"] * 4 + ["O"] + ["f"] * 2 + ["b", "O"]


def report(untestable=None, strengths=None, groups=APART, **tests) -> pd.DataFrame:
    strengths = strengths or dict.fromkeys(tests, 1.0)
    groups = {label: groups[label] for label in tests}
    candidates = resolve_candidates(groups, "vector", None, n_features=3, n_outputs=1)
    return build_report(
        strengths,
        dict.fromkeys(tests, np.float32(0.5)),
        dict.fromkeys(tests, 0.25),
        Findings(tests, candidates, untestable=untestable or {}),
    )


def nested(**tests) -> pd.DataFrame:
    """A report on `all` turns, the `flat` ones and those about another axis, `tilted`."""
    groups = {"all": "O(3)", "flat": "SO(2)@x,y", "tilted": "O(2)@y,z", "scale": "Scaling(3)"}
    return report(groups=groups, **tests)


# ------------------------------------------------------------------ the table


def test_columns_and_index():
    table = report(b=HOLDS, a=BREAKS)
    assert list(table.columns) == REPORT_COLUMNS
    assert list(table.index) == ["b", "a"]


def test_values_go_to_their_columns():
    row = report(a=UNSURE, strengths={"a": 3.0}).loc["a"]
    assert (row["strength"], row["residual"], row["equivariance_error"]) == (3.0, 0.5, 0.25)
    assert row["support"] == pytest.approx(0.3085, abs=1e-4)  # Phi(-0.5)
    assert row["support_low"] == pytest.approx(0.0160, abs=1e-4)  # Phi(-0.5 - 1.645)
    assert row["support_high"] == pytest.approx(0.8739, abs=1e-4)


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


def test_cannot_tell_has_a_support_of_one_half_and_any_interval():
    table = report(a=NOTHING, b=BREAKS, untestable={"b": NO_ROWS})
    assert table["verdict"].tolist() == ["cannot tell"] * 2
    assert table["support"].tolist() == [0.5, 0.5]
    assert table["support_low"].tolist() == [0.0, 0.0]
    assert table["support_high"].tolist() == [1.0, 1.0]
    assert table.loc["b", "reason"] == NO_ROWS


def test_supports_order_the_verdicts():
    table = report(a=HOLDS, b=UNSURE, c=BREAKS)
    assert table["support"].is_monotonic_decreasing
    assert table["support"].between(0, 1).all()


def test_strengths_of_0_and_infinity_stay():
    table = report(a=HOLDS, b=NOTHING, strengths={"a": 0.0, "b": math.inf})
    assert table["strength"].tolist() == [0.0, math.inf]


def test_types_of_the_columns():
    table = report(a=HOLDS, strengths={"a": 1})
    assert [kind.kind for kind in table.dtypes] == KINDS
    assert isinstance(table["verdict"].iloc[0], str)
    assert isinstance(table["reason"].iloc[0], str)


def test_empty_report_has_all_columns():
    table = report()
    assert table.shape == (0, len(REPORT_COLUMNS))
    assert list(table.columns) == REPORT_COLUMNS
    assert [kind.kind for kind in table.dtypes] == KINDS


# ------------------------------------------------------------------ what one candidate implies


def test_candidate_within_one_that_holds_is_implied():
    table = nested(all=HOLDS, flat=UNSURE, tilted=BREAKS)
    assert table["verdict"].tolist() == ["holds"] * 3
    assert table["implied"].tolist() == [False, True, True]
    assert table["reason"].tolist()[1:] == ["all holds and contains it"] * 2
    for column in ("support", "support_low", "support_high"):
        assert table[column].nunique() == 1


def test_implied_candidate_keeps_a_higher_support():
    surer = OrbitTest(-0.2, 0.02, -10.0, 0.2)
    table = nested(all=HOLDS, flat=surer)
    assert table.loc["flat", "support"] == surer.support > HOLDS.support
    assert table.loc["flat", "implied"]


@pytest.mark.parametrize("test", [UNSURE, BREAKS, BREAKS_A_LITTLE, NOTHING])
def test_only_a_candidate_that_holds_implies(test):
    table = nested(all=test, flat=UNSURE)
    assert not table["implied"].any()
    assert table.loc["flat", "verdict"] == "approximate"


def test_subgroup_implies_nothing_about_its_group():
    table = nested(flat=HOLDS, all=BREAKS)
    assert table["verdict"].tolist() == ["holds", "broken"]
    assert not table["implied"].any()


def test_groups_that_are_not_nested_imply_nothing():
    table = nested(all=HOLDS, scale=BREAKS)
    assert table["verdict"].tolist() == ["holds", "broken"]


def test_candidate_that_cannot_be_tested_is_never_said_to_hold():
    table = nested(all=HOLDS, flat=NOTHING)
    assert table.loc["flat", ["verdict", "support", "implied"]].tolist() == [
        "cannot tell",
        0.5,
        False,
    ]


def test_best_of_several_groups_is_named():
    groups = {"a": "O(3)", "b": "SO(3)", "c": "SO(2)@x,y"}
    better = OrbitTest(-0.2, 0.02, -8.0, 0.2)
    table = report(groups=groups, a=HOLDS, b=better, c=UNSURE)
    assert table.loc["c", "reason"] == "b holds and contains it"
    assert table["implied"].tolist() == [False, True, True]


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.tuples(*[st.floats(-20, 20)] * 3), st.sampled_from([None, 5, 12, 300]))
def test_implied_candidates_lose_no_support_and_intervals_hold_it(z, units):
    labels = ("all", "flat", "tilted")
    tests = {k: OrbitTest(v, 1.0, v, 1.0, units) for k, v in zip(labels, z, strict=True)}
    table = nested(**tests)
    assert (table["support_low"] <= table["support"]).all()
    assert (table["support"] <= table["support_high"]).all()
    for label, test in tests.items():
        if table.loc[label, "verdict"] != "cannot tell":
            assert table.loc[label, "support"] >= test.support
        if table.loc[label, "implied"]:
            assert table.loc[label, "verdict"] == "holds"
            assert table.loc["all", "verdict"] == "holds"
