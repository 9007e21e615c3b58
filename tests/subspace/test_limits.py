"""Problems that are too large say so at once; what is cached cannot be spoilt."""

import time
import tracemalloc

import numpy as np
import pytest

from sksofteq.groups import GL, SO, MatrixGroup, O, Permutation, Trivial, parse_group
from sksofteq.reps import Scalar, T, Vector, parse_rep
from sksofteq.subspace import (
    DenseSubspace,
    EquivariantProjector,
    OrbitSubspace,
    equivariant_basis,
    invariant_subspace,
    map_subspace,
)

SHEAR = MatrixGroup(discrete_generators=[[[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]])


@pytest.mark.parametrize(
    ("group", "rep_in", "rep_out", "size"),
    [
        (O(10), T(8), None, "100000000 entries"),
        (O(10), T(4), T(4), "100000000 entries"),
        (GL(10), T(4, 4), None, "100000000 entries"),
        (SHEAR, T(8), None, "6561 x 6561 basis"),
        (Permutation(60), T(3), T(2), "777600000 entries"),
        (Trivial(3), T(4), T(4), "6561 x 6561 basis"),
        (SO(3), 100 * Scalar + 100 * Vector, 100 * Scalar + 100 * Vector, "160000 x 20000 basis"),
    ],
)
def test_too_large(group, rep_in, rep_out, size):
    tracemalloc.start()
    start = time.perf_counter()
    try:
        with pytest.raises(ValueError, match=f"{size}.* limit of .*named spaces") as error:
            equivariant_basis(group, rep_in, rep_out)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - start < 2
    assert peak < 50e6
    assert "max_rank" in str(error.value)


def test_maps_that_leave_most_axes_alone_count_in_full():
    rep = parse_rep("a*b*b", {"a": 3, "b": 12})
    with pytest.raises(ValueError, match="186624 x 20736 basis"):
        equivariant_basis(SO(3).on_space("a"), rep, rep)


def test_the_projector_needs_no_basis():
    rep = 50 * Scalar + 50 * Vector
    projector = EquivariantProjector(SO(3), rep, rep)
    assert projector.rank == 2 * 50 * 50
    W = np.random.RandomState(0).standard_normal((200, 200))
    P = projector.project(W)
    blocks = W[50:, 50:].reshape(50, 3, 50, 3)
    expected = np.einsum("iajb,ab->ij", blocks, np.eye(3)) / 3
    np.testing.assert_allclose(P[50::3, 50::3], expected, atol=1e-12)


@pytest.mark.parametrize("group", ["SO(3)", "Permutation(3)", "Reflection(3)", "Trivial(3)"])
def test_spoiling_a_result_leaves_the_next_one_intact(group):
    group = parse_group(group)
    for rep_in, rep_out in ((T(2), None), (Vector, Vector), (Scalar, Scalar)):
        first = equivariant_basis(group, rep_in, rep_out)
        kept = first.copy()
        first[...] = np.nan
        np.testing.assert_array_equal(equivariant_basis(group, rep_in, rep_out), kept)


def test_what_is_cached_is_read_only():
    axes = (("", False), ("", False))
    dense, orbits = invariant_subspace(SO(3), axes), invariant_subspace(Permutation(3), axes)
    assert isinstance(dense, DenseSubspace)
    assert isinstance(orbits, OrbitSubspace)
    with pytest.raises(ValueError, match="read-only"):
        dense.basis[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        orbits.labels[0] = 1


def test_groups_of_equal_content_share_one_problem_and_others_do_not():
    axes = (("", False), ("", False))
    about_z, about_x = parse_group("O(2)@x,y"), parse_group("O(2)@y,z")
    assert invariant_subspace(about_z, axes) is invariant_subspace(O(2).embed("xy"), axes)
    impostor = MatrixGroup(about_x.lie_algebra, about_x.discrete_generators, name="O(2)@x,y")
    assert str(impostor) == str(about_z)
    bases = [equivariant_basis(group, T(2)) for group in (about_z, about_x, impostor)]
    np.testing.assert_array_equal(bases[1], bases[2])
    assert not np.allclose(bases[0] @ bases[0].T, bases[1] @ bases[1].T)


def test_a_cold_cache_gives_the_same_basis():
    rep = Scalar + Vector + T(2)
    warm = equivariant_basis(SO(3), rep, Vector)
    invariant_subspace.cache_clear()
    np.testing.assert_array_equal(equivariant_basis(SO(3), rep, Vector), warm)


def test_solving_leaves_the_global_generator_alone():
    invariant_subspace.cache_clear()
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    equivariant_basis(SO(3), T(3))
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("group", [SO(3), Permutation(3)])
def test_subspaces_project_stacks(group):
    subspace = map_subspace(group, T(1).terms[0][1], T(1).terms[0][1]).subspace
    w = np.random.RandomState(0).standard_normal((4, 5, 9))
    basis = subspace.dense()
    np.testing.assert_allclose(subspace.project(w), w @ basis @ basis.T, atol=1e-13)
