"""The projector never forms its matrix; here it is compared with Q Q^T."""

import numpy as np
import pytest

from sksofteq.groups import SL, O, Scaling, Translation, parse_group
from sksofteq.reps import Axis, Point, Scalar, T, TensorType, Vector, parse_rep
from sksofteq.subspace import EquivariantProjector, equivariant_basis, map_subspace

SPACES = {"joint": 4, "xyz": 3}
CASES = [
    ("SO(3)", "2*scalar + vector + tensor(2)", "scalar + 2*vector"),
    ("O(2)@x,z", "vector + scalar + vector", "tensor(2) + 2*vector"),
    ("Lorentz()", "scalar + vector", "vector + tensor(1,1)"),
    ("GL(2)", "vector + tensor(1,1)", "tensor(2,1)"),
    ("Permutation(3)", "scalar + tensor(2)", "2*vector + tensor(2)"),
    ("Reflection(2)", "scalar + 3*vector", "tensor(2)"),
    ("Scaling(2, frame=False)", "scalar + vector", "tensor(1,1) + vector"),
    ("Trivial(2)", "scalar + vector", "vector"),
    ("Permutation(4) on joint", "joint + joint*xyz", "2*joint*xyz + scalar"),
    ("SO(3) on xyz", "joint + joint*xyz", "xyz*joint + xyz"),
    (
        "Reflection(3) on xyz & Permutation(2)@0,3 in R^4 on joint",
        "joint + 2*joint*xyz",
        "xyz*joint + scalar",
    ),
    ("SO(2)@x,y on xyz & SO(2)@0,2 in R^4 on joint", "joint*xyz", "xyz + joint"),
]


@pytest.fixture(params=CASES, ids=[" : ".join(case) for case in CASES])
def case(request):
    """(group, rep_in, rep_out, projector)"""
    group, rep_in, rep_out = request.param
    spaces = SPACES if " on " in group else None
    group, rep_in, rep_out = (
        parse_group(group),
        parse_rep(rep_in, spaces),
        parse_rep(rep_out, spaces),
    )
    return group, rep_in, rep_out, EquivariantProjector(group, rep_in, rep_out)


def weights(projector, seed=0, dtype=np.float64):
    shape = projector.rep_out.dim, projector.rep_in.dim
    return np.random.RandomState(seed).standard_normal(shape).astype(dtype)


def test_equals_the_dense_projector(case):
    group, rep_in, rep_out, projector = case
    basis = equivariant_basis(group, rep_in, rep_out)
    W = weights(projector)
    expected = (basis @ (basis.T @ W.ravel())).reshape(W.shape)
    np.testing.assert_allclose(projector.project(W), expected, atol=1e-12)
    np.testing.assert_allclose(projector.residual(W), W - expected, atol=1e-12)
    assert projector.rank == basis.shape[1]


def test_is_an_orthogonal_projector(case):
    *_, projector = case
    W, V = weights(projector), weights(projector, seed=1)
    before = W.copy()
    P = projector.project
    np.testing.assert_allclose(P(P(W)), P(W), atol=1e-12)
    np.testing.assert_allclose(np.vdot(P(W), V), np.vdot(W, P(V)), atol=1e-10)
    np.testing.assert_allclose(P(W - 2 * V), P(W) - 2 * P(V), atol=1e-12)
    np.testing.assert_array_equal(W, before)


def test_keeps_the_precision(case):
    *_, projector = case
    W = weights(projector)
    single = projector.project(W.astype(np.float32))
    assert single.dtype == np.float32
    assert projector.project(W).dtype == np.float64
    np.testing.assert_allclose(single, projector.project(W), atol=1e-5)


def test_integers_become_floats():
    projector = EquivariantProjector(parse_group("SO(3)"), Vector, Vector)
    projected = projector.project(np.diag([1, 2, 2]))
    np.testing.assert_allclose(projected, np.eye(3) * 5 / 3, atol=1e-14)


def test_wrong_shape():
    projector = EquivariantProjector(parse_group("SO(3)"), Vector, Scalar)
    with pytest.raises(ValueError, match=r"W must have shape \(1, 3\), got \(3, 1\)"):
        projector.project(np.zeros((3, 1)))


# ---------------------------------------------------------------------- frames


def test_framed_groups_leave_the_ordinary_weights_alone():
    W = np.random.RandomState(0).standard_normal((3, 3))
    for group in (Scaling(3), Translation(3)):
        np.testing.assert_array_equal(EquivariantProjector(group, Point, Vector).project(W), W)


def rank(group, kind_out, kind_in):
    found = map_subspace(parse_group(group), kind_out, kind_in).subspace
    return None if found is None else found.rank


CENTROID = TensorType((Axis(),), frame="centroid:")
LOG_SCALE = TensorType(frame="log scale:")
SCALAR, VECTOR = TensorType(), TensorType((Axis(),))


@pytest.mark.parametrize(
    ("group", "kind_out", "kind_in", "expected"),
    [
        ("Translation(3)", VECTOR, CENTROID, 0),
        ("SE(3)", VECTOR, CENTROID, 0),
        ("SO(3)", VECTOR, CENTROID, 1),  # the centroid is a vector like any other
        ("O(2)@x,y", SCALAR, CENTROID, 1),
        ("Translation(1)@x", SCALAR, CENTROID, 2),
        ("Translation(2)@x,y", VECTOR, CENTROID, 3),
        ("SE(2)@x,y", VECTOR, CENTROID, 1),
        ("Scaling(3)", VECTOR, CENTROID, None),  # all of it
        ("Scaling(3)", VECTOR, LOG_SCALE, 0),
        ("Scaling(3)", SCALAR, LOG_SCALE, 0),
        ("SO(3)", SCALAR, LOG_SCALE, 1),
        ("Translation(3)", VECTOR, LOG_SCALE, None),
    ],
)
def test_weights_that_read_a_frame(group, kind_out, kind_in, expected):
    found = rank(group, kind_out, kind_in)
    if expected == 1 and found is None:  # a scalar to a scalar: all of it
        assert kind_out.rank == kind_in.rank == 0
    else:
        assert found == expected


def test_a_partial_translation_reads_no_moved_direction():
    pair = map_subspace(parse_group("Translation(1)@y"), VECTOR, CENTROID)
    maps = pair.dense((3, 3)).reshape(3, 3, -1)
    assert maps.shape[-1] == 6
    np.testing.assert_allclose(maps[:, 1], 0, atol=1e-12)


def test_frames_count_in_the_space_that_moves():
    centroid = TensorType((Axis("xyz"),), frame="centroid:xyz")
    assert rank("Translation(3) on xyz", TensorType((Axis("xyz"),)), centroid) == 0
    elsewhere = TensorType((Axis("agent"),), frame="centroid:agent")
    assert rank("Translation(3) on xyz", SCALAR, elsewhere) is None


def test_dense_maps_between_ordinary_types_have_the_shape_of_the_pair():
    kinds = [kind for _, kind in (T(2) + Vector).terms]
    pair = map_subspace(parse_group("SO(3)"), kinds[0], kinds[1])
    assert pair.positions == (0, 1, 2)
    assert pair.dense((3, 3, 3)).shape == (27, 1)


def test_orthogonal_groups_solve_maps_of_one_total_rank_once():
    scalar, vector = TensorType(), T(1).bind(3).terms[0][1]
    kinds = [T(2 - p, p).bind(3).terms[0][1] for p in range(3)]
    shared = map_subspace(O(3), vector, vector).subspace
    assert all(map_subspace(O(3), kind, scalar).subspace is shared for kind in kinds)
    assert [map_subspace(SL(3), kind, scalar).subspace.rank for kind in kinds] == [0, 1, 0]
