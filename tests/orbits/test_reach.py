"""Whether data reach an orbit."""

import numpy as np
import pytest
from orbits_kit import VECTOR, rows

from sksofteq.groups import parse_group
from sksofteq.orbits import (
    REACH_AUC,
    REACH_ROWS,
    orbit_auc,
)


@pytest.mark.parametrize("name", ["SO(3)", "O(2)@x,y", "Permutation(3)", "Reflection(3)"])
def test_orbit_of_isotropic_data_stays_within_them(name):
    auc = orbit_auc(rows(400), parse_group(name), VECTOR, np.random.RandomState(0))
    assert auc < 0.65


def test_orbit_of_data_around_a_direction_leaves_them():
    X = np.array([5.0, 0.0, 0.0]) + 0.2 * rows(200)
    assert orbit_auc(X, parse_group("SO(3)"), VECTOR, np.random.RandomState(0)) > REACH_AUC


def test_orbit_about_that_direction_stays_within_them():
    X = np.array([5.0, 0.0, 0.0]) + 0.2 * rows(200)
    assert orbit_auc(X, parse_group("SO(2)@y,z"), VECTOR, np.random.RandomState(0)) < 0.65


def test_too_few_rows_are_not_asked():
    X = np.array([5.0, 0.0, 0.0]) + 0.2 * rows(REACH_ROWS[0] - 1)
    assert orbit_auc(X, parse_group("SO(3)"), VECTOR, np.random.RandomState(0)) == 0.5


def test_area_is_reproducible():
    first, second = (
        orbit_auc(rows(100), parse_group("SO(3)"), VECTOR, np.random.RandomState(3))
        for _ in range(2)
    )
    assert first == second
