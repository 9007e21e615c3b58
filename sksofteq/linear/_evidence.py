"""The evidence of strengths: how probable they make the targets, weights integrated out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.linear._problem import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Noise variance, in units of the targets', that no fit goes below: targets are no better known.
NOISE_FLOOR = 1e-14


@dataclass(frozen=True)
class Evidence:
    """The logarithm of the marginal likelihood.

    Parameters
    ----------
    value : float
    gradient : ndarray of shape (n_penalties,) or None
        By the logarithms of the strengths; None if it was not asked for.
    noise_variances : ndarray of shape (n_problems,)
        The noise variances that maximise it, in the units of the targets' squares.
    """

    value: float
    gradient: NDArray | None
    noise_variances: NDArray


def log_evidence(
    problems: Sequence[Problem], strengths: NDArray, gradient: bool = False
) -> Evidence:
    """Return the log evidence of strengths, the noise variance of each problem profiled out.

    The model: t_i = Z_i w + noise of variance s2 / weight_i, and w normal with precision L / s2,
    L = sum_j s_j K_j + F. With E the minimum of the penalised sum of squares and N the number of
    targets, s2 = E / N and

        log p = sum over problems of 1/2 log det L - 1/2 log det A - N/2 (log(2 pi s2) + 1),
        d log p / d log s_j = s_j/2 [tr(L^-1 K_j) - tr(A^-1 K_j) - w^T K_j w / s2],

    exact however the K_j overlap. At its maximum s_j = s2 gamma_j / w^T K_j w with
    gamma_j = s_j [tr(L^-1 K_j) - tr(A^-1 K_j)] well-determined weights: the fixed point of
    D. MacKay, Bayesian Interpolation, Neural Computation 4 (1992).

    Parameters
    ----------
    problems : sequence of Problem
        They share the strengths.
    strengths : ndarray of shape (n_penalties,)
        Positive, in the order of the problems' penalties.
    gradient : bool, default=False
        Whether the gradient is computed too, which triples the cost.
    """
    value, slope = 0.0, np.zeros(len(strengths))
    noises = np.empty(len(problems))
    for number, problem in enumerate(problems):
        _, n_coupled, n_alike = problem.target.shape
        solution = problem.solve(strengths)
        logdet = 2.0 * np.log(np.diagonal(solution.factor)).sum()
        volume = n_alike * (problem.prior.logdet(strengths) - logdet)
        pull = problem.quadratics(solution.u)
        constant = problem.fixed @ (solution.u**2).sum(axis=1)
        error = problem.misfit(solution.u) + strengths @ pull + constant
        size = problem.weight.sum() * n_alike * n_coupled
        noises[number] = noise = error / size + NOISE_FLOOR
        value += 0.5 * (volume - size * (math.log(2.0 * math.pi * noise) + 1.0))
        if gradient:
            freedom = n_alike * (problem.prior.traces(strengths) - problem.traces(solution))
            slope += 0.5 * strengths * (freedom - pull / noise)
    return Evidence(float(value), slope if gradient else None, noises)
