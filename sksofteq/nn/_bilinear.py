"""The bilinear layer: learned products of pairs of tensors, never a batch of matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from sksofteq.nn._features import CandidateSet, Features, join_types, split_types
from sksofteq.nn._products import Product, find_products
from sksofteq.reps import Representation, TensorType

Members = Sequence[tuple[Product, Tensor]]

#: Size of the products at the start, relative to what they multiply. Every layer squares: begun at
#: 1, a network of three is a polynomial of degree eight, and predicts worse (docs/performance.md).
START = 0.1


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
    weights : ParameterList of tensors of shape (copies_partner, copies_tensor, copies_out)
    """

    def __init__(self, rep: Representation, candidates: CandidateSet) -> None:
        super().__init__()
        self.rep = rep
        self._products = list(find_products(rep, candidates))
        self.weights = nn.ParameterList([self._new_weight(p) for p in self._products])
        self._recipes = self._group_products()

    def _new_weight(self, product: Product) -> nn.Parameter:
        counts = {kind: count for count, kind in self.rep.terms}
        copies_tensor, copies_partner = counts[product.tensor], counts[product.partner]
        if not product.is_outer:
            copies_tensor = min(copies_tensor, self.rep.type_dim(product.tensor))
        siblings = sum(other.out == product.out for other in self._products)
        std = START / math.sqrt(siblings * copies_tensor * copies_partner * product.n_summed)
        return nn.Parameter(torch.randn(copies_partner, copies_tensor, counts[product.out]) * std)

    def _group_products(self) -> list[tuple[TensorType, Callable, list[int]]]:
        """Numbers of the products by the type that they make and the way to compute them."""
        found: dict[tuple[TensorType, Callable], list[int]] = {}
        for number, product in enumerate(self._products):
            if product.is_outer:
                way = _outer_products
            else:
                way = _contractions if product.n_kept > 1 else _full_contractions
            found.setdefault((product.out, way), []).append(number)
        return [(*key, numbers) for key, numbers in found.items()]

    def forward(self, x: Tensor) -> Tensor:  # (n, dim) -> (n, dim)
        """Return the products (to be added to the input by the caller)."""
        features = split_types(x, self.rep)
        made = self.products(features)
        return join_types(
            {kind: made.get(kind, torch.zeros_like(part)) for kind, part in features.items()}
        )

    def products(self, features: Features) -> dict[TensorType, Tensor]:
        """Return the products by type; types that none of them ends in are missing."""
        sums: dict[TensorType, Tensor] = {}
        for kind, way, numbers in self._recipes:
            members = [(self._products[i], self.weights[i]) for i in numbers]
            value = way(members, features, features[kind].shape[1:-1])
            sums[kind] = sums[kind] + value if kind in sums else value
        return sums

    def extra_repr(self) -> str:
        """What print shows."""
        return f"{self.rep}, {len(self._products)} products"


# Three ways to compute the products that end in one type. Each multiplies small matrices, one pair
# per row and entity, and mixes copies by a product that serves all rows at once; what differs is
# which comes first, and what the small matrices hold, so that neither is large. Copies come last
# throughout: a batched product is slow where its second factor is a transposed view.


def _full_contractions(members: Members, features: Features, shape: Sequence[int]) -> Tensor:
    """Nothing is kept: contract every pair of copies, then mix the pairs of all members."""
    pairs = []
    for product, weight in members:
        tensor = _spread(_tensor(product, weight, features).squeeze(1), product, 0)
        partner = _spread(_partner(product, features), product, 1)
        pairs.append((partner.transpose(1, 2) @ tensor).flatten(1))  # (rows, j i)
    mixed = torch.cat(pairs, dim=1) @ torch.cat([weight.flatten(0, 1) for _, weight in members])
    return _in_memory_order(mixed.unsqueeze(1), members[0][0], shape)


def _contractions(members: Members, features: Features, shape: Sequence[int]) -> Tensor:
    """Mix the partners, then contract the tensors of all members with them."""
    left, right = [], []
    for product, weight in members:
        left.append(_spread(_tensor(product, weight, features).flatten(2), product, 0))
        mixed = _partner(product, features) @ weight.flatten(1)
        mixed = mixed.unflatten(2, weight.shape[1:]).flatten(1, 2)  # (rows, summed i, copies)
        right.append(_spread(mixed, product, 1))
    return _in_memory_order(torch.cat(left, 2) @ torch.cat(right, 1), members[0][0], shape)


def _outer_products(members: Members, features: Features, shape: Sequence[int]) -> Tensor:
    """Mix the partners, then sum over the copies of the tensor."""
    values = []
    for product, weight in members:
        tensor = _spread(_tensor(product, weight, features).squeeze(2), product, 0)
        mixed = _partner(product, features) @ weight.transpose(1, 2).flatten(1)
        mixed = mixed.unflatten(2, (-1, weight.shape[1])).flatten(1, 2)  # (rows, added copies, i)
        value = tensor @ _spread(mixed, product, 1).transpose(1, 2)  # (rows, kept, added copies)
        value = value.unflatten(2, (product.n_added, -1))
        values.append(_in_memory_order(value, product, shape))
    return sum(values[1:], start=values[0])


def _tensor(product: Product, weight: Tensor, features: Features) -> Tensor:
    """Copies of the tensor that take part, shape (rows, kept, summed, copies)."""
    tensor = features[product.tensor]
    tensor = tensor.permute(0, *(1 + i for i in product.tensor_order), -1)
    sizes = (product.n_kept, product.n_summed, tensor.shape[-1])
    return tensor.reshape(_rows(tensor, product, 0), *sizes)[..., : weight.shape[1]]


def _partner(product: Product, features: Features) -> Tensor:
    """The partner, shape (rows, summed or added, copies)."""
    partner = features[product.partner]
    partner = partner.permute(0, *(1 + i for i in product.partner_order), -1)
    sizes = (product.n_summed * product.n_added, partner.shape[-1])
    return partner.reshape(_rows(partner, product, 1), *sizes)


def _rows(operand: Tensor, product: Product, number: int) -> int:
    return len(operand) * (product.n_entities if product.has_entities[number] else 1)


def _spread(value: Tensor, product: Product, number: int) -> Tensor:
    """Rows of an operand for every entity; one without entities serves all of them."""
    if product.has_entities[number]:
        return value
    return value.repeat_interleave(product.n_entities, dim=0)


def _in_memory_order(value: Tensor, product: Product, shape: Sequence[int]) -> Tensor:
    """From (rows, kept, added, copies) to (n, *shape, copies)."""
    order = product.out_order
    sizes = [shape[order.index(i)] for i in range(len(shape))]
    value = value.reshape(len(value) // product.n_entities, *sizes, value.shape[-1])
    return value.permute(0, *(1 + i for i in order), -1)
