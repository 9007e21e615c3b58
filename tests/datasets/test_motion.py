"""The walk that ships with the package, and the readers."""

from importlib.resources import files

import numpy as np
import pytest

from sksofteq.datasets import load_mocap_walk, read_mocap, read_pedestrians, trajectory_windows


@pytest.fixture(scope="module")
def walk():
    """The walk, read once."""
    return load_mocap_walk()


def test_walk_has_a_name_for_every_trial(walk):
    assert len(walk.positions) == len(walk.trials) == len(set(walk.trials)) == 23


def test_walk_has_31_joints_in_space(walk):
    assert {trial.shape[1:] for trial in walk.positions} == {(31, 3)}
    assert len(walk.joint_names) == len(walk.parents) == len(walk.mirror) == 31


def test_walk_is_finite_single_precision(walk):
    assert all(trial.dtype == np.float32 for trial in walk.positions)
    assert all(np.isfinite(trial).all() for trial in walk.positions)


def test_walk_trials_last_seconds(walk):
    assert walk.rate == 30.0
    assert min(map(len, walk.positions)) > 30


def test_walk_is_described(walk):
    assert "mocap.cs.cmu.edu" in walk.DESCR


def test_walk_files_are_small():
    folder = files("sksofteq.datasets") / "data"
    sizes = [len(path.read_bytes()) for path in folder.iterdir() if path.is_file()]
    assert 0 < sum(sizes) < 1_000_000


def test_walk_is_in_metres_and_upright(walk):
    head, toes = walk.joint_names.index("head"), walk.joint_names.index("ltoes")
    for trial in walk.positions:
        height = trial[:, head, walk.vertical_axis] - trial[:, toes, walk.vertical_axis]
        assert 1.2 < np.median(height) < 2.1


def test_walk_heads_along_z(walk):
    for trial in walk.positions:
        way = trial[-1, 0] - trial[0, 0]
        assert way[2] > 3 * max(abs(way[0]), abs(way[1]))


def test_walk_keeps_the_lengths_of_bones(walk):
    parents = walk.parents
    child = np.flatnonzero(parents >= 0)
    lengths = np.concatenate(
        [np.linalg.norm(t[:, child] - t[:, parents[child]], axis=2) for t in walk.positions]
    )
    assert np.ptp(lengths, axis=0).max() < 0.01


def test_walk_skeleton_is_a_tree_with_parents_first(walk):
    assert walk.parents[0] == -1
    assert all(0 <= parent < joint for joint, parent in enumerate(walk.parents) if joint)


def test_walk_mirror_exchanges_left_and_right(walk):
    for joint, name in enumerate(walk.joint_names):
        other = walk.joint_names[walk.mirror[joint]]
        sided = name[0] in "lr" and name not in ("root", "lowerback", "lowerneck")
        assert other == ({"l": "r", "r": "l"}[name[0]] + name[1:] if sided else name)


def test_walk_mirror_keeps_the_skeleton(walk):
    mirror, parents = walk.mirror, walk.parents
    np.testing.assert_array_equal(mirror[mirror], np.arange(31))
    np.testing.assert_array_equal(mirror[parents[1:]], parents[mirror[1:]])


def test_walk_is_read_afresh(walk):
    other = load_mocap_walk()
    other.positions[0][:] = 0.0
    assert load_mocap_walk().positions[0].any()
    assert walk.positions[0].any()


def test_walk_is_cut_into_windows(walk):
    X, y, groups = trajectory_windows(walk.positions, n_past=2, n_future=1, stride=15)
    assert X.shape[1:] == (2 * 93,)
    assert y.shape[1:] == (93,)
    np.testing.assert_array_equal(np.unique(groups), np.arange(23))


# ------------------------------------------------------------------------- readers


@pytest.fixture
def mocap_arrays():
    """Two trials of three joints."""
    rng = np.random.default_rng(0)
    return {
        "trials": np.array(["01_01", "02_07"]),
        "pos_01_01": rng.standard_normal((4, 3, 3)),
        "pos_02_07": rng.standard_normal((6, 3, 3)),
        "joint_names": np.array(["root", "lhand", "rhand"]),
        "parents": np.array([-1, 0, 0]),
        "fps": np.array(120.0),
        "vertical_axis": np.array(1),
        "metres_per_unit": np.array(0.056444),
        "std_train_cases": np.array([0]),
        "std_train_starts": np.array([2]),
        "std_test_cases": np.array([1, 1]),
        "std_test_starts": np.array([0, 3]),
    }


@pytest.fixture
def saved(tmp_path):
    """Save arrays and give the path."""

    def save(arrays):
        path = tmp_path / "archive.npz"
        np.savez(path, **arrays)
        return path

    return save


def test_mocap_positions_are_those_of_the_trials(mocap_arrays, saved):
    motion = read_mocap(saved(mocap_arrays))
    assert motion.trials == ["01_01", "02_07"]
    for trial, positions in zip(motion.trials, motion.positions, strict=True):
        np.testing.assert_array_equal(positions, mocap_arrays[f"pos_{trial}"])


def test_mocap_skeleton(mocap_arrays, saved):
    motion = read_mocap(saved(mocap_arrays))
    assert motion.joint_names == ["root", "lhand", "rhand"]
    assert motion.parents.tolist() == [-1, 0, 0]
    assert motion.mirror.tolist() == [0, 2, 1]


def test_mocap_units(mocap_arrays, saved):
    motion = read_mocap(saved(mocap_arrays))
    assert (motion.rate, motion.vertical_axis, motion.metres_per_unit) == (120.0, 1, 0.056444)


def test_mocap_splits_are_those_that_the_file_has(mocap_arrays, saved):
    splits = read_mocap(saved(mocap_arrays)).splits
    assert list(splits) == ["train", "test"]
    np.testing.assert_array_equal(splits["test"], [[1, 1], [0, 3]])


def test_mocap_path_may_be_a_string(mocap_arrays, saved):
    assert read_mocap(str(saved(mocap_arrays))).trials == ["01_01", "02_07"]


@pytest.mark.parametrize("missing", ["trials", "joint_names", "parents"])
def test_mocap_file_of_another_kind_is_an_error(mocap_arrays, saved, missing):
    del mocap_arrays[missing]
    with pytest.raises(ValueError, match=rf"path=.* lacks the arrays \['{missing}'\]"):
        read_mocap(saved(mocap_arrays))


@pytest.mark.parametrize(
    "missing", ["fps", "vertical_axis", "metres_per_unit", "pos_02_07", "std_test_starts"]
)
def test_mocap_file_without_a_documented_array_is_an_error(mocap_arrays, saved, missing):
    del mocap_arrays[missing]
    with pytest.raises(ValueError, match=rf"path=.*npz' lacks the arrays \['{missing}'\]"):
        read_mocap(saved(mocap_arrays))


@pytest.fixture
def pedestrian_arrays():
    """Two scenes, the first of two people."""
    return {
        "scenes": np.array(["eth", "zara"]),
        "eth_frame": np.array([0, 1, 2, 1, 2]),
        "eth_ped": np.array([4, 4, 4, 9, 9]),
        "eth_xy": np.arange(10.0).reshape(5, 2),
        "eth_val": np.array([False, False, True, False, True]),
        "zara_frame": np.array([7]),
        "zara_ped": np.array([4]),
        "zara_xy": np.array([[0.5, -0.5]]),
        "zara_val": np.array([True]),
    }


def test_pedestrian_scenes(pedestrian_arrays, saved):
    pedestrians = read_pedestrians(saved(pedestrian_arrays))
    assert pedestrians.scenes == ["eth", "zara"]
    assert [len(pedestrians.tracks[scene]) for scene in pedestrians.scenes] == [2, 1]


def test_pedestrian_track_is_the_rows_of_one_person(pedestrian_arrays, saved):
    track = read_pedestrians(saved(pedestrian_arrays)).tracks["eth"][1]
    assert track.person == 9
    assert track.frames.tolist() == [1, 2]
    assert track.positions.tolist() == [[6.0, 7.0], [8.0, 9.0]]
    assert track.validation.tolist() == [False, True]


def test_pedestrian_tracks_hold_every_row_once(pedestrian_arrays, saved):
    tracks = read_pedestrians(saved(pedestrian_arrays)).tracks["eth"]
    positions = np.concatenate([track.positions for track in tracks])
    np.testing.assert_array_equal(positions, pedestrian_arrays["eth_xy"])


def test_pedestrian_file_of_another_kind_is_an_error(mocap_arrays, saved):
    with pytest.raises(ValueError, match=r"path=.* lacks the arrays \['scenes'\]"):
        read_pedestrians(saved(mocap_arrays))


def test_pedestrian_scene_without_rows_has_no_tracks(pedestrian_arrays, saved):
    for key in ("frame", "ped", "xy", "val"):
        pedestrian_arrays[f"zara_{key}"] = pedestrian_arrays[f"zara_{key}"][:0]
    assert read_pedestrians(saved(pedestrian_arrays)).tracks["zara"] == []


def test_pedestrian_scene_without_a_documented_array_is_an_error(pedestrian_arrays, saved):
    del pedestrian_arrays["zara_xy"]
    with pytest.raises(ValueError, match=r"path=.*npz' lacks the arrays \['zara_xy'\]"):
        read_pedestrians(saved(pedestrian_arrays))


@pytest.mark.parametrize("read", [read_mocap, read_pedestrians])
def test_file_that_is_not_there_is_an_error(read, tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nothing.npz")
