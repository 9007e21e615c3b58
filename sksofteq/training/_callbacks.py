"""What happens between epochs: tuning, best weights and early stopping."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Collection
from typing import Any

import torch
from sklearn.exceptions import ConvergenceWarning
from skorch import NeuralNet
from skorch.callbacks import Callback

from sksofteq.training._batches import Rows
from sksofteq.tuning import Tuner
from sksofteq.tuning._base import Probe


class StopTraining(KeyboardInterrupt):
    """Ends a fit early, the way that skorch understands; a genuine Ctrl-C is none of these."""


class TrainingInterrupted(KeyboardInterrupt):
    """A genuine Ctrl-C between the first batch and the last; the net is fit for use."""


class StrengthTuning(Callback):
    """Lets a rule move the strengths after an epoch, and records strengths and penalties.

    The strengths of an epoch are those in force during it; a change counts from the next one.

    Parameters
    ----------
    tuner : Tuner
        After `begin`.
    probe : Probe
    dropped : collection of str, default=()
        Candidates without a strength, whatever the rule says.
    """

    def __init__(self, tuner: Tuner, probe: Probe, dropped: Collection[str] = ()) -> None:
        self.tuner, self.probe, self.dropped = tuner, probe, dropped

    @property
    def settings(self) -> str:
        """The rule."""
        return repr(self.tuner)

    def state_dict(self) -> dict[str, Any]:
        """What rule and probe have become."""
        return {"tuner": vars(self.tuner), "probe": self.probe.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        vars(self.tuner).update(state["tuner"])
        self.probe.load_state_dict(state["probe"])

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        """Record; ask the rule and set what it says."""
        loss = net.history[-1, "train_loss"]
        if not math.isfinite(loss):
            raise ValueError(
                f"The training loss became {loss} in epoch {len(net.history)}; lower "
                "learning_rate_init, or look for outliers in X and y."
            )
        net.history.record("penalties", self.probe.penalties())
        net.history.record("strengths", dict(net.penalty.strengths))
        strengths = self.tuner.on_epoch_end(len(net.history), self.probe)
        if strengths is not None:
            net.penalty.set_strengths(dict(strengths) | dict.fromkeys(self.dropped, 0.0))


class Augmentation(Callback):
    """Moves the training rows by fresh group elements in every epoch.

    Parameters
    ----------
    rows : Rows
        The training rows that batches are cut from; replaced in place.
    move : callable
        Gets the labels of the candidates to move by and returns the rows, prepared. For
        checkpoints it has `last`, which tells of the last call, `again`, which repeats it, and
        `shares`.
    supported : callable
        Returns the labels to move by, now.
    """

    def __init__(
        self,
        rows: Rows,
        move: Callable[[list[str]], Rows],
        supported: Callable[[], list[str]],
    ) -> None:
        self.rows, self.move, self.supported = rows, move, supported

    def on_epoch_begin(self, net: NeuralNet, **_: Any) -> None:
        """Move the rows."""
        labels = self.supported()
        if labels:
            self.rows.replace(self.move(labels))

    @property
    def settings(self) -> dict[str, float]:
        """How far elements stretch."""
        return dict(self.move.shares)

    def state_dict(self) -> dict[str, Any]:
        """How the rows came to lie as they do."""
        return {"last": self.move.last}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Move them there."""
        if state["last"] is not None:
            self.rows.replace(self.move.again(state["last"]))


class BestWeights(Callback):
    """Early stopping on the validation loss that restores the best weights.

    Epochs before the strengths have settled do not count: their weights belong to another
    objective.

    Parameters
    ----------
    settled_after : int
        Epochs that do not count.
    patience : int
        Epochs without an improvement after which training stops.
    tol : float
        Smallest relative improvement that resets the patience.

    Warns
    -----
    ConvergenceWarning
        If the last epoch comes while the validation loss falls by more than `tol` an epoch, on
        average over `patience` epochs. That patience has not run out is not enough: the learning
        rate has fallen to zero by then, so most fits that use all epochs are as good as done.
    """

    def __init__(self, settled_after: int, patience: int, tol: float) -> None:
        self.settled_after, self.patience, self.tol = settled_after, patience, tol

    @property
    def settings(self) -> tuple[int, int, float]:
        """The parameters."""
        return self.settled_after, self.patience, self.tol

    def state_dict(self) -> dict[str, Any]:
        """The best weights, and for how long they have been."""
        return {name: value for name, value in vars(self).items() if name.endswith("_")}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        vars(self).update(state)

    def on_train_begin(self, net: NeuralNet, **_: Any) -> None:
        """Forget earlier fits."""
        self.best_, self.reference_, self.waited_, self.weights_ = math.inf, math.inf, 0, None
        self.path_: list[float] = []  # the best so far, by epoch

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        """Keep the best weights; stop when patience runs out."""
        if len(net.history) <= self.settled_after:
            return
        loss = net.history[-1, "valid_loss"]
        if loss < self.best_:
            self.best_ = loss
            self._keep(net.module_)
        self.path_.append(self.best_)
        if loss < self.reference_ * (1 - self.tol):
            self.reference_, self.waited_ = loss, 0
        else:
            self.waited_ += 1
        if self.waited_ >= self.patience:
            raise StopTraining

    def on_train_end(self, net: NeuralNet, **_: Any) -> None:
        """Restore; say whether more epochs would have helped."""
        if self.weights_ is not None:
            net.module_.load_state_dict(self.weights_)
        if len(net.history) == net.max_epochs and self._improves():
            warnings.warn(
                f"max_iter={net.max_epochs} epochs are over, and the validation loss was still "
                f"falling by more than tol={self.tol} an epoch over the last {self.patience}; "
                "raise max_iter.",
                ConvergenceWarning,
                stacklevel=2,
            )

    def _improves(self) -> bool:
        if self.waited_ >= self.patience or len(self.path_) <= self.patience:
            return False
        earlier = self.path_[-1 - self.patience]
        return self.path_[-1] < earlier * (1 - self.tol * self.patience)

    @torch.no_grad()
    def _keep(self, module: torch.nn.Module) -> None:
        """Copy the weights, into the same memory from the second time on."""
        now = module.state_dict()
        if self.weights_ is None:
            self.weights_ = {name: value.clone() for name, value in now.items()}
        else:
            for name, value in now.items():
                self.weights_[name].copy_(value)
