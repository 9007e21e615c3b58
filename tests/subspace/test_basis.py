"""Bases of equivariant maps against a dense null space, and of invariants against characters."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksofteq.groups import (
    SE,
    SO,
    Cyclic,
    Dihedral,
    E,
    GeneratedGroup,
    MatrixGroup,
    O,
    Permutation,
    Reflection,
    Rotation,
    Scaling,
    Translation,
    parse_group,
)
from sksofteq.reps import Point, Scalar, Space, T, Vector, parse_rep
from sksofteq.subspace import equivariant_basis, intersect_subspaces

MIXED = [
    ("SO(3)", "2*scalar + vector + tensor(2)", "scalar + 2*vector"),
    ("SO(3)", "vector + scalar + vector", "tensor(2) + vector"),
    ("O(3)", "2*scalar + vector + tensor(2)", "vector + tensor(2)"),
    ("O(2)@x,y", "scalar + 2*vector", "tensor(2)"),
    ("O(2)@0,3 in R^4", "scalar + vector", "vector + tensor(2)"),
    ("SO(2)", "vector + tensor(2)", "2*scalar + vector + tensor(2)"),
    ("Lorentz()", "scalar + vector", "vector + tensor(1,1)"),
    ("SO(1,3)", "vector + tensor(0,1)", "scalar + tensor(0,1) + vector"),
    ("SL(2)", "vector + tensor(2)", "tensor(0,1) + tensor(1,1)"),
    ("GL(2)", "vector + tensor(1,1)", "vector + tensor(1,1) + tensor(2)"),
    ("Sp(1)", "scalar + tensor(2)", "vector + tensor(2)"),
    ("Sp(2)", "vector", "vector + tensor(0,1)"),
    ("Scaling(2)", "scalar + vector + tensor(1,1)", "vector + tensor(2)"),
    ("Permutation(3)", "2*scalar + vector + tensor(2)", "scalar + vector"),
    ("Cyclic(4)", "scalar + vector", "2*vector"),
    ("Dihedral(3)", "scalar + vector + tensor(2)", "vector + tensor(2)"),
    ("Rotation(5)", "vector + tensor(2)", "vector + tensor(2)"),
    ("Reflection(3)", "scalar + vector", "vector + tensor(2)"),
    ("Trivial(2)", "scalar + vector", "scalar + vector"),
]


@pytest.mark.parametrize(("group", "rep_in", "rep_out"), MIXED)
def test_maps_of_mixed_sums(dense, same_span, group, rep_in, rep_out):
    group, rep_in, rep_out = parse_group(group), parse_rep(rep_in), parse_rep(rep_out)
    same_span(equivariant_basis(group, rep_in, rep_out), dense(group, rep_in, rep_out))


SPACES = {"joint": 4, "xyz": 3}
NAMED = [
    "Permutation(4) on joint",
    "SO(3) on xyz",
    "O(2)@x,y on xyz",
    "Reflection(3) on xyz & Permutation(2)@0,3 in R^4 on joint",
    "SO(2)@x,y on xyz & SO(2)@0,2 in R^4 on joint",
    "SL(2)@x,z on xyz & SL(2)@1,2 in R^4 on joint",
]


@pytest.mark.parametrize("group", NAMED)
@pytest.mark.parametrize(
    ("rep_in", "rep_out"),
    [
        ("joint + joint*xyz", "2*xyz + scalar"),
        ("scalar + xyz + dual(joint)*xyz", "joint + xyz*joint"),
    ],
)
def test_maps_over_named_spaces(dense, same_span, group, rep_in, rep_out):
    group = parse_group(group)
    rep_in, rep_out = parse_rep(rep_in, SPACES), parse_rep(rep_out, SPACES)
    same_span(equivariant_basis(group, rep_in, rep_out), dense(group, rep_in, rep_out))


ODD_GENERATORS = {
    "discrete shear": MatrixGroup(discrete_generators=[[[1.0, 1.0], [0.0, 1.0]]]),
    "nilpotent": MatrixGroup(lie_algebra=[[[0.0, 1.0], [0.0, 0.0]]]),
    "tiny generator": MatrixGroup(lie_algebra=[[[0.0, -1e-6], [1e-6, 0.0]]]),
    "large generator": MatrixGroup(lie_algebra=[[[0.0, -1e6], [1e6, 0.0]]]),
    "squeeze": MatrixGroup(discrete_generators=[[[2.0, 0.0], [0.0, 0.5]]]),
    "oblique turn": MatrixGroup(discrete_generators=[[[0.0, -1.0], [1.0, -1.0]]]),
    "irrational turn": MatrixGroup(
        discrete_generators=[[[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]]]
    ),
    "lie and discrete": MatrixGroup([np.diag([1.0, -1.0])], [[[0.0, 1.0], [1.0, 0.0]]]),
    "redundant": MatrixGroup(np.repeat(SO(2).lie_algebra, 3, axis=0), [np.eye(2)]),
}


@pytest.mark.parametrize("name", ODD_GENERATORS)
def test_maps_of_odd_generators(dense, same_span, name):
    group, rep_in, rep_out = ODD_GENERATORS[name], Scalar + Vector + T(1, 1), T(2) + T(0, 1)
    same_span(equivariant_basis(group, rep_in, rep_out), dense(group, rep_in, rep_out))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(["integer", "skew", "orthogonal", "signed", "both"]),
    dim=st.integers(2, 3),
    maps=st.sampled_from(["tensor(2)", "tensor(1,1)", "tensor(2,1)", "scalar + vector"]),
)
def test_maps_of_random_generators(dense, same_span, seed, kind, dim, maps):
    rng = np.random.RandomState(seed)
    lie, discrete = np.zeros((2, 0, dim, dim))
    if kind in ("integer", "both"):
        lie = rng.randint(-1, 2, size=(1, dim, dim)).astype(float)
    if kind == "skew":
        lie = rng.standard_normal((1, dim, dim))
        lie = lie - lie.mT
    if kind in ("orthogonal", "both"):
        discrete = np.linalg.qr(rng.standard_normal((1, dim, dim)))[0]
    if kind == "signed":
        signs = rng.choice([-1.0, 1.0], size=(2, dim, 1))
        discrete = signs * np.stack([np.eye(dim)[rng.permutation(dim)] for _ in range(2)])
    group, rep = MatrixGroup(lie, discrete, dim=dim), parse_rep(maps)
    same_span(equivariant_basis(group, rep, Scalar + Vector), dense(group, rep, Scalar + Vector))


# ---------------------------------------------------------------------- characters


def closure(generators):
    """All products of some matrices (tuples of matrices that move together)."""
    found = [tuple(np.eye(len(part)) for part in generators[0])]
    for element in found:
        for generator in generators:
            moved = tuple(a @ b for a, b in zip(generator, element, strict=True))
            if not any(all(map(np.allclose, moved, known)) for known in found):
                found.append(moved)
    return found


def permutation_matrices(n):
    return [np.eye(n)[list(order)] for order in permutations(range(n))]


def plane_turns(n):
    angles = 2 * np.pi * np.arange(n) / n
    return [np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in angles]


QUARTERS = [[[0, -1, 0], [1, 0, 0], [0, 0, 1]], [[1, 0, 0], [0, 0, -1], [0, 1, 0]]]
SKEWED = np.array([[1.0, 0.5], [0.0, 2.0]])
OBLIQUE = [SKEWED @ g @ np.linalg.inv(SKEWED) for g in Dihedral(3).discrete_generators]
FINITE = {
    "Permutation(3)": (Permutation(3), permutation_matrices(3)),
    "Permutation(4)": (Permutation(4), permutation_matrices(4)),
    "Cyclic(4)": (Cyclic(4), [np.roll(np.eye(4), k, axis=0) for k in range(4)]),
    "Rotation(5)": (Rotation(5), plane_turns(5)),
    "Dihedral(4)": (
        Dihedral(4),
        plane_turns(4) + [turn @ np.diag([1.0, -1.0]) for turn in plane_turns(4)],
    ),
    "Reflection(3)": (Reflection(3), [np.eye(3), np.diag([-1.0, 1.0, 1.0])]),
    "cube": (
        GeneratedGroup(discrete_generators=QUARTERS),
        [
            g * np.array(signs)
            for g in permutation_matrices(3)
            for signs in product([-1, 1], repeat=3)
            if np.linalg.det(g) * np.prod(signs) > 0
        ],
    ),
    "oblique": (
        GeneratedGroup(discrete_generators=OBLIQUE),
        [element for (element,) in closure([(g,) for g in OBLIQUE])],
    ),
}


@pytest.mark.parametrize("name", FINITE)
@pytest.mark.parametrize(("upper", "lower"), [(1, 0), (2, 0), (3, 0), (1, 1), (2, 1), (2, 2)])
def test_dimension_is_the_mean_character(name, upper, lower):
    group, elements = FINITE[name]
    mean = np.mean([np.trace(g) ** upper * np.trace(np.linalg.inv(g)) ** lower for g in elements])
    assert equivariant_basis(group, T(upper, lower)).shape[1] == pytest.approx(mean, abs=1e-9)


def test_dimension_of_paired_groups_is_the_mean_character():
    first, second = Permutation(3).on_space("a"), Dihedral(3).on_space("b")
    elements = closure(
        list(zip(first.discrete_generators, second.discrete_generators, strict=True))
    )
    rep = parse_rep("a*b*b", {"a": 3, "b": 2})
    mean = np.mean([np.trace(a) * np.trace(b) ** 2 for a, b in elements])
    assert equivariant_basis(first & second, rep).shape[1] == pytest.approx(mean)


# ---------------------------------------------------------------------- points and scales


@pytest.mark.parametrize("group", [Translation(3), SE(3), E(3)])
def test_no_map_reads_or_writes_a_point(dense, same_span, group):
    rep_in, rep_out = 2 * Scalar + Point + Vector, Vector + Scalar + Point
    basis = equivariant_basis(group, rep_in, rep_out)
    linear = group.linear_part()
    expected = dense(linear, 2 * Scalar + Vector, Vector + Scalar)
    maps = np.zeros((7, 8, expected.shape[1]))
    maps[np.ix_(range(4), [0, 1, 5, 6, 7])] = expected.reshape(4, 5, -1)
    same_span(basis, maps.reshape(56, -1))


def test_points_are_vectors_to_groups_that_do_not_translate(same_span):
    points, vectors = Scalar + Point, Scalar + Vector
    for group in (SO(3), Permutation(3)):
        same_span(equivariant_basis(group, points), equivariant_basis(group, vectors))


def test_translations_of_another_space_leave_points_alone():
    xyz = Space("xyz", 3)
    group = Translation(2).on_space("agent")
    assert equivariant_basis(group, Point(xyz)).shape == (3, 3)
    assert equivariant_basis(Translation(3).on_space("xyz"), Point(xyz)).shape == (3, 0)


def test_scaling_acts_on_tensors_with_or_without_a_frame():
    for rep, expected in ((Vector, 0), (T(1, 1), 9), (Scalar, 1)):
        for frame in (True, False):
            assert equivariant_basis(Scaling(3, frame=frame), rep).shape[1] == expected


# ---------------------------------------------------------------------- edges


def test_no_invariants_is_an_empty_basis():
    assert equivariant_basis(SO(3), Vector).shape == (3, 0)
    assert equivariant_basis(SO(3), Scalar, Vector).shape == (3, 0)
    assert equivariant_basis(SO(3), 0 * Vector).shape == (0, 0)


@pytest.mark.parametrize("group", [SO(3), Permutation(3)])
def test_results_are_float64(group):
    assert equivariant_basis(group, T(2)).dtype == np.float64


def test_wrong_dimension():
    with pytest.raises(
        ValueError, match=r"SO\(3\) acts on R\^3, but the unnamed space .* has dim"
    ):
        equivariant_basis(SO(3), Vector.bind(2))
    with pytest.raises(ValueError, match="space 'xyz' of the representation"):
        equivariant_basis(SO(3).on_space("xyz"), parse_rep("xyz", {"xyz": 2}))
    with pytest.raises(ValueError, match=r"unnamed space .* unknown; bind it first"):
        equivariant_basis(SO(3).on_space("xyz"), Vector)


def test_intersection_of_planes_is_the_larger_group(same_span):
    bases = [equivariant_basis(O(2).embed(axes), T(2)) for axes in ("xy", "yz", "xz")]
    same_span(intersect_subspaces(bases), equivariant_basis(O(3), T(2)))
    np.testing.assert_array_equal(intersect_subspaces(bases[:1]), bases[0])
    apart = intersect_subspaces([np.eye(3)[:, :1], np.eye(3)[:, 1:]])
    assert apart.shape == (3, 0)
