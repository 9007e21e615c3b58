"""Augmentation and group averages around any regressor."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    parametrize_with_checks,
)
from skorch.callbacks import Callback

from sksofteq import SoftEquivariantRegressor, equivariance_error
from sksofteq.estimators._augmented import AugmentedRegressor
from sksofteq.groups import SO
from sksofteq.metrics import REPORT_COLUMNS
from sksofteq.orbits import sample_elements
from sksofteq.reps import Scalar, parse_rep

QUICK_NETWORK = SoftEquivariantRegressor(hidden_layer_sizes=(32,), max_iter=200)
INSTANCES = [
    AugmentedRegressor(Ridge(), random_state=0),
    AugmentedRegressor(QUICK_NETWORK, average=True, random_state=0),
    AugmentedRegressor(random_state=0),
]


@parametrize_with_checks(INSTANCES)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", INSTANCES[:2], ids=lambda e: type(e.estimator).__name__)
def test_checks_outside_the_battery(estimator):
    check_param_validation("AugmentedRegressor", clone(estimator))
    check_dataframe_column_names_consistency("AugmentedRegressor", clone(estimator))


class Spy(RegressorMixin, BaseEstimator):
    """Keeps what it is fitted on and predicts the mean."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        self.seen_ = X, y, sample_weight
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return np.broadcast_to(self.seen_[1].mean(axis=0), (len(X), *self.seen_[1].shape[1:]))


def table(n=60, seed=0):
    X = np.random.RandomState(seed).standard_normal((n, 6))
    return X, X[:, 0] ** 2 + X[:, 1] ** 2 + X[:, 5]


def augmented(inner, symmetries=("SO(3)",), **parameters):
    return AugmentedRegressor(
        inner, symmetries, **({"rep_in": "2*vector", "random_state": 0} | parameters)
    )


# ------------------------------------------------------------------ copies


@pytest.mark.parametrize("n_copies", [0, 1, 5])
def test_copies_follow_the_rows_as_they_are(n_copies):
    X, y = table()
    kept = X.copy(), y.copy()
    seen_X, seen_y, weight = augmented(Spy(), n_copies=n_copies).fit(X, y).estimator_.seen_
    assert seen_X.shape == (60 * (1 + n_copies), 6)
    np.testing.assert_array_equal(seen_X[:60], X)
    np.testing.assert_array_equal(seen_y, np.tile(y, 1 + n_copies))
    assert weight is None
    copies = seen_X.reshape(-1, 60, 2, 3)
    np.testing.assert_allclose(
        np.linalg.norm(copies, axis=3), np.tile(_norms(X), (n_copies + 1, 1, 1))
    )
    if n_copies:
        moved = np.abs(copies[1:] - copies[0]).max(axis=(2, 3))
        assert moved.min() > 1e-3
    np.testing.assert_array_equal(X, kept[0])
    np.testing.assert_array_equal(y, kept[1])


def _norms(X):
    return np.linalg.norm(X.reshape(1, len(X), 2, 3), axis=3)


def test_many_elements_move_the_rows_of_a_copy():
    X, _ = table(200)
    model = augmented(Spy(), ("SO(2)@x,y",), rep_out="vector", n_copies=1)
    seen_X, seen_y, _ = model.fit(X, X[:, :3]).estimator_.seen_
    np.testing.assert_allclose(seen_y, seen_X[:, :3])  # targets move along
    before, after = (rows[:, 0] + 1j * rows[:, 1] for rows in (X, seen_X[200:]))
    assert len(np.unique(np.round(after / before, 6))) == 32


@pytest.mark.parametrize("n", [2, 5])
def test_fewer_rows_than_elements(n):
    X, y = table(n)
    assert len(augmented(Spy()).fit(X, y).estimator_.seen_[0]) == 9 * n


def test_candidates_act_together():
    X, y = table(200)
    symmetries = ("Reflection(3)", "Reflection(1)@2 in R^3")
    seen = augmented(Spy(), symmetries, n_copies=1).fit(X, y).estimator_.seen_[0]
    signs = np.sign(seen[200:] / X)
    assert {tuple(row) for row in signs[:, :3]} == {
        (a, 1.0, c) for a in (-1.0, 1.0) for c in (-1.0, 1.0)
    }


def test_weights_are_repeated():
    X, y = table()
    weight = np.linspace(0.5, 2.0, 60)
    seen = augmented(Spy(), n_copies=3).fit(X, y, sample_weight=weight).estimator_.seen_[2]
    np.testing.assert_array_equal(seen, np.tile(weight, 4))


def test_other_seeds_move_otherwise():
    X, y = table()
    first, again, other = (
        augmented(Spy(), random_state=seed).fit(X, y).estimator_.seen_[0] for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_an_inner_seed_is_set_only_where_it_is_open():
    X, y = table()
    assert augmented(Spy()).fit(X, y).estimator_.random_state is not None
    assert augmented(Spy(7)).fit(X, y).estimator_.random_state == 7
    trees = make_pipeline(StandardScaler(), ExtraTreesRegressor(5))
    first, again = (augmented(trees).fit(X, y).predict(X) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(
    "inner", [KNeighborsRegressor(), ExtraTreesRegressor(30, random_state=0)], ids=["knn", "trees"]
)
def test_better_than_the_inner_estimator_on_turned_rows(inner):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 6)) * [2, 1, 0.2, 1, 0.5, 2]
    y = np.cross(X[:, :3], X[:, 3:])
    turn = SO(3).sample(1, 3)[0]
    X_test, y_test = (parse_rep(rep).bind(3) for rep in ("2*vector", "vector"))
    X_test, y_test = X_test.transform(X[200:], turn), y_test.transform(y[200:], turn)
    plain = clone(inner).fit(X[:200], y[:200]).score(X_test, y_test)
    model = augmented(inner, rep_out="vector", n_copies=16).fit(X[:200], y[:200])
    assert model.score(X_test, y_test) > plain + 0.1


# ------------------------------------------------------------------ averages


@pytest.mark.parametrize(
    ("symmetries", "n_elements"),
    [
        (("Dihedral(4)@x,y",), 8),
        (("Reflection(3)",), 8),
        (("Permutation(3)",), 6),
        (("Reflection(3)", "Dihedral(4)@x,y", "Reflection(1)@2 in R^3"), 16),
    ],
    ids=lambda value: str(value),
)
@pytest.mark.parametrize("rep_out", ["scalar", "vector", "tensor(2)"])
def test_averages_over_a_finite_group_are_exact(symmetries, n_elements, rep_out):
    X, _ = table()
    y = np.random.RandomState(1).standard_normal((60, parse_rep(rep_out).bind(3).dim)) + X[:, :1]
    y = y[:, 0] if y.shape[1] == 1 else y
    model = augmented(
        KNeighborsRegressor(), symmetries, rep_out=rep_out, average=True, n_elements=n_elements
    )
    model.fit(X, y)
    fresh, _ = table(seed=2)
    at_rest = model.predict(fresh).reshape(60, -1)
    assert at_rest.std(axis=0).min() > 1e-2
    for group in model.groups_.values():
        for element in sample_elements(group, 5, X, model.rep_in_, 0):
            moved = model.predict(model.rep_in_.transform(fresh, element)).reshape(60, -1)
            np.testing.assert_allclose(
                moved, model.rep_out_.transform(at_rest, element), rtol=1e-10, atol=1e-12
            )
    assert model.regularizer_strengths_ == dict.fromkeys(symmetries, np.inf)
    assert max(model.equivariance_errors_.values()) < 1e-12
    model.set_params(n_elements=n_elements - 1 if len(symmetries) > 1 else 1).fit(X, y)
    assert model.regularizer_strengths_ == dict.fromkeys(symmetries, 0.0)
    assert max(model.equivariance_errors_.values()) > 1e-3


def test_averages_over_two_spaces_are_exact():
    X, _ = table()
    model = augmented(
        KNeighborsRegressor(),
        ("Permutation(2) on joint", "Dihedral(3)@x,y on xyz"),
        rep_in="joint*xyz",
        rep_out="joint*xyz",
        spaces={"joint": 2, "xyz": 3},
        average=True,
        n_elements=12,
    )
    assert max(model.fit(X, X**2).equivariance_errors_.values()) < 1e-12
    assert set(model.regularizer_strengths_.values()) == {np.inf}


def test_a_sampled_average_is_less_wrong_with_more_elements():
    X, y = table()
    errors = []
    for n_elements in (2, 16, 128):
        model = augmented(KNeighborsRegressor(), n_copies=0, average=True, n_elements=n_elements)
        errors.append(equivariance_error(model.fit(X, y), X, "SO(3)", "2*vector", random_state=1))
    assert errors[1] < 0.6 * errors[0]
    assert errors[2] < 0.6 * errors[1]
    assert model.regularizer_strengths_ == {"SO(3)": 0.0}


def test_averages_in_chunks(monkeypatch):
    X, y = table()
    model = augmented(Ridge(), average=True).fit(X, y)
    whole = model.predict(X)
    monkeypatch.setattr("sksofteq.estimators._base.CHUNK", 50)
    np.testing.assert_allclose(model.predict(X), whole, rtol=1e-12)


def test_averages_of_translated_points():
    X, _ = table()
    model = augmented(
        KNeighborsRegressor(), ("SE(3)",), rep_in="2*point", rep_out="point", average=True
    )
    assert model.fit(X, X[:, :3]).predict(X).shape == (60, 3)
    assert model.regularizer_strengths_ == {"SE(3)": 0.0}


# ------------------------------------------------------------------ a network inside


class Batches(Callback):
    """Keeps the inputs of the first batch of every epoch."""

    seen: list = []  # noqa: RUF012 - shared with the clone that the fit makes

    def on_batch_begin(self, net, batch=None, **kwargs):
        self.seen.append(batch.inputs.numpy().copy())


@pytest.fixture
def batches():
    Batches.seen.clear()
    yield Batches()
    Batches.seen.clear()


def network(**parameters):
    quick = {"hidden_layer_sizes": (16, "8*scalar"), "max_iter": 4, "batch_size": 60}
    return SoftEquivariantRegressor(**(quick | parameters))


def test_a_network_gets_fresh_elements_in_every_epoch(batches):
    X, y = table()
    model = augmented(network(callbacks=[batches])).fit(X, y)
    seen = np.array(batches.seen)
    assert seen.shape == (4, 60, 6)
    assert np.abs(np.diff(seen, axis=0)).max(axis=(1, 2)).min() > 0.1
    inner = model.estimator_
    assert list(inner.regularizer_strengths_.values()) == [0.0]
    assert inner.augment == ["SO(3)"]
    assert inner.hidden_layer_sizes == [16 * Scalar, parse_rep("8*scalar").bind(3)]
    assert model.estimator.hidden_layer_sizes == (16, "8*scalar")


def test_a_network_without_copies_sees_the_rows_as_they_are(batches):
    X, y = table()
    model = augmented(network(callbacks=[batches]), n_copies=0).fit(X, y)
    seen = np.array(batches.seen)
    np.testing.assert_array_equal(seen[1:], seen[:-1])
    assert model.estimator_.symmetries is None


def test_a_network_with_candidates_of_its_own_gets_copies(batches):
    X, y = table()
    inner = network(
        symmetries=("O(2)@x,y",), rep_in="2*vector", strengths=1.0, callbacks=[batches]
    )
    augmented(inner, n_copies=2).fit(X, y)
    assert sum(map(len, batches.seen)) == 4 * 180


def test_a_network_that_scales_stays_plain():
    X, y = table()
    model = augmented(network(), ("Scaling(3)",)).fit(np.abs(X), y)
    assert model.estimator_.net_.module_.frame.is_trivial


def test_an_augmented_network_learns_the_symmetry():
    X, y = table(100)
    inner = network(max_iter=40, learning_rate_init=0.03)
    errors = [
        augmented(inner, n_copies=n_copies).fit(X, y).equivariance_errors_["SO(3)"]
        for n_copies in (0, 8)
    ]
    assert errors[1] < 0.7 * errors[0]


def test_wrong_widths_of_the_network_are_named():
    with pytest.raises(ValueError, match="hidden_layer_sizes must hold positive integers"):
        augmented(network(hidden_layer_sizes=(0,))).fit(*table())
    with pytest.raises(ValueError, match="'hidden_layer_sizes' parameter"):
        augmented(network(hidden_layer_sizes=16)).fit(*table())


# ------------------------------------------------------------------ attributes and data


def test_attributes_and_report():
    X, y = table()
    model = augmented(Ridge(), {"turns": "SO(3)", "mirror": "Reflection(3)"}).fit(X, y)
    assert model.regularizer_strengths_ == {"turns": 0.0, "mirror": 0.0}
    assert list(model.equivariance_errors_) == list(model.groups_) == ["turns", "mirror"]
    report = model.symmetry_report()
    assert list(report.columns) == REPORT_COLUMNS
    assert report["residual"].isna().all()
    assert report["support"].eq(0.5).all()
    assert report["verdict"].eq("cannot tell").all()
    assert report["reason"].eq("no rows were held out").all()
    assert report["equivariance_error"].to_dict() == model.equivariance_errors_
    report["support"] = 0.0
    assert model.symmetry_report()["support"].eq(0.5).all()


def test_without_candidates_it_is_the_inner_estimator():
    X, y = table()
    model = AugmentedRegressor(Ridge(), average=True).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), Ridge().fit(X, y).predict(X))
    assert model.regularizer_strengths_ == model.equivariance_errors_ == {}
    report = model.symmetry_report()
    assert report.empty
    assert list(report.columns) == REPORT_COLUMNS


def test_works_without_arguments():
    X, y = table(20)
    model = AugmentedRegressor(random_state=0).fit(X, y)
    again = AugmentedRegressor(random_state=0).fit(X, y)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("average", [False, True])
def test_predictions_keep_the_dtype(dtype, average):
    X, y = table()
    X = X.astype(dtype)
    model = augmented(ExtraTreesRegressor(3), average=average).fit(X, y)
    assert model.predict(X).dtype == dtype
    seen = augmented(Spy()).fit(X, y).estimator_.seen_
    assert seen[0].dtype == seen[1].dtype == dtype


def test_columns_by_name_in_any_order():
    X, _ = table()
    names = ["ax", "ay", "az", "bx", "by", "bz"]
    y = pd.DataFrame(X[:, :3] ** 2, columns=list("xyz"))[["z", "x", "y"]]
    frame = pd.DataFrame(X, columns=names)[["bz", "ax", "by", "az", "bx", "ay"]]
    by_name = augmented(
        Ridge(),
        rep_in={("ax", "ay", "az"): "vector", ("bx", "by", "bz"): "vector"},
        rep_out={("x", "y", "z"): "vector"},
        average=True,
    )
    by_name.fit(frame, y)
    by_place = augmented(Ridge(), rep_in="vector + vector", rep_out="vector", average=True)
    by_place.fit(X, X[:, :3] ** 2)
    np.testing.assert_array_equal(by_name.predict(frame), by_place.predict(X)[:, [2, 0, 1]])
    assert list(by_name.feature_names_in_) == list(frame.columns)


def test_a_table_with_one_column_stays_one():
    X, y = table()
    assert augmented(Ridge()).fit(X, pd.DataFrame({"y": y})).predict(X).shape == (60, 1)


# ------------------------------------------------------------------ errors


def test_wrong_inner_estimators_are_refused():
    X, y = table()
    with pytest.raises(ValueError, match="estimator must be a regressor, got LogisticRegression"):
        augmented(LogisticRegression()).fit(X, y)
    with pytest.raises(ValueError, match="'estimator' parameter"):
        augmented("ridge").fit(X, y)
    with pytest.raises(ValueError, match="sample_weight was given, but estimator=KNeighbors"):
        augmented(KNeighborsRegressor()).fit(X, y, sample_weight=np.ones(60))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_copies": -1}, "'n_copies' parameter"),
        ({"n_elements": 0}, "'n_elements' parameter"),
        ({"average": "auto"}, "'average' parameter"),
        ({"rep_in": None}, "needs rep_in"),
        ({"rep_in": "3*vector"}, "rep_in='3.vector' has dimension 9.*6 features"),
        ({"spaces": {"xyz": 0}}, "positive integer"),
    ],
)
def test_wrong_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        augmented(Ridge(), **parameters).fit(*table())


def test_a_fit_that_fails_leaves_the_last_one_usable():
    X, y = table()
    model = augmented(Ridge(), average=True).fit(X, y)
    before = model.predict(X)
    model.set_params(estimator=Ridge(solver="cholesky", positive=True), symmetries=None)
    with pytest.raises(ValueError, match="positive"):
        model.fit(X, y)
    np.testing.assert_array_equal(model.predict(X), before)


# ------------------------------------------------------------------ inside scikit-learn


def test_pickle_and_clone():
    X, y = table()
    model = augmented(Ridge(), average=True).fit(X, y)
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    with pytest.raises(NotFittedError):
        clone(model).predict(X)


def test_grid_search():
    X, y = table()
    grid = {"symmetries": [None, ("SO(3)",), ("O(2)@x,y",)], "estimator__alpha": [0.1, 100.0]}
    search = GridSearchCV(augmented(Ridge()), grid, cv=2, error_score="raise").fit(X, y)
    assert len(set(search.cv_results_["mean_test_score"])) == 6


def test_copies_of_a_row_stay_on_one_side_of_an_inner_split():
    class Spy(Ridge):
        def fit(self, X, y, sample_weight=None, groups=None):
            self.groups_seen_ = groups
            return super().fit(X, y, sample_weight)

    X = np.random.RandomState(0).standard_normal((20, 3))
    model = AugmentedRegressor(Spy(), ("SO(3)",), rep_in="vector", n_copies=2, random_state=0)
    seen = model.fit(X, X[:, 0]).estimator_.groups_seen_
    np.testing.assert_array_equal(seen, np.tile(np.arange(20), 3))
    trials = np.arange(20) // 4
    seen = model.fit(X, X[:, 0], groups=trials).estimator_.groups_seen_
    np.testing.assert_array_equal(seen, np.tile(trials, 3))
