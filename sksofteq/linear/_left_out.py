"""Residuals of rows that the fit has not seen, without fitting again.

Taking rows out of a linear fit is an update of low rank, so the residuals of left-out rows follow
from those of the fit: r_out = (I - Z A^-1 Z^T)^-1 r, a small system per row or group of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.linear._problem import Problem, Solution
from sksofteq.orbits import rows_by_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Numbers in the rows' designs that are held at a time.
CHUNK = 4_000_000


def left_out_residuals(
    problem: Problem, solution: Solution, together: NDArray | None = None
) -> NDArray:
    """Return t_i - Z_i w of every row, w fitted without it, shape (n, c, m).

    Parameters
    ----------
    problem : Problem
    solution : Solution
        Of that problem, for the strengths to judge.
    together : ndarray of shape (n,), default=None
        Rows with one value are left out together. By default rows are left out one by one; a row
        of weight 3 counts as three rows, of which one is left out, and one of a weight below 1 is
        left out as a whole.
    """
    residuals = problem.target - np.einsum(
        "np,cpm->ncm", problem.design, problem.weights(solution.u), optimize=True
    )
    if not problem.n_unknowns:
        return residuals
    if together is None:
        return _without_row(problem, solution, residuals)
    left_out = np.empty_like(residuals)
    for rows in rows_by_value(together):
        left_out[rows] = _without_group(problem, solution, residuals, rows)
    return left_out


def left_out_error(
    problems: Sequence[Problem], strengths: NDArray, together: NDArray | None = None
) -> float:
    """Return the weighted mean squared error over left-out rows and outputs.

    Parameters
    ----------
    problems : sequence of Problem
    strengths : ndarray of shape (n_penalties,)
    together : ndarray of shape (n,), default=None
    """
    total = size = 0.0
    for problem in problems:
        residuals = left_out_residuals(problem, problem.solve(strengths), together)
        total += np.einsum("n,ncm->", problem.weight, residuals**2)
        size += problem.weight.sum() * problem.target[0].size
    return float(total / size)


def design_rows(problem: Problem, rows: NDArray) -> NDArray:
    """Z_i B of some rows, shape (n, c, k)."""
    return np.stack([problem.design[rows] @ part for part in problem.parts], axis=1)


def _without_row(problem: Problem, solution: Solution, residuals: NDArray) -> NDArray:
    share = np.minimum(problem.weight, 1.0)[:, None, None]
    left_out = np.empty_like(residuals)
    for rows in _chunks(len(residuals), CHUNK // (residuals.shape[1] * problem.n_unknowns)):
        design = design_rows(problem, rows)
        solved = solution.whiten(design.reshape(-1, problem.n_unknowns).T)
        leverage = np.einsum("nak,nbk->nab", design, solved.T.reshape(design.shape), optimize=True)
        system = np.eye(residuals.shape[1]) - share[rows] * leverage
        left_out[rows] = np.linalg.solve(system, residuals[rows])
    return left_out


def _without_group(
    problem: Problem, solution: Solution, residuals: NDArray, rows: NDArray
) -> NDArray:
    """Left-out residuals of rows that go together, by the smaller of two systems."""
    c, k, m = residuals.shape[1], problem.n_unknowns, residuals.shape[2]
    design = design_rows(problem, rows).reshape(-1, k)
    weight = np.repeat(problem.weight[rows], c)
    fitted = residuals[rows].reshape(-1, m)
    if len(design) <= k:
        system = np.eye(len(design)) - design @ solution.whiten(design.T) * weight
        left_out = np.linalg.solve(system, fitted)
    else:
        lower = np.tril(solution.factor)
        weighted = weight[:, None] * design
        change = np.linalg.solve(lower @ lower.T - weighted.T @ design, weighted.T @ fitted)
        left_out = fitted + design @ change
    return left_out.reshape(-1, c, m)


def _chunks(n: int, size: int) -> Iterator[NDArray]:
    size = max(1, size)
    for start in range(0, n, size):
        yield np.arange(start, min(n, start + size))
