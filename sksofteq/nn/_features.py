"""What the candidates allow inside a network: its hidden types and how they may interact."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from functools import cached_property

import torch
from torch import Tensor

from sksofteq.groups import MatrixGroup
from sksofteq.reps import Axis, Representation, TensorType
from sksofteq.reps._types import unnamed


class CandidateSet:
    """What a list of candidate groups has in common, as far as an architecture cares.

    Parameters
    ----------
    groups : sequence of MatrixGroup
        The candidates; their linear parts count (translations and scales act through frames).
    """

    def __init__(self, groups: Iterable[MatrixGroup]) -> None:
        self.groups = tuple(groups)
        self._linear = [group.linear_part() for group in self.groups]

    @cached_property
    def is_orthogonal(self) -> bool:
        """Whether every candidate is orthogonal, so that lower indices equal upper ones."""
        return all(group.is_orthogonal for group in self._linear)

    @cached_property
    def permutation_spaces(self) -> frozenset[str]:
        """Spaces on which every candidate that moves them acts by permutation matrices."""
        spaces, others = set(), set()
        for group in self._linear:
            for name in group.actions:
                part = group.restricted_to({name or ""})
                (spaces if part.is_permutation else others).add(name or "")
        return frozenset(spaces - others)

    def entity_spaces(self, spaces: Iterable[str]) -> frozenset[str]:
        """Named spaces whose axis enumerates entities: permuted by all candidates, or by none."""
        moved = {name or "" for group in self._linear for name in group.actions}
        return frozenset(
            name
            for name in spaces
            if name and (name in self.permutation_spaces or name not in moved)
        )

    def is_pointwise(self, kind: TensorType) -> bool:
        """Whether a pointwise nonlinearity commutes with every candidate on this type."""
        moved = {name or "" for group in self._linear for name in group.actions}
        return all(
            axis.space in self.permutation_spaces or axis.space not in moved for axis in kind.axes
        )


def hidden_representation(
    width: int,
    dims: Mapping[str, int],
    candidates: CandidateSet,
    rep_in: Representation,
    max_rank: int = 2,
) -> Representation:
    """Return hidden features of total dimension `width`, every type with an equal share.

    Types are visited from the largest to scalars; a type that does not fit its share is left
    out, and scalars fill what remains.

    Parameters
    ----------
    width : int
        Total dimension, gates not counted.
    dims : mapping of str to int
        Dimension of each space.
    candidates : CandidateSet
        The candidate symmetries; without any, all features are scalars.
    rep_in : Representation
        The input, whose named spaces the hidden types use.
    max_rank : int, default=2
        Highest rank.

    Examples
    --------
    >>> from sksofteq.groups import SO
    >>> from sksofteq.nn import CandidateSet, hidden_representation
    >>> from sksofteq.reps import Vector
    >>> hidden_representation(216, {"": 3}, CandidateSet([SO(3)]), Vector, max_rank=3)
    54*scalar + 18*vector + 6*tensor(2) + 2*tensor(3)
    """
    kinds = _hidden_types(dims, candidates, rep_in, max_rank)
    sizes = {kind: math.prod(dims[axis.space] for axis in kind.axes) for kind in kinds}
    kinds = sorted(kinds, key=lambda kind: (sizes[kind], kind.rank), reverse=True)
    counts, left = {}, width
    for position, kind in enumerate(kinds):
        counts[kind] = left // (len(kinds) - position) // sizes[kind]
        left -= counts[kind] * sizes[kind]
    ordered = sorted((k for k in kinds if counts[k]), key=lambda kind: (sizes[kind], kind.rank))
    return Representation([(counts[kind], kind) for kind in ordered], dims)


def _hidden_types(
    dims: Mapping[str, int], candidates: CandidateSet, rep_in: Representation, max_rank: int
) -> list[TensorType]:
    scalar = TensorType()
    if not candidates.groups:
        return [scalar]
    moved = {name or "" for group in candidates.groups for name in group.spaces}
    used = (moved | rep_in.spaces) & set(dims)
    entities = candidates.entity_spaces(used)
    geometric = sorted(used - entities)
    kinds = [scalar]
    for rank in range(1, max_rank + 1):
        for spaces in itertools.combinations_with_replacement(geometric, rank):
            if len(set(spaces)) == 1 and spaces[0] == "" and not candidates.is_orthogonal:
                kinds += [unnamed(rank - lower, lower) for lower in range(rank + 1)]
            elif not candidates.is_orthogonal:
                kinds += [
                    TensorType(tuple(Axis(s, dual=d) for s, d in zip(spaces, duals, strict=True)))
                    for duals in itertools.product((False, True), repeat=rank)
                ]
            else:
                kinds.append(TensorType(tuple(Axis(space) for space in spaces)))
    with_entities = [
        TensorType((Axis(entity), *kind.axes))
        for entity in sorted(entities)
        for kind in kinds
        if kind.rank < max_rank
    ]
    return kinds + with_entities


def gate_type(kind: TensorType, candidates: CandidateSet) -> TensorType:
    """The type of the gate of one tensor: a scalar, or one scalar per entity."""
    entities = candidates.entity_spaces(kind.spaces)
    return TensorType(tuple(axis for axis in kind.axes if axis.space in entities))


def with_gates(rep: Representation, candidates: CandidateSet) -> Representation:
    """The representation with a gate for every tensor that has no pointwise nonlinearity."""
    gates = [
        (count, gate_type(kind, candidates))
        for count, kind in rep.terms
        if not candidates.is_pointwise(kind)
    ]
    return Representation([*rep.terms, *gates], rep.dims).grouped()[0]


#: Features of each type, shape (..., *shape of the type, copies). Inside the layers copies come
#: last, so that mixing them is a product of contiguous matrices.
Features = Mapping[TensorType, Tensor]


def split_types(x: Tensor, rep: Representation) -> dict[TensorType, Tensor]:
    """Features by type from a table (..., dim), each type once in the representation."""
    parts = x.split([columns.stop - columns.start for columns, _, _ in rep.blocks], dim=-1)
    features = {}
    for part, (_, count, kind) in zip(parts, rep.blocks, strict=True):
        copies = part.unflatten(-1, (count, *rep.type_shape(kind)))
        features[kind] = copies.movedim(-1 - kind.rank, -1).contiguous()
    return features


def join_types(features: Features) -> Tensor:
    """The table (..., dim) of features by type."""
    parts = []
    for kind, part in features.items():
        copies = _ContiguousGradient.apply(part).movedim(-1, -1 - kind.rank)
        parts.append(copies.flatten(-1 - kind.rank))
    return torch.cat(parts, dim=-1)


class _ContiguousGradient(torch.autograd.Function):
    """The identity. Batched products of the backward pass are slow on transposed gradients."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        """Nothing to remember."""

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return gradient.contiguous()
