"""An estimator with a compiled core is trained, copied, pickled and trained on as any other."""

import copy
import pickle

import numpy as np
import pytest
import torch

from sksofteq import SoftEquivariantRegressor

X = np.random.RandomState(0).standard_normal((40, 6))
Y = (X[:, :3] ** 2).sum(axis=1)


def regressor(**parameters) -> SoftEquivariantRegressor:
    settings = {"hidden_layer_sizes": (16,), "max_iter": 3, "strengths": 1.0, "random_state": 0}
    return SoftEquivariantRegressor(
        ("SO(3)",), rep_in="2*vector", compile=True, **(settings | parameters)
    )


@pytest.fixture(autouse=True)
def calls(monkeypatch):
    """Numbers of rows that compiled functions have been given; nothing is really compiled."""
    seen = []

    def compiled(function, **settings):
        def counted(x):
            seen.append(len(x))
            return function(x)

        return counted

    monkeypatch.setattr(torch, "compile", compiled)
    return seen


def test_training_and_predictions_are_compiled(calls):
    model = regressor(batch_size=25).fit(X, Y)
    assert calls[:6] == [25, 15] * 3
    calls.clear()
    predicted = model.predict(X)
    assert calls == [40]
    plain = regressor(batch_size=25).set_params(compile=False).fit(X, Y)
    np.testing.assert_array_equal(plain.predict(X), predicted)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
def test_copies_predict_the_same(copied):
    model = regressor().fit(X, Y)
    np.testing.assert_array_equal(copied(model).predict(X), model.predict(X))


def test_early_stopping_restores_weights():
    model = regressor(early_stopping=True, n_iter_no_change=1, max_iter=30, tol=0.5).fit(X, Y)
    assert model.n_iter_ < 30


@pytest.mark.parametrize("restored", [False, True])
def test_training_goes_on_compiled(restored, calls):
    model = regressor(warm_start=True).fit(X, Y)
    if restored:
        model = pickle.loads(pickle.dumps(model))
    calls.clear()
    model.fit(X, Y)
    assert calls[:3] == [40, 40, 40]
    calls.clear()
    model.partial_fit(X, Y)
    assert calls[0] == 40


def test_a_plain_estimator_goes_on_where_a_compiled_one_stopped(calls):
    model = regressor(warm_start=True).fit(X, Y).set_params(compile=False)
    calls.clear()
    model.fit(X, Y)
    assert calls == []
