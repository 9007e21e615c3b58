"""The gated nonlinearity commutes with every candidate."""

import pytest
import torch

from sksofteq.groups import parse_group
from sksofteq.nn import CandidateSet, GatedNonlinearity
from sksofteq.reps import parse_rep

BODY = {"joint": 4, "xyz": 3}
MIRROR = "Reflection(3) on xyz & Permutation(2)@0,1 in R^4 on joint"
CASES = {
    "orthogonal": (("O(3)",), 3, "2*scalar + 3*vector + tensor(2)"),
    "not orthogonal": (("SL(2)", "GL(2)"), 2, "scalar + vector + 2*tensor(0,1) + tensor(1,1)"),
    "no scalars": (("Lorentz()",), 4, "2*vector + tensor(1,1)"),
    "permutations": (("Permutation(4)", "Cyclic(4)"), 4, "2*scalar + 2*vector + tensor(2)"),
    "signed": (("Reflection(3)", "Permutation(3)"), 3, "scalar + 2*vector"),
    "part": (("Permutation(3)@0,1,2 in R^4",), 4, "scalar + 2*vector"),
    "joints": (
        ("SO(3) on xyz", "Permutation(4) on joint", MIRROR),
        BODY,
        "scalar + xyz + 2*joint + 3*joint*xyz + 2*xyz*xyz",
    ),
    "joints without a type of their own": (("SO(3) on xyz",), BODY, "2*joint*xyz + xyz*joint"),
    "signed joints": (("Reflection(4) on joint", "SO(3) on xyz"), BODY, "2*joint + joint*xyz"),
}


def build(names, dims, rep):
    """(layer, groups) with the representation bound."""
    dims = dims if isinstance(dims, dict) else {"": dims}
    groups = [parse_group(name) for name in names]
    return GatedNonlinearity(parse_rep(rep, dims).bind(dims), CandidateSet(groups)), groups


@pytest.mark.parametrize("case", CASES)
def test_equivariance_is_exact(kit, case):
    layer, groups = build(*CASES[case])
    x = torch.randn(8, layer.rep_in.dim, dtype=torch.float64)
    assert layer(x).shape == (8, layer.rep_out.dim)
    for group in groups:
        assert kit.equivariance_error(layer, x, group, layer.rep_in, layer.rep_out) < 1e-13


@pytest.mark.parametrize("case", CASES)
def test_every_tensor_has_one_gate_of_its_own(case):
    """d out / d gate reaches the tensor of the gate alone, and all of them have one."""
    layer, groups = build(*CASES[case])
    candidates = CandidateSet(groups)
    x = torch.randn(layer.rep_in.dim, dtype=torch.float64)
    reach = torch.autograd.functional.jacobian(layer, x) != 0
    own = {kind: columns for columns, _, kind in layer.rep_in.blocks}
    gates_seen = []
    for columns, count, kind in layer.rep_out.blocks:
        size = (columns.stop - columns.start) // count
        for copy in range(count):
            rows = slice(columns.start + copy * size, columns.start + (copy + 1) * size)
            read = reach[rows].clone()
            start = own[kind].start + copy * size
            assert read[:, start : start + size].diagonal().all()
            read[:, start : start + size].fill_diagonal_(False)
            gates = read.any(dim=0).nonzero().ravel().tolist()
            if candidates.is_pointwise(kind):
                assert not gates
                continue
            assert (read.sum(dim=1) == 1).all()
            entities = candidates.entity_spaces(kind.spaces)
            n_gates = 1
            for axis, n in zip(kind.axes, layer.rep_out.type_shape(kind), strict=True):
                n_gates *= n if axis.space in entities else 1
            assert len(gates) == n_gates
            gates_seen += gates
    assert len(gates_seen) == len(set(gates_seen))
    assert len(gates_seen) == layer.rep_in.dim - layer.rep_out.dim


def test_values():
    layer, _ = build(("SO(3)",), 3, "2*scalar + vector")
    assert str(layer.rep_in) == "3*scalar + vector"
    x = torch.tensor([[0.5, -1.0, 2.0, 1.0, -3.0, 4.0]])
    silu = x[:, :2] * torch.sigmoid(x[:, :2])
    gated = x[:, 3:] * torch.sigmoid(x[:, 2:3])
    torch.testing.assert_close(layer(x), torch.cat([silu, gated], dim=1))


def test_one_gate_per_joint():
    layer, _ = build(("SO(3) on xyz", "Permutation(4) on joint"), BODY, "joint + joint*xyz")
    assert str(layer.rep_in) == "2*joint + joint*xyz"
    x = torch.randn(5, layer.rep_in.dim)
    vectors = x[:, 8:].reshape(5, 4, 3) * torch.sigmoid(x[:, 4:8])[:, :, None]
    torch.testing.assert_close(layer(x)[:, 4:], vectors.reshape(5, -1))


POINTWISE = [
    # candidates, type, pointwise?
    (("Permutation(3)",), "vector", True),
    (("Permutation(3)", "Cyclic(3)"), "tensor(2)", True),
    (("Permutation(2)@0,1 in R^3",), "vector", True),
    (("Trivial(3)",), "vector", True),
    (("Translation(3)",), "vector", True),
    (("Scaling(3)",), "vector", True),  # the frame has taken the scale away
    (("Scaling(3, frame=False)",), "vector", False),
    (("Permutation(3)", "SO(3)"), "vector", False),
    (("Permutation(3)", "SE(2)@x,y"), "vector", False),
    (("Reflection(3)",), "vector", False),
    (("Rotation(4)@x,y",), "vector", False),
    (("SO(3)",), "scalar", True),
    (("SO(3) on xyz",), "joint", True),
    (("SO(3) on xyz", "Permutation(4) on joint"), "joint*xyz", False),
    (("Permutation(4) on joint",), "joint*xyz", True),
    ((MIRROR,), "joint", True),
    ((MIRROR,), "xyz", False),
    (("Reflection(4) on joint",), "joint", False),
]


@pytest.mark.parametrize(("names", "kind", "expected"), POINTWISE)
def test_pointwise_on_permutation_types_only(names, kind, expected):
    dims = BODY if "xyz" in kind or "joint" in kind else {"": 3}
    layer, groups = build(names, dims, kind)
    ((_, tensor_type),) = layer.rep_out.terms
    assert CandidateSet(groups).is_pointwise(tensor_type) is expected
    assert (layer.rep_in == layer.rep_out) is expected
    if expected:
        x = torch.randn(5, layer.rep_in.dim)
        torch.testing.assert_close(layer(x), x * torch.sigmoid(x))


def test_leading_axes():
    layer, _ = build(*CASES["joints"])
    x = torch.randn(2, 3, layer.rep_in.dim)
    torch.testing.assert_close(layer(x)[1], layer(x[1]))
