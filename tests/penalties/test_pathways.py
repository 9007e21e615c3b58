"""The penalty of networks with pathways."""

import numpy as np
import pytest
import torch

from sksofteq.groups import parse_group
from sksofteq.nn import PathwayLinear
from sksofteq.penalties import PathwayPenalty
from sksofteq.reps import parse_rep
from sksofteq.subspace import EquivariantProjector

REP_IN, REP_OUT = (parse_rep(r).bind(3) for r in ("scalar + 2*vector", "vector + tensor(2)"))
GROUPS = {name: parse_group(name) for name in ("O(2)@x,y", "O(2)@y,z")}
SEPARATE = [[label] for label in GROUPS]


@pytest.fixture
def layer():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = PathwayLinear(REP_IN, REP_OUT, n_pathways=2).double()
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.normal_()
        yield layer


def residual(weight: torch.Tensor, label: str) -> float:
    projector = EquivariantProjector(GROUPS[label], REP_IN, REP_OUT)
    return float((projector.residual(weight.detach().numpy()) ** 2).sum())


def test_a_step_projects_every_pathway_onto_its_own_subspace(layer):
    PathwayPenalty(layer, GROUPS, SEPARATE).proximal_step_(0.1)
    for number, label in enumerate(GROUPS):
        other = next(name for name in GROUPS if name != label)
        assert residual(layer.pathways[number].weight, label) < 1e-20
        assert residual(layer.pathways[number].weight, other) > 1e-2


def test_a_pathway_of_several_candidates_is_equivariant_to_all(layer):
    PathwayPenalty(layer, GROUPS, [list(GROUPS)]).proximal_step_(0.1)
    for label in GROUPS:
        assert residual(layer.pathways[0].weight, label) < 1e-20


@pytest.mark.parametrize("decay", [0.0, 3.0, 1e9])
def test_a_step_shrinks_the_residual_pathway(layer, decay):
    before = layer.residual.weight.detach().clone()
    PathwayPenalty(layer, GROUPS, SEPARATE, decay).proximal_step_(0.1)
    torch.testing.assert_close(layer.residual.weight.detach(), before / (1 + 0.1 * decay))


def test_values_and_residuals_are_those_of_the_summed_weights(layer):
    penalty = PathwayPenalty(layer, GROUPS, SEPARATE)
    weight, bias = layer.dense()
    total = sum(part.detach().square().sum().item() for part in (weight, bias))
    for number, label in enumerate(GROUPS):
        projector = EquivariantProjector(GROUPS[label], parse_rep("scalar").bind(3), REP_OUT)
        outside = float((projector.residual(bias.detach().numpy()[:, None]) ** 2).sum())
        expected = residual(weight, label) + outside
        assert penalty.values()[number].item() == pytest.approx(expected / 2, rel=1e-12)
        assert penalty.relative_residuals()[number] == pytest.approx(expected / total, rel=1e-12)


def test_the_start_lies_inside_and_keeps_its_size(layer):
    before = layer.pathways[0].weight.norm().item()
    PathwayPenalty(layer, GROUPS, SEPARATE).start_inside_()
    assert residual(layer.pathways[0].weight, "O(2)@x,y") < 1e-20
    assert layer.pathways[0].weight.norm().item() == pytest.approx(before, rel=0.1)


def test_strengths_are_recorded_and_move_nothing(layer):
    penalty = PathwayPenalty(layer, GROUPS, SEPARATE)
    penalty.proximal_step_(0.1)
    kept = [parameter.detach().clone() for parameter in layer.parameters()]
    penalty.set_strengths(dict.fromkeys(GROUPS, 7.0))
    penalty.proximal_step_(0.1)
    assert penalty.strengths == dict.fromkeys(GROUPS, 7.0)
    for now, then in zip(layer.parameters(), kept, strict=True):
        np.testing.assert_allclose(now.detach(), then, atol=1e-12)
