"""How far predictions of an ensemble are off, learnt from rows that members left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import connected_components

from sksofteq.groups import MatrixGroup
from sksofteq.reps import Representation

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Shares of the variance, on average over rows, that the spread of members may stand for.
SHARES = np.linspace(0.0, 0.98, 50)
#: At least this share of the noise stays when the error of few members is taken off.
LEAST_NOISE = 0.25
#: No variance is less, so that dividing by it needs no care.
LEAST_VARIANCE = float(np.finfo(np.float32).tiny)
#: Most quantiles of errors that are kept.
MAX_QUANTILES = 1000


def mixed_outputs(groups: Sequence[MatrixGroup], rep: Representation) -> NDArray:
    """Number the sets of columns that some of the groups mix, shape (rep.dim,).

    Two columns are in one set if a generator has an entry there: the components of a vector under
    rotations, x and y but not z under turns about z, entries that are permuted.
    """
    mixes = np.eye(rep.dim, dtype=bool)
    for group in groups:
        linear = group.linear_part()
        actions = linear.restricted_to({*rep.spaces}).actions.items()
        for kind, matrix_of in ((0, rep.drho), (1, rep.rho)):
            for matrices in _by_generator([(name, pair[kind]) for name, pair in actions]):
                mixes |= np.abs(matrix_of(matrices)) > 1e-9
    return connected_components(mixes, directed=False)[1]


def _by_generator(actions: list[tuple[str | None, NDArray]]) -> list[dict[str | None, NDArray]]:
    """The k-th generators of all spaces, which act together."""
    n = len(actions[0][1]) if actions else 0
    return [{name: matrices[k] for name, matrices in actions} for k in range(n)]


@dataclass(frozen=True)
class Calibration:
    """Standard deviations and quantiles of errors, from the spread of an ensemble's members.

    Outputs of one set share all numbers, so that no symmetry of theirs is broken.

    Parameters
    ----------
    sets : ndarray of int, shape (n_outputs,)
        The set of each output.
    noise, slope : ndarray of shape (n_sets,)
        The variance of a new target is noise + slope * spread.
    quantiles : ndarray of shape (n_sets, n_quantiles)
        Of the absolute error over its standard deviation, at equal steps up to the largest.
    n_units : int
        Number of rows, or groups of rows, that were left out.
    """

    sets: NDArray
    noise: NDArray
    slope: NDArray
    quantiles: NDArray
    n_units: int

    def std(self, spread: NDArray) -> NDArray:
        """Standard deviation of new targets, shape (n, n_outputs), where members spread so.

        Parameters
        ----------
        spread : ndarray of shape (n, n_outputs)
            Variance of the members' predictions.
        """
        variance = self.noise + self.slope * _averaged(spread, self.sets)
        return np.sqrt(variance)[:, self.sets]

    def factor(self, coverage: float) -> NDArray:
        """Half widths of intervals in standard deviations, shape (n_outputs,).

        The conformal quantile, ceil(coverage * (n + 1)) / n of n units; infinite beyond the last.
        """
        level = coverage * (1.0 + 1.0 / self.n_units)
        if level > 1.0:
            return np.full(len(self.sets), np.inf)
        n_quantiles = self.quantiles.shape[1]
        # less than a rounding error is no step
        number = max(1, int(np.ceil(level * n_quantiles - 1e-9)))
        return self.quantiles[self.sets, number - 1]


def calibrate(
    errors: NDArray,
    spread: NDArray,
    sets: NDArray,
    weight: NDArray,
    n_units: int,
    n_left_out: int,
    n_members: int,
) -> Calibration:
    """Fit variances by likelihood, then take quantiles of what is left.

    On a row that m of k members left out, the mean of these is off by the noise, by what all
    members have in common, and by V / m, V being their variance; the mean of all on a new row by
    V / k. So of the slope that fits the errors 1 / m - 1 / k is taken off, and what the slope does
    not have, off the noise.

    Parameters
    ----------
    errors : ndarray of shape (n, n_outputs)
        Target less mean prediction of the members that left the row out.
    spread : ndarray of shape (n, n_outputs)
        Variance of the predictions of these members.
    sets : ndarray of int, shape (n_outputs,)
    weight : ndarray of shape (n,)
    n_units : int
        Number of rows, or groups of rows.
    n_left_out, n_members : int
    """
    squares, spread = _averaged(errors**2, sets), _averaged(spread, sets)
    weight = weight / weight.sum()
    fits = [_fit_variance(r, v, weight) for r, v in zip(squares.T, spread.T, strict=True)]
    noise, slope = np.array(fits).T
    noise = np.maximum(noise, LEAST_VARIANCE)
    scaled = np.abs(errors) / np.sqrt(noise + slope * spread)[:, sets]
    n_quantiles = min(n_units, MAX_QUANTILES)
    quantiles = [
        _quantiles(scaled[:, sets == number], weight, n_quantiles) for number in range(len(noise))
    ]
    excess = 1.0 / n_left_out - 1.0 / n_members
    less_noise = noise - np.maximum(excess - slope, 0.0) * (weight @ spread)
    least = np.maximum(LEAST_NOISE * noise, LEAST_VARIANCE)
    return Calibration(
        sets,
        np.maximum(less_noise, least),
        np.maximum(slope - excess, 0.0),
        np.array(quantiles),
        n_units,
    )


def _averaged(values: NDArray, sets: NDArray) -> NDArray:
    """Means over the outputs of each set, shape (n, n_sets)."""
    belongs = np.eye(sets.max() + 1)[sets]
    return values @ (belongs / belongs.sum(axis=0))


def _fit_variance(squares: NDArray, spread: NDArray, weight: NDArray) -> tuple[float, float]:
    """Noise and slope of the variance that make Gaussian errors most likely.

    With the share s that the spread stands for, the variance is c (1 - s + s v / mean v), and the
    best c is known.
    """
    mean = float(weight @ spread)
    if mean <= 0:
        return float(weight @ squares), 0.0
    best, found = np.inf, (0.0, 0.0)
    for share in SHARES:
        shape = 1.0 - share + share * spread / mean
        size = float(weight @ (squares / shape))
        if size <= 0:
            return 0.0, 0.0
        surprise = np.log(size) + float(weight @ np.log(shape))
        if surprise < best:
            best, found = surprise, (size * (1.0 - share), size * share / mean)
    return found


def _quantiles(values: NDArray, weight: NDArray, n_quantiles: int) -> NDArray:
    """Weighted quantiles at 1 / n, 2 / n, ..., 1 of all values of rows that have a weight each."""
    weight = np.broadcast_to(weight[:, None], values.shape).ravel()
    order = np.argsort(values, axis=None)
    reached = np.cumsum(weight[order])
    levels = np.arange(1, n_quantiles + 1) / n_quantiles * reached[-1]
    # less than a rounding error is no step
    places = np.searchsorted(reached, levels * (1.0 - 1e-12))
    return values.ravel()[order][np.minimum(places, len(order) - 1)]
