"""The linear families: rotations, Lorentz groups, scalings, permutations and their kin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sksofteq.groups._base import NONCOMPACT_SCALE, MatrixGroup
from sksofteq.groups._sampling import exponentials, haar_orthogonal

if TYPE_CHECKING:
    from numpy.typing import NDArray


def check_size(family: str, n: int, minimum: int = 1) -> int:
    """Return `n` as an int, or raise the error that names the family."""
    if isinstance(n, bool) or int(n) != n or n < minimum:
        raise ValueError(f"{family}(n) needs an integer n >= {minimum}, got {n!r}.")
    return int(n)


class Trivial(MatrixGroup):
    """The group with one element, on R^n."""

    def __init__(self, n: int) -> None:
        n = check_size("Trivial", n)
        super().__init__(dim=n, name=f"Trivial({n})")


class _IndefiniteOrthogonal(MatrixGroup):
    """Shared by SO and O: the form with p times +1 and q times -1 on its diagonal."""

    _special: bool

    def __init__(self, p: int, q: int = 0) -> None:
        family = type(self).__name__
        p, q = check_size(family, p), check_size(family, q, minimum=0)
        name = f"{family}({p})" if q == 0 else f"{family}({p},{q})"
        super().__init__(indefinite_rotations(p, q), self._reflections(p, q), dim=p + q, name=name)
        self._signature = (p, q)

    def _sample(self, n: int, rng: np.random.RandomState) -> dict[str | None, NDArray]:
        if self._signature[1]:
            return super()._sample(n, rng)
        return {self.space: haar_orthogonal(n, self.dim, rng, self._special)}


class SO(_IndefiniteOrthogonal):
    """Rotations of R^n, or SO(p, q), which preserves p squares minus q squares.

    SO(1, 3) has boosts, rotations and -I.

    Examples
    --------
    >>> from sksofteq.groups import SO
    >>> SO(3).sample(2, random_state=0).shape
    (2, 3, 3)
    """

    _special = True

    @staticmethod
    def _reflections(p: int, q: int) -> NDArray:
        if q == 0:
            return np.zeros((0, p, p))
        if p % 2 and q % 2:
            return -np.eye(p + q)[None]
        return _flips(p + q, [(0, p)])


class O(_IndefiniteOrthogonal):  # noqa: E742 - the group's name
    """Rotations and reflections of R^n, or O(p, q) with parity and time reversal."""

    _special = False

    @staticmethod
    def _reflections(p: int, q: int) -> NDArray:
        return _flips(p + q, [(0,)] if q == 0 else [(0,), (p,)])


class Lorentz(O):
    """The Lorentz group O(1, 3): boosts, rotations, parity and time reversal."""

    def __init__(self) -> None:
        super().__init__(1, 3)
        self._name = "Lorentz()"


class SL(MatrixGroup):
    """Matrices of determinant one."""

    def __init__(self, n: int) -> None:
        n = check_size("SL", n, minimum=2)
        units = _matrix_units(n)
        off_diagonal = [units[i, j] for i in range(n) for j in range(n) if i != j]
        diagonal = [units[i, i] - units[i + 1, i + 1] for i in range(n - 1)]
        super().__init__(off_diagonal + diagonal, name=f"SL({n})")


class GL(MatrixGroup):
    """All invertible matrices, those of negative determinant included."""

    def __init__(self, n: int) -> None:
        n = check_size("GL", n)
        super().__init__(_matrix_units(n).reshape(n * n, n, n), _flips(n, [(0,)]), name=f"GL({n})")


class Sp(MatrixGroup):
    """The symplectic group, on R^2n with the form [[0, I], [-I, 0]]."""

    def __init__(self, n: int) -> None:
        n = check_size("Sp", n)
        units, generators = _matrix_units(n), []
        zero = np.zeros((n, n))
        for i in range(n):
            for j in range(n):
                generators.append(np.block([[units[i, j], zero], [zero, -units[j, i]]]))
                if i <= j:
                    symmetric = units[i, j] + units[j, i] * (i != j)
                    generators.append(np.block([[zero, symmetric], [zero, zero]]))
                    generators.append(np.block([[zero, zero], [symmetric, zero]]))
        super().__init__(generators, name=f"Sp({n})")


class Scaling(MatrixGroup):
    """Positive multiples of the identity on R^n.

    Parameters
    ----------
    n : int
        Dimension of the space.
    frame : bool, default=True
        Act through the frame of scales, which serves every tensor type; with False act on
        tensors directly, where only balanced types have invariants.
    """

    def __init__(self, n: int, frame: bool = True) -> None:
        n = check_size("Scaling", n)
        name = f"Scaling({n})" if frame else f"Scaling({n}, frame=False)"
        super().__init__([np.eye(n)], name=name)
        self.scales_frame = bool(frame)

    def _sample(self, n: int, rng: np.random.RandomState) -> dict[str | None, NDArray]:
        scales = NONCOMPACT_SCALE * rng.standard_normal((n, 1))
        return {self.space: exponentials(self.lie_algebra, scales)}


class Permutation(MatrixGroup):
    """All permutations of the coordinates of R^n, the symmetric group S(n).

    A swap of two coordinates and a cycle of all generate it, however many there are.
    """

    def __init__(self, n: int) -> None:
        n = check_size("Permutation", n)
        swap, cycle = np.eye(n), np.roll(np.eye(n), 1, axis=0)
        swap[:2] = swap[1::-1].copy()
        super().__init__((), (swap, cycle)[: n - 1], dim=n, name=f"Permutation({n})")

    def _sample(self, n: int, rng: np.random.RandomState) -> dict[str | None, NDArray]:
        orders = np.argsort(rng.random_sample((n, self.dim)), axis=1)
        return {self.space: np.eye(self.dim)[orders]}


class Cyclic(MatrixGroup):
    """Cyclic shifts of the coordinates of R^n, Z(n)."""

    def __init__(self, n: int) -> None:
        n = check_size("Cyclic", n)
        super().__init__((), [np.roll(np.eye(n), 1, axis=0)], name=f"Cyclic({n})")

    def _sample(self, n: int, rng: np.random.RandomState) -> dict[str | None, NDArray]:
        orders = (np.arange(self.dim) - rng.randint(self.dim, size=(n, 1))) % self.dim
        return {self.space: np.eye(self.dim)[orders]}


class Rotation(MatrixGroup):
    """Turns of the plane by multiples of 2 pi / n, C(n)."""

    def __init__(self, n: int) -> None:
        n = check_size("Rotation", n)
        super().__init__((), [plane_rotation(2 * np.pi / n)], name=f"Rotation({n})")
        self._order = n

    def _sample(self, n: int, rng: np.random.RandomState) -> dict[str | None, NDArray]:
        angles = 2 * np.pi / self._order * rng.randint(self._order, size=n)
        return {self.space: plane_rotation(angles)}


class Dihedral(MatrixGroup):
    """Turns of the plane by multiples of 2 pi / n and reflections, D(n) with 2 n elements."""

    def __init__(self, n: int) -> None:
        n = check_size("Dihedral", n)
        generators = [plane_rotation(2 * np.pi / n), np.diag([1.0, -1.0])]
        super().__init__((), generators, name=f"Dihedral({n})")
        self._order = n

    def _sample(self, n: int, rng: np.random.RandomState) -> dict[str | None, NDArray]:
        angles = 2 * np.pi / self._order * rng.randint(self._order, size=n)
        turns = plane_rotation(angles)
        turns[rng.random_sample(n) < 0.5] @= np.diag([1.0, -1.0])
        return {self.space: turns}


class Reflection(MatrixGroup):
    """The mirror x_1 -> -x_1 of R^n."""

    def __init__(self, n: int) -> None:
        n = check_size("Reflection", n)
        super().__init__((), _flips(n, [(0,)]), name=f"Reflection({n})")


def plane_rotation(angle: float | NDArray) -> NDArray:
    """Rotations of the plane by `angle` radians (...); exact for multiples of a quarter turn."""
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix = np.stack([cosine, -sine, sine, cosine], axis=-1).reshape(*np.shape(angle), 2, 2)
    return np.where(np.abs(matrix - np.round(matrix)) < 1e-15, np.round(matrix), matrix)


def indefinite_rotations(p: int, q: int = 0) -> NDArray:
    """Generators of so(p, q): rotations within the blocks and boosts between them."""
    n = p + q
    signs = np.r_[np.ones(p), -np.ones(q)]
    units = _matrix_units(n)
    generators = [
        units[i, j] - signs[i] * signs[j] * units[j, i] for i in range(n) for j in range(i + 1, n)
    ]
    return np.array(generators).reshape(-1, n, n)


def _matrix_units(n: int) -> NDArray:
    return np.eye(n * n).reshape(n, n, n, n)


def _flips(n: int, axes: list[tuple[int, ...]]) -> NDArray:
    flips = np.tile(np.eye(n), (len(axes), 1, 1))
    for matrix, flipped in zip(flips, axes, strict=True):
        for axis in flipped:
            matrix[axis, axis] = -1.0
    return flips
