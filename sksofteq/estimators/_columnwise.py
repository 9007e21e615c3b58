"""Whether columns that a candidate mixes were scaled one by one: data lose the symmetry then."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.candidates import Candidates
from sksofteq.groups import MatrixGroup
from sksofteq.reps import Representation

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Of fewer rows, numbers may be what they are by chance.
MIN_ROWS = 10
#: Of fewer columns, too; two may well run from 0 to 1, as those of a grid in the plane do.
MIN_STANDARDISED, MIN_STRETCHED = 2, 3
#: At most this share of the rows is at either end of a column that was stretched to [0, 1];
#: pixels, indicators and the like are there more often, by nature.
SHARE_AT_ENDS = 0.01
#: Columns that a warning names.
SHOWN = 6


def warn_if_columnwise(
    X: NDArray, weight: NDArray, candidates: Candidates, names: Sequence[str] | None
) -> None:
    """Warn of vectors and tensors whose columns were standardised, or stretched, one by one.

    Samples have means near 0 and deviations near 1; a scaler leaves them there to rounding.

    Parameters
    ----------
    X : ndarray of shape (n_samples, dim_in)
        In the order of the representation.
    weight : ndarray of shape (n_samples,)
    candidates : Candidates
    names : sequence of str or None
        Names of the user's columns.
    """
    if len(X) < MIN_ROWS or not candidates.groups:
        return
    tol = 1e-4 if X.dtype == np.float32 else 1e-6
    X = X.astype(np.float64, copy=False)
    standardised = "mean 0 and standard deviation 1, as by StandardScaler"
    stretched = "minimum 0 and maximum 1, as by MinMaxScaler"
    for trace, scaled, least in (
        (standardised, _standardised(X, weight, tol), MIN_STANDARDISED),
        (stretched, _stretched(X, tol), MIN_STRETCHED),
    ):
        if scaled.sum() < least:
            continue
        broken = _broken(X, weight, candidates, scaled, tol)
        columns = np.flatnonzero(np.any(list(broken.values()), axis=0))
        if len(columns) >= least:
            labels = [label for label, found in broken.items() if found.any()]
            shown = _shown(columns, candidates, names)
            warnings.warn(
                f"X has been scaled column by column: the columns {shown} each have {trace}. "
                f"The candidates {labels} mix these columns, and such data no longer have their "
                "symmetry, whatever the raw ones had. Pass X as it is, since networks and ridge "
                "standardise by themselves without breaking a candidate, or put "
                "EquivariantScaler(symmetries, rep_in) in that scaler's place.",
                UserWarning,
                stacklevel=5,
            )
            return


def _standardised(X: NDArray, weight: NDArray, tol: float) -> NDArray:
    """Columns of mean 0 and deviation 1, rows weighted or not, by n or by n - 1."""
    found = np.zeros(X.shape[1], dtype=bool)
    for w in (np.ones(len(X)), weight.astype(np.float64)):
        mean = w @ X / w.sum()
        if (np.abs(mean) <= tol).sum() >= MIN_STANDARDISED:
            std = np.sqrt(w @ X**2 / w.sum())
            by_n = np.abs(std - 1) <= tol
            by_less = np.abs(std * np.sqrt(len(X) / (len(X) - 1)) - 1) <= tol
            found |= (np.abs(mean) <= tol) & (by_n | by_less)
    return found


def _stretched(X: NDArray, tol: float) -> NDArray:
    """Columns that run from 0 to 1, few rows being at either end."""
    found = np.abs([X.min(axis=0), X.max(axis=0) - 1]).max(axis=0) <= tol
    few = max(1, int(SHARE_AT_ENDS * len(X)))
    for end in (0.0, 1.0):
        found[found] = (np.abs(X[:, found] - end) <= tol).sum(axis=0) <= few
    return found


def _broken(
    X: NDArray, weight: NDArray, candidates: Candidates, scaled: NDArray, tol: float
) -> dict[str, NDArray]:
    """By candidate, which of the scaled columns it mixes with others of their feature."""
    rep = candidates.rep_in
    broken = {label: np.zeros(rep.dim, dtype=bool) for label in candidates.groups}
    known = scaled | (np.ptp(X, axis=0) == 0)  # scalers leave a constant column what it is
    for block, count, kind in rep.blocks:
        one = Representation([(1, kind)], rep.dims)
        for columns in np.arange(block.start, block.stop).reshape(count, -1):
            if scaled[columns].sum() < 2:
                continue
            moments = (weight[:, None] * X[:, columns]).T @ X[:, columns] / weight.sum()
            for label, group in candidates.groups.items():
                mixed = columns[_mixed(group, one, moments, 10 * tol)]
                if known[mixed].all():
                    broken[label][mixed] = scaled[mixed]
    return broken


def _mixed(group: MatrixGroup, rep: Representation, moments: NDArray, tol: float) -> NDArray:
    """Entries of one feature that a group mixes; none where it leaves second moments alone.

    It does if the rows are closed under it, or as good as that. Then one number does for all
    these columns, and what scales them one by one does the same as what scales them together.
    """
    mixed, moved = np.zeros(rep.dim, dtype=bool), False
    for matrix, infinitesimal in _generators(group, rep):
        apart = np.abs(matrix - np.diag(np.diag(matrix))) > 1e-9
        mixed |= apart.any(axis=0) | apart.any(axis=1)
        if not moved:  # seldom more than once: what scales by columns leaves nothing alone
            turned = matrix @ moments
            change = turned + turned.T if infinitesimal else turned @ matrix.T - moments
            moved = np.abs(change).max(initial=0.0) > tol
    return mixed & moved


def _generators(group: MatrixGroup, rep: Representation) -> Iterator[tuple[NDArray, bool]]:
    """The matrix of every generator, and whether it is one of the Lie algebra."""
    for part, matrix_of in enumerate((rep.drho, rep.rho)):
        generators = {space: action[part] for space, action in group.actions.items()}
        for k in range(len(next(iter(generators.values())))):
            yield matrix_of({space: some[k] for space, some in generators.items()}), part == 0


def _shown(columns: NDArray, candidates: Candidates, names: Sequence[str] | None) -> str:
    """The first of some columns, as the user calls them, with what they are."""
    own = columns if candidates.order_in is None else np.sort(candidates.order_in[columns])
    listed = [str(i) if names is None else repr(str(names[i])) for i in own[:SHOWN]]
    more = f" and {len(own) - SHOWN} more" if len(own) > SHOWN else ""
    return f"{', '.join(listed)}{more} (rep_in: {candidates.rep_in})"
