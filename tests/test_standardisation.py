"""Means and scales that break no symmetry."""

import numpy as np
import pytest

from sksofteq.groups import parse_group
from sksofteq.reps import parse_rep
from sksofteq.standardisation import mean_and_scale, shared_scales

NAMED = {"joint": 4, "xyz": 3}


def table(dim, n=60, seed=0):
    """Columns of different means and spreads."""
    rng = np.random.default_rng(seed)
    return rng.uniform(1, 9, dim) + rng.uniform(0.5, 2, dim) * rng.standard_normal((n, dim))


def statistics(X, rep, names, dims, **kwargs):
    """Mean and scale of `X`."""
    rep = parse_rep(rep, {k: v for k, v in dims.items() if k}).bind(dims)
    return mean_and_scale(X, rep, [parse_group(name) for name in names], **kwargs)


def test_scalars_lose_their_mean_and_get_unit_variance():
    X = table(4)
    mean, scale = statistics(X, "4*scalar", ["SO(3)"], {"": 3})
    np.testing.assert_allclose(mean, X.mean(axis=0))
    np.testing.assert_allclose(scale, X.std(axis=0))


@pytest.mark.parametrize("name", ["SO(3)", "O(3)", "SL(3)", "GL(3)", "Scaling(3, frame=False)"])
def test_vectors_keep_their_mean_under_groups_that_leave_no_direction_alone(name):
    mean, _ = statistics(table(6), "2*vector", [name], {"": 3})
    np.testing.assert_allclose(mean, 0.0, atol=1e-12)


def test_vectors_lose_the_mean_along_the_axis_of_a_turn():
    X = table(3)
    mean, _ = statistics(X, "vector", ["O(2)@x,y"], {"": 3})
    np.testing.assert_allclose(mean, [0.0, 0.0, X[:, 2].mean()], atol=1e-12)


def test_mean_is_invariant_under_all_candidates_together():
    mean, _ = statistics(table(3), "vector", ["O(2)@x,y", "O(2)@y,z"], {"": 3})
    np.testing.assert_allclose(mean, 0.0, atol=1e-12)


def test_tensors_lose_a_multiple_of_the_identity():
    X = table(9)
    mean, _ = statistics(X, "tensor(2)", ["O(3)"], {"": 3})
    trace = X.mean(axis=0)[[0, 4, 8]].mean()
    np.testing.assert_allclose(mean.reshape(3, 3), trace * np.eye(3), atol=1e-12)


def test_permuted_entries_lose_their_common_mean():
    X = table(4)
    mean, _ = statistics(X, "vector", ["Permutation(4)"], {"": 4})
    np.testing.assert_allclose(mean, X.mean())


def test_permuted_vectors_lose_their_common_mean():
    X = table(12)
    mean, _ = statistics(X, "joint*xyz", ["Permutation(4) on joint"], NAMED)
    common = X.mean(axis=0).reshape(4, 3).mean(axis=0)
    np.testing.assert_allclose(mean.reshape(4, 3), np.tile(common, (4, 1)))


def test_turned_joints_keep_their_mean():
    mean, _ = statistics(table(12), "joint*xyz", ["SO(3) on xyz"], NAMED)
    np.testing.assert_allclose(mean, 0.0, atol=1e-12)


def test_trivial_group_takes_away_the_whole_mean():
    X = table(3)
    mean, _ = statistics(X, "vector", ["Trivial(3)"], {"": 3})
    np.testing.assert_allclose(mean, X.mean(axis=0))


@pytest.mark.parametrize(
    ("rep", "name", "dims"),
    [
        ("2*scalar + 3*vector", "SO(3)", {"": 3}),
        ("tensor(2) + tensor(0,1)", "O(2)@x,y", {"": 3}),
        ("tensor(1,1)", "SL(3)", {"": 3}),
        ("tensor(2) + vector", "SO(1,3)", {"": 4}),
        ("tensor(2)", "Cyclic(4)", {"": 4}),
        ("joint + joint*xyz", "Permutation(4) on joint", NAMED),
        ("joint*xyz", "Reflection(3) on xyz & Permutation(2)@0,1 in R^4 on joint", NAMED),
    ],
)
def test_mean_is_left_alone_by_the_group(rep, name, dims):
    rep = parse_rep(rep, {k: v for k, v in dims.items() if k}).bind(dims)
    group = parse_group(name)
    mean, _ = mean_and_scale(table(rep.dim), rep, [group])
    assert np.abs(mean).max() > 0.1
    drawn = group.sample_on_spaces(5, 0)
    for i in range(5):
        g = {space: matrices[i] for space, matrices in drawn.items()}
        np.testing.assert_allclose(rep.rho(g) @ mean, mean, atol=1e-10)


def test_each_tensor_has_one_scale():
    X = table(13)
    mean, scale = statistics(X, "scalar + vector + tensor(2)", ["SO(3)"], {"": 3})
    for columns in (slice(0, 1), slice(1, 4), slice(4, 13)):
        expected = np.sqrt(((X - mean)[:, columns] ** 2).mean())
        np.testing.assert_allclose(scale[columns], expected)


def test_copies_have_scales_of_their_own():
    X = table(6)
    _, scale = statistics(X * [1, 1, 1, 7, 7, 7], "2*vector", ["SO(3)"], {"": 3})
    _, before = statistics(X, "2*vector", ["SO(3)"], {"": 3})
    np.testing.assert_allclose(scale, before * [1, 1, 1, 7, 7, 7])


def test_shared_columns_have_one_scale():
    X = table(9)
    shared = [[slice(0, 3), slice(6, 9)]]
    _, scale = statistics(X, "3*vector", ["SO(3)"], {"": 3}, shared=shared)
    np.testing.assert_allclose(
        scale[[0, 1, 2, 6, 7, 8]], np.sqrt((X[:, [0, 1, 2, 6, 7, 8]] ** 2).mean())
    )
    np.testing.assert_allclose(scale[3:6], np.sqrt((X[:, 3:6] ** 2).mean()))


def test_weights_count_as_repetitions():
    X, weights = table(7, n=5), np.array([1, 3, 0, 2, 1])
    weighted = statistics(
        X, "scalar + 2*vector", ["O(2)@x,y"], {"": 3}, sample_weight=weights.astype(float)
    )
    repeated = statistics(
        np.repeat(X, weights, axis=0), "scalar + 2*vector", ["O(2)@x,y"], {"": 3}
    )
    np.testing.assert_allclose(weighted, repeated, atol=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9 / 3])
def test_constant_columns_are_not_blown_up(value):
    _, scale = statistics(np.full((50, 2), value), "2*scalar", ["SO(3)"], {"": 3})
    np.testing.assert_array_equal(scale, 1.0)


@pytest.mark.parametrize(("offset", "unit"), [(0.0, 1e-6), (1e6, 1e-3)])
def test_small_spread_is_no_constant(offset, unit):
    X = offset + unit * table(2)
    _, scale = statistics(X, "2*scalar", ["SO(3)"], {"": 3})
    np.testing.assert_allclose(scale, X.std(axis=0))


def test_single_precision_is_averaged_in_double():
    X = (1e4 + table(2, n=1000)).astype(np.float32)
    mean, scale = statistics(X, "2*scalar", ["SO(3)"], {"": 3})
    np.testing.assert_allclose(mean, X.astype(np.float64).mean(axis=0), rtol=1e-12)
    assert scale.dtype == np.float64


def test_points_of_a_translated_space_share_one_number():
    rep = parse_rep("scalar + 2*point + vector").bind(3)
    moving = [parse_group("Translation(3)"), parse_group("SO(3)")]
    assert shared_scales(rep, moving) == [[slice(1, 7)]]
    assert shared_scales(rep, moving[1:]) == []
