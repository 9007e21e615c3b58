"""Orthonormal bases of equivariant vectors and maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sksofteq.groups import MatrixGroup
from sksofteq.reps import Representation, TensorType, space_title
from sksofteq.subspace._invariants import check_entries
from sksofteq.subspace._types import map_subspace

if TYPE_CHECKING:
    from numpy.typing import NDArray


def equivariant_basis(
    group: MatrixGroup, rep_in: Representation, rep_out: Representation | None = None
) -> NDArray:
    """Return an orthonormal basis of the equivariant vectors or linear maps of a group.

    With one representation: the vectors v with rho(g) v = v for all g. With two: the matrices W
    with rho_out(g) W = W rho_in(g), as vec(W) row-major over (dim_out, dim_in); on generators
    drho_out(A) W - W drho_in(A) = 0 and rho_out(h) W rho_in(h)^-1 = W (arXiv 2104.09459).

    Parameters
    ----------
    group : MatrixGroup
        The group. Scaling is taken by its action on tensors here, whether or not an estimator
        would use its frame; translations leave vectors alone and allow no invariant point.
    rep_in : Representation
        The representation, or that of the maps' input.
    rep_out : Representation, default=None
        The representation of the maps' output.

    Returns
    -------
    basis : ndarray of shape (dim, n_invariants), float64
        (dim, 0) when there are no invariants.

    Raises
    ------
    ValueError
        If the group acts on a space of another dimension, or the problem is too large.

    Examples
    --------
    >>> from sksofteq.groups import SO
    >>> from sksofteq.reps import T, Vector
    >>> from sksofteq.subspace import equivariant_basis
    >>> equivariant_basis(SO(3), T(3)).shape          # the Levi-Civita symbol
    (27, 1)
    >>> equivariant_basis(SO(3), Vector, Vector).shape  # multiples of the identity
    (9, 1)
    """
    if rep_out is None:
        rep_in, rep_out = Representation([(1, TensorType())]), rep_in
    rep_in, rep_out = bind_to_group(rep_in, group), bind_to_group(rep_out, group)
    tensor_group = group.without_frame()
    pairs = [
        (out, into, _pair_basis(tensor_group, rep_out, out[2], rep_in, into[2]))
        for out in rep_out.blocks
        for into in rep_in.blocks
    ]
    size = rep_out.dim * rep_in.dim
    rank = sum(out[1] * into[1] * basis.shape[1] for out, into, basis in pairs)
    check_entries(size, max(rank, 1), group)
    entries = np.arange(size).reshape(rep_out.dim, rep_in.dim)
    result = np.zeros((size, rank))
    start = 0
    for (rows, count_out, type_out), (columns, count_in, type_in), basis in pairs:
        block = entries[rows, columns].reshape(
            count_out, rep_out.type_dim(type_out), count_in, rep_in.type_dim(type_in)
        )
        for i in range(count_out):
            for j in range(count_in):
                result[block[i, :, j].ravel(), start : start + basis.shape[1]] = basis
                start += basis.shape[1]
    return result


def bind_to_group(rep: Representation, group: MatrixGroup) -> Representation:
    """The representation with the dimensions of the group's spaces, checked against its own."""
    for name, dim in group.spaces.items():
        known = rep.dims.get(name or "", dim)
        if known != dim:
            raise ValueError(
                f"{group} acts on R^{dim}, but {space_title(name)} of the representation "
                f"{str(rep)!r} has dimension {known}."
            )
    return rep.bind({name or "": dim for name, dim in group.spaces.items()})


def _pair_basis(
    group: MatrixGroup,
    rep_out: Representation,
    type_out: TensorType,
    rep_in: Representation,
    type_in: TensorType,
) -> NDArray:
    shape = rep_out.type_shape(type_out) + rep_in.type_shape(type_in)
    moved = {name or "" for name, basis in group.translations.items() if basis.shape[1]}
    if any(axis.point and axis.space in moved for axis in type_out.axes + type_in.axes):
        return np.zeros((int(np.prod(shape, dtype=int)), 0))
    return map_subspace(group, type_out, type_in).dense(shape)
