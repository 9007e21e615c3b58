"""Windows of driving: filter and normalisation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils import Bunch
from waymo_kit import features, scenario, waymo_file

from sksofteq.datasets import read_waymo, waymo_windows

NO_FILTER = {"kinds": None, "min_climb": None, "max_shift": None}


def tracks_of(positions, **changes):
    """Tracks of vehicles that are valid throughout, each of its own scenario."""
    positions = np.asarray(positions, dtype=np.float32)
    count = len(positions)
    parts = {
        "positions": positions,
        "valid": np.ones(positions.shape[:2], dtype=bool),
        "kind": np.array(["vehicle"] * count),
        "scenario": np.arange(count),
    }
    return Bunch(**(parts | changes))


def straight(velocity, n_steps=30, start=(0.0, 0.0, 0.0)):
    """Positions of even motion, in metres a step."""
    return np.asarray(start) + np.arange(n_steps)[:, None] * np.asarray(velocity)


@pytest.fixture
def drives():
    """Forty tracks in a city, uphill or downhill."""
    rng = np.random.default_rng(0)
    velocities = rng.normal(size=(40, 1, 3)) * [0.15, 0.1, 0.02]
    starts = rng.normal(size=(40, 1, 3)) * [3000.0, 3000.0, 200.0]
    noise = rng.normal(scale=0.01, size=(40, 30, 3))
    return tracks_of(starts + np.arange(30)[:, None] * velocities + noise)


# ------------------------------------------------------------------------- windows


@settings(deadline=None, derandomize=True, max_examples=50)
@given(
    n_past=st.integers(1, 4),
    n_future=st.integers(1, 4),
    step=st.integers(1, 3),
    start=st.integers(0, 5),
)
def test_windows_are_the_right_steps(n_past, n_future, step, start):
    positions = np.random.default_rng(0).normal(size=(3, 30, 3))
    windows = waymo_windows(
        tracks_of(positions),
        n_past=n_past,
        n_future=n_future,
        step=step,
        start=start,
        normalization=None,
        **NO_FILTER,
    )
    steps = start + step * np.arange(n_past + n_future)
    metres = np.hstack([windows.X, windows.y]).reshape(3, -1, 3) + windows.offset[:, None]
    np.testing.assert_allclose(metres, positions[:, steps].astype(np.float32), atol=1e-6)


def test_default_is_six_past_positions_to_six_future_ones(drives):
    windows = waymo_windows(drives)
    assert windows.X.shape == windows.y.shape == (len(windows.rows), 18)
    last_past, first_future = drives.positions[windows.rows][:, [10, 12]].swapaxes(0, 1)
    np.testing.assert_array_equal(windows.offset, last_past)
    np.testing.assert_allclose(
        windows.y[:, :3] * windows.scale, (first_future - last_past).astype(float), atol=1e-4
    )


def test_groups_are_scenarios(drives):
    drives.scenario = np.arange(40) // 4
    windows = waymo_windows(drives)
    np.testing.assert_array_equal(windows.groups, windows.rows // 4)


def test_windows_of_a_file(tmp_path):
    path = waymo_file(tmp_path / "file", features(scenario(kinds=(1, 2, -1))))
    windows = waymo_windows(read_waymo(path))
    assert windows.rows.tolist() == [0]
    # Half a millimetre is what single precision leaves of coordinates of kilometres.
    metres = windows.y.reshape(6, 3) * windows.scale
    np.testing.assert_allclose(metres, 0.2 * np.arange(1, 7)[:, None] * np.ones(3), atol=2e-3)


# ------------------------------------------------------------------------- filter


@pytest.mark.parametrize(
    ("way", "passes"),
    [
        ([0.0, 0.0, 0.06], True),
        ([0.0, 0.0, -0.06], True),
        ([0.0, 0.0, 0.04], False),
        ([1.0, 1.0, 0.0], False),
        ([4.9, -4.9, 0.06], True),
        ([5.1, 0.0, 0.06], False),
        ([0.0, -5.1, 0.06], False),
    ],
)
def test_filter_looks_at_the_way_from_the_first_past_position_to_the_last(way, passes):
    other = straight([0.01, 0.0, 0.01])
    tracks = tracks_of([other, straight(np.array(way) / 10)])
    assert waymo_windows(tracks).rows.tolist() == ([0, 1] if passes else [0])


def test_filter_does_not_look_at_the_future():
    drive = straight([0.01, 0.0, 0.01])
    drive[11:] += [100.0, 0.0, 0.0]
    assert waymo_windows(tracks_of([drive])).rows.tolist() == [0]


@pytest.mark.parametrize("parameter", ["min_climb", "max_shift"])
def test_none_asks_for_nothing(parameter):
    fails = {"min_climb": [0.1, 0.0, 0.0], "max_shift": [9.0, 0.0, 0.1]}
    tracks = tracks_of([straight(fails[parameter])])
    assert waymo_windows(tracks, **{parameter: None}).rows.tolist() == [0]
    with pytest.raises(ValueError, match="No track passes"):
        waymo_windows(tracks)


@pytest.mark.parametrize(("step", "passes"), [(0, False), (5, False), (23, False), (24, True)])
def test_every_step_of_the_window_must_be_valid(step, passes):
    drive = straight([0.1, 0.0, 0.01])
    valid = np.ones((2, 30), dtype=bool)
    valid[1, step] = False
    positions = np.where(valid[:, :, None], np.stack([drive, drive]), np.nan)
    windows = waymo_windows(tracks_of(positions, valid=valid))
    assert windows.rows.tolist() == ([0, 1] if passes else [0])
    assert np.isfinite(windows.X).all()


def test_only_wanted_kinds_are_cut():
    drive = straight([0.1, 0.0, 0.01])
    tracks = tracks_of([drive] * 3, kind=np.array(["pedestrian", "vehicle", "cyclist"]))
    assert waymo_windows(tracks).rows.tolist() == [1]
    assert waymo_windows(tracks, kinds=["vehicle", "cyclist"]).rows.tolist() == [1, 2]
    assert waymo_windows(tracks, kinds=None).rows.tolist() == [0, 1, 2]


# ------------------------------------------------------------------------- normalisation


@pytest.mark.parametrize("center", ["last", "window"])
@pytest.mark.parametrize("normalization", [None, "isotropic", "per axis", "height"])
def test_metres_come_back(drives, center, normalization):
    windows = waymo_windows(drives, center=center, normalization=normalization, **NO_FILTER)
    scaled = np.hstack([windows.X, windows.y]).reshape(40, 12, 3)
    metres = scaled * windows.scale + windows.offset[:, None]
    np.testing.assert_allclose(metres, drives.positions[:, :24:2], atol=1e-9, rtol=1e-12)


def test_last_past_position_is_the_origin(drives):
    np.testing.assert_array_equal(waymo_windows(drives).X[:, -3:], 0.0)


def test_mean_of_the_window_is_the_origin(drives):
    windows = waymo_windows(drives, center="window")
    positions = np.hstack([windows.X, windows.y]).reshape(-1, 12, 3)
    np.testing.assert_allclose(positions.mean(axis=1), 0.0, atol=1e-9)


@pytest.mark.parametrize("center", ["last", "window"])
def test_last_position_knows_nothing_of_the_future(drives, center):
    before = waymo_windows(drives, center=center, normalization=None, **NO_FILTER)
    drives.positions[:, 11:] += 7.0
    after = waymo_windows(drives, center=center, normalization=None, **NO_FILTER)
    assert np.array_equal(before.X, after.X) == (center == "last")


@pytest.mark.parametrize("normalization", [None, "isotropic", "per axis"])
def test_windows_do_not_feel_translations(normalization):
    rng = np.random.default_rng(0)
    # Eighths, which single precision holds exactly wherever they are moved to.
    positions = rng.integers(-40, 40, size=(5, 30, 3)) / 8
    parameters = NO_FILTER | {"normalization": normalization}
    plain = waymo_windows(tracks_of(positions), **parameters)
    moved = waymo_windows(tracks_of(positions + [1000.0, -500.0, 64.0]), **parameters)
    np.testing.assert_allclose(plain.X, moved.X)
    np.testing.assert_allclose(plain.y, moved.y)


def test_isotropic_breaks_no_rotation(drives):
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    drives.positions = drives.positions.astype(float)
    turned = Bunch(**(drives | {"positions": drives.positions @ turn.T}))
    plain, other = waymo_windows(drives, **NO_FILTER), waymo_windows(turned, **NO_FILTER)
    np.testing.assert_allclose(plain.scale, other.scale)
    expected = plain.y.reshape(-1, 6, 3) @ turn.T
    np.testing.assert_allclose(other.y.reshape(-1, 6, 3), expected, atol=1e-8)


@pytest.mark.parametrize("center", ["last", "window"])
def test_isotropic_has_deviation_one_over_all_axes(drives, center):
    windows = waymo_windows(drives, center=center)
    assert np.ptp(windows.scale) == 0
    np.testing.assert_allclose(np.mean(np.hstack([windows.X, windows.y]) ** 2), 1.0)


def test_per_axis_has_deviation_one_on_every_axis(drives):
    windows = waymo_windows(drives, normalization="per axis")
    positions = np.hstack([windows.X, windows.y]).reshape(-1, 3)
    np.testing.assert_allclose((positions**2).mean(axis=0), 1.0)


def test_isotropic_scale_is_the_root_mean_square_of_those_by_axis(drives):
    by_axis = waymo_windows(drives, normalization="per axis").scale
    isotropic = waymo_windows(drives).scale
    np.testing.assert_allclose(isotropic, np.sqrt(np.mean(by_axis**2)))


def test_height_leaves_a_share_of_the_height(drives):
    windows = waymo_windows(drives, center="window", normalization="height")
    positions = np.hstack([windows.X, windows.y]).reshape(-1, 12, 3) * windows.scale
    height = drives.positions[windows.rows, :24:2, 2].astype(float).mean(axis=1)
    left = 0.007 * (height - height.mean())
    np.testing.assert_allclose(positions.mean(axis=1)[:, 2], left, atol=1e-9)
    np.testing.assert_allclose(positions.mean(axis=1)[:, :2], 0.0, atol=1e-9)
    assert np.ptp(windows.scale) == 0
    np.testing.assert_allclose(np.mean(np.hstack([windows.X, windows.y]) ** 2), 1.0)


@pytest.mark.parametrize("normalization", [None, "isotropic", "per axis", "height"])
def test_numbers_of_the_training_part_are_used_again(drives, normalization):
    parts = [
        Bunch(**{k: v[rows] for k, v in drives.items()}) for rows in (slice(25), slice(25, 40))
    ]
    train = waymo_windows(parts[0], normalization=normalization, **NO_FILTER)
    test = waymo_windows(parts[1], normalization=train.normalization, **NO_FILTER)
    np.testing.assert_array_equal(test.scale, train.scale)
    both = waymo_windows(drives, normalization=train.normalization, **NO_FILTER)
    np.testing.assert_array_equal(both.X, np.vstack([train.X, test.X]))


def test_axis_without_motion_is_left_alone():
    windows = waymo_windows(tracks_of([straight([0.1, 0.0, 0.01])]), normalization="per axis")
    assert windows.scale[1] == 1.0
    assert np.isfinite(windows.X).all()


def test_tracks_are_left_alone(drives):
    before = drives.positions.copy()
    waymo_windows(drives, normalization="height")
    np.testing.assert_array_equal(drives.positions, before)


# ------------------------------------------------------------------------- errors


def test_window_longer_than_the_tracks_is_an_error(drives):
    with pytest.raises(ValueError, match="ends after 31 steps, the tracks have 30"):
        waymo_windows(drives, start=7)


def test_no_track_that_passes_is_an_error_that_counts():
    tracks = tracks_of(
        [straight([0.1, 0.0, 0.0])] * 3, kind=np.array(["vehicle", "vehicle", "cyclist"])
    )
    with pytest.raises(ValueError, match="of 3, 2 are of kinds='vehicle'"):
        waymo_windows(tracks)


@pytest.mark.parametrize("name", ["n_past", "n_future", "step"])
@pytest.mark.parametrize("value", [0, 1.5, True, None])
def test_bad_size_is_an_error_that_names_it(drives, name, value):
    with pytest.raises(ValueError, match=f"^{name} must be an integer >= 1"):
        waymo_windows(drives, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("start", -1),
        ("min_climb", -0.1),
        ("max_shift", float("nan")),
        ("max_shift", "far"),
        ("kinds", "car"),
        ("center", "first"),
        ("normalization", "paper"),
    ],
)
def test_bad_value_is_an_error_that_names_it(drives, name, value):
    with pytest.raises(ValueError, match=f"^{name} must be .*got {value!r}"):
        waymo_windows(drives, **{name: value})
