"""Landing points of thrown bodies."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from sksofteq import equivariance_error
from sksofteq.datasets import make_projectiles
from sksofteq.datasets._projectiles import _displacement

REPS = {"rep_in": "2*scalar + point + vector", "rep_out": "point"}


def landing(X, gravity, wind):
    """The target as a function of the columns."""
    time, drag, start, velocity = X[:, 0], X[:, 1], X[:, 2:5], X[:, 5:]
    return start + _displacement(velocity, time, drag, gravity, wind)


def flown(row, gravity, wind):
    """The equation of motion of one body, by another integrator."""
    time, drag = row[:2]

    def motion(_, state):
        relative = state[3:] - [wind, 0.0, 0.0]
        pull = np.array([0.0, 0.0, -gravity])
        return np.r_[state[3:], pull - drag * np.linalg.norm(relative) * relative]

    return solve_ivp(motion, (0.0, time), row[2:], rtol=1e-10, atol=1e-12).y[:3, -1]


def test_shapes():
    X, y = make_projectiles(7, random_state=0)
    assert X.shape == (7, 8)
    assert y.shape == (7, 3)


@pytest.mark.parametrize(("gravity", "wind"), [(2.0, 0.0), (0.0, 1.5), (9.8, -3.0)])
def test_bodies_follow_the_equation_of_motion(gravity, wind):
    X, y = make_projectiles(6, gravity=gravity, wind=wind, random_state=0)
    expected = [flown(row, gravity, wind) for row in X]
    np.testing.assert_allclose(y, expected, atol=1e-4)


def test_without_drag_bodies_fall_on_parabolas():
    velocity, time = np.random.default_rng(0).standard_normal((4, 3)), np.array([0.5, 1, 1.2, 1.5])
    moved = _displacement(velocity, time, np.zeros(4), 2.0, 5.0)
    expected = velocity * time[:, None]
    expected[:, 2] -= time**2
    np.testing.assert_allclose(moved, expected, atol=1e-12)


def test_times_and_drags_have_their_ranges():
    X, _ = make_projectiles(500, random_state=0)
    assert (X[:, 0].min() >= 0.5) & (X[:, 0].max() <= 1.5)
    assert (X[:, 1].min() >= 0.0) & (X[:, 1].max() <= 1.0)


@pytest.mark.parametrize(("gravity", "wind"), [(0.0, 0.0), (2.0, 0.0), (0.0, 2.0), (2.0, -3.0)])
def test_truth_says_what_the_target_breaks(gravity, wind):
    X, y, truth = make_projectiles(
        40, gravity=gravity, wind=wind, random_state=0, return_truth=True
    )
    np.testing.assert_allclose(landing(X, gravity, wind), y)
    for name, size in truth.items():
        error = equivariance_error(
            lambda rows: landing(rows, gravity, wind), X, name, **REPS, random_state=0
        )
        assert (error > 0.01) if size else (error < 1e-12), name


def test_truth_is_the_size_of_the_break():
    *_, truth = make_projectiles(2, gravity=-4.0, wind=-1.0, random_state=0, return_truth=True)
    assert truth == {
        "O(3)": 4.0,
        "O(2)@x,y": 1.0,
        "O(2)@y,z": 4.0,
        "O(2)@x,z": 4.0,
        "Translation(3)": 0.0,
    }


def test_noise_has_its_size():
    X, y = make_projectiles(1500, noise=0.3, random_state=0)
    assert np.std(y - landing(X, 2.0, 0.0)) == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_samples": 0},
        {"n_samples": "10"},
        {"gravity": np.nan},
        {"gravity": None},
        {"wind": np.inf},
        {"noise": -0.5},
    ],
)
def test_bad_parameter_is_an_error_that_names_it(parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"^{name} must be"):
        make_projectiles(**parameters)
