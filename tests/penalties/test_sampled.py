"""The sampled penalty against its definition."""

import numpy as np
import pytest
import torch

from sksofteq.groups import parse_group
from sksofteq.nn import SoftEMLP
from sksofteq.penalties import SampledPenalty
from sksofteq.reps import parse_rep

CASES = {
    "rotations": ("SO(3)", 3, "scalar + 2*vector", "vector + tensor(2)"),
    "mixed order": ("O(2)@x,y", 3, "vector + 2*scalar + vector", "scalar + vector + scalar"),
    "points": ("SE(3)", 3, "2*point + vector", "point + scalar"),
    "lower indices": ("SL(2)", 2, "2*vector + tensor(0,1)", "tensor(1,1)"),
    "joints": ("Permutation(4) on joint", {"joint": 4, "xyz": 3}, "joint*xyz", "joint + xyz"),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    name, dims, rep_in, rep_out = request.param
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        spaces = dims if isinstance(dims, dict) else None
        rep_in, rep_out = (parse_rep(r, spaces).bind(dims) for r in (rep_in, rep_out))
        net = SoftEMLP(rep_in, rep_out, (), (16,)).double()
        sizes = (rep_in.dim, rep_in.dim, rep_out.dim, rep_out.dim)
        net.standardise(*(torch.rand(n, dtype=torch.float64) + 0.5 for n in sizes))
        X = np.random.RandomState(0).standard_normal((20, rep_in.dim))
        yield net, {name: parse_group(name)}, X


def in_the_core(net, X):
    """Inputs, outputs and how errors of the core become raw ones."""
    inputs = net.prepare(torch.as_tensor(X))
    return inputs, net.core(inputs), net.scale_out[None]


@pytest.mark.parametrize("against", ["prediction", "target"])
def test_rows_are_squared_differences_of_raw_predictions(case, against):
    net, groups, X = case
    (label,) = groups
    penalty = SampledPenalty(net, groups, X, against, random_state=3)
    penalty.set_strengths({label: 2.0})
    element = penalty._elements[label][0]  # the first one to be used
    inputs, output, factor = in_the_core(net, X)
    y = np.random.RandomState(1).standard_normal((20, net.rep_out.dim))
    centred = torch.as_tensor(y)[:, torch.argsort(net.order_out)] - net.mean_out
    rows = penalty.loss(net.core, inputs, output, centred, factor)

    def predict(rows):
        with torch.no_grad():
            return net(torch.as_tensor(rows)).numpy()

    at_rest = predict(X) if against == "prediction" else y
    gap = predict(net.rep_in.transform(X, element)) - net.rep_out.transform(at_rest, element)
    np.testing.assert_allclose(rows.detach(), 2.0 * (gap**2).mean(axis=1), rtol=1e-8)
    assert float(penalty.values()[0]) == pytest.approx((gap**2).mean(), rel=1e-8)


def test_every_step_has_another_element_and_an_epoch_its_own_mean(case):
    net, groups, X = case
    (label,) = groups
    penalty = SampledPenalty(net, groups, X)
    penalty.set_strengths({label: 1.0})
    inputs, output, factor = in_the_core(net, X)
    first, second = (
        penalty.loss(net.core, inputs, output, output, factor).mean().item() for _ in range(2)
    )
    assert first != second
    assert float(penalty.values()[0]) == pytest.approx((first + second) / 2)
    penalty.begin_epoch()
    assert float(penalty.values()[0]) == 0.0


def test_gradients_reach_both_predictions():
    net = SoftEMLP(*(parse_rep("vector").bind(3),) * 2, (), (8,)).double()
    groups = {"SO(3)": parse_group("SO(3)")}
    penalty = SampledPenalty(net, groups, np.eye(3), "prediction")
    penalty.set_strengths({"SO(3)": 1.0})
    inputs, output, factor = in_the_core(net, np.eye(3))
    output.retain_grad()
    penalty.loss(net.core, inputs, output, output, factor).sum().backward()
    assert output.grad.abs().max() > 0
    assert all(p.grad is not None for p in net.core.output.parameters())


def test_without_candidates_there_is_nothing_to_pay():
    net = SoftEMLP(*(parse_rep("vector").bind(3),) * 2, (), (8,)).double()
    penalty = SampledPenalty(net, {}, np.eye(3))
    inputs, output, factor = in_the_core(net, np.eye(3))
    assert not penalty.loss(net.core, inputs, output, output, factor).any()
    assert penalty.values().shape == penalty.relative_residuals().shape == (0,)


def test_no_strength_is_infinite():
    net = SoftEMLP(*(parse_rep("vector").bind(3),) * 2, (), (8,)).double()
    penalty = SampledPenalty(net, {"SO(3)": parse_group("SO(3)")}, np.eye(3))
    with pytest.raises(ValueError, match=r"must be finite .* got inf for \['SO\(3\)'\]"):
        penalty.set_strengths({"SO(3)": np.inf})
