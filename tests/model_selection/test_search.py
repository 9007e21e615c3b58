"""The search finds what GridSearchCV finds, with networks that train together."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from estimators_kit import BROKEN, KEPT, regressor, table
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, GroupKFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks
from skorch.callbacks import Callback

from sksofteq import (
    SampledEquivariantRegressor,
    SoftEquivariantClassifier,
    SoftEquivariantRegressor,
    SoftEquivariantRidge,
    SymmetrySearchCV,
)
from sksofteq.estimators import _probe, _shapes
from sksofteq.estimators._plans import Planner, pilot_table
from sksofteq.model_selection import _ahead
from sksofteq.training import Checkpoint

TIMES = ("fit_time", "score_time")


def quick(**parameters):
    return regressor(
        **{"strengths": 1.0, "max_iter": 2, "batch_size": 16, "hidden_layer_sizes": (8,)}
        | parameters
    )


@pytest.fixture(autouse=True)
def no_trees(monkeypatch):
    """Rows and moved ones look alike; to find out takes longer than all that is tested here."""
    monkeypatch.setattr(_probe, "orbit_auc", lambda *_, **__: 0.5)


@pytest.fixture
def batches(monkeypatch):
    """How many networks were trained together, batch by batch."""
    sizes, train = [], _shapes.train_together

    def counted(nets, data):
        sizes.append(len(nets))
        train(nets, data)

    monkeypatch.setattr(_shapes, "train_together", counted)
    return sizes


def assert_same_search(estimator, grid, X, y, params=(), n_together=16, **settings):
    """Everything that GridSearchCV tells, in its order, to rounding."""
    params = dict(params)
    ours = SymmetrySearchCV(clone(estimator), grid, n_together=n_together, **settings)
    ours.fit(X, y, **params)
    theirs = GridSearchCV(clone(estimator), grid, **settings).fit(X, y, **params)
    assert list(ours.cv_results_) == list(theirs.cv_results_)
    for name, expected in theirs.cv_results_.items():
        found = ours.cv_results_[name]
        if name.endswith(TIMES):
            assert (found >= 0).all()
        elif name.startswith("param"):
            assert list(found) == list(expected)
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=name)
    assert (ours.cv_results_["mean_fit_time"] > 0).all()
    for name in ("best_index_", "best_params_", "multimetric_", "n_splits_"):
        assert getattr(ours, name, None) == getattr(theirs, name, None), name
    if hasattr(theirs, "best_estimator_"):
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
        assert ours.score(X, y) == theirs.score(X, y)
    return ours


# ------------------------------------------------------------------ the same numbers


def test_strengths_seeds_and_candidates(batches):
    grid = {
        "strengths": [0.0, np.inf],
        "random_state": [0, 1],
        "symmetries": [(KEPT,), (BROKEN, "O(3)"), {"mine": KEPT}],
    }
    search = assert_same_search(quick(), grid, *table(50), cv=2, return_train_score=True)
    assert batches == [16, 8]
    assert list(search.symmetry_report().index) == list(search.best_estimator_.groups_)
    assert search.refit_time_ > 0


def test_plain_networks_of_any_candidates(batches):
    grid = {"symmetries": [(), (KEPT,), ("SO(3)",), ("Permutation(3)", BROKEN)]}
    assert_same_search(quick(network="plain"), grid, *table(60), cv=2)
    assert batches == [8]


def test_other_shapes_train_apart(batches):
    grid = {"alpha": [1e-4, 1e-2], "hidden_layer_sizes": [(8,), (12,), (8, 8)]}
    assert_same_search(quick(), grid, *table(60), cv=2)
    assert batches == [4, 4, 4]


def test_folds_with_other_numbers_of_batches_train_apart(batches):
    assert_same_search(quick(batch_size=11), {"alpha": [0.0, 1.0]}, *table(67), cv=3)  # 44, 45, 45
    assert sorted(batches) == [2, 4]


def test_no_more_than_asked_for_train_together(batches):
    assert_same_search(quick(), {"random_state": range(5)}, *table(60), cv=2, n_together=4)
    assert batches == [4, 4, 2]


def test_no_fit_waits_for_ever(batches, monkeypatch):
    monkeypatch.setattr(_ahead, "LOOK_AHEAD", 1)
    shapes = [(8,), (12,), (8,), (12,)]  # one of either by turns
    grid = {"hidden_layer_sizes": shapes}
    assert_same_search(quick(), grid, *table(60), cv=2, n_together=3)
    assert batches == [2, 2, 2, 2]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_fits_with_tests_and_pilots(batches):
    model = quick(strengths=None, max_iter=4)
    grid = {"random_state": [0, 1], "tuner": ["process", "orbit"]}
    assert_same_search(model, grid, *table(60), cv=2)
    assert sum(batches) >= 4


def test_pilots_that_choose_different_networks(batches, monkeypatch):
    chosen = iter(["typed", "plain"] * 2)
    monkeypatch.setattr(
        Planner, "choose", lambda planner: (planner.plan(next(chosen), ()), pilot_table())
    )
    model = quick(strengths=None)
    search = SymmetrySearchCV(model, {"random_state": [0, 1]}, cv=2, refit=False)
    scores = search.fit(*table(100)).cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert batches == [2, 2]


def test_early_stopping_and_float32(batches):
    X, y = (part.astype(np.float32) for part in table(60))
    model = quick(early_stopping=True, n_iter_no_change=1, tol=0.5, max_iter=20)
    search = SymmetrySearchCV(model, {"random_state": range(3)}, cv=2).fit(X, y)
    theirs = GridSearchCV(model, {"random_state": range(3)}, cv=2).fit(X, y)
    ours, theirs = (s.cv_results_["mean_test_score"] for s in (search, theirs))
    np.testing.assert_allclose(ours, theirs, rtol=1e-3)
    assert batches == [6]


def test_a_table_with_names():
    X, y = table(60)
    frame = pd.DataFrame(X, columns=list("abcdef"))
    search = assert_same_search(quick(), {"strengths": [0.0, 1.0]}, frame, pd.Series(y), cv=2)
    assert list(search.feature_names_in_) == list("abcdef")


def test_splits_at_random_are_drawn_once():
    X, y = table(60)
    asked = []

    class Counted(ShuffleSplit):
        def split(self, *args, **kwargs):
            asked.append(1)
            return super().split(*args, **kwargs)

    search = SymmetrySearchCV(quick(), {"strengths": [0.0, 0.0]}, cv=Counted(2, test_size=0.3))
    scores = search.fit(X, y).cv_results_["mean_test_score"]
    assert scores[0] == pytest.approx(scores[1], rel=1e-9)
    assert len(asked) == 1


def test_classes(batches):
    X, y = table(60)
    labels = np.where(y > np.median(y), "far", "near")
    model = SoftEquivariantClassifier(
        (KEPT,), rep_in="2*vector", strengths=1.0, hidden_layer_sizes=(16,), max_iter=3
    ).set_params(random_state=0)
    grid = {"strengths": [0.0, 1.0], "class_weight": [None, "balanced"]}
    search = assert_same_search(model, grid, X, labels, cv=3, scoring="neg_log_loss")
    assert batches == [12]
    assert is_classifier(search) and list(search.classes_) == ["far", "near"]
    assert search.predict_proba(X).shape == (60, 2)


# ------------------------------------------------------------------ scores and refits


def test_several_scores():
    X, y = table(60)
    scoring = {"mse": "neg_mean_squared_error", "r2": "r2"}
    search = assert_same_search(
        quick(), {"strengths": [0.0, 1.0]}, X, y, cv=2, scoring=scoring, refit="r2"
    )
    assert "rank_test_mse" in search.cv_results_
    search = assert_same_search(
        quick(), {"strengths": [0.0, 1.0]}, X, y, cv=2, scoring=scoring, refit=False
    )
    assert not hasattr(search, "best_estimator_") and not hasattr(search, "predict")


def test_a_rule_of_the_user_chooses():
    seen = {}

    def second(results):
        seen.update(results)
        return 1

    search = SymmetrySearchCV(quick(), {"random_state": range(3)}, cv=2, refit=second)
    search.fit(*table(60))
    assert search.best_index_ == 1 and search.best_params_ == {"random_state": 1}
    assert search.refit is second and not hasattr(search, "best_score_")
    np.testing.assert_array_equal(seen["mean_fit_time"], search.cv_results_["mean_fit_time"])


def test_a_score_that_reads_the_report():
    def kept(estimator, X, y):
        return float(estimator.symmetry_report().strength[KEPT])

    search = SymmetrySearchCV(quick(), {"strengths": [0.5, 2.0]}, scoring=kept, cv=2)
    assert list(search.fit(*table(60)).cv_results_["mean_test_score"]) == [0.5, 2.0]


def test_what_is_left_is_an_ordinary_search():
    X, y = table(60)
    model = quick()
    cv = ShuffleSplit(2, random_state=0)
    search = SymmetrySearchCV(model, {"strengths": [0.0, 1.0]}, cv=cv).fit(X, y)
    assert search.estimator is model and search.cv is cv and not hasattr(model, "net_")
    assert not {"fit", "__sklearn_clone__"} & set(vars(search.best_estimator_))
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict(X), search.predict(X))
    again = clone(search).set_params(cv=2, estimator__max_iter=1).fit(X, y)
    assert again.best_estimator_.n_iter_ == 1
    assert is_regressor(search)


# ------------------------------------------------------------------ groups and weights


def test_groups_choose_the_folds_and_weights_are_fitted():
    X, y = table(60)
    params = {"groups": np.arange(60) % 6, "sample_weight": np.linspace(0.1, 2.0, 60)}
    assert_same_search(quick(), {"strengths": [0.0, 1.0]}, X, y, params, cv=GroupKFold(3))


def test_routed_groups_and_weights(batches):
    X, y = table(60)
    with config_context(enable_metadata_routing=True):
        model = quick(early_stopping=True).set_fit_request(groups=True, sample_weight="heed")
        params = {"groups": np.arange(60) % 12, "heed": np.linspace(0.1, 2.0, 60)}
        assert_same_search(model, {"strengths": [0.0, 1.0]}, X, y, params, cv=GroupKFold(3))
    assert batches == [6]


# ------------------------------------------------------------------ what fails, what cannot be


class Fails(Callback):
    """Ends a fit with an error."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_begin(self, net, **_):
        if len(net.history) == self.epoch:
            raise RuntimeError("no further")


@pytest.mark.parametrize(
    ("failing", "message"),
    [
        ({"strengths": [{"no such": 1.0}]}, "strengths must name every candidate"),
        ({"alpha": [-1.0]}, "'alpha' parameter"),
        ({"callbacks": [[Fails(1)]]}, "no further"),
    ],
)
def test_one_that_fails_takes_no_other_along(failing, message):
    grid = [{"random_state": [0, 1]}, failing]
    X, y = table(60)
    found = []
    for kind in (GridSearchCV, SymmetrySearchCV):
        search = kind(quick(), grid, cv=2, error_score=-7.0)
        with pytest.warns(FitFailedWarning, match=message):
            found.append(search.fit(X, y).cv_results_["mean_test_score"])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-6)
    assert found[1][2] == -7.0 and (found[1][:2] > -7.0).all()
    with pytest.raises((ValueError, RuntimeError), match=message):
        SymmetrySearchCV(quick(), grid, cv=2, error_score="raise").fit(X, y)


def test_errors_of_the_search_itself():
    X, y = table(60)
    with pytest.raises(ValueError, match="n_together"):
        SymmetrySearchCV(quick(), {"alpha": [0.1]}, n_together=0).fit(X, y)
    with pytest.raises(ValueError, match="Invalid parameter 'colour'"):
        SymmetrySearchCV(quick(), {"colour": [1]}).fit(X, y)
    search = SymmetrySearchCV(quick(), {"alpha": [-1.0]}, cv=2)
    with pytest.raises(ValueError, match="All the 2 fits failed"):
        search.fit(X, y)
    assert search.cv == 2 and type(search.estimator).fit is type(quick()).fit
    assert "fit" not in vars(search.estimator)


def test_others_are_fitted_one_by_one(batches):
    X, y = table(60)
    ridge = SoftEquivariantRidge((KEPT,), rep_in="2*vector")
    assert_same_search(ridge, {"strengths": [0.0, np.inf]}, X, y, cv=2)
    pipeline = make_pipeline(FunctionTransformer(), quick())
    grid = {"softequivariantregressor__strengths": [0.0, 1.0]}
    assert_same_search(pipeline, grid, X, y, cv=2)
    sampled = SampledEquivariantRegressor(
        (KEPT,), rep_in="2*vector", hidden_layer_sizes=(8,), max_iter=2, random_state=0
    )
    assert_same_search(sampled, {"strengths": [0.0, 1.0]}, X, y, cv=2)
    assert batches == []


def test_a_sampled_penalty_of_classes_counts(batches):
    X, y = table(60)
    model = SoftEquivariantClassifier((KEPT,), rep_in="2*vector", network="plain", batch_size=16)
    model.set_params(penalty="sampled", hidden_layer_sizes=(8,), max_iter=3, random_state=0)
    grid = {"strengths": [0.0, 100.0]}
    search = assert_same_search(model, grid, X, y > 0, cv=2, scoring="neg_log_loss")
    assert batches == []
    free, pulled = search.cv_results_["mean_test_score"]
    assert free != pulled


def test_those_with_a_checkpoint_are_fitted_one_by_one(batches, tmp_path):
    kept = [Checkpoint(tmp_path / "fit")]
    grid = [{"alpha": [0.0, 0.1]}, {"callbacks": [kept], "alpha": [0.2, 0.3]}]  # no ties
    assert_same_search(quick(), grid, *table(60), cv=2)
    assert batches == [4]


class Interrupt(Callback):
    """An interrupt in the second epoch."""

    def on_batch_begin(self, net, **_):
        if len(net.history) == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("n_together", [1, 16])
def test_an_interrupt_ends_the_search(n_together):
    model, grid = quick(callbacks=[Interrupt()]), {"alpha": [0.0, 0.1]}
    search = SymmetrySearchCV(model, grid, cv=2, n_together=n_together)
    with pytest.raises(KeyboardInterrupt):
        search.fit(*table(60))
    assert search.cv == 2 and not hasattr(search, "cv_results_")


# ------------------------------------------------------------------ scikit-learn's checks


@parametrize_with_checks(
    [
        SymmetrySearchCV(
            SoftEquivariantRegressor(hidden_layer_sizes=(8,), max_iter=10, random_state=0),
            {"strengths": [0.0, 1.0]},
            cv=2,
            error_score="raise",
            n_together=2,
        )
    ]
)
@pytest.mark.filterwarnings("ignore:y is constant")
def test_scikit_learn_checks(estimator, check):
    check(estimator)
