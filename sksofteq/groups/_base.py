"""The common value type of all groups."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import check_random_state

from sksofteq.groups._sampling import sample_words

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: Standard deviation of the Lie algebra coefficients when a non-compact group is sampled.
NONCOMPACT_SCALE = 0.3


class MatrixGroup:
    """A matrix group acting on R^d, given by its generators.

    Groups are immutable values: two groups are equal when their generators, the space they
    act on and their treatment (frame or tensors) are equal, whatever their names.

    Parameters
    ----------
    lie_algebra : array-like of shape (n_lie, d, d), default=()
        Generators A_i of the Lie algebra.
    discrete_generators : array-like of shape (n_discrete, d, d), default=()
        Generators h_k of the discrete part.
    dim : int, default=None
        The dimension d; needed only when there is no generator at all.
    name : str, default=None
        What the group prints as.
    affine : bool, default=False
        Whether the matrices are homogeneous, (d + 1) x (d + 1), and so can translate.

    Attributes
    ----------
    dim : int
        Dimension d of the space acted on.
    space : str or None
        Name of the space acted on, None for the unnamed space.
    lie_algebra, discrete_generators : ndarray of shape (n, d, d)
        The generators, float64; homogeneous for affine groups.

    Examples
    --------
    >>> import numpy as np
    >>> from sksofteq.groups import MatrixGroup
    >>> quarter_turn = MatrixGroup(discrete_generators=[[[0, -1], [1, 0]]], name="turn")
    >>> quarter_turn.dim, quarter_turn.is_orthogonal
    (2, True)
    """

    #: True when the group acts through the frame of scales rather than on tensors.
    scales_frame = False

    def __init__(
        self,
        lie_algebra: ArrayLike = (),
        discrete_generators: ArrayLike = (),
        *,
        dim: int | None = None,
        name: str | None = None,
        affine: bool = False,
    ) -> None:
        size = _common_size(lie_algebra, discrete_generators, dim, affine)
        lie = _as_generators(lie_algebra, size, "lie_algebra")
        discrete = _as_generators(discrete_generators, size, "discrete_generators")
        self._actions: dict[str | None, tuple[NDArray, NDArray]] = {None: (lie, discrete)}
        self._affine = affine
        self._name = name or f"GeneratedGroup({len(lie)} lie, {len(discrete)} discrete)"

    # ------------------------------------------------------------------ what it acts on

    @property
    def spaces(self) -> dict[str | None, int]:
        """Dimension of each space that the group acts on, by the space's name."""
        return {name: lie.shape[-1] - self._affine for name, (lie, _) in self._actions.items()}

    @property
    def space(self) -> str | None:
        """Name of the one space acted on."""
        return self._single(list(self._actions))

    @property
    def dim(self) -> int:
        """Dimension of the one space acted on."""
        return self._single(list(self.spaces.values()))

    @property
    def lie_algebra(self) -> NDArray:
        """Lie algebra generators, shape (n_lie, d, d)."""
        return self._single([lie for lie, _ in self._actions.values()])

    @property
    def discrete_generators(self) -> NDArray:
        """Discrete generators, shape (n_discrete, d, d)."""
        return self._single([discrete for _, discrete in self._actions.values()])

    @property
    def actions(self) -> dict[str | None, tuple[NDArray, NDArray]]:
        """(lie_algebra, discrete_generators) by space; k-th ones of all spaces act together."""
        return dict(self._actions)

    def _single(self, values: list) -> Any:
        if len(values) != 1:
            raise ValueError(f"{self} acts on several spaces at once; use .actions or .spaces.")
        return values[0]

    # ------------------------------------------------------------------ properties

    @property
    def affine(self) -> bool:
        """Whether elements are homogeneous matrices that can translate."""
        return self._affine

    @property
    def is_orthogonal(self) -> bool:
        """Whether the linear part of every element is an orthogonal matrix."""
        return all(
            np.allclose(lie + lie.mT, 0) and np.allclose(h @ h.mT, np.eye(h.shape[-1]))
            for lie, h in self.linear_part().actions.values()
        )

    @property
    def is_permutation(self) -> bool:
        """Whether every element is a permutation matrix."""
        return not self._affine and all(
            not lie.any() and _is_permutation(h) for lie, h in self._actions.values()
        )

    @property
    def is_trivial(self) -> bool:
        """Whether the only element is the identity."""
        return all(
            not lie.any() and np.array_equal(h, np.broadcast_to(np.eye(h.shape[-1]), h.shape))
            for lie, h in self._actions.values()
        )

    @property
    def translations(self) -> dict[str | None, NDArray]:
        """By space, an orthonormal basis (d, k) of the directions it translates points along."""
        if not self._affine:
            return {}
        found = {}
        for name, (lie, _) in self._actions.items():
            directions = lie[:, :-1, -1].T
            basis, values, _ = np.linalg.svd(directions, full_matrices=False)
            found[name] = basis[:, values > 1e-9 * max(values.max(initial=0.0), 1e-300)]
        return found

    def linear_part(self) -> MatrixGroup:
        """Return the group that acts on tensors once frames have taken care of the rest.

        Translations and frame scalings become trivial: SE(n) gives SO(n), Scaling(n) the
        trivial group.
        """
        if not self._affine and not self.scales_frame:
            return self
        actions = {}
        for name, (lie, discrete) in self._actions.items():
            if self.scales_frame:
                lie, discrete = lie[:0], discrete[:0]
            elif self._affine:
                lie = lie[:, :-1, :-1]
                lie = _frozen(lie[np.abs(lie).max(axis=(1, 2), initial=0.0) > 0])
                discrete = discrete[:, :-1, :-1]
            actions[name] = (lie, discrete)
        linear = MatrixGroup(dim=1, name=f"linear part of {self._name}")
        linear._actions = actions
        return linear

    def frame_part(self) -> MatrixGroup:
        """Return what a frame takes care of: translations, frame scalings; or else nothing."""
        if self.scales_frame:
            return self
        part = copy.copy(self)
        part._actions = {}
        for name, (lie, discrete) in self._actions.items():
            basis = self.translations.get(name, np.zeros((0, 0)))
            moved = np.zeros((basis.shape[1], *lie.shape[1:]))
            moved[:, : len(basis), -1] = basis.T
            part._actions[name] = (_frozen(moved), discrete[:0])
        return part

    def without_frame(self) -> MatrixGroup:
        """Return this group acting on tensors alone, never through the frame of scales."""
        if not self.scales_frame:
            return self
        plain = copy.copy(self)
        plain.scales_frame = False
        plain._name = self._name.replace(")", ", frame=False)", 1)
        return plain

    def restricted_to(self, spaces: set[str]) -> MatrixGroup:
        """Return the action on some of the spaces ("" for the unnamed one)."""
        restricted = copy.copy(self)
        restricted._actions = {k: v for k, v in self._actions.items() if (k or "") in spaces}
        return restricted

    # ------------------------------------------------------------------ new groups from old

    def on_space(self, name: str) -> MatrixGroup:
        """Return this group acting on the space called `name`."""
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"A space's name must be an identifier, got {name!r}.")
        moved = copy.copy(self)
        moved._actions = {name: self._single(list(self._actions.values()))}
        return moved

    def embed(self, axes: Sequence[int | str], dim: int | None = None) -> MatrixGroup:
        """Return this group acting on some axes of a larger space, trivially on the others.

        Parameters
        ----------
        axes : sequence of int or of 'x', 'y', 'z'
            The axes acted on, as many as this group's dimension, in its own order.
        dim : int, default=None
            Dimension of the larger space; letters imply 3.
        """
        from sksofteq.groups._composed import EmbeddedGroup

        return EmbeddedGroup(self, axes, dim)

    def __and__(self, other: MatrixGroup) -> MatrixGroup:
        from sksofteq.groups._composed import PairedGroup

        if not isinstance(other, MatrixGroup):
            return NotImplemented
        return PairedGroup(self, other)

    # ------------------------------------------------------------------ elements

    def sample(self, n: int, random_state: Any = None) -> NDArray | dict[str, NDArray]:
        """Draw group elements.

        Haar measure for compact families, uniform for finite groups. Elsewhere products of
        exponentials of random Lie algebra elements (normal coefficients of standard deviation
        0.3; 1 for antisymmetric generators and translations) and random discrete words. Where
        the Lie algebra holds its own transposes, its generators are its antisymmetric and its
        symmetric matrices: such groups turn by any angle, and stretch less.

        Parameters
        ----------
        n : int
            Number of elements.
        random_state : int, RandomState instance or None, default=None
            Seed or generator; the global generator is left alone for an integer.

        Returns
        -------
        elements : ndarray of shape (n, d, d), or mapping from space to such arrays
            Homogeneous matrices (n, d + 1, d + 1) for affine groups; a mapping for groups that
            act on several spaces at once.
        """
        elements = self._sample(int(n), check_random_state(random_state))
        return elements if len(elements) > 1 else next(iter(elements.values()))

    def sample_on_spaces(self, n: int, random_state: Any = None) -> dict[str | None, NDArray]:
        """Draw group elements as a mapping from space to arrays, whatever their number."""
        return self._sample(int(n), check_random_state(random_state))

    def _sample(self, n: int, rng: np.random.RandomState) -> dict[str | None, NDArray]:
        return sample_words(self._actions, n, rng, NONCOMPACT_SCALE)

    # ------------------------------------------------------------------ value semantics

    @property
    def _content(self) -> tuple:
        return (
            self._affine,
            self.scales_frame,
            tuple(
                (name, lie.shape, _bytes(lie), discrete.shape, _bytes(discrete))
                for name, (lie, discrete) in sorted(
                    self._actions.items(), key=lambda item: str(item[0])
                )
            ),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MatrixGroup) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    def __copy__(self) -> MatrixGroup:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def __deepcopy__(self, memo: Mapping) -> MatrixGroup:
        return self

    def __getstate__(self) -> dict[str, Any]:
        """The generators as a list: the unnamed space, None, is no key in every format."""
        actions = [(name, *generators) for name, generators in self._actions.items()]
        return vars(self) | {"_actions": actions}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Files forget that an array is read-only.
        actions = {name: (_frozen(lie), _frozen(rest)) for name, lie, rest in state["_actions"]}
        vars(self).update(state | {"_actions": actions})

    def __str__(self) -> str:
        (space,) = self._actions
        return self._name if space is None else f"{self._name} on {space}"

    def __repr__(self) -> str:
        return str(self)


def _common_size(lie: ArrayLike, discrete: ArrayLike, dim: int | None, affine: bool) -> int:
    if dim is not None and (int(dim) != dim or dim < 1):
        raise ValueError(f"dim must be a positive integer, got {dim!r}.")
    for generators in (lie, discrete):
        shape = np.shape(generators)
        if shape and np.size(generators):
            if dim is not None and shape[-1] != dim + affine:
                raise ValueError(f"dim={dim!r} does not fit generators of shape {shape}.")
            return shape[-1]
    if dim is None:
        raise ValueError("dim is needed for a group without generators, got dim=None.")
    return int(dim) + affine


def _as_generators(values: ArrayLike, size: int, parameter: str) -> NDArray:
    array = np.array(values, dtype=np.float64) if np.size(values) else np.zeros((0, size, size))
    if array.shape[1:] != (size, size):
        raise ValueError(
            f"{parameter} must have shape (n, d, d) with one d for all generators "
            f"(here d = {size}), got shape {array.shape}."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{parameter} must be finite, got NaN or infinity.")
    invertible = parameter != "discrete_generators" or not len(array)
    if not invertible and np.linalg.matrix_rank(array).min() < size:
        raise ValueError("discrete_generators must be invertible, got a singular matrix.")
    array += 0.0  # normalises -0.0, so that equal groups have equal bytes
    return _frozen(array)


def _frozen(array: NDArray) -> NDArray:
    array.setflags(write=False)
    return array


def _bytes(array: NDArray) -> bytes:
    return np.ascontiguousarray(array).tobytes()


def _is_permutation(matrices: NDArray) -> bool:
    zero_or_one = np.isin(matrices, (0.0, 1.0)).all()
    return bool(
        zero_or_one and (matrices.sum(axis=-1) == 1).all() and (matrices.sum(axis=-2) == 1).all()
    )
