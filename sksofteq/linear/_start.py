"""Where a network can start: the best linear map of its inputs."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.groups import MatrixGroup
from sksofteq.linear._assembly import Rows, make_problems
from sksofteq.linear._evidence import log_evidence
from sksofteq.linear._left_out import left_out_error
from sksofteq.linear._limits import TooLargeError
from sksofteq.linear._problem import Problem
from sksofteq.reps import Representation

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A start may cost this many unknowns: more would take longer than it saves.
START_UNKNOWNS = 2000
#: Shrinkage per row, inputs standardised. It leads to as good a network as the alpha that
#: maximises the evidence (docs/performance.md).
START_ALPHA = 1e-2
#: Decades of shrinkage per row to choose from.
DECADES = range(-6, 1)
#: Groups of rows are left out in at most so many parts.
MAX_PARTS = 20
#: Solutions with other weights of rows after the first, where distances are to be small.
REWEIGHTINGS = 8
#: A row counts at most as one whose distance is this share of the median.
LEAST_DISTANCE = 1e-2


def ridge_start(
    inputs: NDArray,
    target: NDArray,
    factor: NDArray,
    weight: NDArray,
    rep_in: Representation,
    rep_out: Representation,
    groups: Mapping[str, MatrixGroup],
    strengths: Mapping[str, float],
    alpha: float | None = START_ALPHA,
    together: NDArray | None = None,
    distance: bool = False,
) -> tuple[NDArray, NDArray] | None:
    """Return W, shape (dim_out, dim_in), and b, shape (dim_out,), that ridge regression finds.

    They minimise what a network without hidden layers would,

        mean_i w_i |factor_i (W x_i + b) - target_i|^2 / dim_out
            + 1/2 sum_G strength_G (|C_G W|^2 + |C_G b|^2) + alpha |W|^2 / dim_out,

    without the finite strengths if with them a problem has more than `START_UNKNOWNS` unknowns;
    None if it has even then.

    Parameters
    ----------
    inputs : ndarray of shape (n, dim_in)
        Framed and standardised.
    target : ndarray of shape (n, dim_out)
    factor : ndarray of shape (n, dim_out), or broadcasting to it
        The same for all entries of one output feature.
    weight : ndarray of shape (n,)
    rep_in, rep_out : Representation
        Of inputs and targets, points as vectors where they are framed.
    groups : mapping of str to MatrixGroup
    strengths : mapping of str to float
        By candidate; inf is hard.
    alpha : float, default=0.01
        None chooses one for each problem, by the evidence, or by groups left out.
    together : ndarray of shape (n,), default=None
        Rows with one value belong together.
    distance : bool, default=False
        Whether distances between factor_i (W x_i + b) and target_i are to be small, rather than
        their squares: weights of rows are divided by them, 1 on average, and the map is solved
        for again, several times (iteratively reweighted least squares). Strengths and shrinkage
        stay those for squares.
    """
    inputs, target, weight = (np.asarray(v, dtype=np.float64) for v in (inputs, target, weight))
    weight = weight / weight.mean()  # the evidence would count a row of weight 4 as four rows
    factor = np.broadcast_to(np.asarray(factor, dtype=np.float64), target.shape)
    rows = Rows(inputs, target, factor, weight)
    per_row = {label: 0.5 * rep_out.dim * strengths[label] for label in groups}
    hard = {label: value if math.isinf(value) else 0.0 for label, value in per_row.items()}
    parts = None if together is None else np.unique(together, return_inverse=True)[1] % MAX_PARTS
    for levels in (per_row, hard):
        with contextlib.suppress(TooLargeError):
            sides = (rep_in, rep_out, groups, levels)
            found, alphas = _solved(rows, *sides, repeat(alpha), parts)
            for _ in range(REWEIGHTINGS if distance else 0):
                found, _ = _solved(_reweighted(rows, found), *sides, alphas, parts)
            return found[:, :-1], found[:, -1]
    return None


def _reweighted(rows: Rows, weights: NDArray) -> Rows:
    """The rows, each with its weight over its distance from what these weights predict."""
    predicted = rows.inputs @ weights[:, :-1].T + weights[:, -1]
    distances = np.linalg.norm(rows.factor * predicted - rows.target, axis=1)
    least = LEAST_DISTANCE * np.median(distances) + np.finfo(np.float64).tiny
    weight = rows.weight / np.maximum(distances, least)
    return replace(rows, weight=weight / weight.mean())


def _solved(
    rows: Rows,
    rep_in: Representation,
    rep_out: Representation,
    groups: Mapping[str, MatrixGroup],
    per_row: Mapping[str, float],
    alphas: Iterable[float | None],
    parts: NDArray | None,
) -> tuple[NDArray, list[float]]:
    """The weights, the bias last, and every problem's shrinkage: for None what suits it best."""
    soft = {label: group for label, group in groups.items() if 0 < per_row[label] < math.inf}
    hard = {label: group for label, group in groups.items() if per_row[label] == math.inf}
    weight, used = np.zeros((rep_out.dim, rep_in.dim + 1)), []
    problems = make_problems(rows, rep_in, rep_out, soft, hard, START_UNKNOWNS)
    for problem, alpha in zip(problems, alphas, strict=False):
        levels = len(rows.inputs) * np.array([*map(per_row.get, soft), alpha or 0.0])
        used.append(_best_alpha(problem, levels, parts) if alpha is None else alpha)
        levels[-1] = len(rows.inputs) * used[-1]
        problem.add_weights(problem.refined(problem.solve(levels), levels), weight)
    return weight, used


def _best_alpha(problem: Problem, strengths: NDArray, parts: NDArray | None) -> float:
    """The shrinkage per row that has least against it.

    Decades, the half decades beside the best of them, and a parabola: each of a fit's pilots needs
    a start, and a descent takes ten times as long.
    """

    def cost(decade: float) -> float:
        chosen = np.append(strengths[:-1], 10.0**decade * len(problem.design))
        if parts is None:
            return -log_evidence([problem], chosen).value
        return math.log(left_out_error([problem], chosen, parts) + 1e-300)

    costs = {decade: cost(decade) for decade in DECADES}
    best = min(costs, key=costs.get)
    costs |= {near: cost(near) for near in (best - 0.5, best + 0.5)}
    best = min(costs, key=costs.get)
    if not {best - 0.5, best + 0.5} <= costs.keys():
        return 10.0**best
    left, here, right = (costs[best + step] for step in (-0.5, 0.0, 0.5))
    curvature = left - 2 * here + right  # of a parabola through the three
    return 10.0 ** (best + (0.25 * (left - right) / curvature if curvature > 0 else 0.0))
