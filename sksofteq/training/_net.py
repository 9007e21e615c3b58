"""The skorch net: in-memory batches, a decoupled penalty, one loss term per candidate."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.history import History
from skorch.utils import get_map_location
from torch import Tensor, nn

from sksofteq._plain import from_plain, to_plain
from sksofteq.nn import OwnNetwork, SoftEMLP
from sksofteq.penalties import PathwayPenalty, ProjectionPenalty
from sksofteq.training._batches import Rows, TensorBatches
from sksofteq.training._callbacks import StopTraining, TrainingInterrupted
from sksofteq.training._losses import MeanSquare
from sksofteq.training._recorded import RecordedSteps

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Parameters of a net that go into a file; those of the optimizer do not.
SAVED = ("form", "shuffle_seed", "lr", "batch_size", "max_epochs", "device", "compile")


class PenalizedNet(NeuralNet):
    """Fits a `FramedNetwork` with projection penalties; its criterion is one of `LOSSES`.

    A copy, or one from a file, is rebuilt from plain values and arrays. It predicts, and its
    moments and history are there to go on from, but it has no penalty, no optimizer and not its
    own loss: every fit brings these along.

    Parameters
    ----------
    penalty : ProjectionPenalty, PathwayPenalty or None
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
        penalty: ProjectionPenalty | PathwayPenalty | None,
        form: str,
        shuffle_seed: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.penalty = penalty
        self.form = form
        self.shuffle_seed = shuffle_seed

    def __repr__(self) -> str:
        """Short, for tables of fitted attributes; ``net.module_`` shows every layer."""
        return f"{type(self).__name__}({self.module.rep_in} -> {self.module.rep_out})"

    def __getstate__(self) -> dict[str, Any]:
        """What the net is rebuilt from: no code, and nothing that only this version could read."""
        return {
            "settings": {name: vars(self)[name] for name in SAVED},
            "network": to_plain(self.module_.recipe),
            "weights": _as_arrays(self.module_.state_dict()),
            "moments": {number: _as_arrays(values) for number, values in self.moments.items()},
            "history": json.dumps(list(self.history), default=_as_json),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Rebuild the net, on the CPU where its device is missing."""
        settings = {name: state["settings"][name] for name in SAVED}  # whatever else there is
        weights = _as_tensors(state["weights"])
        device = str(get_map_location(settings["device"]))  # which warns, with its reason
        recipe = from_plain(state["network"])
        kind = OwnNetwork if "network" in recipe else SoftEMLP
        with torch.random.fork_rng(devices=[]):  # the weights drawn here do not stay
            module = kind(**recipe)
        module.to(weights["mean_in"].dtype).load_state_dict(weights)
        if device != settings["device"]:
            settings["compile"] = False  # here may be no compiler, and there was none needed
        settings = settings | {"device": device, "train_split": None, "verbose": 0}
        self.__init__(module, MeanSquare, penalty=None, **settings)
        self.initialize()
        self._moments = {number: _as_tensors(v) for number, v in state["moments"].items()}
        self.history = History(json.loads(state["history"]))

    @property
    def moments(self) -> dict[int, dict[str, Tensor]]:
        """What the optimizer has remembered, by number of the parameter."""
        return self._moments if self.penalty is None else self.optimizer_.state_dict()["state"]

    def initialize_optimizer(self, *args: Any, **kwargs: Any) -> PenalizedNet:
        """Make the optimizer, unless this is a copy: torch then imports for seconds."""
        return self if self.penalty is None else super().initialize_optimizer(*args, **kwargs)

    def initialize(self) -> PenalizedNet:
        """Make everything anew; a checkpoint may say that epochs are done, and how to go on."""
        super().initialize()
        self.epochs_done_, self.interrupted_ = 0, False
        self.shuffler_ = torch.Generator().manual_seed(self.shuffle_seed)
        self._recorded = None
        if self.records and self.penalty is not None:  # a copy takes no steps
            self._recorded = RecordedSteps([self], lambda batches: self.step(*batches))
        return self

    def torch_compile(self, module: nn.Module, name: str) -> nn.Module:
        """Compile the core in place: it is what training calls, and the module calls it too.

        The module stays itself, so that names of parameters, copies and pickles do not change.
        On CUDA its passes become graphs that are replayed: one start instead of one per kernel.
        Where whole steps are recorded there is nothing to compile.
        """
        if self.compile and name == "module" and not self.records:
            on_cuda = torch.device(self.device).type == "cuda"
            settings = {"mode": "reduce-overhead"} if on_cuda else {}
            module.core.compile(**(settings | self.get_params_for("compile")))
        return module

    @property
    def records(self) -> bool:
        """Whether steps are recorded on a GPU and replayed, which `compile` asks for there.

        Not those of a network of the user's: it may decide by numbers, which a GPU does not.
        """
        on_cuda = torch.device(self.device).type == "cuda"
        return self.compile and on_cuda and isinstance(self.module, SoftEMLP)

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
        finally:
            if self._recorded is not None:
                self._recorded.forget()

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
        """One step, recorded if it may be."""
        return {"loss": self.step(batch) if self._recorded is None else self._recorded([batch])}

    def step(self, batch: Rows) -> Tensor:
        """One step of the optimizer, then of the penalty; return the loss."""
        self.optimizer_.zero_grad(set_to_none=True)
        loss = self._data_loss(batch)
        loss.backward()
        self.update()
        return loss.detach()

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


def _as_arrays(values: Mapping[str, Tensor]) -> dict[str, NDArray]:
    return {name: value.detach().cpu().numpy() for name, value in values.items()}


def _as_tensors(values: Mapping[str, NDArray]) -> dict[str, Tensor]:
    return {name: torch.tensor(np.asarray(value)) for name, value in values.items()}


def _as_json(value: Any) -> Any:
    """A number or array that a user's callback has recorded, anything else as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


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
