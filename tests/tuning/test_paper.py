"""The rule of the paper against numbers worked out by hand."""

import pytest

from sksofteq.tuning import PaperTuner


class Penalties:
    """A probe that shows one vector of penalties after the other."""

    def __init__(self, *vectors):
        self.vectors = iter(vectors)

    def penalties(self):
        return dict(zip("abc", next(self.vectors), strict=False))


def run(tuner, n_epochs, *vectors, labels="ab"):
    """Strengths after each epoch (None where nothing changes) and how it began."""
    start = tuner.begin(list(labels), n_epochs)
    probe = Penalties(*vectors)
    return start, [tuner.on_epoch_end(epoch + 1, probe) for epoch in range(n_epochs)]


def test_all_begin_at_strength_0():
    start, _ = run(PaperTuner(strength_0=2.0, adjust_at=1.0), 1, (1.0, 1.0))
    assert start == {"a": 2.0, "b": 2.0}


def test_one_adjustment_by_hand():
    # R = (1, 2): 2 / (1/1)^2 = 2 and 2 / (2/1)^2 = 0.5
    _, steps = run(PaperTuner(strength_0=2.0, adjust_at=0.5), 4, (9.0, 9.0), (1.0, 2.0))
    assert steps == [None, {"a": 2.0, "b": pytest.approx(0.5)}, None, None]


def test_exponent():
    # R = (3, 6, 12): ratios 1, 2, 4, cubed 1, 8, 64
    tuner = PaperTuner(strength_0=64.0, exponent=3.0, adjust_at=1.0)
    _, (adjusted,) = run(tuner, 1, (3.0, 6.0, 12.0), labels="abc")
    assert adjusted == pytest.approx({"a": 64.0, "b": 8.0, "c": 1.0})


def test_exponent_0_changes_nothing():
    _, (adjusted,) = run(PaperTuner(exponent=0.0, adjust_at=1.0), 1, (1.0, 5.0))
    assert adjusted == {"a": 1.0, "b": 1.0}


def test_the_vector_with_the_lowest_entry_counts():
    # the lowest of all entries is the 1 of the second epoch: b / a = 4 there, at the end 1
    _, steps = run(PaperTuner(adjust_at=1.0), 3, (3.0, 2.0), (1.0, 4.0), (2.0, 2.0))
    assert steps[2] == {"a": 1.0, "b": pytest.approx(1 / 16)}


def test_only_the_last_50_epochs_before_the_adjustment_count():
    # a ratio of 10 in epoch 10 would count, but the window is epochs 11 to 60
    early = [(9.0, 9.0)] * 9 + [(0.1, 1.0)]
    late = [(1.0, 2.0)] * 50
    tuner = PaperTuner(adjust_at=1.0)
    _, steps = run(tuner, 60, *late)  # epochs up to 10 ask for nothing
    assert steps[59] == {"a": 1.0, "b": pytest.approx(0.25)}
    assert steps[:59] == [None] * 59
    tuner = PaperTuner(adjust_at=1.0)
    _, steps = run(tuner, 50, *early, *late[:40])
    assert steps[49] == {"a": 1.0, "b": pytest.approx(0.01)}


@pytest.mark.parametrize(
    ("share", "n_epochs", "epoch"), [(0.25, 200, 50), (0.5, 7, 4), (0.01, 10, 1), (1.0, 3, 3)]
)
def test_epoch_of_the_adjustment(share, n_epochs, epoch):
    tuner = PaperTuner(adjust_at=share)
    _, steps = run(tuner, n_epochs, *[(1.0, 2.0)] * n_epochs)
    assert [number + 1 for number, step in enumerate(steps) if step] == [epoch]


@pytest.mark.parametrize(
    ("share", "n_epochs", "settled"),
    [(0.25, 200, 100), (0.01, 10, 2), (0.5, 200, 150), (0.8, 100, 90), (1.0, 3, 3)],
)
def test_it_has_settled_at_twice_the_adjustment_or_half_way_to_the_end(share, n_epochs, settled):
    tuner = PaperTuner(adjust_at=share)
    tuner.begin(["a"], n_epochs)
    assert tuner.settled_after == settled


@pytest.mark.parametrize(
    ("name", "value"),
    [("adjust_at", 0), ("adjust_at", 1.5), ("strength_0", -1.0), ("exponent", float("nan"))],
)
def test_wrong_parameters_are_named(name, value):
    with pytest.raises(ValueError, match=rf"PaperTuner\.{name} must be .*got {value}"):
        PaperTuner(**{name: value}).begin(["a"], 10)


def test_nothing_but_the_largest_candidate():
    start, (adjusted,) = run(PaperTuner(adjust_at=1.0, largest="a"), 1, (1.0,), labels="a")
    assert start == adjusted == {"a": 0.0}


def test_a_warm_start_goes_on_from_the_last_strengths():
    tuner = PaperTuner(largest="b")
    tuner.begin(["a", "b"], 10)
    assert tuner.resume({"a": 0.25, "b": 0.5}) == {"a": 0.25, "b": 0.0}


def test_a_penalty_of_0_has_a_floor():
    # floor = 1e-12 of the largest: ratios 1 and 1e12
    _, (adjusted,) = run(PaperTuner(exponent=1.0, adjust_at=1.0), 1, (0.0, 5.0))
    assert adjusted == {"a": 1.0, "b": pytest.approx(1e-12)}


def test_penalties_of_0_alone_change_nothing():
    _, (adjusted,) = run(PaperTuner(adjust_at=1.0), 1, (0.0, 0.0))
    assert adjusted == {"a": 1.0, "b": 1.0}


def test_the_largest_candidate_has_strength_0_and_does_not_count():
    tuner = PaperTuner(strength_0=4.0, adjust_at=1.0, largest="a")
    start, (adjusted,) = run(tuner, 1, (1e-9, 3.0, 6.0), labels="abc")
    assert start == {"a": 0.0, "b": 4.0, "c": 4.0}
    assert adjusted == {"a": 0.0, "b": 4.0, "c": pytest.approx(1.0)}
    assert list(adjusted) == ["a", "b", "c"]


def test_unknown_largest_candidate():
    with pytest.raises(ValueError, match=r"largest='z' is not a candidate; .*\('a', 'b'\)"):
        PaperTuner(largest="z").begin(["a", "b"], 10)


def test_supported_after_the_adjustment():
    tuner = PaperTuner(strength_0=2.0, exponent=1.0, adjust_at=0.5)
    tuner.begin(list("abc"), 4)
    probe = Penalties((9.0, 9.0, 9.0), (1.0, 2.0, 2.1))
    tuner.on_epoch_end(1, probe)
    assert tuner.supported() == []
    tuner.on_epoch_end(2, probe)
    assert tuner.supported() == ["a", "b"]  # strengths 2, 1 and 0.95


def test_a_new_fit_forgets():
    tuner = PaperTuner(adjust_at=1.0)
    run(tuner, 1, (1.0, 100.0))
    _, (adjusted,) = run(tuner, 1, (5.0, 5.0))
    assert adjusted == {"a": 1.0, "b": 1.0}


def test_it_needs_no_validation_part():
    assert not PaperTuner().needs_validation
