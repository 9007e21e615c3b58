"""Left-out residuals are those of fits without the rows."""

from __future__ import annotations

import numpy as np
import pytest
from linear_kit import make_rows

from sksofteq.groups import parse_group
from sksofteq.linear import (
    Rows,
    fit_ridge,
    left_out_error,
    left_out_tests,
    make_problems,
    with_bias,
)
from sksofteq.linear._left_out import left_out_residuals
from sksofteq.orbits import compare_losses
from sksofteq.reps import parse_rep
from sksofteq.subspace import EquivariantProjector

GROUPS = {name: parse_group(name) for name in ("O(2)@x,y", "SO(2)@y,z")}
HARD = {"O(3)": parse_group("O(3)")}
REP_IN, REP_OUT = (
    parse_rep(rep).bind(3) for rep in ("scalar + 2*vector + tensor(2)", "2*vector + scalar")
)
STRENGTHS = {"O(2)@x,y": 3.0, "SO(2)@y,z": 0.5}
TOGETHER = {"one by one": None, "small groups": np.arange(24) // 4, "large": np.arange(24) % 2}


def without(rows, left):
    return Rows(rows.inputs[left], rows.target[left], rows.factor[left], rows.weight[left])


def refitted(rows, left_weight, groups, strengths, alpha):
    """[W, b] fitted with other weights."""
    changed = Rows(rows.inputs, rows.target, rows.factor, left_weight)
    return fit_ridge(changed, REP_IN, REP_OUT, groups, strengths, alpha).weight


def expected_residuals(rows, groups, strengths, alpha, together):
    sets = (
        [[i] for i in range(24)]
        if together is None
        else [np.flatnonzero(together == value) for value in np.unique(together)]
    )
    residuals = np.zeros_like(rows.target)
    weights = {}
    inputs = np.hstack([rows.inputs, np.ones((24, 1))])
    for chosen in sets:
        weight = rows.weight.copy()
        weight[chosen] = np.maximum(weight[chosen] - 1.0, 0.0) if together is None else 0.0
        W = refitted(rows, weight, groups, strengths, alpha)
        residuals[chosen] = rows.target[chosen] - rows.factor[chosen] * (inputs[chosen] @ W.T)
        weights.update(dict.fromkeys(map(int, chosen), W))
    return residuals, weights


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("kind", TOGETHER)
def test_left_out_residuals_are_those_of_new_fits(kind, hard):
    rows = make_rows(24, REP_IN, REP_OUT, weighted=True)
    rows.weight[:2] = 0.5, 0.0
    groups = GROUPS | (HARD if hard else {})
    strengths = STRENGTHS | ({"O(3)": np.inf} if hard else {})
    expected, _ = expected_residuals(rows, groups, strengths, 0.7, TOGETHER[kind])
    problems = make_problems(rows, REP_IN, REP_OUT, GROUPS, HARD if hard else {})
    vector = np.array([*STRENGTHS.values(), 0.7])
    total = np.zeros_like(rows.target)
    for problem in problems:
        found = left_out_residuals(problem, problem.solve(vector), TOGETHER[kind])
        total[:, problem.outputs] += np.einsum("oc,ncm->nmo", problem.turn, found)
    np.testing.assert_allclose(total, expected, atol=1e-6)
    mean = np.average((expected**2).mean(axis=1), weights=rows.weight)
    assert left_out_error(problems, vector, TOGETHER[kind]) == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("kind", TOGETHER)
def test_orbit_test_is_that_of_new_fits(kind):
    rows = make_rows(24, REP_IN, REP_OUT)
    power = np.random.RandomState(1).uniform(0.5, 2.0, (24, 3))[:, [0, 0, 0, 1, 1, 1, 2]]
    rows = Rows(rows.inputs, rows.target, power, rows.weight)
    together = TOGETHER[kind]
    tests = left_out_tests(rows, REP_IN, REP_OUT, GROUPS, together=together)
    alphas = fit_ridge(rows, REP_IN, REP_OUT, {}, {}).alpha
    inputs = np.hstack([rows.inputs, np.ones((24, 1))])
    # outputs with factors of their own have an alpha of their own
    found = {a: expected_residuals(rows, {}, {}, a, together) for a in np.unique(alphas)}
    assert len(found) == 3
    residuals = np.stack([found[a][0][:, o] for o, a in enumerate(alphas)], axis=1)
    weights = [np.stack([found[a][1][i][o] for o, a in enumerate(alphas)]) for i in range(24)]
    for label, group in GROUPS.items():
        projector = EquivariantProjector(group, with_bias(REP_IN), REP_OUT)
        averaged = np.stack(
            [
                rows.target[i] - power[i] * (projector.project(weights[i]) @ inputs[i])
                for i in range(24)
            ]
        )
        expected = compare_losses(
            (residuals**2).mean(axis=1), (averaged**2).mean(axis=1), together
        )
        assert tests[label].delta == pytest.approx(expected.delta, rel=1e-5)
        assert tests[label].z == pytest.approx(expected.z, rel=1e-5)


def test_strengths_by_left_out_rows_are_no_worse_than_by_evidence():
    rows = make_rows(24, REP_IN, REP_OUT)
    free = dict.fromkeys(GROUPS)
    problems = make_problems(rows, REP_IN, REP_OUT, GROUPS)
    errors = []
    for criterion in ("evidence", "loo"):
        found = fit_ridge(rows, REP_IN, REP_OUT, GROUPS, free, 0.3, criterion)
        errors.append(left_out_error(problems, np.array([*found.strengths.values(), 0.3])))
    assert errors[1] <= errors[0]
