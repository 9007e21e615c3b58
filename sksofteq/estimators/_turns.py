"""Which candidates frames can serve: rotations, reflections and translations of some axes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.candidates import Candidates
from sksofteq.groups import MatrixGroup
from sksofteq.reps import space_title

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Most frames of a row, 2^10: the rows that are fitted and predicted are so many times as many.
MAX_FRAMES = 1024
#: An entry of a generator below this is zero.
_ZERO = 1e-9


@dataclass(frozen=True)
class Turn:
    """All rotations of some axes of a space, with or without reflections.

    Parameters
    ----------
    label : str
        Of the candidate.
    space : str
    axes : tuple of int
    special : bool
        Whether reflections are left out.
    """

    label: str
    space: str
    axes: tuple[int, ...]
    special: bool

    @property
    def n_frames(self) -> int:
        """Number of choices of signs: all of them, or those that keep the orientation."""
        return 2 ** (len(self.axes) - self.special)


def turns_and_translations(
    groups: Mapping[str, MatrixGroup],
) -> tuple[list[Turn], dict[str, tuple[int, ...]]]:
    """The turns of all candidates, and the axes that are translated, by space.

    Raises
    ------
    ValueError
        If a candidate is of another kind, or candidates overlap or give too many frames.
    """
    turns: list[Turn] = []
    translated: dict[str, set[int]] = {}
    for label, group in groups.items():
        turn, shifted = _kind(label, group)
        if shifted:
            translated.setdefault(turn.space, set()).update(shifted)
        if turn.axes:
            _check_apart(turn, turns)
            turns.append(turn)
    for turn in turns:
        shifted = translated.get(turn.space, set()).intersection(turn.axes)
        if shifted and len(shifted) < len(turn.axes):
            raise ValueError(
                f"symmetries: {turn.label!r} turns the axes {turn.axes} of "
                f"{space_title(turn.space)}, of which the candidates translate only "
                f"{tuple(sorted(shifted))}; translate all of them or none."
            )
    n_frames = math.prod(turn.n_frames for turn in turns)
    if n_frames > MAX_FRAMES:
        raise ValueError(
            f"symmetries={tuple(groups)!r} give every row {n_frames} frames, one per choice of "
            f"signs of its axes; frame averaging takes at most {MAX_FRAMES}. Turn fewer axes."
        )
    return turns, {space: tuple(sorted(axes)) for space, axes in translated.items()}


def _kind(label: str, group: MatrixGroup) -> tuple[Turn, tuple[int, ...]]:
    """What a candidate turns, and the axes that it translates.

    Generators tell: the Lie algebra spans all rotations of the axes that anything moves and all
    translations of the axes that it shifts, and the discrete ones stay within those.
    """
    if len(group.actions) == 1 and group.is_orthogonal:
        ((space, (lie, discrete)),) = group.actions.items()
        dim = group.dim
        moves = np.concatenate([lie[:, :dim, :dim], discrete[:, :dim, :dim] - np.eye(dim)])
        turned, shifted = _touched(moves), _touched(lie[:, :dim, dim:])
        n_directions = len(turned) * (len(turned) - 1) // 2 + len(shifted)
        spanned = np.linalg.matrix_rank(lie.reshape(len(lie), -1)) if len(lie) else 0
        if spanned == n_directions and set(_touched(discrete[:, :dim, dim:])) <= set(shifted):
            special = not (np.linalg.det(discrete) < 0).any()
            return Turn(label, space or "", turned, special), shifted
    raise ValueError(
        "symmetries must be rotations, reflections and translations for frame averaging: SO(n), "
        "O(n), SE(n), E(n), Translation(n) or Reflection(n), on a space or on some of its axes, "
        f"one space each; got {label!r}."
    )


def _touched(matrices: NDArray) -> tuple[int, ...]:
    """Rows in which any of the matrices (n, d, m) has an entry."""
    return tuple(np.flatnonzero((np.abs(matrices) > _ZERO).any(axis=(0, 2))).tolist())


def _check_apart(turn: Turn, others: list[Turn]) -> None:
    for other in others:
        if other.space == turn.space and set(other.axes) & set(turn.axes):
            raise ValueError(
                f"symmetries: {other.label!r} and {turn.label!r} turn axes of "
                f"{space_title(turn.space)} in common, which have one frame; keep the candidate "
                "that contains the others, such as O(3), or choose axes apart."
            )


def check_points(
    translated: Mapping[str, tuple[int, ...]], turns: list[Turn], candidates: Candidates
) -> None:
    """Raise a ValueError unless points tell where rows are, in every space that is translated."""
    for space in translated:
        if not candidates.rep_in.point_columns(space):
            raise ValueError(
                f"symmetries={tuple(candidates.groups)!r} translate {space_title(space)}, but "
                f"rep_in={str(candidates.rep_in)!r} has no 'point' there; write the columns that "
                "hold positions as 'point'."
            )
        # A mean over all points is no centroid where these move among each other.
        others = {*translated, *(turn.space for turn in turns)} - {space}
        for _, kind in candidates.rep_in.terms + candidates.rep_out.terms:
            points = any(axis.point and axis.space == space for axis in kind.axes)
            if points and kind.spaces & others:
                raise ValueError(
                    f"symmetries={tuple(candidates.groups)!r} translate {space_title(space)} and "
                    f"move another space of {str(kind)!r}: such points have no centroid that "
                    "frame averaging could use."
                )
