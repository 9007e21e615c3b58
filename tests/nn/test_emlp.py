"""The network around its layers: order of columns, standardisation, copies."""

import copy
import pickle

import pytest
import torch

from sksofteq.groups import parse_group
from sksofteq.nn import SoftEMLP, SoftEquivariantLinear
from sksofteq.penalties import ProjectionPenalty
from sksofteq.reps import parse_rep

# types interleaved, so that grouping moves columns
REP_IN, REP_OUT = "vector + scalar + 2*vector + scalar", "scalar + vector + scalar"


def test_prepare_and_finish_use_the_order_of_the_columns(kit):
    net = kit.network([parse_group("SO(3)")], REP_IN, REP_OUT, {"": 3})
    mean_in, scale_in = torch.randn(11).double(), torch.rand(11).double() + 0.5
    mean_out, scale_out = torch.randn(5).double(), torch.rand(5).double() + 0.5
    net.standardise(mean_in, scale_in, mean_out, scale_out)
    x = torch.randn(4, 11).double()
    order = [0, 1, 2, 4, 5, 6, 7, 8, 9, 3, 10]  # vectors, then scalars
    torch.testing.assert_close(net.prepare(x), ((x - mean_in) / scale_in)[:, order])
    y = torch.randn(4, 5).double()
    grouped = ((y - mean_out) / scale_out)[:, [0, 4, 1, 2, 3]]
    torch.testing.assert_close(net.finish(grouped), y)
    torch.testing.assert_close(net(x), net.finish(net.core(net.prepare(x))))


def test_standardised_by_invariant_numbers_it_stays_equivariant(kit):
    group = parse_group("SO(3)")
    net = kit.network([group], REP_IN, REP_OUT, {"": 3}, hard=[group])
    mean_in, scale_in = torch.zeros(11).double(), torch.full((11,), 3.0).double()
    mean_in[[3, 10]], scale_in[[3, 10]] = 7.0, 0.2
    mean_out, scale_out = torch.zeros(5).double(), torch.full((5,), 40.0).double()
    mean_out[[0, 4]] = -5.0
    net.standardise(mean_in, scale_in, mean_out, scale_out)
    x = torch.randn(20, 11).double()
    assert kit.equivariance_error(net, x, group, net.rep_in, net.rep_out) < 1e-12
    assert net(x).std(dim=0).min() > 1e-2


@pytest.mark.parametrize("names", [("SO(3)",), ("SE(3)", "Scaling(3)"), ()])
def test_copies_predict_the_same(kit, names):
    rep = "2*point + scalar"
    net = kit.network([parse_group(name) for name in names], rep, "point", {"": 3})
    x = torch.randn(5, 7).double()
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(twin(x), net(x))
    other = kit.network([parse_group(name) for name in names], rep, "point", {"": 3})
    assert not torch.equal(other(x), net(x))
    other.load_state_dict(net.state_dict())
    assert torch.equal(other(x), net(x))


def test_plain_network(kit):
    net = kit.network([], "4*scalar", "2*scalar", {}, hidden=(8, 8))
    assert [str(block[2].rep_out) for block in net.core.blocks] == ["8*scalar"] * 2
    assert not any(len(block[1].weights) for block in net.core.blocks)
    assert net(torch.randn(3, 4).double()).shape == (3, 2)


def test_hidden_types_can_be_given():
    rep = parse_rep("vector + 4*scalar + 2*vector").bind(3)
    groups = [parse_group("SO(3)")]
    net = SoftEMLP(rep, rep, groups, (rep, 16))
    assert str(net.core.blocks[0][2].rep_out) == "3*vector + 4*scalar"
    assert net.core.blocks[1][2].rep_out.dim == 16


def test_skip():
    rep = parse_rep("2*vector").bind(3)
    groups = [parse_group("SO(3)")]
    torch.manual_seed(3)
    net = SoftEMLP(rep, rep, groups, (16,))
    assert not net.core.skip.weight.any()
    assert net.core.skip.bias is None
    torch.manual_seed(3)
    without = SoftEMLP(rep, rep, groups, (16,), skip=False)
    assert without.core.skip is None
    x = torch.randn(5, 6)
    torch.testing.assert_close(net(x), without(x))  # at the start
    with torch.no_grad():
        net.core.skip.weight.copy_(torch.eye(6))
    torch.testing.assert_close(net(x), without(x) + x)


def test_no_hidden_layer_is_linear(kit):
    net = kit.network([parse_group("SO(3)")], "2*vector", "vector", {"": 3}, hidden=())
    x = torch.randn(5, 6).double()
    zero = net(torch.zeros_like(x))
    torch.testing.assert_close(net(2 * x) - zero, 2 * (net(x) - zero))


def test_every_linear_layer_is_soft():
    rep = parse_rep("2*vector").bind(3)
    net = SoftEMLP(rep, rep, [parse_group("SO(3)")], (16, 16))
    soft = [m for m in net.modules() if isinstance(m, SoftEquivariantLinear)]
    assert len(soft) == 4
    assert ProjectionPenalty(net, net.groups).per_layer().shape == (4, 1)
    assert not any(isinstance(m, torch.nn.Linear) for m in net.modules())


def test_max_rank():
    rep = parse_rep("2*vector").bind(3)
    net = SoftEMLP(rep, rep, [parse_group("SO(3)")], (216,), max_rank=3)
    kinds = [str(kind) for _, kind in net.core.blocks[0][2].rep_out.terms]
    assert kinds == ["scalar", "vector", "tensor(2)", "tensor(3)"]
