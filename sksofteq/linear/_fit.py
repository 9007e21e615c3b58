"""One fit: cut into problems, strengths chosen, weights solved for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.groups import MatrixGroup
from sksofteq.linear._assembly import Rows, make_problems
from sksofteq.linear._evidence import log_evidence
from sksofteq.linear._left_out import left_out_error
from sksofteq.linear._limits import MAX_UNKNOWNS
from sksofteq.linear._problem import Problem
from sksofteq.linear._search import Search, weak_and_strong
from sksofteq.reps import Representation

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Ranges of a strength and of alpha that is searched, per row: X is standardised, so that a
#: strength of 1 per row halves weights, and the ends are as good as nothing and as hard.
STRENGTH_RANGE = (1e-6, 1e5)
ALPHA_RANGE = (1e-8, 1e4)
#: An alpha per row below this counts as this, lest equations be singular.
LEAST_ALPHA = 1e-10
#: Where the search by evidence starts, per row: every strength weak or strong.
STRENGTH_STARTS = (1e-2, 30.0)
ALPHA_START = 1e-2
#: Factors on all strengths from which the search by left-out rows starts.
LEFT_OUT_STARTS = (1.0, 10.0, 100.0, 1000.0)


@dataclass(frozen=True)
class RidgeFit:
    """Weights and what they were fitted with.

    Parameters
    ----------
    weight : ndarray of shape (dim_out, dim_in + 1)
        In the coordinates of the rows, the bias last.
    strengths : dict of str to float
    alpha : ndarray of shape (dim_out,)
    noise_variance : ndarray of shape (dim_out,)
        In the units of the rows' targets.
    log_evidence : float
        Minus infinity where alpha is 0: the prior is then improper.
    """

    weight: NDArray
    strengths: dict[str, float]
    alpha: NDArray
    noise_variance: NDArray
    log_evidence: float


def fit_ridge(
    rows: Rows,
    rep_in: Representation,
    rep_out: Representation,
    groups: Mapping[str, MatrixGroup],
    strengths: Mapping[str, float | None],
    alpha: float | None = None,
    criterion: str = "evidence",
    together: NDArray | None = None,
    max_unknowns: int = MAX_UNKNOWNS,
) -> RidgeFit:
    """Minimise sum_i w_i |y_i - W x_i - b|^2 + sum_G s_G (|C_G W|^2 + |C_G b|^2) + alpha |W|^2.

    Parameters
    ----------
    rows : Rows
    rep_in, rep_out : Representation
    groups : mapping of str to MatrixGroup
        The candidates.
    strengths : mapping of str to float or None
        By candidate; None is chosen by the criterion, inf is hard, and 0 is no penalty.
    alpha : float, default=None
    criterion : {"evidence", "loo"}, default="evidence"
    together : ndarray of shape (n,), default=None
        Rows with one value are left out together by "loo".
    max_unknowns : int, default=8000

    Raises
    ------
    TooLargeError
        If a problem has more unknowns.
    """
    soft = {k: v for k, v in groups.items() if strengths[k] is None or 0 < strengths[k] < math.inf}
    hard = {k: v for k, v in groups.items() if strengths[k] == math.inf}
    problems = make_problems(rows, rep_in, rep_out, soft, hard, max_unknowns)
    given = [*(strengths[k] for k in soft), alpha]
    problems, chosen = choose_strengths(problems, given, rows.weight.sum(), criterion, together)
    weight = np.zeros((rep_out.dim, rep_in.dim + 1))
    evidence = log_evidence(problems, chosen)
    alphas, noises = np.zeros((2, rep_out.dim))
    for problem, noise in zip(problems, evidence.noise_variances, strict=True):
        problem.add_weights(problem.refined(problem.solve(chosen), chosen), weight)
        # an output that is split among problems has the mean of theirs
        shares = (problem.turn**2).sum(axis=1)
        alphas[problem.outputs] += shares * problem.alpha_share * chosen[-1]
        noises[problem.outputs] += shares * noise
    found = dict(zip(soft, map(float, chosen), strict=False))
    return RidgeFit(
        weight,
        dict(strengths) | found,
        alphas if alpha is None else np.full(rep_out.dim, float(alpha)),
        noises,
        evidence.value if alpha is None or alpha > 0 else -math.inf,
    )


def choose_strengths(
    problems: list[Problem],
    given: list[float | None],
    n: float,
    criterion: str,
    together: NDArray | None,
) -> tuple[list[Problem], NDArray]:
    """Return the strengths of the soft candidates and alpha: those given, the others chosen.

    Outputs that no candidate mixes are of different kinds, such as what is vertical and what is
    not. If alpha is free every problem gets its own, as a share of the common one; the problems
    are returned with that.

    Parameters
    ----------
    problems : list of Problem
    given : list of float or None
        In the order of the problems' penalties, so alpha last.
    n : float
        Number of rows, weighted.
    criterion : {"evidence", "loo"}
    together : ndarray of shape (n,) or None
    """
    free = np.array([value is None for value in given])
    fixed = np.array([0.0 if value is None else float(value) for value in given])
    fixed[-1] = max(fixed[-1], LEAST_ALPHA * n)
    free_soft = np.flatnonzero(free[:-1])
    starts = []
    for levels in weak_and_strong(len(free_soft), *STRENGTH_STARTS):
        start = np.where(free, n * ALPHA_START, fixed)
        start[free_soft] = n * levels
        starts.append(start)
    bounds = n * np.array([STRENGTH_RANGE] * (len(given) - 1) + [ALPHA_RANGE])
    best = _search(problems, starts, bounds, free, "evidence", together)
    if criterion == "loo":
        starts = [np.where(free, f * best, fixed) for f in LEFT_OUT_STARTS]
        best = _search(problems, starts, bounds, free, criterion, together)
    if free[-1] and len(problems) > 1:
        only_alpha = np.arange(len(given)) == len(given) - 1
        own = [_search([p], [best], bounds, only_alpha, criterion, together) for p in problems]
        shares = [found[-1] / best[-1] for found in own]
        problems = [p.with_alpha_times(s) for p, s in zip(problems, shares, strict=True)]
    return problems, best


def _search(
    problems: list[Problem],
    starts: list[NDArray],
    bounds: NDArray,
    free: NDArray,
    criterion: str,
    together: NDArray | None,
) -> NDArray:
    """The strengths that a criterion likes best."""
    if criterion == "evidence":

        def slope(strengths: NDArray) -> tuple[float, NDArray]:
            found = log_evidence(problems, strengths, gradient=True)
            return -found.value, -found.gradient

        search = Search(lambda s: -log_evidence(problems, s).value, slope, bounds, free)
    else:
        search = Search(
            lambda s: math.log(left_out_error(problems, s, together) + 1e-300), None, bounds, free
        )
    return search.minimise(starts)
