"""Means and scales that break no symmetry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.groups import MatrixGroup
from sksofteq.reps import Representation, TensorType
from sksofteq.subspace import intersect_subspaces, map_subspace

if TYPE_CHECKING:
    from numpy.typing import NDArray


def mean_and_scale(
    X: NDArray,
    rep: Representation,
    groups: Sequence[MatrixGroup],
    sample_weight: NDArray | None = None,
    shared: Sequence[Sequence[slice]] = (),
    scaling: str = "tensor",
) -> tuple[NDArray, NDArray]:
    """Return the invariant mean and the scales, as long as the columns.

    Parameters
    ----------
    X : ndarray of shape (n_samples, rep.dim)
    rep : Representation
    groups : sequence of MatrixGroup
    sample_weight : ndarray of shape (n_samples,), default=None
    shared : sequence of sequences of slice, default=()
        Columns that share one number, such as the points of one space.
    scaling : {"tensor", "isotropic", "per axis"}, default="tensor"
        What is divided by one number: a tensor, all tensors of one type, or one entry of all
        tensors of one type. Scalars have numbers of their own, whatever it is.
    """
    X = np.asarray(X, dtype=np.float64)
    average = np.average(X, axis=0, weights=sample_weight)
    mean = np.zeros_like(average)
    for columns, count, kind in rep.blocks:
        shape = rep.type_shape(kind)
        copies = average[columns].reshape(count, -1)
        mean[columns] = _invariant_part(copies, kind, shape, groups).ravel()
    squares = np.average((X - mean) ** 2, axis=0, weights=sample_weight)
    scale = np.sqrt(_mean_squares(squares, rep, scaling))
    if scaling != "per axis":
        for columns in shared:
            together = np.r_[tuple(columns)]
            scale[together] = np.sqrt(squares[together].mean())
    # A column that is constant up to rounding is not blown up.
    tiny = scale <= 1e-12 * np.maximum(1e-300, np.abs(average))
    return mean, np.where(tiny | (scale == 0), 1.0, scale)


def shared_scales(rep: Representation, groups: Sequence[MatrixGroup]) -> list[list[slice]]:
    """Columns of points, by space that a group translates: they share one number.

    Parameters
    ----------
    rep : Representation
        With known dimensions.
    groups : sequence of MatrixGroup
    """
    translated = sorted({s or "" for g in groups for s in g.translations})
    found = [rep.point_columns(s) for s in translated]
    return [columns for columns in found if columns]


def _mean_squares(squares: NDArray, rep: Representation, scaling: str) -> NDArray:
    """Squares averaged over all that is divided by one number, for every column."""
    averaged = np.ones_like(squares)
    grouped, order = rep.grouped()
    for columns, count, kind in grouped.blocks:
        copies = squares[order[columns]].reshape(count, -1)
        axis = {"tensor": 1, "isotropic": None, "per axis": 0}[scaling] if kind.rank else 1
        means = np.broadcast_to(copies.mean(axis=axis, keepdims=True), copies.shape)
        averaged[order[columns]] = means.ravel()
    return averaged


def _invariant_part(
    vectors: NDArray, kind: TensorType, shape: tuple[int, ...], groups: Sequence[MatrixGroup]
) -> NDArray:
    """Project rows onto the vectors of a type that all candidates leave alone."""
    pairs = [map_subspace(group.linear_part(), kind, TensorType()) for group in groups]
    bases = [pair.dense(shape) for pair in pairs if pair.subspace is not None]
    if not bases:
        return vectors
    common = intersect_subspaces(bases)
    return (vectors @ common) @ common.T
