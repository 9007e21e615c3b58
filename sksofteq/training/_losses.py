"""Losses of rows: what a network is fitted to make small on average."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from sksofteq.training._batches import Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Added to squares before their root is taken, whose slope would be infinite at 0.
SMALLEST = 1e-12


class MeanSquare(nn.Module):
    """Weighted mean over rows of the mean squared error over outputs.

    Axes of outputs before those of rows and outputs are kept.
    """

    #: Whether outputs of the layers are logits.
    of_logits = False

    def forward(self, output: Tensor, rows: Rows) -> Tensor:
        """The mean over the last but one axis; 0 without weight."""
        return weighted_mean(self.of_rows(rows.factor * output, rows.target), rows.weight)

    @staticmethod
    def of_rows(output: Tensor, target: Tensor) -> Tensor:
        """The loss of every row."""
        return (output - target).square().mean(dim=-1)

    @classmethod
    def of_predictions(cls, predicted: NDArray, y: NDArray, scale: NDArray) -> NDArray:
        """The loss of every row of predictions in raw units, y standardised by the scale."""
        return cls.of_rows(*(torch.from_numpy(v / scale) for v in (predicted, y))).numpy()


class MeanDistance(MeanSquare):
    """Weighted mean over rows of the root mean square over outputs.

    It is the distance between prediction and target, over the square root of the number of
    outputs; of one output the absolute error. Groups that act orthogonally on the outputs leave it
    alone, as they do the square.
    """

    @staticmethod
    def of_rows(output: Tensor, target: Tensor) -> Tensor:
        """The loss of every row."""
        return (MeanSquare.of_rows(output, target) + SMALLEST).sqrt()


class LogLoss(MeanSquare):
    """Weighted mean over rows of minus the logarithm of the probability of the class.

    Targets are 1 for the class and 0 for others; outputs are logits, predictions probabilities.
    """

    of_logits = True

    @staticmethod
    def of_rows(output: Tensor, target: Tensor) -> Tensor:
        """The loss of every row."""
        return -(target * output.log_softmax(dim=-1)).sum(dim=-1)

    @classmethod
    def of_predictions(cls, predicted: NDArray, y: NDArray, scale: NDArray) -> NDArray:
        """The loss of every row of probabilities."""
        logits = torch.from_numpy(predicted).clamp_min(SMALLEST).log()
        return cls.of_rows(logits, torch.from_numpy(y)).numpy()


#: By the names that a user gives.
LOSSES: dict[str, type[MeanSquare]] = {"squared_error": MeanSquare, "distance": MeanDistance}
#: All there are.
ALL_LOSSES = LOSSES | {"log_loss": LogLoss}


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Mean over the last axis; 0 without weight."""
    return (values * weight).sum(dim=-1) / weight.sum(dim=-1).clamp_min(1e-30)
