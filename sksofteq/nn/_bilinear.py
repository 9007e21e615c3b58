"""The bilinear layer: learned products of pairs of tensors, never a batch of matrices."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sksofteq.nn._features import CandidateSet, columns_of_types
from sksofteq.reps import Representation, TensorType


@dataclass(frozen=True)
class _Term:
    """y_c,k += sum_ij w_kij product(x_t,i ; x_b,j): index orders of one triple of types.

    The axes of t are its entities, those that c keeps and those summed against b; the axes of b
    its entities, those summed and those that c keeps.
    """

    kind_out: TensorType
    kind_tensor: TensorType
    kind_partner: TensorType
    tensor_order: tuple[int, ...]
    partner_order: tuple[int, ...]
    out_order: tuple[int, ...]  # from (entities, kept) to the memory order of c
    sizes: tuple[int, int, int, int]  # entries: entities, kept of t, summed, kept of b
    entities: tuple[bool, bool]  # whether t and b carry the entity axes


class BilinearLayer(nn.Module):
    """Products of the input with itself: contractions (arXiv 2104.09459) and outer products.

    Feature c of the output is a learned combination of the contractions of a tensor t with a
    partner b for all types with t = c x b*: the axes that c keeps, the others summed against b.
    Contractions alone reach a rank from lower ones only through hidden tensors of higher rank
    (exactly equivariant to O(3), a network of rank 2 makes nothing but multiples of the identity
    from vectors), so outer products c = t x b take part as well.
    At most as many copies of t as it has entries take part in a contraction, as in EMLP, but the
    first ones rather than random ones. Entity axes (``joint`` of ``joint*xyz``) are matched one
    to one. Contracting an upper with a lower index is always equivariant; upper with upper only
    because every candidate is orthogonal.

    Parameters
    ----------
    rep : Representation
        Features before and after, each type once.
    candidates : CandidateSet
        The candidate symmetries.

    Attributes
    ----------
    weights : ParameterList of tensors of shape (copies_out, copies_tensor, copies_partner)
    """

    def __init__(self, rep: Representation, candidates: CandidateSet) -> None:
        super().__init__()
        self.rep = rep
        self._columns = columns_of_types(rep)
        kinds = [kind for _, kind in rep.terms]
        triples = itertools.product(kinds, repeat=3)
        terms = [_find_term(rep, candidates, triple) for triple in triples]
        self._terms = [term for term in terms if term is not None]
        self.weights = nn.ParameterList([self._new_weight(term) for term in self._terms])

    def _new_weight(self, term: _Term) -> nn.Parameter:
        m, n, p = (
            self._columns[k][1] for k in (term.kind_out, term.kind_tensor, term.kind_partner)
        )
        if term.sizes[3] == 1:  # b keeps nothing: a contraction
            n = min(n, math.prod(self._columns[term.kind_tensor][2]))
        siblings = sum(other.kind_out == term.kind_out for other in self._terms)
        std = 1.0 / math.sqrt(siblings * n * p * term.sizes[2])
        return nn.Parameter(torch.randn(m, n, p) * std)

    def forward(self, x: Tensor) -> Tensor:  # (n, dim) -> (n, dim)
        """Return the products (to be added to the input by the caller)."""
        if not self._terms:
            return torch.zeros_like(x)
        features = {
            kind: x[:, columns].reshape(len(x), count, *shape)
            for kind, (columns, count, shape) in self._columns.items()
        }
        sums: dict[TensorType, Tensor] = {}
        for term, weight in zip(self._terms, self.weights, strict=True):
            value = _contract(term, weight, features, self._columns[term.kind_out][2])
            known = sums.get(term.kind_out)
            sums[term.kind_out] = value if known is None else known + value
        return torch.cat(
            [
                sums[kind].flatten(1) if kind in sums else torch.zeros_like(x[:, columns])
                for kind, (columns, _, _) in self._columns.items()
            ],
            dim=1,
        )

    def extra_repr(self) -> str:
        """What print shows."""
        return f"{self.rep}, {len(self._terms)} products"


def _contract(
    term: _Term, weight: Tensor, features: dict[TensorType, Tensor], shape: tuple[int, ...]
) -> Tensor:
    """Contract then mix copies, or mix then contract, whichever takes fewer products."""
    copies, n_tensor, n_partner = weight.shape
    entities, kept, summed, added = term.sizes
    tensor = features[term.kind_tensor][:, :n_tensor]
    tensor = tensor.permute(0, *(2 + i for i in term.tensor_order), 1)  # (n, e, c, b, i)
    rows = len(tensor)
    lead = (rows, entities if term.entities[0] else 1)
    tensor = tensor.reshape(*lead, kept, summed, n_tensor)
    partner = features[term.kind_partner].permute(0, *(2 + i for i in term.partner_order), 1)
    lead_partner = (rows, entities if term.entities[1] else 1)
    partner = partner.reshape(*lead_partner, summed, added, n_partner)
    contract_first = n_tensor * kept * n_partner * added * (summed + copies)
    mix_first = n_tensor * copies * summed * added * (n_partner + kept)
    if contract_first <= mix_first:
        left = tensor.transpose(3, 4).reshape(*lead, kept * n_tensor, summed)
        pairs = left @ partner.reshape(*lead_partner, summed, added * n_partner)
        pairs = pairs.reshape(rows, entities, kept, n_tensor, added, n_partner).transpose(3, 4)
        pairs = pairs.reshape(rows, entities, kept * added, n_tensor * n_partner)
        out = pairs @ weight.reshape(copies, -1).T
    else:
        mix = weight.permute(2, 1, 0).reshape(n_partner, n_tensor * copies)
        mixed = (partner @ mix).reshape(*lead_partner, summed, added, n_tensor, copies)
        mixed = mixed.transpose(3, 4).reshape(*lead_partner, summed * n_tensor, added * copies)
        out = tensor.reshape(*lead, kept, summed * n_tensor) @ mixed
    ordered = [shape[i] for i in _inverse(term.out_order)]
    out = out.reshape(rows, *ordered, copies)
    return out.permute(0, len(shape) + 1, *(1 + i for i in term.out_order))


def _find_term(
    rep: Representation,
    candidates: CandidateSet,
    kinds: tuple[TensorType, TensorType, TensorType],
) -> _Term | None:
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
    matched = _contraction(*match) or _outer_product(*match)
    if matched is None:
        return None
    kept, summed, added, order = matched
    shape, shape_partner = rep.type_shape(tensor), rep.type_shape(partner)
    return _Term(
        *kinds,
        tuple(tensor_entity + kept + summed),
        tuple(partner_entity + partner_rest),
        tuple(_inverse(out_entity + order)),
        (
            math.prod(rep.type_shape(out)[i] for i in out_entity),
            math.prod(shape[i] for i in kept),
            math.prod(shape[i] for i in summed),
            math.prod(shape_partner[i] for i in added),
        ),
        (bool(tensor_entity) or not out_entity, bool(partner_entity) or not out_entity),
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
