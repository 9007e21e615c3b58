"""A linear layer of several pathways, as in residual pathway priors (arXiv 2112.01388)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from sksofteq.nn._linear import SoftEquivariantLinear
from sksofteq.reps import Representation

#: Size of the residual pathway at the start, relative to the others, as in the authors' code.
RESIDUAL_START = 1e-3


class PathwayLinear(nn.Module):
    """A linear layer whose weights are a sum: equivariant pathways and a free, residual one.

    The layer does not keep a pathway inside its subspace: a `PathwayPenalty` does.

    Parameters
    ----------
    rep_in, rep_out : Representation
        Input and output features, with known dimensions.
    bias : bool, default=True
        Whether there is a bias.
    n_pathways : int, default=1
        Number of equivariant pathways.

    Attributes
    ----------
    residual : SoftEquivariantLinear
        The free pathway, which starts small.
    pathways : ModuleList of SoftEquivariantLinear
        The others.
    """

    def __init__(
        self,
        rep_in: Representation,
        rep_out: Representation,
        bias: bool = True,
        n_pathways: int = 1,
    ) -> None:
        super().__init__()
        self.rep_in, self.rep_out = rep_in, rep_out
        self.residual = SoftEquivariantLinear(rep_in, rep_out, bias)
        self.pathways = nn.ModuleList(
            SoftEquivariantLinear(rep_in, rep_out, bias) for _ in range(n_pathways)
        )
        with torch.no_grad():
            self.residual.weight *= RESIDUAL_START
            for pathway in self.pathways:  # together they have the variance of one
                pathway.weight /= math.sqrt(n_pathways)

    def start_at_(self, weight: Tensor, bias: Tensor | None = None) -> None:
        """Share an equivariant weight, shape (dim_out, dim_in), and bias among the pathways."""
        share = 1.0 / len(self.pathways)
        for pathway in self.pathways:
            pathway.start_at_(share * weight, None if bias is None else share * bias)

    def dense(self) -> tuple[Tensor, Tensor | None]:
        """Weight (dim_out, dim_in) and bias (dim_out,) as they act."""
        parts = [self.residual, *self.pathways]
        weight = sum(part.weight for part in parts)
        return weight, None if self.residual.bias is None else sum(part.bias for part in parts)

    def forward(self, x: Tensor) -> Tensor:  # (n, dim_in) -> (n, dim_out)
        """Apply the layer."""
        return nn.functional.linear(x, *self.dense())

    def extra_repr(self) -> str:
        """What print shows."""
        return f"{self.rep_in} -> {self.rep_out}"
