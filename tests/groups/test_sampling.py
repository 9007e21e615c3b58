"""Random elements: in the group, distributed as documented, reproducible."""

from math import comb

import numpy as np
import pytest

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
from sksofteq.groups._sampling import turns_apart

N = 4000


def preserved(form):
    return lambda g: np.abs(g.mT @ form @ g - form).max()


def form_of(p, q):
    return np.diag(np.r_[np.ones(p), -np.ones(q)])


J = np.block([[np.zeros((2, 2)), np.eye(2)], [-np.eye(2), np.zeros((2, 2))]])


@pytest.mark.parametrize(
    ("name", "error", "determinants"),
    [
        ("SO(2)", preserved(np.eye(2)), {1}),
        ("SO(3)", preserved(np.eye(3)), {1}),
        ("SO(4)", preserved(np.eye(4)), {1}),
        ("SO(1)", preserved(np.eye(1)), {1}),
        ("O(3)", preserved(np.eye(3)), {1, -1}),
        ("O(2)@x,z", preserved(np.eye(3)), {1, -1}),
        ("SO(1,3)", preserved(form_of(1, 3)), {1}),
        ("SO(2,1)", preserved(form_of(2, 1)), {1}),
        ("O(1,3)", preserved(form_of(1, 3)), {1, -1}),
        ("Lorentz()", preserved(form_of(1, 3)), {1, -1}),
        ("Sp(2)", preserved(J), {1}),
        ("SL(3)", lambda g: np.abs(np.linalg.det(g) - 1).max(), {1}),
        ("Permutation(4)", preserved(np.eye(4)), {1, -1}),
        ("Cyclic(5)", preserved(np.eye(5)), {1}),
        ("Rotation(6)", preserved(np.eye(2)), {1}),
        ("Dihedral(5)", preserved(np.eye(2)), {1, -1}),
        ("Reflection(3)", preserved(np.diag([1.0, 2.0, 3.0])), {1, -1}),
        ("Trivial(3)", lambda g: np.abs(g - np.eye(3)).max(), {1}),
    ],
)
def test_elements_belong_to_the_group(name, error, determinants):
    g = parse_group(name).sample(200, 0)
    assert g.shape == (200, *g.shape[-1:] * 2)
    assert error(g) < 1e-9 * np.abs(g).max() ** 2
    assert set(np.round(np.linalg.det(g), 6)) == determinants


def test_elements_of_the_general_linear_group():
    determinants = np.linalg.det(parse_group("GL(3)").sample(200, 0))
    assert (np.abs(determinants) > 1e-6).all()
    assert (determinants > 0).any()
    assert (determinants < 0).any()


def test_all_components_of_the_lorentz_groups():
    def signs(name):
        g = parse_group(name).sample(400, 0)
        return {(a, b) for a, b in zip(np.sign(g[:, 0, 0]), np.round(np.linalg.det(g)))}  # noqa: B905

    assert signs("O(1,3)") == {(1, 1), (1, -1), (-1, 1), (-1, -1)}
    assert signs("SO(1,3)") == {(1, 1), (-1, 1)}
    boosted = parse_group("SO(1,3)").sample(400, 0)[:, 0, 0]
    assert np.abs(boosted).max() > 1.2


def test_permutations_and_shifts_are_exact():
    for group in (Permutation(4), Cyclic(4)):
        g = group.sample(50, 0)
        assert np.isin(g, (0.0, 1.0)).all()
        assert (g.sum(axis=1) == 1).all()
        assert (g.sum(axis=2) == 1).all()
    shifts = Cyclic(4).sample(50, 0)
    first = shifts[:, :, 0].argmax(axis=1)
    for g, k in zip(shifts, first, strict=True):
        np.testing.assert_array_equal(g, np.roll(np.eye(4), k, axis=0))


def test_turns_have_finite_order():
    for group, order in ((Rotation(5), 5), (Dihedral(5), 10), (Cyclic(3), 3)):
        powers = np.linalg.matrix_power(group.sample(50, 0), order)
        np.testing.assert_allclose(
            powers, np.broadcast_to(np.eye(group.dim), powers.shape), atol=1e-12
        )


def test_scalings_are_positive_multiples_of_the_identity():
    for group in (Scaling(3), Scaling(3, frame=False)):
        g = group.sample(N, 0)
        np.testing.assert_allclose(g, g[:, :1, :1] * np.eye(3), atol=1e-12)
        logs = np.log(g[:, 0, 0])
        assert abs(logs.mean()) < 0.03
        assert logs.std() == pytest.approx(0.3, rel=0.1)


@pytest.mark.parametrize("group", [Translation(3), SE(3), E(3), parse_group("SE(2)@x,z")])
def test_affine_elements_are_homogeneous(group):
    g = group.sample(N, 0)
    assert g.shape == (N, 4, 4)
    np.testing.assert_array_equal(g[:, 3], np.broadcast_to([0.0, 0.0, 0.0, 1.0], (N, 4)))
    linear = g[:, :3, :3]
    np.testing.assert_allclose(
        linear.mT @ linear, np.broadcast_to(np.eye(3), (N, 3, 3)), atol=1e-12
    )
    moved = group.translations[None] @ group.translations[None].T
    np.testing.assert_allclose(np.cov(g[:, :3, 3].T), moved, atol=0.12)
    reflected = set(np.round(np.linalg.det(linear)))
    assert reflected == ({1, -1} if str(group).startswith("E") else {1})


@pytest.mark.parametrize(
    ("group", "moments"),
    [
        (SO(2), [0, 2, 0, 6]),
        (SO(3), [0, 1, 1, 3]),
        (SO(4), [0, 1, 0, 4]),
        (O(2), [0, 1, 0, 3]),
        (O(3), [0, 1, 0, 3]),
        (O(4), [0, 1, 0, 3]),
    ],
)
def test_haar_measure_by_trace_moments(group, moments):
    """The mean of tr(g)^k counts the invariants in the k-th tensor power."""
    traces = np.trace(group.sample(N, 0), axis1=1, axis2=2)
    for k, expected in enumerate(moments, start=1):
        deviation = np.std(traces**k) / np.sqrt(N)
        assert abs(np.mean(traces**k) - expected) < 5 * deviation


@pytest.mark.parametrize("group", [SO(3), O(3), SO(2)])
def test_haar_measure_is_invariant(group):
    """Moving all elements by a fixed one leaves the means of products of entries alone."""
    g, h = group.sample(N, 1), group.sample(1, 2)[0]
    for moved in (g, h @ g, g @ h):
        second = np.einsum("nij,nkl->ijkl", moved, moved) / N
        if group.dim == 3:
            expected = np.einsum("ik,jl->ijkl", np.eye(3), np.eye(3)) / 3
            np.testing.assert_allclose(second, expected, atol=0.04)
        np.testing.assert_allclose(moved.mean(axis=0), 0, atol=0.06)


def counts_of(elements):
    flat = np.round(elements.reshape(len(elements), -1), 9) + 0.0
    return np.unique(flat, axis=0, return_counts=True)[1]


QUARTERS = [[[0, -1, 0], [1, 0, 0], [0, 0, 1]], [[1, 0, 0], [0, 0, -1], [0, 1, 0]]]


@pytest.mark.parametrize(
    ("group", "order"),
    [
        (Permutation(3), 6),
        (Cyclic(5), 5),
        (Rotation(5), 5),
        (Rotation(1), 1),
        (Dihedral(4), 8),
        (Dihedral(1), 2),
        (Reflection(3), 2),
        (parse_group("Dihedral(3)@x,z"), 6),
        (GeneratedGroup(discrete_generators=QUARTERS), 24),
        (GeneratedGroup(discrete_generators=Permutation(4).discrete_generators), 24),
        (GeneratedGroup(discrete_generators=[[[0, 2], [0.5, 0]]]), 2),
        (GeneratedGroup(dim=3), 1),
    ],
)
def test_finite_groups_are_sampled_uniformly(group, order):
    counts = counts_of(group.sample(N, 0))
    assert len(counts) == order
    expected = N / order
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all()


def test_paired_finite_groups_move_together():
    pair = parse_group("Reflection(3) on xyz & Permutation(2)@0,1 in R^4 on joint")
    drawn = pair.sample(N, 0)
    assert set(drawn) == {"xyz", "joint"}
    mirrored = drawn["xyz"][:, 0, 0] < 0
    swapped = drawn["joint"][:, 0, 0] == 0
    np.testing.assert_array_equal(mirrored, swapped)
    assert abs(mirrored.mean() - 0.5) < 0.05


@pytest.mark.parametrize(
    "name", ["SO(3)", "O(3)", "Permutation(3)", "Dihedral(3)", "SL(2)", "GL(2)"]
)
def test_copies_of_one_family_are_the_same_element(name):
    drawn = parse_group(f"{name} on a & {name} on b").sample(50, 0)
    np.testing.assert_array_equal(drawn["a"], drawn["b"])


def test_embedded_copies_are_the_same_element():
    drawn = parse_group("SO(2)@x,y on a & SO(2)@1,0 in R^2 on b").sample(50, 0)
    np.testing.assert_array_equal(drawn["a"][:, :2, :2], drawn["b"][:, ::-1, ::-1])


def test_different_groups_of_one_name_are_paired_by_their_generators():
    turns = [MatrixGroup(discrete_generators=Rotation(n).discrete_generators) for n in (2, 4)]
    pair = turns[0].on_space("a") & turns[1].on_space("b")
    drawn = pair.sample(200, 0)
    halves = np.linalg.matrix_power(drawn["b"], 2)[:, 0, 0] < 0  # odd powers of the quarter turn
    np.testing.assert_array_equal(drawn["a"][:, 0, 0] < 0, halves)


def test_large_and_infinite_generated_groups():
    seven = GeneratedGroup(discrete_generators=Permutation(7).discrete_generators)
    g = seven.sample(100, 0)  # of 5040 elements: too many to list
    assert np.isin(g, (0.0, 1.0)).all()
    assert len(counts_of(g)) > 90
    turn = [[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]]
    irrational = GeneratedGroup(discrete_generators=[turn]).sample(100, 0)
    np.testing.assert_allclose(np.linalg.det(irrational), 1)
    angles = np.arctan2(irrational[:, 1, 0], irrational[:, 0, 0])
    powers = np.round(np.arange(129.0) % (2 * np.pi), 6)
    assert set(np.round(angles % (2 * np.pi), 6)) <= set(powers)
    assert len(set(np.round(angles, 6))) > 20


@pytest.mark.parametrize(
    "matrix",
    [np.diag([10.0, 10.0]), np.diag([10.0, 0.1]), 0.5 * np.eye(2), [[1.0, 1.0], [0.0, 1.0]]],
)
def test_infinite_groups_are_not_mistaken_for_finite_ones(matrix):
    g = GeneratedGroup(discrete_generators=[matrix]).sample(300, 0)
    assert np.isfinite(g).all()
    assert 3 <= len(counts_of(np.log2(np.abs(g) + 1))) <= 7  # words of at most six letters


def test_infinite_group_of_two_mirrors():
    """Each generator has order two; their product is a squeeze."""
    mirrors = [[[0.0, 4.0], [0.25, 0.0]], [[0.0, 1.0], [1.0, 0.0]]]
    g = GeneratedGroup(discrete_generators=mirrors).sample(100, 0)
    assert np.abs(g).max() <= 4.0**6
    np.testing.assert_allclose(np.abs(np.linalg.det(g)), 1)


def test_generated_compact_group_is_nearly_uniform():
    group = GeneratedGroup(SO(3).lie_algebra, O(3).discrete_generators)
    g = group.sample(N, 0)
    assert preserved(np.eye(3))(g) < 1e-9
    assert abs((np.linalg.det(g) < 0).mean() - 0.5) < 0.05
    np.testing.assert_allclose(g.mean(axis=0), 0, atol=0.06)


@pytest.mark.parametrize(
    "name",
    ["SL(2)", "SL(3)", "GL(2)", "GL(3)", "Sp(1)", "Sp(2)", "O(1,3)", "SO(1,3)", "SO(2,1)"],
)
def test_noncompact_elements_are_well_conditioned(name):
    condition = np.linalg.cond(parse_group(name).sample(1000, 0))
    assert (condition <= 10).mean() > 0.95
    assert np.median(condition) > 1.3


def turn_of(g):
    """The orthogonal factor of the polar decomposition."""
    u, _, v = np.linalg.svd(g)
    return u @ v


@pytest.mark.parametrize("name", ["SL(2)", "SL(3)", "GL(2)", "GL(3)", "Sp(1)", "Sp(2)"])
def test_groups_that_stretch_turn_by_any_angle(name):
    turns = turn_of(parse_group(name).sample(N, 0))
    np.testing.assert_allclose(turns.mean(axis=0), 0, atol=0.12)
    # as on average over all turns of so many dimensions
    np.testing.assert_allclose((turns**2).mean(axis=0), 1 / turns.shape[-1], atol=0.12)


def test_turns_and_stretches_apart():
    units = np.eye(4).reshape(4, 2, 2)
    apart = turns_apart({None: units})[None]
    np.testing.assert_allclose(np.abs(apart[0]), [[0, 1], [1, 0]])
    np.testing.assert_allclose(apart[0], -apart[0].T)
    np.testing.assert_allclose(apart[1:], apart[1:].transpose(0, 2, 1))
    np.testing.assert_allclose((apart[1:] ** 2).sum(axis=(1, 2)), 1)
    both = np.concatenate([units, apart]).reshape(8, 4)
    assert np.linalg.matrix_rank(both) == np.linalg.matrix_rank(apart.reshape(-1, 4)) == 4


def test_turns_and_stretches_apart_on_two_spaces():
    group = parse_group("SL(2)@x,z on xyz & SL(2)@1,2 in R^4 on joint")
    lies = {name: lie for name, (lie, _) in group.actions.items()}
    apart = turns_apart(lies)
    for k in range(3):
        kinds = {name: np.sign((lie[k] * lie[k].T).sum()) for name, lie in apart.items()}
        assert len(set(kinds.values())) == 1  # both turn, or both stretch

    def both(parts):
        return np.concatenate([lie.reshape(len(lie), -1) for lie in parts.values()], axis=1)

    stacked = np.concatenate([both(lies), both(apart)])
    assert np.linalg.matrix_rank(stacked) == np.linalg.matrix_rank(both(apart)) == 3


@pytest.mark.parametrize(
    "group",
    [
        SO(3),
        parse_group("O(1,3)"),
        parse_group("SE(3)"),
        GeneratedGroup([[[0.0, 1.0], [0.0, 0.0]]]),  # a shear, whose transpose is no element
        parse_group("Permutation(3)"),
    ],
    ids=str,
)
def test_generators_that_stay_as_they_are(group):
    lies = {name: lie for name, (lie, _) in group.actions.items()}
    assert turns_apart(lies) is lies


# ---------------------------------------------------------------------- seeds and shapes


def test_seeds(any_group):
    drawn = [any_group.sample_on_spaces(3, seed) for seed in (0, 0, np.random.RandomState(0))]
    for name, expected in drawn[0].items():
        np.testing.assert_array_equal(drawn[1][name], expected)
        np.testing.assert_array_equal(drawn[2][name], expected)
    if not any_group.is_trivial:
        other = any_group.sample_on_spaces(30, 1)
        first = any_group.sample_on_spaces(30, 0)
        assert any((other[name] != first[name]).any() for name in first)


def test_the_global_generator_is_left_alone(any_group):
    np.random.seed(7)
    before = np.random.get_state()
    any_group.sample(3, 0)
    after = np.random.get_state()
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


def test_shapes(any_group):
    for n in (0, 1, 4):
        drawn = any_group.sample_on_spaces(n, 0)
        assert list(drawn) == list(any_group.spaces)
        for name, dim in any_group.spaces.items():
            size = dim + any_group.affine
            assert drawn[name].shape == (n, size, size)
            assert drawn[name].dtype == np.float64
    elements = any_group.sample(2, 0)
    assert isinstance(elements, dict) == (len(any_group.spaces) > 1)


def test_rotation_moments_follow_the_circle():
    """Rotation(n) has the moments of SO(2) up to order n - 1 and not beyond."""
    traces = np.trace(Rotation(6).sample(N, 0), axis1=1, axis2=2)
    assert np.mean(traces**4) == pytest.approx(comb(4, 2), rel=0.1)
    assert np.mean(traces**6) == pytest.approx(comb(6, 3) + 2, rel=0.1)
