"""The penalty of layers without types: it covers what they read of a frame, and nothing else."""

from __future__ import annotations

import math

import pytest
import torch

from sksofteq.groups import parse_group
from sksofteq.nn import SoftEquivariantLinear
from sksofteq.nn._frames import Frame
from sksofteq.penalties import ProjectionPenalty
from sksofteq.reps import parse_rep

DIMS = {"": 3}
NAMES = ("SE(3)", "SO(3)", "Translation(3)", "Scaling(3)")
WIDTH = 5


@pytest.fixture
def layer():
    """From two points, a vector, their centroid and the logarithm of a length to scalars."""
    reps = (parse_rep(rep, DIMS) for rep in ("2*point + vector", "scalar"))
    frame = Frame(*reps, [parse_group(name) for name in NAMES])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        rep_out = parse_rep(f"{WIDTH}*scalar", DIMS)
        return SoftEquivariantLinear(frame.rep_framed, rep_out, typed=False).double()


#: Columns of the layer that candidates forbid to read: 9 of the rows, then what the frame adds.
READ = {"SE(3)": slice(9, 12), "SO(3)": slice(0, 0)}
READ |= {"Translation(3)": slice(9, 12), "Scaling(3)": slice(12, 13)}


def penalty(layer):
    return ProjectionPenalty(layer, {name: parse_group(name) for name in NAMES})


def test_degrees_of_freedom_are_the_weights_that_read_the_frame(layer):
    assert penalty(layer).degrees_of_freedom.tolist() == [3 * WIDTH, 0, 3 * WIDTH, WIDTH]


def test_values_are_half_the_squares_of_these_weights(layer):
    expected = [0.5 * layer.weight[:, READ[name]].square().sum().item() for name in NAMES]
    assert penalty(layer).values().tolist() == pytest.approx(expected)


@pytest.mark.parametrize("name", NAMES)
def test_projection_forgets_what_is_read_and_keeps_the_rest(layer, name):
    expected = layer.weight.detach().clone()
    expected[:, READ[name]] = 0.0
    with torch.no_grad():
        layer.bias.normal_()
    bias = layer.bias.clone()
    penalty(layer).project_([name])
    torch.testing.assert_close(layer.weight, expected)
    assert torch.equal(layer.bias, bias)


def test_proximal_step_shrinks_these_weights_alone(layer):
    before, pulling = layer.weight.detach().clone(), penalty(layer)
    pulling.set_strengths({"SE(3)": 1.0, "SO(3)": 1e9, "Translation(3)": 2.0, "Scaling(3)": 0.5})
    pulling.proximal_step_(0.1)
    before[:, 9:12] /= 1 + 0.1 * 3.0
    before[:, 12:] /= 1 + 0.1 * 0.5
    torch.testing.assert_close(layer.weight, before)


def test_the_gradient_is_that_of_the_values(layer):
    pulling, strengths = penalty(layer), (1.0, 4.0, 2.0, 0.5)
    pulling.set_strengths(dict(zip(NAMES, strengths, strict=True)))
    pulling.add_gradient_()
    made = layer.weight.grad.clone()
    layer.weight.grad = None
    (pulling.values() * torch.tensor(strengths)).sum().backward()
    torch.testing.assert_close(made, layer.weight.grad)


def test_hard_rotations_start_with_weights_as_they_are(layer):
    before, pulling = layer.weight.detach().clone(), penalty(layer)
    pulling.start_inside_(["SO(3)"])
    assert torch.equal(layer.weight, before)
    pulling.set_strengths(dict.fromkeys(NAMES, 0.0) | {"SO(3)": math.inf})
    pulling.proximal_step_(0.1)
    assert torch.equal(layer.weight, before)


def test_typed_and_untyped_layers_side_by_side(layer):
    typed = SoftEquivariantLinear(layer.rep_in, layer.rep_out).double()
    both = penalty(torch.nn.Sequential(typed, layer))
    torch.testing.assert_close(
        both.per_layer(), torch.cat([penalty(typed).per_layer(), penalty(layer).per_layer()])
    )
    values = dict(zip(NAMES, both.per_layer().T.tolist(), strict=True))
    assert values["SO(3)"][0] > values["SO(3)"][1] == 0.0
