"""A linear map in place of a network, where pilots find that it predicts best."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from estimators_kit import KEPT, equal, regressor, state
from sklearn.base import clone

from sksofteq import SoftEquivariantRidge
from sksofteq.estimators import fit_together

SETTINGS = {
    "rep_in": "8*vector",
    "rep_out": "vector",
    "hidden_layer_sizes": (64,),
    "max_iter": 100,
    "learning_rate_init": 0.03,
}


def linear_rows(n=80, noise=1.0, seed=1):
    """Eight vectors in, two of which count, one out; turns and mirrors in the x-y plane hold."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, 24))
    y = X[:, :3] - 2.0 * X[:, 3:6] * np.array([1.0, 1.0, 0.5])
    return X, y + noise * rng.standard_normal(y.shape)


@pytest.fixture(scope="module")
def fitted():
    return regressor((KEPT,), **SETTINGS).fit(*linear_rows())


def test_pilots_choose_it_where_all_is_linear(fitted):
    assert fitted.pilots_.query("chosen").network.tolist() == ["linear"]
    assert len(fitted.net_.module_.core.blocks) == 0
    assert fitted.n_iter_ == 1
    assert fitted.symmetry_report().verdict[KEPT] == "holds"


def test_it_is_linear_and_predicts(fitted):
    X, y = linear_rows(500, noise=0.0, seed=9)
    predicted = fitted.predict(X)
    middle = fitted.predict(0.5 * (X[:250] + X[250:]))
    np.testing.assert_allclose(middle, 0.5 * (predicted[:250] + predicted[250:]), atol=1e-6)
    assert np.mean((predicted - y) ** 2) < 0.05 * y.var()


def test_it_is_a_ridge_with_the_same_strength(fitted):
    """In the units of the ridge, whose loss is a sum over rows and outputs."""
    X, y = linear_rows()
    strength = fitted.regularizer_strengths_[KEPT] * len(X) * y.shape[1] / 2
    ridge = SoftEquivariantRidge((KEPT,), rep_in="8*vector", rep_out="vector", strengths=strength)
    np.testing.assert_allclose(fitted.predict(X), ridge.fit(X, y).predict(X), atol=0.02 * y.std())


def test_it_is_kept_and_copied_like_any_other(fitted):
    X = linear_rows(20)[0]
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.predict(X), fitted.predict(X))
    again = regressor((KEPT,), **SETTINGS).fit(*linear_rows())
    assert equal(state(again), state(fitted))


def test_a_warm_start_solves_for_the_rows_at_hand():
    X, y = linear_rows()
    model = regressor((KEPT,), warm_start=True, **SETTINGS).fit(X, y)
    model.fit(X, -y)
    assert len(model.net_.module_.core.blocks) == 0
    assert np.mean((model.predict(X) + y) ** 2) < 0.4 * y.var()


def test_a_chunk_trains_it():
    X, y = linear_rows()
    model = regressor((KEPT,), **SETTINGS).fit(X, y)
    before = model.predict(X)
    model.partial_fit(X, y + 5.0)
    assert len(model.net_.module_.core.blocks) == 0
    assert model.predict(X).mean() > before.mean()


def test_it_is_fitted_beside_others():
    X, y = linear_rows()
    alike = [regressor((KEPT,), **SETTINGS | {"random_state": seed}) for seed in (0, 1)]
    together = fit_together([clone(model) for model in alike], X, y)
    for alone, model in zip(alike, together, strict=True):
        np.testing.assert_allclose(model.predict(X), alone.fit(X, y).predict(X), rtol=1e-6)


def test_what_is_not_linear_is_not_left_to_it():
    X = np.random.RandomState(0).standard_normal((300, 3))
    y = X * (X[:, :1] ** 2 + X[:, 1:2] ** 2)
    few = {"rep_in": "vector", "batch_size": 50}
    model = regressor((KEPT,), **SETTINGS | few).fit(X, y)
    assert model.pilots_.query("chosen").network.tolist() != ["linear"]
