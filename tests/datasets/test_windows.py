"""Windows cut from trajectories."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksofteq.datasets import trajectory_windows


def numbered(length, trial=0, shape=(2,)):
    """A trajectory whose entries tell trial, frame and coordinate."""
    d = int(np.prod(shape))
    entries = 1e6 * trial + 100.0 * np.arange(length)[:, None] + np.arange(d)
    return entries.reshape(length, *shape)


@settings(deadline=None, derandomize=True)
@given(
    lengths=st.lists(st.integers(0, 12), min_size=1, max_size=3),
    n_past=st.integers(1, 3),
    n_future=st.integers(1, 3),
    stride=st.integers(1, 4),
    step=st.integers(1, 3),
    shape=st.sampled_from([(2,), (3, 2)]),
)
def test_windows_are_the_right_rows(lengths, n_past, n_future, stride, step, shape):
    trajectories = [numbered(length, trial, shape) for trial, length in enumerate(lengths)]
    past, future, trials = [], [], []
    for trial, trajectory in enumerate(trajectories):
        start = 0
        while start + (n_past + n_future - 1) * step < len(trajectory):
            frames = [trajectory[start + i * step].ravel() for i in range(n_past + n_future)]
            past.append(np.concatenate(frames[:n_past]))
            future.append(np.concatenate(frames[n_past:]))
            trials.append(trial)
            start += stride
    parameters = {"n_past": n_past, "n_future": n_future, "stride": stride, "step": step}
    if not trials:
        with pytest.raises(ValueError, match="No trajectory is as long as a window"):
            trajectory_windows(trajectories, **parameters)
        return
    X, y, groups = trajectory_windows(trajectories, **parameters)
    np.testing.assert_array_equal(X, past)
    np.testing.assert_array_equal(y, future)
    np.testing.assert_array_equal(groups, trials)


def test_too_short_trajectory_is_left_out_and_keeps_its_number():
    _, _, groups = trajectory_windows(
        [numbered(2), numbered(4), numbered(3)], n_past=2, n_future=1
    )
    np.testing.assert_array_equal(groups, [1, 1, 2])


def test_windows_do_not_cross_trials():
    X, y, groups = trajectory_windows(
        [numbered(5, trial) for trial in range(3)], n_past=2, n_future=2
    )
    trial_of = np.floor(np.hstack([X, y]) / 1e6)
    np.testing.assert_array_equal(trial_of, np.repeat(groups[:, None], 8, axis=1))


def test_relative_subtracts_the_last_past_position():
    trajectory = np.random.default_rng(0).standard_normal((6, 2))
    X, y, _ = trajectory_windows([trajectory], n_past=2, n_future=1, relative=True)
    np.testing.assert_allclose(X[0], np.r_[trajectory[0] - trajectory[1], 0.0, 0.0])
    np.testing.assert_allclose(y[0], trajectory[2] - trajectory[1])


def test_relative_subtracts_the_centroid_of_the_entities():
    trajectory = np.random.default_rng(0).standard_normal((6, 4, 3))
    X, y, _ = trajectory_windows([trajectory], n_past=2, n_future=2, relative=True)
    centroid = trajectory[1].mean(axis=0)
    np.testing.assert_allclose(X[0].reshape(2, 4, 3), trajectory[:2] - centroid)
    np.testing.assert_allclose(y[0].reshape(2, 4, 3), trajectory[2:4] - centroid)


@pytest.mark.parametrize("shape", [(3,), (4, 3)])
def test_relative_windows_do_not_feel_translations(shape):
    trajectory = np.random.default_rng(0).standard_normal((8, *shape))
    moved = trajectory + [10.0, -5.0, 2.0]
    for plain, shifted in zip(
        trajectory_windows([trajectory], n_past=3, n_future=2, relative=True),
        trajectory_windows([moved], n_past=3, n_future=2, relative=True),
        strict=True,
    ):
        np.testing.assert_allclose(plain, shifted, atol=1e-12)


def test_trajectories_are_left_alone():
    trajectory = numbered(6)
    trajectory_windows([trajectory], n_past=2, n_future=1, relative=True)
    np.testing.assert_array_equal(trajectory, numbered(6))


def test_lists_will_do():
    X, y, _ = trajectory_windows([[[0, 1], [2, 3], [4, 5]]], n_past=1, n_future=1)
    np.testing.assert_array_equal(X, [[0.0, 1.0], [2.0, 3.0]])
    np.testing.assert_array_equal(y, [[2.0, 3.0], [4.0, 5.0]])


@pytest.mark.parametrize("name", ["n_past", "n_future", "stride", "step"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, None])
def test_bad_size_is_an_error_that_names_it(name, value):
    sizes = {"n_past": 1, "n_future": 1, name: value}
    with pytest.raises(ValueError, match=f"^{name} must be an integer >= 1"):
        trajectory_windows([numbered(9)], **sizes)


@pytest.mark.parametrize(
    "trajectories",
    [
        [],
        [np.zeros(5)],
        [np.zeros((5, 1, 1, 1))],
        [np.zeros((5, 2)), np.zeros((5, 3))],
        [np.zeros((5, 2)), np.zeros((5, 4, 2))],
    ],
)
def test_shapes_that_do_not_fit_are_an_error(trajectories):
    with pytest.raises(ValueError, match="trajectories must all have shape"):
        trajectory_windows(trajectories, n_past=1, n_future=1)


def test_error_says_how_long_a_window_is():
    with pytest.raises(ValueError, match=r"window of 9 frames; the longest has 8\."):
        trajectory_windows([numbered(8), numbered(3)], n_past=3, n_future=2, step=2)
