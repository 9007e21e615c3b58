"""Synthetic tasks with known truth, recorded motion, and readers for larger recordings."""

from sksofteq.datasets._cosine import make_cosine_similarity
from sksofteq.datasets._inertia import make_inertia
from sksofteq.datasets._motion import load_mocap_walk, read_mocap, read_pedestrians
from sksofteq.datasets._projectiles import make_projectiles
from sksofteq.datasets._waymo import read_waymo
from sksofteq.datasets._waymo_windows import waymo_windows
from sksofteq.datasets._windows import trajectory_windows

__all__ = [
    "load_mocap_walk",
    "make_cosine_similarity",
    "make_inertia",
    "make_projectiles",
    "read_mocap",
    "read_pedestrians",
    "read_waymo",
    "trajectory_windows",
    "waymo_windows",
]
