"""Frames of rows: every row gets the axes of its own second moments, and its own centre.

Unlike the frame of a network (`sksofteq.nn`), each row is moved by an orthogonal matrix of its
own, and a row has several frames: eigenvectors have no sign.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.candidates import Candidates
from sksofteq.estimators._turns import Turn, check_points, turns_and_translations
from sksofteq.reps import Representation
from sksofteq.standardisation import mean_and_scale, shared_scales

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Pose:
    """Where rows are: their frames up to signs.

    Parameters
    ----------
    turns : mapping of str to ndarray of shape (n_samples, d, d)
        Orthogonal matrices by space; their columns are the axes of the frame.
    centres : mapping of str to ndarray of shape (n_samples, d)
        Centroids by space that is translated; zero along axes that are not.
    """

    turns: Mapping[str, NDArray]
    centres: Mapping[str, NDArray]

    def enter(self, X: NDArray, rep: Representation) -> NDArray:
        """Rows as seen from their frames: rho(g)^-1 x, g being the pose."""
        inverse = {space: np.swapaxes(turns, 1, 2) for space, turns in self.turns.items()}
        away = {space: -centres for space, centres in self.centres.items()}
        return _turned(_shifted(X, rep, away), rep, inverse)

    def leave(self, X: NDArray, rep: Representation) -> NDArray:
        """Rows as seen from outside: rho(g) x, the inverse of `enter`."""
        return _shifted(_turned(X, rep, self.turns), rep, self.centres)


class RowFrames:
    """The frames of rows under rotations, reflections and translations.

    Parameters
    ----------
    candidates : Candidates
    X : ndarray of shape (n_samples, dim_in)
        Rows that tell how tensors are standardised, so that no unit matters.
    weight : ndarray of shape (n_samples,)

    Attributes
    ----------
    signs_in, signs_out : ndarray of shape (n_frames, dim)
        Factors of entered inputs and outputs: the frames of a row differ by signs of its axes.

    Raises
    ------
    ValueError
        If the candidates are of other kinds, overlap, or give too many frames, or if no `point`
        tells where rows are.
    """

    def __init__(self, candidates: Candidates, X: NDArray, weight: NDArray) -> None:
        self.rep = candidates.rep_in
        self.turns, self.translated = turns_and_translations(candidates.groups)
        check_points(self.translated, self.turns, candidates)
        patterns = _sign_patterns(self.turns, self.rep.dims | candidates.rep_out.dims)
        self.signs_in, self.signs_out = (
            _signs(rep, patterns) for rep in (candidates.rep_in, candidates.rep_out)
        )
        groups = list(candidates.groups.values())
        centred = self._centred(X, self._centres(X))
        # The mean that is subtracted is invariant and each tensor is divided by one number:
        # moments of standardised rows turn with the rows.
        self._mean, self._scale = mean_and_scale(
            centred, self.rep.as_vectors(), groups, weight, shared_scales(self.rep, groups)
        )

    def pose(self, X: NDArray) -> Pose:
        """The first frame of every row."""
        centres = self._centres(X)
        rows = (self._centred(X, centres) - self._mean) / self._scale
        turns: dict[str, NDArray] = {}
        for turn in self.turns:
            dim = self.rep.dims[turn.space]
            start = np.broadcast_to(np.eye(dim), (len(X), dim, dim))
            matrices = turns.setdefault(turn.space, start.copy())
            axes = np.array(turn.axes)
            matrices[:, axes[:, None], axes] = self._principal_axes(rows, turn)
        return Pose(turns, centres)

    def _principal_axes(self, rows: NDArray, turn: Turn) -> NDArray:
        """Eigenvectors of the moments, as columns, eigenvalues ascending; (n, k, k)."""
        vectors = _vectors(rows, self.rep, turn.space)[..., list(turn.axes)]
        _, axes = np.linalg.eigh(np.swapaxes(vectors, 1, 2) @ vectors)
        if turn.special:
            axes[:, :, 0] *= np.linalg.det(axes)[:, None].round()
        return axes

    def _centres(self, X: NDArray) -> dict[str, NDArray]:
        """Mean of all points of every translated space, along the axes that are translated."""
        centres = {}
        for space, axes in self.translated.items():
            means = _vectors(X, self.rep, space, points_only=True).mean(axis=1)
            centres[space] = np.where(np.isin(np.arange(means.shape[1]), axes), means, 0.0)
        return centres

    def _centred(self, X: NDArray, centres: Mapping[str, NDArray]) -> NDArray:
        return Pose({}, centres).enter(X, self.rep)


def _sign_patterns(turns: list[Turn], dims: Mapping[str, int]) -> list[dict[str, NDArray]]:
    """The choices of signs of all axes, as diagonal matrices by space."""
    choices = []
    for turn in turns:
        signs = itertools.product((1.0, -1.0), repeat=len(turn.axes))
        choices.append([s for s in signs if not turn.special or math.prod(s) > 0])
    patterns = []
    for choice in itertools.product(*choices):
        pattern = {turn.space: np.ones(dims[turn.space]) for turn in turns}
        for turn, signs in zip(turns, choice, strict=True):
            pattern[turn.space][list(turn.axes)] = signs
        patterns.append({space: np.diag(signs) for space, signs in pattern.items()})
    return patterns


def _signs(rep: Representation, patterns: list[dict[str, NDArray]]) -> NDArray:
    """The diagonals of rho of diagonal matrices, (n_patterns, dim)."""
    ones = np.ones((1, rep.dim))
    return np.concatenate([rep.transform(ones, pattern) for pattern in patterns])


# ---------------------------------------------------------------------- a matrix per row


def _vectors(X: NDArray, rep: Representation, space: str, points_only: bool = False) -> NDArray:
    """All vectors of a space in every row, those of every axis of a tensor, (n, n_vectors, d)."""
    found = [np.zeros((len(X), 0, rep.dims[space]))]
    for columns, count, kind in rep.blocks:
        block = X[:, columns].reshape(len(X), count, *rep.type_shape(kind))
        for position, axis in enumerate(kind.axes, start=2):
            if axis.space == space and (axis.point or not points_only):
                vectors = np.moveaxis(block, position, -1)
                found.append(vectors.reshape(len(X), -1, rep.dims[space]))
    return np.concatenate(found, axis=1)


def _turned(X: NDArray, rep: Representation, matrices: Mapping[str, NDArray]) -> NDArray:
    """Apply to every row rho of its own orthogonal matrices, (n, d, d) by space.

    Lower indices turn as upper ones do.
    """
    turned = np.array(X, dtype=np.float64)
    for columns, count, kind in rep.blocks:
        block = turned[:, columns].reshape(len(X), count, *rep.type_shape(kind))
        for position, axis in enumerate(kind.axes, start=2):
            if axis.space in matrices:
                last = np.moveaxis(block, position, -1)
                vectors = last.reshape(len(X), -1, last.shape[-1])
                moved = vectors @ np.swapaxes(matrices[axis.space], 1, 2)
                block = np.moveaxis(moved.reshape(last.shape), -1, position)
        turned[:, columns] = block.reshape(len(X), -1)
    return turned


def _shifted(X: NDArray, rep: Representation, shifts: Mapping[str, NDArray]) -> NDArray:
    """Add to the points of every row its own vectors, (n, d) by space."""
    shifted = np.array(X, dtype=np.float64)
    for columns, count, kind in rep.blocks:
        shape = rep.type_shape(kind)
        for position, axis in enumerate(kind.axes):
            if axis.point and axis.space in shifts:
                broadcast = [len(X), 1] + [1] * len(shape)
                broadcast[2 + position] = shape[position]
                shift = shifts[axis.space].reshape(broadcast)
                moved = np.broadcast_to(shift, (len(X), count, *shape))
                shifted[:, columns] += moved.reshape(len(X), -1)
    return shifted
