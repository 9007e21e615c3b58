"""Losses of rows: what a network is fitted to make small on average."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from torch import Tensor, nn

from sksofteq.training._batches import Rows

Values = TypeVar("Values", Tensor, np.ndarray)
#: Added to squares before their root is taken, whose slope would be infinite at 0.
SMALLEST = 1e-12


class MeanSquare(nn.Module):
    """Weighted mean over rows of the mean squared error over outputs.

    Axes of outputs before those of rows and outputs are kept.
    """

    def forward(self, output: Tensor, rows: Rows) -> Tensor:
        """The mean over the last but one axis; 0 without weight."""
        squares = (rows.factor * output - rows.target).square().mean(dim=-1)
        return weighted_mean(self.of_rows(squares), rows.weight)

    @staticmethod
    def of_rows(squares: Values) -> Values:
        """The loss of every row, from its mean square over outputs."""
        return squares


class MeanDistance(MeanSquare):
    """Weighted mean over rows of the root mean square over outputs.

    It is the distance between prediction and target, over the square root of the number of
    outputs; of one output the absolute error. Groups that act orthogonally on the outputs leave it
    alone, as they do the square.
    """

    @staticmethod
    def of_rows(squares: Values) -> Values:
        """The loss of every row, from its mean square over outputs."""
        return (squares + SMALLEST) ** 0.5


LOSSES: dict[str, type[MeanSquare]] = {"squared_error": MeanSquare, "distance": MeanDistance}


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Mean over the last axis; 0 without weight."""
    return (values * weight).sum(dim=-1) / weight.sum(dim=-1).clamp_min(1e-30)
