"""Which plan wins, with losses that are made up."""

from __future__ import annotations

import numpy as np
import pytest

from sksofteq.discovery import Evidence
from sksofteq.estimators._plans import Plan, Planner, is_planned, moving, pilot_table
from sksofteq.groups import parse_group
from sksofteq.orbits import CRITICAL_Z, OrbitTest

STRENGTHS = {"a": 9.0, "b": 0.5, "c": 1e-3}


FIRMER = {"a": 9.0, "b": 1.0, "c": 1.0}


def planner(
    losses,
    untestable=(),
    kept=(),
    movers="abc",
    together=None,
    shares=(),
    network=None,
    firmer=STRENGTHS,
    **z,
) -> Planner:
    """A planner that has evidence with these z."""
    z = z or {"a": -5.0, "b": -1.0, "c": 4.0}
    evidence = Evidence(
        {label: OrbitTest(value, 1.0, value) for label, value in z.items()},
        {label: label not in untestable for label in z},
        dict.fromkeys(z, 1.0) | dict(shares),
    )
    labels = list(kept), list(movers)
    return Planner(evidence, STRENGTHS, firmer, *labels, losses, together, network)


class Losses:
    """The error of each plan, with a spread over rows; what is asked for is remembered."""

    def __init__(self, errors):
        self.errors, self.asked = errors, []

    def __call__(self, plan):
        self.asked.append((plan.network, plan.moved))
        usual = 2.0 if plan.network == "linear" else 1.0
        error = self.errors.get((plan.network, plan.moved), usual)
        return error * np.random.RandomState(0).uniform(0.8, 1.2, 40)


class Exact:
    """Losses of a plan that compare with those of all others by a given z."""

    def __init__(self, network, moved, mean, z):
        self.better, self.mean, self.z = (network, moved), mean, z

    def __call__(self, plan):
        signs = np.resize([1.0, -1.0], 40)
        if (plan.network, plan.moved) != self.better:
            return 2.0 + 0.1 * signs if plan.network == "linear" else np.ones(40)
        return self.mean + (self.mean - 1.0) / self.z * np.sqrt(39) * signs


def wins(network, moved, mean, z, **options):
    """Whether the plan is chosen if it has this error, others 1, and compares by this z."""
    plan, _ = planner(Exact(network, moved, mean, z), **options).choose()
    return (plan.network, plan.moved) == (network, moved)


def chosen(errors, **options):
    losses = Losses(errors)
    plan, table = planner(losses, **options).choose()
    return plan, table, losses


def test_a_perceptron_that_knows_nothing_is_what_others_must_beat():
    plan, table, _ = chosen({})
    assert (plan.network, plan.moved) == ("plain", ())
    assert table.chosen.tolist() == [True, False, False, False, False]


@pytest.mark.parametrize(("error", "network"), [(0.9, "linear"), (1.0, "linear"), (1.1, "plain")])
def test_layers_must_be_better_than_none(error, network):
    plan, table, losses = chosen({("linear", ()): error})
    assert (plan.network, plan.moved) == (network, ())
    assert losses.asked[-1] == ("typed", ())
    assert table.query("chosen").network.tolist() == [network]


@pytest.mark.parametrize(("z", "network"), [(-0.55, "plain"), (-0.45, "linear")])
def test_layers_must_be_clearly_better_than_none(z, network):
    signs = np.resize([1.0, -1.0], 40)

    def losses(plan):
        return np.ones(40) if plan.network == "linear" else 0.9 - 0.1 / z * np.sqrt(39) * signs

    assert planner(losses, movers=()).choose()[0].network == network


def test_a_linear_map_is_not_moved_by_what_moves_layers():
    errors = {("plain", ("a",)): 0.5, ("linear", ()): 0.4, ("typed", ("a",)): 0.1}
    plan, _, losses = chosen(errors)
    assert (plan.network, plan.moved) == ("typed", ("a",))
    assert ("linear", ("a",)) not in losses.asked


def test_what_keeping_costs_a_linear_map():
    errors = {("linear", ("c",)): 0.3, ("linear", ()): 0.2}
    plan, _, _ = chosen(errors, untestable=("c",), kept=("c",))
    assert plan.network == "linear"
    assert plan.costs == pytest.approx({"c": 0.5})


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


@pytest.mark.parametrize(
    ("network", "moved", "mean", "z", "won"),
    [
        ("plain", ("a",), 0.99, -0.1, True),
        ("plain", ("a",), 1.01, 0.1, False),
        ("plain", ("a", "b"), 0.99, -0.55, True),
        ("plain", ("a", "b"), 0.99, -0.45, False),
        ("typed", (), 0.69, -1.05 * CRITICAL_Z, True),
        ("typed", (), 0.69, -0.95 * CRITICAL_Z, False),
        ("typed", (), 0.71, -9.0, False),
    ],
)
def test_the_less_is_known_the_more_a_pilot_has_to_show(network, moved, mean, z, won):
    assert wins(network, moved, mean, z) == won


def test_rows_that_belong_together_say_less():
    better = ("typed", (), 0.5, -2.0)
    assert wins(*better)
    assert wins(*better, together=np.arange(40))
    assert not wins(*better, together=np.arange(40) % 2)  # two groups, far apart


@pytest.mark.parametrize(("n_groups", "clear"), [(1, 0.9), (2, 0.97), (9, 0.97), (10, 1.0)])
def test_of_few_groups_z_says_little(n_groups, clear):
    together = np.arange(40) % n_groups
    for error, network in ((clear - 0.01, "plain"), (clear + 0.01, "linear")):
        errors = {("linear", ()): 1.0, ("plain", ()): error}
        assert chosen(errors, together=together)[0].network == network


def test_typed_layers_are_moved_by_what_won():
    plan, _, losses = chosen({("plain", ("a",)): 0.5, ("typed", ("a",)): 0.1})
    assert (plan.network, plan.moved) == ("typed", ("a",))
    assert ("typed", ()) not in losses.asked


@pytest.mark.parametrize("network", ["typed", "plain"])
def test_a_network_that_there_is_stays(network):
    plan, table, losses = chosen({(network, ("a",)): 0.5}, network=network)
    assert losses.asked == [(network, ()), (network, ("a",)), (network, ("a", "b"))]
    assert (plan.network, plan.moved) == (network, ("a",))
    assert table.chosen.tolist() == [False, True, False]


def test_what_keeping_costs_the_network_that_there_is():
    errors = {("typed", ("c",)): 3.0, ("typed", ()): 2.0}
    plan, _, _ = chosen(errors, network="typed", untestable=("c",), kept=("c",))
    assert plan.costs == pytest.approx({"c": 0.5})


def test_what_holds_but_does_not_pay_keeps_its_strength():
    plan, _, _ = chosen({("plain", ("a",)): 1.5, ("plain", ("a", "b")): 1.5})
    assert plan.moved == ()
    assert plan.strengths == STRENGTHS


def test_without_moved_rows_strengths_are_the_rules():
    plan, table, losses = chosen({}, movers=())
    assert plan.strengths == STRENGTHS
    assert losses.asked == [("linear", ()), ("plain", ()), ("typed", ())]
    assert table.moved_by.tolist() == [(), (), ()]


def test_what_moves_nothing_is_not_tried():
    plan, _, losses = chosen({("plain", ("a",)): 0.5}, movers=("a", "c"))
    asked = [("plain", ()), ("plain", ("a",)), ("linear", ()), ("typed", ("a",))]
    assert losses.asked == asked
    assert plan.moved == ("a",)


@pytest.mark.parametrize("movers", [(), ("a", "b")])
def test_what_is_kept_and_moves_nothing_is_not_said_to_move(movers):
    plan, table, _ = chosen({}, movers=movers, untestable=("c",), kept=("c",))
    assert not any("c" in moved for moved in table.moved_by)
    assert "c" not in planner(None, kept=("c",), movers=movers).plan("typed", ["a"]).moved
    assert plan.costs == {"c": 0.0}


def test_every_plan_is_tried_once():
    losses = chosen({}, a=4.0, b=4.0, c=4.0)[2]
    assert losses.asked == [("linear", ()), ("plain", ()), ("typed", ())]


@pytest.mark.parametrize(("held", "wins"), [(0.45, True), (0.5, False), (0.55, False)])
def test_typed_layers_keep_what_is_broken_if_that_pays(held, wins):
    def losses(plan):
        error = {"linear": 1.0, "plain": 1.0, "typed": held if plan.strengths == FIRMER else 0.5}
        return error[plan.network] * np.random.RandomState(0).uniform(0.8, 1.2, 40)

    plan, table = planner(losses, firmer=FIRMER).choose()
    assert plan.network == "typed"
    assert plan.strengths == (FIRMER if wins else STRENGTHS)
    assert table.held.tolist() == [False, False, False, False, False, True]
    assert table.query("chosen").held.tolist() == [wins]


def test_what_is_broken_may_be_kept_where_typed_layers_that_let_go_of_it_are_no_use():
    def losses(plan):
        error = 0.5 if plan.strengths == FIRMER else 1.0
        return error * np.random.RandomState(0).uniform(0.8, 1.2, 40)

    plan, _ = planner(losses, firmer=FIRMER).choose()
    assert (plan.network, plan.strengths) == ("typed", FIRMER)


def test_candidates_that_are_kept_move_rows_in_every_plan():
    plan, table, _ = chosen({("plain", ("c",)): 1.45}, untestable=("c",), kept=("c",))
    assert all("c" in moved for moved in table.moved_by)
    assert "c" in plan.moved
    assert plan.let_go == ()


def test_a_candidate_that_is_too_dear_is_let_go():
    errors = {("plain", ("c",)): 1.6, ("plain", ("a",)): 1.4}
    options = {"untestable": ("a", "c"), "kept": ("a", "c"), "firmer": FIRMER}
    plan, table, _ = chosen(errors, **options)
    assert plan.let_go == ("c",)
    assert all("a" in moved and "c" not in moved for moved in table.moved_by)
    assert plan.strengths == STRENGTHS | {"c": 1e-3}
    assert plan.costs == pytest.approx({"a": 0.4, "c": 0.6})
    options["together"] = np.arange(40) % 9  # too few groups to be sure
    assert chosen(errors, **options)[0].let_go == ()
    options["together"] = np.arange(40) % 10
    assert chosen(errors, **options)[0].let_go == ("c",)


def test_what_seems_too_dear_by_chance_is_kept():
    def losses(plan):
        errors = np.r_[np.ones(39), 41.0 if plan.moved == ("c",) else 1.0]  # one row in forty
        return errors if plan.network == "plain" else 2 * errors

    assert planner(losses, untestable=("c",), kept=("c",)).choose()[0].let_go == ()


def test_firmer_strengths_hold_on_to_nothing_that_is_let_go():
    errors = {("plain", ("c",)): 1.6, ("typed", ()): 0.1}
    options = {"untestable": ("c",), "kept": ("c",), "firmer": FIRMER | {"c": 5.0}}
    assert chosen(errors, **options)[0].strengths["c"] == 1e-3


def test_candidates_are_in_the_users_order():
    made = planner(Losses({}), untestable=("a",), kept=("a",)).plan("plain", ["c", "b"])
    assert made.moved == ("a", "b", "c")


def test_elements_stretch_by_what_was_found():
    plan, _ = planner(Losses({}), shares={"b": 0.25}).choose()
    assert plan.shares == {"a": 1.0, "b": 0.25, "c": 1.0}


def test_the_table_has_all_that_was_tried():
    errors = {("plain", ("a",)): 0.5, ("plain", ("a", "b")): 0.7}
    _, table, losses = chosen(errors)
    assert list(zip(table.network, table.moved_by, strict=True)) == losses.asked
    assert table.error.tolist() == pytest.approx(
        [losses(Plan(*asked, {})).mean() for asked in list(losses.asked)]
    )
    assert table.query("chosen").moved_by.tolist() == [("a",)]


def test_an_empty_table_has_all_columns():
    assert list(pilot_table()) == ["network", "moved_by", "held", "error", "chosen"]
    assert pilot_table().empty


@pytest.mark.parametrize(
    ("value", "planned"),
    [
        (True, True),
        (np.True_, True),
        ("auto", True),
        (False, False),
        (np.False_, False),
        ((), False),
        (["a"], False),
        (1, False),
    ],
)
def test_what_leaves_candidates_to_the_plan(value, planned):
    assert is_planned(value) == planned


def test_costs_are_those_of_a_perceptron_that_does_without_the_others():
    asked = []

    def losses(plan):
        asked.append(plan)
        error = 2.0 if plan.network == "linear" else 1.0
        return error * np.random.RandomState(0).uniform(0.8, 1.2, 40)

    planner(losses, untestable=("a", "b"), kept=("a", "b")).choose()
    asked = [plan for plan in asked if plan.strengths != STRENGTHS]
    alone = {plan.moved: plan.strengths for plan in asked}
    assert alone == {
        (): {"a": 1e-3, "b": 1e-3, "c": 1e-3},
        ("a",): {"a": 9.0, "b": 1e-3, "c": 1e-3},
        ("b",): {"a": 1e-3, "b": 0.5, "c": 1e-3},
    }
    assert {plan.network for plan in asked} == {"plain"}


def test_every_kept_candidate_has_a_cost():
    errors = {("plain", ("a",)): 0.5, ("plain", ("c",)): 1.5}
    plan, _, _ = chosen(errors, untestable=("a", "c"), kept=("a", "c"))
    assert plan.costs == pytest.approx({"a": -0.5, "c": 0.5})


def test_there_is_no_cost_in_shares_of_nothing():
    plan, _, _ = chosen({("plain", ()): 0.0}, untestable=("c",), kept=("c",))
    assert plan.costs == {}


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
