"""A slow dense reference for the linear problems, and rows to fit."""

from __future__ import annotations

import numpy as np

from sksofteq.linear import Rows, with_bias
from sksofteq.subspace import EquivariantProjector


def make_rows(n, rep_in, rep_out, seed=0, noise=0.3, weighted=False):
    """Rows of a random linear map, centred inputs not needed."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, rep_in.dim))
    W = rng.standard_normal((rep_out.dim, rep_in.dim)) / np.sqrt(rep_in.dim)
    y = X @ W.T + 0.2 + noise * rng.standard_normal((n, rep_out.dim))
    weight = rng.randint(1, 4, n).astype(float) if weighted else np.ones(n)
    return Rows(X, y, np.ones_like(y), weight)


def dense_complement(group, rep_in, rep_out):
    """C_G over vec([W, b]), from the projector on unit matrices."""
    projector = EquivariantProjector(group, with_bias(rep_in), rep_out)
    shape = (rep_out.dim, rep_in.dim + 1)
    units = np.eye(shape[0] * shape[1]).reshape(-1, *shape)
    return np.array([projector.residual(unit).ravel() for unit in units]).T


def dense_prior(rep_in, rep_out, groups, strengths, alpha, tau):
    """L over vec([W, b])."""
    size = rep_out.dim * (rep_in.dim + 1)
    is_bias = np.arange(size) % (rep_in.dim + 1) == rep_in.dim
    L = np.diag(np.where(is_bias, tau, alpha))
    for group, strength in zip(groups, strengths, strict=True):
        L += strength * dense_complement(group, rep_in, rep_out)
    return L


def dense_design(rows):
    """Design over vec([W, b]), rows (sample, output)."""
    X = np.hstack([rows.inputs, np.ones((len(rows.inputs), 1))])
    q = rows.target.shape[1]
    design = np.einsum("no,np,oq->noqp", rows.factor, X, np.eye(q))
    return design.reshape(-1, q * X.shape[1])


def dense_solution(rows, L):
    """The minimiser by least squares on stacked rows, shape (dim_out, dim_in + 1)."""
    root = np.repeat(np.sqrt(rows.weight), rows.target.shape[1])
    values, vectors = np.linalg.eigh(L)
    stacked = np.vstack(
        [root[:, None] * dense_design(rows), (vectors * np.sqrt(np.maximum(values, 0))).T]
    )
    target = np.r_[root * rows.target.ravel(), np.zeros(len(L))]
    found = np.linalg.lstsq(stacked, target, rcond=None)[0]
    return found.reshape(rows.target.shape[1], -1)
