"""Which networks have the same layers, so that they may train as one."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from estimators_kit import regressor
from torch import nn

from sksofteq.estimators._shapes import _first_difference, why_alone
from sksofteq.groups import SO, Scaling
from sksofteq.nn import SoftEMLP
from sksofteq.reps import parse_rep


class Scaled(nn.Module):
    """A layer with a number, a buffer and whatever else."""

    def __init__(self, factor=1.0, width=3, buffer=1.0, other=None):
        super().__init__()
        self.linear = nn.Linear(width, 2)
        self.factor, self.other = factor, other
        self.register_buffer("shift", torch.tensor([buffer]))


@pytest.mark.parametrize(
    ("parameters", "alone"),
    [
        ({"compile": True}, True),
        ({"device": "cuda"}, False),
        ({"compile": True, "device": "cuda:1"}, False),
        ({"compile": True, "device": "cuda", "network": Scaled}, True),
        ({"compile": True, "device": "cuda", "penalty": "sampled"}, True),
    ],
)
def test_compiled_networks_train_alone_unless_recorded(parameters, alone):
    assert bool(why_alone(regressor(**parameters))) == alone


def test_weights_may_differ():
    assert _first_difference(Scaled(), Scaled()) == ""
    network = nn.Sequential(Scaled(), nn.Dropout(0.1), nn.ReLU())
    assert _first_difference(network, copy.deepcopy(network)) == ""


@pytest.mark.parametrize(
    ("other", "where"),
    [
        (Scaled(factor=2.0), "the network"),
        (Scaled(width=4), "linear"),
        (Scaled(buffer=2.0), "the network"),
        (Scaled().double(), "the network"),
        (Scaled(other=np.arange(3)), "the network"),
        (nn.Linear(3, 2), "the number of their layers"),
    ],
)
def test_nothing_else_may(other, where):
    assert _first_difference(Scaled(), other).startswith(where)


def test_what_cannot_be_compared_is_taken_to_differ():
    first, other = (Scaled(other=np.arange(3)) for _ in range(2))
    assert _first_difference(first, other).startswith("the network")


def test_candidates_may_differ_where_layers_do_not_depend_on_them():
    rep, scalar = parse_rep("2*vector", {"": 3}), parse_rep("scalar", {"": 3})
    cores = [
        SoftEMLP(rep, scalar, groups, (16,), typed=typed).core
        for typed in (True, False)
        for groups in ([SO(3)], [SO(2).embed((0, 1), 3)], [Scaling(3)])
    ]
    typed, plain = cores[:3], cores[3:]
    assert _first_difference(*typed[:2]) == _first_difference(*plain[:2]) == ""
    assert _first_difference(typed[0], plain[0])
    for layers in (typed, plain):  # a frame adds an input
        assert "blocks.0.0" in _first_difference(layers[0], layers[2])
