"""On a GPU everything is as on the CPU; without one there is nothing to be tested here."""

from __future__ import annotations

import pickle
from functools import partial

import numpy as np
import pytest
import torch
from contract_kit import NETWORKS, table, weights
from estimators_kit import BROKEN, KEPT, regressor
from sklearn.base import clone
from skops import io as skops_io
from skorch.callbacks import Callback
from torch import nn

from sksofteq import (
    SoftEquivariantClassifier,
    SoftEquivariantEnsemble,
    SoftEquivariantRegressor,
    SymmetrySearchCV,
    equivariance_error,
    symmetry_test,
)
from sksofteq.estimators import _base, _rows, fit_together
from sksofteq.persistence import TRUSTED_TYPES
from sksofteq.training import Checkpoint

GPU = "cuda"

pytestmark = pytest.mark.filterwarnings("ignore:max_iter=.* leaves room")

if not torch.cuda.is_available():
    pytest.skip("there is no GPU", allow_module_level=True)


def perceptron():
    """A module of the user's, without soft layers."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return nn.Sequential(nn.Linear(6, 16), nn.SiLU(), nn.Linear(16, 1))


def spaces(**parameters):
    """Three points whose order may not matter; candidates on one space and on two at once."""
    return SoftEquivariantRegressor(
        ("Permutation(3) on joint", "Reflection(2) on xy & Permutation(2)@0,1 in R^3 on joint"),
        spaces={"joint": 3, "xy": 2},
        rep_in="joint*xy",
        rep_out="scalar",
        hidden_layer_sizes=(16,),
        strengths=1.0,
        max_iter=3,
        random_state=0,
        **parameters,
    )


WAYS = NETWORKS | {
    "hard": partial(regressor, strengths={KEPT: np.inf, BROKEN: 0.5}),
    "gradient": partial(regressor, strengths=1.0, penalty="gradient"),
    "stopped early": partial(regressor, strengths=1.0, early_stopping=True),
    "moved and averaged": partial(regressor, strengths=1.0, augment=True, average=[KEPT]),
    "distances": partial(regressor, strengths=1.0, loss="distance"),
    "orbit tests": partial(regressor, tuner="orbit", max_iter=13),
    "by the paper": partial(regressor, tuner="paper", max_iter=13),
    "dual": partial(regressor, tuner="dual", max_iter=13),
    "own, sampled": partial(regressor, network=perceptron(), penalty="sampled", max_iter=13),
    "of several spaces": spaces,
}


@pytest.fixture(params=list(WAYS.values()), ids=list(WAYS))
def make(request):
    return request.param


def assert_alike(first, second, tolerance=1e-6) -> None:
    """Weights that differ by rounding, in networks that may be on two devices."""
    ours, theirs = weights(first), weights(second)
    assert ours.keys() == theirs.keys()
    for name in ours:
        torch.testing.assert_close(
            ours[name].cpu(), theirs[name].cpu(), rtol=tolerance, atol=tolerance
        )


def test_a_fit_is_that_of_the_cpu(make):
    X, y = table()
    ours, theirs = make(device=GPU).fit(X, y), make().fit(X, y)
    assert all(value.device.type == GPU for value in weights(ours).values())
    assert_alike(ours, theirs)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6, atol=1e-8)
    assert ours.regularizer_strengths_ == pytest.approx(theirs.regularizer_strengths_)
    assert ours.equivariance_errors_ == pytest.approx(theirs.equivariance_errors_, rel=1e-4)


def test_a_seed_means_one_fit(make):
    X, y = table()
    first, second = (make(device=GPU).fit(X, y) for _ in range(2))
    assert_alike(first, second, 1e-9)  # sums of a GPU have no fixed order


def test_a_fit_goes_on(make):
    X, y = table()
    models = [make(device=device, warm_start=True).fit(X, y).fit(X, y) for device in (GPU, "cpu")]
    assert_alike(*models)


def test_models_are_kept(make):
    assert_kept(make, lambda model: pickle.loads(pickle.dumps(model)))


def test_models_are_kept_in_files_that_run_no_code():
    by_skops = partial(skops_io.loads, trusted=TRUSTED_TYPES)
    assert_kept(WAYS["soft, tuned"], lambda model: by_skops(skops_io.dumps(model)))


def assert_kept(make, way) -> None:
    X, y = table()
    model = make(device=GPU).fit(X, y)
    kept = way(model)
    np.testing.assert_allclose(kept.predict(X), model.predict(X), rtol=1e-9)
    assert {value.device.type for value in weights(kept).values()} == {GPU}


# ------------------------------------------------------------------ no waiting

STAYS = [name for name in WAYS if name not in ("sampled", "own, sampled", "of several spaces")]


class Unwaited(Callback):
    """Batches whose steps do not make the CPU wait for the GPU."""

    def on_batch_begin(self, net, batch=None, training=None, **_):
        if training:
            torch.cuda.set_sync_debug_mode("error")

    def on_batch_end(self, net, **_):
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("name", STAYS)
def test_steps_do_not_wait_for_the_gpu(name):
    try:
        WAYS[name](device=GPU, callbacks=[Unwaited()]).fit(*table())
    finally:
        torch.cuda.set_sync_debug_mode("default")


# ------------------------------------------------------------------ compile=True

#: An iteration asks how far it is.
NEVER_RECORDED = ("of several spaces",)
COMPILED = ("sampled", "own, sampled")  # as on the CPU; steps of all others are recorded


@pytest.mark.parametrize("name", sorted(set(WAYS) - set(COMPILED)))
def test_recorded_fits_are_the_same(name, replays):
    X, y = table()
    settings = {"batch_size": 25, "learning_rate_init": 0.01, "device": GPU}
    recorded = WAYS[name](compile=True, **settings).fit(X, y)
    assert bool(replays) == (name not in NEVER_RECORDED)
    assert_alike(recorded, WAYS[name](**settings).fit(X, y))


@pytest.fixture
def replays(monkeypatch):
    """How often a graph was replayed, as that many entries."""
    seen, replay = [], torch.cuda.CUDAGraph.replay

    def counted(graph):
        seen.append(graph)
        replay(graph)

    monkeypatch.setattr(torch.cuda.CUDAGraph, "replay", counted)
    return seen


@pytest.mark.filterwarnings("ignore")  # whatever a compiler says
@pytest.mark.parametrize("name", COMPILED)
def test_compiled_fits_are_the_same(name, monkeypatch):
    X, y = table()
    for module in (_base, _rows):
        monkeypatch.setattr(module, "CHUNK", 25)  # graphs write over what they returned before
    settings = {"batch_size": 30, "device": GPU}
    compiled = WAYS[name](compile=True, **settings).fit(X, y)
    plain = WAYS[name](**settings).fit(X, y)
    assert_alike(compiled, plain)
    np.testing.assert_allclose(compiled.predict(X), plain.predict(X), rtol=1e-6, atol=1e-8)


def test_recorded_steps_in_single_precision(replays):
    X, y = (values.astype(np.float32) for values in table())
    model = regressor(strengths=1.0, batch_size=25, device=GPU)
    recorded = clone(model).set_params(compile=True).fit(X, y)
    assert replays
    assert_alike(recorded, model.fit(X, y), 1e-4)


def test_recorded_fits_go_on(replays):
    X, y = table()
    models = [
        regressor(strengths=1.0, warm_start=True, device=GPU, compile=compiled)
        for compiled in (True, False)
    ]
    assert_alike(*(model.fit(X, y).fit(X, y).partial_fit(X, y) for model in models))
    assert replays


def test_recorded_steps_do_not_wait_for_the_gpu(replays):
    class Unwaited(Callback):
        def on_batch_begin(self, net, batch=None, training=None, **_):
            if training and len(net.history) > 3:  # recording waits
                torch.cuda.set_sync_debug_mode("error")

        def on_batch_end(self, net, **_):
            torch.cuda.set_sync_debug_mode("default")

    try:
        regressor(strengths=1.0, device=GPU, compile=True, callbacks=[Unwaited()]).fit(*table())
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert replays


def test_recorded_networks_together(replays):
    X, y = table()
    settings = {"batch_size": 25, "device": GPU}
    fits = [
        fit_together(
            [regressor(strengths=s, compile=compiled, **settings) for s in (0.0, 1.0, np.inf)],
            X,
            y,
        )
        for compiled in (True, False)
    ]
    assert replays
    for pair in zip(*fits, strict=True):
        assert_alike(*pair)


# ------------------------------------------------------------------ what is built on estimators


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_networks_together_are_those_apart():
    X, y = table()
    models = [regressor(strengths=s, device=GPU, random_state=0) for s in (0.0, 1.0, np.inf)]
    for model in fit_together([clone(model) for model in models], X, y):
        assert_alike(model, models.pop(0).fit(X, y))


def test_classes():
    X, y = table()
    model = SoftEquivariantClassifier(
        (KEPT,), rep_in="2*vector", hidden_layer_sizes=(16,), max_iter=13, random_state=0
    )
    labels = np.where(y > 2, "large", "small")
    ours = clone(model).set_params(device=GPU).fit(X, labels)
    theirs = model.fit(X, labels)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-7)


def test_ensembles():
    X, y = table()
    found = [
        SoftEquivariantEnsemble(regressor(device=device), n_estimators=4, random_state=0)
        .fit(X, y)
        .predict(X, return_std=True)
        for device in (GPU, "cpu")
    ]
    np.testing.assert_allclose(*(np.array(values) for values in found), rtol=1e-5, atol=1e-7)


def test_searches():
    X, y = table()
    scores = []
    for device in (GPU, "cpu"):
        search = SymmetrySearchCV(
            regressor(device=device), {"strengths": [0.0, 1.0], "alpha": [0.0, 1e-3]}, cv=2
        )
        scores.append(search.fit(X, y).cv_results_["mean_test_score"])
    np.testing.assert_allclose(*scores, rtol=1e-5)


def test_tests_of_symmetry():
    X, y = table()
    model = regressor(strengths=1.0, device=GPU, max_iter=3).fit(X, y)
    other = regressor(strengths=1.0, max_iter=3).fit(X, y)
    errors = [
        equivariance_error(each, X, KEPT, rep_in="2*vector", random_state=0)
        for each in (model, other)
    ]
    assert errors[0] == pytest.approx(errors[1], rel=1e-5)
    symmetry_test(model, X, y, [KEPT, BROKEN], rep_in="2*vector", random_state=0)


def test_a_fit_goes_on_from_a_checkpoint(tmp_path):
    X, y = table()

    class Kill(Callback):
        def on_batch_begin(self, net, batch=None, training=None, **_):
            if len(net.history) == 4:
                raise RuntimeError("killed")

    checkpoint = Checkpoint(tmp_path / "fit")
    model = regressor(strengths=1.0, device=GPU, max_iter=8)
    with pytest.raises(RuntimeError, match="killed"):
        clone(model).set_params(callbacks=[checkpoint, Kill()]).fit(X, y)
    resumed = clone(model).set_params(callbacks=[checkpoint]).fit(X, y)
    assert_alike(resumed, model.fit(X, y), 1e-9)
