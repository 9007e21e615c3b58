"""All weight blocks between two feature types, stacked, and what the candidates do to them.

A block is a tensor with one axis per axis of the two types. Axes of one space are merged into a
*mode*; a candidate that acts on one space acts on one mode, so the combined penalty
M = sum_G strength_G C_G is a sum of Kronecker terms and never dense: each mode is diagonalised on
the span of its few equivariant maps, everything else shares one eigenvalue. Candidates that act
on several spaces at once share no eigenbasis with the others; then an iteration solves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from sksofteq._blocks._actions import Action, make_action
from sksofteq._blocks._modes import ModeFactor, factor_modes, renewed, solve_modes
from sksofteq.groups import MatrixGroup
from sksofteq.reps import TensorType
from sksofteq.subspace import map_axes, map_subspace

#: Iterations stop at this residual, in units of rounding.
_ROUNDING_UNITS = 8.0
_MAX_ITERATIONS = 200


class PairBlocks:
    """Stacked blocks of one pair of types.

    Parameters
    ----------
    type_out, type_in : TensorType
        The pair.
    shapes : (tuple of int, tuple of int)
        Shape of one feature of either type.
    blocks : list of (int, ndarray of shape (n_blocks, dim))
        By layer number, where in the flat parameter vector the entries are.
    groups : sequence of MatrixGroup
        The candidates.
    """

    def __init__(
        self,
        type_out: TensorType,
        type_in: TensorType,
        shapes: tuple[tuple[int, ...], tuple[int, ...]],
        blocks: list[tuple[int, np.ndarray]],
        groups: Sequence[MatrixGroup],
    ) -> None:
        axes, shape = map_axes(type_out, type_in), shapes[0] + shapes[1]
        spaces = list(dict.fromkeys(space for space, _ in axes))
        positions = [[i for i, (s, _) in enumerate(axes) if s == space] for space in spaces]
        self.dims = tuple(math.prod(shape[i] for i in p) for p in positions)
        index = np.concatenate([entries for _, entries in blocks])
        self.n_blocks = len(index)
        tensor = index.reshape(-1, *shape).transpose(0, *(1 + i for p in positions for i in p))
        self.index = torch.as_tensor(np.ascontiguousarray(tensor.reshape(-1, *self.dims)))
        self.layer = torch.as_tensor(
            np.concatenate([np.full(len(entries), number) for number, entries in blocks])
        )
        self.actions = [
            make_action(map_subspace(group, type_out, type_in), axes, shape, spaces)
            for group in groups
        ]
        self._pulls: list[ModeFactor] = []
        self._joint: list[tuple[float, Action]] = []
        self._hard: list[Action] = []
        self._constant = 0.0
        self._factors: list[ModeFactor] | None = []
        self._dead = False

    @property
    def is_touched(self) -> bool:
        """Whether any candidate constrains these blocks."""
        return any(action.kind != "identity" for action in self.actions)

    @property
    def iterates(self) -> bool:
        """Whether an iteration solves, which reads numbers to know when it is done."""
        return self._factors is None and not self._dead

    def to(self, reference: Tensor) -> PairBlocks:
        """Move to the device and dtype of a tensor."""
        self.index, self.layer = self.index.to(reference.device), self.layer.to(reference.device)
        self.actions = [action.to(reference) for action in self.actions]
        self._reference = reference.detach()
        self._base = reference.new_zeros(())
        return self

    def degrees_of_freedom(self) -> np.ndarray:
        """Rank of C_G over all blocks, by candidate."""
        size = self.n_blocks * math.prod(self.dims)
        return np.array([size * (1 - action.fraction) for action in self.actions])

    # ------------------------------------------------------------------ reading and writing

    def read(self, flat: Tensor) -> Tensor:
        """The blocks, shape (n_blocks, *modes)."""
        return flat[self.index]

    def write(self, flat: Tensor, w: Tensor) -> None:
        """Put blocks back into the flat parameter vector, in place."""
        flat[self.index] = w

    # ------------------------------------------------------------------ the penalty

    def penalties(self, flat: Tensor, n_layers: int) -> Tensor:
        """1/2 |C_G w|^2, shape (n_layers, n_groups)."""
        w = self.read(flat)
        table = []
        for action in self.actions:
            if action.kind == "identity":
                table.append(w.new_zeros(n_layers))
                continue
            rows = (
                0.5 * (w - action.project(w)).square().flatten(1).sum(dim=1)
                if w.dim() > 1
                else (0.5 * (w - action.project(w)).square())
            )
            table.append(w.new_zeros(n_layers).index_add(0, self.layer, rows))
        return torch.stack(table, dim=1)

    def gradient(self, w: Tensor) -> Tensor:
        """M w."""
        return self._base * w + self._pull(w)

    def _pull(self, w: Tensor, limit: float = math.inf) -> Tensor:
        """M w less its constant part, with strengths of at most `limit`."""
        total = torch.zeros_like(w)
        for factor in self._pulls:
            total = total + factor.apply(w, limit)
        for strength, action in self._joint:
            total = total + min(strength, limit) * (w - action.project(w))
        return total

    def factor(self, strengths: Sequence[float]) -> bool:
        """Fix the strengths and decompose M; whether steps read the same memory as before."""
        before = self._dead, self._factors, self._pulls
        self._decompose(strengths)
        after = self._dead, self._factors, self._pulls
        return all(new is old for new, old in zip(after, before, strict=True))

    def _decompose(self, strengths: Sequence[float]) -> None:
        acting = [
            (strength, action)
            for strength, action in zip(strengths, self.actions, strict=True)
            if strength > 0 and action.kind != "identity"
        ]
        self._dead = any(math.isinf(s) and a.kind == "zero" for s, a in acting)
        self._constant = sum(s for s, a in acting if a.kind == "zero" and not math.isinf(s))
        self._hard = [a for s, a in acting if math.isinf(s) and a.kind != "zero"]
        soft = [(s, a) for s, a in acting if not math.isinf(s) and a.kind != "zero"]
        self._joint = [(s, a) for s, a in soft if a.kind == "joint"]
        in_modes = [(s, a) for s, a in soft if a.kind == "mode"]
        self._base.fill_(self._constant)  # where recorded steps read it
        self._pulls = renewed(self._pulls, factor_modes(in_modes, [], self._reference))
        if any(a.kind == "joint" for _, a in acting):
            self._factors = None
        elif self._hard:
            hard = factor_modes(in_modes, self._hard, self._reference)
            self._factors = renewed(self._factors or [], hard)
        else:
            self._factors = self._pulls

    def proximal(self, w: Tensor, step_size: float) -> Tensor:
        """(I + step_size M)^-1 w, hard candidates projected."""
        if self._dead:
            return torch.zeros_like(w)
        if self._factors is None:
            return self._iterate(w, step_size)
        return solve_modes(w, self._factors, self._base.view((1,) * w.dim()), step_size)

    def _iterate(self, w: Tensor, step_size: float) -> Tensor:
        """Solve (I + step_size P M P) x = P w within the hard candidates' common subspace P."""
        eps = torch.finfo(w.dtype).eps
        shrink = 1 / (1 + step_size * self._constant)
        step_size = step_size * shrink
        # Beyond this, rounding costs the kept maps more than the others still have to lose.
        limit = 1 / (step_size * math.sqrt(eps)) if step_size else math.inf

        def apply(x: Tensor) -> Tensor:
            return x + step_size * self._project_hard(self._pull(x, limit))

        x = shrink * self._project_hard(w)
        if not (self._pulls or self._joint):
            return x
        return _conjugate_residuals(apply, x, x - apply(x), _ROUNDING_UNITS * eps * x.norm())

    def _project_hard(self, w: Tensor) -> Tensor:
        """Onto the hard candidates' common subspace: w less the part that their sum of C reaches.

        Alternating projections would need hundreds of rounds where two subspaces nearly touch.
        """
        if len(self._hard) < 2:
            return self._hard[0].project(w) if self._hard else w

        def outside(x: Tensor) -> Tensor:
            return sum(x - action.project(x) for action in self._hard)

        for _ in range(2):  # the second round removes what rounding left of the first
            goal = torch.finfo(w.dtype).eps * w.norm()
            w = w - _conjugate_residuals(outside, torch.zeros_like(w), outside(w), goal)
        return w


def _conjugate_residuals(
    apply: Callable[[Tensor], Tensor], x: Tensor, residual: Tensor, goal: Tensor
) -> Tensor:
    """Solve apply(y) = apply(x) + residual from the start x, to a residual of norm `goal`.

    `apply` is symmetric and at least semidefinite. Where it is singular, conjugate gradients
    would divide rounding errors in its kernel by no curvature at all; these steps do not see them.
    """
    image = apply(residual)
    direction, ahead = residual, image
    product = (residual * image).sum()
    for _ in range(_MAX_ITERATIONS):
        curvature = ahead.square().sum()
        far = torch.minimum(product, residual.square().sum()) > goal**2
        # One question, as a GPU waits for each; no curvature is underflow: what is left is nothing
        if not far & (curvature > 0):
            break
        length = product / curvature
        x = x + length * direction
        residual = residual - length * ahead
        image = apply(residual)
        previous, product = product, (residual * image).sum()
        direction = residual + (product / previous) * direction
        ahead = image + (product / previous) * ahead
    return x
