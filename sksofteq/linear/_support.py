"""The orbit-average test on left-out rows, for a linear map, in closed form.

The average of a linear map over the orbit of a compact group is P_G W, so nothing is sampled. And
no rows need be set aside: without row i the weights are W - u_i r_out,i (A^-1 z_i)^T, of which
C_G maps z_i to C_G W z_i minus one bilinear form per pair of features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array, csr_array

from sksofteq.groups import MatrixGroup
from sksofteq.linear._assembly import Rows, make_problems, with_bias
from sksofteq.linear._complement import pair_complement
from sksofteq.linear._fit import choose_strengths
from sksofteq.linear._left_out import left_out_residuals
from sksofteq.linear._problem import Problem, Solution
from sksofteq.orbits import OrbitTest, compare_losses, rows_by_value
from sksofteq.reps import Representation, TensorType
from sksofteq.subspace import EquivariantProjector

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Numbers in the rows' products of inputs that are held at a time.
CHUNK = 4_000_000


def left_out_tests(
    rows: Rows,
    rep_in: Representation,
    rep_out: Representation,
    groups: Mapping[str, MatrixGroup],
    criterion: str = "evidence",
    together: NDArray | None = None,
) -> dict[str, OrbitTest]:
    """Test every candidate with the free linear map, each row predicted without it.

    Losses of W x and P_G W x are compared row by row, W fitted without penalties and without the
    row. `size` is the mean squared C_G W x, half the mean squared change of the prediction along
    the orbit if the orbit stays within the data.

    Parameters
    ----------
    rows : Rows
    rep_in, rep_out : Representation
    groups : mapping of str to MatrixGroup
        Of a group that is not compact P_G W is not an orbit average but the nearest equivariant
        map.
    criterion : {"evidence", "loo"}, default="evidence"
        What chooses alpha.
    together : ndarray of shape (n,), default=None
        Rows with one value are left out together, and standard errors are over them.
    """
    if not groups:
        return {}
    problems = make_problems(rows, rep_in, rep_out, {})
    n = rows.weight.sum()
    problems, alpha = choose_strengths(problems, [None], n, criterion, together)
    maps = [EquivariantProjector(g, with_bias(rep_in), rep_out) for g in groups.values()]
    residual = np.zeros_like(rows.target)
    left_out, fitted = np.zeros((2, len(maps), *rows.target.shape))
    for problem in problems:
        outputs, solution = problem.outputs[:, 0], problem.solve(alpha)
        found = left_out_residuals(problem, solution, together)[:, 0]
        residual[:, outputs] = found
        steps = np.zeros_like(rows.target)
        steps[:, outputs] = found
        W = np.zeros((rep_out.dim, problem.design.shape[1]))
        problem.add_weights(solution.u, W)
        for i, projector in enumerate(maps):
            change = problem.design @ projector.residual(W).T
            fitted[i] += change
            if together is None:
                left_out[i] += change - _changes_by_row(projector, problem, solution, steps)
            else:
                left_out[i] += _changes_by_group(projector, problem, solution, steps, W, together)
    return {
        label: _compare(rows.weight, residual, left_out[i], fitted[i], together)
        for i, label in enumerate(groups)
    }


def _compare(
    weight: NDArray,
    residual: NDArray,
    left_out: NDArray,
    fitted: NDArray,
    together: NDArray | None,
) -> OrbitTest:
    """The test of one candidate; rows count by their weight."""
    seen = weight > 0
    share = weight[seen] / weight[seen].mean()
    plain = share * np.mean(residual[seen] ** 2, axis=1)
    averaged = share * np.mean((residual[seen] + left_out[seen]) ** 2, axis=1)
    size = float(np.mean(share * np.mean(fitted[seen] ** 2, axis=1)))
    test = compare_losses(plain, averaged, None if together is None else together[seen])
    return replace(test, size=size)


def _changes_by_group(
    projector: EquivariantProjector,
    problem: Problem,
    solution: Solution,
    steps: NDArray,
    W: NDArray,
    together: NDArray,
) -> NDArray:
    """C_G W z of every row, W fitted without the row's group."""
    changes = np.empty_like(steps)
    for rows in rows_by_value(together):
        design = problem.design[rows]
        pull = (problem.weight[rows, None] * design).T @ steps[rows]
        without = W - solution.whiten(pull).T
        changes[rows] = design @ projector.residual(without).T
    return changes


def _changes_by_row(
    projector: EquivariantProjector, problem: Problem, solution: Solution, steps: NDArray
) -> NDArray:
    """C_G (u r (A^-1 z)^T) z of every row, feature by feature, shape (n, dim_out)."""
    rep_in, rep_out = projector.rep_in, projector.rep_out
    design = problem.design
    solved = solution.whiten(design.T).T
    steps = np.minimum(problem.weight, 1.0)[:, None] * steps
    changes = np.zeros_like(steps)
    for columns, copies, type_in in rep_in.blocks:
        size = rep_in.type_dim(type_in)
        forms = [
            (rows, _as_form(projector, type_out, type_in)) for rows, _, type_out in rep_out.blocks
        ]
        widest = max(rep_out.type_dim(kind) for _, _, kind in rep_out.blocks)
        length = max(1, CHUNK // max(size, widest) ** 2)
        for start in range(0, len(design), length):
            chunk = slice(start, start + length)
            left = design[chunk, columns].reshape(-1, copies, size)
            right = solved[chunk, columns].reshape(-1, copies, size)
            pairs = np.matmul(left.transpose(0, 2, 1), right).reshape(len(left), -1)
            for rows, form in forms:
                if form is not None:
                    changes[chunk, rows] += _apply((form @ pairs.T).T, steps[chunk, rows])
    return changes


def _as_form(
    projector: EquivariantProjector, type_out: TensorType, type_in: TensorType
) -> csr_array | None:
    """C_G of a pair of features as a matrix from products of inputs to maps of outputs."""
    rep_in, rep_out = projector.rep_in, projector.rep_out
    complement = pair_complement(projector.group, rep_out, type_out, rep_in, type_in)
    if complement is None:
        return None
    n_in, n_out = rep_in.type_dim(type_in), rep_out.type_dim(type_out)
    entries = complement.tocoo()
    out, into = np.divmod(entries.row, n_in)
    out_other, into_other = np.divmod(entries.col, n_in)
    place = (out * n_out + out_other, into * n_in + into_other)
    return coo_array((entries.data, place), shape=(n_out**2, n_in**2)).tocsr()


def _apply(maps: NDArray, steps: NDArray) -> NDArray:
    """Maps (n, d * d) between entries of a feature, on all its copies (n, copies * d)."""
    n, size = len(maps), round(maps.shape[1] ** 0.5)
    moved = np.matmul(steps.reshape(n, -1, size), maps.reshape(n, size, size).transpose(0, 2, 1))
    return moved.reshape(n, -1)
