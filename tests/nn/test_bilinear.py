"""The bilinear layer against one dense einsum per triple of types; what it makes possible."""

import itertools
import string

import numpy as np
import pytest
import torch

from sksofteq.groups import parse_group
from sksofteq.nn import BilinearLayer, CandidateSet
from sksofteq.reps import parse_rep

BODY = {"joint": 4, "xyz": 3}
MIRROR = "Reflection(3) on xyz & Permutation(2)@0,1 in R^4 on joint"
CASES = {
    "orthogonal": (("O(3)", "SO(2)@x,y"), 3, "3*scalar + 4*vector + 2*tensor(2)"),
    "third rank": (("O(2)",), 2, "2*scalar + 2*vector + 3*tensor(2) + tensor(3)"),
    "mixed order": (("SO(3)",), 3, "tensor(2) + 2*vector + scalar"),
    "not orthogonal": (
        ("SL(3)", "O(3)"),
        3,
        "2*scalar + 3*vector + 2*tensor(0,1) + tensor(1,1) + tensor(2)",
    ),
    "Lorentz": (("Lorentz()",), 4, "2*scalar + 2*vector + 3*tensor(0,1) + 2*tensor(1,1)"),
    "permutation": (("Permutation(4)",), 4, "2*scalar + 2*vector + tensor(2)"),
    "entities": (
        ("SO(3) on xyz", "Permutation(4) on joint", MIRROR),
        BODY,
        "2*scalar + 3*xyz + xyz*xyz + 2*joint + 3*joint*xyz",
    ),
    "entities last": (("SO(3) on xyz",), BODY, "scalar + 2*xyz*joint + 2*joint + xyz*joint*xyz"),
    "entities, third rank": (
        ("SO(3) on xyz",),
        BODY,
        "2*xyz + 2*joint*xyz + xyz*xyz + joint*xyz*xyz + xyz*joint*xyz",
    ),
    "entities, not orthogonal": (
        ("SL(3) on xyz", "Permutation(4) on joint"),
        BODY,
        "scalar + xyz + dual(xyz) + joint*xyz + 2*joint*dual(xyz) + joint",
    ),
}


def build(names, dims, rep, scale=1):
    """(layer, candidates) in float64, with `scale` times the copies."""
    dims = dims if isinstance(dims, dict) else {"": dims}
    candidates = CandidateSet([parse_group(name) for name in names])
    rep = parse_rep(rep, dims).bind(dims)
    if scale > 1:
        rep = type(rep)([(scale * n, kind) for n, kind in rep.terms], rep.dims)
    return BilinearLayer(rep, candidates).double(), candidates


def subscripts(out, tensor, partner, candidates, entities):
    """Letters of the axes of the three types, or None where they have no product."""
    letters = iter(string.ascii_lowercase)
    shared = [axis.space for axis in out.axes if axis.space in entities]
    lists = [[a.space for a in kind.axes if a.space in entities] for kind in (tensor, partner)]
    if not tensor.axes or shared not in lists or any(found not in ([], shared) for found in lists):
        return None
    of_entities = [next(letters) for _ in shared]
    # contraction: the tensor holds the axes of both; outer product: the output does
    for holder, other in ((1, (0, False)), (0, (1, False))):
        kinds, named = (out, tensor, partner), []
        bare = any(all(a.space in entities for a in kind.axes) for kind in (tensor, partner))
        if holder == 0 and bare:  # a product with scalars is a contraction already
            continue
        for kind in kinds:
            entity = iter(of_entities)
            named.append([next(entity) if a.space in entities else None for a in kind.axes])
        parts = (other, (2, holder == 1))
        if fill(kinds, named, holder, parts, letters, candidates.is_orthogonal, entities):
            return ["".join(letters_of) for letters_of in named]
    return None


def fill(kinds, named, holder, parts, letters, orthogonal, entities):
    """Name the holder's axes after those of the two parts; whether all fit."""
    free = [i for i, axis in enumerate(kinds[holder].axes) if axis.space not in entities]
    for number, lowers in parts:
        for j, axis in enumerate(kinds[number].axes):
            if axis.space in entities:
                continue
            for i in free:
                other = kinds[holder].axes[i]
                opposite = other.dual != axis.dual
                if other.space == axis.space and (orthogonal or opposite == lowers):
                    named[number][j] = named[holder][i] = next(letters)
                    free.remove(i)
                    break
            else:
                return False
    return not free


def dense(layer, candidates, x):
    """The same output, type by type, with no care for cost."""
    rep, weights = layer.rep, iter(layer.weights)
    y = torch.zeros_like(x)
    blocks = {kind: (columns, n, rep.type_shape(kind)) for columns, n, kind in rep.blocks}
    entities = candidates.entity_spaces(rep.spaces)
    for out, tensor, partner in itertools.product(blocks, repeat=3):
        names = subscripts(out, tensor, partner, candidates, entities)
        if names is None:
            continue
        weight = next(weights)
        features = []
        for kind in (tensor, partner):
            columns, n, shape = blocks[kind]
            features.append(x[:, columns].reshape(len(x), n, *shape))
        of_out, of_tensor, of_partner = names
        value = torch.einsum(
            f"XI{of_tensor},XJ{of_partner},JIK->XK{of_out}",
            features[0][:, : weight.shape[1]],
            features[1],
            weight,
        )
        y[:, blocks[out][0]] += value.reshape(len(x), -1)
    assert next(weights, None) is None  # no contraction beside these
    return y


@pytest.mark.parametrize("scale", [1, 3, 8])
@pytest.mark.parametrize("case", CASES)
def test_dense_reference(case, scale):
    layer, candidates = build(*CASES[case], scale)
    assert len(layer.weights) > 0
    x = torch.randn(7, layer.rep.dim, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(layer(x), dense(layer, candidates, x), rtol=1e-11, atol=1e-11)


def test_the_cases_cover_all_ways_to_compute():
    seen = set()
    for case in CASES.values():
        layer, _ = build(*case)
        for product in layer._products:
            spreads = not all(product.has_entities)
            seen.add((product.is_outer, not product.is_outer and product.n_kept == 1, spreads))
    assert len(seen) == 6


@pytest.mark.parametrize("case", CASES)
def test_equivariant_by_itself(kit, case):
    names, dims, rep = CASES[case]
    layer, candidates = build(names, dims, rep)
    x = torch.randn(9, layer.rep.dim, dtype=torch.float64)
    for group in candidates.groups:
        assert kit.equivariance_error(layer, x, group, layer.rep, layer.rep) < 1e-12


def test_orthogonal_candidates_alone_may_contract_equal_indices(kit):
    layer, _ = build(("SO(3)",), 3, "scalar + 2*vector")
    x = torch.randn(9, layer.rep.dim, dtype=torch.float64)
    boost = parse_group("SL(3)")
    assert kit.equivariance_error(layer, x, boost, layer.rep, layer.rep) > 1e-2
    without, _ = build(("SO(3)", "SL(3)"), 3, "scalar + 2*vector")
    assert [weight.shape for weight in without.weights] == [(1, 2, 2)]  # vector x scalar


def test_some_copies_of_the_tensor_take_part():
    layer, _ = build(("SO(3)",), 3, "2*scalar + 7*vector")
    shapes = sorted(tuple(weight.shape) for weight in layer.weights)
    assert shapes == [(2, 3, 7), (7, 3, 2)]  # three entries, three copies


def test_output_starts_at_a_tenth_of_the_input():
    layer, _ = build(("SO(3)",), 3, "20*scalar + 20*vector + 10*tensor(2)")
    x = torch.randn(500, layer.rep.dim, dtype=torch.float64)
    with torch.no_grad():
        y = layer(x)
    for columns, _, _ in layer.rep.blocks:
        assert 0.003 < y[:, columns].square().mean() < 0.04


def test_nothing_to_contract():
    layer, _ = build(("SO(3)",), 3, "5*scalar")
    x = torch.randn(4, 5, dtype=torch.float64)
    assert not len(layer.weights)
    assert not layer(x).any()
    assert not list(layer.parameters())


def test_types_without_a_contraction_get_zero():
    # a single lower index is no product of the others
    layer, _ = build(("SL(2)",), 2, "vector + tensor(0,2)")
    x = torch.randn(4, layer.rep.dim, dtype=torch.float64)
    y = layer(x)
    assert not y[:, 2:].any()


def test_gradients_match_differences():
    layer, _ = build(*CASES["entities"])
    x = torch.randn(2, layer.rep.dim, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, (x,))


def test_print():
    layer, _ = build(("SO(3)",), 3, "2*scalar + 3*vector")
    assert repr(layer).startswith("BilinearLayer(\n  2*scalar + 3*vector, 2 products")
    assert np.isfinite([weight.std().item() for weight in layer.weights]).all()
