"""Outputs that no penalty couples are fitted apart, and alike ones together.

The data couple the inputs of one output, the penalties the outputs within one feature. So the
outputs fall into small components, and components with the same penalties, such as the joints of
a body under turns of space, are right-hand sides of one problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array, csr_array, eye_array, kron
from scipy.sparse.csgraph import connected_components

from sksofteq.groups import MatrixGroup
from sksofteq.linear._complement import pair_complement, without_rounding
from sksofteq.linear._turns import irreducible_parts
from sksofteq.reps import Representation

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Complements of one candidate by input feature; None where every map is equivariant.
Complements = list[csr_array | None]


@dataclass(frozen=True)
class Component:
    """Outputs whose weights the penalties couple, with others that look the same.

    Parameters
    ----------
    outputs : ndarray of int, shape (n_alike, n_coupled)
        Each row a set of coupled outputs.
    turn : ndarray of shape (n_coupled, n_turned)
        Orthonormal combinations of the outputs of a set, all of them or those of one part that
        no penalty couples with the others.
    penalties : tuple of coo_array of shape (n_turned * dim_in, n_turned * dim_in)
        C_G of each candidate over the weights, row-major over (n_turned, dim_in).
    """

    outputs: NDArray
    turn: NDArray
    penalties: tuple[coo_array, ...]


def cut_outputs(
    groups: Sequence[MatrixGroup],
    rep_in: Representation,
    rep_out: Representation,
    kinds: NDArray | None = None,
) -> list[Component]:
    """Return the components of the outputs under the penalties of some candidates.

    Parameters
    ----------
    groups : sequence of MatrixGroup
    rep_in, rep_out : Representation
        With known dimensions.
    kinds : ndarray of shape (dim_out,), default=None
        Outputs of different kinds never share a problem; one number per feature.
    """
    kinds = np.zeros(rep_out.dim, dtype=int) if kinds is None else kinds
    alike: dict[tuple, tuple[list[Complements], list[NDArray], list[NDArray]]] = {}
    for rows, copies, type_out in rep_out.blocks:
        outputs = np.arange(rows.start, rows.stop).reshape(copies, -1)
        pairs = [
            [pair_complement(group, rep_out, type_out, rep_in, kind) for *_, kind in rep_in.blocks]
            for group in groups
        ]
        own = [pair_complement(group, rep_out, type_out, rep_out, type_out) for group in groups]
        for coupled in _coupled_rows(pairs, outputs.shape[1]):
            parts = [[_on_rows(C, coupled, outputs.shape[1]) for C in row] for row in pairs]
            turns = _turns(groups, own, coupled, outputs.shape[1])
            content = tuple(_bytes(C) for row in parts for C in row)
            for copy in outputs[:, coupled]:
                key = (int(kinds[copy[0]]), len(coupled), content)
                alike.setdefault(key, (parts, turns, []))[2].append(copy)
    return [
        Component(np.array(copies), turn, tuple(_assembled(row, rep_in, turn) for row in parts))
        for parts, turns, copies in alike.values()
        for turn in turns
    ]


def _turns(
    groups: Sequence[MatrixGroup], own: Complements, rows: NDArray, size: int
) -> list[NDArray]:
    """Combinations of coupled outputs that no penalty couples with one another."""
    if not all(group.is_orthogonal for group in groups):
        return [np.eye(len(rows))]
    maps = np.arange(size * size).reshape(size, size)[np.ix_(rows, rows)].ravel()
    return irreducible_parts([None if C is None else C[maps][:, maps] for C in own], len(rows))


def _coupled_rows(pairs: list[Complements], size: int) -> list[NDArray]:
    """Sets of outputs of one feature that some penalty couples, directly or through others."""
    graph = np.zeros((size, size), dtype=bool)
    for complement in (C for row in pairs for C in row if C is not None):
        entries = complement.tocoo()
        width = complement.shape[0] // size
        graph[entries.row // width, entries.col // width] = True
    count, labels = connected_components(csr_array(graph), directed=False)
    return [np.flatnonzero(labels == i) for i in range(count)]


def _on_rows(complement: csr_array | None, rows: NDArray, size: int) -> csr_array | None:
    """The complement on the weights of some outputs, which it leaves among themselves."""
    if complement is None:
        return None
    entries = np.arange(complement.shape[0]).reshape(size, -1)[rows].ravel()
    part = complement[entries][:, entries]
    part.sort_indices()
    return part if part.nnz else None


def _bytes(matrix: csr_array | None) -> tuple | None:
    if matrix is None:
        return None
    arrays = (matrix.indptr, matrix.indices, matrix.data)
    return matrix.shape, *(array.tobytes() for array in arrays)


def _assembled(parts: Complements, rep_in: Representation, turn: NDArray) -> coo_array:
    """One candidate's complement over all weights of a component, feature by feature."""
    n_outputs = turn.shape[1]
    weights = np.arange(n_outputs * rep_in.dim).reshape(n_outputs, rep_in.dim)
    rows, columns, values = [], [], []
    for (block, copies, kind), part in zip(rep_in.blocks, parts, strict=True):
        if part is None:
            continue
        index = weights[:, block].reshape(n_outputs, copies, -1).transpose(1, 0, 2)
        index = index.reshape(copies, -1)
        turned = kron(turn, eye_array(rep_in.type_dim(kind)), format="csr")
        entries = without_rounding(turned.T @ part @ turned).tocoo()
        rows.append(index[:, entries.row].ravel())
        columns.append(index[:, entries.col].ravel())
        values.append(np.tile(entries.data, copies))
    if not values:
        return coo_array((weights.size, weights.size))
    place = (np.concatenate(rows), np.concatenate(columns))
    return coo_array((np.concatenate(values), place), shape=(weights.size, weights.size))
