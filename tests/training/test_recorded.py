"""Recorded steps leave a fit as it is; here operations are recorded as CUDA graphs record them.

That CUDA does so is tested in `test_on_a_gpu.py`, where there is a GPU.
"""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest
import torch
from contract_kit import NETWORKS, assert_same_fit, table
from estimators_kit import BROKEN, KEPT, Switch, regressor
from skorch.callbacks import Callback
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from sksofteq import SoftEquivariantRegressor
from sksofteq.estimators import fit_together
from sksofteq.training import PenalizedNet, SampledNet, _recorded, _together
from sksofteq.tuning import Tuner
from sksofteq.tuning._relaxed import RelaxedStrengths

pytestmark = pytest.mark.filterwarnings("ignore:max_iter=.* leaves room")


class Tape(TorchDispatchMode):
    """Operations with the memory that they read and write, and the numbers they are given."""

    def __init__(self) -> None:
        super().__init__()
        self.calls, self.made, self.before = [], set(), {}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        for argument, value in zip(function._schema.arguments, args, strict=False):
            if argument.alias_info is not None and argument.alias_info.is_write:
                self.keep(tree_leaves(value))
        result = function(*args, **kwargs)
        self.calls.append((function, args, kwargs, result))
        self.made |= places(result) - places((args, kwargs))  # a view is nothing new
        return result

    def keep(self, written) -> None:
        """What was there before the recording, to be put back: nothing is done while recording."""
        for tensor in written:
            if not places(tensor) <= self.made:
                self.before.setdefault(id(tensor), (tensor, tensor.detach().clone()))

    def put_back(self) -> None:
        for tensor, value in self.before.values():
            tensor.detach().copy_(value)

    def replay(self) -> None:
        with torch.no_grad():
            for function, args, kwargs, result in self.calls:
                again = function(*args, **kwargs)
                for old, new in zip(tensors_of(result), tensors_of(again), strict=True):
                    if old is not new:
                        old.detach().copy_(new)


def tensors_of(values) -> list[torch.Tensor]:
    return [value for value in tree_leaves(values) if isinstance(value, torch.Tensor)]


def places(values) -> set[int]:
    """Where in memory tensors lie."""
    return {tensor.untyped_storage().data_ptr() for tensor in tensors_of(values)}


class Recorder:
    """Stands in for CUDA; counts what is recorded and replayed."""

    def __init__(self) -> None:
        self.recorded = self.replayed = self.aside = 0

    def record(self, function, stream):
        assert stream == "stream"
        self.recorded += 1
        with Tape() as tape:
            loss = function()
        tape.put_back()

        def replay() -> None:
            self.replayed += 1
            tape.replay()

        return replay, loss

    def run_aside(self, function, stream):
        assert stream == "stream"
        self.aside += 1
        return function()


@pytest.fixture
def recorder(monkeypatch):
    recorder = Recorder()
    monkeypatch.setattr(_recorded, "record", recorder.record)
    monkeypatch.setattr(_recorded, "aside", recorder.run_aside)
    monkeypatch.setattr(_recorded, "new_stream", lambda device: "stream")
    monkeypatch.setattr(PenalizedNet, "records", True)
    return recorder


WAYS = {name: make for name, make in NETWORKS.items() if name != "sampled"} | {
    "hard": lambda **p: regressor(strengths={KEPT: np.inf, BROKEN: 0.5}, **p),
    "gradient": lambda **p: regressor(strengths=1.0, penalty="gradient", **p),
    "stopped early": lambda **p: regressor(strengths=1.0, early_stopping=True, **p),
    "moved": lambda **p: regressor(strengths=1.0, augment=True, **p),
    "strengths that change": lambda **p: regressor(tuner=Switch(6, 1.0), max_iter=12, **p),
    "orbit tests": lambda **p: regressor(tuner="orbit", max_iter=13, **p),
    "by the paper": lambda **p: regressor(tuner="paper", max_iter=13, **p),
    "dual": lambda **p: regressor(tuner="dual", max_iter=13, **p),
    "relaxed": lambda **p: regressor(
        tuner=RelaxedStrengths({KEPT: 40, BROKEN: 0.1}), max_iter=12, **p
    ),
    "relaxed, one hard": lambda **p: regressor(
        tuner=RelaxedStrengths({KEPT: np.inf, BROKEN: 0.1}), max_iter=12, **p
    ),
    "relaxed by gradients": lambda **p: regressor(
        tuner=RelaxedStrengths({KEPT: 40, BROKEN: 0.1}), penalty="gradient", max_iter=12, **p
    ),
}


@pytest.mark.parametrize("make", WAYS.values(), ids=WAYS)
def test_a_fit_of_recorded_steps_is_the_same(make, recorder, monkeypatch):
    X, y = table()
    settings = {"batch_size": 25, "learning_rate_init": 0.01}
    model = make(**settings).fit(X, y)
    assert recorder.replayed > 0
    monkeypatch.setattr(PenalizedNet, "records", False)
    plain = make(**settings).fit(X, y)
    for name, value in plain.net_.module_.state_dict().items():
        # the optimizer reads a rate in single precision
        torch.testing.assert_close(model.net_.module_.state_dict()[name], value, rtol=0, atol=1e-7)
    losses = [each.net_.history[:, "train_loss"] for each in (model, plain)]
    np.testing.assert_allclose(*losses, rtol=1e-6)
    assert [g["lr"] for g in model.net_.optimizer_.param_groups] == [
        g["lr"] for g in plain.net_.optimizer_.param_groups
    ]
    assert not any(group["capturable"] for group in model.net_.optimizer_.param_groups)


def counts(recorder, model, n=60) -> tuple[int, int, int]:
    model.fit(*table(n))
    return recorder.recorded, recorder.aside, recorder.replayed


def test_batches_of_every_length_are_recorded_once(recorder):
    model = regressor(strengths=1.0, batch_size=25, max_iter=5)
    # 25, 25 and 10 rows; the first two of a kind are taken as ever
    assert counts(recorder, model) == (2, 4, 11)


def test_strengths_are_read_from_where_they_are(recorder):
    tuner = RelaxedStrengths({KEPT: 40.0, BROKEN: 0.1})
    assert counts(recorder, regressor(tuner=tuner, batch_size=30, max_iter=10)) == (1, 2, 18)


def test_strengths_that_begin_are_recorded_anew(recorder):
    model = regressor(tuner=Switch(5, 1.0), batch_size=30, max_iter=10, validation_fraction=0.5)
    model.set_params(network="typed", augment=False, average=False)
    assert counts(recorder, model) == (2, 4, 16)


def test_the_same_strengths_are_not_factored_again(recorder, monkeypatch):
    class Same(Tuner):
        def begin(self, labels, n_epochs):
            return dict.fromkeys(labels, 1.0)

        def on_epoch_end(self, epoch, probe):
            return dict.fromkeys((KEPT, BROKEN), 1.0)

    model = regressor(tuner=Same(), batch_size=30, max_iter=10)
    assert counts(recorder, model) == (1, 2, 18)


class Project(Callback):
    """Factors the penalty, and factors it back, after five epochs."""

    def on_epoch_end(self, net, **_):
        if len(net.history) == 5:
            net.penalty.project_()


def test_memory_that_is_not_in_use_any_more_is_not_read(recorder):
    model = regressor(strengths=1.0, callbacks=[Project()], batch_size=30, max_iter=10)
    assert counts(recorder, model) == (2, 4, 16)


class Replace(Callback):
    """Puts a weight elsewhere, or the optimizer's state, after five epochs."""

    def __init__(self, what):
        self.what = what

    def on_epoch_end(self, net, **_):
        if len(net.history) == 5:
            if self.what == "weight":
                weight = next(net.module_.parameters())
                weight.data = weight.data.clone()
            else:
                net.optimizer_.load_state_dict(net.optimizer_.state_dict())


@pytest.mark.parametrize("what", ["weight", "state"])
def test_memory_that_was_replaced_is_not_written(what, recorder):
    model = regressor(strengths=1.0, callbacks=[Replace(what)], batch_size=30, max_iter=10)
    assert counts(recorder, model) == (2, 4, 16)


class Decay(Callback):
    """Changes a setting of the optimizer after two epochs."""

    def on_epoch_begin(self, net, **_):
        if len(net.history) == 3:
            for group in net.optimizer_.param_groups:
                group["weight_decay"] = 0.5


def test_other_settings_of_the_optimizer_are_recorded_anew(recorder):
    model = regressor(strengths=1.0, callbacks=[Decay()], batch_size=20, max_iter=5)
    assert counts(recorder, model) == (2, 4, 11)


def test_steps_that_read_are_never_recorded(recorder):
    model = SoftEquivariantRegressor(
        ["Reflection(2) on xy & Permutation(2)@0,1 in R^3 on joint"],
        spaces={"joint": 3, "xy": 2},
        rep_in="joint*xy",
        strengths=1.0,
        hidden_layer_sizes=(8,),
        max_iter=5,
        random_state=0,
    )
    assert counts(recorder, model) == (0, 0, 0)


def test_steps_that_draw_are_never_recorded():
    assert not SampledNet.records


def test_networks_together_are_recorded_as_one(recorder, monkeypatch):
    X, y = table()
    strengths = (0.0, 1.0, np.inf)
    fits = []
    for records in (True, False):
        monkeypatch.setattr(PenalizedNet, "records", records)
        models = [regressor(strengths=s, batch_size=25, max_iter=5) for s in strengths]
        fits.append(fit_together(models, X, y))
    assert (recorder.recorded, recorder.aside, recorder.replayed) == (2, 4, 11)
    for ours, theirs in zip(*fits, strict=True):
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-7)


def test_nothing_stays_recorded_after_a_fit(recorder):
    model = regressor(strengths=1.0).fit(*table())
    assert recorder.recorded == 1
    assert not model.net_._recorded._recordings


def test_nothing_stays_recorded_of_networks_together(recorder, monkeypatch):
    stacks = []

    class Stack(_together._Stack):
        def __init__(self, nets):
            super().__init__(nets)
            stacks.append(weakref.ref(self))

    monkeypatch.setattr(_together, "_Stack", Stack)
    gc.disable()
    try:
        fit_together([regressor(strengths=s) for s in (0.5, 1.0)], *table())
        assert recorder.recorded == 1
        assert [stack() for stack in stacks] == [None]
    finally:
        gc.enable()


@pytest.mark.parametrize("way", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_copy_takes_no_steps(way, recorder):
    model = regressor(strengths=1.0).fit(*table())
    assert way(model.net_)._recorded is None


@pytest.mark.filterwarnings("ignore:.*no CUDA devices are available")
@pytest.mark.skipif(torch.cuda.is_available(), reason="the GPU is not missing")
def test_what_was_recorded_on_a_gpu_needs_no_compiler_elsewhere(monkeypatch):
    model = regressor(strengths=1.0).fit(*table())
    state = model.net_.__getstate__()
    state["settings"] |= {"device": "cuda", "compile": True}
    monkeypatch.setattr(torch, "compile", lambda *args, **settings: pytest.fail("compiled"))
    model.net_.__setstate__(state)
    model.predict(table()[0])


def test_without_recordings_a_fit_is_itself():
    X, y = table()
    first, second = (regressor(strengths=1.0).fit(X, y) for _ in range(2))
    assert first.net_._recorded is None
    assert_same_fit(first, second)
