"""The prior precision L of the weights: blocks so small that its inverse costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array

from sksofteq.linear._blocks import EqualBlocks, common_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Prior:
    """L = sum_j s_j K_j + diag(fixed), with its log determinant and traces.

    Parameters
    ----------
    penalties : sequence of coo_array of shape (n, n)
        The K_j, positive semidefinite.
    fixed : ndarray of shape (n,)
        Precision that no strength changes.
    """

    def __init__(self, penalties: Sequence[coo_array], fixed: NDArray) -> None:
        size, (rows,) = len(fixed), np.nonzero(fixed)
        constant = coo_array((fixed[rows], (rows, rows)), shape=(size, size))
        self.n_penalties = len(penalties)
        self.blocks = list(common_blocks([*penalties, constant], size))

    def logdet(self, strengths: NDArray) -> float:
        """Return log det L."""
        return float(
            sum(
                blocks.counts @ np.linalg.slogdet(_precision(blocks, strengths))[1]
                for blocks in self.blocks
            )
        )

    def traces(self, strengths: NDArray) -> NDArray:
        """Return tr(L^-1 K_j) of every penalty, shape (n_penalties,)."""
        traces = np.zeros(self.n_penalties)
        for blocks in self.blocks:
            inverse = np.linalg.inv(_precision(blocks, strengths))
            each = np.einsum("nab,njab->nj", inverse, blocks.values[:, :-1])
            traces += blocks.counts @ each
        return traces


def _precision(blocks: EqualBlocks, strengths: NDArray) -> NDArray:
    return np.einsum("j,njab->nab", np.r_[strengths, 1.0], blocks.values)
