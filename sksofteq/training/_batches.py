"""Rows kept in memory and batches cut from them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Rows:
    """Rows ready for the core of a network.

    The prediction for a row is ``factor * core(inputs)``, compared with `target`, both in units
    of the standardised y.

    Parameters
    ----------
    inputs : Tensor of shape (n, dim_in)
    target : Tensor of shape (n, dim_out)
    factor : Tensor of shape (n or 1, dim_out)
    weight : Tensor of shape (n,)
        Sample weights.
    """

    inputs: Tensor
    target: Tensor
    factor: Tensor
    weight: Tensor

    def __len__(self) -> int:
        return len(self.inputs)

    def replace(self, other: Rows) -> None:
        """Take over the contents of other rows."""
        self.inputs, self.target = other.inputs, other.target
        self.factor, self.weight = other.factor, other.weight

    def spread(self, number: int) -> Tensor:
        """About so many of the rows that have weight, or up to twice as many, evenly spread."""
        seen = torch.nonzero(self.weight > 0).squeeze(1)
        return seen[:: max(1, len(seen) // number)]

    def take(self, index: Tensor) -> Rows:
        """The chosen rows."""
        factor = self.factor if len(self.factor) == 1 else self.factor[index]
        return Rows(self.inputs[index], self.target[index], factor, self.weight[index])


class TensorBatches:
    """Iterates over rows in batches, shuffled anew in every epoch.

    Parameters
    ----------
    rows : Rows
    batch_size : int
    generator : torch.Generator, default=None
        Shuffles; None keeps the order.
    """

    def __init__(
        self, rows: Rows, batch_size: int, generator: torch.Generator | None = None
    ) -> None:
        self.rows, self.batch_size, self.generator = rows, batch_size, generator

    def __len__(self) -> int:
        return math.ceil(len(self.rows) / self.batch_size)

    def __iter__(self) -> Iterator[Rows]:
        n = len(self.rows)
        if self.generator is None or n <= self.batch_size:
            if n <= self.batch_size:
                yield self.rows
                return
            order = torch.arange(n)
        else:
            order = torch.randperm(n, generator=self.generator)
        order = order.to(self.rows.inputs.device)
        for start in range(0, n, self.batch_size):
            yield self.rows.take(order[start : start + self.batch_size])
