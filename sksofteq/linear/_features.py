"""Products of pairs of features: what a linear map of degree two reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.reps import Representation, TensorType

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Two blocks, the copies of each that are multiplied, and the type of the products.
_Pair = tuple[slice, slice, int, int, "NDArray", "NDArray", TensorType]


class ProductFeatures:
    """Features, followed by the tensor products of all pairs of them for degree 2.

    A product has the axes of both factors: scalars and vectors give scalars, vectors and
    tensors of rank 2, so that the products' types, and with them the penalties, are known. Every
    pair is taken once, a feature with itself too. The extra inputs of a frame are not multiplied.

    Parameters
    ----------
    rep : Representation
        The features, with known dimensions.
    degree : {1, 2}, default=1

    Attributes
    ----------
    rep_features : Representation
        Features and products.

    Examples
    --------
    >>> from sksofteq.linear import ProductFeatures
    >>> from sksofteq.reps import Scalar, Vector
    >>> str(ProductFeatures((Scalar + 2 * Vector).bind(3), degree=2).rep_features)
    'scalar + 2*vector + scalar + 2*vector + 3*tensor(2)'
    """

    def __init__(self, rep: Representation, degree: int = 1) -> None:
        self.rep = rep
        self._pairs = list(_pairs(rep)) if degree == 2 else []
        terms = [(len(first), kind) for *_, first, _, kind in self._pairs]
        self.rep_features = Representation([*rep.terms, *terms], rep.dims)

    def transform(self, X: NDArray) -> NDArray:
        """Return features and products, shape (n_samples, rep_features.dim)."""
        if not self._pairs:
            return X
        products = [X]
        for columns, others, n, m, first, second, _ in self._pairs:
            left = X[:, columns].reshape(len(X), n, -1)[:, first]
            right = X[:, others].reshape(len(X), m, -1)[:, second]
            products.append((left[..., :, None] * right[..., None, :]).reshape(len(X), -1))
        return np.hstack(products)


def _pairs(rep: Representation) -> Iterator[_Pair]:
    blocks = [block for block in rep.blocks if not block[2].frame]
    for i, (columns, n, kind) in enumerate(blocks):
        for j, (others, m, other) in enumerate(blocks[i:], start=i):
            first, second = np.triu_indices(n) if i == j else np.indices((n, m)).reshape(2, -1)
            axes = kind.as_vector().axes + other.as_vector().axes
            yield columns, others, n, m, first, second, TensorType(axes)
