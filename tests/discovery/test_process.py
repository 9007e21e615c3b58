"""Predictions that leave a row out are those of a process that never saw it."""

from __future__ import annotations

import numpy as np
import pytest

from sksofteq.discovery import LeftOutProcess
from sksofteq.discovery._process import KERNELS, squared_distances


def rows(n=40, seed=0, noise=0.1):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, 3))
    y = np.column_stack([np.sin(X[:, 0]) + X[:, 1], np.linalg.norm(X, axis=1)])
    return X, y + noise * rng.standard_normal(y.shape)


def dense(process, X, y, Z):
    """Prediction and variance of a process with the same kernel, seen rows (X, y)."""
    kernel = KERNELS[process.kernel]
    K = kernel(squared_distances(X, X) / process.length**2) + process.noise * np.eye(len(X))
    k = kernel(squared_distances(Z, X) / process.length**2)
    return k @ np.linalg.solve(K, y), 1 - np.einsum("ij,ij->i", k, np.linalg.solve(K, k.T).T)


@pytest.mark.parametrize("moved", [False, True])
def test_every_row_is_predicted_without_itself(moved):
    X, y = rows()
    process = LeftOutProcess(X, y)
    Z = X[:, ::-1] * 1.1 if moved else X
    np.testing.assert_allclose(
        process.variances()[3],
        dense(process, np.delete(X, 3, 0), np.delete(y, 3, 0), X[3:4])[1] + process.noise,
        atol=1e-6,
    )
    predicted, spread = process.left_out_at(Z), process.spread_at(Z, np.arange(40))
    for i in range(40):
        others = np.arange(40) != i
        value, variance = dense(process, X[others], y[others], Z[i : i + 1])
        np.testing.assert_allclose(predicted[i], value[0], atol=1e-6)
        assert spread[i] == pytest.approx(variance[0], abs=1e-6)


def test_rows_that_belong_together_are_left_out_together():
    X, y = rows()
    together = np.arange(40) // 5
    process = LeftOutProcess(X, y, together)
    predicted = process.left_out_at(2 * X)
    for value in range(8):
        left = together != value
        expected, _ = dense(process, X[left], y[left], 2 * X[~left])
        np.testing.assert_allclose(predicted[~left], expected, atol=1e-6)


def test_kernel_and_noise_are_those_of_the_data():
    rng = np.random.RandomState(0)
    X = rng.uniform(-3, 3, (500, 1))
    smooth = np.sin(X) + 0.3 * rng.standard_normal(X.shape)
    process = LeftOutProcess(X, smooth)
    error = process.left_out_at(X) - np.sin(X)
    assert np.sqrt(np.mean(error**2)) < 0.06
    rough = LeftOutProcess(X, np.abs(np.sin(5 * X)))
    assert rough.length < process.length
    assert rough.noise < process.noise


@pytest.mark.parametrize("n", [2, 3, 5])
def test_few_rows_and_equal_rows(n):
    X = np.ones((n, 2))
    process = LeftOutProcess(X, np.arange(n, dtype=float)[:, None])
    assert np.isfinite(process.left_out_at(X)).all()


@pytest.mark.parametrize("grouped", [False, True])
def test_the_order_of_the_rows_does_not_matter(grouped):
    rng = np.random.RandomState(0)
    X = rng.standard_normal((500, 3))
    y = np.linalg.norm(X, axis=1)[:, None]
    groups = np.repeat(np.arange(5), 100) if grouped else None
    order = np.argsort(X[:, 0]) if groups is None else rng.permutation(500)
    sorted_process = LeftOutProcess(X, y, groups)
    other = LeftOutProcess(X[order], y[order], None if groups is None else groups[order])
    errors = [
        np.mean((process.left_out_at(process.inputs) - process.targets) ** 2)
        for process in (sorted_process, other)
    ]
    assert errors[0] == pytest.approx(errors[1], rel=0.3)
