"""The evidence is the density of the targets, and its gradient is one."""

from __future__ import annotations

import numpy as np
import pytest
from linear_kit import dense_design, dense_prior, make_rows
from scipy.stats import multivariate_normal
from sklearn.linear_model import BayesianRidge

from sksofteq.groups import parse_group
from sksofteq.linear import Rows, fit_ridge, log_evidence, make_problems
from sksofteq.linear._assembly import BIAS_PRECISION
from sksofteq.reps import parse_rep

GROUPS = {name: parse_group(name) for name in ("O(2)@x,y", "SO(2)@y,z")}
REP_IN, REP_OUT = (parse_rep(rep).bind(3) for rep in ("scalar + vector", "tensor(2) + vector"))


def test_evidence_is_the_log_density_of_the_targets():
    rows = make_rows(6, REP_IN, REP_OUT)
    strengths = np.array([2.0, 0.5, 0.3])
    problems = make_problems(rows, REP_IN, REP_OUT, GROUPS)
    found = log_evidence(problems, strengths)
    assert len(problems) > 1
    noise = np.zeros((REP_OUT.dim,) * 2)  # each problem has its own, on its part of the outputs
    for problem, variance in zip(problems, found.noise_variances, strict=True):
        for outputs in problem.outputs:
            noise[np.ix_(outputs, outputs)] += np.sqrt(variance) * problem.turn @ problem.turn.T
    noise = np.kron(np.eye(6), noise)
    tau = 6 * BIAS_PRECISION
    L = dense_prior(REP_IN, REP_OUT, GROUPS.values(), strengths[:2], strengths[2], tau)
    Z = dense_design(rows)
    covariance = np.eye(len(Z)) + Z @ np.linalg.solve(L, Z.T)
    value = multivariate_normal.logpdf(
        rows.target.ravel(), cov=noise @ covariance @ noise, allow_singular=False
    )
    # the bias has a variance of 1e7, so digits are lost in the dense covariance
    assert found.value == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("hard", [{}, {"SO(3)": parse_group("SO(3)")}])
@pytest.mark.parametrize("strengths", [(2.0, 0.5, 0.3), (1e4, 1e-3, 10.0), (0.1, 300.0, 1e-3)])
def test_gradient_is_the_difference_quotient(strengths, hard):
    rows = make_rows(20, REP_IN, REP_OUT, weighted=True)
    problems = make_problems(rows, REP_IN, REP_OUT, GROUPS, hard)
    strengths = np.array(strengths)
    gradient = log_evidence(problems, strengths, gradient=True).gradient
    for i, step in enumerate(1e-4 * np.eye(3)):
        up, down = (
            log_evidence(problems, strengths * np.exp(sign * step)).value for sign in (1, -1)
        )
        assert gradient[i] == pytest.approx((up - down) / 2e-4, rel=1e-4, abs=1e-5)


def test_maximum_is_the_fixed_point_of_mackay():
    rows = make_rows(40, REP_IN, REP_OUT)
    found = fit_ridge(rows, REP_IN, REP_OUT, GROUPS, dict.fromkeys(GROUPS), alpha=0.3)
    strengths = np.array([*found.strengths.values(), 0.3])
    problems = make_problems(rows, REP_IN, REP_OUT, GROUPS)
    solutions = [problem.solve(strengths) for problem in problems]
    freedom = sum(
        p.target.shape[2] * (p.prior.traces(strengths) - p.traces(s))
        for p, s in zip(problems, solutions, strict=True)
    )
    noises = log_evidence(problems, strengths).noise_variances
    pull = sum(
        p.quadratics(s.u) / noise for p, s, noise in zip(problems, solutions, noises, strict=True)
    )
    gamma = strengths * freedom
    inside = np.r_[strengths[:-1] < 1e3, False]  # alpha was given
    assert inside.any()
    np.testing.assert_allclose(strengths[inside], (gamma / pull)[inside], rtol=1e-2)


def test_alpha_of_plain_ridge_is_that_of_bayesian_ridge():
    rep_in, rep_out = parse_rep("5*scalar"), parse_rep("scalar")
    rows = make_rows(50, rep_in, rep_out)
    inputs = rows.inputs - rows.inputs.mean(axis=0)
    rows = Rows(inputs, rows.target - rows.target.mean(), rows.factor, rows.weight)
    found = fit_ridge(rows, rep_in, rep_out, {}, {})
    known = BayesianRidge(
        alpha_1=0, alpha_2=0, lambda_1=0, lambda_2=0, tol=1e-12, max_iter=5000
    ).fit(inputs, rows.target[:, 0])
    assert found.alpha[0] == pytest.approx(known.lambda_ / known.alpha_, rel=0.1)


def test_weight_is_repetition():
    rows = make_rows(20, REP_IN, REP_OUT, weighted=True)
    index = np.repeat(np.arange(20), rows.weight.astype(int))
    repeated = Rows(
        rows.inputs[index], rows.target[index], rows.factor[index], np.ones(len(index))
    )
    one, other = (
        fit_ridge(r, REP_IN, REP_OUT, GROUPS, dict.fromkeys(GROUPS)) for r in (rows, repeated)
    )
    assert one.log_evidence == pytest.approx(other.log_evidence)
    np.testing.assert_allclose(one.weight, other.weight, atol=1e-6)


def test_fixed_alpha_of_zero_has_no_evidence():
    rows = make_rows(20, REP_IN, REP_OUT)
    found = fit_ridge(rows, REP_IN, REP_OUT, {}, {}, alpha=0.0)
    assert not found.alpha.any()
    assert found.log_evidence == -np.inf


def test_outputs_of_different_kinds_have_an_alpha_and_a_noise_of_their_own():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((200, 6))
    heights = X[:, [2, 5]] @ [3.0, -2.0] + 0.01 * rng.standard_normal(200)
    y = np.column_stack([0.05 * X[:, 0], 0.05 * X[:, 1], heights])
    y[:, :2] += rng.standard_normal((200, 2))
    rep_in, rep_out = (parse_rep(rep).bind(3) for rep in ("2*vector", "vector"))
    rows = Rows(X, y, np.ones_like(y), np.ones(200))
    turns = {"turns": parse_group("SO(2)@x,y")}
    found = fit_ridge(rows, rep_in, rep_out, turns, {"turns": np.inf})
    assert found.alpha[0] == found.alpha[1] > 1e3 * found.alpha[2]
    np.testing.assert_allclose(found.noise_variance, [1.0, 1.0, 1e-4], rtol=0.2)
