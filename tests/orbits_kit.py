"""Rows and elements that tests of orbits share."""

import numpy as np

from sksofteq.reps import Scalar, Vector

VECTOR, SCALAR = Vector.bind(3), Scalar.bind(3)
IDENTITY, FLIP = {None: np.eye(3)}, {None: -np.eye(3)}


def rows(n=50, dim=3, seed=0):
    """Standard normal rows."""
    return np.random.default_rng(seed).standard_normal((n, dim))


def cross(X):
    """The cross product of two vectors."""
    return np.cross(X[:, :3], X[:, 3:])
