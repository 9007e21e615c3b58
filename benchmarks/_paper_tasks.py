"""The tasks of `benchmarks.paper`: the paper's synthetic ones, and the list of all.

A synthetic task has 2000 rows to fit, which networks that stop early halve into 1000 for training
and 1000 for validation, and 1000 to test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._rivals import INERTIA, PLANES
from sksofteq.datasets import make_cosine_similarity, make_inertia

N_FIT, N_TEST, N_POINTS = 2000, 1000, 5
MISSPECIFIED = ("O(2)@x,y", "SL(2)@y,z", "GL(2)@x,z")
COSINE = {"rep_in": "3*vector", "rep_out": "scalar"}

Rows = tuple[NDArray, NDArray]


@dataclass(frozen=True)
class Data:
    """One draw of a task.

    Parameters
    ----------
    fit, test : pair of ndarray
        X and y.
    groups : ndarray, default=None
        Which rows to fit belong together.
    outside : pair of ndarray, default=None
        Test rows out of distribution.
    metres : ndarray of shape (d,), default=None
        Metres per unit of each coordinate, where y is positions at later steps.
    """

    fit: Rows
    test: Rows
    groups: NDArray | None = None
    outside: Rows | None = None
    metres: NDArray | None = None

    def first(self, n_fit: int, n_test: int) -> Data:
        """A smaller draw."""
        return replace(
            self,
            fit=_first(self.fit, n_fit),
            test=_first(self.test, n_test),
            groups=None if self.groups is None else self.groups[:n_fit],
            outside=None if self.outside is None else _first(self.outside, n_test),
        )


@dataclass(frozen=True)
class Task:
    """What to fit, and what is known about it.

    Parameters
    ----------
    draw : callable
        From a seed to data.
    symmetries : tuple of str
        The candidates.
    told : tuple of str
        What those methods get that are told what holds; may be empty.
    view : dict
        What the columns mean.
    is_known : bool, default=True
        Whether `told` is the truth, rather than what physics suggests.
    is_covered : bool, default=True
        Whether rows are wide-spread enough to test the candidates.
    in_metres : bool, default=False
        Whether errors are told as distances, too.
    validation : float, default=0.5
        Share of the rows by which fits are stopped early.
    moved_by : tuple of str, default=None
        What moves test rows; None for `told`.
    extrapolate : callable, default=None
        From X to y at constant velocity, where that means something.
    """

    draw: Callable[[int], Data]
    symmetries: tuple[str, ...]
    told: tuple[str, ...]
    view: dict[str, Any]
    is_known: bool = True
    is_covered: bool = True
    in_metres: bool = False
    validation: float = 0.5
    moved_by: tuple[str, ...] | None = None
    extrapolate: Callable[[NDArray], NDArray] | None = None

    @property
    def moves(self) -> tuple[str, ...]:
        """What moves test rows."""
        return self.told if self.moved_by is None else self.moved_by


def _first(rows: Rows, n: int) -> Rows:
    return rows[0][:n], rows[1][:n]


def _drawn(make: Callable[..., tuple], options: dict[str, Any], seed: int) -> Data:
    X, y = make(N_FIT + N_TEST, random_state=seed, **options)
    return Data((X[:N_FIT], y[:N_FIT]), (X[N_FIT:], y[N_FIT:]))


def _inertia(symmetries: tuple[str, ...] = PLANES, **options: Any) -> Task:
    truth = make_inertia(1, return_truth=True, **options)[2]
    held = tuple(name for name in symmetries if truth.get(name) == 0)
    told = ("O(3)",) if truth["O(3)"] == 0 else held  # all planes together: the whole of O(3)
    return Task(partial(_drawn, make_inertia, options), symmetries, told, INERTIA)


def _cosine(**options: Any) -> Task:
    truth = make_cosine_similarity(2, return_truth=True, **options)[2]
    told = tuple(name for name, size in truth.items() if size == 0)
    draw = partial(_drawn, make_cosine_similarity, options)
    return Task(draw, tuple(truth), told, COSINE)


def _flipped(x: NDArray, sign: int) -> NDArray:
    return sign * np.abs(x)


def _shifted(x: NDArray, sign: int) -> NDArray:
    return x + sign


def _one_sided(change: Callable[[NDArray, int], NDArray], seed: int) -> Data:
    """Inertia with the axis z; x of all points on one side to fit and test, on the other outside.

    Mirrors of x hold, so that who knows them knows the other side.
    """
    X, _ = make_inertia(N_FIT + 2 * N_TEST, n_points=N_POINTS, random_state=seed)
    sides = np.where(np.arange(len(X)) < N_FIT + N_TEST, 1, -1)
    X[:, N_POINTS::3] = change(X[:, N_POINTS::3], sides[:, None])
    rows = X, _target(X)
    fit, test, outside = (
        (rows[0][part], rows[1][part])
        for part in np.split(np.arange(len(X)), (N_FIT, N_FIT + N_TEST))
    )
    return Data(fit, test, outside=outside)


def _target(X: NDArray) -> NDArray:
    """What `make_inertia` computes with axis="z", for positions that it did not draw."""
    masses, positions = X[:, :N_POINTS], X[:, N_POINTS:].reshape(len(X), N_POINTS, 3)
    second = np.einsum("nk,nki,nkj->nij", masses, positions, positions)
    inertia = np.einsum("nii->n", second)[:, None, None] * np.eye(3) - second
    inertia[:, :, 2] = 0.0
    return inertia.reshape(len(X), 9)


SYNTHETIC = {
    "inertia, O(3) exact": _inertia(axis=None),
    "inertia, z kept": _inertia(axis="z"),
    "inertia, x kept": _inertia(axis="x"),
    "inertia, y kept": _inertia(axis="y"),
    "inertia, none kept": _inertia(axis="xy"),
    "inertia, misspecified": _inertia(MISSPECIFIED, axis="z"),
    "inertia, sign-flipped": Task(partial(_one_sided, _flipped), PLANES, PLANES[:1], INERTIA),
    "inertia, shifted": Task(partial(_one_sided, _shifted), PLANES, PLANES[:1], INERTIA),
    "cosine, both hold": _cosine(broken=()),
    "cosine, SO(3) holds": _cosine(broken=("Scaling(3)",)),
    "cosine, Scaling holds": _cosine(broken=("SO(3)",)),
    "cosine, both broken": _cosine(broken=("SO(3)", "Scaling(3)")),
}
