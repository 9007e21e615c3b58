"""Which hidden types follow from a width, and what candidates have in common."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksofteq.groups import parse_group
from sksofteq.nn import CandidateSet, hidden_representation
from sksofteq.reps import parse_rep

BODY = {"joint": 6, "xyz": 3}
SETS = {
    "plain": ((), {"": 3}),
    "orthogonal": (("O(3)", "O(2)@x,y"), {"": 3}),
    "not orthogonal": (("SL(3)",), {"": 3}),
    "line": (("Reflection(1)",), {"": 1}),
    "permutation": (("Permutation(6)",), {"": 6}),
    "frames": (("SE(3)", "Scaling(3)"), {"": 3}),
    "body": (("SO(3) on xyz", "Permutation(6) on joint"), BODY),
    "body, not orthogonal": (("SL(3) on xyz",), BODY),
    "both kinds": (("SO(3) on xyz", "SO(2)"), {**BODY, "": 2}),
}


def hidden(case, width, max_rank=2):
    names, dims = SETS[case]
    rep = "joint*xyz" if "joint" in dims else "vector"
    candidates = CandidateSet([parse_group(name) for name in names])
    return hidden_representation(
        width, dims, candidates, parse_rep(rep, dims).bind(dims), max_rank
    )


def test_the_split_of_the_paper():
    assert str(hidden("orthogonal", 216, 3)) == "54*scalar + 18*vector + 6*tensor(2) + 2*tensor(3)"
    assert str(hidden("orthogonal", 64)) == "25*scalar + 7*vector + 2*tensor(2)"


def test_without_candidates_scalars():
    assert str(hidden("plain", 17)) == "17*scalar"


def test_rank_zero():
    assert str(hidden("orthogonal", 17, 0)) == "17*scalar"


def test_lower_indices_beside_non_orthogonal_candidates():
    kinds = [str(kind) for _, kind in hidden("not orthogonal", 200).terms]
    expected = ["scalar", "vector", "tensor(0,1)", "tensor(2)", "tensor(1,1)", "tensor(0,2)"]
    assert sorted(kinds) == sorted(expected)


def test_a_tensor_for_each_joint():
    kinds = [str(kind) for _, kind in hidden("body", 200).terms]
    assert {"scalar", "xyz", "joint", "joint*xyz", "xyz*xyz"} == set(kinds)


@given(case=st.sampled_from(sorted(SETS)), width=st.integers(1, 400), max_rank=st.integers(0, 3))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_the_width_is_met_and_each_type_comes_once(case, width, max_rank):
    rep = hidden(case, width, max_rank)
    assert rep.dim == width
    kinds = [kind for _, kind in rep.terms]
    assert len(kinds) == len(set(kinds))
    assert all(kind.rank <= max_rank for kind in kinds)
    assert rep == hidden(case, width, max_rank)


@pytest.mark.parametrize(
    ("names", "orthogonal", "permuted", "entities"),
    [
        ((), True, set(), {"joint", "xyz"}),
        (("SO(3) on xyz",), True, set(), {"joint"}),
        (("SL(3) on xyz", "Cyclic(6) on joint"), False, {"joint"}, {"joint"}),
        (("Permutation(6) on joint", "SO(6) on joint"), True, set(), {"xyz"}),
        (
            ("Reflection(3) on xyz & Permutation(2)@0,1 in R^6 on joint",),
            True,
            {"joint"},
            {"joint"},
        ),
        (("SE(3) on xyz",), True, set(), {"joint"}),
    ],
)
def test_what_candidates_have_in_common(names, orthogonal, permuted, entities):
    candidates = CandidateSet([parse_group(name) for name in names])
    assert candidates.is_orthogonal is orthogonal
    assert candidates.permutation_spaces == permuted
    assert candidates.entity_spaces(["joint", "xyz", ""]) == entities
