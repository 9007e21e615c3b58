"""Linear layers: free ones, and ones that are equivariant by construction."""

import copy

import numpy as np
import pytest
import torch

from sksofteq.groups import parse_group
from sksofteq.nn import EquivariantLinear, SoftEquivariantLinear
from sksofteq.reps import Scalar, Vector, parse_rep
from sksofteq.subspace import EquivariantProjector

BODY = {"joint": 4, "xyz": 3}
CASES = [
    ("SO(3)", 3, "3*scalar + 2*vector", "2*scalar + vector + 2*tensor(2)"),
    ("O(2)@x,y", 3, "3*scalar + 2*vector", "2*scalar + vector + tensor(2)"),
    ("SL(2)", 2, "scalar + vector + tensor(0,1)", "scalar + tensor(1,1) + vector"),
    ("Permutation(4)", 4, "scalar + 2*vector", "2*vector + tensor(2)"),
    ("SO(1,3)", 4, "scalar + 2*vector", "vector + tensor(1,1)"),
    ("SO(3) on xyz", BODY, "joint*xyz + joint", "scalar + xyz*joint"),
    (
        "Reflection(3) on xyz & Permutation(2)@0,1 in R^4 on joint",
        BODY,
        "joint*xyz + joint",
        "scalar + xyz*joint",
    ),
]


def reps(dims, rep_in, rep_out):
    dims = dims if isinstance(dims, dict) else {"": dims}
    return parse_rep(rep_in, dims).bind(dims), parse_rep(rep_out, dims).bind(dims)


@pytest.mark.parametrize(("name", "dims", "rep_in", "rep_out"), CASES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_equivariant_by_construction(kit, name, dims, rep_in, rep_out, dtype, tolerance):
    group, (rep_in, rep_out) = parse_group(name), reps(dims, rep_in, rep_out)
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        layer = EquivariantLinear(group, rep_in, rep_out)
    finally:
        torch.set_default_dtype(default)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
    x = torch.randn(10, rep_in.dim, dtype=dtype)
    assert layer(x).std(dim=0).max() > 0.1
    assert kit.equivariance_error(layer, x, group, rep_in, rep_out) < tolerance


@pytest.mark.parametrize(("name", "dims", "rep_in", "rep_out"), CASES)
def test_equal_to_its_own_projection(name, dims, rep_in, rep_out):
    group, (rep_in, rep_out) = parse_group(name), reps(dims, rep_in, rep_out)
    layer = EquivariantLinear(group, rep_in, rep_out)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
        weight, bias = (part.numpy() for part in layer.dense())
    projected = EquivariantProjector(group, rep_in, rep_out).project(weight)
    np.testing.assert_allclose(weight, projected, atol=1e-5)
    of_bias = EquivariantProjector(group, Scalar, rep_out).project(bias[:, None])
    np.testing.assert_allclose(bias, of_bias[:, 0], atol=1e-5)
    n_coefficients = sum(parameter.numel() for parameter in layer.parameters())
    assert n_coefficients == sum(
        EquivariantProjector(group, rep, rep_out).rank for rep in (rep_in, Scalar)
    )


@pytest.mark.parametrize("name", ["SO(3)", "O(2)@x,y", "Permutation(3)", "Trivial(3)"])
def test_weights_have_variance_one_over_dim_in(name):
    rep_in, rep_out = reps(3, "30*scalar + 20*vector + 8*tensor(2)", "20*vector + 6*tensor(2)")
    layer = EquivariantLinear(parse_group(name), rep_in, rep_out)
    weight, bias = layer.dense()
    assert not bias.any()
    for rows, _, type_out in rep_out.blocks:
        for columns, _, type_in in rep_in.blocks:
            block = weight[rows, columns]
            if block.any():
                variance = block.square().mean() * rep_in.dim
                assert 0.6 < variance < 1.6, (type_out, type_in)


def test_no_equivariant_map_at_all():
    layer = EquivariantLinear(parse_group("SO(3)"), Scalar, Vector.bind(3))
    assert not list(layer.parameters())
    assert layer(torch.ones(2, 1)).tolist() == [[0.0] * 3] * 2


def test_copies_keep_their_weights():
    rep_in, rep_out = reps(3, "2*vector", "vector")
    layer = EquivariantLinear(parse_group("SO(3)"), rep_in, rep_out)
    twin = EquivariantLinear(parse_group("SO(3)"), rep_in, rep_out)
    twin.load_state_dict(layer.state_dict())
    x = torch.randn(3, 6)
    torch.testing.assert_close(twin(x), layer(x))
    torch.testing.assert_close(copy.deepcopy(layer)(x), layer(x))


def test_soft_layer_is_a_dense_layer():
    rep_in, rep_out = reps(3, "2*scalar + 40*vector", "50*vector")
    layer = SoftEquivariantLinear(rep_in, rep_out)
    x = torch.randn(4, rep_in.dim)
    torch.testing.assert_close(layer(x), x @ layer.weight.T + layer.bias)
    assert not layer.bias.any()
    assert layer.weight.var().item() * rep_in.dim == pytest.approx(1.0, rel=0.05)
    assert SoftEquivariantLinear(rep_in, rep_out, bias=False).bias is None


def test_print():
    rep_in, rep_out = reps(3, "2*scalar + vector", "tensor(2)")
    assert repr(SoftEquivariantLinear(rep_in, rep_out)) == (
        "SoftEquivariantLinear(2*scalar + vector -> tensor(2))"
    )
    text = repr(EquivariantLinear(parse_group("SO(3)"), rep_in, rep_out))
    assert "SO(3): 2*scalar + vector -> tensor(2)" in text
