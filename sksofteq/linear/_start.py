"""Where a network can start: the best linear map of its inputs."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.groups import MatrixGroup
from sksofteq.linear._assembly import Rows
from sksofteq.linear._fit import fit_ridge
from sksofteq.linear._limits import TooLargeError
from sksofteq.reps import Representation

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A start may cost this many unknowns: more would take longer than it saves.
START_UNKNOWNS = 2000
#: Shrinkage per row, inputs standardised. It leads to as good a network as the alpha that
#: maximises the evidence (docs/performance.md).
START_ALPHA = 1e-2
#: Groups of rows are left out in at most so many parts.
MAX_PARTS = 20


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
        None leaves it to the evidence, or to rows left out if some belong together.
    together : ndarray of shape (n,), default=None
        Rows with one value belong together.
    """
    inputs, target, weight = (np.asarray(v, dtype=np.float64) for v in (inputs, target, weight))
    weight = weight / weight.mean()  # the evidence would count a row of weight 4 as four rows
    factor = np.broadcast_to(np.asarray(factor, dtype=np.float64), target.shape)
    rows, n = Rows(inputs, target, factor, weight), weight.sum()
    per_row = {label: 0.5 * rep_out.dim * strengths[label] for label in groups}
    hard = {label: value if math.isinf(value) else 0.0 for label, value in per_row.items()}
    parts = None if together is None else np.unique(together, return_inverse=True)[1] % MAX_PARTS
    for levels in (per_row, hard):
        with contextlib.suppress(TooLargeError):
            found = fit_ridge(
                rows,
                rep_in,
                rep_out,
                groups,
                {label: n * value for label, value in levels.items()},
                None if alpha is None else n * alpha,
                "evidence" if parts is None else "loo",
                parts,
                max_unknowns=START_UNKNOWNS,
            )
            return found.weight[:, :-1], found.weight[:, -1]
    return None
