"""The loop around the orbit-average test against numbers worked out by hand."""

import itertools
import math
import warnings

import pytest

from sksofteq.orbits import OrbitTest
from sksofteq.tuning import OrbitTuner


class Tests:
    """A probe whose tests have the same z at every update."""

    __test__ = False

    def __init__(self, z, untestable=()):
        self.z, self.out_of_reach, self.asked = z, set(untestable), []

    def orbit_tests(self, n_elements):
        self.asked.append(n_elements)
        return {label: OrbitTest(0.1 * z, 0.1, z) for label, z in self.z.items()}

    def untestable(self):
        return self.out_of_reach


def begun(labels="ab", n_epochs=100, **parameters):
    tuner = OrbitTuner(**parameters)
    return tuner, tuner.begin(list(labels), n_epochs)


def update_epochs(tuner, n_epochs, labels="ab"):
    probe = Tests(dict.fromkeys(labels, 0.0))
    return [e for e in range(1, n_epochs + 1) if tuner.on_epoch_end(e, probe) is not None]


def test_all_begin_at_initial():
    assert begun(initial=0.25)[1] == {"a": 0.25, "b": 0.25}


@pytest.mark.parametrize(
    ("z", "log_step"),
    [
        (0.0, 0.35),  # 0.7 * (1 - 0) / 2
        (1.0, 0.0),
        (2.0, -0.35),
        (0.5, 0.175),
        (-1.0, 0.7),
        (-5.0, 0.7),  # cut at 1
        (3.0, -0.7),
        (40.0, -0.7),  # cut at -1
    ],
)
def test_one_update_by_hand(z, log_step):
    tuner, _ = begun("a", n_epochs=10, n_updates=1, span=0.1, initial=0.5, rate=0.7)
    assert tuner.on_epoch_end(1, Tests({"a": z})) == pytest.approx({"a": 0.5 * math.exp(log_step)})


@pytest.fixture(autouse=True)
def few_updates_are_fine():
    """Only the tests of the warning itself look at it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*leaves room for.*")
        yield


def test_updates_add_up_by_candidate():
    tuner, _ = begun(n_epochs=4, n_updates=2, span=1.0, initial=0.1, rate=0.2)
    probe = Tests({"a": -9.0, "b": 9.0})
    steps = [tuner.on_epoch_end(epoch, probe) for epoch in (1, 2, 3, 4)]
    assert [step is None for step in steps] == [True, False, True, False]
    assert steps[1] == pytest.approx({"a": 0.1 * math.exp(0.2), "b": 0.1 * math.exp(-0.2)})
    assert steps[3] == pytest.approx({"a": 0.1 * math.exp(0.4), "b": 0.1 * math.exp(-0.4)})


def test_bounds():
    tuner, _ = begun(n_epochs=1, n_updates=1, span=1.0, initial=1.0, low=0.8, high=1.5)
    step = tuner.on_epoch_end(1, Tests({"a": -9.0, "b": 9.0}))  # e^0.7 = 2.01, e^-0.7 = 0.497
    assert step == {"a": 1.5, "b": 0.8}


def test_updates_are_spread_over_the_span():
    tuner, _ = begun(n_epochs=100)
    epochs = update_epochs(tuner, 100)
    assert len(epochs) == 24
    assert (epochs[0], epochs[-1]) == (3, 80)  # 80 / 24 = 3.33
    assert {b - a for a, b in itertools.pairwise(epochs)} == {3, 4}


def test_number_of_updates_and_span():
    tuner, _ = begun(n_epochs=100, n_updates=10, span=0.5)
    assert update_epochs(tuner, 100) == [5, 10, 15, 20, 25, 30, 35, 40, 45, 50]


def test_never_more_than_one_update_an_epoch():
    tuner, _ = begun(n_epochs=10)
    assert update_epochs(tuner, 10) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_one_epoch_has_one_update():
    tuner, _ = begun(n_epochs=1)
    assert update_epochs(tuner, 1) == [1]


def test_settled_after_the_last_update():
    assert begun(n_epochs=100)[0].settled_after == 80
    assert begun(n_epochs=37)[0].settled_after == 30


@pytest.mark.parametrize(("n_epochs", "n_updates"), [(1, 1), (5, 4), (11, 9)])
def test_few_updates_warn(n_epochs, n_updates):
    message = f"max_iter={n_epochs} leaves room for {n_updates} updates .* at least 10"
    with pytest.warns(UserWarning, match=message):
        begun(n_epochs=n_epochs)


@pytest.mark.parametrize("n_epochs", [12, 200])
def test_enough_updates_do_not_warn(n_epochs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        begun(n_epochs=n_epochs)


def test_untestable_candidates_stay_where_they_are():
    tuner, _ = begun(n_epochs=1, n_updates=1, span=1.0, initial=0.5)
    step = tuner.on_epoch_end(1, Tests({"a": 9.0, "b": 9.0}, untestable={"a"}))
    assert step == pytest.approx({"a": 0.5, "b": 0.5 * math.exp(-0.7)})


def test_probe_is_asked_only_at_updates_and_for_the_chosen_number_of_elements():
    tuner, _ = begun(n_epochs=4, n_updates=2, span=1.0, n_elements=5)
    probe = Tests({"a": 0.0, "b": 0.0})
    for epoch in (1, 2, 3, 4):
        tuner.on_epoch_end(epoch, probe)
    assert probe.asked == [5, 5]


def test_what_it_returns_is_a_copy():
    tuner, start = begun(n_epochs=2, n_updates=2, span=1.0, initial=0.1, rate=0.2)
    start["a"] = 99.0
    probe = Tests({"a": 1.0, "b": 1.0})
    tuner.on_epoch_end(1, probe)["a"] = 99.0
    assert tuner.on_epoch_end(2, probe) == {"a": 0.1, "b": 0.1}


def test_supported_are_those_that_have_not_fallen():
    tuner, _ = begun("abc", n_epochs=1, n_updates=1, span=1.0, initial=0.5)
    assert tuner.supported() == []
    tuner.on_epoch_end(1, Tests({"a": -3.0, "b": 1.0, "c": 3.0}))
    assert tuner.supported() == ["a", "b"]


def test_a_new_fit_forgets():
    tuner, _ = begun(n_epochs=1)
    tuner.on_epoch_end(1, Tests({"a": 9.0, "b": 9.0}))
    assert tuner.begin(["a", "b"], 100) == {"a": 3.0, "b": 3.0}
    assert tuner.supported() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_updates", 0),
        ("n_updates", 2.5),
        ("n_elements", 0),
        ("span", 2.0),
        ("span", 0.0),
        ("rate", 0.0),
        ("low", -1.0),
        ("high", math.inf),
        ("initial", 5.0),
        ("initial", math.nan),
        ("initial", "3"),
    ],
)
def test_wrong_parameters_are_named(name, value):
    with pytest.raises(ValueError, match=rf"OrbitTuner\.{name} must be .*got {value!r}\."):
        begun(**{name: value})


def test_a_warm_start_goes_on_from_the_last_strengths_within_the_bounds():
    tuner, _ = begun("abc", n_epochs=1, n_updates=1, span=1.0, initial=1.0, low=0.5, high=2.0)
    assert tuner.resume({"a": 0.8, "b": 0.0, "c": math.inf}) == {"a": 0.8, "b": 0.5, "c": 2.0}
    step = tuner.on_epoch_end(1, Tests(dict.fromkeys("abc", 1.0)))
    assert step == {"a": 0.8, "b": 0.5, "c": 2.0}


def test_it_needs_a_validation_part():
    assert OrbitTuner().needs_validation
