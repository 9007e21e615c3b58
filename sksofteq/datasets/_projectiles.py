"""Points thrown under gravity, with drag and a wind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import check_random_state

from sksofteq.datasets._checks import check_number, check_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = 32  # of the integration


def make_projectiles(
    n_samples: int = 1000,
    *,
    gravity: float = 2.0,
    wind: float = 0.0,
    noise: float = 0.0,
    random_state: Any = None,
    return_truth: bool = False,
) -> tuple:
    """Make the landing points of thrown bodies, with gravity, quadratic drag and a wind.

    A body starts at a standard normal position with a standard normal velocity, so that no
    direction of throw is preferred, and flies for a time between 0.5 and 1.5 with a drag
    coefficient c between 0 and 1: dv/dt = -g e_z - c |v - w| (v - w), w = wind e_x. Gravity breaks
    O(3) down to O(2) about the vertical; the wind breaks that in turn. Translations always hold.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    gravity : float, default=2.0
        Acceleration g along -z; the size of the break of what does not keep the vertical.
    wind : float, default=0.0
        Speed of the wind along x; the size of the break of O(2) about the vertical.
    noise : float, default=0.0
        Standard deviation of Gaussian noise on the target.
    random_state : int, RandomState instance or None, default=None
        Seed.
    return_truth : bool, default=False
        Whether to return what holds, too.

    Returns
    -------
    X : ndarray of shape (n_samples, 8)
        Time of flight, drag coefficient, start and velocity:
        ``rep_in="2*scalar + point + vector"``.
    y : ndarray of shape (n_samples, 3)
        Where the body is at the end: ``rep_out="point"``.
    truth : dict of str to float
        Size of the break of each candidate, 0 where it holds. Only if `return_truth`.

    Examples
    --------
    >>> from sksofteq.datasets import make_projectiles
    >>> X, y, truth = make_projectiles(10, random_state=0, return_truth=True)
    >>> X.shape, y.shape
    ((10, 8), (10, 3))
    >>> truth["O(2)@x,y"], truth["O(3)"]
    (0.0, 2.0)
    """
    n_samples = check_size("n_samples", n_samples)
    check_number("gravity", gravity)
    check_number("wind", wind)
    check_number("noise", noise, minimum=0.0)
    rng = check_random_state(random_state)
    start, velocity = rng.standard_normal((2, n_samples, 3))
    time = rng.uniform(0.5, 1.5, n_samples)
    drag = rng.uniform(0.0, 1.0, n_samples)
    end = start + _displacement(velocity, time, drag, gravity, wind)
    end += noise * rng.standard_normal(end.shape)
    X = np.column_stack([time, drag, start, velocity])
    if not return_truth:
        return X, end
    horizontal, vertical = abs(float(wind)), abs(float(gravity))
    broken = max(horizontal, vertical)
    truth = {"O(3)": broken, "O(2)@x,y": horizontal, "O(2)@y,z": vertical, "O(2)@x,z": broken}
    return X, end, truth | {"Translation(3)": 0.0}


def _displacement(
    velocity: NDArray, time: NDArray, drag: NDArray, gravity: float, wind: float
) -> NDArray:
    """Integrate the motion by the classical fourth-order Runge-Kutta method."""
    step = (time / _STEPS)[:, None]
    air, pull = np.array([wind, 0.0, 0.0]), np.array([0.0, 0.0, -gravity])

    def acceleration(v: NDArray) -> NDArray:
        relative = v - air
        speed = np.linalg.norm(relative, axis=1, keepdims=True)
        return pull - drag[:, None] * speed * relative

    position = np.zeros_like(velocity)
    for _ in range(_STEPS):
        k1 = acceleration(velocity)
        k2 = acceleration(velocity + step / 2 * k1)
        k3 = acceleration(velocity + step / 2 * k2)
        k4 = acceleration(velocity + step * k3)
        # the velocity's own stages integrate the position to the same order
        position = position + step * (velocity + step / 6 * (k1 + k2 + k3))
        velocity = velocity + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return position
