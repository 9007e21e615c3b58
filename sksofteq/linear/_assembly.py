"""From rows and candidates to the linear problems that a fit falls into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, diags_array

from sksofteq.groups import MatrixGroup
from sksofteq.linear._complement import without_rounding
from sksofteq.linear._components import Component, cut_outputs
from sksofteq.linear._hard import common_basis
from sksofteq.linear._limits import MAX_UNKNOWNS, too_many_unknowns
from sksofteq.linear._problem import Problem
from sksofteq.reps import Representation, TensorType

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Prior precision of the bias per row, next to nothing, so that its prior is proper.
BIAS_PRECISION = 1e-8


@dataclass(frozen=True)
class Rows:
    """Rows to fit: ``factor * (inputs W^T + bias)`` is compared with `target`.

    Parameters
    ----------
    inputs : ndarray of shape (n, dim_in)
    target : ndarray of shape (n, dim_out)
    factor : ndarray of shape (n, dim_out)
        The same for all entries of one output feature.
    weight : ndarray of shape (n,)
        How often each row counts.
    """

    inputs: NDArray
    target: NDArray
    factor: NDArray
    weight: NDArray

    @property
    def size(self) -> float:
        """Number of numbers to explain, weighted."""
        return float(self.weight.sum() * self.target.shape[1])


def with_bias(rep: Representation) -> Representation:
    """The inputs' representation with one more scalar, the constant 1."""
    return Representation([*rep.terms, (1, TensorType())], rep.dims)


def make_problems(
    rows: Rows,
    rep_in: Representation,
    rep_out: Representation,
    soft: Mapping[str, MatrixGroup],
    hard: Mapping[str, MatrixGroup] | None = None,
    max_unknowns: int = MAX_UNKNOWNS,
) -> list[Problem]:
    """Cut a fit into its problems.

    Parameters
    ----------
    rows : Rows
    rep_in, rep_out : Representation
        Of `rows.inputs` and `rows.target`, with known dimensions.
    soft, hard : mapping of str to MatrixGroup
        Candidates with a penalty, and candidates that the weights obey.
    max_unknowns : int, default=8000

    Raises
    ------
    TooLargeError
        If a problem has more unknowns, or a projector too many entries.
    """
    hard = hard or {}
    groups = {**soft, **hard}
    if rep_in.dim >= max_unknowns:
        raise too_many_unknowns(rep_in.dim, 1, [], max_unknowns)
    design = np.hstack([rows.inputs, np.ones((len(rows.inputs), 1))])
    factors, kinds = np.unique(rows.factor, axis=1, return_inverse=True)
    kinds = kinds.reshape(-1)
    designs = [design * factor[:, None] for factor in factors.T]
    components = cut_outputs(list(groups.values()), with_bias(rep_in), rep_out, kinds)
    bases = [
        common_basis(c.penalties[len(soft) :], c.turn.shape[1] * design.shape[1])
        for c in components
    ]
    for component, basis in zip(components, bases, strict=True):
        if basis.shape[1] > max_unknowns:
            coupling = [k for k, C in zip(groups, component.penalties, strict=True) if C.nnz]
            raise too_many_unknowns(rep_in.dim, component.turn.shape[1], coupling, max_unknowns)
    return [
        _make_problem(rows, designs[kinds[component.outputs[0, 0]]], component, basis, len(soft))
        for component, basis in zip(components, bases, strict=True)
    ]


def _make_problem(
    rows: Rows, design: NDArray, component: Component, basis: csr_array, n_soft: int
) -> Problem:
    c, p = component.turn.shape[1], design.shape[1]
    is_bias = np.arange(c * p) % p == p - 1
    bias = basis.power(2).T @ is_bias > 0.5  # no basis vector mixes the bias with other weights
    identity = diags_array((~bias).astype(float), format="csr")
    reduced = [without_rounding(basis.T @ C @ basis) for C in component.penalties[:n_soft]]
    return Problem(
        component.outputs,
        component.turn,
        design,
        (rows.target[:, component.outputs] @ component.turn).transpose(0, 2, 1),
        rows.weight,
        basis,
        tuple(matrix.tocoo() for matrix in [*reduced, without_rounding(identity)]),
        np.where(bias, BIAS_PRECISION * rows.weight.sum(), 0.0),
    )
