"""Group elements: drawn on the scale of the data, multiplied, inverted; what they move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import expm
from sklearn.utils import check_random_state

from sksofteq.groups import MatrixGroup
from sksofteq.reps import Representation

if TYPE_CHECKING:
    from numpy.typing import NDArray

Element = Mapping["str | None", "NDArray"]


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


def small_products(
    groups: Sequence[MatrixGroup], n: int, size: float, random_state: object
) -> list[Element]:
    """Draw n elements near the identity, as products of one element of every group.

    Each is the exponential of a combination of the Lie algebra's generators, with normal
    coefficients of standard deviation `size`; of finite groups it is the identity.
    """
    random_state = check_random_state(random_state)
    products: list[Element] = [{} for _ in range(n)]
    for group in groups:
        n_lie = len(next(iter(group.actions.values()))[0])
        steps = size * random_state.standard_normal((n, n_lie))
        moves = {
            name: expm(np.einsum("ni,iab->nab", steps, lie))
            for name, (lie, _) in group.actions.items()
        }
        factors = [{name: matrices[i] for name, matrices in moves.items()} for i in range(n)]
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
