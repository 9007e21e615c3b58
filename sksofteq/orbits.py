"""Orbits of data under a group: averages of a predictor over them, and whether data reach them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import expm
from scipy.stats import norm
from scipy.stats import t as student
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score
from sklearn.utils import check_random_state

from sksofteq.groups import MatrixGroup
from sksofteq.reps import Representation

if TYPE_CHECKING:
    from numpy.typing import NDArray

Predict = Callable[["NDArray"], "NDArray"]
Element = Mapping["str | None", "NDArray"]

#: |z| beyond which the orbit-average test speaks (one-sided 5 percent); 90 percent of a normal
#: distribution lie within as many deviations.
CRITICAL_Z = 1.645
#: An orbit leaves the data when a classifier tells x from g x with at least this AUC.
REACH_AUC = 0.9
#: Fewest rows on which the classifier is asked, and most that it is given; of fewer than the one
#: in the middle, every row is moved several times.
REACH_ROWS = (10, 40, 600)
#: A difference of losses below this many roundings of the loss counts as none. Losses are in units
#: of the target's variance, so a perfect predictor's are no better known than to the square of
#: this many roundings.
ROUNDING_UNITS = 64.0


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


def sample_elements(
    group: MatrixGroup, n: int, X: NDArray, rep: Representation, random_state: object
) -> list[Element]:
    """Draw group elements, translations on the scale of the data's points.

    Elements of groups that translate turn about the centroid of these points, wherever it is:
    about a far origin they would carry rows off along a circle.

    Parameters
    ----------
    group : MatrixGroup
    n : int
        Number of elements.
    X : ndarray of shape (n_samples, dim)
        Data in the representation's order.
    rep : Representation
    random_state : int or RandomState
    """
    drawn = group.sample_on_spaces(n, random_state)
    if group.affine:
        for name, along in group.translations.items():
            matrices, points = drawn[name], _points(X, rep, name or "")
            matrices[:, :-1, -1] *= _spread(points)
            centre = np.concatenate(points).mean(axis=0) if points else np.zeros(len(along))
            # Only as far as the group translates: what is left may be no element of it.
            matrices[:, :-1, -1] += (centre - matrices[:, :-1, :-1] @ centre) @ along @ along.T
    return [{name: matrices[i] for name, matrices in drawn.items()} for i in range(n)]


def moves_columns(group: MatrixGroup, rep: Representation) -> bool:
    """Whether some element of the group changes a feature of the representation.

    Generators tell: they are applied to a generic row.
    """
    return moves_row(group, np.random.RandomState(0).standard_normal(rep.dim), rep)


def moves_row(group: MatrixGroup, row: NDArray, rep: Representation) -> bool:
    """Whether some element of the group changes a row of the representation, in any unit."""
    row = row[None] / (np.abs(row).max() or 1.0)
    return any(not np.allclose(rep.transform(row, g), row) for g in _generating_elements(group))


def _generating_elements(group: MatrixGroup) -> Iterator[Element]:
    """The discrete generators, and an element along each generator of the Lie algebra."""
    n_lie, n_discrete = (len(part) for part in next(iter(group.actions.values())))
    for k in range(n_discrete):
        yield {name: discrete[k] for name, (_, discrete) in group.actions.items()}
    for i in range(n_lie):
        # Of norm 1, as a turn by 2 pi would seem to move nothing.
        size = max(np.linalg.norm(lie[i]) for lie, _ in group.actions.values()) or 1.0
        yield {name: expm(lie[i] / size) for name, (lie, _) in group.actions.items()}


def _points(X: NDArray, rep: Representation, space: str) -> list[NDArray]:
    """The points of a space, shape (n_points, dim), by block."""
    found = []
    for columns, count, kind in rep.blocks:
        for position, axis in enumerate(kind.axes):
            if axis.point and axis.space == space:
                points = X[:, columns].reshape(len(X), count, *rep.type_shape(kind))
                points = np.moveaxis(points, 2 + position, -1).reshape(-1, rep.dims[space])
                found.append(points.astype(np.float64, copy=False))
    return found


def _spread(points: list[NDArray]) -> float:
    """Root mean square deviation of the coordinates of all points; 1 without points."""
    squares = [(block - block.mean(axis=0)) ** 2 for block in points]
    spread = float(np.sqrt(np.concatenate(squares).mean())) if squares else 1.0
    return spread if spread > 0 else 1.0


def sample_products(
    groups: Sequence[MatrixGroup],
    n: int,
    X: NDArray,
    rep: Representation,
    random_state: object,
    shares: Sequence[float] | None = None,
) -> list[Element]:
    """Draw n elements of the group that the groups generate, as products of theirs.

    Each has one element of every group; of several orthogonal groups two, as a product of one turn
    about each of two axes is not yet any turn. With `shares`, those of a group stretch by only a
    share of what was drawn.
    """
    random_state = check_random_state(random_state)  # a seed would draw all factors alike
    products: list[Element] = [{} for _ in range(n)]
    factors_of = list(zip(groups, shares or [1.0] * len(groups), strict=True))
    turning = [each for each in factors_of if each[0].is_orthogonal and not each[0].affine]
    for group, share in factors_of + (turning if len(turning) > 1 else []):
        factors = sample_elements(group, n, X, rep, random_state)
        if share < 1:
            factors = [shrunk(element, share) for element in factors]
        products = [_product(g, h) for g, h in zip(products, factors, strict=True)]
    return products


def _product(first: Element, second: Element) -> Element:
    """The element that moves by `second`, then by `first`."""
    product = dict(second)
    for name, matrix in first.items():
        other = product.get(name)
        product[name] = (
            matrix if other is None else _matched(matrix, other) @ _matched(other, matrix)
        )
    return product


def _matched(matrix: NDArray, other: NDArray) -> NDArray:
    """The matrix, homogeneous if the other one is."""
    if len(matrix) >= len(other):
        return matrix
    padded = np.eye(len(other))
    padded[: len(matrix), : len(matrix)] = matrix
    return padded


def inverse(element: Element) -> Element:
    """The inverse element."""
    return {name: np.linalg.inv(matrix) for name, matrix in element.items()}


def shrunk(element: Element, share: float) -> Element:
    """A linear element that stretches less: of g = q p, with p positive definite, q p^share.

    Both factors belong to every group whose Lie algebra holds its own transposes, as those of
    the classical groups do.
    """
    parts = {name: np.linalg.svd(matrix) for name, matrix in element.items()}
    return {name: (u * s**share) @ v for name, (u, s, v) in parts.items()}


def orbit_average(
    predict: Predict,
    X: NDArray,
    elements: list[Element],
    rep_in: Representation,
    rep_out: Representation,
) -> NDArray:
    """Return f_G(x) = mean over elements of rho_out(g)^-1 f(rho_in(g) x), shape (n, n_outputs)."""
    return orbit_predictions(predict, X, elements, rep_in, rep_out).mean(axis=0)


def orbit_predictions(
    predict: Predict,
    X: NDArray,
    elements: list[Element],
    rep_in: Representation,
    rep_out: Representation,
) -> NDArray:
    """Return rho_out(g)^-1 f(rho_in(g) x), shape (n_elements, n_samples, n_outputs)."""
    moved = np.concatenate([rep_in.transform(X, g) for g in elements])
    predicted = predict(moved).reshape(len(elements), len(X), -1)
    back = [rep_out.transform(y, inverse(g)) for y, g in zip(predicted, elements, strict=True)]
    return np.stack(back)


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


def orbit_auc(
    X: NDArray, group: MatrixGroup, rep: Representation, random_state: np.random.RandomState
) -> float:
    """How well a classifier tells rows from rows moved by the group, as an AUC.

    0.5 means that the orbit stays within the data, 1 that it leaves them: a predictor is then
    asked to extrapolate, and a true symmetry looks broken. Two folds; a row and its moved copy
    are always in the same one.
    """
    fewest, few, most = REACH_ROWS
    if len(X) < fewest:
        return 0.5
    X = X[random_state.permutation(len(X))[:most]]
    _, first = np.unique(X, axis=0, return_index=True)
    X = X[np.sort(first)]  # a row seen twice gives itself away
    if len(X) < fewest:
        return 0.5
    fold = np.arange(len(X)) % 2
    n_copies = -(-few // len(X))
    X, fold = np.tile(X, (n_copies, 1)), np.tile(fold, n_copies)
    elements = sample_elements(group, len(X), X, rep, random_state)
    moved = np.concatenate(
        [rep.transform(row[None], g) for row, g in zip(X, elements, strict=True)]
    )
    rows = np.concatenate([X, moved])
    label, folds = np.repeat([0, 1], len(X)), np.r_[fold, fold]
    scores = np.zeros(len(rows))
    for part in (0, 1):
        forest = ExtraTreesClassifier(
            50, min_samples_leaf=5, random_state=random_state.randint(2**31 - 1)
        )
        forest.fit(rows[folds != part], label[folds != part])
        scores[folds == part] = forest.predict_proba(rows[folds == part])[:, 1]
    return float(roc_auc_score(label, scores))
