"""Predictions chunk by chunk, and how many rows are measured after a fit."""

import numpy as np
import pandas as pd
import pytest

from sksofteq import SoftEquivariantRegressor
from sksofteq.estimators import _base, _outcome, _rows

QUICK = {"hidden_layer_sizes": (16,), "max_iter": 3, "strengths": 1.0, "random_state": 0}


@pytest.fixture
def data():
    """Two vectors, and one to be predicted."""
    draw = np.random.RandomState(0).standard_normal
    X = draw((60, 6))
    return X, X[:, :3] * X[:, 3:4] + 0.1 * draw((60, 3))


def regressor(**parameters) -> SoftEquivariantRegressor:
    view = {"symmetries": ("SO(3)",), "rep_in": "2*vector", "rep_out": "vector"}
    return SoftEquivariantRegressor(**(view | QUICK | parameters))


def shrink(monkeypatch, size=7) -> None:
    for module in (_base, _rows):
        monkeypatch.setattr(module, "CHUNK", size)


@pytest.mark.parametrize("average", [False, ("SO(3)",)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_chunks_change_nothing(average, dtype, data, monkeypatch):
    model = regressor(average=average).fit(*data)
    X = data[0].astype(dtype)
    whole = model.predict(X)
    shrink(monkeypatch)
    cut = model.predict(X)
    assert cut.dtype == dtype
    np.testing.assert_allclose(cut, whole, rtol=1e-5, atol=1e-6 if dtype == np.float32 else 1e-12)


def test_chunks_in_another_order_of_columns(data, monkeypatch):
    frame = pd.DataFrame(data[0], columns=list("abcdef"))
    target = pd.DataFrame(data[1], columns=list("xyz"))
    model = regressor(
        rep_in={("f", "d", "b"): "vector", ("a", "c", "e"): "vector"},
        rep_out={("z", "x", "y"): "vector"},
    ).fit(frame, target)
    raw = model.net_.module_(_rows._tensor(data[0][:, [5, 3, 1, 0, 2, 4]], model.net_.module_))
    expected = raw.detach().numpy()[:, [1, 2, 0]]
    shrink(monkeypatch)
    np.testing.assert_allclose(model.predict(frame), expected, rtol=1e-10)


def test_chunks_of_one_output(data, monkeypatch):
    shrink(monkeypatch)
    model = regressor(rep_out="scalar").fit(data[0], data[1][:, 0])
    assert model.predict(data[0]).shape == (60,)


def test_no_chunk_is_larger_than_the_limit(data, monkeypatch):
    model = regressor().fit(*data)
    shrink(monkeypatch)
    seen = []
    handle = model.net_.module_.register_forward_pre_hook(
        lambda _, args: seen.append(len(args[0]))
    )
    model.predict(data[0])
    handle.remove()
    assert seen == [7] * 8 + [4]


def test_after_a_chunk_fewer_rows_are_measured_than_after_a_fit(data, monkeypatch):
    measured = []
    error = _outcome.mean_equivariance_error

    def spy(predict, rows, *arguments):
        measured.append(len(rows))
        return error(predict, rows, *arguments)

    monkeypatch.setattr(_outcome, "mean_equivariance_error", spy)
    X, y = (np.tile(part, (4, 1)) for part in data)
    model = regressor().fit(X, y).partial_fit(X, y)
    assert measured == [240, 100]
    assert 0 < model.equivariance_errors_["SO(3)"] < 1
