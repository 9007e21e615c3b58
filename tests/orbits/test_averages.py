"""Averages of predictors over orbits."""

import numpy as np
from orbits_kit import FLIP, IDENTITY, SCALAR, VECTOR, cross, rows

from sksofteq.groups import parse_group
from sksofteq.orbits import (
    orbit_average,
    orbit_predictions,
    sample_elements,
)
from sksofteq.reps import parse_rep


def test_average_of_an_equivariant_predictor_is_itself():
    rep, X = parse_rep("2*vector").bind(3), rows(dim=6)
    elements = sample_elements(parse_group("SO(3)"), 6, X, rep, 0)
    np.testing.assert_allclose(
        orbit_average(cross, X, elements, rep, VECTOR), cross(X), atol=1e-12
    )


def test_average_over_a_whole_group_is_invariant():
    """Over {1, -1} the average of f is its even part."""
    X = rows()
    average = orbit_average(
        lambda X: X[:, :1] + X[:, :1] ** 2, X, [IDENTITY, FLIP], VECTOR, SCALAR
    )
    np.testing.assert_allclose(average, X[:, :1] ** 2)


def test_average_turns_outputs_back():
    X = rows()
    average = orbit_average(lambda X: X + 1.0, X, [IDENTITY, FLIP], VECTOR, VECTOR)
    np.testing.assert_allclose(average, X)


def test_predictions_are_by_element_then_row():
    X = rows(4)
    along = orbit_predictions(lambda X: X[:, :1], X, [IDENTITY, FLIP, FLIP], VECTOR, SCALAR)
    np.testing.assert_allclose(along, X[:, :1] * np.array([1, -1, -1])[:, None, None])
