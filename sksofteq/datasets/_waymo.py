"""Tracks of the Waymo Open Motion Dataset, read without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from os import PathLike, fspath
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import Bunch

from sksofteq.datasets._checks import check_size
from sksofteq.datasets._tf_example import parse_example
from sksofteq.datasets._tfrecord import read_records

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KINDS = ("unset", "vehicle", "pedestrian", "cyclist", "other")  # by the number in state/type
_RATE = 10.0
_STEPS = {"past": 10, "current": 1, "future": 80}
_PER_TRACK = ("type", "id", "is_sdc", "tracks_to_predict")
_PER_STEP = ("x", "y", "z", "velocity_x", "velocity_y", "valid")
_SCENARIO = "scenario/id"
_NAMES = {
    _SCENARIO,
    *(f"state/{name}" for name in _PER_TRACK),
    *(f"state/{moment}/{name}" for moment in _STEPS for name in _PER_STEP),
}


def read_waymo(
    paths: str | PathLike | Sequence[str | PathLike],
    *,
    kinds: str | Sequence[str] | None = None,
    max_scenarios: int | None = None,
) -> Bunch:
    """Read tracks from files of the Waymo Open Motion Dataset in the tf.Example format.

    The files are those of the folder ``tf_example`` of motion v1.0 and later, for example
    ``training_tfexample.tfrecord-00000-of-01000``. They are not part of the package: Waymo gives
    them to those who accept its licence. Map and traffic lights are skipped; all checksums are
    verified.

    Parameters
    ----------
    paths : str, path, or sequence of these
        The files, in this order.
    kinds : str or sequence of str, default=None
        Keep objects of these kinds alone: "vehicle", "pedestrian", "cyclist", "other", "unset".
        None keeps all.
    max_scenarios : int, default=None
        Stop after so many scenarios; None reads all files to their end.

    Returns
    -------
    tracks : Bunch
        One row for every object that was seen at some step (n_tracks rows, up to 128 a scenario):

        - ``positions`` : float32 array (n_tracks, n_steps, 3), centre of the object in metres in
          coordinates of the city, z upwards, NaN where not ``valid``. n_steps is 91: 10 past
          steps, the current one, 80 future steps; 11 for files without a future.
        - ``valid`` : bool array (n_tracks, n_steps).
        - ``speed`` : float32 array (n_tracks, n_steps), horizontal, in metres per second, NaN
          where not ``valid``.
        - ``kind`` : array of str (n_tracks,).
        - ``track_id`` : int array (n_tracks,), unique within a scenario.
        - ``is_recorder`` : bool array (n_tracks,), the car that recorded the scenario (the file's
          ``is_sdc``).
        - ``to_predict`` : bool array (n_tracks,), the tracks of Waymo's own benchmark.
        - ``scenario`` : int array (n_tracks,), number of the scenario, for splits by scenario.
        - ``scenario_ids`` : list of str, by that number.
        - ``rate`` : steps per second, 10.
        - ``current_step`` : 10.

    Raises
    ------
    ValueError
        If a file is truncated or damaged (the message names the file and the byte), holds other
        records, or no track is found.
    FileNotFoundError
        If a file is not there.

    See Also
    --------
    waymo_windows : Past and future positions, filtered and normalised.

    Notes
    -----
    Scenarios are windows of 9 seconds from recordings of 20 seconds and may overlap.

    References
    ----------
    Ettinger et al., "Large Scale Interactive Motion Forecasting for Autonomous Driving: The Waymo
    Open Motion Dataset" (ICCV 2021, arXiv 2104.10133). The format:
    https://waymo.com/open/data/motion/tfexample

    Examples
    --------
    What is no such file is told by a checksum:

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sksofteq.datasets import read_waymo
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "training_tfexample.tfrecord-00000-of-01000"
    ...     _ = path.write_text("This is something else.")
    ...     read_waymo(path)
    Traceback (most recent call last):
    ValueError: path='...', record at byte 0: the checksum of its length is wrong.
    """
    if max_scenarios is not None:
        check_size("max_scenarios", max_scenarios)
    wanted = check_kinds(kinds)
    files = [paths] if isinstance(paths, str | PathLike) else list(paths)
    scenes = list(islice(_scenes(files, wanted), max_scenarios))
    if not sum(len(scene["kind"]) for scene in scenes):
        raise ValueError(
            f"paths={[fspath(file) for file in files[:3]]} hold no track of kinds={list(wanted)}: "
            f"{len(scenes)} scenarios were read."
        )
    lengths = {scene["valid"].shape[1] for scene in scenes}
    if len(lengths) > 1:
        raise ValueError(f"paths mix tracks with and without a future: {sorted(lengths)} steps.")
    ids = [scene.pop(_SCENARIO) for scene in scenes]
    sizes = [len(scene["kind"]) for scene in scenes]
    return Bunch(
        **{name: np.concatenate([scene[name] for scene in scenes]) for name in scenes[0]},
        scenario=np.repeat(np.arange(len(scenes)), sizes),
        scenario_ids=ids,
        rate=_RATE,
        current_step=_STEPS["past"],
    )


def check_kinds(kinds: str | Sequence[str] | None) -> tuple[str, ...]:
    """Names of kinds, or the error that names those there are."""
    if kinds is None:
        return _KINDS
    names = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    if not names or not set(names) <= set(_KINDS):
        raise ValueError(f"kinds must be None or some of {list(_KINDS)}, got {kinds!r}.")
    return names


def _scenes(
    files: Sequence[str | PathLike], kinds: Sequence[str]
) -> Iterator[dict[str, NDArray | str]]:
    for file in files:
        for offset, record in read_records(file):
            try:
                scene = _scene(parse_example(record, _NAMES), kinds)
            except ValueError as error:
                where = f"path={fspath(file)!r}, record at byte {offset}"
                raise ValueError(f"{where}: {error}") from error
            # Early releases have no names of scenarios.
            yield {_SCENARIO: f"{fspath(file)}:{offset}", **scene}


def _scene(features: Mapping, kinds: Sequence[str]) -> dict[str, NDArray | str]:
    """The tracks of one scenario."""
    moments = [m for m in _STEPS if m != "future" or f"state/{m}/x" in features]
    needed = [f"state/{name}" for name in _PER_TRACK]
    needed += [f"state/{moment}/{name}" for moment in moments for name in _PER_STEP]
    missing = [name for name in needed if name not in features]
    if missing:
        raise ValueError(
            f"lacks the features {missing[:3]} ({len(missing)} in all); are these files of the "
            "folder tf_example of the motion dataset?"
        )
    count = len(features["state/type"])
    track = {name: _numbers(features, f"state/{name}", (count,)) for name in _PER_TRACK}
    step = {
        name: np.hstack(
            [_numbers(features, f"state/{m}/{name}", (count, _STEPS[m])) for m in moments]
        )
        for name in _PER_STEP
    }
    kind = np.array(_KINDS)[
        np.where(np.isin(track["type"], range(5)), track["type"], 0).astype(int)
    ]
    valid = step["valid"] == 1
    rows = valid.any(axis=1) & np.isin(kind, kinds)  # the others fill up the file's 128 rows
    positions = np.stack([step["x"], step["y"], step["z"]], axis=2)
    speed = np.hypot(step["velocity_x"], step["velocity_y"])
    scene = {
        "positions": np.where(valid[:, :, None], positions, np.float32(np.nan))[rows],
        "valid": valid[rows],
        "speed": np.where(valid, speed, np.float32(np.nan))[rows],
        "kind": kind[rows],
        "track_id": track["id"][rows].astype(int),
        "is_recorder": track["is_sdc"][rows] == 1,
        "to_predict": track["tracks_to_predict"][rows] == 1,
    }
    names = features.get(_SCENARIO)
    return scene | ({_SCENARIO: names[0].decode("ascii", "replace")} if names else {})


def _numbers(features: Mapping, name: str, shape: tuple[int, ...]) -> NDArray:
    values = features[name]
    if not isinstance(values, np.ndarray) or values.size != np.prod(shape):
        kind = "numbers" if isinstance(values, np.ndarray) else "byte strings"
        raise ValueError(f"{name} has {len(values)} {kind}, expected numbers of shape {shape}.")
    return values.reshape(shape)
