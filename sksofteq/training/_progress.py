"""What a person sees of a training: a bar, and how long it will take if that is long."""

from __future__ import annotations

import logging
import time
from typing import Any

from skorch import NeuralNet
from skorch.callbacks import Callback
from tqdm.auto import tqdm

LOGGER = logging.getLogger("sksofteq")
#: A training of more seconds than this is announced.
LONG = 300.0


class ProgressBar(Callback):
    """A tqdm bar with the losses and the current strengths, in the candidates' order."""

    def on_epoch_begin(self, net: NeuralNet, **_: Any) -> None:
        """Open the bar, once it is known where the training goes on."""
        if not hasattr(self, "bar_"):
            epochs = {"total": net.max_epochs, "initial": net.epochs_done_, "unit": "epoch"}
            self.bar_ = tqdm(**epochs, dynamic_ncols=True, leave=True)

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        """Advance."""
        row = net.history[-1]
        shown = {"loss": f"{row['train_loss']:.3g}"}
        if "valid_loss" in row:
            shown["validation"] = f"{row['valid_loss']:.3g}"
        if row.get("strengths"):
            shown["strengths"] = " ".join(f"{value:.2g}" for value in row["strengths"].values())
        self.bar_.set_postfix(shown, refresh=False)
        self.bar_.update()

    def on_train_end(self, net: NeuralNet, **_: Any) -> None:
        """Close the bar."""
        if hasattr(self, "bar_"):
            self.bar_.close()
            del self.bar_


class TimeEstimate(Callback):
    """Says after the first epoch how long all of them will take, if that is long."""

    def on_train_begin(self, net: NeuralNet, **_: Any) -> None:
        """Note the time."""
        self.start_: float | None = time.perf_counter()

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        """Tell, once."""
        if self.start_ is None:
            return
        seconds = time.perf_counter() - self.start_
        self.start_ = None
        n_epochs = net.max_epochs - net.epochs_done_
        if seconds * n_epochs > LONG:
            LOGGER.warning(
                "%d epochs of %.2g s each will take about %.0f minutes. Fewer rows or epochs "
                "(max_iter), narrower layers (hidden_layer_sizes) and a GPU (device='cuda') make "
                "it shorter; verbose=True shows how far it is.",
                n_epochs,
                seconds,
                seconds * n_epochs / 60,
            )
