"""Training stays on its device: nothing is copied to it, and nothing read from it, per batch.

A step on the device "meta", which has shapes and no numbers, fails where a number is read; so
what it does is what a GPU would do without waiting, and needs none to be tested.
"""

import contextlib
import math

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from sksofteq import SampledEquivariantRegressor, SoftEquivariantRegressor
from sksofteq.groups import parse_group
from sksofteq.nn import SoftEMLP
from sksofteq.penalties import PathwayPenalty, ProjectionPenalty
from sksofteq.reps import parse_rep
from sksofteq.training import LOSSES, PenalizedNet, Rows, train_together
from sksofteq.training._net import MeanLoss

#: Operations whose result depends on numbers, so that a GPU has to be waited for.
READS = ("_local_scalar_dense", "nonzero", "masked_select", "equal", "_unique2", "is_nonzero")


class Watch(TorchDispatchMode):
    """Counts what makes the host wait for a device, and what is copied to and from it."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device, self.reads, self.copies = device, 0, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        result = function(*args, **(kwargs or {}))
        tensors = [v for v in tree_leaves((args, result)) if isinstance(v, torch.Tensor)]
        devices = {tensor.device.type for tensor in tensors}
        has_mask = any(tensor.dtype == torch.bool for tensor in tensors[1:])
        if self.device in devices:
            self.reads += name in READS or (name == "index" and has_mask)
            self.copies += len(devices) > 1
        return result


class Literals(TorchFunctionMode):
    """Counts tensors that are made of Python's numbers, for an outer watch to see as copies."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if function in (torch.tensor, torch.Tensor.new_tensor):
            self.watch.copies += result.device.type == self.watch.device
        return result


@contextlib.contextmanager
def watched(device):
    with Watch(device) as watch, Literals(watch):
        yield watch


# ------------------------------------------------------------------ on a device without numbers

SPACES = {"joint": 3, "xyz": 3}
CASES = {
    "tensors": ("2*scalar + 2*vector", "tensor(2)", 3, ("O(3)", "O(2)@x,y")),
    "a frame": ("scalar + 2*point", "point", 3, ("SE(3)", "Scaling(3)")),
    "permutations": ("vector", "scalar", 4, ("Permutation(4)", "Cyclic(4)")),
    "named spaces": (
        "joint + joint*xyz",
        "xyz",
        SPACES,
        ("SO(3) on xyz", "Permutation(3) on joint"),
    ),
}


def make_net(case, form="proximal", strength=1.0, n_pathways=0, **settings) -> PenalizedNet:
    text_in, text_out, dims, names = CASES[case]
    spaces = dims if isinstance(dims, dict) else None
    rep_in, rep_out = (parse_rep(text, spaces).bind(dims) for text in (text_in, text_out))
    groups = {name: parse_group(name) for name in names}
    module = SoftEMLP(rep_in, rep_out, tuple(groups.values()), (40,), n_pathways=n_pathways)
    module.to("meta")
    if n_pathways:
        penalty = PathwayPenalty(module.core, groups, [names] * n_pathways, decay=1.0)
    else:
        penalty = ProjectionPenalty(module.core, groups)
    penalty.set_strengths(dict.fromkeys(names, strength))
    return PenalizedNet(
        module,
        LOSSES["squared_error"],
        penalty=penalty,
        form=form,
        shuffle_seed=0,
        optimizer=torch.optim.AdamW,
        batch_size=5,
        max_epochs=1,
        train_split=None,
        verbose=0,
        device="meta",
        **settings,
    ).initialize()


def meta_rows(net, n) -> Rows:
    core = net.module_.core
    sizes = core.blocks[0][0].rep_in.dim, core.output.rep_out.dim
    tables = (torch.zeros(n, size, device="meta") for size in (*sizes, sizes[1]))
    return Rows(*tables, torch.ones(n, device="meta"))


@pytest.fixture
def no_mean(monkeypatch):
    """The mean loss is a number, read once an epoch, which "meta" cannot give."""
    monkeypatch.setattr(MeanLoss, "value", lambda self: 0.0)


@pytest.mark.parametrize("form", ["proximal", "gradient"])
@pytest.mark.parametrize("strength", [1.0, math.inf])
@pytest.mark.parametrize("case", list(CASES))
@pytest.mark.usefixtures("no_mean")
def test_batches_stay_on_the_device(case, strength, form):
    assert_stays(make_net(case, form, strength))


@pytest.mark.usefixtures("no_mean")
def test_pathways_stay_on_the_device():
    assert_stays(make_net("tensors", n_pathways=2))


def assert_stays(net) -> None:
    with watched("meta") as watch:
        net.fit_loop((meta_rows(net, 20), meta_rows(net, 6)))
    assert watch.reads == 0
    assert watch.copies == 1  # the order of rows


@pytest.mark.usefixtures("no_mean")
def test_networks_together_stay_on_the_device():
    nets = [make_net("tensors"), make_net("tensors", strength=math.inf)]
    data = [(meta_rows(net, 20), None) for net in nets]
    with watched("meta") as watch:
        train_together(nets, data)
    assert (watch.reads, watch.copies) == (0, len(nets))


# ------------------------------------------------------------------ whole epochs

ASKED = {
    "fixed": (SoftEquivariantRegressor, {"strengths": 1.0}),
    "hard": (SoftEquivariantRegressor, {"strengths": math.inf}),
    "gradient": (SoftEquivariantRegressor, {"strengths": 1.0, "penalty": "gradient"}),
    "tuned, stopped early": (
        SoftEquivariantRegressor,
        {"tuner": "orbit", "early_stopping": True, "max_iter": 12},
    ),
    "moved rows": (SoftEquivariantRegressor, {"strengths": 1.0, "augment": True}),
    "distances": (SoftEquivariantRegressor, {"strengths": 1.0, "loss": "distance"}),
    "sampled": (SampledEquivariantRegressor, {"strengths": 1.0}),
}


def reads(make, settings, batch_size) -> int:
    """Numbers that are read in twelve epochs."""
    draw = np.random.RandomState(0).standard_normal
    estimator = make(
        ("O(2)@x,y", "O(3)"),
        rep_in="2*scalar + 2*vector",
        rep_out="vector",
        hidden_layer_sizes=(24,),
        batch_size=batch_size,
        random_state=0,
        **{"max_iter": 2, **settings},
    )
    run = estimator.begin_fit(draw((60, 8)), draw((60, 3)), None, None)
    with watched("cpu") as watch:
        run.net.fit(run.rows, None)
    return watch.reads


@pytest.mark.parametrize("name", list(ASKED))
def test_more_batches_read_no_more_numbers(name):
    few, many = (reads(*ASKED[name], batch_size) for batch_size in (24, 4))
    assert 0 < few == many
