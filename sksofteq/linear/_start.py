"""Where the linear skip of a network can start: the best linear map of its inputs."""

from __future__ import annotations

from collections.abc import Sequence
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
#: maximises the evidence (docs/performance.md), and only the ratios of weights matter.
START_ALPHA = 1e-2


def ridge_start(
    inputs: NDArray,
    target: NDArray,
    factor: NDArray,
    weight: NDArray,
    rep_in: Representation,
    rep_out: Representation,
    groups_hard: Sequence[MatrixGroup] = (),
) -> NDArray:
    """Return the linear map W, shape (dim_out, dim_in), that ridge regression finds.

    ``factor * (inputs W^T + b)`` is compared with `target`; W lies in the common subspace of the
    hard candidates, and b is left to the network. Zeros if a problem has more than
    `START_UNKNOWNS` unknowns.

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
    groups_hard : sequence of MatrixGroup, default=()
    """
    inputs, target, weight = (np.asarray(v, dtype=np.float64) for v in (inputs, target, weight))
    factor = np.broadcast_to(np.asarray(factor, dtype=np.float64), target.shape)
    groups = {str(i): group for i, group in enumerate(groups_hard)}
    try:
        found = fit_ridge(
            Rows(inputs, target, factor, weight),
            rep_in,
            rep_out,
            groups,
            dict.fromkeys(groups, np.inf),
            START_ALPHA * weight.sum(),
            max_unknowns=START_UNKNOWNS,
        )
    except TooLargeError:
        return np.zeros((rep_out.dim, rep_in.dim))
    return found.weight[:, :-1]
