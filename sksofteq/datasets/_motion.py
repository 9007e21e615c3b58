"""Recorded motion: the walk that ships with the package, and readers for larger archives."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import Bunch

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOCAP_ARRAYS = (
    "trials",
    "joint_names",
    "parents",
    "fps",
    "vertical_axis",
    "metres_per_unit",
)


def load_mocap_walk() -> Bunch:
    """Load the recorded walks of one person (CMU motion capture, subject 35), at 30 Hz.

    Returns
    -------
    walk : Bunch
        ``positions`` (list of float32 arrays (n_frames, 31, 3), a trial each, in metres, axes x,
        y upwards, z the heading of every trial), ``trials`` (their names), ``joint_names``,
        ``parents`` (index of the parent joint, -1 for the root), ``mirror`` (the joint on the
        other side of the body, for the left-right mirror x -> -x), ``rate`` (frames per second),
        ``vertical_axis`` and ``DESCR``.

    Examples
    --------
    >>> from sksofteq.datasets import load_mocap_walk
    >>> walk = load_mocap_walk()
    >>> len(walk.positions), walk.positions[0].shape[1:]
    (23, (31, 3))
    """
    folder = files("sksofteq.datasets") / "data"
    with (folder / "mocap_walk.npz").open("rb") as file, np.load(file) as archive:
        frames = archive["positions"].astype(np.float32) * archive["metres_per_count"]
        starts = archive["starts"]
        names = archive["joint_names"].astype(str)
        return Bunch(
            positions=np.split(frames.astype(np.float32), starts[1:]),
            trials=archive["trials"].astype(str).tolist(),
            joint_names=names.tolist(),
            parents=archive["parents"].astype(int),
            mirror=_mirror(names.tolist()),
            rate=float(archive["rate"]),
            vertical_axis=1,
            DESCR=(folder / "mocap_walk.md").read_text(encoding="utf-8"),
        )


def read_mocap(path: str | PathLike) -> Bunch:
    """Read an archive of motion capture trials at full rate.

    Parameters
    ----------
    path : str or path
        An ``.npz`` file with ``trials``, ``pos_<trial>`` of shape (n_frames, n_joints, 3),
        ``joint_names``, ``parents``, ``fps``, ``vertical_axis`` and ``metres_per_unit``; the
        splits ``std_<part>_cases`` and ``std_<part>_starts`` may be absent.

    Returns
    -------
    motion : Bunch
        As `load_mocap_walk`, positions in the file's own units (``metres_per_unit``), and
        ``splits``: by part ("train", "val", "test") the pair (cases, starts).

    Raises
    ------
    ValueError
        If the file lacks one of these arrays.
    """
    with _open(path, _MOCAP_ARRAYS) as archive:
        trials = archive["trials"].astype(str).tolist()
        names = archive["joint_names"].astype(str).tolist()
        parts = [p for p in ("train", "val", "test") if f"std_{p}_cases" in archive]
        _check_arrays(
            archive, path, [f"pos_{t}" for t in trials] + [f"std_{p}_starts" for p in parts]
        )
        return Bunch(
            positions=[archive[f"pos_{trial}"] for trial in trials],
            trials=trials,
            joint_names=names,
            parents=archive["parents"].astype(int),
            mirror=_mirror(names),
            rate=float(archive["fps"]),
            vertical_axis=int(archive["vertical_axis"]),
            metres_per_unit=float(archive["metres_per_unit"]),
            splits={p: (archive[f"std_{p}_cases"], archive[f"std_{p}_starts"]) for p in parts},
        )


def read_pedestrians(path: str | PathLike) -> Bunch:
    """Read an archive of pedestrian tracks seen from above.

    Parameters
    ----------
    path : str or path
        An ``.npz`` file with ``scenes`` and, for each scene s, ``s_frame``, ``s_ped``, ``s_xy``
        and ``s_val``, rows sorted by person and frame.

    Returns
    -------
    pedestrians : Bunch
        ``scenes`` (names) and ``tracks``: by scene a list of Bunches with ``person``, ``frames``,
        ``positions`` (n, 2) in metres, and ``validation`` (whether a row belongs to the
        validation part). A scene without rows has none.

    Raises
    ------
    ValueError
        If the file lacks one of these arrays.
    """
    with _open(path, ("scenes",)) as archive:
        scenes = archive["scenes"].astype(str).tolist()
        kinds = ("frame", "ped", "xy", "val")
        _check_arrays(archive, path, [f"{s}_{kind}" for s in scenes for kind in kinds])
        return Bunch(scenes=scenes, tracks={s: _tracks(archive, s) for s in scenes})


def _tracks(archive: np.lib.npyio.NpzFile, scene: str) -> list[Bunch]:
    person, frames = archive[f"{scene}_ped"], archive[f"{scene}_frame"]
    positions, validation = archive[f"{scene}_xy"], archive[f"{scene}_val"]
    if not len(person):
        return []
    ends = np.flatnonzero(np.diff(person)) + 1
    return [
        Bunch(
            person=int(person[rows[0]]),
            frames=frames[rows],
            positions=positions[rows],
            validation=validation[rows],
        )
        for rows in np.split(np.arange(len(person)), ends)
    ]


def _open(path: str | PathLike, needed: Sequence[str]) -> np.lib.npyio.NpzFile:
    archive = np.load(path, allow_pickle=False)
    try:
        _check_arrays(archive, path, needed)
    except ValueError:
        archive.close()
        raise
    return archive


def _check_arrays(
    archive: np.lib.npyio.NpzFile, path: str | PathLike, needed: Sequence[str]
) -> None:
    missing = [key for key in needed if key not in archive]
    if missing:
        raise ValueError(f"path={str(path)!r} lacks the arrays {missing}.")


def _mirror(names: list[str]) -> NDArray:
    """The joint on the other side: names that differ in a leading l or r alone."""
    position = {name: i for i, name in enumerate(names)}
    swap = {"l": "r", "r": "l"}
    partners = [swap.get(name[0], "") + name[1:] for name in names]
    return np.array([position.get(p, i) for i, p in enumerate(partners)])
