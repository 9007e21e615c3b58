"""The skorch net: in-memory batches, a decoupled penalty, one loss term per candidate."""

from __future__ import annotations

import math
from typing import Any

import torch
from skorch import NeuralNet
from torch import Tensor

from sksofteq.penalties import ProjectionPenalty
from sksofteq.training._batches import Rows, TensorBatches
from sksofteq.training._callbacks import StopTraining


class PenalizedNet(NeuralNet):
    """Fits a `SoftEMLP` with projection penalties.

    Parameters
    ----------
    penalty : ProjectionPenalty
        The candidates' penalties; their strengths may change between epochs.
    form : {"proximal", "gradient"}
        Whether the penalty is a proximal step after the optimizer's or part of its gradient.
    **kwargs : dict
        As for `skorch.NeuralNet`.
    """

    def __init__(self, *args: Any, penalty: ProjectionPenalty, form: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.penalty = penalty
        self.form = form

    @property
    def _default_callbacks(self) -> list:
        return []

    def notify(self, method_name: str, **arguments: Any) -> None:
        """Call a callback's method; at the end of an epoch, those of the user may end the fit.

        They raise KeyboardInterrupt to do so, as skorch's own callbacks.
        """
        getattr(self, method_name)(self, **arguments)
        for name, callback in self.callbacks_:
            try:
                getattr(callback, method_name)(self, **arguments)
            except KeyboardInterrupt as error:
                if method_name == "on_epoch_end" and name.startswith("user_"):
                    raise StopTraining from error
                raise

    def fit_loop(self, *args: Any, **kwargs: Any) -> PenalizedNet:
        """Run the epochs; remember a genuine interrupt, which skorch takes for a regular end."""
        self.interrupted_ = False
        try:
            return super().fit_loop(*args, **kwargs)
        except KeyboardInterrupt as error:
            self.interrupted_ = not isinstance(error, StopTraining)
            raise

    def partial_fit(self, *args: Any, **kwargs: Any) -> PenalizedNet:
        """Train; a genuine interrupt comes through."""
        super().partial_fit(*args, **kwargs)
        if self.interrupted_:
            raise KeyboardInterrupt
        return self

    def get_split_datasets(self, X: tuple[Rows, Rows | None], y: Any = None, **_: Any) -> tuple:
        """The caller has split and standardised already."""
        return X

    def get_iterator(self, dataset: Rows, training: bool = False) -> TensorBatches:
        """Batches of tensors that are in memory already."""
        if not training:
            return TensorBatches(dataset, max(self.batch_size, 4096))
        generator = torch.Generator().manual_seed(torch.initial_seed() % 2**63)
        return TensorBatches(dataset, self.batch_size, generator)

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **_: Any
    ) -> None:
        """One pass over the rows, with a single synchronisation at its end."""
        if iterator is None:
            return
        total, weight = 0.0, 0.0
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch)
            batch_weight = batch.weight.sum()
            total, weight = total + step["loss"] * batch_weight, weight + batch_weight
            self.notify("on_batch_end", batch=batch, training=training, **step)
        self.history.record(f"{prefix}_loss", float(total / weight) if float(weight) > 0 else 0.0)

    def train_step(self, batch: Rows, **_: Any) -> dict[str, Tensor]:
        """One step of the optimizer, then of the penalty."""
        self.module_.train()
        self.optimizer_.zero_grad(set_to_none=True)
        loss = self._data_loss(batch)
        loss.backward()
        if self.form == "gradient":
            self.penalty.add_gradient_()
        self.optimizer_.step()
        if self.form == "proximal":
            # The last group has the full rate; wide layers have groups of their own before it.
            self.penalty.proximal_step_(self.optimizer_.param_groups[-1]["lr"])
        elif math.inf in self.penalty.strengths.values():
            self.penalty.proximal_step_(0.0)  # a step of no length is the projection alone
        return {"loss": loss.detach()}

    def validation_step(self, batch: Rows, **_: Any) -> dict[str, Tensor]:
        """The loss alone."""
        self.module_.eval()
        with torch.no_grad():
            return {"loss": self._data_loss(batch)}

    def _data_loss(self, batch: Rows) -> Tensor:
        error = batch.factor * self.module_.core(batch.inputs) - batch.target
        losses = error.square().mean(dim=1)
        return (losses * batch.weight).sum() / batch.weight.sum().clamp_min(1e-30)
