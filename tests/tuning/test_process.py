"""Strengths by tests before the fit."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from scipy.stats import t as student
from sklearn.base import clone

from sksofteq.discovery import Evidence
from sksofteq.orbits import CRITICAL_Z, OrbitTest
from sksofteq.tuning import ProcessTuner, RelaxedStrengths

quick = settings(deadline=None, derandomize=True)
#: Two strengths in order.
BOUNDS = st.lists(st.floats(1e-6, 1e3), min_size=2, max_size=2).map(sorted)


def evidence(untestable=(), units=None, **z) -> Evidence:
    """What tests with these z say."""
    return Evidence(
        {label: OrbitTest(value, 1.0, value, units=units) for label, value in z.items()},
        {label: label not in untestable for label in z},
        dict.fromkeys(z, 1.0),
    )


class Rows:
    """A survey that has the evidence already."""

    def __init__(self, found):
        self.found, self.asked = found, []

    def evidence(self, n_elements):
        self.asked.append(n_elements)
        return self.found


def surveyed(tuner=None, untestable=(), units=None, **z):
    tuner = tuner or ProcessTuner()
    tuner.begin(list(z), 10)
    return tuner, tuner.survey(Rows(evidence(untestable, units, **z)))


@pytest.mark.parametrize(
    ("z", "expected"),
    [
        (0.0, math.sqrt(1e-3 * 3.0)),
        (-CRITICAL_Z, 3.0),
        (CRITICAL_Z, 1e-3),
        (50.0, 1e-3),
        (-2 * CRITICAL_Z, 6.0),
        (-100.0, 30.0),
        (-math.inf, 30.0),
        (math.inf, 1e-3),
    ],
)
def test_strength_of_a_candidate(z, expected):
    _, strengths = surveyed(a=z)
    assert strengths["a"] == pytest.approx(expected)


@quick
@given(st.lists(st.floats(-30, 30), min_size=2, max_size=2).map(sorted))
def test_more_evidence_never_weakens(pair):
    _, strengths = surveyed(a=pair[0], b=pair[1])
    assert strengths["a"] >= strengths["b"]


@quick
@given(BOUNDS, st.floats(-1e6, 1e6), st.sampled_from([None, 2, 30]))
def test_strengths_stay_within_bounds(bounds, z, units):
    low, high = bounds
    _, strengths = surveyed(ProcessTuner(low, high), units=units, a=z)
    assert low * (1 - 1e-9) <= strengths["a"] <= 10 * high * (1 + 1e-9)


@quick
@given(BOUNDS, st.floats(0, CRITICAL_Z))
def test_evidence_for_and_against_weighs_the_same(bounds, z):
    low, high = bounds
    _, strengths = surveyed(ProcessTuner(low, high), a=z, b=-z)
    assert strengths["a"] * strengths["b"] == pytest.approx(low * high)


def test_few_rows_count_for_as_much_as_students_distribution_says():
    z = norm.isf(student.sf(1.5, 10))
    assert z < 1.45
    assert surveyed(units=11, a=-1.5)[1]["a"] == pytest.approx(surveyed(a=-z)[1]["a"])


@pytest.mark.parametrize(
    ("units", "z", "expected"),
    [(9, -1.0, 3.0), (9, 1.4, 3.0), (9, 2.8, 3.0), (9, 3.0, 1e-3), (2, 30.0, 3.0), (1, 0.0, 3.0)],
)
def test_few_groups_test_nothing_but_what_is_clearly_broken(units, z, expected):
    assert surveyed(units=units, a=z)[1]["a"] == pytest.approx(expected)


def test_equal_bounds_leave_no_choice_but_to_strengthen():
    _, strengths = surveyed(ProcessTuner(1.0, 1.0), a=5.0, b=0.0, c=-3 * CRITICAL_Z)
    assert strengths == pytest.approx({"a": 1.0, "b": 1.0, "c": 3.0})


def test_bounds_are_parameters():
    _, strengths = surveyed(ProcessTuner(low=0.1, high=0.4), a=0.0, b=9.0, c=-CRITICAL_Z)
    assert strengths == pytest.approx({"a": 0.2, "b": 0.1, "c": 0.4})


def test_untestable_candidates_get_the_strength_of_one_that_holds():
    tuner, strengths = surveyed(untestable=("a",), a=9.0, b=-9.0)
    assert strengths["a"] == 3.0
    assert tuner.supported() == ["b"]


def test_without_rows_enough_for_tests_all_get_the_strength_of_one_that_holds():
    tuner = ProcessTuner(high=2.0)
    tuner.begin(["a", "b"], 10)
    found = replace(evidence(a=0.0, b=0.0), tested=False)
    assert tuner.survey(Rows(found)) == {"a": 2.0, "b": 2.0}
    assert tuner.supported() == []


def test_it_supports_what_holds_beyond_chance():
    tuner, _ = surveyed(a=-1.6, b=-1.7, c=3.0)
    assert tuner.supported() == ["b"]
    assert tuner.evidence.leaning() == ["a", "b"]


def test_few_rows_support_less():
    assert surveyed(units=5, a=-1.7)[0].supported() == []
    assert surveyed(units=500, a=-1.7)[0].supported() == ["a"]


def test_it_forgets_what_it_knew():
    tuner, _ = surveyed(a=-9.0)
    fresh = clone(tuner)
    assert fresh.begin(["a", "b"], 10) == {"a": 3.0, "b": 3.0}
    assert tuner.begin(["b"], 10) == {"b": 3.0}
    assert tuner.supported() == fresh.supported() == []


def test_what_it_returns_is_a_copy():
    tuner, strengths = surveyed(a=0.0)
    expected = dict(strengths)
    strengths["a"] = 77.0
    assert tuner.resume({}) == expected


def test_nothing_changes_during_the_training():
    tuner, _ = surveyed(a=0.0)
    assert tuner.on_epoch_end(1, None) is None


def test_nothing_is_known_before_the_survey():
    tuner = ProcessTuner()
    assert tuner.begin(["a"], 10) == {"a": 3.0}
    assert tuner.supported() == []
    assert tuner.evidence is None


def test_it_asks_for_as_many_elements_as_it_was_told():
    rows, tuner = Rows(evidence(a=0.0)), ProcessTuner(n_elements=5)
    tuner.begin(["a"], 10)
    tuner.survey(rows)
    assert rows.asked == [5]


def test_a_warm_start_goes_by_the_rows_at_hand():
    tuner, strengths = surveyed(a=-CRITICAL_Z)
    assert tuner.resume({"a": 0.5}) == strengths


def test_where_nothing_holds_all_may_keep_some_strength():
    tuner, strengths = surveyed(ProcessTuner(high=2.0), a=9.0, b=0.0)
    assert tuner.firmer(strengths) == {"a": 2.0, "b": 2.0}


def test_where_something_holds_what_is_broken_is_let_go():
    tuner, strengths = surveyed(a=9.0, b=-9.0)
    assert tuner.firmer(strengths) == strengths


def test_what_is_dropped_stays_so():
    tuner, _ = surveyed(a=9.0, b=9.0)
    assert tuner.firmer({"a": 0.0, "b": 0.1}) == {"a": 0.0, "b": 3.0}


def test_training_begins_strong():
    tuner, strengths = surveyed(ProcessTuner(start=2.0, span=0.5), a=9.0)
    rule = tuner.settle(strengths)
    assert isinstance(rule, RelaxedStrengths)
    assert (rule.start, rule.span) == (2.0, 0.5)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"low": 0.0}, "low"),
        ({"high": math.inf}, "high"),
        ({"low": 2.0, "high": 1.0}, "high"),
        ({"start": math.inf}, "start"),
        ({"span": 0.0}, "span"),
        ({"span": 1.1}, "span"),
        ({"n_elements": 0}, "n_elements"),
        ({"n_elements": 2.0}, "n_elements"),
        ({"low": True}, "low"),
        ({"low": np.nan}, "low"),
        ({"high": "3"}, "high"),
    ],
)
def test_wrong_parameters(wrong, name):
    with pytest.raises(ValueError, match=f"ProcessTuner.{name} must be"):
        ProcessTuner(**wrong).begin(["a"], 10)
