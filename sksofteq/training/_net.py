"""The skorch net: in-memory batches, a decoupled penalty, one loss term per candidate."""

from __future__ import annotations

import math
from typing import Any

import torch
from skorch import NeuralNet
from torch import Tensor, nn

from sksofteq.penalties import PathwayPenalty, ProjectionPenalty
from sksofteq.training._batches import Rows, TensorBatches
from sksofteq.training._callbacks import StopTraining, TrainingInterrupted


class PenalizedNet(NeuralNet):
    """Fits a `SoftEMLP` with projection penalties; its criterion is one of `LOSSES`.

    Parameters
    ----------
    penalty : ProjectionPenalty or PathwayPenalty
        The candidates' penalties; their strengths may change between epochs.
    form : {"proximal", "gradient"}
        Whether the penalty is a proximal step after the optimizer's or part of its gradient.
    shuffle_seed : int
        Seed of the order of rows.
    **kwargs : dict
        As for `skorch.NeuralNet`.
    """

    def __init__(
        self,
        *args: Any,
        penalty: ProjectionPenalty | PathwayPenalty,
        form: str,
        shuffle_seed: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.penalty = penalty
        self.form = form
        self.shuffle_seed = shuffle_seed

    def initialize(self) -> PenalizedNet:
        """Make everything anew; a checkpoint may say that epochs are done, and how to go on."""
        super().initialize()
        self.epochs_done_, self.interrupted_, self.shuffler_ = 0, False, self._make_shuffler()
        return self

    def _make_shuffler(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.shuffle_seed)

    def torch_compile(self, module: nn.Module, name: str) -> nn.Module:
        """Compile the core in place: it is what training calls, and the module calls it too.

        The module stays itself, so that names of parameters, copies and pickles do not change.
        """
        if self.compile and name == "module":
            module.core.compile(**self.get_params_for("compile"))
        return module

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
        kwargs.setdefault("epochs", self.max_epochs - self.epochs_done_)
        try:
            return super().fit_loop(*args, **kwargs)
        except KeyboardInterrupt as error:
            self.interrupted_ = not isinstance(error, StopTraining)
            raise

    def partial_fit(self, *args: Any, **kwargs: Any) -> PenalizedNet:
        """Train; a genuine interrupt comes through, once the net is fit for use.

        The history is that of whole epochs then, and hard candidates hold.
        """
        super().partial_fit(*args, **kwargs)
        if self.interrupted_:
            if self.history and "strengths" not in self.history[-1]:
                self.history.pop()  # what is recorded last of an epoch is missing
            if math.inf in self.penalty.strengths.values():
                self.penalty.proximal_step_(0.0)
            raise TrainingInterrupted
        return self

    def get_split_datasets(self, X: tuple[Rows, Rows | None], y: Any = None, **_: Any) -> tuple:
        """The caller has split and standardised already."""
        return X

    def get_iterator(self, dataset: Rows, training: bool = False) -> TensorBatches:
        """Batches of tensors that are in memory already."""
        if not training:
            return TensorBatches(dataset, max(self.batch_size, 4096))
        return TensorBatches(dataset, self.batch_size, self.shuffler_)

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **_: Any
    ) -> None:
        """One pass over the rows, with a single synchronisation at its end."""
        if iterator is None:
            return
        self.module_.train(training)
        mean = MeanLoss()
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch)
            mean.add(step["loss"], batch)
            self.notify("on_batch_end", batch=batch, training=training, **step)
        self.history.record(f"{prefix}_loss", mean.value())

    def train_step(self, batch: Rows, **_: Any) -> dict[str, Tensor]:
        """One step of the optimizer, then of the penalty."""
        self.optimizer_.zero_grad(set_to_none=True)
        loss = self._data_loss(batch)
        loss.backward()
        self.update()
        return {"loss": loss.detach()}

    def update(self) -> None:
        """Move the weights, once their gradients are known."""
        if self.form == "gradient":
            self.penalty.add_gradient_()
        self.optimizer_.step()
        if self.form == "proximal":
            # The last group has the full rate; wide layers have groups of their own before it.
            self.penalty.proximal_step_(self.optimizer_.param_groups[-1]["lr"])
        elif math.inf in self.penalty.strengths.values():
            self.penalty.proximal_step_(0.0)  # a step of no length is the projection alone

    def validation_step(self, batch: Rows, **_: Any) -> dict[str, Tensor]:
        """The loss alone."""
        with torch.no_grad():
            return {"loss": self._data_loss(batch)}

    def _data_loss(self, batch: Rows) -> Tensor:
        return self.criterion_(self.module_.core(batch.inputs), batch)


class MeanLoss:
    """The mean loss of an epoch, read once at its end."""

    def __init__(self) -> None:
        self._total: Tensor | float = 0.0
        self._weight: Tensor | float = 0.0

    def add(self, loss: Tensor, batch: Rows) -> None:
        """Count a batch."""
        weight = batch.weight.sum()
        self._total, self._weight = self._total + loss * weight, self._weight + weight

    def value(self) -> float:
        """The mean; 0 without weight."""
        return float(self._total / self._weight) if float(self._weight) > 0 else 0.0
