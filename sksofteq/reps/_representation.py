"""Direct sums of features: the meaning of a row of columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import block_diag

from sksofteq.reps._types import (
    Axis,
    TensorType,
    check_space_name,
    checked_dims,
    group_by_type,
    is_integer,
    space_title,
    unnamed,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

Element = "NDArray | Mapping[str | None, NDArray]"


@dataclass(frozen=True)
class Space:
    """A named space, such as the joints of a body or the axes x, y, z.

    Parameters
    ----------
    name : str
        An identifier.
    dim : int
        Its dimension.

    Examples
    --------
    >>> from sksofteq.reps import Space
    >>> joint, xyz = Space("joint", 31), Space("xyz", 3)
    >>> str(joint + joint * xyz), (joint + joint * xyz).dim
    ('joint + joint*xyz', 124)
    """

    name: str
    dim: int

    def __post_init__(self) -> None:
        check_space_name(self.name)
        if not is_integer(self.dim, minimum=1):
            raise ValueError(
                f"The dimension of space {self.name!r} must be a positive integer, "
                f"got {self.dim!r}."
            )

    def as_rep(self) -> Representation:
        """The vector representation of the space."""
        return Vector(self)

    def __add__(self, other: Representation | Space) -> Representation:
        return self.as_rep() + other

    def __mul__(self, other: Representation | Space | int) -> Representation:
        return self.as_rep() * other

    def __rmul__(self, other: Representation | int) -> Representation:
        return other * self.as_rep()


class Representation:
    """A direct sum of features, in the order of the columns; an immutable value.

    Parameters
    ----------
    terms : sequence of (int, TensorType)
        How many copies of which type, copies of a term contiguous.
    dims : mapping of str to int, default=None
        Dimension of each space that is known; the unnamed space has the name "".

    Examples
    --------
    >>> from sksofteq.reps import Scalar, Vector, T
    >>> rep = 5 * Scalar + 5 * Vector
    >>> str(rep), rep.bind(3).dim
    ('5*scalar + 5*vector', 20)
    >>> str(Vector * Vector), T(2) == Vector * Vector
    ('tensor(2)', True)
    """

    def __init__(
        self,
        terms: list[tuple[int, TensorType]] | tuple[tuple[int, TensorType], ...],
        dims: Mapping[str, int] | None = None,
    ) -> None:
        self.terms = tuple((int(count), kind) for count, kind in terms if count)
        self.dims = checked_dims(dims or {})

    # ------------------------------------------------------------------ algebra

    def __add__(self, other: Representation | Space) -> Representation:
        other = _as_rep(other)
        if other is None:
            return NotImplemented
        return Representation(self.terms + other.terms, _merged(self.dims, other.dims))

    def __mul__(self, other: Representation | Space | int) -> Representation:
        if isinstance(other, int):
            return self.__rmul__(other)
        other = _as_rep(other)
        if other is None:
            return NotImplemented
        terms = [
            (n * m, TensorType(a.axes + b.axes)) for n, a in self.terms for m, b in other.terms
        ]
        return Representation(terms, _merged(self.dims, other.dims))

    def __rmul__(self, count: int) -> Representation:
        if not isinstance(count, int):
            return NotImplemented
        if count < 0:
            raise ValueError(f"A representation is repeated a number of times >= 0, got {count}.")
        if len(self.terms) == 1:
            return Representation([(count * self.terms[0][0], self.terms[0][1])], self.dims)
        return Representation(self.terms * count, self.dims)

    def __call__(self, space: Space) -> Representation:
        """Return this representation over a named space instead of the unnamed one."""
        if not isinstance(space, Space):
            raise TypeError(f"A representation is bound to a Space, got {space!r}.")
        terms = [
            (
                n,
                TensorType(
                    tuple(
                        Axis(axis.space or space.name, axis.dual, axis.point) for axis in kind.axes
                    )
                ),
            )
            for n, kind in self.terms
        ]
        return Representation(terms, _merged(self.dims, {space.name: space.dim}))

    # ------------------------------------------------------------------ sizes

    @property
    def spaces(self) -> frozenset[str]:
        """Names of the spaces that occur."""
        return frozenset().union(*(kind.spaces for _, kind in self.terms))

    def bind(self, dims: int | Mapping[str, int]) -> Representation:
        """Return this representation with the dimensions of its spaces known.

        Parameters
        ----------
        dims : int or mapping of str to int
            Dimension of the unnamed space, or of each space by name.
        """
        dims = dims if isinstance(dims, Mapping) else {"": dims}
        return Representation(self.terms, _merged(self.dims, checked_dims(dims)))

    def type_shape(self, kind: TensorType) -> tuple[int, ...]:
        """Shape of one feature of a type."""
        try:
            return tuple(self.dims[axis.space] for axis in kind.axes)
        except KeyError as error:
            raise ValueError(
                f"The dimension of {space_title(error.args[0])} in {str(self)!r} is unknown; bind "
                "it first."
            ) from None

    def type_dim(self, kind: TensorType) -> int:
        """Number of entries of one feature of a type."""
        return math.prod(self.type_shape(kind))

    @cached_property
    def dim(self) -> int:
        """Number of columns."""
        return sum(count * self.type_dim(kind) for count, kind in self.terms)

    @cached_property
    def blocks(self) -> tuple[tuple[slice, int, TensorType], ...]:
        """(columns, copies, type) of each term."""
        blocks, start = [], 0
        for count, kind in self.terms:
            stop = start + count * self.type_dim(kind)
            blocks.append((slice(start, stop), count, kind))
            start = stop
        return tuple(blocks)

    def grouped(self) -> tuple[Representation, NDArray]:
        """Return the sum with each type once, and the columns in that order."""
        by_type = group_by_type(kind for _, kind in self.terms)
        columns, terms = [], []
        for kind, positions in by_type.items():
            columns += [np.arange(self.dim)[self.blocks[i][0]] for i in positions]
            terms.append((sum(self.terms[i][0] for i in positions), kind))
        order = np.concatenate(columns) if columns else np.zeros(0, dtype=int)
        return Representation(terms, self.dims), order

    def as_vectors(self) -> Representation:
        """Return the sum whose points have become vectors."""
        return Representation([(n, kind.as_vector()) for n, kind in self.terms], self.dims)

    def point_columns(self, space: str) -> list[slice]:
        """Return the columns of the blocks that are points of a space ("" for the unnamed)."""
        return [
            columns
            for columns, _, kind in self.blocks
            if any(axis.point and axis.space == space for axis in kind.axes)
        ]

    # ------------------------------------------------------------------ action

    def rho(self, g: Element) -> NDArray:
        """Return the matrix of a group element.

        Parameters
        ----------
        g : ndarray of shape (d, d), or mapping from space to such matrices
            Spaces that are not named are left alone. Homogeneous matrices count by their
            linear part; `transform` applies the translation too.

        Returns
        -------
        matrix : ndarray of shape (dim, dim)
        """
        elements = self._elements(g)
        return self._block_diagonal(lambda kind: self._rho_of_type(kind, elements))

    def drho(self, algebra_element: Element) -> NDArray:
        """Return the matrix of a Lie algebra element, the derivative of `rho` at the identity.

        Parameters
        ----------
        algebra_element : ndarray of shape (d, d), or mapping from space to such matrices

        Returns
        -------
        matrix : ndarray of shape (dim, dim)
        """
        elements = self._elements(algebra_element)
        return self._block_diagonal(lambda kind: self._drho_of_type(kind, elements))

    def transform(self, X: NDArray, g: Element) -> NDArray:
        """Apply a group element to rows: X rho(g)^T, with points translated.

        Parameters
        ----------
        X : ndarray of shape (n_samples, dim)
        g : ndarray of shape (d, d), homogeneous (d + 1, d + 1), or mapping from space to such

        Returns
        -------
        X_moved : ndarray of shape (n_samples, dim)
        """
        elements = self._elements(g)
        X = np.asarray(X)
        if X.ndim != 2 or X.shape[1] != self.dim:
            raise ValueError(f"X must have shape (n_samples, {self.dim}), got {X.shape}.")
        moved = np.array(X, dtype=np.result_type(X.dtype, np.float32))
        for columns, count, kind in self.blocks:
            if elements.keys() & kind.spaces:
                block = moved[:, columns].reshape(len(X), count, *self.type_shape(kind))
                block = self._move_block(block, kind, elements)
                moved[:, columns] = block.reshape(len(X), -1)
        return moved

    def _move_block(
        self, block: NDArray, kind: TensorType, elements: Mapping[str, NDArray]
    ) -> NDArray:
        for position, axis in enumerate(kind.axes, start=2):
            g = elements.get(axis.space)
            if g is None:
                continue
            dim = self.dims[axis.space]
            linear = g[:dim, :dim].astype(block.dtype)
            matrix = np.linalg.inv(linear).T if axis.dual else linear
            block = np.moveaxis(np.moveaxis(block, position, -1) @ matrix.T, -1, position)
            if axis.point and len(g) == dim + 1:
                shape = [1] * block.ndim
                shape[position] = dim
                block = block + g[:dim, dim].astype(block.dtype).reshape(shape)
        return block

    def _elements(self, g: Element) -> dict[str, NDArray]:
        """The element's matrix by space name, checked against the dimensions."""
        given = g if isinstance(g, Mapping) else self._on_unnamed(g)
        elements = {}
        for name, matrix in given.items():
            matrix, name = np.asarray(matrix), name or ""
            dim = self.dims.get(name, max(matrix.shape, default=1))
            if matrix.shape not in ((dim, dim), (dim + 1, dim + 1)):
                raise ValueError(
                    f"A matrix of shape {matrix.shape} cannot act on {space_title(name)} of "
                    f"dimension {dim}."
                )
            elements[name] = matrix
        return elements

    def _on_unnamed(self, matrix: NDArray) -> dict[None, NDArray]:
        """A single matrix, which acts on the unnamed space, as a mapping."""
        if self.spaces and "" not in self.spaces:
            raise ValueError(
                f"A single matrix acts on the unnamed space, which {str(self)!r} does not have; "
                f"pass a mapping from space to matrix, such as {{{min(self.spaces)!r}: matrix}}."
            )
        return {None: matrix}

    def _rho_of_type(self, kind: TensorType, elements: Mapping[str, NDArray]) -> NDArray:
        factors = []
        for axis in kind.axes:
            dim = self.dims[axis.space]
            matrix = elements.get(axis.space, np.eye(dim))[:dim, :dim]
            factors.append(np.linalg.inv(matrix).T if axis.dual else matrix)
        return reduce(np.kron, factors, np.eye(1))

    def _drho_of_type(self, kind: TensorType, elements: Mapping[str, NDArray]) -> NDArray:
        shape = self.type_shape(kind)
        total = np.zeros((math.prod(shape),) * 2)
        for position, axis in enumerate(kind.axes):
            if axis.space in elements:
                dim = self.dims[axis.space]
                matrix = elements[axis.space][:dim, :dim]
                middle = -matrix.T if axis.dual else matrix
                before, after = math.prod(shape[:position]), math.prod(shape[position + 1 :])
                total += np.kron(np.kron(np.eye(before), middle), np.eye(after))
        return total

    def _block_diagonal(self, of_type: Callable[[TensorType], NDArray]) -> NDArray:
        _ = self.dim  # an unbound space is reported before any work
        blocks = [np.kron(np.eye(count), of_type(kind)) for count, kind in self.terms]
        return block_diag(*blocks) if blocks else np.zeros((0, 0))

    # ------------------------------------------------------------------ value semantics

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Representation)
            and self.terms == other.terms
            and self.dims == other.dims
        )

    def __hash__(self) -> int:
        return hash((self.terms, tuple(self.dims.items())))

    def __copy__(self) -> Representation:
        return self

    def __deepcopy__(self, memo: Mapping) -> Representation:
        return self

    def __reduce__(self) -> tuple:
        return Representation, (self.terms, self.dims)

    def __str__(self) -> str:
        names = [str(kind) if n == 1 else f"{n}*{kind}" for n, kind in self.terms]
        return " + ".join(names) or "0*scalar"

    def __repr__(self) -> str:
        return str(self)


def T(upper: int, lower: int = 0) -> Representation:  # noqa: N802 - the field's name
    """Tensors with `upper` upper and `lower` lower indices over the unnamed space.

    Parameters
    ----------
    upper : int
        Number of upper (contravariant) indices.
    lower : int, default=0
        Number of lower (covariant) indices.

    Returns
    -------
    rep : Representation

    Examples
    --------
    >>> from sksofteq.reps import T
    >>> T(2, 1).bind(3).dim
    27
    """
    if not is_integer(upper) or not is_integer(lower):
        raise ValueError(f"T(p, q) needs integers >= 0, got T({upper!r}, {lower!r}).")
    return Representation([(1, unnamed(int(upper), int(lower)))])


Scalar = Representation([(1, TensorType())])
Vector = T(1)
Point = Representation([(1, TensorType((Axis(point=True),)))])


def _as_rep(value: object) -> Representation | None:
    if isinstance(value, Space):
        return value.as_rep()
    return value if isinstance(value, Representation) else None


def _merged(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    merged = dict(first)
    for name, dim in second.items():
        if merged.setdefault(name, dim) != dim:
            what = space_title(name)
            raise ValueError(
                f"{what[0].upper() + what[1:]} cannot have dimension {merged[name]} and {dim} at "
                "once."
            )
    return merged
