"""What a fit makes small: squares, or distances."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error

from sksofteq import (
    EquivariantRegressor,
    MixedResidualPathwayRegressor,
    ResidualPathwayRegressor,
    SampledEquivariantRegressor,
    SoftEquivariantRegressor,
)
from sksofteq.estimators import fit_together

VIEW = {"symmetries": ("O(2)",), "rep_in": "3*vector", "rep_out": "vector"}
SMALL = {"hidden_layer_sizes": (16,), "max_iter": 40, "random_state": 0}
NETWORKS = [
    SoftEquivariantRegressor,
    EquivariantRegressor,
    ResidualPathwayRegressor,
    MixedResidualPathwayRegressor,
    SampledEquivariantRegressor,
]


def table(n=300, share=0.1, seed=0):
    """A vector that turns with three others; some rows to fit are far off, none to test."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((2 * n, 6))
    y = X[:, :2] - 0.5 * X[:, 2:4] + 0.3 * X[:, 4:]
    spoilt = y[:n].copy()
    spoilt[rng.rand(n) < share] += 30.0 * rng.rand(2)
    return X[:n], spoilt, X[n:], y[n:]


def error(model, **fit) -> float:
    X, y, X_test, y_test = table()
    return mean_absolute_error(y_test, model.fit(X, y, **fit).predict(X_test))


@pytest.mark.parametrize("network", ["auto", "typed", "plain"])
def test_distances_heed_rows_that_are_far_off_less(network):
    settings = {**VIEW, **SMALL, "network": network}
    squares = error(SoftEquivariantRegressor(**settings))
    assert error(SoftEquivariantRegressor(**settings, loss="distance")) < 0.3 * squares


@pytest.mark.parametrize("estimator", NETWORKS)
def test_every_network_has_the_choice(estimator):
    settings = VIEW | SMALL
    squares = error(estimator(**settings, loss="squared_error"))
    assert error(estimator(**settings, loss="distance")) < 0.6 * squares


def test_curves_and_early_stopping_are_of_the_loss():
    X, y, _, _ = table(share=0.0)
    y = y + 0.5 * np.random.RandomState(1).standard_normal(y.shape)
    settings = {**VIEW, **SMALL, "early_stopping": True, "tol": 0.5, "loss": "distance"}
    model = SoftEquivariantRegressor(**settings, network="plain").fit(X, y)
    predicted, scale = model.predict(X), np.sqrt(((y - y.mean(axis=0)) ** 2).mean())
    distances = np.sqrt(((predicted - y) ** 2).mean(axis=1)) / scale
    assert distances.mean() == pytest.approx(model.loss_curve_.validation.min(), rel=0.5)


def test_weights_count_distances():
    _, y, _, _ = table()
    weight = (np.linalg.norm(y - y.mean(axis=0), axis=1) < 10.0).astype(float)
    assert error(EquivariantRegressor(**VIEW, **SMALL, loss="distance"), sample_weight=weight) < (
        error(EquivariantRegressor(**VIEW, **SMALL, loss="distance"))
    )


def test_those_fitted_together_make_the_same_small():
    X, y, X_test, _ = table()
    settings = {**VIEW, **SMALL, "strengths": 1.0, "loss": "distance"}
    alone = SoftEquivariantRegressor(**settings).fit(X, y)
    together = fit_together([SoftEquivariantRegressor(**settings) for _ in range(2)], X, y)
    np.testing.assert_allclose(together[0].predict(X_test), alone.predict(X_test), atol=1e-3)
    other = SoftEquivariantRegressor(**settings).set_params(loss="squared_error")
    with pytest.raises(ValueError, match="must agree on loss"):
        fit_together([SoftEquivariantRegressor(**settings), other], X, y)
