"""Which groups lie within which."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksofteq.groups import GeneratedGroup, MatrixGroup, parse_group
from sksofteq.subspace import is_subgroup

#: (group, other): the first lies within the second, and not the other way round.
NESTED = [
    ("SO(2)@x,y", "SO(3)"),
    ("SO(2)@x,y", "O(3)"),
    ("SO(2)@x,y", "O(2)@x,y"),
    ("O(2)@x,y", "O(3)"),
    ("O(2)@y,z", "O(3)"),
    ("SO(3)", "O(3)"),
    ("Reflection(3)", "O(3)"),
    ("Reflection(2)@z,x", "O(2)@x,z"),
    ("Rotation(4)", "SO(2)"),
    ("Rotation(4)", "Dihedral(4)"),
    ("Rotation(3)", "Rotation(6)"),
    ("Dihedral(4)", "O(2)"),
    ("Dihedral(6)@x,y", "O(3)"),
    ("Cyclic(6)", "Permutation(6)"),
    ("Cyclic(31)", "Permutation(31)"),
    ("Permutation(3)@0,1,2 in R^7", "Permutation(7)"),
    ("Permutation(3)@0,1,2 in R^9", "Permutation(8)@0,1,2,3,4,5,6,7 in R^9"),
    ("Permutation(3)", "O(3)"),
    ("Permutation(9)", "O(9)"),
    ("SO(3)@1,2,3 in R^4", "SO(1,3)"),
    ("O(3)@1,2,3 in R^4", "O(1,3)"),
    ("SO(1,3)", "O(1,3)"),
    ("SO(1,3)", "Lorentz()"),
    ("SO(3)", "SL(3)"),
    ("SL(3)", "GL(3)"),
    ("O(3)", "GL(3)"),
    ("Scaling(3)", "GL(3)"),
    ("SL(2)", "GL(2)"),
    ("SO(2)", "Sp(1)"),
    ("Trivial(3)", "SO(3)"),
    ("Translation(3)", "SE(3)"),
    ("SE(3)", "E(3)"),
    ("Translation(2)@x,y", "SE(3)"),
    ("E(2)@x,y", "E(3)"),
    ("SO(3)", "SE(3)"),
    ("O(3)", "E(3)"),
    ("O(2)@x,y", "E(3)"),
    ("SO(2)@x,y on xyz", "SO(3) on xyz"),
    ("Cyclic(5) on agent", "Permutation(5) on agent"),
]

#: Neither lies within the other.
APART = [
    ("Reflection(3)", "SO(3)"),
    ("Dihedral(4)", "SO(2)"),
    ("SO(2)@x,y", "SO(2)@y,z"),
    ("O(2)@x,y", "SO(3)"),
    ("Reflection(5)", "SO(5)"),
    ("Scaling(3)", "SO(3)"),
    ("Scaling(3)", "SL(3)"),
    ("Scaling(3)", "Translation(3)"),
    ("Translation(3)", "GL(3)"),
    ("O(3)", "SE(3)"),
    ("Rotation(4)", "Rotation(6)"),
    ("Permutation(9)", "SO(9)"),
    ("SO(3)", "SO(2)"),
    ("SO(3) on xyz", "SO(3) on uvw"),
    ("SO(3)", "SO(3) on xyz"),
    ("Reflection(3) on xyz & Permutation(2) on side", "O(3) on xyz"),
    ("Reflection(3) on xyz & Permutation(2) on side", "Permutation(2) on side"),
    ("SO(2) on a", "SO(2) on a & SO(2) on b"),
]


@pytest.mark.parametrize(("inner", "outer"), NESTED)
def test_inner_lies_within_outer_alone(inner, outer):
    inner, outer = parse_group(inner), parse_group(outer)
    assert is_subgroup(inner, outer)
    assert not is_subgroup(outer, inner)


@pytest.mark.parametrize(("first", "second"), APART)
def test_neither_lies_within_the_other(first, second):
    first, second = parse_group(first), parse_group(second)
    assert not is_subgroup(first, second)
    assert not is_subgroup(second, first)


@pytest.mark.parametrize("name", ["SO(3)", "O(1,3)", "SE(2)", "Permutation(8)", "Dihedral(5)"])
def test_group_lies_within_itself(name):
    assert is_subgroup(parse_group(name), parse_group(name))


def test_pairs_are_nested_where_both_parts_move_together():
    inner = parse_group("SO(2)@x,y on a & SO(2)@x,y on b")
    outer = parse_group("SO(3) on a & SO(3) on b")
    assert is_subgroup(inner, outer)
    twisted = parse_group("SO(2)@x,y on a & SO(2)@y,z on b")
    assert not is_subgroup(twisted, outer)


def test_space_that_is_left_alone_does_not_count():
    half = MatrixGroup(discrete_generators=[np.eye(2)]).on_space("side")
    paired = parse_group("Reflection(3) on xyz") & half
    assert is_subgroup(paired, parse_group("O(3) on xyz"))


def test_generators_need_not_span_the_lie_algebra():
    turns = parse_group("SO(3)").lie_algebra
    assert is_subgroup(parse_group("SO(3)"), GeneratedGroup(turns[:2]))
    cycle = np.eye(3)[[1, 2, 0]]
    assert is_subgroup(parse_group("SO(3)"), GeneratedGroup(turns[:1], [cycle]))


def test_other_scale_of_generators_is_the_same_group():
    turned = GeneratedGroup(7.0 * parse_group("SO(3)").lie_algebra)
    assert is_subgroup(turned, parse_group("SO(3)"))
    assert is_subgroup(parse_group("SO(3)"), turned)


def test_even_permutations_are_not_taken_for_all():
    """They share the invariants of rank 3 and below."""
    cycles = [np.eye(5)[[1, 2, 0, 3, 4]], np.eye(5)[[0, 1, 3, 4, 2]]]
    even = GeneratedGroup(discrete_generators=cycles)
    assert is_subgroup(even, parse_group("Permutation(5)"))
    assert not is_subgroup(parse_group("Permutation(5)"), even)


def test_what_cannot_be_decided_is_not_claimed():
    angle = np.cos(1.0), np.sin(1.0)
    turn = np.array([[angle[0], -angle[1]], [angle[1], angle[0]]])
    endless = GeneratedGroup(discrete_generators=[turn])
    assert is_subgroup(endless, parse_group("SO(2)"))
    assert not is_subgroup(GeneratedGroup(discrete_generators=[turn @ turn @ turn]), endless)


def test_groups_of_too_many_generators_are_not_compared():
    assert not is_subgroup(parse_group("SO(2)@0,1 in R^60"), parse_group("SO(60)"))


CHAINS = [
    ("Rotation(4)@x,y", "SO(2)@x,y", "SO(3)", "SL(3)", "GL(3)"),
    ("Reflection(3)", "O(3)", "E(3)"),
    ("Translation(3)", "SE(3)", "E(3)"),
]


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: " < ".join(chain))
@settings(deadline=None, derandomize=True, max_examples=15)
@given(data=st.data())
def test_nesting_is_transitive(chain, data):
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(chain) - 1)] * 2)))
    assert is_subgroup(parse_group(chain[first]), parse_group(chain[last]))


@settings(deadline=None, derandomize=True, max_examples=20)
@given(st.integers(0, 2**31 - 1), st.sampled_from(["SO(3)", "O(3)", "SL(3)", "E(3)"]))
def test_group_of_one_element_lies_within_its_source(seed, name):
    group = parse_group(name)
    (element,) = group.sample(1, seed)
    one = MatrixGroup(discrete_generators=[element], affine=group.affine)
    assert is_subgroup(one, group)
