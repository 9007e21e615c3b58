"""Groups that translate points: their matrices are homogeneous, (n + 1) x (n + 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sksofteq.groups._base import MatrixGroup
from sksofteq.groups._families import O, check_size, indefinite_rotations
from sksofteq.groups._sampling import haar_orthogonal

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _Affine(MatrixGroup):
    """Translations of R^n together with none, the special or all orthogonal maps.

    Only `point` features feel a translation; vectors and tensors feel the orthogonal part.
    Sampled translations are standard normal in every direction.
    """

    #: None for no rotations, else whether reflections are left out.
    _special: bool | None

    def __init__(self, n: int) -> None:
        family = type(self).__name__
        n = check_size(family, n)
        translations = np.zeros((n, n + 1, n + 1))
        translations[np.arange(n), np.arange(n), n] = 1.0
        rotations = np.zeros((0, n, n)) if self._special is None else indefinite_rotations(n)
        reflections = O(n).discrete_generators if self._special is False else np.zeros((0, n, n))
        super().__init__(
            np.concatenate([np.pad(rotations, ((0, 0), (0, 1), (0, 1))), translations]),
            homogeneous(reflections),
            dim=n,
            name=f"{family}({n})",
            affine=True,
        )

    def _sample(self, n: int, rng: np.random.RandomState) -> dict[str | None, NDArray]:
        dim = self.dim
        linear = np.tile(np.eye(dim), (n, 1, 1))
        if self._special is not None:
            linear = haar_orthogonal(n, dim, rng, self._special)
        elements = homogeneous(linear)
        elements[:, :dim, dim] = rng.standard_normal((n, dim))
        return {self.space: elements}


class Translation(_Affine):
    """Translations of the points of R^n."""

    _special = None


class SE(_Affine):
    """Rotations and translations of R^n."""

    _special = True


class E(_Affine):
    """Rotations, reflections and translations of R^n."""

    _special = False


def homogeneous(linear: NDArray) -> NDArray:
    """Linear maps (n, d, d) as homogeneous matrices (n, d + 1, d + 1)."""
    padded = np.pad(linear, ((0, 0), (0, 1), (0, 1)))
    padded[:, -1, -1] = 1.0
    return padded
