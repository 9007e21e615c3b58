"""Output coordinates in which the penalties couple as few outputs as they can.

Orthogonal groups act on a feature through their irreducible parts: the trace of a tensor, its
antisymmetric and its traceless symmetric part. No penalty couples two of them. An equivariant
symmetric map of the feature to itself is a number on every part, so the eigenspaces of a generic
one are the parts (Schur's lemma).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from sksofteq.linear._hard import common_basis

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Eigenvalues of a generic map further apart than this, relative to the largest, differ.
GAP = 1e-6


def irreducible_parts(complements: Sequence[csr_array | None], size: int) -> list[NDArray]:
    """Return orthonormal bases (size, part) of the parts of a feature under orthogonal groups.

    Parameters
    ----------
    complements : sequence of csr_array of shape (size * size, size * size), or None
        C_G on the maps of the feature to itself, for every group.
    size : int
    """
    present = [C.tocoo() for C in complements if C is not None]
    if size == 1 or not present:
        return [np.eye(size)]
    basis = common_basis(present, size * size)
    generic = basis @ np.random.RandomState(0).uniform(0.5, 1.5, basis.shape[1])
    generic = generic.reshape(size, size)
    values, vectors = np.linalg.eigh(generic + generic.T)
    splits = np.flatnonzero(np.diff(values) > GAP * np.abs(values).max()) + 1
    return np.split(vectors, splits, axis=1)
