"""Sampled elements, and what groups move."""

import numpy as np
import pytest
from orbits_kit import VECTOR, rows

from sksofteq.groups import GeneratedGroup, MatrixGroup, parse_group
from sksofteq.orbits import (
    inverse,
    moves_columns,
    moves_row,
    sample_elements,
    small_products,
)
from sksofteq.reps import parse_rep


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


@pytest.mark.parametrize("name", ["SO(3)", "O(2)@x,y", "SO(1,3)"])
def test_small_products_are_elements_near_the_identity(name):
    group = parse_group(name)
    metric = np.diag([1.0, -1.0, -1.0, -1.0]) if name == "SO(1,3)" else np.eye(group.dim)
    for size in (0.3, 0.01):
        elements = small_products([group, group], 20, size, 0)
        matrices = np.stack([element[None] for element in elements])
        kept = matrices @ metric @ matrices.mT - metric
        np.testing.assert_allclose(kept, 0.0, atol=1e-9)
        away = np.linalg.norm(matrices - np.eye(group.dim), axis=(1, 2))
        assert 0.3 * size < away.mean() < 6 * size


def test_small_products_of_finite_groups_move_nothing():
    (element,) = small_products([parse_group("Permutation(3)")], 1, 0.5, 0)
    np.testing.assert_array_equal(element[None], np.eye(3))
