"""What the bank is made of: inputs, bases with known symmetries, terms that break them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Function = Callable[[NDArray], NDArray]


@dataclass(frozen=True)
class Scenario:
    """Inputs, a base, and what can break it."""

    view: dict[str, Any]
    draw: Callable[[np.random.RandomState, int], NDArray]
    base: Function
    #: By name, terms that break candidates; the sizes that the bank gives them.
    breaks: dict[str, tuple[Function, tuple[float, ...]]]
    held_out: bool


# ------------------------------------------------------------------ pieces

PLANES = ("O(2)@x,y", "O(2)@y,z", "O(2)@x,z")


def _normal(n_columns: int) -> Callable[[np.random.RandomState, int], NDArray]:
    return lambda rng, n: rng.standard_normal((n, n_columns))


def _vectors(X: NDArray, n_scalars: int = 0, d: int = 3) -> tuple[NDArray, ...]:
    """The vectors of a table that begins with scalars, each of shape (n, d)."""
    return tuple(X[:, n_scalars:].reshape(len(X), -1, d).transpose(1, 0, 2))


def _dot(a: NDArray, b: NDArray) -> NDArray:
    return np.sum(a * b, axis=-1)


def _length(a: NDArray) -> NDArray:
    return np.sqrt(_dot(a, a))


def _columns(*values: NDArray) -> NDArray:
    return np.column_stack(values)


# ------------------------------------------------------------------ scenarios for development


def _lengths(X: NDArray) -> NDArray:
    a, b, c = _vectors(X)
    return np.exp(-_dot(a, a) / 3) + _dot(a, b) / 2 + _length(b) * _length(c) / 3


def _lengths_upright(X: NDArray) -> NDArray:
    a, b, c = _vectors(X)
    return a[:, 2] + b[:, 2] * c[:, 2]


def _lengths_skew(X: NDArray) -> NDArray:
    a, b, c = _vectors(X)
    return a[:, 0] * b[:, 1] + c[:, 2] + a[:, 0]


def _field(X: NDArray) -> NDArray:
    a, b = _vectors(X, 2)
    s, t = X[:, :1], X[:, 1:2]
    return (
        np.tanh(s) * a * (1 + _length(b)[:, None]) / 2
        + b * np.cos(t)
        + a * _dot(a, b)[:, None] / 3
    )


def _field_screw(X: NDArray) -> NDArray:
    a, b = _vectors(X, 2)
    return np.cross(a, b) * np.cos(X[:, :1])


def _field_drift(X: NDArray) -> NDArray:
    a, _ = _vectors(X, 2)
    return _columns(0 * a[:, 0], 0 * a[:, 0], _length(a) + a[:, 2])


def _field_both(X: NDArray) -> NDArray:
    a, b = _vectors(X, 2)
    return _columns(_length(a), a[:, 2] * b[:, 0], b[:, 1])


def _angles(X: NDArray) -> NDArray:
    a, b, c = (v / _length(v)[:, None] for v in _vectors(X))
    return _dot(a, b) + _dot(b, c) ** 2 + np.sin(_dot(a, c))


def _angles_sized(X: NDArray) -> NDArray:
    a, b, _ = _vectors(X)
    return _length(a) - _length(b) ** 2 / 3


def _angles_upright(X: NDArray) -> NDArray:
    a, b, _ = (v / _length(v)[:, None] for v in _vectors(X))
    return a[:, 2] + b[:, 0] * a[:, 1]


def _angles_both(X: NDArray) -> NDArray:
    a, b, c = _vectors(X)
    return a[:, 0] + b[:, 1] * c[:, 2] / 2


def _bodies(X: NDArray) -> NDArray:
    return X.reshape(len(X), 4, 3)


def _cluster(X: NDArray) -> NDArray:
    x = _bodies(X)
    gaps = _length(x[:, :, None] - x[:, None])
    return np.exp(-(gaps**2) / 4).sum(axis=(1, 2)) + gaps.sum(axis=(1, 2)) / 10


def _cluster_well(X: NDArray) -> NDArray:
    centre = _bodies(X).mean(axis=1)
    return _dot(centre, centre)


def _cluster_tilt(X: NDArray) -> NDArray:
    x = _bodies(X)
    return np.var(x[:, :, 2], axis=1) - np.var(x[:, :, 0], axis=1) / 2


def _cluster_all(X: NDArray) -> NDArray:
    x = _bodies(X)
    return x[:, 0, 2] + x[:, 1, 0] * x[:, 2, 1] / 2


def _plane_angles(X: NDArray) -> tuple[NDArray, NDArray]:
    a, b = _vectors(X, d=2)[:2]
    return np.arctan2(a[:, 1], a[:, 0]), np.arctan2(b[:, 1], b[:, 0])


def _planar(X: NDArray) -> NDArray:
    a, b = _vectors(X, d=2)
    return _length(a) + _dot(a, b) ** 2 / 3 + np.cos(_dot(b, b))


def _planar_square(X: NDArray) -> NDArray:
    first, second = _plane_angles(X)
    return np.cos(4 * first) + np.cos(4 * second)


def _planar_mill(X: NDArray) -> NDArray:
    first, _ = _plane_angles(X)
    return np.sin(4 * first)


def _planar_free(X: NDArray) -> NDArray:
    a, b = _vectors(X, d=2)
    return a[:, 0] + b[:, 1] * a[:, 1]


def _moment(X: NDArray) -> NDArray:
    total = 0.0
    for v in _vectors(X):
        total = total + v[:, :, None] * v[:, None] * np.exp(-_dot(v, v) / 4)[:, None, None]
    return total.reshape(len(X), 9)


def _moment_upright(X: NDArray) -> NDArray:
    y = np.zeros((len(X), 3, 3))
    a, b = _vectors(X)[:2]
    y[:, 2, 2] = a[:, 2] ** 2 - _dot(b, b) / 3
    y[:, 0, 0] = y[:, 1, 1] = a[:, 2] * b[:, 2]
    return y.reshape(len(X), 9)


def _moment_skew(X: NDArray) -> NDArray:
    y = np.zeros((len(X), 3, 3))
    a, b = _vectors(X)[:2]
    y[:, 0, 1], y[:, 2, 0], y[:, 1, 1] = a[:, 0], b[:, 1] * a[:, 2], b[:, 0]
    return y.reshape(len(X), 9)


# ------------------------------------------------------------------ scenarios held out


def _inertia(X: NDArray) -> NDArray:
    total = 0.0
    for mass, v in zip(np.logaddexp(0, X[:, :3]).T, _vectors(X, 3), strict=True):
        outer = v[:, :, None] * v[:, None]
        total = total + mass[:, None, None] * (_dot(v, v)[:, None, None] * np.eye(3) - outer)
    return total.reshape(len(X), 9)


def _inertia_upright(X: NDArray) -> NDArray:
    y = np.zeros((len(X), 3, 3))
    y[:, :, 2] = _inertia(X).reshape(-1, 3, 3)[:, :, 2]
    return y.reshape(len(X), 9)


def _inertia_skew(X: NDArray) -> NDArray:
    y = np.zeros((len(X), 3, 3))
    inertia = _inertia(X).reshape(-1, 3, 3)
    y[:, :, 0], y[:, :, 1] = inertia[:, :, 0], -inertia[:, :, 1]
    return y.reshape(len(X), 9)


def _charged(X: NDArray) -> tuple[NDArray, NDArray]:
    return X[:, :4], X[:, 4:].reshape(len(X), 4, 3)


def _forces(X: NDArray) -> NDArray:
    charge, x = _charged(X)
    gap = x[:, :, None] - x[:, None]
    pull = charge[:, :, None] * charge[:, None] / (1 + _dot(gap, gap))
    return (pull[..., None] * gap).sum(axis=2).reshape(len(X), 12)


def _forces_wind(X: NDArray) -> NDArray:
    charge, x = _charged(X)
    wind = np.stack([0 * charge, np.cos(charge), x[:, :, 2]], axis=2)
    return wind.reshape(len(X), 12)


def _forces_ranked(X: NDArray) -> NDArray:
    charge, x = _charged(X)
    return (np.array([2.0, -1.0, 0.5, -1.5])[:, None] * x * np.cos(charge)[..., None]).reshape(
        len(X), 12
    )


def _forces_both(X: NDArray) -> NDArray:
    return _forces_wind(X) * np.repeat([1.0, -1.0, 2.0, 0.5], 3)


def _thrown(gravity: float, wind: float) -> Function:
    def end(X: NDArray) -> NDArray:
        time, drag, v = X[:, :1], X[:, 1:2], X[:, 2:5]
        air = v - wind * np.array([1.0, 0.0, 0.0])
        slowed = drag * _length(air)[:, None] * air
        pull = gravity * np.array([0.0, 0.0, -1.0])
        return v * time + 0.5 * (pull - slowed) * time**2

    return end


def _difference(first: Function, second: Function) -> Function:
    return lambda X: first(X) - second(X)


def _throws(rng: np.random.RandomState, n: int) -> NDArray:
    return _columns(rng.uniform(0.5, 1.5, n), rng.uniform(0, 1, n), rng.standard_normal((n, 3)))


def _ring(X: NDArray) -> NDArray:
    return X**2 / 2 + np.tanh(X) * X.mean(axis=1, keepdims=True) * 2


def _ring_neighbours(X: NDArray) -> NDArray:
    return X * np.roll(X, 1, axis=1)


def _ring_ranked(X: NDArray) -> NDArray:
    return np.array([1.0, -2.0, 0.5, 1.5, -1.0, 0.0]) * X


def _minkowski(a: NDArray, b: NDArray) -> NDArray:
    return a[:, 0] * b[:, 0] - _dot(a[:, 1:], b[:, 1:])


def _boosted(X: NDArray) -> NDArray:
    a, b = _vectors(X, d=4)
    return np.tanh(_minkowski(a, b)) + _minkowski(a, a) / 6


def _boosted_energy(X: NDArray) -> NDArray:
    a, b = _vectors(X, d=4)
    return a[:, 0] + _dot(b[:, 1:], b[:, 1:]) / 3


def _boosted_all(X: NDArray) -> NDArray:
    a, b = _vectors(X, d=4)
    return a[:, 1] + b[:, 2] * a[:, 3]


def _stress(X: NDArray) -> tuple[NDArray, NDArray]:
    return X[:, :9].reshape(len(X), 3, 3), X[:, 9:]


def _energy(X: NDArray) -> NDArray:
    s, v = _stress(X)
    return (
        np.trace(s, axis1=1, axis2=2)
        + np.einsum("ni,nij,nj->n", v, s, v) / 2
        + np.log1p((s**2).sum(axis=(1, 2)))
    )


def _energy_cubic(X: NDArray) -> NDArray:
    s, v = _stress(X)
    return s[:, 0, 0] ** 2 + s[:, 1, 1] ** 2 - s[:, 2, 2] + v[:, 2]


def _energy_skew(X: NDArray) -> NDArray:
    s, v = _stress(X)
    return s[:, 0, 0] - s[:, 1, 2] + v[:, 0] * v[:, 2]


def _view(symmetries: tuple, rep_in: str, rep_out: str, **spaces: int) -> dict[str, Any]:
    view: dict[str, Any] = {"symmetries": symmetries, "rep_in": rep_in, "rep_out": rep_out}
    return view | {"spaces": spaces} if spaces else view


_ONE, _NONE = (0.3, 1.0), (1.0,)
SCENARIOS = {
    "lengths": Scenario(
        _view(PLANES, "3*vector", "scalar"),
        _normal(9),
        _lengths,
        {"upright": (_lengths_upright, _ONE), "skew": (_lengths_skew, _NONE)},
        held_out=False,
    ),
    "field": Scenario(
        _view(("SO(3)", "Reflection(3)"), "2*scalar + 2*vector", "vector"),
        _normal(8),
        _field,
        {
            "screw": (_field_screw, (1.0,)),
            "drift": (_field_drift, (0.3,)),
            "both": (_field_both, _NONE),
        },
        held_out=False,
    ),
    "angles": Scenario(
        _view(("SO(3)", "Scaling(3)"), "3*vector", "scalar"),
        _normal(9),
        _angles,
        {
            "sized": (_angles_sized, (1.0,)),
            "upright": (_angles_upright, (0.3,)),
            "both": (_angles_both, _NONE),
        },
        held_out=False,
    ),
    "cluster": Scenario(
        _view(
            ("Translation(3) on xyz", "SO(3) on xyz", "Permutation(4) on body"),
            "body*point(xyz)",
            "scalar",
            body=4,
            xyz=3,
        ),
        _normal(12),
        _cluster,
        {
            "well": (_cluster_well, (1.0,)),
            "tilt": (_cluster_tilt, (0.3,)),
            "all": (_cluster_all, _NONE),
        },
        held_out=False,
    ),
    "planar": Scenario(
        _view(("Rotation(4)", "SO(2)", "Reflection(2)"), "2*vector", "scalar"),
        _normal(4),
        _planar,
        {
            "square": (_planar_square, (1.0,)),
            "mill": (_planar_mill, (0.3,)),
            "free": (_planar_free, _NONE),
        },
        held_out=False,
    ),
    "moment": Scenario(
        _view(PLANES, "3*vector", "tensor(2)"),
        _normal(9),
        _moment,
        {"upright": (_moment_upright, _ONE), "skew": (_moment_skew, _NONE)},
        held_out=False,
    ),
    "inertia": Scenario(
        _view(PLANES, "3*scalar + 3*vector", "tensor(2)"),
        _normal(12),
        _inertia,
        {"upright": (_inertia_upright, (1.0,)), "skew": (_inertia_skew, (0.3, 1.0))},
        held_out=True,
    ),
    "forces": Scenario(
        _view(
            ("SO(3) on xyz", "Permutation(4) on body"),
            "body + body*xyz",
            "body*xyz",
            body=4,
            xyz=3,
        ),
        _normal(16),
        _forces,
        {
            "wind": (_forces_wind, (1.0,)),
            "ranked": (_forces_ranked, (0.3,)),
            "both": (_forces_both, _NONE),
        },
        held_out=True,
    ),
    "throw": Scenario(
        _view(PLANES, "2*scalar + vector", "vector"),
        _throws,
        _thrown(0.0, 0.0),
        {
            "gravity": (_difference(_thrown(2.0, 0.0), _thrown(0.0, 0.0)), _ONE),
            "wind": (_difference(_thrown(2.0, 1.0), _thrown(0.0, 0.0)), _NONE),
        },
        held_out=True,
    ),
    "ring": Scenario(
        _view(("Cyclic(6) on site", "Permutation(6) on site"), "site", "site", site=6),
        _normal(6),
        _ring,
        {"neighbours": (_ring_neighbours, (1.0,)), "ranked": (_ring_ranked, (0.3, 1.0))},
        held_out=True,
    ),
    "boosted": Scenario(
        _view(("SO(3)@1,2,3 in R^4", "SO(1,3)"), "2*vector", "scalar"),
        _normal(8),
        _boosted,
        {"energy": (_boosted_energy, (1.0,)), "all": (_boosted_all, (0.3, 1.0))},
        held_out=True,
    ),
    "stress": Scenario(
        _view(("O(3)", "Dihedral(4)@x,y", "Reflection(3)"), "tensor(2) + vector", "scalar"),
        _normal(12),
        _energy,
        {"cubic": (_energy_cubic, (1.0,)), "skew": (_energy_skew, (0.3, 1.0))},
        held_out=True,
    ),
}
