"""Orbits: sampled elements, averages of predictors over them, and whether data reach them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from sksofteq.groups import GeneratedGroup, MatrixGroup, parse_group
from sksofteq.orbits import (
    CRITICAL_Z,
    REACH_AUC,
    REACH_ROWS,
    OrbitTest,
    compare_losses,
    inverse,
    moves_columns,
    moves_row,
    orbit_auc,
    orbit_average,
    orbit_predictions,
    orbit_test,
    row_losses,
    sample_elements,
)
from sksofteq.reps import Scalar, Vector, parse_rep

VECTOR, SCALAR = Vector.bind(3), Scalar.bind(3)
IDENTITY, FLIP = {None: np.eye(3)}, {None: -np.eye(3)}


def rows(n=50, dim=3, seed=0):
    """Standard normal rows."""
    return np.random.default_rng(seed).standard_normal((n, dim))


def cross(X):
    """The cross product of two vectors."""
    return np.cross(X[:, :3], X[:, 3:])


# ------------------------------------------------------------------------------- elements


@pytest.mark.parametrize("name", ["SO(3)", "O(2)@x,y", "Permutation(3)", "Scaling(3)", "SE(3)"])
def test_elements_are_reproducible(name):
    group, rep = parse_group(name), parse_rep("point").bind(3)
    first, second = (sample_elements(group, 4, rows(), rep, 7) for _ in range(2))
    np.testing.assert_array_equal([g[None] for g in first], [g[None] for g in second])


def test_elements_are_as_many_as_asked_for_and_differ():
    elements = sample_elements(parse_group("SO(3)"), 5, rows(), VECTOR, 0)
    assert len(elements) == 5
    assert len(np.unique(np.round([g[None][0, 0] for g in elements], 8))) == 5


def test_linear_elements_do_not_mind_the_data():
    group = parse_group("SO(3)")
    small, large = (sample_elements(group, 3, s * rows(), VECTOR, 0) for s in (1, 100))
    np.testing.assert_array_equal([g[None] for g in small], [g[None] for g in large])


def test_paired_group_has_a_matrix_for_each_space():
    group = parse_group("Reflection(3) on xyz & Permutation(2) on side")
    rep = parse_rep("side*xyz", {"side": 2, "xyz": 3})
    elements = sample_elements(group, 20, rows(dim=6), rep, 0)
    moves = {(g["xyz"][0, 0], g["side"][0, 0]) for g in elements}
    assert moves == {(1.0, 1.0), (-1.0, 0.0)}


@pytest.mark.parametrize(
    ("rep", "X", "factor"),
    [
        ("point", 10 * rows(2000), 10.0),
        ("point", 3.0 + rows(2000), 1.0),
        ("scalar + point", np.c_[1e6 * rows(2000, 1), 4 * rows(2000)], 4.0),
        ("vector", 10 * rows(2000), 1.0),
        ("point", np.ones((5, 3)), 1.0),
    ],
    ids=["points", "far away", "beside scalars", "no points", "constant"],
)
def test_translations_have_the_scale_of_the_points(rep, X, factor):
    group = parse_group("Translation(3)")
    elements = sample_elements(group, 4, X, parse_rep(rep).bind(3), 0)
    unit = group.sample(4, 0)[:, :3, 3]
    moved = np.array([g[None][:3, 3] for g in elements])
    np.testing.assert_allclose(moved, factor * unit, rtol=0.05)


def test_points_of_products_count_for_the_translations():
    group = parse_group("Translation(3) on xyz")
    rep = parse_rep("joint*point(xyz)", {"joint": 2, "xyz": 3})
    elements = sample_elements(group, 3, 5 * rows(2000, 6), rep, 0)
    moved = np.array([g["xyz"][:3, 3] for g in elements])
    np.testing.assert_allclose(moved, 5 * group.sample(3, 0)[:, :3, 3], rtol=0.05)


def test_scaled_translations_leave_rotations_alone():
    elements = sample_elements(parse_group("SE(3)"), 3, 50 * rows(), parse_rep("point").bind(3), 0)
    for g in elements:
        np.testing.assert_allclose(g[None][:3, :3] @ g[None][:3, :3].T, np.eye(3), atol=1e-12)


@pytest.mark.parametrize("name", ["SE(3)", "E(3)", "SE(2)@x,y"])
def test_elements_turn_about_the_points_wherever_they_are(name):
    rep, X, far = parse_rep("vector + 2*point").bind(3), rows(dim=9), np.array([100.0, -50.0, 3.0])
    shift = np.r_[np.zeros(3), far, far]
    near, moved = (sample_elements(parse_group(name), 4, rows, rep, 0) for rows in (X, X + shift))
    for g, h in zip(near, moved, strict=True):
        expected = rep.transform(X, g) + shift
        np.testing.assert_allclose(rep.transform(X + shift, h), expected, atol=1e-10)


def test_elements_translate_along_the_groups_directions_only():
    turn, lift = np.zeros((2, 4, 4))
    turn[:2, :2], lift[2, 3] = [[0, -1], [1, 0]], 1.0
    group = MatrixGroup([turn, lift], affine=True)  # it turns about the z axis, and nowhere else
    elements = sample_elements(group, 4, 100.0 + rows(), parse_rep("point").bind(3), 0)
    matrices = np.array([g[None] for g in elements])
    np.testing.assert_array_equal(matrices[:, :2, 3], 0.0)
    assert np.abs(matrices[:, 0, 1]).min() > 0


def test_inverse_undoes_an_element():
    rep, X = parse_rep("2*point + vector").bind(3), rows(dim=9)
    (g,) = sample_elements(parse_group("SE(3)"), 1, X, rep, 0)
    np.testing.assert_allclose(rep.transform(rep.transform(X, g), inverse(g)), X, atol=1e-10)


@pytest.mark.parametrize(
    ("group", "rep", "moves"),
    [
        ("SO(3)", "vector", True),
        ("SO(3)", "2*scalar", False),
        ("Translation(3)", "vector", False),
        ("Translation(3)", "scalar + point", True),
        ("Scaling(3)", "tensor(1,1)", False),
        ("Scaling(3)", "vector", True),
    ],
)
def test_group_moves_the_columns_that_it_acts_on(group, rep, moves):
    assert moves_columns(parse_group(group), parse_rep(rep).bind(3)) == moves


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize(
    ("group", "row", "moves"),
    [
        ("SO(3)", [0.0, 0.0, 1.0], True),
        ("SO(2)@x,y", [0.0, 0.0, 1.0], False),
        ("SO(2)@x,y", [0.0, 1e-3, 1.0], True),
        ("Reflection(3)", [0.0, 1.0, 1.0], False),
        ("SO(3)", [0.0, 0.0, 0.0], False),
    ],
)
def test_group_moves_rows_that_it_does_not_leave_alone(group, row, moves, size):
    assert moves_row(parse_group(group), size * np.array(row), VECTOR) == moves


def test_translations_move_points_and_not_vectors():
    for kind, moves in (("point", True), ("vector", False)):
        rep = parse_rep(kind).bind(3)
        assert moves_row(parse_group("Translation(3)"), np.zeros(3), rep) == moves


def test_turn_of_any_length_moves_columns():
    turn = GeneratedGroup(2 * np.pi * parse_group("SO(3)").lie_algebra)
    assert moves_columns(turn, VECTOR)


def test_pair_moves_the_columns_of_either_space():
    pair = parse_group("Reflection(1) on a & Permutation(2) on b")
    dims = {"a": 1, "b": 2}
    assert moves_columns(pair, parse_rep("b", dims))
    assert not moves_columns(pair, parse_rep("a*a", dims))


# ------------------------------------------------------------------------------- averages


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


# ------------------------------------------------------------------------------- losses


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


# ------------------------------------------------------------------------------- the break


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


# ------------------------------------------------------------------------------- the test


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


# ------------------------------------------------------------------------------- reach


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
