"""What one candidate does to the weights between two types: a projector on modes or axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sksofteq.subspace import DenseSubspace, MapSubspace, OrbitSubspace, TensorAxis


@dataclass
class Action:
    """Projector of one candidate: onto nothing, all, a subspace of one mode or of several."""

    kind: str  # "zero", "identity", "mode" or "joint"
    modes: tuple[int, ...] = ()
    basis: Tensor | None = None
    exact: np.ndarray | None = None  # a mode's basis in float64: factoring in float32 would
    # miss intersections and let strong penalties wear down the maps they should leave alone
    labels: Tensor | None = None
    signs: Tensor | None = None
    counts: Tensor | None = None
    fraction: float = 1.0  # rank of the projector over the dimension

    def to(self, reference: Tensor) -> Action:
        for name in ("basis", "signs", "counts"):
            value = getattr(self, name)
            if value is not None:
                setattr(self, name, value.to(reference))
        if self.labels is not None:
            self.labels = self.labels.to(reference.device)
        return self

    def project(self, w: Tensor) -> Tensor:
        if self.kind == "identity":
            return w
        if self.kind == "zero":
            return torch.zeros_like(w)
        ends = tuple(range(-len(self.modes), 0))
        moved = w.movedim(self.modes, ends)
        flat = moved.reshape(*moved.shape[: -len(self.modes)], -1)
        return self._project_flat(flat).reshape(moved.shape).movedim(ends, self.modes)

    def _project_flat(self, flat: Tensor) -> Tensor:
        if self.basis is not None:
            return (flat @ self.basis) @ self.basis.T
        # labels of vanishing entries point at a spare last orbit and have sign 0
        sums = flat.new_zeros(*flat.shape[:-1], len(self.counts))
        sums.index_add_(-1, self.labels, flat * self.signs)
        return (sums / self.counts)[..., self.labels] * self.signs


def make_action(
    pair: MapSubspace,
    axes: Sequence[TensorAxis],
    shape: Sequence[int],
    spaces: Sequence[str],
) -> Action:
    """Translate a subspace over axes into an action on modes, the spaces in order."""
    subspace = pair.subspace
    if subspace is None or subspace.rank == subspace.dim:
        return Action("identity")
    fraction = subspace.rank / subspace.dim
    if subspace.rank == 0:
        return Action("zero", fraction=0.0)
    modes = sorted({spaces.index(axes[i][0]) for i in pair.positions})
    merged = [i for m in modes for i in pair.positions if axes[i][0] == spaces[m]]
    kind = "mode" if len(modes) == 1 else "joint"
    action = Action(kind, tuple(1 + m for m in modes), fraction=fraction)
    # entries of the subspace in the order of merged modes, lest every projection reorder weights
    where = np.arange(subspace.dim).reshape([shape[i] for i in pair.positions])
    order = where.transpose([pair.positions.index(i) for i in merged]).ravel()
    if kind == "mode" or isinstance(subspace, DenseSubspace):
        action.exact = subspace.dense()[order]
        action.basis = torch.tensor(action.exact)
    else:
        _set_orbits(action, subspace, order)
    return action


def _set_orbits(action: Action, subspace: OrbitSubspace, order: np.ndarray) -> None:
    labels = np.where(subspace.labels < 0, subspace.rank, subspace.labels)[order]
    counts = np.maximum(np.bincount(labels, minlength=subspace.rank + 1), 1)
    action.labels = torch.tensor(labels)
    action.signs = torch.tensor(subspace.signs[order])
    action.counts = torch.as_tensor(counts.astype(np.float64))
