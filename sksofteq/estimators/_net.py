"""The skorch net of an estimator, and the callbacks of a fit."""

from __future__ import annotations

import torch
from sklearn.base import clone
from skorch.callbacks import Callback, LRScheduler

from sksofteq.estimators._parameters import NetworkParameters
from sksofteq.estimators._start import learning_rates
from sksofteq.nn import FramedNetwork
from sksofteq.penalties import Penalty
from sksofteq.training import (
    ALL_LOSSES,
    BestWeights,
    PenalizedNet,
    ProgressBar,
    StrengthTuning,
    TimeEstimate,
)

#: Devices on which torch has the optimizer as one kernel, in every version that is supported.
FUSED = ("cpu", "cuda")

Callbacks = list[tuple[str, Callback]]


def make_net(
    estimator: NetworkParameters,
    module: FramedNetwork,
    penalty: Penalty,
    callbacks: Callbacks,
    max_epochs: int,
    rate: float,
    seed: int,
    n_rows: int,
) -> PenalizedNet:
    """The net that an estimator's parameters ask for, so many epochs at such a rate."""
    batch_size = 200 if estimator.batch_size == "auto" else estimator.batch_size
    return estimator.net_class(
        module,
        ALL_LOSSES[estimator.loss],
        penalty=penalty,
        form=estimator.penalty,
        shuffle_seed=seed,
        optimizer=torch.optim.AdamW,
        optimizer__fused=torch.device(estimator.device).type in FUSED,
        optimizer__weight_decay=estimator.alpha,
        lr=rate,
        optimizer__param_groups=learning_rates(module, rate),
        batch_size=min(batch_size, n_rows),
        max_epochs=max_epochs,
        train_split=None,
        callbacks=callbacks,
        verbose=0,
        device=estimator.device,
        compile=estimator.compile,
    )


def fit_callbacks(
    estimator: NetworkParameters, tuning: StrengthTuning, epochs: int, validate: bool
) -> Callbacks:
    """Tuning, the learning rate's schedule, early stopping, progress, the user's own."""
    cosine = LRScheduler(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=epochs)
    callbacks = [("tuning", tuning), ("schedule", cosine), ("time", TimeEstimate())]
    if estimator.early_stopping and validate:
        settled = tuning.tuner.settled_after
        stopping = BestWeights(settled, estimator.n_iter_no_change, estimator.tol)
        callbacks.append(("best_weights", stopping))
    if estimator.verbose:
        callbacks.append(("progress", ProgressBar()))
    return callbacks + user_callbacks(estimator)


def user_callbacks(estimator: NetworkParameters) -> Callbacks:
    """Fresh copies of the user's callbacks."""
    given = estimator.callbacks or []
    return [(f"user_{i}", clone(callback, safe=False)) for i, callback in enumerate(given)]
