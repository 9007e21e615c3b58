"""What group elements must do to invariants and to projected maps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksofteq.groups import parse_group
from sksofteq.reps import parse_rep
from sksofteq.subspace import EquivariantProjector, equivariant_basis

GROUPS = [
    "SO(3)",
    "O(3)",
    "O(2)@x,y",
    "SO(2)@1,3 in R^4",
    "Lorentz()",
    "SO(1,3)",
    "SL(2)",
    "GL(2)",
    "Sp(1)",
    "Sp(2)",
    "Scaling(3, frame=False)",
    "Permutation(4)",
    "Cyclic(3)",
    "Rotation(5)",
    "Dihedral(4)",
    "Reflection(3)",
    "Trivial(2)",
]
ORTHOGONAL = ["SO(3)", "O(2)@x,y", "Permutation(4)", "Rotation(5)", "Dihedral(4)", "Reflection(3)"]
NAMED = [
    "Permutation(4) on joint",
    "SO(3) on xyz",
    "Reflection(3) on xyz & Permutation(2)@0,3 in R^4 on joint",
    "SO(3) on xyz & SO(3)@1,2,3 in R^4 on joint",
    "Permutation(3) on xyz & Permutation(3)@0,1,2 in R^4 on joint",
    "Rotation(4)@x,y on xyz & Cyclic(4) on joint",
]
TERMS = ["scalar", "vector", "tensor(0,1)", "tensor(1,1)", "2*vector", "3*scalar", "tensor(2)"]
NAMED_TERMS = ["joint", "xyz", "joint*xyz", "xyz*joint", "2*joint*dual(xyz)", "scalar"]
SPACES = {"joint": 4, "xyz": 3}

few = settings(max_examples=30, deadline=None, derandomize=True)
seeds = st.integers(0, 2**16)


def sums(terms, max_size=3):
    return st.lists(st.sampled_from(terms), min_size=1, max_size=max_size).map(" + ".join)


@st.composite
def problems(draw):
    """(group, rep_in, rep_out), over the unnamed space or over named ones."""
    if draw(st.booleans()):
        names, terms, spaces = GROUPS, TERMS, None
    else:
        names, terms, spaces = NAMED, NAMED_TERMS, SPACES
    group = parse_group(draw(st.sampled_from(names)))
    reps = [parse_rep(draw(sums(terms, size)), spaces) for size in (3, 2)]
    dims = {name or "": dim for name, dim in group.spaces.items()}
    return group, reps[0].bind(dims), reps[1].bind(dims)


def elements(group, seed, n=3):
    drawn = group.sample_on_spaces(n, seed)
    return [{name: g[i] for name, g in drawn.items()} for i in range(n)]


@few
@given(problem=problems(), seed=seeds)
def test_elements_leave_invariants_alone(problem, seed):
    group, rep, _ = problem
    basis = equivariant_basis(group, rep)
    for g in elements(group, seed):
        matrix = rep.rho(g)
        np.testing.assert_allclose(
            matrix @ basis, basis, atol=1e-9 * (1 + np.linalg.norm(matrix, 2))
        )


@few
@given(problem=problems(), seed=seeds)
def test_projected_maps_commute_with_elements(problem, seed):
    group, rep_in, rep_out = problem
    W = np.random.RandomState(seed).standard_normal((rep_out.dim, rep_in.dim))
    P = EquivariantProjector(group, rep_in, rep_out).project(W)
    for g in elements(group, seed):
        left, right = rep_out.rho(g) @ P, P @ rep_in.rho(g)
        scale = 1 + np.abs(rep_out.rho(g)).max() + np.abs(rep_in.rho(g)).max()
        np.testing.assert_allclose(left, right, atol=1e-9 * scale)


@few
@given(name=st.sampled_from(ORTHOGONAL), rep_in=sums(TERMS), rep_out=sums(TERMS), seed=seeds)
def test_moved_maps_have_the_same_projection(name, rep_in, rep_out, seed):
    """P is the mean over an orthogonal group, so it forgets where W stood."""
    group = parse_group(name)
    rep_in, rep_out = (parse_rep(rep).bind(group.dim) for rep in (rep_in, rep_out))
    projector = EquivariantProjector(group, rep_in, rep_out)
    W = np.random.RandomState(seed).standard_normal((rep_out.dim, rep_in.dim))
    for g in elements(group, seed):
        moved = rep_out.rho(g) @ W @ rep_in.rho(g).T
        np.testing.assert_allclose(projector.project(moved), projector.project(W), atol=1e-9)


@pytest.mark.parametrize("name", ["Permutation(3)", "Dihedral(4)", "Cyclic(5)", "Rotation(3)"])
def test_the_projection_is_the_mean_over_a_finite_group(name):
    group = parse_group(name)
    drawn = np.unique(np.round(group.sample(400, 0), 12) + 0.0, axis=0)
    orders = {"Permutation(3)": 6, "Dihedral(4)": 8, "Cyclic(5)": 5, "Rotation(3)": 3}
    assert len(drawn) == orders[name]
    rep_in, rep_out = (parse_rep(rep).bind(group.dim) for rep in ("scalar + vector", "tensor(2)"))
    W = np.random.RandomState(0).standard_normal((rep_out.dim, rep_in.dim))
    mean = np.mean([rep_out.rho(g) @ W @ rep_in.rho(g).T for g in drawn], axis=0)
    projector = EquivariantProjector(group, rep_in, rep_out)
    np.testing.assert_allclose(projector.project(W), mean, atol=1e-10)
