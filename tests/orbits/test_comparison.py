"""Losses compared row by row, and the size of a break."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orbits_kit import FLIP, IDENTITY, SCALAR, VECTOR, cross, rows
from scipy.stats import norm

from sksofteq.groups import parse_group
from sksofteq.orbits import (
    CRITICAL_Z,
    OrbitTest,
    compare_losses,
    orbit_test,
    row_losses,
    sample_elements,
)
from sksofteq.reps import Scalar, parse_rep


def test_row_loss_is_the_mean_square_in_units_of_the_scale():
    losses = row_losses(np.array([[1.0, 4.0]]), np.array([[0.0, 0.0]]), np.array([1.0, 2.0]))
    np.testing.assert_allclose(losses, [(1 + 4) / 2])


def test_comparison_is_a_paired_test():
    plain, averaged = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.5, 2.0, 2.0, 4.5])
    test = compare_losses(plain, averaged)
    difference = averaged - plain
    assert test.delta == pytest.approx(difference.mean())
    assert test.standard_error == pytest.approx(difference.std(ddof=1) / 2)
    assert test.z == pytest.approx(test.delta / test.standard_error)


@pytest.mark.parametrize("repeats", [2, 7])
def test_repeated_rows_in_groups_add_no_certainty(repeats):
    rng = np.random.default_rng(0)
    plain, averaged = rng.uniform(0, 2, (2, 30))
    once = compare_losses(plain, averaged)
    many = compare_losses(
        np.tile(plain, repeats), np.tile(averaged, repeats), np.tile(np.arange(30), repeats)
    )
    assert many.standard_error == pytest.approx(once.standard_error)
    assert many.z == pytest.approx(once.z)


def test_groups_of_single_rows_change_nothing():
    plain, averaged = np.random.default_rng(0).uniform(0, 2, (2, 30))
    names = np.array([f"row {i}" for i in range(30)])
    with_groups, without = compare_losses(plain, averaged, names), compare_losses(plain, averaged)
    assert with_groups.standard_error == pytest.approx(without.standard_error)


def test_correlated_rows_widen_the_standard_error():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 10)
    plain = np.ones(200)
    averaged = 1.1 + 0.3 * rng.standard_normal(20)[groups] + 0.01 * rng.standard_normal(200)
    ratio = (
        compare_losses(plain, averaged, groups).standard_error
        / compare_losses(plain, averaged).standard_error
    )
    assert ratio == pytest.approx(np.sqrt(10), rel=0.1)


def test_single_group_tells_nothing():
    plain, averaged = np.random.default_rng(0).uniform(0, 2, (2, 33))
    assert compare_losses(plain, averaged, np.zeros(33)).z == 0.0


def test_rounding_of_a_perfect_predictor_tells_nothing():
    averaged = np.random.default_rng(0).uniform(0, 1e-31, 50)
    assert compare_losses(np.zeros(50), averaged).z == 0.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_spread_at_the_level_of_rounding_tells_nothing(dtype):
    plain = np.random.default_rng(0).uniform(1, 2, 50).astype(dtype)
    assert compare_losses(plain, plain + dtype(0.1)).z == 0.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_differences_at_the_level_of_rounding_count_as_none(dtype):
    plain = np.random.default_rng(0).uniform(1, 2, 50).astype(dtype)
    averaged = plain * (1 + 4 * np.finfo(dtype).eps)
    assert compare_losses(plain, averaged).z == 0.0


def test_small_differences_above_rounding_count():
    plain = np.random.default_rng(0).uniform(1, 2, 50)
    assert compare_losses(plain, plain * (1 + 1e-9)).z > 5


@pytest.mark.parametrize("n", [1, 5])
def test_differences_without_spread_tell_nothing(n):
    assert compare_losses(np.full(n, 1.0), np.full(n, 2.0)).z == 0.0


@settings(deadline=None, derandomize=True)
@given(st.floats(-30, 30))
def test_support_is_the_normal_tail(z):
    support = OrbitTest(0.0, 1.0, z).support
    assert support == pytest.approx(norm.sf(z))
    assert 0 <= support <= 1


@settings(deadline=None, derandomize=True)
@given(st.floats(-30, 30), st.sampled_from([None, 2, 12, 500]))
def test_interval_of_support_holds_it(z, units):
    test = OrbitTest(0.0, 1.0, z, units=units)
    assert 0 <= test.support_low <= test.support <= test.support_high <= 1
    assert test.support_low == OrbitTest(0.0, 1.0, z + CRITICAL_Z, units=units).support
    assert test.support_high == OrbitTest(0.0, 1.0, z - CRITICAL_Z, units=units).support


@pytest.mark.parametrize(
    ("delta", "size", "elements", "square"),
    [
        (0.3, 0.5, None, 0.4),
        (0.3, 0.5, 10, 0.375),
        (-0.5, 0.5, None, 0.0),
        (-0.6, 0.5, None, 0.0),
    ],
)
def test_break_is_half_of_size_and_delta_and_never_negative(delta, size, elements, square):
    assert OrbitTest(delta, 0.1, 1.0, size, elements=elements).break_square == pytest.approx(
        square
    )


def breaks_found(square, error, n_elements, n_tests=200, n_rows=300):
    """Estimates of a break: F = |x| + c cos(angle), of variance c^2 / 2; f errs at random."""
    group, rep = parse_group("SO(2)"), parse_rep("vector").bind(2)
    rng, c = np.random.default_rng(1), np.sqrt(2 * square)

    def truth(X):
        radius = np.linalg.norm(X, axis=1, keepdims=True)
        return radius + c * X[:, :1] / radius

    def predict(X):
        return truth(X) + error * rng.standard_normal((len(X), 1))

    found = []
    for seed in range(n_tests):
        X = rows(n_rows, 2, seed)
        y = truth(X) + 0.3 * rng.standard_normal((len(X), 1))
        elements = sample_elements(group, n_elements, X, rep, seed)
        test = orbit_test(predict, X, y, np.ones(1), elements, rep, Scalar.bind(2))
        found.append(test.break_square)
    return np.array(found)


@pytest.mark.parametrize("square", [0.1, 0.5])
@pytest.mark.parametrize("error", [0.05, 0.6])
@pytest.mark.parametrize("n_elements", [6, 24])
def test_break_is_found_whatever_the_error_of_the_predictor(square, error, n_elements):
    found = breaks_found(square, error, n_elements)
    assert found.mean() == pytest.approx(square, abs=4 * found.std() / np.sqrt(len(found)))
    assert found.std() < 2 * square / np.sqrt(n_elements) + 0.04


def test_no_break_is_found_where_there_is_none():
    found = breaks_found(0.0, 0.6, 8)
    assert 0.3 < np.mean(found == 0) < 0.7
    assert found.max() < 0.1  # the error of the predictor is 0.36


def orbit_test_of(predict, X, y, elements):
    """The test of a scalar prediction."""
    return orbit_test(predict, X, y, np.ones(1), elements, VECTOR, SCALAR)


def test_broken_predictor_of_an_invariant_target_gains():
    X = rows(200)
    y = (X**2).sum(axis=1, keepdims=True)
    test = orbit_test_of(
        lambda X: (X**2).sum(axis=1, keepdims=True) + X[:, :1], X, y, [IDENTITY, FLIP]
    )
    assert test.delta == pytest.approx(-np.mean(X[:, 0] ** 2))
    assert test.z < -5


def test_right_predictor_of_a_broken_target_loses():
    X = rows(200)
    test = orbit_test_of(lambda X: X[:, :1], X, X[:, :1], [IDENTITY, FLIP])
    assert test.delta == pytest.approx(np.mean(X[:, 0] ** 2))
    assert test.z > 5


def test_size_is_half_the_mean_square_change_along_the_orbit():
    X = rows(200)
    test = orbit_test_of(lambda X: X[:, :1], X, X[:, :1], [FLIP])
    assert test.size == pytest.approx(2 * np.mean(X[:, 0] ** 2))


def test_size_is_nothing_for_an_equivariant_predictor():
    rep, X = parse_rep("2*vector").bind(3), rows(dim=6)
    elements = sample_elements(parse_group("SO(3)"), 6, X, rep, 0)
    test = orbit_test(cross, X, rows(seed=1), np.ones(3), elements, rep, VECTOR)
    assert test.size < 1e-20
    assert test.z == 0.0
