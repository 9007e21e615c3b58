"""Modules of the user's, framed and standardised."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from sksofteq.groups import parse_group
from sksofteq.nn import OwnNetwork, SoftEquivariantLinear
from sksofteq.penalties import ProjectionPenalty
from sksofteq.reps import parse_rep

MIXED = "scalar + vector + scalar"


def reps(rep_in="2*point", rep_out="point"):
    return parse_rep(rep_in).bind(3), parse_rep(rep_out).bind(3)


def weights(module):
    return copy.deepcopy(module.state_dict())


def test_columns_stay_in_the_order_of_the_representation():
    rep = parse_rep(MIXED).bind(3)
    net = OwnNetwork(rep, rep, (), nn.Identity())
    assert str(net.core_in) == MIXED
    net.standardise(*torch.arange(20.0).reshape(4, 5) + 1.0)
    x = torch.arange(10.0).reshape(2, 5)
    expected = (x - net.mean_in) / net.scale_in * net.scale_out + net.mean_out
    torch.testing.assert_close(net(x), expected)


@pytest.mark.parametrize("names", [["SE(3)"], ["Translation(3)", "Scaling(3)"]])
def test_frames_make_equivariant_layers_an_equivariant_network(names):
    torch.manual_seed(0)
    groups = [parse_group(name) for name in names]
    net = OwnNetwork(*reps(), groups, SoftEquivariantLinear).double()
    assert net.core_in.dim > 6  # what the frame adds
    ProjectionPenalty(net.core, groups).project_()
    x = torch.randn(10, 6, dtype=torch.float64)
    moved = 3.0 * x if len(groups) > 1 else x
    shift = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64)
    expected = 3.0 * net(x) if len(groups) > 1 else net(x)
    torch.testing.assert_close(net(moved + shift.repeat(2)), expected + shift)
    assert net(x).std() > 0.1


def test_an_instance_is_copied():
    given = nn.Linear(6, 3)
    before = weights(given)
    net = OwnNetwork(*reps(), (), given)
    net.core.weight.data += 1.0
    assert all(torch.equal(before[name], value) for name, value in given.state_dict().items())
    assert not any(name.startswith("_given") for name in net.state_dict())


def test_parts_that_a_class_did_not_make_are_copied():
    given = nn.Linear(6, 3)
    nets = [OwnNetwork(*reps(), (), lambda *_: nn.Sequential(given)) for _ in range(2)]
    assert len({given.weight, *(net.core[0].weight for net in nets)}) == 3


def test_a_network_of_this_shape_comes_from_the_recipe():
    net = OwnNetwork(*reps(), [parse_group("SE(3)")], SoftEquivariantLinear)
    again = OwnNetwork(**net.recipe)
    again.load_state_dict(net.state_dict())
    x = torch.randn(4, 6)
    torch.testing.assert_close(again(x), net(x))


def test_probabilities():
    net = OwnNetwork(*reps("2*scalar", "3*scalar"), (), nn.Linear(2, 3), probabilities=True)
    torch.testing.assert_close(net(torch.randn(4, 2)).sum(dim=1), torch.ones(4))


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (nn.Linear, "make one when called with two representations"),
        (lambda rep_in: nn.Identity(), "make one when called with two representations"),
        (lambda rep_in, rep_out: rep_in.dim, "must make a torch module"),
    ],
)
def test_what_makes_no_module_is_refused(network, said):
    with pytest.raises(TypeError, match=said):
        OwnNetwork(*reps(), (), network)


class Pair(nn.Module):
    def forward(self, x):
        return x, x


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (nn.Linear(5, 3), "raised: mat1 and mat2 shapes"),
        (nn.Linear(6, 2), r"returned \(2, 2\)"),
        (nn.Flatten(0), r"returned \(12,\)"),
        (Pair(), "returned tuple"),
    ],
)
def test_wrong_widths_are_told(network, said):
    net = OwnNetwork(*reps(), (), network)
    with pytest.raises(ValueError, match=r"network must map tables of shape \(n, 6\)") as caught:
        net.check(torch.zeros(2, 6))
    assert len(caught.value.args[0]) < 400
    with pytest.raises(ValueError, match=said):
        net.check(torch.zeros(2, 6))


@pytest.mark.parametrize("network", [nn.Flatten(), nn.Linear(6, 6).requires_grad_(False)])
def test_nothing_to_train_is_told(network):
    rep = parse_rep("2*vector").bind(3)
    with pytest.raises(ValueError, match="network must have weights to train"):
        OwnNetwork(rep, rep, (), network).check(torch.zeros(2, 6))


def test_the_check_leaves_statistics_and_generators_alone():
    net = OwnNetwork(*reps(), (), nn.Sequential(nn.BatchNorm1d(6), nn.Dropout(), nn.Linear(6, 3)))
    before, generator = weights(net), torch.get_rng_state()
    net.check(torch.from_numpy(np.ones((2, 6), np.float32)))
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), generator)


def test_the_check_gives_lazy_layers_their_widths():
    net = OwnNetwork(*reps(), (), nn.LazyLinear(3))
    net.check(torch.zeros(2, 6))
    assert net.core.weight.shape == (3, 6)


@pytest.mark.parametrize(("made", "soft"), [(SoftEquivariantLinear, True), (nn.Linear, False)])
def test_soft_layers_are_found_anywhere(made, soft):
    def network(rep_in, rep_out):
        sides = (rep_in, rep_out) if soft else (rep_in.dim, rep_out.dim)
        return nn.Sequential(nn.Sequential(nn.Identity(), made(*sides)))

    assert OwnNetwork(*reps(), (), network).has_soft_layers == soft
