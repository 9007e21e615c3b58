"""The common subspace of hard candidates: the kernel of the sum of their complements."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array, csr_array, eye_array

from sksofteq.linear._blocks import common_blocks

#: Eigenvalues of a sum of projectors below this are zero.
KERNEL_TOLERANCE = 1e-10


def common_basis(complements: Sequence[coo_array], size: int) -> csr_array:
    """Return a sparse orthonormal basis of the weights that every candidate leaves alone.

    Parameters
    ----------
    complements : sequence of coo_array of shape (size, size)
        C_G of each hard candidate; none of them makes the identity.
    size : int

    Returns
    -------
    basis : csr_array of shape (size, rank)
    """
    if not complements:
        return eye_array(size, format="csr")
    rows, columns, values, rank = [], [], [], 0
    for blocks in common_blocks(complements, size):
        kernels = [_kernel(total) for total in blocks.values.sum(axis=1)]
        for entries, which in zip(blocks.entries, blocks.which, strict=True):
            kernel = kernels[which]
            rows.append(np.repeat(entries, kernel.shape[1]))
            columns.append(np.tile(rank + np.arange(kernel.shape[1]), len(entries)))
            values.append(kernel.ravel())
            rank += kernel.shape[1]
    place = (np.concatenate(rows), np.concatenate(columns))
    return coo_array((np.concatenate(values), place), shape=(size, rank)).tocsr()


def _kernel(matrix: np.ndarray) -> np.ndarray:
    """Orthonormal basis of the kernel of a positive semidefinite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors[:, values < KERNEL_TOLERANCE]
