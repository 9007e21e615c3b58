"""Searches, cross-validation and what is routed through them."""

from __future__ import annotations

import joblib
import numpy as np
import pytest
import torch
from estimators_kit import BROKEN, KEPT, regressor, table
from sklearn import config_context
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - needed to import it
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sksofteq import SoftEquivariantRidge
from sksofteq.groups import SO
from sksofteq.reps import Vector
from sksofteq.subspace._invariants import invariant_subspace
from sksofteq.tuning import OrbitTuner

#: Candidates as a user may write them.
CHOICES = [None, (), (KEPT,), (SO(3), KEPT), {"my label": BROKEN}]
SEARCH = {"cv": 2, "error_score": "raise"}


def quick(**parameters):
    """Two epochs with fixed strengths."""
    return regressor(**({"strengths": 1.0, "max_iter": 2} | parameters))


def ridge(**parameters) -> SoftEquivariantRidge:
    return SoftEquivariantRidge((KEPT,), rep_in="2*vector", **parameters)


def scores(search) -> np.ndarray:
    return search.cv_results_["mean_test_score"]


# ------------------------------------------------------------------ what can be searched over


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        ("symmetries", CHOICES),
        ("rep_in", ["2*vector", 2 * Vector, "vector + 3*scalar"]),
        ("hidden_layer_sizes", [(8,), (8, 8), ("4*scalar + 4*vector",)]),
        ("strengths", [None, 0.0, np.inf, {KEPT: np.inf, BROKEN: 0.0}]),
    ],
)
def test_grids_over_what_shapes_a_fit(parameter, values):
    search = GridSearchCV(quick(), {parameter: values}, **SEARCH).fit(*table(60))
    assert np.isfinite(scores(search)).all()
    assert search.cv_results_["params"] == [{parameter: value} for value in values]
    assert getattr(search.best_estimator_, parameter) == search.best_params_[parameter]


def test_grid_over_rules_and_their_own_parameters():
    model = quick(strengths=None, max_iter=13)
    grid = [{"tuner": ["process", "paper"]}, {"tuner": [OrbitTuner()], "tuner__rate": [0.3, 0.7]}]
    search = GridSearchCV(model, grid, **SEARCH).fit(*table(60))
    assert np.isfinite(scores(search)).all()
    assert len(scores(search)) == 4


def test_randomised_search():
    grid = {"symmetries": CHOICES, "hidden_layer_sizes": [(8,), (8, 8)]}
    search = RandomizedSearchCV(quick(), grid, n_iter=3, random_state=0, **SEARCH)
    assert np.isfinite(scores(search.fit(*table(60)))).all()


def test_halving_search_keeps_the_better_half():
    grid = {"symmetries": [(KEPT,), (BROKEN,)], "strengths": [0.0, np.inf]}
    halving = HalvingGridSearchCV(
        ridge(), grid, cv=2, factor=2, min_resources=50, error_score="raise", random_state=0
    )
    search = halving.fit(*table(100))
    assert search.n_candidates_ == [4, 2]
    assert search.best_params_ != {"symmetries": (BROKEN,), "strengths": np.inf}


def test_search_finds_the_candidate_that_holds():
    X, y = table(60, noise=0.1)
    grid = {"symmetries": [None, (KEPT,), (BROKEN,), (KEPT, BROKEN)]}
    model = SoftEquivariantRidge(rep_in="2*vector", degree=2, strengths=np.inf)
    search = GridSearchCV(model, grid, cv=3, error_score="raise").fit(X, y)
    assert search.best_params_ == {"symmetries": (KEPT,)}


def test_curves():
    X, y = table(60)
    _, _, learnt = learning_curve(ridge(), X, y, cv=2, train_sizes=[10, 30], error_score="raise")
    _, strengths = validation_curve(
        quick(),
        X,
        y,
        param_name="strengths",
        param_range=[0.0, np.inf],
        cv=2,
        error_score="raise",
    )
    assert learnt.shape == strengths.shape == (2, 2)
    assert np.isfinite(learnt).all() and np.isfinite(strengths).all()


# ------------------------------------------------------------------ groups and weights


def test_groups_choose_the_folds():
    X, y = table(60)
    groups = np.arange(60) % 6
    found = cross_validate(
        ridge(), X, y, groups=groups, cv=GroupKFold(3), return_indices=True, error_score="raise"
    )
    for train, test in zip(*found["indices"].values(), strict=True):
        assert not set(groups[train]) & set(groups[test])


@pytest.mark.parametrize("make", [quick, ridge])
def test_groups_and_weights_are_routed_to_fit(make):
    X, y = table(60)
    passed = {"groups": np.arange(60) % 6, "sample_weight": np.linspace(0.1, 2.0, 60)}
    with config_context(enable_metadata_routing=True):
        model = make().set_fit_request(groups=True, sample_weight=True)
        model.set_score_request(sample_weight=True)
        found = cross_validate(
            model,
            X,
            y,
            params=passed,
            cv=GroupKFold(3),
            return_estimator=True,
            return_indices=True,
            error_score="raise",
        )
    rows, test = found["indices"]["train"][0], found["indices"]["test"][0]
    by_hand = make().fit(X[rows], y[rows], **{name: v[rows] for name, v in passed.items()})
    np.testing.assert_array_equal(found["estimator"][0].predict(X), by_hand.predict(X))
    weight = passed["sample_weight"][test]
    assert found["test_score"][0] == by_hand.score(X[test], y[test], sample_weight=weight)


def test_groups_and_weights_are_routed_through_a_search_over_a_pipeline():
    X, y = table(60)
    passed = {"groups": np.arange(60) % 6, "sample_weight": np.linspace(0.1, 2.0, 60)}
    with config_context(enable_metadata_routing=True):
        model = ridge().set_fit_request(groups=True, sample_weight=True)
        pipeline = make_pipeline(FunctionTransformer(), model)
        grid = {"softequivariantridge__symmetries": [(KEPT,)]}
        scoring = get_scorer("r2").set_score_request(sample_weight=True)
        search = GridSearchCV(
            pipeline, grid, scoring=scoring, cv=GroupKFold(2), error_score="raise"
        )
        search.fit(X, y, **passed)
    np.testing.assert_array_equal(search.predict(X), ridge().fit(X, y, **passed).predict(X))


# ------------------------------------------------------------------ many fits in one search


def test_a_second_fit_solves_no_basis_anew():
    X, y = table(60)
    quick().fit(X, y)
    solved = invariant_subspace.cache_info().misses
    quick(random_state=1).fit(X[:40], y[:40])
    GridSearchCV(quick(), {"strengths": [0.0, 1.0]}, **SEARCH).fit(X, y)
    assert invariant_subspace.cache_info().misses == solved


def test_parallel_search_agrees_and_shares_the_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    X, y = table(60)
    grid = {"strengths": [0.0, 1.0]}
    together = GridSearchCV(quick(), grid, n_jobs=2, **SEARCH).fit(X, y)
    np.testing.assert_allclose(
        scores(together), scores(GridSearchCV(quick(), grid, **SEARCH).fit(X, y)), rtol=1e-6
    )
    threads = joblib.Parallel(2)(joblib.delayed(torch.get_num_threads)() for _ in range(2))
    assert sum(threads) <= max(2, joblib.cpu_count())


def test_a_worker_solves_bases_once():
    def fit(seed):  # a worker gets its code, and imports the rest
        import os

        from estimators_kit import regressor, table

        from sksofteq.subspace._invariants import invariant_subspace

        before = invariant_subspace.cache_info().misses
        regressor(strengths=1.0, max_iter=1, random_state=seed).fit(*table(60))
        return os.getpid(), invariant_subspace.cache_info().misses - before

    found = joblib.Parallel(2)(joblib.delayed(fit)(seed) for seed in range(6))
    for worker in {process for process, _ in found}:
        solved = [number for process, number in found if process == worker]
        assert set(solved[1:]) <= {0}
