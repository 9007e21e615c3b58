"""Networks whose hidden layers have no types."""

from __future__ import annotations

import pytest
import torch

from sksofteq.groups import SE, SO, Scaling, Translation, parse_group
from sksofteq.nn import SoftEMLP
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
