"""Representations: sizes, algebra, value semantics and the action of group elements."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from sksofteq.reps import Axis, Point, Scalar, Space, T, TensorType, Vector, parse_rep

DIMS = {"": 3, "joint": 2, "xyz": 3}
NAMED = {"joint": 2, "xyz": 3}
TEXTS = [
    "scalar",
    "2*vector",
    "point + vector",
    "tensor(2)",
    "tensor(0,1)",
    "tensor(1,2)",
    "tensor(0,1)*vector",
    "3*scalar + 2*tensor(1,1) + vector",
    "joint*xyz",
    "2*joint*vector*dual(xyz)",
    "joint + 2*xyz*joint + dual(joint)",
    "0*scalar",
]


def rep_of(text):
    """The representation with all dimensions known."""
    return parse_rep(text, NAMED).bind(DIMS)


def matrices(seed, scale=0.4):
    """A well-conditioned matrix for every space."""
    rng = np.random.default_rng(seed)
    return {name: expm(scale * rng.standard_normal((d, d))) for name, d in DIMS.items()}


@pytest.fixture(params=TEXTS)
def rep(request):
    """Representations of every kind."""
    return rep_of(request.param)


# ------------------------------------------------------------------------------- sizes


@pytest.mark.parametrize(
    ("text", "dim"),
    [
        ("scalar", 1),
        ("5*scalar + 5*vector", 20),
        ("3*point + 3*vector", 18),
        ("tensor(2)", 9),
        ("tensor(2,1)", 27),
        ("joint + joint*xyz", 8),
        ("2*joint*point(xyz)", 12),
        ("vector*joint", 6),
        ("0*scalar", 0),
    ],
)
def test_dimension(text, dim):
    assert rep_of(text).dim == dim


def test_blocks_cover_the_columns_in_order(rep):
    columns = [i for columns, _, _ in rep.blocks for i in range(rep.dim)[columns]]
    assert columns == list(range(rep.dim))


def test_blocks_hold_their_copies():
    rep = rep_of("2*scalar + 3*joint*xyz")
    assert [(c.stop - c.start, n, str(kind)) for c, n, kind in rep.blocks] == [
        (2, 2, "scalar"),
        (18, 3, "joint*xyz"),
    ]


@pytest.mark.parametrize(
    ("rep", "what"), [(T(2), "the unnamed space"), (Scalar * Vector, "the unnamed space")]
)
def test_unknown_dimension_is_an_error(rep, what):
    with pytest.raises(ValueError, match=f"dimension of {what} in .* is unknown; bind it first"):
        _ = rep.dim


def test_scalars_need_no_binding():
    assert (4 * Scalar).dim == 4


def test_grouped_has_each_type_once():
    rep, order = rep_of("scalar + vector + 2*scalar").grouped()
    assert str(rep) == "3*scalar + vector"
    np.testing.assert_array_equal(order, [0, 4, 5, 1, 2, 3])


def test_grouped_columns_are_all_columns(rep):
    _, order = rep.grouped()
    np.testing.assert_array_equal(np.sort(order), np.arange(rep.dim))


def test_points_become_vectors():
    assert rep_of("2*point + joint*point(xyz)").as_vectors() == rep_of("2*vector + joint*xyz")


@pytest.mark.parametrize(
    ("text", "degree"), [("scalar", 0), ("vector", 1), ("tensor(1,2)", -1), ("xyz*joint", 0)]
)
def test_degree_counts_upper_minus_lower_indices(text, degree):
    ((_, kind),) = rep_of(text).terms
    assert kind.degree("") == degree


def test_dual_type_exchanges_indices():
    assert TensorType((Axis(), Axis(dual=True))).dual == TensorType((Axis(dual=True), Axis()))


# ------------------------------------------------------------------------------- algebra


def test_product_of_sums_distributes():
    product = (Scalar + 2 * Vector) * (Vector + 3 * Scalar)
    assert str(product) == "vector + 3*scalar + 2*tensor(2) + 6*vector"


@pytest.mark.parametrize("three", [3, np.int64(3)])
def test_multiple_from_either_side(three):
    assert three * T(2) == T(2) * three == parse_rep("3*tensor(2)")


def test_multiple_of_a_sum_repeats_it():
    assert str(2 * (Scalar + Vector)) == "scalar + vector + scalar + vector"


def test_multiple_zero_is_empty():
    assert (0 * (Scalar + Vector)).dim == 0


def test_sum_of_spaces_is_a_representation():
    assert Space("xyz", 3) + Space("joint", 2) == parse_rep("xyz + joint", NAMED)


def test_type_over_a_named_space():
    assert T(1, 1)(Space("xyz", 3)) == parse_rep("xyz*dual(xyz)", {"xyz": 3})


def test_binding_does_not_change_the_original():
    rep = 2 * Vector
    rep.bind(3)
    assert rep.dims == {}


@pytest.mark.parametrize("count", [-1, -5])
def test_negative_multiple_is_an_error(count):
    with pytest.raises(ValueError, match=f"number of times >= 0, got {count}"):
        count * Scalar


@pytest.mark.parametrize("other", [1.5, "scalar", None])
def test_sum_with_something_else_is_an_error(other):
    with pytest.raises(TypeError):
        Scalar + other


@pytest.mark.parametrize(("upper", "lower"), [(-1, 0), (0, -1), (1.5, 0), ("a", 0), (1, None)])
def test_tensor_of_no_rank_is_an_error(upper, lower):
    with pytest.raises(ValueError, match=r"T\(p, q\) needs integers >= 0"):
        T(upper, lower)


@pytest.mark.parametrize("dim", [0, -2, 2.5, None, "3", np.nan, True])
def test_space_of_no_dimension_is_an_error(dim):
    with pytest.raises(ValueError, match="dimension of space 'xyz' must be a positive integer"):
        Space("xyz", dim)


@pytest.mark.parametrize("name", ["", "a b", "vector", "dual", 3])
def test_space_of_no_name_is_an_error(name):
    with pytest.raises(ValueError, match=r"[Ss]pace"):
        Space(name, 3)


def test_two_dimensions_of_the_unnamed_space_are_an_error():
    with pytest.raises(ValueError, match="unnamed space cannot have dimension 2 and 3 at once"):
        Vector.bind(2).bind(3)


def test_two_dimensions_of_a_named_space_are_an_error():
    with pytest.raises(ValueError, match="Space 'xyz' cannot have dimension 2 and 3 at once"):
        Space("xyz", 2) + Space("xyz", 3)


def test_product_with_a_point_of_the_same_space_is_an_error():
    with pytest.raises(ValueError, match="A point has no product"):
        Point * Vector


def test_type_is_bound_to_nothing_but_a_space():
    with pytest.raises(TypeError, match="is bound to a Space, got 3"):
        Vector(3)


# ------------------------------------------------------------------------------- values


def test_equal_content_is_equal_and_hashes_equal():
    first, second = rep_of("2*vector"), (2 * Vector).bind(DIMS)
    assert first == second
    assert hash(first) == hash(second)


@pytest.mark.parametrize(
    "other", [2 * Vector, (2 * Vector).bind(3), 3 * Vector.bind(2), 2 * Point.bind(2), "2*vector"]
)
def test_other_content_is_not_equal(other):
    assert (2 * Vector).bind(2) != other


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda rep: pickle.loads(pickle.dumps(rep))]
)
def test_copies_are_equal(rep, duplicate):
    assert duplicate(rep) == rep


# ------------------------------------------------------------------------------- action


def test_identity_acts_as_identity(rep):
    g = {name: np.eye(d) for name, d in DIMS.items()}
    np.testing.assert_array_equal(rep.rho(g), np.eye(rep.dim))


@given(seed=st.integers(0, 2**31))
@settings(max_examples=15, deadline=None, derandomize=True)
@pytest.mark.parametrize("text", TEXTS)
def test_rho_is_a_homomorphism(text, seed):
    rep = rep_of(text)
    g, h = matrices(seed), matrices(seed + 1)
    product = {name: g[name] @ h[name] for name in DIMS}
    np.testing.assert_allclose(rep.rho(product), rep.rho(g) @ rep.rho(h), rtol=1e-8, atol=1e-8)


def test_drho_is_the_derivative_of_rho(rep):
    rng, step = np.random.default_rng(0), 1e-5
    algebra = {name: rng.standard_normal((d, d)) for name, d in DIMS.items()}
    forward = rep.rho({name: expm(step * a) for name, a in algebra.items()})
    backward = rep.rho({name: expm(-step * a) for name, a in algebra.items()})
    np.testing.assert_allclose(rep.drho(algebra), (forward - backward) / (2 * step), atol=1e-7)


def test_exponential_of_drho_is_rho_of_the_exponential(rep):
    rng = np.random.default_rng(1)
    algebra = {name: 0.3 * rng.standard_normal((d, d)) for name, d in DIMS.items()}
    g = {name: expm(a) for name, a in algebra.items()}
    exponential = expm(rep.drho(algebra)) if rep.dim else np.zeros((0, 0))
    np.testing.assert_allclose(exponential, rep.rho(g), atol=1e-10)


def test_tensor_turns_as_a_matrix():
    g, matrix = matrices(2)[""], np.random.default_rng(2).standard_normal((3, 3))
    moved = T(2).bind(3).rho(g) @ matrix.ravel()
    np.testing.assert_allclose(moved, (g @ matrix @ g.T).ravel())


def test_linear_map_turns_by_conjugation():
    g, matrix = matrices(3)[""], np.random.default_rng(3).standard_normal((3, 3))
    moved = T(1, 1).bind(3).rho(g) @ matrix.ravel()
    np.testing.assert_allclose(moved, (g @ matrix @ np.linalg.inv(g)).ravel())


def test_covectors_keep_their_pairing_with_vectors():
    g, rng = matrices(4)[""], np.random.default_rng(4)
    covector, vector = rng.standard_normal((2, 3))
    moved = (T(0, 1).bind(3).rho(g) @ covector) @ (Vector.bind(3).rho(g) @ vector)
    assert moved == pytest.approx(covector @ vector)


def test_group_leaves_other_spaces_alone():
    g, x = matrices(5)["xyz"], np.random.default_rng(5).standard_normal((2, 3))
    moved = rep_of("joint*xyz").rho({"xyz": g}) @ x.ravel()
    np.testing.assert_allclose(moved.reshape(2, 3), x @ g.T)


def test_group_of_the_other_space_mixes_the_other_axis():
    g, x = matrices(6)["joint"], np.random.default_rng(6).standard_normal((2, 3))
    moved = rep_of("joint*xyz").rho({"joint": g}) @ x.ravel()
    np.testing.assert_allclose(moved.reshape(2, 3), g @ x)


def test_transform_applies_rho_to_rows(rep):
    g = matrices(7)
    X = np.random.default_rng(7).standard_normal((4, rep.dim))
    np.testing.assert_allclose(rep.transform(X, g), X @ rep.rho(g).T, atol=1e-12)


def test_transform_translates_points_only():
    g = np.eye(4)
    g[:3, 3] = [1.0, 2.0, 3.0]
    X = np.zeros((2, 10))
    moved = rep_of("scalar + 2*point + vector").transform(X, g)
    np.testing.assert_array_equal(moved, np.tile([0, 1, 2, 3, 1, 2, 3, 0, 0, 0], (2, 1)))


def test_transform_translates_every_point_of_a_product():
    g = np.eye(4)
    g[:3, 3] = [1.0, 2.0, 3.0]
    moved = rep_of("joint*point(xyz)").transform(np.zeros((1, 6)), {"xyz": g})
    np.testing.assert_array_equal(moved, [[1, 2, 3, 1, 2, 3]])


def test_transforms_of_affine_maps_compose():
    rng = np.random.default_rng(8)
    g, h = np.eye(4), np.eye(4)
    g[:3], h[:3] = rng.standard_normal((2, 3, 4))
    rep = rep_of("2*point + vector")
    X = rng.standard_normal((5, rep.dim))
    np.testing.assert_allclose(rep.transform(rep.transform(X, h), g), rep.transform(X, g @ h))


@pytest.mark.parametrize(
    ("dtype", "expected"), [("float32", "float32"), ("float64", "float64"), ("int64", "float64")]
)
def test_transform_keeps_the_dtype_of_floats(dtype, expected):
    X = np.ones((2, 3), dtype=dtype)
    assert rep_of("vector").transform(X, matrices(9)[""]).dtype == expected


def test_transform_leaves_its_input_alone():
    X = np.ones((2, 3))
    rep_of("vector").transform(X, 2 * np.eye(3))
    np.testing.assert_array_equal(X, 1.0)


@pytest.mark.parametrize("dim", [0, 2.5, None, "3", np.nan])
def test_binding_to_no_dimension_is_an_error(dim):
    with pytest.raises(ValueError, match="dimension of the unnamed space must be a positive int"):
        Vector.bind(dim)


@pytest.mark.parametrize("action", ["rho", "drho"])
def test_single_matrix_has_no_place_among_named_spaces(action):
    with pytest.raises(
        ValueError, match=r"'joint\*xyz' does not have; pass .* \{'joint': matrix\}"
    ):
        getattr(rep_of("joint*xyz"), action)(np.eye(3))


def test_rows_of_named_spaces_are_moved_by_no_single_matrix():
    rep = rep_of("joint*xyz")
    with pytest.raises(ValueError, match="A single matrix acts on the unnamed space"):
        rep.transform(np.zeros((2, rep.dim)), np.eye(3))


def test_scalars_are_left_alone_by_every_matrix():
    np.testing.assert_array_equal((2 * Scalar).rho(np.ones((3, 3))), np.eye(2))


def test_columns_of_points():
    rep = rep_of("scalar + 2*point + vector + point(xyz)")
    assert rep.point_columns("") == [slice(1, 7)]
    assert rep.point_columns("xyz") == [slice(10, 13)]
    assert rep.point_columns("joint") == []


@pytest.mark.parametrize("shape", [(5, 5), (2, 2), (3, 4), (3,), ()])
def test_matrix_of_another_dimension_is_an_error(shape):
    with pytest.raises(ValueError, match="cannot act on the unnamed space of dimension 3"):
        rep_of("vector").rho(np.ones(shape))


def test_matrix_of_another_dimension_names_the_space():
    with pytest.raises(ValueError, match="cannot act on space 'xyz' of dimension 3"):
        rep_of("joint*xyz").drho({"xyz": np.eye(2)})


@pytest.mark.parametrize("shape", [(4,), (2, 4), (2, 2, 3)])
def test_rows_of_another_length_are_an_error(shape):
    with pytest.raises(ValueError, match=r"X must have shape \(n_samples, 3\)"):
        rep_of("vector").transform(np.zeros(shape), np.eye(3))


@pytest.mark.parametrize("action", ["rho", "drho"])
def test_unbound_representation_has_no_matrix(action):
    with pytest.raises(ValueError, match="bind it first"):
        getattr(T(2), action)(np.eye(3))
