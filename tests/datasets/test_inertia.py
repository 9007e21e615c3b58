"""Inertia tensors of point masses."""

import numpy as np
import pytest

from sksofteq import equivariance_error
from sksofteq.datasets import make_inertia

AXES = {"x": [1.0, 0.0, 0.0], "y": [0.0, 1.0, 0.0], "z": [0.0, 0.0, 1.0]}


def inertia(X):
    """Tensors of rows (masses, positions), by the square of the cross product matrix."""
    k = X.shape[1] // 4
    masses, positions = X[:, :k], X[:, k:].reshape(-1, k, 3)
    cross = np.cross(positions[:, :, None], np.eye(3))
    return np.einsum("nk,nkia,nkja->nij", masses, cross, cross)


def target(X, axis, size):
    """The documented target: I + size (I e) e^T."""
    tensors = inertia(X)
    if axis is None:
        return tensors.reshape(-1, 9)
    if axis == "xy":
        broken = tensors @ np.diag([-size, size, 0.0])
    else:
        e = np.array(AXES[axis])
        broken = size * np.einsum("nij,j,k->nik", tensors, e, e)
    return (tensors + broken).reshape(-1, 9)


@pytest.mark.parametrize("n_points", [1, 2, 5])
def test_shapes(n_points):
    X, y = make_inertia(7, n_points=n_points, random_state=0)
    assert X.shape == (7, 4 * n_points)
    assert y.shape == (7, 9)


@pytest.mark.parametrize("size", [-1.0, 0.0, 0.5])
@pytest.mark.parametrize("axis", [None, "x", "y", "z", "xy"])
def test_target_follows_its_formula(axis, size):
    X, y = make_inertia(20, axis=axis, symmetry_break=size, random_state=0)
    np.testing.assert_allclose(y, target(X, axis, size), atol=1e-12)


@pytest.mark.parametrize("axis", [None, "x", "y", "z", "xy"])
def test_truth_says_what_the_target_breaks(axis):
    X, _, truth = make_inertia(
        30, axis=axis, symmetry_break=-0.7, random_state=0, return_truth=True
    )
    errors = {
        name: equivariance_error(
            lambda rows: target(rows, axis, -0.7),
            X,
            name,
            "5*scalar + 5*vector",
            "tensor(2)",
            random_state=0,
        )
        for name in truth
    }
    assert {name: error > 0.01 for name, error in errors.items()} == {
        name: size > 0 for name, size in truth.items()
    }
    assert all(error < 1e-12 for name, error in errors.items() if truth[name] == 0)


@pytest.mark.parametrize(
    ("axis", "kept"),
    [
        (None, {"O(3)", "O(2)@x,y", "O(2)@y,z", "O(2)@x,z"}),
        ("x", {"O(2)@y,z"}),
        ("y", {"O(2)@x,z"}),
        ("z", {"O(2)@x,y"}),
        ("xy", set()),
    ],
)
def test_truth_is_the_size_of_the_break(axis, kept):
    _, _, truth = make_inertia(
        2, axis=axis, symmetry_break=-0.7, random_state=0, return_truth=True
    )
    names = ["O(3)", "O(2)@x,y", "O(2)@y,z", "O(2)@x,z"]
    assert truth == {name: 0.0 if name in kept else 0.7 for name in names}


def test_without_a_break_everything_holds():
    _, _, truth = make_inertia(2, symmetry_break=0.0, random_state=0, return_truth=True)
    assert set(truth.values()) == {0.0}


def test_masses_are_positive():
    X, _ = make_inertia(200, random_state=0)
    assert (X[:, :5] > 0).all()


def test_noise_has_its_size_and_leaves_the_columns_alone():
    X, y = make_inertia(2000, noise=0.3, random_state=0)
    np.testing.assert_array_equal(X, make_inertia(2000, random_state=0)[0])
    assert np.std(y - target(X, "z", -1.0)) == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_samples": 0},
        {"n_samples": 2.5},
        {"n_samples": True},
        {"n_points": 0},
        {"axis": "w"},
        {"axis": ["x"]},
        {"symmetry_break": np.nan},
        {"symmetry_break": "1"},
        {"noise": -0.1},
        {"noise": np.inf},
    ],
)
def test_bad_parameter_is_an_error_that_names_it(parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"^{name} must be"):
        make_inertia(**parameters)
