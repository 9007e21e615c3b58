"""Typed layers or a perceptron, and what moves its rows: as a user sees it."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from estimators_kit import BROKEN, KEPT, equal, regressor, state, table
from sklearn.base import clone

from sksofteq import equivariance_error, find_symmetries
from sksofteq.estimators import _plans, fit_together
from sksofteq.estimators._plans import Planner

NOTHING_MOVES = {"augment": False, "average": False}


@pytest.fixture(scope="module")
def fitted():
    """The default rule and network, on rows that tell well."""
    return regressor(max_iter=20, learning_rate_init=0.03).fit(*table(300))


def hidden(model):
    """Types of the features after the first layer."""
    return model.net_.module_.core.blocks[0][0].rep_out


# ------------------------------------------------------------------ what is found


def test_strengths_follow_the_evidence(fitted):
    strengths = fitted.regularizer_strengths_
    assert strengths[BROKEN] < 0.1 * strengths[KEPT]
    report = fitted.symmetry_report()
    assert report.verdict.to_dict() == {KEPT: "holds", BROKEN: "broken"}


def test_the_report_is_that_of_find_symmetries():
    X, y = table(300)
    report = regressor(max_iter=2).fit(X, y).symmetry_report()
    found = find_symmetries(X, y, (KEPT, BROKEN), "2*vector", random_state=0, detail=True)
    assert report.verdict.equals(found.verdict)


@pytest.mark.parametrize("factor", [1e-2, 1e2])
def test_neither_the_targets_scale_nor_units_matter(factor):
    X, y = table(150)

    def strengths(X, y):
        return regressor(max_iter=2, network="plain").fit(X, y).regularizer_strengths_

    expected = pytest.approx(strengths(X, y), rel=1e-3)
    assert strengths(X, factor * y) == expected
    assert strengths(factor * X, y) == expected


def test_the_same_seed_gives_the_same_model(fitted):
    again = regressor(max_iter=20, learning_rate_init=0.03).fit(*table(300))
    assert equal(state(fitted), state(again))
    assert fitted.pilots_.equals(again.pilots_)


# ------------------------------------------------------------------ pilots


def test_pilots_are_kept_for_the_user(fitted):
    pilots = fitted.pilots_
    assert list(pilots) == ["network", "moved_by", "held", "error", "chosen"]
    assert pilots.chosen.sum() == 1
    assert set(pilots.network) == {"linear", "plain", "typed"}
    assert pickle.loads(pickle.dumps(fitted)).pilots_.equals(pilots)


def test_tests_and_pilots_are_logged(caplog):
    caplog.set_level("INFO", logger="sksofteq")
    model = regressor(max_iter=2).fit(*table())
    first, *others = [record.getMessage() for record in caplog.records]
    assert first == "testing 2 candidates on 100 rows"
    assert len(others) == len(model.pilots_)
    assert all(text.startswith("pilot: ") for text in others)


@pytest.mark.parametrize(
    "settings",
    [
        {"strengths": 1.0},
        {"tuner": "orbit", "max_iter": 13},
        {"network": "typed"},
        {"network": "plain"},
        {"symmetries": ()},
        {"hidden_layer_sizes": ("8*scalar + 3*vector",)},
    ],
)
def test_without_a_choice_there_are_no_pilots(settings):
    model = regressor(**({"max_iter": 2} | settings)).fit(*table())
    assert model.pilots_.empty
    assert list(model.pilots_) == ["network", "moved_by", "held", "error", "chosen"]


def test_few_rows_are_not_split():
    model = regressor(max_iter=2).fit(*table(30))
    assert model.pilots_.empty


@pytest.mark.parametrize("settings", [{"strengths": 1.0}, {"tuner": "orbit", "max_iter": 13}])
def test_layers_are_typed_where_nothing_is_known_before_the_fit(settings):
    assert len(hidden(regressor(**settings).fit(*table())).terms) > 1


def test_a_plain_network_has_scalars_only():
    model = regressor(network="plain", max_iter=2).fit(*table())
    assert str(hidden(model)) == "16*scalar"


def test_typed_features_need_typed_layers():
    with pytest.raises(ValueError, match='must be widths where network="plain"'):
        regressor(network="plain", hidden_layer_sizes=("3*vector",)).fit(*table())


def test_unknown_networks_are_refused():
    with pytest.raises(ValueError, match="'network' parameter"):
        regressor(network="deep").fit(*table())


# ------------------------------------------------------------------ moved rows


def test_averaged_predictions_are_more_equivariant():
    X, y = table(200)
    settings = {"network": "plain", "max_iter": 5, "augment": False}
    errors = [
        equivariance_error(
            regressor(**settings, average=average).fit(X, y), X, KEPT, "2*vector", random_state=1
        )
        for average in (False, "auto")
    ]
    assert errors[1] < 0.7 * errors[0]


def test_true_is_auto_where_there_are_tests_before_the_fit():
    X, y = table(200)
    settings = {"network": "plain", "max_iter": 3}
    auto = regressor(**settings).fit(X, y).predict(X)
    told = regressor(**settings, augment=True, average=True).fit(X, y).predict(X)
    named = regressor(**settings, augment=[KEPT], average=[KEPT]).fit(X, y).predict(X)
    np.testing.assert_array_equal(auto, told)
    np.testing.assert_array_equal(auto, named)


def test_nothing_is_moved_if_that_is_not_wanted():
    X, y = table(200)
    settings = {"network": "plain", "max_iter": 3}
    still = regressor(**settings, **NOTHING_MOVES).fit(X, y).predict(X)
    assert np.abs(still - regressor(**settings).fit(X, y).predict(X)).max() > 1e-3


# ------------------------------------------------------------------ going on


def test_a_warm_start_keeps_its_network(fitted):
    model = pickle.loads(pickle.dumps(fitted)).set_params(warm_start=True, max_iter=2)
    before = str(hidden(model))
    assert str(hidden(model.fit(*table(300, seed=1)))) == before


def test_another_network_is_no_warm_start():
    model = regressor(network="plain", max_iter=2, warm_start=True).fit(*table())
    with pytest.raises(ValueError, match="network differs from the last fit"):
        model.set_params(network="typed").fit(*table())


def test_the_first_chunk_sets_the_strengths():
    model = regressor().partial_fit(*table(200))
    first = dict(model.regularizer_strengths_)
    assert first[BROKEN] < 0.1 * first[KEPT]
    assert model.partial_fit(*table(200, seed=1)).regularizer_strengths_ == first


@pytest.mark.parametrize(("n", "weak"), [(9, set()), (200, {BROKEN})])
def test_a_first_chunk_of_few_rows_weakens_nothing(n, weak):
    model = regressor().partial_fit(*table(n)).partial_fit(*table(200, seed=1))
    strengths = model.regularizer_strengths_
    assert {label for label, value in strengths.items() if value < 3.0} == weak


def test_networks_of_two_kinds_are_not_fitted_together(monkeypatch):
    chosen = iter(("typed", "plain"))
    choose = Planner.choose

    def alternate(planner):
        plan, pilots = choose(planner)
        return replace(plan, network=next(chosen)), pilots

    monkeypatch.setattr(Planner, "choose", alternate)
    with pytest.raises(ValueError, match="set network to 'typed' or 'plain'"):
        fit_together([regressor(), regressor(random_state=1)], *table())


def test_plain_networks_are_fitted_together():
    models = [regressor(network="plain", random_state=seed, max_iter=2) for seed in range(2)]
    alone = clone(models[1]).fit(*table())
    together = fit_together(models, *table())[1]
    np.testing.assert_allclose(together.predict(table()[0]), alone.predict(table()[0]), rtol=1e-6)


# ------------------------------------------------------------------ what the data cannot tell


@pytest.mark.parametrize(("untestable", "strength"), [("keep", 3.0), ("drop", 0.0)])
def test_candidates_out_of_reach(untestable, strength, monkeypatch):
    monkeypatch.setattr(_plans, "TOO_DEAR", (math.inf, math.inf))  # such short pilots know little
    X = table(200)[0] + [10, 0, 0, 10, 0, 0]
    y = np.hypot(X[:, 0], X[:, 1]) + X[:, 2]
    names = ("SO(2)@x,y", "SO(2)@y,z")
    model = regressor(names, untestable=untestable, max_iter=3).fit(X, y)
    report = model.symmetry_report().loc["SO(2)@x,y"]
    assert (report.support, report.verdict) == (0.5, "cannot tell")
    assert model.regularizer_strengths_["SO(2)@x,y"] == strength
    assert ("error on rows held out" in report.reason) == (untestable == "keep")
    assert all(
        ("SO(2)@x,y" in moved) <= (untestable == "keep") for moved in model.pilots_.moved_by
    )


def test_a_candidate_out_of_reach_that_is_too_dear_is_let_go():
    X = table(200)[0] + [10, 0, 0, 10, 0, 0]
    names = ("SO(2)@x,y", "SO(2)@y,z")
    model = regressor(names, max_iter=20).fit(X, X[:, 1] ** 2)  # no length: turns are broken
    report = model.symmetry_report().loc["SO(2)@x,y"]
    assert report.verdict == "cannot tell"
    assert "; let go, as keeping it costs" in report.reason
    assert model.regularizer_strengths_["SO(2)@x,y"] == 1e-3
    assert not any("SO(2)@x,y" in moved for moved in model.pilots_.moved_by)
