"""Which plan wins, with losses that are made up."""

from __future__ import annotations

import numpy as np
import pytest

from sksofteq.discovery import Evidence
from sksofteq.estimators._plans import Planner, moving
from sksofteq.groups import parse_group
from sksofteq.orbits import OrbitTest

STRENGTHS = {"a": 9.0, "b": 0.5, "c": 1e-3}


def planner(losses, untestable=(), kept=(), **z) -> Planner:
    """A planner that has evidence with these z."""
    z = z or {"a": -5.0, "b": -1.0, "c": 4.0}
    evidence = Evidence(
        {label: OrbitTest(value, 1.0, value) for label, value in z.items()},
        {label: label not in untestable for label in z},
        dict.fromkeys(z, 1.0),
    )
    return Planner(evidence, STRENGTHS, list(kept), losses)


class Losses:
    """The error of each plan, with a spread over rows; what is asked for is remembered."""

    def __init__(self, errors):
        self.errors, self.asked = errors, []

    def __call__(self, plan):
        self.asked.append((plan.network, plan.moved))
        error = self.errors.get((plan.network, plan.moved), 1.0)
        return error * np.random.RandomState(0).uniform(0.8, 1.2, 40)


def chosen(errors, sets=True, **options):
    losses = Losses(errors)
    plan, table = planner(losses, **options).choose(sets)
    return plan, table, losses


def test_a_perceptron_that_knows_nothing_is_what_others_must_beat():
    plan, table, _ = chosen({})
    assert (plan.network, plan.moved) == ("plain", ())
    assert table.chosen.tolist() == [True, False, False, False]


def test_what_holds_moves_rows_if_that_lowers_the_error():
    plan, _, _ = chosen({("plain", ("a",)): 0.9})
    assert (plan.network, plan.moved) == ("plain", ("a",))
    assert plan.strengths == STRENGTHS


def test_what_only_looks_as_if_it_held_moves_rows_if_it_pays():
    plan, _, _ = chosen({("plain", ("a",)): 0.9, ("plain", ("a", "b")): 0.5})
    assert plan.moved == ("a", "b")


@pytest.mark.parametrize(("error", "network"), [(0.8, "plain"), (0.6, "typed")])
def test_typed_layers_must_be_clearly_better(error, network):
    assert chosen({("typed", ()): error})[0].network == network


def test_typed_layers_are_moved_by_what_won():
    plan, _, losses = chosen({("plain", ("a",)): 0.5, ("typed", ("a",)): 0.1})
    assert (plan.network, plan.moved) == ("typed", ("a",))
    assert ("typed", ()) not in losses.asked


def test_what_holds_but_does_not_pay_keeps_its_strength():
    plan, _, _ = chosen({("plain", ("a",)): 1.5, ("plain", ("a", "b")): 1.5})
    assert plan.moved == ()
    assert plan.strengths == STRENGTHS


def test_without_moved_rows_strengths_are_the_rules():
    plan, table, _ = chosen({}, sets=False)
    assert plan.strengths == STRENGTHS
    assert len(table) == 2


def test_every_plan_is_tried_once():
    losses = chosen({}, a=4.0, b=4.0, c=4.0)[2]
    assert losses.asked == [("plain", ()), ("typed", ())]


def test_candidates_that_are_kept_move_rows_in_every_plan():
    plan, _, losses = chosen({("plain", ("c",)): 3.0}, untestable=("c",), kept=("c",))
    assert all("c" in moved for _, moved in losses.asked if moved)
    assert "c" in plan.moved


def test_what_keeping_costs():
    errors = {("plain", ("c",)): 3.0, ("plain", ()): 2.0}
    plan, _, _ = chosen(errors, untestable=("c",), kept=("c",))
    assert plan.costs == pytest.approx({"c": 0.5})
    assert plan.strengths == STRENGTHS
    assert chosen({})[0].costs == {}


def test_rows_are_not_moved_by_what_a_frame_takes_care_of():
    names = ("SO(3)", "Translation(3)", "SE(3)", "Scaling(3)")
    groups = {name: parse_group(name) for name in names}
    assert moving(names, groups) == ["SO(3)", "SE(3)"]
