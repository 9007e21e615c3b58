"""The published task on recorded walks and runs: 31 joints, a quarter of a second later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sksofteq.datasets import read_mocap
from sksofteq.reps import parse_rep

DATA = Path(__file__).parent / "data"
FILES = {"walk": DATA / "cmu_walk_s35.npz", "run": DATA / "cmu_run_s09.npz"}
#: Most windows of each part, as published.
MAX_SAMPLES = {"train": 200, "val": 600, "test": 600}
#: Frames at 120 Hz between a window and its target.
HORIZON = 30
#: Velocities are in units per frame; this brings them to the size of positions.
VELOCITY_SCALE = 10.0
VIEW = {
    "rep_in": "2*joint*xyz + 2*joint",
    "rep_out": "joint*xyz",
    "spaces": {"joint": 31, "xyz": 3},
}
#: y points upwards.
TURNS = "SO(2)@x,z on xyz"

Rows = tuple[NDArray, NDArray, NDArray]


def windows(name: str, part: str) -> Rows:
    """X, y and the trial of every window of a part of the published split.

    X has, for each joint, its position relative to the root, its scaled velocity, and the
    horizontal lengths of both (which turns leave alone); y its displacement.
    """
    motion = read_mocap(FILES[name])
    cases, starts = motion.splits[part]
    per_case = MAX_SAMPLES[part] // len(cases)
    X, y, trial = [], [], []
    for case, frames in zip(cases, starts, strict=True):
        positions = motion.positions[case].astype(np.float64)
        for t in frames[:per_case]:
            here = positions[t] - positions[t, 0]
            velocity = VELOCITY_SCALE * (positions[t + 1] - positions[t])
            lengths = [np.hypot(v[:, 0], v[:, 2]) for v in (here, velocity)]
            X.append(np.concatenate([here.ravel(), velocity.ravel(), *lengths]))
            y.append((positions[t + HORIZON] - positions[t]).ravel())
            trial.append(case)
    return np.array(X), np.array(y), np.array(trial)


def turned(X: NDArray, y: NDArray, seed: int = 0) -> tuple[NDArray, NDArray]:
    """Rows turned about the vertical, each by an angle of its own."""
    rep_in, rep_out = (parse_rep(VIEW[key], VIEW["spaces"]) for key in ("rep_in", "rep_out"))
    X, y = X.copy(), y.copy()
    angles = np.random.RandomState(seed).uniform(0, 2 * np.pi, len(X))
    for row, (c, s) in enumerate(zip(np.cos(angles), np.sin(angles), strict=True)):
        element = {"xyz": np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])}
        X[row] = rep_in.transform(X[row][None], element)
        y[row] = rep_out.transform(y[row][None], element)
    return X, y
