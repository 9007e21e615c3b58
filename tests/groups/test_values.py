"""Groups as values: equality, hashes, copies, and what they say of themselves."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone

from sksofteq.groups import (
    GL,
    SE,
    SL,
    SO,
    Cyclic,
    Dihedral,
    E,
    GeneratedGroup,
    Lorentz,
    MatrixGroup,
    O,
    Permutation,
    Reflection,
    Rotation,
    Scaling,
    Sp,
    Translation,
    Trivial,
    parse_group,
)


class Holder(BaseEstimator):
    def __init__(self, symmetries=None):
        self.symmetries = symmetries


def test_equal_content_is_equal_whatever_the_name():
    twin = MatrixGroup(SO(3).lie_algebra, name="another name")
    assert twin == SO(3)
    assert hash(twin) == hash(SO(3))
    assert str(twin) == "another name"
    assert Lorentz() == O(1, 3)
    assert hash(Lorentz()) == hash(O(1, 3))
    assert Reflection(1) == O(1)
    assert O(3).embed("xyz") == O(3)
    assert len({Lorentz(), O(1, 3), O(4), parse_group("O(1,3)")}) == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("O(2)@x,y", "O(2)@x,z"),
        ("O(2)@x,y", "O(2)@y,x"),
        ("O(2)@x,y", "O(2)@0,1 in R^4"),
        ("SO(3)", "O(3)"),
        ("SO(3)", "SO(3) on xyz"),
        ("SO(3) on a", "SO(3) on b"),
        ("SO(3)", "SE(3)"),
        ("O(1,3)", "O(3,1)"),
        ("Scaling(3)", "Scaling(3, frame=False)"),
        ("Cyclic(4)", "Permutation(4)"),
        ("Trivial(2)", "Trivial(3)"),
        ("Translation(3)", "Trivial(3)"),
        ("SO(2) on a & SO(2) on b", "SO(2) on a"),
    ],
)
def test_different_content_is_different_whatever_the_name(first, second):
    first, second = parse_group(first), parse_group(second)
    assert first != second
    renamed = copy.copy(second)
    renamed._name = first._name
    assert renamed != first


def test_other_objects_are_unequal():
    assert SO(3) != "SO(3)"
    assert SO(3) != None  # noqa: E711


def test_negative_zero_is_zero():
    plain = np.array([[[0.0, 1.0], [1.0, 0.0]]])
    signed = np.array([[[-0.0, 1.0], [1.0, -0.0]]])
    groups = [MatrixGroup(discrete_generators=values) for values in (plain, signed)]
    assert groups[0] == groups[1]
    assert hash(groups[0]) == hash(groups[1])
    assert not np.signbit(groups[1].discrete_generators[0, 0, 0])
    lies = [MatrixGroup(values) for values in (plain, signed)]
    assert lies[0] == lies[1] != groups[0]


def test_pairs_are_equal_in_either_order():
    a, b = SO(3).on_space("a"), SO(3).on_space("b")
    assert a & b == b & a
    assert hash(a & b) == hash(b & a)


def test_copies_are_equal(any_group):
    copies = [
        copy.copy(any_group),
        copy.deepcopy(any_group),
        pickle.loads(pickle.dumps(any_group)),
        clone(Holder(any_group)).symmetries,
        clone(Holder((any_group,))).symmetries[0],
    ]
    for twin in copies:
        assert twin == any_group
        assert hash(twin) == hash(any_group)
        assert str(twin) == str(any_group)
        assert type(twin) is type(any_group)
        drawn, expected = (g.sample_on_spaces(2, 0) for g in (twin, any_group))
        for name in expected:
            np.testing.assert_array_equal(drawn[name], expected[name])


def test_generators_are_read_only(any_group):
    for group in (any_group, pickle.loads(pickle.dumps(any_group)), any_group.linear_part()):
        for generators in group.actions.values():
            assert not any(array.flags.writeable for array in generators)


def test_generators_are_copied():
    given = np.array([[[0.0, -1.0], [1.0, 0.0]]])
    group = MatrixGroup(given)
    given[...] = 5.0
    assert group == SO(2) or group == MatrixGroup([[[0.0, -1.0], [1.0, 0.0]]])


def test_actions_are_a_copy():
    group = SO(3)
    group.actions.clear()
    group.spaces.clear()
    assert group == SO(3)


def test_names_parse_back(any_group):
    if type(any_group) is not GeneratedGroup:
        assert parse_group(str(any_group)) == any_group
        assert repr(any_group) == str(any_group)


# ---------------------------------------------------------------------- properties


@pytest.mark.parametrize(
    ("name", "orthogonal", "permutation", "trivial"),
    [
        ("SO(3)", True, False, False),
        ("O(2)@x,y", True, False, False),
        ("SO(1)", True, True, True),
        ("Lorentz()", False, False, False),
        ("SL(2)", False, False, False),
        ("Sp(1)", False, False, False),
        ("Scaling(2, frame=False)", False, False, False),
        ("Permutation(3)", True, True, False),
        ("Permutation(1)", True, True, True),
        ("Cyclic(4)", True, True, False),
        ("Rotation(4)", True, False, False),
        ("Rotation(1)", True, True, True),
        ("Reflection(3)", True, False, False),
        ("Trivial(3)", True, True, True),
        ("SE(3)", True, False, False),
        ("Permutation(2) on a & Permutation(2)@0,1 in R^3 on b", True, True, False),
        ("Permutation(2) on a & Reflection(3) on b", True, False, False),
    ],
)
def test_kinds(name, orthogonal, permutation, trivial):
    group = parse_group(name)
    assert group.is_orthogonal == orthogonal
    assert group.is_permutation == permutation
    assert group.is_trivial == trivial


def test_linear_parts():
    assert SO(3).linear_part() == SO(3)
    assert SE(3).linear_part() == SO(3)
    assert E(3).linear_part() == O(3)
    assert Translation(3).linear_part() == Trivial(3)
    assert Scaling(3).linear_part() == Trivial(3)
    assert Scaling(3, frame=False).linear_part() == Scaling(3, frame=False)
    moved = parse_group("SE(2)@x,y on xyz")
    assert moved.linear_part() == parse_group("SO(2)@x,y on xyz")


def test_without_frame():
    assert Scaling(3).without_frame() == Scaling(3, frame=False) != Scaling(3)
    assert str(parse_group("Scaling(2)@x,z on xyz").without_frame()) == (
        "Scaling(2, frame=False)@x,z on xyz"
    )
    group = SO(3)
    assert group.without_frame() is group


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Translation(3)", {None: np.eye(3)}),
        ("SE(3) on xyz", {"xyz": np.eye(3)}),
        ("Translation(1)@y", {None: np.diag([0.0, 1.0, 0.0])}),
        ("E(2)@x,z", {None: np.diag([1.0, 0.0, 1.0])}),
        ("SO(3)", {}),
    ],
)
def test_translations(name, expected):
    found = parse_group(name).translations
    assert found.keys() == expected.keys()
    for space, projector in expected.items():
        np.testing.assert_allclose(found[space] @ found[space].T, projector, atol=1e-12)


def test_spaces_and_sizes():
    assert SO(3).spaces == {None: 3}
    assert (SO(3).dim, SO(3).space) == (3, None)
    assert Sp(2).dim == 4
    assert SE(3).dim == 3
    assert SE(3).lie_algebra.shape == (6, 4, 4)
    assert (SL(3).lie_algebra.shape, GL(3).lie_algebra.shape) == ((8, 3, 3), (9, 3, 3))
    assert Sp(2).lie_algebra.shape == (10, 4, 4)
    pair = parse_group("Reflection(3) on xyz & Permutation(2) on joint")
    assert pair.spaces == {"xyz": 3, "joint": 2}
    for attribute in ("dim", "space", "lie_algebra", "discrete_generators"):
        with pytest.raises(ValueError, match="several spaces at once"):
            getattr(pair, attribute)


# ---------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "family", [SO, O, GL, Sp, Scaling, Permutation, Cyclic, Dihedral, Rotation, Reflection, SE]
)
@pytest.mark.parametrize("n", [0, -1, 2.5, True])
def test_bad_sizes(family, n):
    with pytest.raises(ValueError, match=rf"{family.__name__}\(n\) needs an integer n >= 1, got"):
        family(n)


def test_the_smallest_special_linear_group():
    with pytest.raises(ValueError, match=r"SL\(n\) needs an integer n >= 2, got 1"):
        SL(1)


def test_numpy_sizes():
    assert SO(np.int64(3)) == SO(3)
    assert str(SO(np.int64(3))) == "SO(3)"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "dim is needed for a group without generators"),
        ({"dim": 0}, "dim must be a positive integer, got 0"),
        ({"dim": 1.5}, "dim must be a positive integer, got 1.5"),
        ({"lie_algebra": [[[1, 2, 3], [4, 5, 6]]]}, r"lie_algebra must have shape \(n, d, d\)"),
        ({"discrete_generators": [[0, 1], [1, 0]]}, r"\(n, d, d\).*got shape \(2, 2\)"),
        (
            {"lie_algebra": np.zeros((1, 2, 2)), "discrete_generators": np.eye(3)[None]},
            r"discrete_generators must have shape .*\(here d = 2\)",
        ),
        ({"discrete_generators": np.eye(2)[None], "dim": 5}, "dim=5 does not fit generators"),
        ({"lie_algebra": [[[np.nan]]]}, "lie_algebra must be finite"),
        ({"discrete_generators": [[[np.inf]]]}, "discrete_generators must be finite"),
        ({"discrete_generators": np.ones((1, 2, 2))}, "must be invertible, got a singular"),
    ],
)
def test_bad_generators(parameters, message):
    for family in (MatrixGroup, GeneratedGroup):
        with pytest.raises(ValueError, match=message):
            family(**parameters)
