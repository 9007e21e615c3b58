"""Products of elements of several groups."""

import numpy as np
import pytest
from scipy.linalg import polar

from sksofteq.groups import SO, Scaling, parse_group
from sksofteq.orbits import sample_elements, sample_products, shrunk
from sksofteq.reps import Vector, parse_rep

VECTOR = Vector.bind(3)


def rows(n=50, dim=3, seed=0):
    """Standard normal rows."""
    return np.random.default_rng(seed).standard_normal((n, dim))


def test_product_moves_by_the_last_group_first():
    groups = [parse_group("SO(3)"), parse_group("GL(3)")]
    products = sample_products(groups, 3, rows(), VECTOR, np.random.RandomState(0))
    rng = np.random.RandomState(0)
    first, second = (sample_elements(group, 3, rows(), VECTOR, rng) for group in groups)
    for product, g, h in zip(products, first, second, strict=True):
        np.testing.assert_allclose(product[None], g[None] @ h[None])


@pytest.mark.parametrize("names", [("SO(3)", "Translation(3)"), ("Translation(3)", "SO(3)")])
def test_products_of_rotations_and_translations_are_homogeneous(names):
    rep, X = parse_rep("point").bind(3), rows()
    groups = [parse_group(name) for name in names]
    (product,) = sample_products(groups, 1, X, rep, np.random.RandomState(0))
    rng = np.random.RandomState(0)
    (g,), (h,) = (sample_elements(group, 1, X, rep, rng) for group in groups)
    np.testing.assert_allclose(rep.transform(X, product), rep.transform(rep.transform(X, h), g))


def test_products_over_two_spaces_move_both():
    rep = parse_rep("joint*xyz", {"joint": 4, "xyz": 3})
    groups = [parse_group("SO(3) on xyz"), parse_group("Permutation(4) on joint")]
    (product,) = sample_products(groups, 1, rows(dim=12), rep, 0)
    assert {name: matrix.shape for name, matrix in product.items()} == {
        "xyz": (3, 3),
        "joint": (4, 4),
    }


def test_products_of_turns_about_two_axes_are_any_turn():
    groups = [parse_group("SO(2)@x,y"), parse_group("SO(2)@y,z")]
    products = sample_products(groups, 4000, rows(), VECTOR, 0)
    axis = np.array([product[None][:, 2] for product in products])
    # wherever z goes, each axis is reached alike but for chance, in both directions
    np.testing.assert_allclose(axis.mean(axis=0), 0.0, atol=0.05)
    assert np.linalg.eigvalsh(np.cov(axis.T)).min() > 0.2


def test_product_of_no_groups_moves_nothing():
    assert sample_products([], 2, rows(), VECTOR, 0) == [{}, {}]


def test_one_group_has_one_factor():
    group = parse_group("SO(3)")
    products = sample_products([group], 3, rows(), VECTOR, 4)
    elements = sample_elements(group, 3, rows(), VECTOR, np.random.RandomState(4))
    np.testing.assert_array_equal([g[None] for g in products], [g[None] for g in elements])


@pytest.mark.parametrize("names", [("SO(3)", "O(2)@x,y"), ("SO(3)", "Translation(3)")])
def test_a_seed_repeats_and_factors_are_drawn_apart(names):
    groups, rep = [parse_group(name) for name in names], parse_rep("point").bind(3)
    first, second = (sample_products(groups, 3, rows(), rep, 7) for _ in range(2))
    np.testing.assert_array_equal([g[None] for g in first], [g[None] for g in second])
    assert not np.allclose(first[0][None], first[1][None])
    twice = sample_products([SO(3), SO(3)], 1, rows(), VECTOR, 7)[0][None]
    (alone,) = (g[None] for g in sample_elements(SO(3), 1, rows(), VECTOR, 7))
    assert not np.allclose(twice, np.linalg.matrix_power(alone, 4))


# ------------------------------------------------------------------------------- shares


def test_products_stretch_by_their_share():
    X, rep = rows(), VECTOR
    (whole,) = sample_products([Scaling(3, frame=False)], 1, X, rep, 0)
    (half,) = sample_products([Scaling(3, frame=False)], 1, X, rep, 0, [0.5])
    np.testing.assert_allclose(half[None] @ half[None], whole[None], atol=1e-12)
    (turn,) = sample_products([SO(3)], 1, X, rep, 0)
    (same,) = sample_products([SO(3)], 1, X, rep, 0, [0.5])
    np.testing.assert_allclose(same[None], turn[None], atol=1e-12)


def test_shares_of_one_change_nothing():
    groups = [parse_group("GL(3)"), parse_group("SO(3)")]
    plain, shared = (
        sample_products(groups, 3, rows(), VECTOR, 0, shares) for shares in (None, [1.0, 1.0])
    )
    np.testing.assert_array_equal([g[None] for g in plain], [g[None] for g in shared])


def test_each_group_has_a_share_of_its_own():
    groups = [parse_group("GL(3)"), parse_group("SL(3)")]
    products = sample_products(groups, 4, rows(), VECTOR, np.random.RandomState(0), [0.25, 1.0])
    rng = np.random.RandomState(0)
    stretched, free = (sample_elements(group, 4, rows(), VECTOR, rng) for group in groups)
    for product, g, h in zip(products, stretched, free, strict=True):
        np.testing.assert_allclose(product[None], shrunk(g, 0.25)[None] @ h[None])


@pytest.mark.parametrize("share", [0.12, 0.5])
def test_a_share_keeps_the_turn_and_takes_from_the_stretching(share):
    group = parse_group("GL(3)")
    (whole,), (part,) = (
        sample_products([group], 1, rows(), VECTOR, 3, shares) for shares in (None, [share])
    )
    (turn, stretch), (same, less) = polar(whole[None]), polar(part[None])
    np.testing.assert_allclose(same, turn, atol=1e-10)
    np.testing.assert_allclose(np.linalg.eigvalsh(less), np.linalg.eigvalsh(stretch) ** share)


def test_a_share_for_every_group():
    with pytest.raises(ValueError, match="shorter"):
        sample_products([SO(3), Scaling(3)], 1, rows(), VECTOR, 0, [0.5])
