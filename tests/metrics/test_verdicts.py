"""Verdicts and the reasons given for them."""

from __future__ import annotations

import numpy as np
import pytest

from sksofteq.candidates import resolve_candidates
from sksofteq.metrics import (
    CRITICAL_Z,
    EQUIVARIANT,
    LEAVES_DATA,
    SMALL_BREAK,
    Findings,
    judge,
    root_mean_square,
)
from sksofteq.metrics._verdicts import NO_SKILL
from sksofteq.orbits import MIN_UNITS, OrbitTest


@pytest.mark.parametrize(
    ("z", "size", "verdict"),
    [
        (-CRITICAL_Z, 1.0, "holds"),
        (-CRITICAL_Z + 0.01, 1.0, "approximate"),
        (CRITICAL_Z - 0.01, 1.0, "approximate"),
        (CRITICAL_Z, SMALL_BREAK, "broken"),
        (CRITICAL_Z, 0.9 * SMALL_BREAK, "approximate"),
        (50.0, 0.9 * SMALL_BREAK, "approximate"),
    ],
)
def test_verdict(z, size, verdict):
    test = OrbitTest(z, 1.0, z, size)
    judged = judge(test)
    assert (judged.support, judged.verdict) == (test.support, verdict)


@pytest.mark.parametrize(
    ("z", "untestable"),
    [(-9.0, LEAVES_DATA), (9.0, LEAVES_DATA), (0.0, None), (np.nan, None), (np.inf, None)],
)
def test_what_cannot_be_told(z, untestable):
    judged = judge(OrbitTest(z, 1.0, z, 1.0), untestable)
    told = (judged.support, judged.support_low, judged.support_high, judged.verdict)
    assert told == (0.5, 0.0, 1.0, "cannot tell")


def test_what_predicts_no_better_than_a_constant_tells_nothing():
    for skill, told in ((CRITICAL_Z - 0.01, False), (CRITICAL_Z, True), (np.inf, True)):
        judged = judge(OrbitTest(-9.0, 1.0, -9.0, 1.0, skill=skill))
        assert (judged.verdict, judged.reason == NO_SKILL) == (
            ("holds", False) if told else ("cannot tell", True)
        )


def test_what_holds_takes_along_what_was_told_too_poorly():
    candidates = resolve_candidates(
        ("SO(3)", "SO(2)@x,y"), "vector", None, n_features=3, n_outputs=1
    )
    tests = {
        "SO(3)": OrbitTest(-9.0, 1.0, -9.0, 1.0, skill=9.0),
        "SO(2)@x,y": OrbitTest(-1.0, 1.0, -1.0, 1.0, skill=0.0),
    }
    judged = Findings(tests, candidates).judgements()["SO(2)@x,y"]
    assert (judged.verdict, judged.implied) == ("holds", True)


# ------------------------------------------------------------------ reasons


def test_of(delta, z, size, units=None):
    return OrbitTest(delta, abs(delta / z), z, size, units)


test_of.__test__ = False

REASONS = [
    (test_of(-0.2, -4.21, 0.3, 200), "averaging over it lowers the error (z = -4.2, 200 rows)"),
    (test_of(-0.2, -4.21, 0.3), "averaging over it lowers the error (z = -4.2)"),
    (
        test_of(0.6, 20.1, 0.68, 200),
        "averaging over it raises the error (z = 20.1); broken by about 2.4, 80 % of y's "
        "deviation",
    ),
    (
        test_of(0.0008, 1.0, 0.001, 200),
        "broken by about 0.09, 3 % of y's deviation; averaging costs nothing that 200 rows could "
        "show",
    ),
    (
        test_of(0.0008, 3.1, 0.001, 200),
        "broken by about 0.09, 3 % of y's deviation: small, but beyond chance (z = 3.1)",
    ),
    (
        test_of(-0.3, -1.0, 0.2, 30),
        "no break to be seen, but 30 rows are too few to be sure",
    ),
    (test_of(-0.3, -1.0, 0.2), "no break to be seen, but the rows are too few to be sure"),
    (OrbitTest(0.0, 0.0, 0.0, 0.0, 50), EQUIVARIANT),
    (
        OrbitTest(0.3, 0.0, 0.0, 0.3, 50),
        "averaging over it changes no error, or all errors alike",
    ),
    (test_of(0.6, 20.1, 0.68, 4), "only 4 rows to judge by"),
    (OrbitTest(0.3, 0.0, 0.0, 0.3, 1), "only 1 row to judge by"),
]


@pytest.mark.parametrize(("test", "reason"), REASONS, ids=lambda value: str(value)[:30])
def test_reason(test, reason):
    assert judge(test, deviation=3.0).reason == reason


@pytest.mark.parametrize("units", [MIN_UNITS - 1, MIN_UNITS])
def test_groups_of_rows_are_counted_as_such(units):
    judged = judge(test_of(-0.2, -4.0, 0.3, units), grouped=True)
    if units < MIN_UNITS:
        assert judged.verdict == "cannot tell"
        assert judged.reason == "only 9 groups of rows to judge by"
    else:
        assert judged.reason == (
            "averaging over it lowers the error (z = -4.0, 10 groups of rows)"
        )


@pytest.mark.parametrize(
    ("deviation", "shown"), [(1e-9, "8e-10"), (123.0, "98"), (1e9, "8e+08"), (4000.0, "3200")]
)
def test_breaks_are_told_in_units_of_the_target(deviation, shown):
    reason = judge(test_of(0.6, 20.0, 0.68), deviation=deviation).reason
    assert f"broken by about {shown}, 80 % of y's deviation" in reason


@pytest.mark.parametrize(
    ("group", "rep_in", "rep_out", "moves"),
    [
        ("Translation(3)", "2*vector", "vector", False),
        ("Translation(3)", "2*vector", "point", True),
        ("Translation(3)", "2*point", "scalar", True),
        ("Reflection(1)", "3*tensor(2)", "scalar", False),
        ("Reflection(1)", "3*tensor(2)", "vector", True),
        ("Permutation(3)", "vector", "scalar", True),
    ],
)
def test_candidate_that_moves_no_column_cannot_be_told(group, rep_in, rep_out, moves):
    sizes = {"scalar": 1, "vector": 3 if "3" in group else 1, "point": 3}
    n_in = {"2*vector": 6, "2*point": 6, "3*tensor(2)": 3, "vector": 3}[rep_in]
    candidates = resolve_candidates(
        {"g": group}, rep_in, rep_out, n_features=n_in, n_outputs=sizes[rep_out]
    )
    findings = Findings({"g": test_of(0.6, 20.0, 0.68)}, candidates)
    judged = findings.judgements()["g"]
    assert (judged.reason != "it moves no column") == moves
    assert (judged.verdict == "broken") == moves


def test_deviation_is_the_root_mean_square_over_outputs():
    assert root_mean_square(np.array([1.0, 7.0], dtype=np.float32)) == pytest.approx(5.0)
