"""Networks, group elements and errors shared by the tests of layers and networks."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sksofteq.nn import SoftEMLP, SoftEquivariantLinear
from sksofteq.penalties import ProjectionPenalty
from sksofteq.reps import parse_rep


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """Fix torch's generator for one test and give it back as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def elements(group, n=6, condition=10.0, seed=0) -> list[dict]:
    """`n` group elements whose matrices have at most the given condition number."""
    drawn = group.sample_on_spaces(60 * n, np.random.RandomState(seed))
    dims = group.spaces
    worst = np.max(
        [np.linalg.cond(g[:, : dims[name], : dims[name]]) for name, g in drawn.items()], axis=0
    )
    chosen = np.flatnonzero(worst <= condition)[:n]
    assert len(chosen) == n
    return [{name: g[i] for name, g in drawn.items()} for i in chosen]


def equivariance_error(f: Callable, x: torch.Tensor, group, rep_in, rep_out) -> float:
    """Largest |f(g x) - g f(x)| / |g f(x)| (norms over all rows) over sampled elements."""
    errors = []
    with torch.no_grad():
        y = f(x).double().numpy()
        for g in elements(group):
            moved = torch.as_tensor(rep_in.transform(x.double().numpy(), g)).to(x)
            expected = rep_out.transform(y, g)
            scale = np.linalg.norm(expected)
            errors.append(np.linalg.norm(f(moved).double().numpy() - expected) / scale)
    return max(errors)


def randomise(module: torch.nn.Module) -> None:
    """Give biases and the skip, which start at zero, random values."""
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, SoftEquivariantLinear):
                if layer.bias is not None:
                    layer.bias.normal_(std=0.5)
                if not layer.weight.any():
                    layer.weight.normal_(std=layer.rep_in.dim**-0.5)


def network(groups, rep_in, rep_out, dims, *, hard=(), dtype=torch.float64, hidden=None):
    """A network (its skip and biases random), projected onto the `hard` candidates."""
    # wide enough for a tensor per joint
    if hidden is None:
        hidden = (192, 96) if "xyz" in dims else (32, 24)
    rep_in, rep_out = parse_rep(rep_in, dims).bind(dims), parse_rep(rep_out, dims).bind(dims)
    net = SoftEMLP(rep_in, rep_out, groups, hidden).to(dtype)
    randomise(net)
    if hard:
        penalty = ProjectionPenalty(net, groups)
        labels = [str(group) for group in hard]
        penalty.start_inside_(labels)
        penalty.project_(labels)
    return net


@pytest.fixture
def kit() -> SimpleNamespace:
    """The helpers above."""
    return SimpleNamespace(
        elements=elements,
        equivariance_error=equivariance_error,
        network=network,
        randomise=randomise,
    )
