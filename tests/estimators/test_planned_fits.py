"""What a plan does to a fit: which weights strengths reach, what is moved, what is kept."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from estimators_kit import BROKEN, KEPT, Switch, equal, regressor, state, table
from sklearn.base import clone

from sksofteq import EquivariantRegressor
from sksofteq.estimators import _plans, fit_together
from sksofteq.estimators._moves import RowMover
from sksofteq.estimators._plans import Planner
from sksofteq.estimators._survey import FitSurvey
from sksofteq.tuning import DualTuner, PaperTuner, PilotTuner

STILL = {"augment": False, "average": False}
PLAIN = {"network": "plain", "max_iter": 3}


def kind(model) -> str:
    """Which network was trained, by its first features."""
    return "plain" if str(model.net_.module_.core.blocks[0][0].rep_out) == "16*scalar" else "typed"


def plan_network(monkeypatch, *networks):
    """Let pilots choose these networks, one after another."""
    choose, left = Planner.choose, iter(networks)

    def choose_next(planner):
        plan, pilots = choose(planner)
        return replace(plan, network=next(left)), pilots

    monkeypatch.setattr(Planner, "choose", choose_next)


# ------------------------------------------------------------------ strengths of a plain network


def test_strengths_of_a_plain_network_reach_the_skip():
    X, y = table()
    X = np.c_[X, X[:, :3] + 1.0]
    settings = PLAIN | STILL | {"rep_in": "3*vector", "max_iter": 20}
    free, strong = (
        regressor(("SO(3)",), strengths=strength, **settings).fit(X, y).net_.module_.core
        for strength in (0.0, 1e6)
    )
    assert free.skip.weight.abs().max() > 0.1
    assert strong.skip.weight.abs().max() < 1e-4  # no vector is a scalar
    assert strong.blocks[0][0].weight.abs().max() > 0.1


def test_a_strength_of_nothing_is_no_candidate():
    """Only how columns are standardised is left of a candidate."""
    X, y = table()
    settings = PLAIN | STILL | {"strengths": 0.0}
    one, two = (
        regressor(names, **settings).fit(X, y).predict(X)
        for names in ((KEPT,), (KEPT, "SO(2)@x,y"))
    )
    np.testing.assert_allclose(one, two, rtol=1e-10)


def test_weak_strengths_hardly_differ_from_none():
    X, y = table()
    first, second = (
        regressor(**PLAIN, **STILL, strengths=strength).fit(X, y).predict(X)
        for strength in (0.0, 1e-9)
    )
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_hard_translations_and_scalings_are_exact_in_a_plain_network():
    X, _ = table()
    y = np.linalg.norm(X[:, :3] - X[:, 3:], axis=1)
    names = ("Translation(3)", "Scaling(3)")
    settings = {"rep_in": "2*point", "strengths": math.inf, "max_iter": 10}
    # lengths have a unit: the vector that is put out is what scales
    model = regressor(names, **PLAIN | settings | STILL, rep_out="vector")
    model.fit(X, y[:, None] * [1.0, 2.0, 3.0])
    predicted = model.predict(X)
    assert predicted.std() > 0.1
    np.testing.assert_allclose(model.predict(X + np.tile([5.0, -7.0, 2.0], 2)), predicted)
    np.testing.assert_allclose(model.predict(4.0 * X), 4.0 * predicted)


@pytest.mark.parametrize("train", ["fit", "partial_fit"])
@pytest.mark.parametrize("strengths", [math.inf, {KEPT: math.inf, BROKEN: 1.0}])
def test_hard_rotations_need_a_typed_network(strengths, train):
    X, y = table()
    model = regressor(strengths=strengths, network="plain")
    message = r'strengths must be finite .*got inf for \[.O\(2\)@x,y.*Set network to "typed"'
    with pytest.raises(ValueError, match=message):
        getattr(model, train)(X, y)
    model.set_params(network="typed")
    assert getattr(model, train)(X, y).equivariance_errors_[KEPT] < 1e-10


def test_a_warm_start_of_a_plain_network_cannot_become_hard():
    model = regressor((KEPT,), network="plain", max_iter=2, warm_start=True).fit(*table())
    with pytest.raises(ValueError, match="strengths must be finite"):
        model.set_params(strengths=math.inf, network="auto").fit(*table())


@pytest.mark.parametrize("tuner", [PaperTuner(), PilotTuner(), DualTuner()])
def test_auto_is_typed_with_other_rules(tuner):
    model = regressor(tuner=tuner, max_iter=2).fit(*table())
    assert kind(model) == "typed"
    assert model.pilots_.empty


@pytest.mark.parametrize("tuner", ["paper", "dual", "pilots"])
def test_other_rules_may_have_a_plain_network(tuner):
    model = regressor(tuner=tuner, **PLAIN).fit(*table())
    assert kind(model) == "plain"
    assert set(model.regularizer_strengths_) == {KEPT, BROKEN}


@pytest.fixture
def networks_of_pilots(monkeypatch):
    """The networks that pilots train, in their order."""
    trained, losses = [], FitSurvey.losses

    def watched(survey, plan, share):
        trained.append(plan.network)
        return losses(survey, plan, share)

    monkeypatch.setattr(FitSurvey, "losses", watched)
    return trained


@pytest.mark.parametrize(("network", "made"), [("auto", "typed"), ("plain", "plain")])
def test_pilots_of_a_rule_train_what_the_fit_will(network, made, networks_of_pilots):
    regressor(tuner="pilots", network=network, max_iter=2).fit(*table())
    assert len(networks_of_pilots) > 2
    assert set(networks_of_pilots) == {made}


def test_pilots_of_a_rule_train_what_a_warm_start_keeps(networks_of_pilots):
    model = regressor(network="plain", warm_start=True, max_iter=2, strengths=1.0).fit(*table())
    model.set_params(network="auto", strengths=None, tuner="pilots").fit(*table())
    assert set(networks_of_pilots) == {"plain"}


def test_pilots_of_a_rule_are_not_moved_by_what_it_has_found_so_far():
    settings = {"tuner": PilotTuner(grid=(1.0, 2.0)), "max_iter": 4}
    still, moved = (
        regressor(**settings, augment=augment).fit(*table()).regularizer_strengths_
        for augment in (False, True)
    )
    assert still == moved


def test_strengths_by_pilots_are_on_the_grid():
    rule = PilotTuner(grid=(0.5, 5.0), low=0.01)
    strengths = regressor(tuner=rule, max_iter=4).fit(*table()).regularizer_strengths_
    assert set(strengths.values()) <= {0.01, 0.5, 5.0}


# ------------------------------------------------------------------ what moves


def test_an_average_over_a_mirror_is_closer_to_even_by_as_much_as_its_elements_say():
    X, y = table(200)
    mirror = "Reflection(3)"
    settings = {"strengths": 0.0, "network": "plain", "augment": False}
    plain, averaged = (
        regressor((mirror,), **settings, average=average).fit(X, y) for average in ([], [mirror])
    )
    assert equal(state(plain), state(averaged))
    matrices = np.array([element[None] for element in averaged._average_elements])
    flipped = np.mean(matrices[:, 0, 0] < 0)
    assert 0 < flipped < 1
    image = X * np.tile([-1, 1, 1], 2)
    gap, left = (model.predict(image) - model.predict(X) for model in (plain, averaged))
    assert np.abs(gap).max() > 0.01
    np.testing.assert_allclose(left, (1 - 2 * flipped) * gap, atol=1e-12)


@pytest.mark.parametrize("parameter", ["augment", "average"])
@pytest.mark.parametrize("flag", [True, False])
def test_flags_of_numpy_are_flags(parameter, flag):
    X, y = table(200)
    own, numpy = (
        regressor(**PLAIN, **STILL | {parameter: value}).fit(X, y)
        for value in (flag, np.bool_(flag))
    )
    np.testing.assert_array_equal(own.predict(X), numpy.predict(X))


def test_named_candidates_are_moved_whatever_was_found():
    X, y = table(200)
    auto, named = (
        regressor(**PLAIN, augment=augment, average=False).fit(X, y)
        for augment in ("auto", [BROKEN])
    )
    assert not equal(state(auto), state(named))
    assert named.regularizer_strengths_ == auto.regularizer_strengths_


def test_augment_and_average_are_apart():
    X, y = table(200)
    neither, moved, averaged = (
        regressor(**PLAIN, **STILL | more).fit(X, y)
        for more in ({}, {"augment": "auto"}, {"average": "auto"})
    )
    assert equal(state(neither), state(averaged))
    assert not equal(state(neither), state(moved))
    assert np.abs(neither.predict(X) - averaged.predict(X)).max() > 1e-3


def test_predictions_are_averaged_over_what_the_plan_moves_by():
    X, y = table(200)
    model = regressor(max_iter=2).fit(X, y)
    (moved,) = model.pilots_.query("chosen").moved_by
    named = regressor(max_iter=2, augment=list(moved), average=list(moved), network=kind(model))
    assert moved
    np.testing.assert_array_equal(model.predict(X), named.fit(X, y).predict(X))


def test_what_a_frame_takes_care_of_is_not_averaged_over():
    X, _ = table(200)
    y = np.linalg.norm(X[:, :3] - X[:, 3:], axis=1)
    model = regressor(("Translation(3)",), rep_in="2*point", **PLAIN).fit(X, y)
    assert model.symmetry_report().verdict.tolist() == ["holds"]
    assert model._average_elements == []


# ------------------------------------------------------------------ what does not matter


@pytest.mark.parametrize("network", ["plain", "typed"])
def test_rows_without_weight_are_no_evidence(network):
    X, y = table(200)
    spoilt = np.r_[y[:120], np.full(80, 1e3)]
    weight = np.r_[np.ones(120), np.zeros(80)]
    model = regressor(network=network, max_iter=2)
    strengths = model.fit(X, spoilt, sample_weight=weight).regularizer_strengths_
    alone = model.fit(X[:120], y[:120])
    assert strengths == pytest.approx(alone.regularizer_strengths_)


@pytest.mark.parametrize("unit", [1e-2, 1e2])
def test_the_plan_does_not_depend_on_units(unit):
    X, y = table(150)
    expected = regressor(max_iter=2).fit(X, y).pilots_
    found = regressor(max_iter=2).fit(unit * X, unit * y).pilots_
    assert found.drop(columns="error").equals(expected.drop(columns="error"))
    np.testing.assert_allclose(found.error, expected.error, rtol=1e-3)


# ------------------------------------------------------------------ what is kept


def test_pilots_are_known_after_a_fit_only():
    model = regressor(max_iter=2)
    assert not hasattr(model, "pilots_")
    model.fit(*table())
    assert not hasattr(clone(model), "pilots_")
    assert len(pickle.loads(pickle.dumps(model)).pilots_) == len(model.pilots_) > 0


def test_a_fit_without_a_choice_forgets_the_pilots_of_the_last_one():
    model = regressor(max_iter=2).fit(*table())
    assert not model.pilots_.empty
    assert model.set_params(network="plain").fit(*table()).pilots_.empty


def test_networks_that_know_no_pilots_have_no_table():
    model = EquivariantRegressor((KEPT,), rep_in="2*vector", max_iter=2, random_state=0)
    assert not hasattr(model.fit(*table()), "pilots_")


def test_the_error_of_a_pilot_is_in_units_of_the_variance():
    X, y = table(200)
    pilots = regressor(max_iter=20, learning_rate_init=0.03).fit(X, 1e3 * y).pilots_
    assert pilots.error.between(0.001, 3.0).all()


# ------------------------------------------------------------------ going on


@pytest.mark.parametrize("first", ["plain", "typed"])
def test_a_warm_start_chooses_what_moves_the_network_that_there_is(first):
    other = {"plain": "typed", "typed": "plain"}[first]
    model = regressor(network=first, max_iter=2, warm_start=True).fit(*table())
    model.set_params(network="auto").fit(*table(seed=1))
    assert kind(model) == first
    assert set(model.pilots_.network) == {first}
    assert model.pilots_.chosen.sum() == 1
    model.set_params(network=first).fit(*table())  # is what it was
    with pytest.raises(ValueError, match="network differs from the last fit"):
        model.set_params(network=other).fit(*table())
    assert kind(model) == first


@pytest.mark.parametrize("network", ["plain", "typed"])
def test_chunks_go_on_with_the_network_that_was_chosen(network, monkeypatch):
    plan_network(monkeypatch, network)
    model = regressor(max_iter=2).fit(*table())
    strengths = dict(model.regularizer_strengths_)
    model.partial_fit(*table(seed=1))
    assert kind(model) == network
    assert model.regularizer_strengths_ == strengths
    assert model.n_iter_ == 3


def moved_by(monkeypatch) -> list[list[str]]:
    """The candidates that move rows, epoch by epoch, from here on."""
    seen, move = [], RowMover.__call__

    def watched(mover, labels):
        seen.append(list(labels))
        return move(mover, labels)

    monkeypatch.setattr(RowMover, "__call__", watched)
    return seen


@pytest.mark.parametrize(
    ("settings", "labels"),
    [
        ({"network": "plain"}, [KEPT]),
        ({"network": "plain", "augment": [BROKEN]}, [BROKEN]),
        ({"network": "plain", "augment": False}, []),
        ({"tuner": Switch(epoch=1, after=1.0), "augment": True}, []),
        ({"strengths": {KEPT: 1.0, BROKEN: 0.0}, "augment": True}, [KEPT]),
        ({"strengths": {KEPT: 1.0, BROKEN: 0.0}}, []),
    ],
    ids=["by tests", "named", "none", "a rule that supports none", "by strengths", "no tests"],
)
def test_chunks_are_moved_by_what_moved_the_fit(settings, labels, monkeypatch):
    model = regressor(max_iter=3, **settings).fit(*table(200))
    seen = moved_by(monkeypatch)
    for seed in (1, 2):
        model.partial_fit(*table(60, seed=seed))
    assert seen == ([labels] * 2 if labels else [])


@pytest.mark.parametrize("average", ["auto", True])
def test_chunks_are_averaged_over_what_the_fit_averaged_over(average):
    model = regressor(**PLAIN, average=average).fit(*table(200))
    before = [element[None] for element in model._average_elements]
    for seed in (1, 2):
        model.partial_fit(*table(60, seed=seed))
    assert len(before) == 8
    np.testing.assert_array_equal([element[None] for element in model._average_elements], before)
    rows = table()[0]
    averaged = model.predict(rows)
    assert model.set_params(average=False).partial_fit(*table(60))._average_elements == []
    assert np.abs(model.predict(rows) - averaged).max() > 1e-3


def test_averages_over_what_held_on_rows_held_out_stay_with_chunks():
    settings = {"tuner": "orbit", "network": "plain", "augment": False, "average": True}
    settings |= {"max_iter": 30, "learning_rate_init": 0.03}
    model = regressor((KEPT,), **settings).fit(*table(300))
    assert model.symmetry_report().verdict.tolist() == ["holds"]
    assert len(model.partial_fit(*table(60))._average_elements) == 8


def test_a_chunk_without_moved_rows_does_not_forget_what_moved_them(monkeypatch):
    model = regressor(**PLAIN).fit(*table(200))
    model.set_params(augment=False).partial_fit(*table(60))
    seen = moved_by(monkeypatch)
    model.set_params(augment="auto").partial_fit(*table(60))
    assert seen == [[KEPT]]


def test_what_is_named_moves_a_first_chunk(monkeypatch):
    seen = moved_by(monkeypatch)
    regressor(augment=[KEPT]).partial_fit(*table())
    regressor().partial_fit(*table())  # as nothing has been found yet
    assert seen == [[KEPT]]


def test_elements_that_move_a_first_chunk_stay_within_the_data():
    X, y = table(200)
    model = regressor(("GL(3)",), augment=["GL(3)"]).partial_fit(X, y)
    assert model._plan.shares["GL(3)"] < 1.0


def test_chunks_keep_the_pilots_of_the_fit():
    model = regressor(max_iter=2).fit(*table())
    pilots = model.pilots_
    assert model.partial_fit(*table()).pilots_.equals(pilots)
    assert not pilots.empty


@pytest.mark.parametrize(("network", "made"), [("auto", "typed"), ("plain", "plain")])
def test_chunks_have_no_pilots(network, made):
    model = regressor(network=network).partial_fit(*table())
    assert kind(model) == made
    assert model.pilots_.empty
    with pytest.raises(ValueError, match="network differs"):
        other = "plain" if made == "typed" else "typed"
        model.set_params(network=other).partial_fit(*table())


def test_early_stopping_counts_from_where_strengths_have_settled():
    settings = {"max_iter": 10, "early_stopping": True, "n_iter_no_change": 1, "tol": 0.9}
    # typed layers are relaxed over six epochs; plain ones have their strengths from the start
    assert regressor(network="typed", **settings).fit(*table()).n_iter_ >= 7
    assert regressor(network="plain", **settings).fit(*table()).n_iter_ < 7


# ------------------------------------------------------------------ side by side


@pytest.mark.parametrize("network", ["plain", "typed"])
def test_pilots_that_agree_are_as_fits_alone(network, monkeypatch):
    X, y = table()
    plan_network(monkeypatch, *[network] * 4)
    models = [regressor(random_state=seed, max_iter=4) for seed in range(2)]
    alone = [clone(model).fit(X, y) for model in models]
    for model, other in zip(fit_together(models, X, y), alone, strict=True):
        assert kind(model) == network
        np.testing.assert_allclose(model.predict(X), other.predict(X), rtol=1e-6, atol=1e-9)
        assert model.pilots_.equals(other.pilots_)
        assert model.regularizer_strengths_ == other.regularizer_strengths_


def test_pilots_that_disagree_leave_all_as_they_were(monkeypatch):
    models = [regressor(random_state=seed) for seed in range(2)]
    plan_network(monkeypatch, "plain", "typed")
    with pytest.raises(ValueError, match="must have one network"):
        fit_together(models, *table())
    assert not any(name.endswith("_") for model in models for name in vars(model))


def test_networks_are_shared_by_what_is_fitted_together():
    models = [regressor(network="plain"), regressor(network="typed")]
    with pytest.raises(ValueError, match=r"have one network, got \['plain', 'typed'\]"):
        fit_together(models, *table())


# ------------------------------------------------------------------ what the data cannot tell


def out_of_reach(**settings):
    """Rows far from the axis, always in one direction: turning them leaves the data."""
    X = table(200)[0] + [10, 0, 0, 10, 0, 0]
    y = np.hypot(X[:, 0], X[:, 1]) + X[:, 2]
    names = ("SO(2)@x,y", "SO(2)@y,z")
    return regressor(names, max_iter=2, **settings).fit(X, y)


@pytest.mark.parametrize("network", ["plain", "typed"])
def test_the_cost_of_keeping_is_known_by_pilots_alone(network):
    report = out_of_reach(network=network).symmetry_report().loc["SO(2)@x,y"]
    assert (report.verdict, report.strength) == ("cannot tell", 3.0)
    assert "kept" not in report.reason


@pytest.mark.parametrize(("untestable", "moves"), [("keep", True), ("drop", False)])
def test_what_is_kept_moves_rows_and_predictions(untestable, moves):
    model = out_of_reach(network="plain", untestable=untestable)
    turned = any(abs(element[None][0, 1]) > 1e-6 for element in model._average_elements)
    assert turned == moves


@pytest.mark.parametrize("settings", [STILL, {"augment": False}])
def test_pilots_are_said_to_be_moved_by_what_moves_them(settings, monkeypatch):
    monkeypatch.setattr(_plans, "TOO_DEAR", (math.inf, math.inf))  # such short pilots know little
    moved = {label for moved in out_of_reach(**settings).pilots_.moved_by for label in moved}
    assert ("SO(2)@x,y" in moved) == (settings is not STILL)


def test_strengths_that_were_dropped_are_nothing_throughout():
    path = out_of_reach(network="typed", untestable="drop").strength_path_
    assert (path["SO(2)@x,y"] == 0).all()
    assert (path["SO(2)@y,z"] > 0).all()


def test_a_single_precision_fit_has_a_plan():
    X, y = (part.astype(np.float32) for part in table())
    model = regressor(max_iter=2).fit(X, y)
    assert model.predict(X).dtype == np.float32
    assert model.pilots_.chosen.sum() == 1
    assert next(model.net_.module_.parameters()).dtype == torch.float32
