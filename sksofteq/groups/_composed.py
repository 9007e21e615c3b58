"""Groups made of others: embedded in a larger space, acting on two spaces at once, generated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.groups._base import NONCOMPACT_SCALE, MatrixGroup
from sksofteq.groups._sampling import sample_words

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LETTERS = "xyz"


class EmbeddedGroup(MatrixGroup):
    """A group acting on some axes of a larger space and trivially on the others.

    Parameters
    ----------
    group : MatrixGroup
        The group to embed; it must act on one space.
    axes : sequence of int or of 'x', 'y', 'z'
        The axes it acts on, in its own order.
    dim : int, default=None
        Dimension of the larger space; letters imply 3.

    Examples
    --------
    >>> from sksofteq.groups import O
    >>> O(2).embed(("x", "y"))
    O(2)@x,y
    >>> O(2).embed((0, 3), 5)
    O(2)@0,3 in R^5
    """

    def __init__(
        self, group: MatrixGroup, axes: Sequence[int | str], dim: int | None = None
    ) -> None:
        indices, dim = _check_axes(group, axes, dim)
        index = np.array([*indices, dim] if group.affine else indices)
        size = dim + group.affine
        lie = np.zeros((len(group.lie_algebra), size, size))
        lie[:, index[:, None], index] = group.lie_algebra
        super().__init__(
            lie,
            _place(group.discrete_generators, index, size),
            dim=dim,
            name=_embedded_name(group, indices, dim),
            affine=group.affine,
        )
        self.scales_frame = group.scales_frame
        self._actions = {group.space: self._actions[None]}
        self.base = group
        self._index = index

    def _sample(self, n: int, rng: np.random.RandomState) -> dict[str | None, NDArray]:
        elements = next(iter(self.base._sample(n, rng).values()))
        return {self.space: _place(elements, self._index, self.dim + self.affine)}


class PairedGroup(MatrixGroup):
    """A group that acts on several spaces at once, written ``g & h``.

    The k-th generators of both act together: ``Reflection(3).on_space("xyz") &
    swap.on_space("joint")`` mirrors space and exchanges joints in one move.

    Parameters
    ----------
    first, second : MatrixGroup
        Linear groups on different spaces with equally many generators of each kind. Two copies
        of one family move together, as the same abstract element.
    """

    def __init__(self, first: MatrixGroup, second: MatrixGroup) -> None:
        _check_pair(first, second)
        self._actions = {**first._actions, **second._actions}
        self._affine = False
        self._name = f"{first} & {second}"
        self.scales_frame = False
        self.first, self.second = first, second

    def _sample(self, n: int, rng: np.random.RandomState) -> dict[str | None, NDArray]:
        if _family(self.first) == _family(self.second):
            seed = rng.randint(np.iinfo(np.int32).max)
            return {
                **self.first._sample(n, np.random.RandomState(seed)),
                **self.second._sample(n, np.random.RandomState(seed)),
            }
        return sample_words(self._actions, n, rng, NONCOMPACT_SCALE)

    def on_space(self, name: str) -> MatrixGroup:
        raise ValueError(f"{self} acts on several spaces already; name the space of each part.")

    def __str__(self) -> str:
        return self._name


class GeneratedGroup(MatrixGroup):
    """A group known by its generators alone.

    A finite group of at most 1024 elements is sampled uniformly, others by random words.

    Parameters
    ----------
    lie_algebra : array-like of shape (n_lie, d, d), default=()
        Generators of the Lie algebra.
    discrete_generators : array-like of shape (n_discrete, d, d), default=()
        Generators of the discrete part.
    dim : int, default=None
        Dimension, needed without generators only.
    name : str, default=None
        What the group prints as; such names cannot be parsed back.

    Examples
    --------
    >>> import numpy as np
    >>> from sksofteq.groups import GeneratedGroup
    >>> swap = GeneratedGroup(discrete_generators=[np.eye(3)[[1, 0, 2]]], name="swap")
    >>> swap.is_permutation
    True
    """

    def __init__(
        self,
        lie_algebra: ArrayLike = (),
        discrete_generators: ArrayLike = (),
        *,
        dim: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(lie_algebra, discrete_generators, dim=dim, name=name)


def _place(matrices: NDArray, index: NDArray, size: int) -> NDArray:
    """Matrices acting on the axes `index` of a space of dimension `size`, identity elsewhere."""
    placed = np.tile(np.eye(size), (len(matrices), 1, 1))
    placed[:, index[:, None], index] = matrices
    return placed


def _check_axes(
    group: MatrixGroup, axes: Sequence[int | str], dim: int | None
) -> tuple[list[int], int]:
    letters = [axis for axis in axes if isinstance(axis, str)]
    if any(letter not in LETTERS for letter in letters):
        raise ValueError(f"axes must be integers or letters of 'xyz', got {tuple(axes)!r}.")
    indices = [LETTERS.index(axis) if isinstance(axis, str) else int(axis) for axis in axes]
    if dim is None:
        if len(letters) != len(indices):
            raise ValueError(f"dim is needed to embed {group} along the axes {tuple(axes)!r}.")
        dim = 3
    if len(indices) != group.dim:
        raise ValueError(
            f"{group} acts on R^{group.dim} and needs {group.dim} axes, got {tuple(axes)!r}."
        )
    if len(set(indices)) != len(indices) or min(indices) < 0 or max(indices) >= dim:
        raise ValueError(f"axes must be distinct and in 0..{dim - 1}, got {tuple(axes)!r}.")
    return indices, int(dim)


def _embedded_name(group: MatrixGroup, indices: list[int], dim: int) -> str:
    if isinstance(group, EmbeddedGroup):
        return _embedded_name(
            group.base, [indices[i] for i in group._index[: group.base.dim]], dim
        )
    if dim == len(LETTERS):
        return f"{group._name}@" + ",".join(LETTERS[i] for i in indices)
    return f"{group._name}@" + ",".join(map(str, indices)) + f" in R^{dim}"


def _check_pair(first: MatrixGroup, second: MatrixGroup) -> None:
    shared = set(first._actions) & set(second._actions)
    if shared:
        raise ValueError(f"{first} & {second}: the two parts must act on different spaces.")
    if first.affine or second.affine or first.scales_frame or second.scales_frame:
        raise ValueError(
            f"{first} & {second}: translations and frame scalings cannot be paired; list them "
            "as candidates of their own."
        )
    counts = [
        [len(part) for part in next(iter(group._actions.values()))] for group in (first, second)
    ]
    if counts[0] != counts[1]:
        raise ValueError(
            f"{first} & {second} pairs the k-th generators of both, so both need equally many; "
            f"got {counts[0]} and {counts[1]} (Lie algebra, discrete)."
        )


def _family(group: MatrixGroup) -> tuple:
    """What two copies of one abstract group share: their type and their name without axes."""
    base = group.base if isinstance(group, EmbeddedGroup) else group
    named = type(base) not in (GeneratedGroup, MatrixGroup)
    return type(base), base._name if named else base._content
