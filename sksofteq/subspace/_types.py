"""From pairs of feature types to the small invariant problem that a group poses on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.groups import MatrixGroup
from sksofteq.reps import TensorType
from sksofteq.subspace._invariants import (
    DenseSubspace,
    InvariantSubspace,
    TensorAxis,
    check_entries,
    invariant_subspace,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class MapSubspace:
    """Equivariant maps between two feature types, on the axes that the group acts on.

    Parameters
    ----------
    positions : tuple of int
        The axes, among those of (type_out, type_in), that the group acts on.
    subspace : DenseSubspace or OrbitSubspace or None
        The equivariant subspace over these axes, None for all of it.
    """

    positions: tuple[int, ...]
    subspace: InvariantSubspace | None

    def dense(self, shape: tuple[int, ...]) -> NDArray:
        """Orthonormal basis over all axes of (type_out, type_in), shape (dim, rank)."""
        total = int(np.prod(shape, dtype=int))
        others = [i for i in range(len(shape)) if i not in self.positions]
        rest = int(np.prod([shape[i] for i in others], dtype=int))
        check_entries(total, rest * (self.subspace.rank if self.subspace is not None else 1))
        if self.subspace is None:
            return np.eye(total)
        small = self.subspace.dense()
        full = np.kron(small, np.eye(rest))  # acted axes first, then the others
        order = np.arange(total).reshape(shape).transpose([*self.positions, *others]).ravel()
        basis = np.empty_like(full)
        basis[order] = full
        return basis


def map_axes(type_out: TensorType, type_in: TensorType) -> tuple[TensorAxis, ...]:
    """Axes of the maps between two types, vec row-major over (out, in)."""
    outer = tuple((axis.space, axis.dual) for axis in type_out.axes)
    inner = tuple((axis.space, not axis.dual) for axis in type_in.axes)
    return outer + inner


def map_subspace(group: MatrixGroup, type_out: TensorType, type_in: TensorType) -> MapSubspace:
    """Return the equivariant maps from `type_in` to `type_out`, frames included.

    The tags of a frame count: a candidate that translates or scales allows no weight to read
    the corresponding extra input; its linear part acts on everything else.
    """
    zeroed = _zeroed_directions(group, type_in)
    linear = group.linear_part()
    axes = map_axes(type_out, type_in)
    acted = {name or "" for name in linear.actions} if not linear.is_trivial else set()
    positions = tuple(i for i, (space, _) in enumerate(axes) if space in acted)
    if zeroed is not None:
        return _frame_subspace(linear, axes, type_out, type_in, zeroed)
    if not positions:
        return MapSubspace((), None)
    relevant = _only_spaces(linear, {axes[i][0] for i in positions})
    if linear.is_orthogonal:  # lower indices turn as upper ones do: maps of one total rank share
        axes = tuple((space, False) for space, _ in axes)
    return MapSubspace(positions, invariant_subspace(relevant, tuple(axes[i] for i in positions)))


def _zeroed_directions(group: MatrixGroup, type_in: TensorType) -> NDArray | None:
    """Directions of a frame's extra input that the group forbids to read, (d, k), or None."""
    if not type_in.frame:
        return None
    kind, space = type_in.frame.split(":")
    if kind == "log scale":
        scaled = group.scales_frame and space in {name or "" for name in group.spaces}
        return np.ones((1, 1)) if scaled else None
    directions = {name or "": basis for name, basis in group.translations.items()}.get(space)
    return directions if directions is not None and directions.shape[1] else None


def _frame_subspace(
    linear: MatrixGroup,
    axes: tuple[TensorAxis, ...],
    type_out: TensorType,
    type_in: TensorType,
    zeroed: NDArray,
) -> MapSubspace:
    """Maps from a frame's extra input that read none of the zeroed directions."""
    sizes = {name or "": dim for name, dim in linear.spaces.items()}
    acted = [i for i, (space, _) in enumerate(axes) if space in sizes]
    size_in = zeroed.shape[0]
    if zeroed.shape[1] == size_in:  # nothing may be read at all
        dim = int(np.prod([sizes[axes[i][0]] for i in acted], dtype=int))
        return MapSubspace(tuple(acted), DenseSubspace(np.zeros((dim, 0))))
    base = invariant_subspace(linear, tuple(axes[i] for i in acted)).dense()
    read = base.reshape(-1, size_in, base.shape[1])
    forbidden = np.einsum("oir,ik->okr", read, zeroed).reshape(-1, base.shape[1])
    _, values, right = np.linalg.svd(forbidden, full_matrices=True)
    values = np.r_[values, np.zeros(len(right) - len(values))]
    return MapSubspace(tuple(acted), DenseSubspace(base @ right[values < 1e-9].T))


def _only_spaces(group: MatrixGroup, spaces: set[str]) -> MatrixGroup:
    """The group's action on some of its spaces (an axis-free space sees nothing of it)."""
    if {name or "" for name in group.actions} <= spaces:
        return group
    return group.restricted_to(spaces)


def intersect_subspaces(bases: Sequence[NDArray]) -> NDArray:
    """Return an orthonormal basis of the intersection of subspaces given by theirs.

    Parameters
    ----------
    bases : sequence of ndarray of shape (dim, rank)
        At least one.
    """
    common = bases[0]
    for basis in bases[1:]:
        outside = common - basis @ (basis.T @ common)
        _, values, right = np.linalg.svd(outside, full_matrices=False)
        values = np.r_[values, np.zeros(len(right) - len(values))]
        common = common @ right[values < 1e-8].T
    return common
