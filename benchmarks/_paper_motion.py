"""Recorded motion in `benchmarks.paper`: walks and runs, pedestrians, cars.

Walks and runs: the published split (`benchmarks._motion`). The published windows for validation
are left alone, as estimators split off whole trials themselves.

Pedestrians: the seven steps between eight positions, and by how much each of the next twelve
positions differs from going on at the velocity of the last step; one scene left out for testing.
Errors are distances in metres, the same as of positions. Rows to fit are at most 4000 windows of
what the usual split trains on, drawn by seed, as many of each scene as there are up to an equal
share. Rows of one scene stay together, as methods are to say what carries over to another one.
"Among others" adds where the two nearest people are, seen from the walker, and their last steps;
where there are fewer, the walker stands in.

Cars: files of the Waymo Open Motion Dataset, split by scenario (84 percent to fit, at most 4000
windows; 16 to test), normalised by numbers of the part to fit. `told` is what is plausible.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from benchmarks import _motion
from benchmarks._paper_tasks import Data, Rows, Task
from benchmarks._rivals import PLANES
from sksofteq.datasets import read_pedestrians, read_waymo, trajectory_windows, waymo_windows

PEDESTRIANS = _motion.DATA / "eth_ucy.npz"
#: The scenes of each usual test set.
SCENES = {
    "ETH": ("biwi_eth",),
    "HOTEL": ("biwi_hotel",),
    "UNIV": ("students001", "students003"),
    "ZARA1": ("crowds_zara01",),
    "ZARA2": ("crowds_zara02",),
}
N_PAST, N_FUTURE, N_NEIGHBOURS, MAX_FIT = 8, 12, 2, 4000
ALONE = {"rep_in": f"{N_PAST - 1}*vector", "rep_out": f"{N_FUTURE}*vector"}
AMONG = {
    "rep_in": f"{N_PAST - 1}*xy + 2*other*xy",
    "rep_out": f"{N_FUTURE}*xy",
    "spaces": {"xy": 2, "other": N_NEIGHBOURS},
}
WAYMO_STEPS, WAYMO_SHARE = 6, 0.84
WAYMO = {"rep_in": f"{WAYMO_STEPS}*vector", "rep_out": f"{WAYMO_STEPS}*vector"}
VALIDATION = 0.2


def _moves_on(X: NDArray, n_past: int, n_future: int, dim: int) -> NDArray:
    """How far from the last position one is at the velocity of the last step."""
    past = X[:, : n_past * dim].reshape(len(X), n_past, dim)
    step = past[:, -1:] - past[:, -2:-1]
    return (np.arange(1, n_future + 1)[:, None] * step).reshape(len(X), -1)


# -------------------------------------------------------------------------- walks and runs


def _recorded(name: str, seed: int) -> Data:
    X, y, trial = _motion.windows(name, "train")
    return Data((X, y), _motion.windows(name, "test")[:2], trial)


def _at_velocity(X: NDArray) -> NDArray:
    """Displacements of joints, from the columns of scaled velocities."""
    return X[:, 93:186] * (_motion.HORIZON / _motion.VELOCITY_SCALE)


def _recording(name: str) -> Task:
    return Task(
        partial(_recorded, name),
        (_motion.TURNS,),
        (_motion.TURNS,),
        _motion.VIEW,
        is_known=False,
        is_covered=False,
        validation=VALIDATION,
        extrapolate=_at_velocity,
    )


# -------------------------------------------------------------------------- pedestrians


@cache
def _tracks() -> dict[str, list[Bunch]]:
    return read_pedestrians(PEDESTRIANS).tracks


@cache
def _walks(scene: str, to_fit: bool, among: bool) -> Rows:
    """X and y of every window of a scene, or of its part to fit."""
    tracks = _tracks()[scene]
    kept = [~t.validation if to_fit else np.ones(len(t.frames), dtype=bool) for t in tracks]
    steps = {"n_past": N_PAST, "n_future": N_FUTURE}
    positions = [t.positions[rows] for t, rows in zip(tracks, kept, strict=True)]
    past, future, person = trajectory_windows(positions, **steps)
    X = np.diff(past.reshape(len(past), N_PAST, 2), axis=1).reshape(len(past), -1)
    y = future - np.tile(past[:, -2:], N_FUTURE) - _moves_on(past, N_PAST, N_FUTURE, 2)
    if among:
        frames = [t.frames[rows, None] for t, rows in zip(tracks, kept, strict=True)]
        now = trajectory_windows(frames, **steps)[0][:, -1]
        X = np.hstack([X, _neighbours(tracks, past, person, now)])
    return X, y


def _neighbours(tracks: Sequence[Bunch], past: NDArray, person: NDArray, now: NDArray) -> NDArray:
    """Places, then last steps, of the nearest people who were seen at both of the last steps.

    The walker comes last, as often as it takes.
    """
    seen: dict[int, list[tuple[int, NDArray]]] = {}
    for number, track in enumerate(tracks):
        steps = np.hstack([track.positions[1:], np.diff(track.positions, axis=0)])
        for frame, state in zip(track.frames[1:], steps, strict=True):
            seen.setdefault(int(frame), []).append((number, state))
    found = np.empty((len(past), N_NEIGHBOURS, 4))
    for row, (walker, frame, path) in enumerate(zip(person, now, past, strict=True)):
        last = path[-2:]
        own = np.concatenate([last, last - path[-4:-2]])
        others = [state for number, state in seen[int(frame)] if number != walker]
        others.sort(key=lambda state: float(np.sum((state[:2] - last) ** 2)))
        found[row] = (others + N_NEIGHBOURS * [own])[:N_NEIGHBOURS]
        found[row, :, :2] -= last
    return np.hstack([found[:, :, k : k + 2].reshape(len(past), -1) for k in (0, 2)])


def _joined(scenes: Sequence[str], to_fit: bool, among: bool) -> tuple[NDArray, NDArray, NDArray]:
    """Windows of several scenes, and the number of the scene of each."""
    parts = [_walks(scene, to_fit, among) for scene in scenes]
    X, y = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    return X, y, np.repeat(np.arange(len(parts)), [len(X) for X, _ in parts])


def _balanced(scene: NDArray, random_state: np.random.RandomState) -> NDArray:
    """At most `MAX_FIT` rows, as many of each scene as there are up to an equal share."""
    order = random_state.permutation(len(scene))
    names = np.unique(scene)
    share = MAX_FIT // len(names)
    return np.concatenate([order[scene[order] == name][:share] for name in names])


def _left_out(name: str, among: bool, seed: int) -> Data:
    others = [scene for scene in _tracks() if scene not in SCENES[name]]
    X, y, scene = _joined(others, True, among)
    rows = _balanced(scene, np.random.RandomState(seed))
    test = _joined(SCENES[name], False, among)[:2]
    return Data((X[rows], y[rows]), test, scene[rows], metres=np.ones(2))


def _as_expected(X: NDArray) -> NDArray:
    """No deviation from constant velocity."""
    return np.zeros((len(X), 2 * N_FUTURE))


def _walkers(name: str, among: bool) -> Task:
    turns = "O(2) on xy" if among else "O(2)"
    symmetries = (turns, f"Permutation({N_NEIGHBOURS}) on other") if among else (turns,)
    return Task(
        partial(_left_out, name, among),
        symmetries,
        symmetries,
        AMONG if among else ALONE,
        is_known=False,
        in_metres=True,
        validation=VALIDATION,
        moved_by=(turns,),
        extrapolate=_as_expected,
    )


RECORDED = {name: _recording(name) for name in _motion.FILES}
RECORDED |= {f"pedestrians, {name}": _walkers(name, False) for name in SCENES}
RECORDED |= {f"pedestrians among others, {name}": _walkers(name, True) for name in SCENES}


# -------------------------------------------------------------------------- cars


@cache
def _cars(path: Path) -> Bunch:
    files = sorted(path.glob("*tfrecord*")) if path.is_dir() else path
    return read_waymo(files, kinds="vehicle")


def _of_scenarios(tracks: Bunch, rows: NDArray) -> Bunch:
    """What `waymo_windows` reads, of some tracks."""
    names = ("positions", "valid", "kind", "scenario")
    return Bunch(**{name: tracks[name][rows] for name in names})


def _driven(path: Path, normalization: str, seed: int) -> Data:
    tracks = _cars(path)
    to_fit = tracks.scenario < WAYMO_SHARE * (tracks.scenario.max() + 1)
    fit = waymo_windows(_of_scenarios(tracks, to_fit), normalization=normalization)
    test = waymo_windows(_of_scenarios(tracks, ~to_fit), normalization=fit.normalization)
    rows = np.random.RandomState(seed).permutation(len(fit.X))[:MAX_FIT]
    metres = np.broadcast_to(fit.scale, 3)
    return Data((fit.X[rows], fit.y[rows]), (test.X, test.y), fit.groups[rows], metres=metres)


def _drives_on(X: NDArray) -> NDArray:
    """Positions at the velocity of the last step; the last one need not be at zero height."""
    last = np.tile(X[:, -3:], WAYMO_STEPS)
    return last + _moves_on(X, n_past=WAYMO_STEPS, n_future=WAYMO_STEPS, dim=3)


def waymo_tasks(path: Path) -> dict[str, Task]:
    """The paper's motion forecasting, for its three normalisations."""
    turns = PLANES[:1]
    # Axes that are scaled apart do not turn.
    told = {"isotropic": ("O(3)",), "per axis": (), "height": turns}
    return {
        f"cars, {normalization}": Task(
            partial(_driven, path, normalization),
            ("O(3)", *PLANES),
            holds,
            WAYMO,
            is_known=False,
            in_metres=True,
            validation=VALIDATION,
            moved_by=turns if holds else (),
            extrapolate=_drives_on,
        )
        for normalization, holds in told.items()
    }


def displacement_errors(predicted: NDArray, y: NDArray, metres: NDArray) -> tuple[float, float]:
    """Mean distance over all steps (ADE) and at the last one (FDE), in metres."""
    gaps = (predicted - y).reshape(len(y), -1, len(metres)) * metres
    distances = np.linalg.norm(gaps, axis=2)
    return float(distances.mean()), float(distances[:, -1].mean())
