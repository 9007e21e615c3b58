"""A Gaussian process that predicts every row without having seen it, in closed form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import eigh

from sksofteq.orbits import rows_by_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Isotropic kernels, as functions of the squared distance over the squared length.
KERNELS: dict[str, Callable[[NDArray], NDArray]] = {
    "squared exponential": lambda q: np.exp(-q / 2),
    "rational quadratic": lambda q: 1 / (1 + q / 2),
    "Matern 5/2": lambda q: (1 + np.sqrt(5 * q) + 5 * q / 3) * np.exp(-np.sqrt(5 * q)),
}
#: Lengths that are tried, in units of the rows' median distance.
LENGTHS = (0.3, 0.5, 0.8, 1.25, 2.0, 3.2, 5.0, 8.0, 16.0)
#: Noise variances that are tried, in units of the process's.
NOISES = 10.0 ** np.arange(-8.0, 1.1, 0.5)
NOISES_OF_GROUPS = 10.0 ** np.arange(-6.0, 1.1)
#: Kernel and length are first looked for on this many rows, then near what was found on all.
FIRST_ROWS = 300
NEAR = (0.7, 1.0, 1.4)


class LeftOutProcess:
    """Gaussian process with an isotropic kernel whose predictions leave the row's own target out.

    The kernel depends on distances alone, so the process favours no direction, and what it has
    not learnt it has not learnt in all of them alike. Kernel, length and noise maximise the
    evidence. With K the kernel plus the noise and a = K^-1 y, the prediction at z without row i is

        f_(-i)(z) = k(z)^T a - k(z)^T K^-1 e_i  a_i / (K^-1)_ii

    (for z = x_i: Rasmussen, Williams, Gaussian Processes for Machine Learning, 2006, ch. 5.4.2).

    Parameters
    ----------
    inputs : ndarray of shape (n, dim_in)
        Standardised.
    targets : ndarray of shape (n, dim_out)
        Standardised; all share length and noise.
    together : ndarray of shape (n,), default=None
        Rows with one value are left out together; kernel, length and noise predict them best.

    Attributes
    ----------
    kernel : str
        The name of the kernel.
    length, noise : float
        The length, and the noise variance over the process's.
    """

    def __init__(self, inputs: NDArray, targets: NDArray, together: NDArray | None = None) -> None:
        self.inputs, self.targets = inputs, targets
        self._groups = None if together is None else rows_by_value(together)
        squares = squared_distances(inputs, inputs)
        # Spread over the table, which may be sorted.
        n = len(inputs)
        first = np.unique(np.linspace(0, n - 1, min(n, FIRST_ROWS)).round().astype(int))
        part = squares[np.ix_(first, first)]
        lengths = [_median_distance(part) * length for length in LENGTHS]
        groups = None if together is None else rows_by_value(together[first])
        found = _search(part, targets[first], groups, KERNELS, lengths)
        if len(inputs) > FIRST_ROWS:
            lengths = [near * found.length for near in NEAR]
            found = _search(squares, targets, self._groups, [found.kernel], lengths)
        self.kernel, self.length, self.noise = found.kernel, found.length, found.noise
        self._inverse = found.inverse()
        self._alpha = self._inverse @ targets
        self._steps = _steps(self._inverse, self._alpha, self._groups)

    def left_out_at(self, moved: NDArray) -> NDArray:
        """Predictions at rows moved elsewhere, each without its own target, shape (n, dim_out).

        Parameters
        ----------
        moved : ndarray of shape (n, dim_in)
            As many rows as there are inputs, in their order.
        """
        kernel = self._kernel(moved)
        predicted = kernel @ self._alpha
        if self._groups is None:
            own = np.einsum("ij,ji->i", kernel, self._inverse)
            return predicted - own[:, None] * self._steps
        for rows in self._groups:
            predicted[rows] -= kernel[rows] @ self._inverse[:, rows] @ self._steps[rows]
        return predicted

    def variances(self) -> NDArray:
        """Variance of each row's target without itself, noise included, over the process's own."""
        if self._groups is None:
            return 1.0 / np.diagonal(self._inverse)
        variances = np.empty(len(self.inputs))
        for rows in self._groups:
            variances[rows] = np.diagonal(np.linalg.inv(self._inverse[np.ix_(rows, rows)]))
        return variances

    def spread_at(self, moved: NDArray, rows: NDArray) -> NDArray:
        """Variance of the predictions at some rows moved elsewhere, over the process's own.

        Parameters
        ----------
        moved : ndarray of shape (n_rows, dim_in)
        rows : ndarray of int, shape (n_rows,)
            Which rows these are; each is left out alone.
        """
        kernel = self._kernel(moved)
        solved = kernel @ self._inverse
        own = solved[np.arange(len(rows)), rows] ** 2 / np.diagonal(self._inverse)[rows]
        return 1.0 - np.einsum("ij,ij->i", solved, kernel) + own

    def _kernel(self, moved: NDArray) -> NDArray:
        return KERNELS[self.kernel](squared_distances(moved, self.inputs) / self.length**2)


def squared_distances(first: NDArray, second: NDArray) -> NDArray:
    """Squared distances of all pairs of rows, shape (n_first, n_second)."""
    squares = np.sum(first**2, axis=1)[:, None] + np.sum(second**2, axis=1)
    return np.maximum(squares - 2.0 * first @ second.T, 0.0)


def _median_distance(squares: NDArray) -> float:
    apart = squares[np.triu_indices(len(squares), 1)]
    median = float(np.sqrt(np.median(apart))) if len(apart) else 0.0
    return median if median > 0 else 1.0


def _steps(inverse: NDArray, alpha: NDArray, groups: list[NDArray] | None) -> NDArray:
    """Residuals of rows at rest, each left out, alone or with its group."""
    if groups is None:
        return alpha / np.diagonal(inverse)[:, None]
    steps = np.empty_like(alpha)
    for rows in groups:
        steps[rows] = np.linalg.solve(inverse[np.ix_(rows, rows)], alpha[rows])
    return steps


@dataclass(frozen=True)
class _Found:
    """A kernel with its score, and its eigenvalues and vectors on the rows."""

    score: float
    kernel: str
    length: float
    noise: float
    values: NDArray
    vectors: NDArray

    def inverse(self) -> NDArray:
        """K^-1."""
        return (self.vectors / (self.values + self.noise)) @ self.vectors.T


def _search(
    squares: NDArray,
    targets: NDArray,
    groups: list[NDArray] | None,
    kernels: Iterable[str],
    lengths: Iterable[float],
) -> _Found:
    """The kernel, length and noise of the largest evidence, or that predict left-out groups best.

    The evidence takes rows to be independent, which those of a group are not.
    """
    best = None
    for kernel, length in product(kernels, lengths):
        values, vectors = eigh(KERNELS[kernel](squares / length**2))
        values = np.maximum(values, 1e-12)
        powers = np.sum((vectors.T @ targets) ** 2, axis=1)
        for noise in NOISES if groups is None else NOISES_OF_GROUPS:
            if groups is None:
                score = _log_evidence(values + noise, powers, targets.shape)
            else:
                inverse = _Found(0.0, kernel, length, noise, values, vectors).inverse()
                score = -np.mean(_steps(inverse, inverse @ targets, groups) ** 2)
            if best is None or score > best.score:
                best = _Found(float(score), kernel, length, float(noise), values, vectors)
    return best


def _log_evidence(values: NDArray, powers: NDArray, shape: tuple[int, int]) -> float:
    """Log marginal likelihood up to a constant, the process's variance profiled out."""
    variance = np.sum(powers / values) / (shape[0] * shape[1])
    return -0.5 * shape[1] * (shape[0] * np.log(max(variance, 1e-300)) + np.sum(np.log(values)))
