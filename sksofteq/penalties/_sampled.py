"""The sampled penalty: how far predictions at moved inputs are from moved targets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from sksofteq.groups import MatrixGroup
from sksofteq.nn import FramedNetwork
from sksofteq.orbits import Element, sample_elements
from sksofteq.reps import Representation

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Group elements drawn per candidate; every step takes the next one.
N_ELEMENTS = 1024


class SampledPenalty:
    """Mean square of f(rho_in(g) x) - rho_out(g) y over rows, one random g per step.

    In units of the standardised y. Any network has such a penalty; each candidate costs one more
    pass of the batch. With `against="prediction"` moved predictions rho_out(g) f(x) take the
    place of moved targets.

    Parameters
    ----------
    module : FramedNetwork
        A network without a frame, standardised.
    groups : mapping of str to MatrixGroup
        The candidates, by label.
    X : ndarray of shape (n_samples, dim_in)
        Rows in the representation's order; they set the scale of translations.
    against : {"target", "prediction"}, default="target"
    random_state : int, default=0
        Seed of the group elements.
    loss_of_rows : callable, default=None
        What takes the place of the mean square: gets predictions and targets, shape (n, dim_out),
        and returns the loss of every row.

    Attributes
    ----------
    labels : tuple of str
        The candidates' labels, in order.
    """

    def __init__(
        self,
        module: FramedNetwork,
        groups: Mapping[str, MatrixGroup],
        X: NDArray,
        against: str = "target",
        random_state: int = 0,
        loss_of_rows: Callable[[Tensor, Tensor], Tensor] | None = None,
    ) -> None:
        self.labels, self.against = tuple(groups), against
        self._loss_of_rows = loss_of_rows or _mean_square
        rng = np.random.RandomState(random_state)
        self._elements = {
            label: sample_elements(group, N_ELEMENTS, X, module.rep_in, rng)
            for label, group in groups.items()
        }
        self._n_drawn = 0
        self._input = _Side(module.core_in, module.mean_in, module.scale_in)
        self._output = _Side(module.core_out, module.mean_out, module.scale_out)
        self._strengths: dict[str, float] = {}
        self.begin_epoch()

    # ------------------------------------------------------------------ a penalty

    @property
    def strengths(self) -> dict[str, float]:
        """The strengths that were set last, by label."""
        return dict(self._strengths)

    def set_strengths(self, strengths: Mapping[str, float]) -> None:
        """Fix the strengths, which are finite: no sample shows that a network obeys exactly."""
        hard = [label for label in self.labels if math.isinf(strengths[label])]
        if hard:
            raise ValueError(
                f"strengths must be finite where the penalty is sampled, got inf for {hard}."
            )
        self._strengths = {label: float(strengths[label]) for label in self.labels}

    def values(self) -> Tensor:
        """R_G of every candidate, a mean over the steps of the epoch, shape (n_groups,)."""
        return self._sums / max(1, self._n_steps)

    def relative_residuals(self) -> np.ndarray:
        """NaN: weights without types have no equivariant part."""
        return np.full(len(self.labels), np.nan)

    # ------------------------------------------------------------------ steps

    def state_dict(self) -> dict[str, int]:
        """How many elements have been used."""
        return {"n_drawn": self._n_drawn}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on from there."""
        self._n_drawn = state["n_drawn"]

    def begin_epoch(self) -> None:
        """Start the means of an epoch."""
        self._sums = self._input.mean.new_zeros(len(self.labels))
        self._n_steps = 0

    def loss(
        self, core: nn.Module, inputs: Tensor, output: Tensor, target: Tensor, factor: Tensor
    ) -> Tensor:
        """Strength-weighted penalties of each row of a batch, shape (n,); differentiable.

        Parameters
        ----------
        core : Module
        inputs : Tensor of shape (n, dim_in)
        output : Tensor of shape (n, dim_out)
            ``core(inputs)``.
        target : Tensor of shape (n, dim_out)
            In units of the standardised y.
        factor : Tensor of shape (n or 1, dim_out)
            From outputs of the core to these units.
        """
        at_rest = output if self.against == "prediction" else target / factor
        terms = []
        for label in self.labels:
            element = self._elements[label][self._n_drawn % N_ELEMENTS]
            moved = core(self._input.move(inputs, element))
            expected = self._output.move(at_rest, element)
            terms.append(self._loss_of_rows(factor * moved, factor * expected))
        if not terms:
            return output.new_zeros(len(output))
        rows = torch.stack(terms)
        self._n_drawn += 1
        self._sums, self._n_steps = self._sums + rows.detach().mean(dim=1), self._n_steps + 1
        return rows.new_tensor(list(self._strengths.values())) @ rows


def _mean_square(output: Tensor, target: Tensor) -> Tensor:
    return (output - target).square().mean(dim=1)


class _Side:
    """Moves standardised inputs or outputs, columns as the core has them, by group elements."""

    def __init__(self, rep: Representation, mean: Tensor, scale: Tensor) -> None:
        self.rep, self.mean, self.scale = rep, mean, scale

    def move(self, z: Tensor, element: Element) -> Tensor:
        """From (x - mean) / scale to (g x - mean) / scale."""
        rows = np.concatenate([np.eye(self.rep.dim), np.zeros((1, self.rep.dim))])
        moved = torch.as_tensor(self.rep.transform(rows, element)).to(z)
        shift = moved[-1]
        raw = z * self.scale + self.mean
        return (raw @ (moved[:-1] - shift) + shift - self.mean) / self.scale
