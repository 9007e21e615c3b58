"""The combined penalty of candidates that act on one space each: factored once, solved often.

M = sum_G strength_G C_G is a sum of Kronecker terms, one factor per mode (the axes of one space).
Each mode is diagonalised on the span of its few equivariant maps; everything else shares one
eigenvalue.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sksofteq._blocks._actions import Action
from sksofteq.subspace import intersect_subspaces

#: Eigenvalues of M below this fraction of the total strength are rounding, however strong it is.
_ZERO_FRACTION = 1e-13


@dataclass
class ModeFactor:
    """Eigen-decomposition of one mode's part of M: M v_k = s_k v_k, `rest` on the complement."""

    mode: int
    vectors: Tensor
    values: Tensor
    rest: Tensor | None  # a number; None where a hard candidate kills the complement

    def apply(self, w: Tensor, limit: float) -> Tensor:
        """This part of M times w, with eigenvalues of at most `limit`."""
        moved, rest = w.movedim(self.mode, -1), self.rest.clamp_max(limit)
        inside = (moved @ self.vectors) * (self.values.clamp_max(limit) - rest)
        return (rest * moved + inside @ self.vectors.T).movedim(-1, self.mode)

    def is_like(self, other: ModeFactor) -> bool:
        """Whether another one takes the same room."""
        sides = (self, other)
        first, second = ((f.mode, f.vectors.shape, f.rest is None) for f in sides)
        return first == second

    def replace(self, other: ModeFactor) -> None:
        """Take over another one's numbers, in the same memory."""
        self.vectors.copy_(other.vectors)
        self.values.copy_(other.values)
        if self.rest is not None:
            self.rest.copy_(other.rest)


def renewed(old: list[ModeFactor], new: list[ModeFactor]) -> list[ModeFactor]:
    """New factors in the memory of old ones, if they take the same room, or as they are."""
    if len(old) != len(new) or not all(map(ModeFactor.is_like, old, new)):
        return new
    for factor, other in zip(old, new, strict=True):
        factor.replace(other)
    return old


def factor_modes(
    soft: list[tuple[float, Action]], hard: list[Action], reference: Tensor
) -> list[ModeFactor]:
    """One factor for every mode that a candidate acts on."""
    modes = sorted({action.modes[0] for action in [*(a for _, a in soft), *hard]})
    return [
        _factor_mode(
            mode,
            [(s, a) for s, a in soft if a.modes[0] == mode],
            [a for a in hard if a.modes[0] == mode],
            reference,
        )
        for mode in modes
    ]


def _factor_mode(
    mode: int,
    soft: list[tuple[float, Action]],
    hard: list[Action],
    reference: Tensor,
) -> ModeFactor:
    """Diagonalise one mode's M on the span of the equivariant maps, in float64."""
    bases = [(s, a.exact) for s, a in soft]
    total = sum(s for s, _ in bases)
    nothing = np.zeros((len(bases[0][1] if bases else hard[0].exact), 0))
    stacked = np.hstack([nothing, *(math.sqrt(s) * b for s, b in bases)])
    if hard:
        span = intersect_subspaces([a.exact for a in hard])
    elif stacked.shape[1] < len(stacked):
        left, sizes, _ = np.linalg.svd(stacked / math.sqrt(total), full_matrices=False)
        span = left[:, sizes > 1e-10]
    else:
        span = None  # all of the space
    overlap = stacked if span is None else span.T @ stacked
    matrix = total * np.eye(len(overlap)) - overlap @ overlap.T
    values, vectors = np.linalg.eigh(matrix)
    values[values < _ZERO_FRACTION * total] = 0.0
    return ModeFactor(
        mode,
        torch.as_tensor(vectors if span is None else span @ vectors).to(reference),
        torch.as_tensor(values).to(reference),
        None if hard else reference.new_tensor(total),
    )


def solve_modes(w: Tensor, factors: list[ModeFactor], base: Tensor, step_size: float) -> Tensor:
    """Divide by 1 + step_size * eigenvalue, mode after mode; `base` sums the modes done."""
    if not factors:
        return w / (1 + step_size * base)
    factor, others = factors[0], factors[1:]
    moved, base = w.movedim(factor.mode, -1), base.movedim(factor.mode, -1)
    inside = moved @ factor.vectors
    if not others:
        kept = 1 / (1 + step_size * (base + factor.values))
        if factor.rest is None:
            solved = (inside * kept) @ factor.vectors.T
        else:
            rest = 1 / (1 + step_size * (base + factor.rest))
            solved = rest * moved + (inside * (kept - rest)) @ factor.vectors.T
        return solved.movedim(-1, factor.mode)
    back = (-1, factor.mode)
    part = solve_modes(
        inside.movedim(*back), others, (base + factor.values).movedim(*back), step_size
    )
    solved = part.movedim(factor.mode, -1) @ factor.vectors.T
    if factor.rest is not None:
        outside = moved - inside @ factor.vectors.T
        rest = solve_modes(
            outside.movedim(*back), others, (base + factor.rest).movedim(*back), step_size
        )
        solved = solved + rest.movedim(factor.mode, -1)
    return solved.movedim(-1, factor.mode)
