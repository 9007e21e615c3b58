"""What is not equivariant in the maps between two features, as a sparse matrix."""

from __future__ import annotations

import math

import numpy as np
from scipy.sparse import coo_array, csr_array, eye_array, kron

from sksofteq.groups import MatrixGroup
from sksofteq.linear._limits import MAX_ENTRIES, too_many_entries
from sksofteq.reps import Representation, TensorType
from sksofteq.subspace import DenseSubspace, OrbitSubspace, map_subspace

#: Entries of a projector below this are rounding; left in, they would couple what is apart.
ROUNDING = 1e-12


def pair_complement(
    group: MatrixGroup,
    rep_out: Representation,
    type_out: TensorType,
    rep_in: Representation,
    type_in: TensorType,
) -> csr_array | None:
    """Return C_G = I - P_G on the maps between two features, None if all are equivariant.

    A group acts on some axes of the maps; along the others the projector is the identity.

    Parameters
    ----------
    group : MatrixGroup
    rep_out, rep_in : Representation
        Where the dimensions of spaces are known.
    type_out, type_in : TensorType

    Returns
    -------
    complement : csr_array of shape (d_out * d_in, d_out * d_in) or None
        Over vec(W), row-major over (out, in); indices sorted.

    Raises
    ------
    TooLargeError
        If it has more than `MAX_ENTRIES` entries.
    """
    pair = map_subspace(group, type_out, type_in)
    if pair.subspace is None:
        return None
    shape = rep_out.type_shape(type_out) + rep_in.type_shape(type_in)
    others = [i for i in range(len(shape)) if i not in pair.positions]
    rest = math.prod(shape[i] for i in others)
    if rest * _count_entries(pair.subspace) > MAX_ENTRIES:
        raise too_many_entries(group, type_out, type_in)
    small = without_rounding(eye_array(pair.subspace.dim) - _projector(pair.subspace))
    if not small.nnz:
        return None
    full = kron(small, eye_array(rest)).tocoo()
    total = math.prod(shape)
    order = np.arange(total).reshape(shape).transpose([*pair.positions, *others]).ravel()
    placed = coo_array((full.data, (order[full.row], order[full.col])), shape=(total, total))
    complement = placed.tocsr()
    complement.sort_indices()
    return complement


def without_rounding(matrix: csr_array) -> csr_array:
    """The matrix, entries at the level of rounding removed."""
    pruned = matrix.tocsr()
    pruned.data[np.abs(pruned.data) < ROUNDING] = 0.0
    pruned.eliminate_zeros()
    return pruned


def _count_entries(subspace: DenseSubspace | OrbitSubspace) -> int:
    """Most entries that its projector can have."""
    if isinstance(subspace, DenseSubspace):
        return subspace.dim**2
    return int((np.bincount(subspace.labels[subspace.labels >= 0]) ** 2).sum())


def _projector(subspace: DenseSubspace | OrbitSubspace) -> csr_array:
    if isinstance(subspace, DenseSubspace):
        return csr_array(subspace.basis @ subspace.basis.T)
    alive = np.flatnonzero(subspace.labels >= 0)
    labels = subspace.labels[alive]
    sizes = np.bincount(labels, minlength=subspace.rank)
    entries = subspace.signs[alive] / np.sqrt(sizes[labels])
    basis = coo_array((entries, (alive, labels)), shape=(subspace.dim, subspace.rank)).tocsr()
    return basis @ basis.T
