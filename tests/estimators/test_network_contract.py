"""What every network estimator promises beyond the contract of all estimators."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from contract_kit import NETWORKS, assert_same_fit, same_weights, table, weights
from skorch.callbacks import Callback


@pytest.fixture(params=list(NETWORKS.values()), ids=list(NETWORKS))
def make_network(request):
    return request.param


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_and_predictions_have_the_dtype_of_the_data(make_network, dtype):
    X, y = table()
    model = make_network().fit(X.astype(dtype), y.astype(dtype))
    assert model.predict(X.astype(dtype)).dtype == dtype
    kinds = {value.dtype for value in weights(model).values() if value.is_floating_point()}
    assert kinds == {torch.from_numpy(np.empty(0, dtype)).dtype}


def test_only_the_ratio_of_weights_matters(make_network):
    X, y = table()
    # a power of two scales without rounding
    assert_same_fit(
        make_network().fit(X, y, sample_weight=np.full(60, 4.0)), make_network().fit(X, y)
    )


def test_other_random_state_gives_another_fit(make_network):
    X, y = table()
    assert not same_weights(make_network().fit(X, y), make_network(random_state=1).fit(X, y))


# ------------------------------------------------------------------ devices

NO_CUDA = pytest.mark.skipif(torch.cuda.is_available(), reason="the GPU is not missing")


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("device", [pytest.param("cuda", marks=NO_CUDA), "meta", "gpu"])
def test_a_device_that_is_not_there_is_one_clear_error(make_network, device, method):
    model = make_network(device=device)
    with pytest.raises(ValueError, match=f"device must be one .* such as 'cpu', got '{device}'"):
        getattr(model, method)(*table())
    assert not hasattr(model, "net_")


def test_a_fit_goes_on_after_a_device_that_is_not_there(make_network):
    X, y = table()
    model = make_network(warm_start=True).fit(X, y)
    before = {name: value.clone() for name, value in weights(model).items()}
    with pytest.raises(ValueError, match="device must be one"):
        model.set_params(device="meta").fit(X, y)
    assert model.n_iter_ > 0
    assert all(torch.equal(value, before[name]) for name, value in weights(model).items())


# ------------------------------------------------------------------ chunks and warm starts


def test_partial_fit_is_one_epoch(make_network):
    X, y = table()
    model = make_network().partial_fit(X, y)
    assert model.n_iter_ == 1
    assert model.partial_fit(X, y).n_iter_ == 2


def test_partial_fit_learns(make_network):
    X, y = table()
    model = make_network(learning_rate_init=0.03).partial_fit(X, y)
    before = model.score(X, y)
    for _ in range(30):
        model.partial_fit(X, y)
    assert model.score(X, y) > before + 0.3


def test_partial_fit_keeps_standardisation_and_strengths(make_network):
    X, y = table()
    model = make_network().partial_fit(X, y)
    scale, strengths = weights(model)["scale_in"].clone(), dict(model.regularizer_strengths_)
    model.partial_fit(50 * X, y)
    assert torch.equal(weights(model)["scale_in"], scale)
    assert model.regularizer_strengths_ == strengths


def test_partial_fit_with_other_features_is_refused(make_network):
    X, y = table()
    model = make_network().partial_fit(X, y)
    with pytest.raises(ValueError, match="X has 3 features"):
        model.partial_fit(X[:, :3], y)


def test_partial_fit_with_other_outputs_is_refused(make_network):
    X, y = table()
    model = make_network().partial_fit(X, y)
    with pytest.raises(ValueError, match=r"2 outputs.*fitted with 1"):
        model.partial_fit(X, np.column_stack([y, y]))


def test_partial_fit_after_fit_is_one_epoch_more(make_network):
    X, y = table()
    model = make_network().fit(X, y)
    epochs, before = model.n_iter_, model.predict(X)
    model.partial_fit(X, y)
    assert model.n_iter_ == epochs + 1
    assert np.abs(model.predict(X) - before).max() > 1e-6
    validation = model.loss_curve_.get("validation")
    assert validation is None or validation.isna().tolist() == [False] * epochs + [True]
    assert model.loss_curve_.drop(columns="validation", errors="ignore").notna().all(axis=None)


class Batches(Callback):
    """Keeps the first input of every batch."""

    seen: list = []  # noqa: RUF012 - shared with the clone that the fit makes

    def on_batch_begin(self, net, batch=None, **kwargs):
        self.seen.append(batch.inputs[:, 0].tolist())


def test_chunks_are_shuffled_differently(make_network):
    X, y = table()
    model, orders = make_network(batch_size=20, callbacks=[Batches()]), []
    for _ in range(3):
        Batches.seen.clear()
        model.partial_fit(X, y)
        orders.append([value for batch in Batches.seen for value in batch])
    assert orders[0] != orders[1] != orders[2] != orders[0]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(orders[2])


def test_partial_fit_after_a_pickle_is_the_same(make_network):
    X, y = table()
    model = make_network().partial_fit(X, y)
    restored = pickle.loads(pickle.dumps(model))
    assert_same_fit(model.partial_fit(X, y), restored.partial_fit(X, y))


def test_fit_after_partial_fit_starts_afresh(make_network):
    X, y = table()
    assert_same_fit(make_network().partial_fit(3 * X, y).fit(X, y), make_network().fit(X, y))


def test_warm_start_continues(make_network):
    X, y = table()
    model = make_network(warm_start=True, learning_rate_init=0.03).fit(X, y)
    end = model.loss_curve_["data"].iloc[-1]
    cold_start = model.loss_curve_["data"].iloc[0]
    model.fit(X, y)
    assert model.loss_curve_["data"].iloc[0] < 0.5 * (end + cold_start)


def test_warm_start_keeps_the_standardisation(make_network):
    X, y = table()
    model = make_network(warm_start=True).fit(X, y)
    scale = weights(model)["scale_in"].clone()
    model.fit(7 * X, y)
    assert torch.equal(weights(model)["scale_in"], scale)
