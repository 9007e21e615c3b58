"""The priors of residual pathways (RPP, arXiv 2112.01388)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from sksofteq.groups import MatrixGroup
from sksofteq.nn import PathwayLinear, SoftEquivariantLinear
from sksofteq.penalties._projection import ProjectionPenalty


class PathwayPenalty:
    """Keeps the pathways of `PathwayLinear` layers equivariant, and the residual one small.

    Parameters
    ----------
    module : torch.nn.Module
        A network with `PathwayLinear` layers anywhere in its tree.
    groups : mapping of str to MatrixGroup
        The candidates, by label.
    pathways : sequence of sequences of str
        By pathway, the candidates to which it is equivariant.
    decay : float, default=0.0
        Prior precision of the residual pathway beside that of all weights: its weights shrink by
        1 / (1 + step_size * decay) in a step.

    Attributes
    ----------
    labels : tuple of str
        The candidates' labels, in order.
    """

    def __init__(
        self,
        module: nn.Module,
        groups: Mapping[str, MatrixGroup],
        pathways: Sequence[Sequence[str]],
        decay: float = 0.0,
    ) -> None:
        self.labels, self.decay = tuple(groups), decay
        self._layers = [m for m in module.modules() if isinstance(m, PathwayLinear)]
        self._residuals = [p for layer in self._layers for p in layer.residual.parameters()]
        self._pathways = []
        for number, labels in enumerate(pathways):
            parts = nn.ModuleList(layer.pathways[number] for layer in self._layers)
            penalty = ProjectionPenalty(parts, {label: groups[label] for label in labels})
            penalty.set_strengths(dict.fromkeys(labels, math.inf))
            self._pathways.append(penalty)
        sums = nn.ModuleList(_twin(layer) for layer in self._layers)
        self._sums, self._measure = sums, ProjectionPenalty(sums, groups)

    def start_inside_(self) -> None:
        """Bring the pathways into their subspaces, initial variance restored."""
        for pathway in self._pathways:
            pathway.start_inside_()
            pathway.project_()

    # ------------------------------------------------------------------ a penalty

    @property
    def strengths(self) -> dict[str, float]:
        """The strengths that were set last, by label; for the record, they move nothing."""
        return self._measure.strengths

    @property
    def n_layouts(self) -> int:
        """How often the pathways' projectors have come to lie elsewhere in memory."""
        return sum(pathway.n_layouts for pathway in self._pathways)

    @property
    def reads(self) -> bool:
        """Whether a proximal step reads numbers, for which a GPU is waited for."""
        return any(pathway.reads for pathway in self._pathways)

    def set_strengths(self, strengths: Mapping[str, float]) -> None:
        """Record what the two priors amount to."""
        self._measure.set_strengths(strengths)

    def values(self) -> Tensor:
        """R_G of the summed weights of every candidate, shape (n_groups,)."""
        self._add_up()
        return self._measure.values()

    def relative_residuals(self) -> np.ndarray:
        """sum |C_G W|^2 / sum |W|^2 of the summed weights, shape (n_groups,)."""
        self._add_up()
        return self._measure.relative_residuals()

    def proximal_step_(self, step_size: float) -> None:
        """Shrink the residual pathway, project the others."""
        with torch.no_grad():
            for parameter in self._residuals:
                parameter /= 1 + step_size * self.decay
        for pathway in self._pathways:
            pathway.proximal_step_(step_size)

    def _add_up(self) -> None:
        with torch.no_grad():
            for layer, twin in zip(self._layers, self._sums, strict=True):
                for parameter, value in zip(twin.parameters(), layer.dense(), strict=False):
                    parameter.copy_(value)


def _twin(layer: PathwayLinear) -> SoftEquivariantLinear:
    """A single layer to hold the sum of all pathways."""
    has_bias = layer.residual.bias is not None
    twin = SoftEquivariantLinear(layer.rep_in, layer.rep_out, has_bias)
    return twin.to(layer.residual.weight)
