"""The reader of the Waymo Open Motion Dataset."""

import numpy as np
import pytest
from tfrecord_kit import bytes_feature, example, float_feature, int64_feature, record
from waymo_kit import features, scenario, waymo_file

from sksofteq.datasets import read_waymo


@pytest.fixture
def path(tmp_path):
    """Where a file may be written."""
    return tmp_path / "training_tfexample.tfrecord-00000-of-01000"


def test_positions_are_those_of_past_current_and_future(path):
    written = scenario()
    tracks = read_waymo(waymo_file(path, features(written)))
    assert tracks.positions.shape == (2, 91, 3)
    assert tracks.positions.dtype == np.float32
    expected = np.stack([written[axis][:2] for axis in "xyz"], axis=2)
    np.testing.assert_array_equal(tracks.positions, expected)


def test_rows_that_fill_up_are_left_out(path):
    tracks = read_waymo(waymo_file(path, features(scenario(kinds=(-1, 1, -1, 3, -1)))))
    assert tracks.track_id.tolist() == [101, 103]
    assert tracks.kind.tolist() == ["vehicle", "cyclist"]


def test_kinds_have_names(path):
    tracks = read_waymo(waymo_file(path, features(scenario(kinds=(0, 1, 2, 3, 4, 9)))))
    assert tracks.kind.tolist() == ["unset", "vehicle", "pedestrian", "cyclist", "other", "unset"]


def test_flags_are_those_of_the_file(path):
    tracks = read_waymo(waymo_file(path, features(scenario())))
    assert tracks.is_recorder.tolist() == [True, False]
    assert tracks.to_predict.tolist() == [False, True]
    assert (tracks.rate, tracks.current_step) == (10.0, 10)


def test_speed_is_horizontal(path):
    tracks = read_waymo(waymo_file(path, features(scenario())))
    np.testing.assert_array_equal(tracks.speed, np.full((2, 91), 5.0, dtype=np.float32))


def test_steps_that_are_not_valid_have_no_position(path):
    written = scenario()
    written["valid"][1, 3:7] = 0
    tracks = read_waymo(waymo_file(path, features(written)))
    np.testing.assert_array_equal(tracks.valid, written["valid"][:2] == 1)
    np.testing.assert_array_equal(np.isnan(tracks.positions).all(axis=2), ~tracks.valid)
    np.testing.assert_array_equal(np.isnan(tracks.speed), ~tracks.valid)


def test_scenarios_of_all_files_are_numbered(path, tmp_path):
    first = waymo_file(path, features(scenario(), "a"), features(scenario(seed=1), "b"))
    second = waymo_file(tmp_path / "other", features(scenario(kinds=(1,), seed=2), "c"))
    tracks = read_waymo([first, str(second)])
    assert tracks.scenario.tolist() == [0, 0, 1, 1, 2]
    assert tracks.scenario_ids == ["a", "b", "c"]


def test_scenario_without_a_name_is_called_by_its_place(path):
    tracks = read_waymo(waymo_file(path, features(scenario(), name=None)))
    assert tracks.scenario_ids == [f"{path}:0"]


def test_only_wanted_kinds_are_kept(path):
    waymo_file(path, features(scenario(kinds=(1, 2, 3, 1))), features(scenario(kinds=(2, 3))))
    tracks = read_waymo(path, kinds="pedestrian")
    assert tracks.kind.tolist() == ["pedestrian"] * 2
    assert tracks.scenario.tolist() == [0, 1]
    assert len(read_waymo(path, kinds=["vehicle", "cyclist"]).kind) == 4


def test_scenario_without_a_wanted_track_keeps_its_number(path):
    waymo_file(path, features(scenario(kinds=(2,)), "a"), features(scenario(kinds=(1,)), "b"))
    tracks = read_waymo(path, kinds="vehicle")
    assert [tracks.scenario_ids[i] for i in tracks.scenario] == ["b"]


def test_max_scenarios_stops_before_what_follows(path):
    waymo_file(path, features(scenario(), "a"), features(scenario(), "b"))
    path.write_bytes(path.read_bytes() + b"damaged")
    assert read_waymo(path, max_scenarios=1).scenario_ids == ["a"]
    assert read_waymo(path, max_scenarios=2).scenario_ids == ["a", "b"]
    with pytest.raises(ValueError, match="truncated"):
        read_waymo(path)


def test_files_without_a_future_have_11_steps(path):
    tracks = read_waymo(waymo_file(path, features(scenario(), moments=("past", "current"))))
    assert tracks.positions.shape == (2, 11, 3)


def test_files_with_and_without_a_future_do_not_mix(path):
    short = features(scenario(), moments=("past", "current"))
    with pytest.raises(ValueError, match=r"with and without a future: \[11, 91\] steps"):
        read_waymo(waymo_file(path, features(scenario()), short))


def test_numbers_may_be_written_one_by_one_and_as_integers(path):
    written = features(scenario())
    written["state/type"] = int64_feature([1, 2, -1], packed=False)
    written["state/is_sdc"] = int64_feature([1, 0, 0], packed=False)
    tracks = read_waymo(waymo_file(path, written))
    assert tracks.kind.tolist() == ["vehicle", "pedestrian"]
    assert tracks.is_recorder.tolist() == [True, False]


def test_features_that_nobody_asked_for_may_be_anything(path):
    written = features(scenario()) | {"state/current/width": bytes_feature([b"wide"])}
    assert len(read_waymo(waymo_file(path, written)).kind) == 2


# ------------------------------------------------------------------------- errors


@pytest.mark.parametrize("name", ["state/type", "state/past/x", "state/current/velocity_y"])
def test_missing_feature_is_an_error_that_names_it(path, name):
    written = features(scenario())
    del written[name]
    with pytest.raises(ValueError, match=rf"byte 0: lacks the features \['{name}'\] \(1 in all"):
        read_waymo(waymo_file(path, written))


def test_feature_of_another_size_is_an_error_that_names_it(path):
    written = features(scenario()) | {"state/past/y": float_feature(np.zeros(29))}
    with pytest.raises(ValueError, match=r"state/past/y has 29 numbers, .* shape \(3, 10\)"):
        read_waymo(waymo_file(path, written))


def test_feature_of_another_type_is_an_error_that_names_it(path):
    written = features(scenario()) | {"state/is_sdc": bytes_feature([b"1", b"0", b"0"])}
    with pytest.raises(ValueError, match="state/is_sdc has 3 byte strings"):
        read_waymo(waymo_file(path, written))


def test_error_says_which_record(path):
    good = record(example(features(scenario())))
    path.write_bytes(good + record(b"\x80"))
    with pytest.raises(ValueError, match=rf"01000', record at byte {len(good)}: not a tf.Example"):
        read_waymo(path)


def test_damaged_file_is_an_error_that_says_where(path):
    content = bytearray(record(example(features(scenario()))))
    content[1000] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ValueError, match=r"path='.*01000', record at byte 0: the checksum of its"):
        read_waymo(path)


def test_no_track_is_an_error(path):
    waymo_file(path, features(scenario(kinds=(2, -1))))
    with pytest.raises(ValueError, match=r"no track of kinds=\['vehicle'\]: 1 scenarios"):
        read_waymo(path, kinds="vehicle")


def test_no_file_is_an_error():
    with pytest.raises(ValueError, match=r"paths=\[\] hold no track .* 0 scenarios"):
        read_waymo([])


@pytest.mark.parametrize("kinds", ["car", ["vehicle", "car"], []])
def test_unknown_kind_is_an_error(path, kinds):
    with pytest.raises(ValueError, match="kinds must be None or some of"):
        read_waymo(path, kinds=kinds)


@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_bad_max_scenarios_is_an_error(path, value):
    with pytest.raises(ValueError, match="max_scenarios must be an integer >= 1"):
        read_waymo(path, max_scenarios=value)


def test_file_that_is_not_there_is_an_error(path):
    with pytest.raises(FileNotFoundError):
        read_waymo(path)
