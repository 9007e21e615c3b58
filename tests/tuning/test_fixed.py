"""Fixed strengths, and how a rule is chosen."""

import math

import pytest
from sklearn.base import clone

from sksofteq.tuning import FixedStrengths, OrbitTuner, PaperTuner, Tuner, make_tuner


class NoProbe:
    """Fails when it is asked anything."""

    def __getattr__(self, name):
        raise AssertionError(f"the rule asked for {name}")


def test_one_number_for_all():
    assert FixedStrengths(2).begin(["a", "b"], 10) == {"a": 2.0, "b": 2.0}


def test_default_is_one():
    assert FixedStrengths().begin(["a"], 10) == {"a": 1.0}


def test_mapping_is_put_in_the_order_of_the_labels():
    given = {"b": 3, "a": math.inf}
    start = FixedStrengths(given).begin(["a", "b"], 10)
    assert list(start.items()) == [("a", math.inf), ("b", 3.0)]


def test_what_begins_is_a_copy():
    rule = FixedStrengths(1.0)
    rule.begin(["a"], 10)["a"] = 0.0
    assert rule.supported() == ["a"]


def test_nothing_changes_and_nothing_is_asked():
    rule = FixedStrengths(1.0)
    rule.begin(["a"], 3)
    assert [rule.on_epoch_end(epoch, NoProbe()) for epoch in (1, 2, 3)] == [None] * 3


def test_settled_from_the_start_without_a_validation_part():
    rule = FixedStrengths(1.0)
    rule.begin(["a"], 10)
    assert rule.settled_after == 0
    assert not rule.needs_validation


def test_a_warm_start_takes_the_chosen_strengths():
    rule = FixedStrengths(2.0)
    rule.begin(["a"], 10)
    assert rule.resume({"a": 0.5}) == {"a": 2.0}


def test_supported_are_those_with_a_strength():
    rule = FixedStrengths({"a": 0.0, "b": 1e-9, "c": math.inf})
    rule.begin(["a", "b", "c"], 10)
    assert rule.supported() == ["b", "c"]


@pytest.mark.parametrize(("name", "kind"), [("orbit", OrbitTuner), ("paper", PaperTuner)])
def test_names_make_fresh_rules(name, kind):
    first = make_tuner(name)
    assert type(first) is kind
    assert first.get_params() == kind().get_params()
    assert make_tuner(name) is not first


def test_objects_are_cloned():
    given = PaperTuner(exponent=4.0)
    given.begin(["a"], 10)
    made = make_tuner(given)
    assert made is not given
    assert made.exponent == 4.0
    assert not hasattr(made, "window_")


def test_unknown_name():
    with pytest.raises(ValueError, match=r"one of \['dual', .*\] or a Tuner, got 'grid'"):
        make_tuner("grid")


@pytest.mark.parametrize("wrong", [3, None, OrbitTuner])
def test_other_objects(wrong):
    with pytest.raises(TypeError, match="tuner must be one of"):
        make_tuner(wrong)


def test_a_rule_must_say_how_it_begins_and_goes_on():
    with pytest.raises(TypeError, match="abstract"):
        Tuner()


def test_a_rule_of_ones_own_supports_nothing_and_is_settled_by_default():
    class Own(Tuner):
        def begin(self, labels, n_epochs):
            return dict.fromkeys(labels, 1.0)

        def on_epoch_end(self, epoch, probe):
            return None

    assert Own().supported() == []
    assert Own().resume({"a": 0.5}) == {"a": 0.5}
    assert Own().settled_after == 0
    assert isinstance(clone(Own()), Own)
