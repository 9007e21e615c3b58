"""Networks whose hidden layers have no types."""

from __future__ import annotations

import pytest
import torch

from sksofteq.groups import SE, SO, Scaling, Translation, parse_group
from sksofteq.nn import SoftEMLP, SoftEquivariantLinear
from sksofteq.penalties import ProjectionPenalty
from sksofteq.reps import parse_rep

DIMS = {"": 3}


def network(groups, rep_in="2*point + vector", rep_out="scalar", **options):
    torch.manual_seed(0)
    reps = (parse_rep(rep, DIMS) for rep in (rep_in, rep_out))
    return SoftEMLP(*reps, groups, (16,), typed=False, **options).double()


def rows(n=5):
    return torch.randn(n, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_hidden_features_are_scalars_without_products():
    block = network([SO(3)]).core.blocks[0]
    assert str(block[0].rep_out) == "16*scalar"
    assert len(list(block[1].parameters())) == 0


def test_it_is_a_perceptron_with_a_skip():
    module = network([SO(3)])
    (block,), core = module.core.blocks, module.core
    linear = block[0]
    with torch.no_grad():
        for parameter in (linear.bias, core.output.bias, core.skip.weight):
            parameter.normal_()
    x = rows()
    h = torch.nn.functional.silu(x @ linear.weight.T + linear.bias)
    expected = h @ core.output.weight.T + core.output.bias + x @ core.skip.weight.T
    # the network's columns are in groups, points first, as here
    assert module.order_in.tolist() == list(range(9))
    torch.testing.assert_close(module(x), expected)


def test_only_the_skip_is_typed():
    module = network([SO(3)])
    typed = {
        name: layer.typed
        for name, layer in module.core.named_modules()
        if isinstance(layer, SoftEquivariantLinear)
    }
    assert typed == {"blocks.0.0": False, "output": False, "skip": True}


def test_hidden_features_do_not_depend_on_the_candidates():
    shapes = [
        [tuple(parameter.shape) for parameter in network(groups, "3*vector").parameters()]
        for groups in ([], [SO(3)], [parse_group("O(2)@x,y"), parse_group("GL(3)")])
    ]
    assert shapes[0] == shapes[1] == shapes[2]


def test_it_learns_less_than_typed_layers_of_a_rotation():
    """Projected, typed layers are equivariant; these are not."""
    reps = (parse_rep("3*vector", DIMS), parse_rep("scalar", DIMS))
    turn = torch.tensor(SO(3).sample(1, 0)[0])
    moved = (rows().view(-1, 3, 3) @ turn.T).flatten(1)
    gaps = []
    for typed in (True, False):
        torch.manual_seed(0)
        module = SoftEMLP(*reps, [SO(3)], (16,), typed=typed).double()
        ProjectionPenalty(module.core, [SO(3)]).project_()
        assert module(rows()).std() > 1e-3
        gaps.append((module(moved) - module(rows())).abs().max().item())
    assert gaps[0] < 1e-9 < 1e-2 < gaps[1]


def test_a_rotation_constrains_the_skip_alone():
    module = network([SO(3)], rep_in="3*vector", rep_out="vector")
    penalty = ProjectionPenalty(module.core, [SO(3)])
    # three maps of vectors to a vector, each a multiple of the identity
    assert penalty.degrees_of_freedom.tolist() == [3 * (9 - 1)]


def test_hidden_weights_do_not_move_under_a_rotation():
    module = network([SO(3)])
    before = module.core.blocks[0][0].weight.clone()
    ProjectionPenalty(module.core, [SO(3)]).project_()
    assert torch.equal(module.core.blocks[0][0].weight, before)


def test_a_projected_skip_commutes_with_the_rotation():
    module = network([SO(3)], rep_in="3*vector", rep_out="vector")
    skip = module.core.skip
    with torch.no_grad():
        skip.weight.normal_()
    ProjectionPenalty(module.core, [SO(3)]).project_()
    blocks = skip.weight.view(3, 3, 3).transpose(0, 1)  # by vector that is read
    for block in blocks:
        torch.testing.assert_close(block, block[0, 0] * torch.eye(3, dtype=torch.float64))
    assert skip.weight.any()


def test_vectors_scale_and_move_exactly_with_their_frame():
    """Outputs have units and a place: a point moves along, and grows."""
    names = ("Translation(3)", "Scaling(3)")
    groups = {name: parse_group(name) for name in names}
    module = network(list(groups.values()), rep_in="3*point", rep_out="point")
    penalty = ProjectionPenalty(module.core, groups)
    X, shift = rows(), torch.tensor([4.0, -5.0, 6.0], dtype=torch.float64)
    moved = 2.0 * X + shift.repeat(3)
    penalty.project_(["Translation(3)"])
    assert not torch.allclose(module(moved), 2.0 * module(X) + shift, atol=1e-3)
    penalty.project_()
    torch.testing.assert_close(module(moved), 2.0 * module(X) + shift)
    assert (module(X) - X.view(-1, 3, 3).mean(dim=1)).std() > 1e-3


@pytest.mark.parametrize("group", [Translation(3), Scaling(3)], ids=str)
def test_what_a_frame_takes_care_of_holds_exactly_once_it_is_not_read(group):
    module = network([group])
    penalty = ProjectionPenalty(module.core, [group])
    X = rows()
    moved = 3.0 * X if group == Scaling(3) else X + torch.tensor([1.0, 2, 3, 1, 2, 3, 0, 0, 0])
    assert not torch.allclose(module(moved), module(X), atol=1e-3)
    penalty.project_()
    assert torch.allclose(module(moved), module(X), atol=1e-9)
    assert module(X).std() > 1e-3


def test_the_centroid_may_be_read_if_only_rotations_hold():
    module = network([SE(3), SO(3)])
    penalty = ProjectionPenalty(module.core, {"se": SE(3), "so": SO(3)})
    before = module.core.blocks[0][0].weight.clone()
    penalty.project_(["so"])
    assert torch.equal(module.core.blocks[0][0].weight, before)
    penalty.project_(["se"])
    assert not torch.equal(module.core.blocks[0][0].weight, before)


def test_entities_and_named_spaces():
    names = ("Translation(3) on xyz", "Permutation(4) on body")
    groups = [parse_group(name) for name in names]
    dims = {"body": 4, "xyz": 3}
    reps = (parse_rep(rep, dims) for rep in ("body*point(xyz)", "scalar"))
    module = SoftEMLP(*reps, groups, (8,), typed=False)
    freedom = ProjectionPenalty(module.core, groups).degrees_of_freedom
    # the centroid is read by 8 hidden features and the skip; permutations constrain the skip only
    assert freedom.tolist() == [3 * (8 + 1), 3 * (4 - 1)]
