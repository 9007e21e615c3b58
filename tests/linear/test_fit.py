"""The weights against a slow dense reference, for many groups and representations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_kit import dense_prior, dense_solution, make_rows

from sksofteq.groups import parse_group
from sksofteq.linear import Rows, fit_ridge, make_problems, with_bias
from sksofteq.linear._assembly import BIAS_PRECISION
from sksofteq.reps import parse_rep
from sksofteq.subspace import EquivariantProjector

BODY = {"joint": 4, "xyz": 3}
CASES = {
    "one group": (("O(2)@x,y",), "scalar + 2*vector", "vector", 3),
    "overlapping groups": (("O(2)@x,y", "SO(2)@y,z"), "scalar + vector", "tensor(2)", 3),
    "signed permutations": (("Reflection(3)", "Cyclic(3)"), "scalar + 2*vector", "vector", 3),
    "non-orthogonal": (("SO(1,3)",), "scalar + 2*vector", "vector + tensor(0,1)", 4),
    "named spaces": (
        ("SO(2)@x,z on xyz", "Permutation(4) on joint"),
        "joint + joint*xyz",
        "joint*xyz",
        BODY,
    ),
    "mirror and exchange": (
        ("Reflection(3) on xyz & Permutation(2)@0,1 in R^4 on joint", "SO(3) on xyz"),
        "joint*xyz",
        "2*xyz + joint",
        BODY,
    ),
}


def case(name):
    names, rep_in, rep_out, dims = CASES[name]
    spaces = dims if isinstance(dims, dict) else {}
    bound = dims if isinstance(dims, dict) else {"": dims}
    rep_in, rep_out = (parse_rep(rep, spaces).bind(bound) for rep in (rep_in, rep_out))
    return {name: parse_group(name) for name in names}, rep_in, rep_out


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("weighted", [False, True])
def test_weights_are_those_of_the_dense_reference(name, weighted):
    groups, rep_in, rep_out = case(name)
    rows = make_rows(30, rep_in, rep_out, weighted=weighted)
    strengths = dict(zip(groups, (3.0, 40.0), strict=False))
    found = fit_ridge(rows, rep_in, rep_out, groups, strengths, alpha=0.7)
    tau = BIAS_PRECISION * rows.weight.sum()
    L = dense_prior(rep_in, rep_out, groups.values(), strengths.values(), 0.7, tau)
    np.testing.assert_allclose(found.weight, dense_solution(rows, L), atol=1e-8)


def test_factors_by_feature_and_row():
    groups, rep_in, rep_out = case("overlapping groups")
    rep_out = rep_out + parse_rep("scalar")
    rows = make_rows(30, rep_in, rep_out)
    power = np.random.RandomState(1).uniform(0.5, 2.0, (30, 2))
    factor = np.hstack([np.repeat(power[:, :1], 9, axis=1), power[:, 1:]])
    rows = Rows(rows.inputs, rows.target, factor, rows.weight)
    found = fit_ridge(rows, rep_in, rep_out, groups, dict.fromkeys(groups, 5.0), alpha=1.0)
    L = dense_prior(rep_in, rep_out, groups.values(), (5.0, 5.0), 1.0, 30 * BIAS_PRECISION)
    np.testing.assert_allclose(found.weight, dense_solution(rows, L), atol=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_hard_is_the_limit_of_soft_and_exact(name):
    groups, rep_in, rep_out = case(name)
    rows = make_rows(30, rep_in, rep_out)
    hard = fit_ridge(rows, rep_in, rep_out, groups, dict.fromkeys(groups, np.inf), alpha=0.7)
    soft = fit_ridge(rows, rep_in, rep_out, groups, dict.fromkeys(groups, 1e8), alpha=0.7)
    np.testing.assert_allclose(soft.weight, hard.weight, atol=1e-5)
    assert np.abs(hard.weight).max() > 0.01
    for group in groups.values():
        residual = EquivariantProjector(group, with_bias(rep_in), rep_out).residual(hard.weight)
        assert np.abs(residual).max() < 1e-9


def test_one_hard_one_soft_candidate():
    groups, rep_in, rep_out = case("overlapping groups")
    rows = make_rows(30, rep_in, rep_out)
    mixed = dict(zip(groups, (np.inf, 2.0), strict=True))
    found = fit_ridge(rows, rep_in, rep_out, groups, mixed, alpha=0.7)
    L = dense_prior(rep_in, rep_out, groups.values(), (1e9, 2.0), 0.7, 30 * BIAS_PRECISION)
    np.testing.assert_allclose(found.weight, dense_solution(rows, L), atol=1e-5)


def test_no_equivariant_map_gives_zero():
    rep_in, rep_out = parse_rep("2*scalar"), parse_rep("vector").bind(3)
    rows = make_rows(20, rep_in, rep_out)
    group = {"SO(3)": parse_group("SO(3)")}
    found = fit_ridge(rows, rep_in, rep_out, group, {"SO(3)": np.inf})
    assert not found.weight.any()


def test_components_of_a_body_share_two_problems():
    spaces = {"joint": 31, "xyz": 3}
    rep_in, rep_out = parse_rep("2*joint*xyz", spaces), parse_rep("joint*xyz", spaces)
    rows = make_rows(10, rep_in, rep_out)
    group = {"turns": parse_group("SO(2)@x,z on xyz")}
    problems = make_problems(rows, rep_in, rep_out, group)
    assert sorted(problem.n_unknowns for problem in problems) == [187, 374]
    assert {problem.outputs.shape[0] for problem in problems} == {31}


def test_irreducible_parts_of_a_tensor_are_solved_apart():
    groups = {name: parse_group(name) for name in ("O(2)@x,y", "O(2)@y,z")}
    rep_in, rep_out = parse_rep("tensor(2)").bind(3), parse_rep("tensor(2)").bind(3)
    problems = make_problems(make_rows(10, rep_in, rep_out), rep_in, rep_out, groups)
    assert sorted(problem.turn.shape[1] for problem in problems) == [1, 3, 5]


def test_too_many_unknowns():
    rep_in, rep_out = parse_rep("2*joint*xyz", BODY), parse_rep("joint*xyz", BODY)
    rows = make_rows(3, rep_in, rep_out)
    group = {"all": parse_group("Permutation(4) on joint")}
    with pytest.raises(
        ValueError, match=r"'all' couple 3 outputs with 24 features, .* 75 unknown"
    ):
        make_problems(rows, rep_in, rep_out, group, max_unknowns=70)
    assert len(make_problems(rows, rep_in, rep_out, {}, group, max_unknowns=70)) == 2


def test_too_large_a_projector():
    spaces = {"joint": 100, "xyz": 3}
    rep_in, rep_out = parse_rep("joint*xyz", spaces), parse_rep("joint", spaces)
    rows = make_rows(3, rep_in, rep_out)
    group = parse_group("Permutation(100) on joint")
    with pytest.raises(ValueError, match=r"Permutation\(100\) on joint on maps from joint\*xyz"):
        make_problems(rows, rep_in, rep_out, {"all": group})


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), strength=st.floats(1e-3, 1e4), alpha=st.floats(1e-3, 1e2))
def test_a_stronger_penalty_never_leaves_more_of_the_map(seed, strength, alpha):
    groups, rep_in, rep_out = case("one group")
    rows = make_rows(15, rep_in, rep_out, seed=seed)
    projector = EquivariantProjector(groups["O(2)@x,y"], with_bias(rep_in), rep_out)
    left = [
        np.linalg.norm(
            projector.residual(
                fit_ridge(rows, rep_in, rep_out, groups, {"O(2)@x,y": s}, alpha).weight
            )
        )
        for s in (strength, 3 * strength)
    ]
    assert left[1] <= left[0] * (1 + 1e-9)
