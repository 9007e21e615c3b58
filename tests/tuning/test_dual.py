"""Resilient dual ascent."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize("name", ["price", "rate"])
def test_wrong_parameters(name):
    with pytest.raises(ValueError, match=f"DualTuner.{name} must be a positive number"):
        DualTuner(**{name: 0.0}).begin(["a"], 5)
