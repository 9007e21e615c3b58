"""Which rows are far from the training rows, wherever candidates that hold may move them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sksofteq._plain import from_plain, to_plain
from sksofteq.candidates import Candidates
from sksofteq.groups import MatrixGroup
from sksofteq.nn import Frame
from sksofteq.orbits import sample_products, small_products
from sksofteq.reps import Representation
from sksofteq.standardisation import mean_and_scale, shared_scales

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Most training rows that are kept, and most of these that the limit is learnt from.
MAX_ROWS, LIMIT_ROWS = 1000, 500
#: A row is far beyond this multiple of this quantile of the distances between training rows.
QUANTILE, MARGIN = 0.99, 1.25
#: Distances below this are none.
ROUNDING = 1e-6
#: Elements that a far row is moved by; then, from the best of these, smaller and smaller ones.
ELEMENTS, SMALLER_ELEMENTS = 32, 16
SMALLER = (0.5, 0.2, 0.08)


class KnownRows:
    """Training rows, and how far others may be from them.

    Distances are those of standardised rows, which candidates that hold do not change; what the
    frames of translations and scalings that hold take out is not looked at. The limit comes from
    the training rows themselves, each moved to where it is nearest to one of the others.

    Parameters
    ----------
    X : ndarray of shape (n_samples, dim_in)
        In the representation's order.
    candidates : Candidates
    holding : mapping of str to MatrixGroup
        The candidates that hold.
    units : ndarray of int, shape (n_samples,)
        Rows of one number belong together: they are no neighbours of each other.
    random_state : RandomState
    """

    def __init__(
        self,
        X: NDArray,
        candidates: Candidates,
        holding: Mapping[str, MatrixGroup],
        units: NDArray,
        random_state: np.random.RandomState,
    ) -> None:
        groups = list(holding.values())
        self._sides = (candidates.rep_in, candidates.rep_out, groups)
        kept = np.sort(random_state.permutation(len(X))[:MAX_ROWS])
        rep, framed = self._framed(X[kept])
        self._mean, self._scale = mean_and_scale(
            framed, rep, groups, None, shared_scales(candidates.rep_in, groups)
        )
        self._rows, self._units = (framed - self._mean) / self._scale, units[kept]
        linear = [part for part in (g.linear_part() for g in groups) if not part.is_trivial]
        self._moves = _moves(linear, self._rows, rep, random_state)
        asked = random_state.permutation(len(kept))[:LIMIT_ROWS]
        nearest = self._nearest_when_moved(self._rows[asked], rep, 0.0, self._units[asked])
        nearest = nearest[np.isfinite(nearest)]
        limit = MARGIN * float(np.quantile(nearest, QUANTILE)) if len(nearest) else np.inf
        self.limit = max(limit, ROUNDING)

    def distances(self, X: NDArray) -> NDArray:
        """Distance of each row from the nearest one known, over the limit; shape (n,).

        Rows beyond the limit are moved, to where they are nearest.
        """
        rep, framed = self._framed(X)
        rows = (framed - self._mean) / self._scale
        return self._nearest_when_moved(rows, rep, self.limit) / self.limit

    def __getstate__(self) -> dict[str, Any]:
        return to_plain(vars(self))

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(from_plain(state))

    def _nearest_when_moved(
        self, rows: NDArray, rep: Representation, enough: float, units: NDArray | None = None
    ) -> NDArray:
        """Smallest distance on the way; rows that come near enough are moved no further."""
        nearest = self._nearest(rows, units)
        for elements in self._moves:
            start, rows = rows, rows.copy()
            for element in elements:
                far = np.flatnonzero(nearest > enough)
                if not len(far):
                    return nearest
                moved = rep.transform(start[far], element)
                reached = self._nearest(moved, None if units is None else units[far])
                better = reached < nearest[far]
                rows[far[better]], nearest[far[better]] = moved[better], reached[better]
        return nearest

    def _nearest(self, rows: NDArray, units: NDArray | None) -> NDArray:
        """Distance from the nearest row that is kept, of another unit."""
        squares = rows @ (-2.0 * self._rows.T)
        squares += np.sum(self._rows**2, axis=1)
        if units is not None:
            squares[units[:, None] == self._units] = np.inf
        return np.sqrt(np.maximum(squares.min(axis=1) + np.sum(rows**2, axis=1), 0.0))

    def _framed(self, X: NDArray) -> tuple[Representation, NDArray]:
        """Rows as the frames of the candidates see them, without what they take out."""
        frame = Frame(*self._sides)
        with torch.no_grad():
            framed = frame(torch.from_numpy(np.array(X, dtype=np.float64)))[0].numpy()
        rep = frame.rep_framed
        seen = Representation([term for term in rep.terms if not term[1].frame], rep.dims)
        return seen, framed[:, : seen.dim]  # what frames take out stands last


def _moves(
    groups: list[MatrixGroup],
    rows: NDArray,
    rep: Representation,
    random_state: np.random.RandomState,
) -> list[list]:
    """Elements to move by, in rounds."""
    if not groups:
        return []
    first = sample_products(groups, ELEMENTS, rows, rep, random_state)
    return [first] + [
        small_products(groups, SMALLER_ELEMENTS, size, random_state) for size in SMALLER
    ]
