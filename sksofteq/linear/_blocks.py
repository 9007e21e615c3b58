"""Sparse matrices that fall into small blocks: equal blocks are worked on once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class EqualBlocks:
    """Blocks of one size, distinct ones once.

    Parameters
    ----------
    entries : ndarray of int, shape (n_blocks, size)
        Rows (and columns) of the matrices that each block covers.
    values : ndarray of shape (n_distinct, n_matrices, size, size)
    which : ndarray of int, shape (n_blocks,)
        The distinct block that each one equals.
    """

    entries: NDArray
    values: NDArray
    which: NDArray

    @property
    def counts(self) -> NDArray:
        """How often each distinct block occurs, shape (n_distinct,)."""
        return np.bincount(self.which, minlength=len(self.values))


def common_blocks(matrices: Sequence[coo_array], size: int) -> Iterator[EqualBlocks]:
    """Cut symmetric matrices along the connected components of all of them together.

    Parameters
    ----------
    matrices : sequence of coo_array of shape (size, size)
        Without duplicate entries.
    size : int
    """
    rows = np.concatenate([m.row for m in matrices]) if matrices else np.zeros(0, dtype=int)
    columns = np.concatenate([m.col for m in matrices]) if matrices else rows
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1]
    sizes = np.bincount(labels)
    order = np.argsort(labels, kind="stable")
    position = np.empty(size, dtype=int)
    position[order] = np.arange(size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    for width in np.unique(sizes):
        number = np.full(len(sizes), -1)
        number[sizes == width] = np.arange((sizes == width).sum())
        entries = order[number[labels[order]] >= 0].reshape(-1, width)
        values = np.zeros((len(entries), len(matrices), width, width))
        for i, matrix in enumerate(matrices):
            inside = number[labels[matrix.row]] >= 0
            row, column = matrix.row[inside], matrix.col[inside]
            place = (number[labels[row]], i, position[row], position[column])
            values[place] = matrix.data[inside]
        distinct, which = np.unique(values.reshape(len(values), -1), axis=0, return_inverse=True)
        yield EqualBlocks(entries, distinct.reshape(-1, *values.shape[1:]), which.reshape(-1))
