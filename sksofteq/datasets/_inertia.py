"""The inertia tensor of point masses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import check_random_state

from sksofteq.datasets._checks import check_number, check_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AXES = (None, "x", "y", "z", "xy")


def make_inertia(
    n_samples: int = 1000,
    *,
    n_points: int = 5,
    axis: str | None = "z",
    symmetry_break: float = -1.0,
    noise: float = 0.0,
    random_state: Any = None,
    return_truth: bool = False,
) -> tuple:
    """Make the inertia tensors of point masses, a task with O(3) exact, one O(2) kept, or none.

    Masses are the softplus of standard normal numbers, positions are standard normal. The target
    is I = sum_i m_i (|x_i|^2 Id - x_i x_i^T), plus ``symmetry_break * (I e) e^T`` for the unit
    vector e of `axis` (arXiv 2306.00356).

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    n_points : int, default=5
        Number k of masses.
    axis : {None, "x", "y", "z", "xy"}, default="z"
        The axis that is singled out: rotations and mirrors in the plane across it are kept. None
        keeps all of O(3); "xy" keeps no plane: what is added on y is subtracted on x.
    symmetry_break : float, default=-1.0
        Size of the break.
    noise : float, default=0.0
        Standard deviation of Gaussian noise on the target.
    random_state : int, RandomState instance or None, default=None
        Seed.
    return_truth : bool, default=False
        Whether to return what holds, too.

    Returns
    -------
    X : ndarray of shape (n_samples, 4 * n_points)
        Masses, then positions: ``rep_in="5*scalar + 5*vector"``.
    y : ndarray of shape (n_samples, 9)
        Tensor, row-major: ``rep_out="tensor(2)"``.
    truth : dict of str to float
        Size of the break of each candidate, 0 where it holds. Only if `return_truth`.

    Examples
    --------
    >>> from sksofteq.datasets import make_inertia
    >>> X, y, truth = make_inertia(10, axis="z", random_state=0, return_truth=True)
    >>> X.shape, y.shape
    ((10, 20), (10, 9))
    >>> truth["O(2)@x,y"], truth["O(3)"]
    (0.0, 1.0)
    """
    n_samples = check_size("n_samples", n_samples)
    n_points = check_size("n_points", n_points)
    check_number("noise", noise, minimum=0.0)
    check_number("symmetry_break", symmetry_break)
    if axis not in _AXES:
        raise ValueError(f"axis must be one of {_AXES}, got {axis!r}.")
    rng = check_random_state(random_state)
    masses = np.logaddexp(0.0, rng.standard_normal((n_samples, n_points)))
    positions = rng.standard_normal((n_samples, n_points, 3))
    inertia = _inertia(masses, positions)
    target = inertia.copy()
    for letter, sign in {"xy": (("y", 1), ("x", -1)), None: ()}.get(axis, ((axis, 1),)):
        column = "xyz".index(letter)
        target[:, :, column] += sign * symmetry_break * inertia[:, :, column]
    target += noise * rng.standard_normal(target.shape)
    X = np.hstack([masses, positions.reshape(n_samples, -1)])
    y = target.reshape(n_samples, 9)
    return (X, y, _truth(axis, abs(float(symmetry_break)))) if return_truth else (X, y)


def _inertia(masses: NDArray, positions: NDArray) -> NDArray:
    """Inertia tensors, shape (n, 3, 3)."""
    second_moments = np.einsum("nk,nki,nkj->nij", masses, positions, positions)
    trace = np.einsum("nii->n", second_moments)
    return trace[:, None, None] * np.eye(3) - second_moments


def _truth(axis: str | None, size: float) -> dict[str, float]:
    kept = {"x": "O(2)@y,z", "y": "O(2)@x,z", "z": "O(2)@x,y"}
    names = ["O(3)", "O(2)@x,y", "O(2)@y,z", "O(2)@x,z"]
    return {name: 0.0 if axis is None or kept.get(axis) == name else size for name in names}
