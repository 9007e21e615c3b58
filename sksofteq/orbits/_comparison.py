"""The orbit-average test: losses of a predictor and of its average, row by row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from sksofteq.orbits._averages import Predict, orbit_predictions
from sksofteq.orbits._elements import Element
from sksofteq.reps import Representation

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: |z| beyond which the orbit-average test speaks (one-sided 5 percent); 90 percent of a normal
#: distribution lie within as many deviations.
CRITICAL_Z = 1.645
#: A difference of losses below this many roundings of the loss counts as none. Losses are in units
#: of the target's variance, so a perfect predictor's are no better known than to the square of
#: this many roundings.
ROUNDING_UNITS = 64.0
#: Fewer rows, or groups of rows, say little: of so few the standard error itself is a guess.
MIN_UNITS = 10


@dataclass(frozen=True)
class OrbitTest:
    """Outcome of the orbit-average test of one candidate.

    Parameters
    ----------
    delta : float
        Mean of loss(f_G) - loss(f); negative when averaging over the orbit pays.
    standard_error : float
        Its standard error.
    z : float
        delta / standard_error; 0 where delta or the spread of the differences is at the level
        of rounding, or where there are fewer than two rows, or groups of rows.
    size : float
        How much the predictor itself changes along the orbit: half the mean squared
        standardised difference between f(x) and rho_out(g)^-1 f(rho_in(g) x). 0 for an
        equivariant predictor, about 1 for one whose values along an orbit are unrelated.
    units : int, default=None
        Number of rows, or of groups of rows, that the standard error comes from; None for many.
    elements : int, default=None
        Number of group elements averaged over; None for an exact average.
    skill : float, default=None
        How much the better of f and f_G beats the best constant that has all symmetries, over
        its standard error; None where they were not compared.
    """

    delta: float
    standard_error: float
    z: float
    size: float = 0.0
    units: int | None = None
    elements: int | None = None
    skill: float | None = None

    @property
    def has_skill(self) -> bool:
        """Whether f or f_G predicts better than a constant, beyond chance (`CRITICAL_Z`)."""
        return self.skill is None or self._tail(self.skill) <= norm.sf(CRITICAL_Z)

    @property
    def has_units(self) -> bool:
        """Whether there are rows, or groups of rows, enough to judge by (`MIN_UNITS`)."""
        return self.units is None or self.units >= MIN_UNITS

    @property
    def support(self) -> float:
        """Probability of a larger difference than the one seen, if there were none.

        Phi(-z); of few rows, or groups of rows, Student's distribution.
        """
        return self._tail(self.z)

    @property
    def support_low(self) -> float:
        """Support with z as much as `CRITICAL_Z` higher: z has a sampling deviation of 1."""
        return self._tail(self.z + CRITICAL_Z)

    @property
    def support_high(self) -> float:
        """Support with z as much as `CRITICAL_Z` lower."""
        return self._tail(self.z - CRITICAL_Z)

    @property
    def normal_z(self) -> float:
        """The z that has the same support where there are many rows."""
        if self.units is None or not np.isfinite(self.z):
            return self.z
        tail = student.cdf(-abs(self.z), max(1, self.units - 1))
        return float(-np.sign(self.z) * norm.ppf(tail)) if tail > 0 else self.z

    @property
    def break_square(self) -> float:
        """Estimate of the squared break |f - f_G|^2 of the truth, in units of y's variance.

        Let b^2 be the variance of rho_out(g)^-1 F(rho_in(g) x) along the orbit, F being the
        true function, and v that of the predictor's own error. The predictor changes by
        size = b^2 + v, and averaging adds b^2 to its loss and takes v from it,
        delta = b^2 - v; so (size + delta) / 2 is b^2. An average over k sampled elements is off
        by another (b^2 + v) / k, which is taken from it. Breaks cannot be negative: neither is
        this. Its standard error is standard_error / 2, as that of size is negligible; that the k
        elements are the same for all rows adds a share of about 1 / sqrt(k) of the break.
        """
        exact = 0.0 if self.elements is None else self.size / self.elements
        return max((self.size + self.delta - exact) / 2, 0.0)

    def _tail(self, z: float) -> float:
        if self.units is None or not np.isfinite(z):
            return float(norm.cdf(-z))
        return float(student.cdf(-z, max(1, self.units - 1)))


def rows_by_value(together: NDArray) -> list[NDArray]:
    """Numbers of the rows of each group, in the order of the groups' values."""
    order = np.argsort(together, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(together[order])) + 1)


def repeated_rows(X: NDArray) -> NDArray | None:
    """A number for every row that all its repetitions share; None where no row is repeated."""
    _, codes = np.unique(X, axis=0, return_inverse=True)
    codes = codes.ravel()
    return None if codes.max(initial=-1) + 1 == len(X) else codes


def orbit_test(
    predict: Predict,
    X: NDArray,
    y: NDArray,
    scale: NDArray,
    elements: list[Element],
    rep_in: Representation,
    rep_out: Representation,
    groups: NDArray | None = None,
    constant: NDArray | None = None,
) -> OrbitTest:
    """Compare the losses of f and of its orbit average on rows (X, y).

    Parameters
    ----------
    predict : callable
    X, y : ndarray of shape (n_samples, dim)
        In the representations' order.
    scale : ndarray of shape (dim_out,)
        What standardises errors.
    elements : list of group elements
    rep_in, rep_out : Representation
    groups : ndarray of shape (n_samples,), default=None
        Rows with one value are correlated.
    constant : ndarray of shape (dim_out,), default=None
        The prediction that f must beat to say anything.
    """
    at_rest = predict(X)
    along = orbit_predictions(predict, X, elements, rep_in, rep_out)
    with np.errstate(invalid="ignore", over="ignore"):  # the verdict tells of such predictions
        losses = [row_losses(p, y, scale) for p in (at_rest, along.mean(axis=0))]
        size = 0.5 * float(np.mean(((along - at_rest) / scale) ** 2))
    at_best = None if constant is None else row_losses(constant, y, scale)
    test = compare_losses(*losses, groups, at_best)
    return replace(test, size=size, elements=len(elements))


def compare_losses(
    plain: NDArray,
    averaged: NDArray,
    groups: NDArray | None = None,
    constant: NDArray | None = None,
) -> OrbitTest:
    """Compare losses row by row; standard errors over `groups` where rows belong together.

    Parameters
    ----------
    plain, averaged : ndarray of shape (n_samples,)
        Losses of f and of f_G.
    groups : ndarray of shape (n_samples,), default=None
        Rows with one value are correlated.
    constant : ndarray of shape (n_samples,), default=None
        Losses of the best constant.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        test = _compare(plain, averaged, groups)
        if constant is None:
            return test
        return replace(test, skill=_skill(plain, averaged, groups, constant))


def _skill(plain: NDArray, averaged: NDArray, groups: NDArray | None, constant: NDArray) -> float:
    """z of how much the better predictor beats a constant."""
    best = averaged if averaged.mean() < plain.mean() else plain
    test = _compare(best, constant, groups)
    # A gain that is the same on all rows has no standard error, yet is one.
    return np.inf if test.z == 0.0 and best.mean() < constant.mean() / 2 else test.z


def _compare(plain: NDArray, averaged: NDArray, groups: NDArray | None) -> OrbitTest:
    difference = averaged.astype(np.float64) - plain
    delta = float(difference.mean())
    if groups is None:
        n, spread = len(difference), float(difference.std())
        error = spread / np.sqrt(max(1, n - 1))
    else:
        _, codes = np.unique(groups, return_inverse=True)
        sums = np.bincount(codes, weights=difference - delta)
        n = len(sums)
        error = np.sqrt((sums**2).sum() * n / max(1, n - 1)) / len(difference)
    size = float(np.maximum(np.abs(plain), np.abs(averaged)).mean())
    unit = ROUNDING_UNITS * float(np.finfo(plain.dtype).eps)
    rounding = unit * max(size, unit)
    if n < 2 or abs(delta) <= rounding or error * np.sqrt(n) <= rounding:
        return OrbitTest(delta, float(error), 0.0, units=n)
    return OrbitTest(delta, float(error), float(delta / error), units=n)


def row_losses(y_pred: NDArray, y: NDArray, scale: NDArray) -> NDArray:
    """Mean over outputs of the squared standardised error, shape (n_samples,)."""
    return np.mean(((y_pred - y) / scale) ** 2, axis=1)
