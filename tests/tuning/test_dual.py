"""Resilient dual ascent."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksofteq.tuning import DualTuner


class Probe:
    """Penalties as they are set."""

    def __init__(self, **penalties):
        self.now = penalties

    def penalties(self):
        return dict(self.now)


def test_one_step_of_the_ascent():
    tuner = DualTuner(price=10.0, rate=0.1)
    assert tuner.begin(["a"], 5) == {"a": 0.0}
    assert tuner.on_epoch_end(1, Probe(a=4.0)) == pytest.approx({"a": 0.1})
    # half of the penalty is left: 0.1 + 0.1 * (0.5 - 0.1 / 10)
    assert tuner.on_epoch_end(2, Probe(a=2.0)) == pytest.approx({"a": 0.149})


def test_it_ends_at_the_price_times_what_is_left_of_the_penalty():
    tuner = DualTuner(price=5.0, rate=0.5)
    tuner.begin(["a", "b"], 500)
    tuner.on_epoch_end(1, Probe(a=1.0, b=1.0))
    for epoch in range(2, 500):
        strengths = tuner.on_epoch_end(epoch, Probe(a=0.2, b=1.0))
    assert strengths == pytest.approx({"a": 1.0, "b": 5.0})


def test_a_candidate_without_a_penalty_gets_no_strength():
    tuner = DualTuner()
    tuner.begin(["a"], 5)
    assert tuner.on_epoch_end(1, Probe(a=0.0)) == {"a": 0.0}


def test_a_warm_start_goes_on():
    tuner = DualTuner()
    tuner.begin(["a"], 5)
    assert tuner.resume({"a": 2.0}) == {"a": 2.0}
    assert tuner.on_epoch_end(1, Probe(a=1.0)) == pytest.approx({"a": 2.0 + 0.1 * 0.8})


@settings(deadline=None, derandomize=True)
@given(
    st.floats(0.1, 50),
    st.floats(0.01, 1),
    st.lists(st.floats(0, 100), min_size=1, max_size=20),
)
def test_strengths_are_never_negative_nor_beyond_the_largest_price(price, rate, penalties):
    tuner = DualTuner(price, rate * price)  # a larger rate would overshoot
    tuner.begin(["a"], 30)
    tuner.on_epoch_end(1, Probe(a=1.0))
    for epoch, value in enumerate(penalties, start=2):
        strength = tuner.on_epoch_end(epoch, Probe(a=value))["a"]
        assert 0 <= strength <= price * max(1.0, *penalties) * (1 + 1e-9)


def test_a_step_too_large_ends_at_nothing():
    tuner = DualTuner(price=1.0, rate=3.0)
    tuner.begin(["a"], 5)
    assert tuner.on_epoch_end(1, Probe(a=1.0)) == pytest.approx({"a": 3.0})
    assert tuner.on_epoch_end(2, Probe(a=0.0)) == {"a": 0.0}  # 3 - 3 * 3


@pytest.mark.parametrize("rho", [0.0, 0.3, 2.0])
def test_strength_is_fixed_where_it_is_the_price_of_what_is_left(rho):
    tuner = DualTuner(price=4.0, rate=0.3)
    tuner.begin(["a"], 5)
    tuner.on_epoch_end(1, Probe(a=8.0))
    tuner.resume({"a": 4.0 * rho})
    assert tuner.on_epoch_end(2, Probe(a=8.0 * rho)) == pytest.approx({"a": 4.0 * rho})


def test_units_of_the_penalty_do_not_matter():
    strengths = []
    for unit in (1e-3, 1e3):
        tuner = DualTuner()
        tuner.begin(["a"], 5)
        for value in (5.0, 3.0, 2.0):
            now = tuner.on_epoch_end(1, Probe(a=unit * value))
        strengths.append(now["a"])
    assert strengths[0] == pytest.approx(strengths[1])


def test_what_begins_is_forgotten_by_the_next_fit():
    tuner = DualTuner()
    for penalty in (9.0, 3.0):
        assert tuner.begin(["a"], 5) == {"a": 0.0}
        assert tuner.on_epoch_end(1, Probe(a=penalty)) == pytest.approx({"a": 0.1})
    assert tuner.on_epoch_end(2, Probe(a=3.0)) == pytest.approx({"a": 0.1 + 0.1 * 0.99})


def test_it_supports_nothing():
    """A large strength means that the data push back."""
    tuner = DualTuner()
    tuner.begin(["a"], 5)
    tuner.on_epoch_end(1, Probe(a=1.0))
    assert tuner.supported() == []
    assert not tuner.needs_validation


@pytest.mark.parametrize("name", ["price", "rate"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan, True, "1"])
def test_wrong_parameters(name, value):
    with pytest.raises(ValueError, match=f"DualTuner.{name} must be a positive number"):
        DualTuner(**{name: value}).begin(["a"], 5)
