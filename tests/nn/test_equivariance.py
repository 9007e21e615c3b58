"""A hard network is equivariant, whatever the group, and still depends on its input."""

import numpy as np
import pytest
import torch

from sksofteq.groups import GeneratedGroup, parse_group

TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-5}
BODY = {"joint": 6, "xyz": 3}
MIRROR = "Reflection(3) on xyz & Permutation(2)@0,1 in R^6 on joint"

# (group, dimensions, rep_in, rep_out): on these types every output admits a non-constant map
TENSORS = ("2*scalar + 3*vector", "scalar + vector + tensor(2)")
MIXED = ("2*scalar + 2*vector + 2*tensor(0,1)", "scalar + vector + tensor(1,1)")
POINTS = ("scalar + 3*point + vector", "scalar + point + vector + tensor(2)")
SKELETON = ("joint + joint*xyz + scalar", "scalar + xyz + joint + joint*xyz")
POINT_SKELETON = ("joint + joint*point(xyz)", "joint + xyz + joint*xyz + point(xyz)")
FAMILIES = [
    ("O(2)", 2, *TENSORS),
    ("O(3)", 3, *TENSORS),
    ("SO(2)", 2, *TENSORS),
    ("SO(3)", 3, *TENSORS),
    ("SL(2)", 2, *MIXED),
    ("SL(3)", 3, *MIXED),
    ("GL(2)", 2, *MIXED),
    ("GL(3)", 3, *MIXED),
    ("Sp(1)", 2, *MIXED),
    ("Sp(2)", 4, *MIXED),
    ("Lorentz()", 4, *MIXED),
    ("SO(1,3)", 4, *MIXED),
    ("O(1,2)", 3, *MIXED),
    ("Permutation(4)", 4, *TENSORS),
    ("Cyclic(4)", 4, *TENSORS),
    ("Dihedral(5)", 2, *TENSORS),
    ("Rotation(5)", 2, *TENSORS),
    ("Reflection(3)", 3, *TENSORS),
    ("Trivial(3)", 3, *TENSORS),
    ("Scaling(3)", 3, "scalar + 3*vector + tensor(2) + tensor(0,1)", TENSORS[1]),
    ("Scaling(3, frame=False)", 3, *MIXED),
    ("Translation(3)", 3, *POINTS),
    ("SE(2)", 2, *POINTS),
    ("SE(3)", 3, *POINTS),
    ("E(3)", 3, *POINTS),
    ("O(2)@x,y", 3, *TENSORS),
    ("SO(2)@y,z", 3, *TENSORS),
    ("Rotation(4)@x,z", 3, *TENSORS),
    ("Permutation(3)@0,2,3 in R^4", 4, *TENSORS),
    ("SL(2)@x,y", 3, *MIXED),
    ("Translation(1)@z", 3, *POINTS),
    ("SE(2)@x,y", 3, *POINTS),
    ("E(2)@y,z", 3, *POINTS),
    ("SO(3) on xyz", BODY, *SKELETON),
    ("O(2)@x,y on xyz", BODY, *SKELETON),
    ("Permutation(6) on joint", BODY, *SKELETON),
    ("Cyclic(6) on joint", BODY, *SKELETON),
    (MIRROR, BODY, *SKELETON),
    ("Scaling(3) on xyz", BODY, *SKELETON),
    ("Translation(3) on xyz", BODY, *POINT_SKELETON),
    ("SE(2)@x,y on xyz", BODY, *POINT_SKELETON),
]
GENERATED = {
    "quarter turn": GeneratedGroup(
        discrete_generators=[[[0, -1, 0], [1, 0, 0], [0, 0, 1]]], name="quarter turn"
    ),
    "skewed turn": GeneratedGroup([[[0.0, -2.0], [0.5, 0.0]]], name="skewed turn"),
    "screw": GeneratedGroup(
        [[[0, -1, 0], [1, 0, 0], [0, 0, 0]]], [np.diag([1.0, 1.0, -1.0])], name="screw"
    ),
}


def check(kit, net, groups, dtype, n_rows=24):
    """Equivariant to each of the groups, and every output column varies."""
    x = torch.randn(n_rows, net.rep_in.dim, dtype=dtype)
    with torch.no_grad():
        y = net(x)
    assert y.isfinite().all()
    for columns, _, kind in net.rep_out.blocks:
        assert y[:, columns].std(dim=0).norm() > 1e-3, f"{kind} is constant"
    for group in groups:
        error = kit.equivariance_error(net, x, group, net.rep_in, net.rep_out)
        assert error < TOLERANCES[dtype], f"{group}: {error}"


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize(("name", "dims", "rep_in", "rep_out"), FAMILIES, ids=lambda p: str(p))
def test_hard_network_is_equivariant(kit, name, dims, rep_in, rep_out, dtype):
    group = parse_group(name)
    dims = dims if isinstance(dims, dict) else {"": dims}
    check(
        kit, kit.network([group], rep_in, rep_out, dims, hard=[group], dtype=dtype), [group], dtype
    )


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize("group", GENERATED.values(), ids=str)
def test_generated_groups(kit, group, dtype):
    rep_in, rep_out = TENSORS if group.is_orthogonal else MIXED
    net = kit.network([group], rep_in, rep_out, {"": group.dim}, hard=[group], dtype=dtype)
    check(kit, net, [group], dtype)


@pytest.mark.parametrize(("name", "dims", "rep_in", "rep_out"), FAMILIES, ids=lambda p: str(p))
def test_free_network_is_not_equivariant(kit, name, dims, rep_in, rep_out):
    group = parse_group(name)
    dims = dims if isinstance(dims, dict) else {"": dims}
    net = kit.network([group], rep_in, rep_out, dims)
    x = torch.randn(24, net.rep_in.dim, dtype=torch.float64)
    error = kit.equivariance_error(net, x, group, net.rep_in, net.rep_out)
    assert error == 0 if group.is_trivial else error > 1e-2


BESIDE = [
    # candidates, positions of the hard ones, dims, rep_in, rep_out
    (("O(3)", "O(2)@x,y", "SL(3)"), (1,), 3, *MIXED),
    (("O(2)@x,y", "O(2)@y,z", "O(2)@x,z"), (0, 1), 3, *TENSORS),
    (("O(2)@x,y", "O(2)@y,z", "O(2)@x,z"), (0, 1, 2), 3, *TENSORS),
    (("SO(3)", "Reflection(3)"), (0, 1), 3, *TENSORS),
    (("SO(2)@x,y", "Permutation(3)", "Reflection(3)"), (0, 2), 3, *TENSORS),
    (("SO(2)@x,y", "SL(2)@x,y", "SO(2)@y,z"), (0, 1), 3, *MIXED),
    (("SL(2)", "Scaling(2, frame=False)"), (0, 1), 2, *MIXED),
    (("SE(3)", "O(3)", "Scaling(3)"), (0,), 3, *POINTS),
    (("SE(3)", "O(3)", "Scaling(3)"), (0, 1, 2), 3, *POINTS),
    (("Translation(3)", "SE(2)@x,y", "SL(3)"), (1,), 3, *POINTS),
    (("SE(2)@x,y", "Translation(1)@z"), (0, 1), 3, *POINTS),
    (("SO(3) on xyz", "Permutation(6) on joint", MIRROR), (0, 1), BODY, *SKELETON),
    (("SO(3) on xyz", "Permutation(6) on joint", MIRROR), (0, 2), BODY, *SKELETON),
    (("SO(2)@y,z on xyz", "Cyclic(6) on joint", MIRROR), (0, 1, 2), BODY, *SKELETON),
    (("Translation(3) on xyz", MIRROR, "SO(3) on xyz"), (0, 1), BODY, *POINT_SKELETON),
    (
        ("Scaling(3) on xyz", "SE(3) on xyz", "Permutation(6) on joint"),
        (0, 1, 2),
        BODY,
        *POINT_SKELETON,
    ),
    (
        ("SL(3) on xyz", "Permutation(6) on joint"),
        (0, 1),
        BODY,
        "joint*xyz + joint*dual(xyz)",
        "scalar + joint + joint*xyz + xyz",
    ),
]


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize(
    ("names", "hard", "dims", "rep_in", "rep_out"), BESIDE, ids=lambda p: str(p)
)
def test_hard_candidates_beside_others(kit, names, hard, dims, rep_in, rep_out, dtype):
    groups = [parse_group(name) for name in names]
    dims = dims if isinstance(dims, dict) else {"": dims}
    chosen = [groups[i] for i in hard]
    net = kit.network(groups, rep_in, rep_out, dims, hard=chosen, dtype=dtype)
    check(kit, net, chosen, dtype)
