"""The projection penalty against a dense reference: every projector as one matrix over a layer."""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from sksofteq._blocks import PairBlocks
from sksofteq.groups import Translation, parse_group
from sksofteq.nn import SoftEMLP, SoftEquivariantLinear
from sksofteq.penalties import ProjectionPenalty
from sksofteq.reps import Point, Vector, parse_rep
from sksofteq.subspace import equivariant_basis

BODY = {"joint": 4, "xyz": 3}
SWAP = "Reflection(3) on xyz & Permutation(2)@0,1 in R^4 on joint"
TURN = "Rotation(5) on plane & Cyclic(5) on ring"
# name: (dimensions, representations of layer after layer, groups, strengths)
CASES = {
    "one space": (
        {"": 3},
        ("2*scalar + 2*vector", "scalar + tensor(2) + vector", "2*vector"),
        ("O(3)", "O(2)@x,y", "SO(2)@y,z", "Permutation(3)"),
        (0.3, 4.0, 1.5, 0.2),
    ),
    "not orthogonal": (
        {"": 3},
        ("scalar + vector + tensor(0,1)", "scalar + tensor(1,1)", "2*vector"),
        ("SL(3)", "SL(2)@x,y", "Scaling(3, frame=False)", "SO(1,2)"),
        (0.7, 2.0, 0.4, 1.0),
    ),
    "lower indices": (
        {"": 3},
        ("vector + tensor(0,1) + scalar", "tensor(1,1) + tensor(0,2)", "vector + tensor(0,1)"),
        ("O(3)", "O(2)@x,y", "Permutation(3)"),
        (0.4, 2.0, 1.0),
    ),
    "more maps than entries": (
        {"": 3},
        ("scalar + vector", "tensor(2) + vector", "vector"),
        ("SO(2)@x,y", "SO(2)@y,z", "SO(2)@x,z", "O(2)@x,y", "Cyclic(3)", "Reflection(3)"),
        (0.4, 2.0, 1.0, 0.7, 0.1, 3.0),
    ),
    "two modes": (
        BODY,
        ("joint + joint*xyz", "scalar + xyz + xyz*joint", "xyz"),
        ("SO(3) on xyz", "Permutation(4) on joint", "O(2)@x,y on xyz", "Cyclic(4) on joint"),
        (2.0, 0.5, 1.0, 3.0),
    ),
    "paired": (
        BODY,
        ("joint + joint*xyz", "scalar + xyz + xyz*joint", "xyz"),
        (SWAP, "SO(3) on xyz", "Cyclic(4) on joint"),
        (3.0, 1.0, 0.5),
    ),
    "paired, dense": (
        {"plane": 2, "ring": 5},
        ("ring*plane + ring", "plane*ring + scalar + plane", "plane"),
        (TURN, "Reflection(2) on plane", "Permutation(3)@0,1,3 in R^5 on ring"),
        (1.0, 0.5, 2.0),
    ),
}
DTYPES = {torch.float64: 1e-11, torch.float32: 2e-5}


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """Fix torch's generator for one test and give it back as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def chain(dims, reps, dtype=torch.float64) -> nn.Sequential:
    """Soft layers with random weights and biases, the last one without a bias."""
    reps = [parse_rep(rep, dims).bind(dims) for rep in reps]
    layers = [SoftEquivariantLinear(a, b, bias=b is not reps[-1]) for a, b in pairwise(reps)]
    module = nn.Sequential(*layers).to(dtype)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_()
    return module


def dense_projectors(module, group) -> list[np.ndarray]:
    """P_G over (weight, bias) of every layer, one matrix a layer."""
    projectors = []
    for layer in module:
        parts = [equivariant_basis(group, layer.rep_in, layer.rep_out)]
        if layer.bias is not None:
            parts.append(equivariant_basis(group, layer.rep_out))
        sizes = [len(part) for part in parts]
        projector = np.zeros((sum(sizes), sum(sizes)))
        for part, start in zip(parts, np.cumsum([0, *sizes[:-1]]), strict=True):
            projector[start : start + len(part), start : start + len(part)] = part @ part.T
        projectors.append(projector)
    return projectors


def flat(module) -> list[np.ndarray]:
    """The weights and bias of every layer in one float64 vector a layer."""
    return [
        np.concatenate([p.detach().double().numpy().ravel() for p in layer.parameters()])
        for layer in module
    ]


def dense_proximal(ws, projectors, strengths, step) -> list[np.ndarray]:
    """(I + step M)^-1 w within the common subspace of the hard groups, layer by layer."""
    result = []
    for number, w in enumerate(ws):
        complements = [np.eye(len(w)) - table[number] for table in projectors]
        hard = [c for s, c in zip(strengths, complements, strict=True) if math.isinf(s)]
        total = sum(
            (s * c for s, c in zip(strengths, complements, strict=True) if not math.isinf(s)),
            np.zeros((len(w), len(w))),
        )
        values, vectors = np.linalg.eigh(sum(hard, np.zeros_like(total)))
        common = vectors[:, values < 1e-9]
        inside = np.eye(common.shape[1]) + step * common.T @ total @ common
        result.append(common @ np.linalg.solve(inside, common.T @ w))
    return result


def setup(case, dtype=torch.float64):
    """(module, penalty, strengths by label, dense projectors by group)."""
    dims, reps, names, strengths = CASES[case]
    module, groups = chain(dims, reps, dtype), [parse_group(name) for name in names]
    penalty = ProjectionPenalty(module, groups)
    projectors = [dense_projectors(module, group) for group in groups]
    return module, penalty, dict(zip(penalty.labels, strengths, strict=True)), projectors


def assert_close(found, expected, tolerance):
    """Equal up to a fraction of the size of the expected vector of each layer."""
    for a, b in zip(found, expected, strict=True):
        assert np.abs(a - b).max() <= tolerance * max(1.0, np.abs(b).max())


every_case = pytest.mark.parametrize("case", CASES)
both_dtypes = pytest.mark.parametrize(("dtype", "tolerance"), DTYPES.items(), ids=map(str, DTYPES))


# ---------------------------------------------------------------------- values


@every_case
@both_dtypes
def test_values_and_layers(case, dtype, tolerance):
    module, penalty, _, projectors = setup(case, dtype)
    expected = np.array(
        [
            [0.5 * np.sum((w - table[k] @ w) ** 2) for table in projectors]
            for k, w in enumerate(flat(module))
        ]
    )
    table = penalty.per_layer()
    assert table.dtype == dtype
    np.testing.assert_allclose(table.detach().numpy(), expected, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(penalty.values(), table.sum(dim=0))


@every_case
def test_degrees_of_freedom(case):
    _, penalty, _, projectors = setup(case)
    ranks = [sum(len(p) - np.linalg.matrix_rank(p) for p in table) for table in projectors]
    np.testing.assert_allclose(penalty.degrees_of_freedom, ranks, rtol=1e-12, atol=1e-9)


@every_case
def test_relative_residuals(case):
    module, penalty, _, _ = setup(case)
    total = sum(np.sum(w**2) for w in flat(module))
    residuals = penalty.relative_residuals()
    assert ((residuals >= 0) & (residuals <= 1)).all()
    np.testing.assert_allclose(residuals, 2 * penalty.values().detach().numpy() / total)
    for number, label in enumerate(penalty.labels):
        penalty.project_([label])
        assert penalty.relative_residuals()[number] < 1e-20
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    assert (penalty.relative_residuals() == 0).all()


def test_residual_is_one_where_nothing_is_equivariant():
    dims = {"": 3}
    penalty = ProjectionPenalty(chain(dims, ("vector", "scalar")), [parse_group("SO(3)")])
    np.testing.assert_allclose(penalty.relative_residuals(), 1.0)


def test_frames_zero_the_columns_they_must_not_read():
    rep = (2 * Point + Vector).bind(3)
    groups = {
        "t": Translation(3),
        "z": parse_group("Translation(1)@z"),
        "s": parse_group("Scaling(3)"),
    }
    net = SoftEMLP(rep, Vector.bind(3), list(groups.values()), (16,)).double()
    penalty = ProjectionPenalty(net, groups)
    first, skip = net.core.blocks[0][0], net.core.skip
    assert [str(kind) for _, _, kind in first.rep_in.blocks][-2:] == ["centroid:", "log scale:"]
    weights = [first.weight.detach()]
    assert not skip.weight.any()
    expected = [
        0.5 * sum(float(w[:, columns].square().sum()) for w in weights)
        for columns in (slice(-4, -1), slice(-2, -1), slice(-1, None))
    ]
    np.testing.assert_allclose(penalty.values().detach().numpy(), expected, rtol=1e-12)
    n_rows = first.rep_out.dim + skip.rep_out.dim
    np.testing.assert_allclose(penalty.degrees_of_freedom, [3 * n_rows, n_rows, n_rows])
    other = first.weight[:, :-4].clone()
    penalty.project_(["t", "s"])
    assert not first.weight[:, -4:].any()
    torch.testing.assert_close(first.weight[:, :-4], other, rtol=0, atol=1e-14)


SUBGROUPS = [
    ("O(3)", "O(2)@x,y"),
    ("O(3)", "SO(3)"),
    ("SL(3)", "SO(3)"),
    ("SL(3)", "SL(2)@x,y"),
    ("Permutation(3)", "Cyclic(3)"),
    ("O(3)", "Reflection(3)"),
]


@pytest.mark.parametrize(("larger", "smaller"), SUBGROUPS)
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-3, 1e3))
def test_residual_of_a_subgroup_is_never_larger(larger, smaller, seed, scale):
    module = chain({"": 3}, ("scalar + vector + tensor(2)", "scalar + 2*vector", "tensor(2)"))
    with torch.no_grad():
        generator = torch.Generator().manual_seed(seed)
        for parameter in module.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator).double())
    penalty = ProjectionPenalty(module, [parse_group(larger), parse_group(smaller)])
    of_larger, of_smaller = penalty.values().tolist()
    assert of_smaller <= of_larger * (1 + 1e-12)


@pytest.mark.parametrize(("names", "n_stacks"), [(("O(3)", "SO(2)@x,y"), 3), (("SL(3)",), 5)])
def test_maps_with_the_same_axes_share_a_stack(names, n_stacks):
    """All maps here have 1, 2 or 3 indices, and only some groups tell upper from lower ones."""
    module = chain({"": 3}, ("scalar + vector + tensor(0,1)", "vector + tensor(1,1)"))
    penalty = ProjectionPenalty(module, [parse_group(name) for name in names])
    assert len(penalty._pairs) == n_stacks


# ---------------------------------------------------------------------- gradient


@every_case
@both_dtypes
def test_gradient(case, dtype, tolerance):
    module, penalty, strengths, projectors = setup(case, dtype)
    penalty.set_strengths(strengths)
    weights = torch.tensor(list(strengths.values()), dtype=dtype)
    (penalty.values() * weights).sum().backward()
    by_autograd = [p.grad.clone() for p in module.parameters()]
    module.zero_grad(set_to_none=True)
    penalty.add_gradient_()
    for parameter, expected in zip(module.parameters(), by_autograd, strict=True):
        torch.testing.assert_close(parameter.grad, expected, rtol=tolerance, atol=tolerance)
    found = [
        np.concatenate([p.grad.double().numpy().ravel() for p in layer.parameters()])
        for layer in module
    ]
    dense = [
        sum(s * (w - t[k] @ w) for s, t in zip(strengths.values(), projectors, strict=True))
        for k, w in enumerate(flat(module))
    ]
    assert_close(found, dense, tolerance)
    penalty.add_gradient_()  # adds to what is there
    for parameter, expected in zip(module.parameters(), by_autograd, strict=True):
        torch.testing.assert_close(parameter.grad, 2 * expected, rtol=tolerance, atol=tolerance)


def test_no_gradient_without_strengths():
    module, penalty, strengths, _ = setup("one space")
    penalty.add_gradient_()
    penalty.set_strengths(dict.fromkeys(strengths, 0.0))
    penalty.add_gradient_()
    assert all(parameter.grad is None for parameter in module.parameters())


# ---------------------------------------------------------------------- proximal step


@every_case
@both_dtypes
@pytest.mark.parametrize("step", [0.01, 1.0, 30.0])
def test_proximal_step(case, dtype, tolerance, step):
    module, penalty, strengths, projectors = setup(case, dtype)
    expected = dense_proximal(flat(module), projectors, strengths.values(), step)
    penalty.set_strengths(strengths)
    penalty.proximal_step_(step)
    assert_close(flat(module), expected, tolerance)


@every_case
@both_dtypes
@pytest.mark.parametrize("hard", [(0,), (1,), (0, 1), (1, 2), "all"], ids=str)
def test_hard_candidates_beside_soft_ones(case, dtype, tolerance, hard):
    module, penalty, strengths, projectors = setup(case, dtype)
    chosen = penalty.labels if hard == "all" else [penalty.labels[i] for i in hard]
    strengths |= dict.fromkeys(chosen, math.inf)
    expected = dense_proximal(flat(module), projectors, strengths.values(), 0.5)
    penalty.set_strengths(strengths)
    penalty.proximal_step_(0.5)
    assert_close(flat(module), expected, tolerance)


@every_case
@both_dtypes
def test_projection(case, dtype, tolerance):
    module, penalty, strengths, projectors = setup(case, dtype)
    before = flat(module)
    penalty.set_strengths(strengths)
    hard = [math.inf] * len(strengths)
    penalty.project_()
    once = flat(module)
    assert_close(once, dense_proximal(before, projectors, hard, 1.0), tolerance)
    penalty.project_()
    assert_close(flat(module), once, tolerance)
    assert penalty.strengths == strengths  # as they were


@every_case
def test_very_large_strengths_approach_the_projection(case):
    module, penalty, strengths, projectors = setup(case)
    before, hard = flat(module), [math.inf] * len(strengths)
    expected = dense_proximal(before, projectors, hard, 1.0)
    distances = []
    for strength in (1e1, 1e3, 1e5):
        module.load_state_dict(_state(module, before))
        penalty.set_strengths(dict.fromkeys(strengths, strength))
        penalty.proximal_step_(1.0)
        found = flat(module)
        distances.append(max(np.abs(a - b).max() for a, b in zip(found, expected, strict=True)))
    assert distances[0] > 10 * distances[1] > 100 * distances[2]
    assert distances[2] < 1e-3


def _state(module, vectors):
    """A state dict that holds these flat vectors."""
    state = {}
    for (name, layer), vector in zip(module.named_children(), vectors, strict=True):
        pieces = np.split(vector, np.cumsum([p.numel() for p in layer.parameters()])[:-1])
        for (key, parameter), piece in zip(layer.named_parameters(), pieces, strict=True):
            state[f"{name}.{key}"] = torch.tensor(piece).view_as(parameter)
    return state


@pytest.mark.parametrize("strength", [1e6, 1e12, 1e30])
@pytest.mark.parametrize("case", ["one space", "not orthogonal", "two modes"])
@both_dtypes
def test_strong_penalties_leave_equivariant_maps_alone(case, dtype, tolerance, strength):
    module, penalty, strengths, _ = setup(case, dtype)
    for label in penalty.labels:
        penalty.project_([label])
        before = flat(module)
        penalty.set_strengths({other: strength * (other == label) for other in strengths})
        for _ in range(10):
            penalty.proximal_step_(1.0)
        assert_close(flat(module), before, tolerance)


@pytest.mark.parametrize("case", ["paired", "paired, dense"])
@both_dtypes
@pytest.mark.parametrize("strength", [1e9, 1e30])
def test_strong_penalties_with_paired_groups(case, dtype, tolerance, strength):
    """An iteration loses half the digits at worst, however strong the penalties."""
    module, penalty, strengths, projectors = setup(case, dtype)
    hard = [math.inf] * len(strengths)
    expected = dense_proximal(flat(module), projectors, hard, 1.0)
    penalty.set_strengths(dict.fromkeys(strengths, strength))
    penalty.proximal_step_(1.0)
    assert_close(flat(module), expected, 10 * torch.finfo(dtype).eps ** 0.5)


@both_dtypes
def test_projection_where_two_subspaces_nearly_touch(dtype, tolerance):
    """Exchanging two of twelve joints leaves a cyclic map almost as it was."""
    dims = {"joint": 12, "xyz": 3}
    module = chain(dims, ("joint*xyz + joint", "joint*xyz + joint"), dtype)
    names = ("Reflection(3) on xyz & Permutation(2)@0,1 in R^12 on joint", "Cyclic(12) on joint")
    penalty = ProjectionPenalty(module, [parse_group(name) for name in names])
    penalty.project_()
    assert (penalty.relative_residuals() < tolerance**2).all()
    once = flat(module)
    assert sum(np.sum(w**2) for w in once) > 1
    penalty.project_()
    assert_close(flat(module), once, tolerance)


@every_case
def test_step_zero_and_strength_zero_change_nothing(case):
    module, penalty, strengths, _ = setup(case)
    before = flat(module)
    penalty.proximal_step_(1.0)  # no strengths were set
    penalty.set_strengths(strengths)
    penalty.proximal_step_(0.0)
    assert_close(flat(module), before, 1e-14)
    module, penalty, strengths, _ = setup(case)
    before = flat(module)
    penalty.set_strengths(dict.fromkeys(strengths, 0.0))
    penalty.proximal_step_(7.0)
    for a, b in zip(flat(module), before, strict=True):
        np.testing.assert_array_equal(a, b)


@every_case
def test_proximal_step_solves_its_optimality_condition(case):
    """w' = w - step M w', the gradient at the new weights."""
    module, penalty, strengths, _ = setup(case)
    before = flat(module)
    penalty.set_strengths(strengths)
    penalty.proximal_step_(0.3)
    penalty.add_gradient_()
    gradients = [
        np.concatenate([p.grad.numpy().ravel() for p in layer.parameters()]) for layer in module
    ]
    recovered = [w + 0.3 * g for w, g in zip(flat(module), gradients, strict=True)]
    assert_close(recovered, before, 1e-11)


# ---------------------------------------------------------------------- strengths and labels


def test_strengths_go_by_label_not_by_order():
    module, penalty, strengths, projectors = setup("one space")
    expected = dense_proximal(flat(module), projectors, strengths.values(), 1.0)
    penalty.set_strengths(dict(reversed(strengths.items())))
    assert list(penalty.strengths) == list(penalty.labels)
    assert penalty.strengths == strengths
    penalty.proximal_step_(1.0)
    assert_close(flat(module), expected, 1e-11)


def test_strengths_that_an_interrupt_left_half_set_are_set_again(monkeypatch):
    _, penalty, strengths, _ = setup("one space")
    hard = dict.fromkeys(strengths, math.inf)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(PairBlocks, "factor", interrupt)
        penalty.set_strengths(hard)
    assert penalty.strengths == hard  # which is what the report of an interrupted fit tells
    penalty.set_strengths(hard)
    penalty.proximal_step_(1.0)
    np.testing.assert_allclose(penalty.relative_residuals(), 0, atol=1e-20)


def interrupt(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("value", [-1.0, -math.inf, math.nan])
def test_strengths_must_be_numbers_that_are_not_negative(value):
    _, penalty, strengths, _ = setup("one space")
    with pytest.raises(ValueError, match="strengths must be numbers >= 0"):
        penalty.set_strengths(strengths | {"O(3)": value})
    assert penalty.strengths == {}


def test_a_strength_for_every_label():
    _, penalty, strengths, _ = setup("one space")
    del strengths["O(3)"]
    with pytest.raises(ValueError, match="must name"):
        penalty.set_strengths(strengths)


@pytest.mark.parametrize("labels", [["SO(4)"], "O(3)", ["O(3)", "SO(4)"]])
def test_projection_onto_unknown_labels(labels):
    _, penalty, _, _ = setup("one space")
    with pytest.raises(ValueError, match="labels must be among"):
        penalty.project_(labels)


def test_labels_of_a_mapping():
    layer = SoftEquivariantLinear(Vector.bind(3), Vector.bind(3))
    penalty = ProjectionPenalty(layer, {"turn": parse_group("SO(3)"), "flip": parse_group("O(3)")})
    assert penalty.labels == ("turn", "flip")
    assert penalty.values().shape == (2,)


def test_without_candidates():
    penalty = ProjectionPenalty(chain({"": 3}, ("vector", "vector")), {})
    assert penalty.values().shape == (0,)
    assert penalty.per_layer().shape == (1, 0)
    assert penalty.degrees_of_freedom.shape == (0,)
    assert penalty.relative_residuals().shape == (0,)
    penalty.set_strengths({})
    penalty.proximal_step_(1.0)
    penalty.project_()


def test_the_trivial_group_costs_nothing():
    module = chain({"": 3}, ("scalar + vector", "vector"))
    penalty = ProjectionPenalty(module, [parse_group("Trivial(3)"), parse_group("SO(3)")])
    values = penalty.values().tolist()
    assert values[0] == 0 < values[1]
    assert penalty.degrees_of_freedom[0] == 0
    before = flat(module)
    penalty.project_(["Trivial(3)"])
    assert_close(flat(module), before, 0.0)


# ---------------------------------------------------------------------- starting inside


@every_case
@both_dtypes
def test_start_inside_keeps_the_norm_of_every_pair_of_types(case, dtype, tolerance):
    module, penalty, _, projectors = setup(case, dtype)
    before = flat(module)
    penalty.start_inside_(penalty.labels[:1])
    after = flat(module)
    penalty.project_(penalty.labels[:1])
    inside = flat(module)
    norms, dead = {}, set()
    for number, layer in enumerate(module):
        for key, entries in _entries_by_pair(layer).items():
            sums = norms.setdefault(key, np.zeros(3))
            sums += [np.sum(w[number][entries] ** 2) for w in (before, after, inside)]
            if not projectors[0][number][entries].any():
                dead.add(key)
                np.testing.assert_array_equal(after[number][entries], before[number][entries])
            else:
                np.testing.assert_allclose(
                    inside[number][entries], after[number][entries], rtol=1, atol=10 * tolerance
                )
    assert len(norms) - len(dead) > 0
    for key, (start, restored, projected) in norms.items():
        assert restored == pytest.approx(start, rel=tolerance)
        assert projected == pytest.approx(0.0 if key in dead else start, rel=tolerance)


def _entries_by_pair(layer) -> dict:
    """Positions in the layer's flat vector by (type out, type in), the bias reading a scalar."""
    from sksofteq.reps import TensorType

    n_weights = layer.weight.numel()
    weights = np.arange(n_weights).reshape(layer.weight.shape)
    found = {}
    for rows, _, type_out in layer.rep_out.blocks:
        for columns, _, type_in in layer.rep_in.blocks:
            found.setdefault((type_out, type_in), []).append(weights[rows, columns].ravel())
        if layer.bias is not None:
            biases = n_weights + np.arange(rows.start, rows.stop)
            found.setdefault((type_out, TensorType()), []).append(biases)
    return {key: np.concatenate(parts) for key, parts in found.items()}


def test_start_inside_keeps_random_weights_without_a_common_map():
    module = chain({"": 3}, ("vector", "scalar"))
    penalty = ProjectionPenalty(module, [parse_group("SO(3)")])
    before = flat(module)
    penalty.start_inside_()
    assert_close(flat(module), before, 0.0)
    penalty.set_strengths({"SO(3)": math.inf})
    penalty.proximal_step_(0.1)
    assert not any(w.any() for w in flat(module))


def test_start_inside_leaves_a_skip_at_zero():
    groups = [parse_group("SO(3)")]
    net = SoftEMLP((2 * Vector).bind(3), Vector.bind(3), groups, (32,))
    penalty = ProjectionPenalty(net, groups)
    penalty.start_inside_()
    assert not net.core.skip.weight.any()
    assert all(parameter.isfinite().all() for parameter in net.parameters())
    penalty.project_()
    assert net.core.blocks[0][0].weight.any()


def test_without_layers_there_is_nothing_to_pull():
    penalty = ProjectionPenalty(nn.Linear(3, 3), [parse_group("SO(3)")])
    penalty.set_strengths({"SO(3)": 0.0})
    penalty.proximal_step_(0.1)
    penalty.add_gradient_()
    assert penalty.values().tolist() == [0.0]
    assert np.isnan(penalty.relative_residuals()).all()
    with pytest.raises(ValueError, match="of which the module has none"):
        penalty.set_strengths({"SO(3)": 1.0})


@pytest.mark.parametrize("strength", [1.0, math.inf])
def test_frozen_weights_stay(strength):
    net = nn.Sequential(*(SoftEquivariantLinear(Vector.bind(3), Vector.bind(3)) for _ in "ab"))
    net[0].requires_grad_(False)
    penalty = ProjectionPenalty(net, [parse_group("SO(3)")])
    before = net[0].weight.clone(), net[1].weight.clone()
    penalty.set_strengths({"SO(3)": strength})
    if strength < math.inf:
        penalty.add_gradient_()
    penalty.proximal_step_(0.1)
    penalty.project_()
    assert net[0].weight.grad is None
    assert torch.equal(net[0].weight, before[0])
    assert not torch.equal(net[1].weight, before[1])
    assert penalty.values().item() > 0
