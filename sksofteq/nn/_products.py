"""Which products of two feature types end in a third, and in what order of axes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from sksofteq.nn._features import CandidateSet
from sksofteq.reps import Representation, TensorType


@dataclass(frozen=True)
class Product:
    """One way to make type `out` from a tensor t and a partner b.

    A contraction, t = out x b*, sums the axes of t that `out` does not keep against b. An outer
    product, out = t x b, sums nothing.

    Parameters
    ----------
    out, tensor, partner : TensorType
    tensor_order : tuple of int
        Axes of t: its entities, those that `out` keeps, those summed against b.
    partner_order : tuple of int
        Axes of b: its entities, then those summed or, in an outer product, those that it adds.
    out_order : tuple of int
        From (entities, kept of t, added of b) to the memory order of `out`.
    n_entities, n_kept, n_summed, n_added : int
        Entries of these axes.
    has_entities : (bool, bool)
        Whether t and b carry the entity axes of `out`, if it has any.
    """

    out: TensorType
    tensor: TensorType
    partner: TensorType
    tensor_order: tuple[int, ...]
    partner_order: tuple[int, ...]
    out_order: tuple[int, ...]
    n_entities: int
    n_kept: int
    n_summed: int
    n_added: int
    has_entities: tuple[bool, bool]
    is_outer: bool


def find_products(rep: Representation, candidates: CandidateSet) -> Iterator[Product]:
    """All products among the types of a representation that every candidate respects."""
    kinds = [kind for _, kind in rep.terms]
    for triple in itertools.product(kinds, repeat=3):
        product = _find_product(rep, candidates, triple)
        if product is not None:
            yield product


def _find_product(
    rep: Representation,
    candidates: CandidateSet,
    kinds: tuple[TensorType, TensorType, TensorType],
) -> Product | None:
    """The product of the second type with the third that ends in the first, if there is one."""
    out, tensor, partner = kinds
    if not tensor.axes:
        return None  # scalars as tensors would repeat the terms with scalars as partners
    entities = candidates.entity_spaces(rep.spaces)
    (out_entity, out_rest), (tensor_entity, tensor_rest), (partner_entity, partner_rest) = (
        _split(kind, entities) for kind in kinds
    )
    spaces = _named(out, out_entity)
    carried = [_named(tensor, tensor_entity), _named(partner, partner_entity)]
    if spaces not in carried or any(own not in ([], spaces) for own in carried):
        return None
    match = (kinds, (out_rest, tensor_rest, partner_rest), candidates.is_orthogonal)
    contraction = _contraction(*match)
    matched = contraction or _outer_product(*match)
    if matched is None:
        return None
    kept, summed, added, order = matched
    shape, shape_partner = rep.type_shape(tensor), rep.type_shape(partner)
    has_entities = tuple(bool(own) or not out_entity for own in (tensor_entity, partner_entity))
    return Product(
        *kinds,
        tensor_order=tuple(tensor_entity + kept + summed),
        partner_order=tuple(partner_entity + partner_rest),
        out_order=tuple(_inverse(out_entity + order)),
        n_entities=math.prod(rep.type_shape(out)[i] for i in out_entity),
        n_kept=math.prod(shape[i] for i in kept),
        n_summed=math.prod(shape[i] for i in summed),
        n_added=math.prod(shape_partner[i] for i in added),
        has_entities=has_entities,
        is_outer=contraction is None,
    )


def _contraction(kinds: tuple, rests: tuple, orthogonal: bool) -> tuple | None:
    """Axes (kept of t, summed of t, added of b, order of c) of t = c x b*."""
    out, tensor, partner = kinds
    out_rest, tensor_rest, partner_rest = rests
    left = list(tensor_rest)
    kept = _take(tensor, left, out, out_rest, orthogonal, dual=False)
    summed = _take(tensor, left, partner, partner_rest, orthogonal, dual=True)
    if kept is None or summed is None or left:
        return None
    return kept, summed, [], out_rest


def _outer_product(kinds: tuple, rests: tuple, orthogonal: bool) -> tuple | None:
    """The same for c = t x b."""
    out, tensor, partner = kinds
    out_rest, tensor_rest, partner_rest = rests
    left = list(out_rest)
    first = _take(out, left, tensor, tensor_rest, orthogonal, dual=False)
    second = _take(out, left, partner, partner_rest, orthogonal, dual=False)
    if not first or not second or left:
        return None
    return tensor_rest, [], partner_rest, first + second


def _named(kind: TensorType, axes: list[int]) -> list[str]:
    return [kind.axes[i].space for i in axes]


def _split(kind: TensorType, entities: frozenset[str]) -> tuple[list[int], list[int]]:
    """Positions of entity axes and of the others."""
    entity = [i for i, axis in enumerate(kind.axes) if axis.space in entities]
    return entity, [i for i in range(kind.rank) if i not in entity]


def _take(
    kind: TensorType,
    left: list[int],
    other: TensorType,
    wanted: list[int],
    orthogonal: bool,
    dual: bool,
) -> list[int] | None:
    """Take from `left` the axes of `kind` that match the wanted axes of `other`, in order."""
    taken = []
    for j in wanted:
        axis = other.axes[j]
        for i in left:
            same_side = kind.axes[i].dual == (axis.dual != dual)
            if kind.axes[i].space == axis.space and (orthogonal or same_side):
                taken.append(i)
                left.remove(i)
                break
        else:
            return None
    return taken


def _inverse(order: list[int] | tuple[int, ...]) -> list[int]:
    inverse = [0] * len(order)
    for position, axis in enumerate(order):
        inverse[axis] = position
    return inverse
