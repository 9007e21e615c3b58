"""Fits that can be killed and go on."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Iterator
from numbers import Integral
from pathlib import Path
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, LRScheduler

from sksofteq.training._batches import Rows

#: Callbacks with settings that the start of a fit does not show.
CHOSEN = ("tuning", "best_weights", "augmentation")


class Checkpoint(Callback):
    """Saves a fit in progress, so that one that was killed goes on where it was.

    Put it into the `callbacks` of an estimator with an integer `random_state`. A fit that finds
    its file goes on from there, to the bits that it would have come to undisturbed (on a GPU, but
    for rounding); what comes before the training, tests of candidates and pilots, is done again.
    The file is removed when a fit has come to its end, and left where it is interrupted.

    Parameters
    ----------
    path : str or path
        The file; every fit needs one of its own.
    every : int, default=1
        Save after every so many epochs.

    Raises
    ------
    ValueError
        If the file is of a fit that began otherwise: with other data, parameters or seeds, or on a
        machine that rounds otherwise.

    Notes
    -----
    The file is a pickle, so load none that you would not run. Of callbacks, the package's own are
    saved, and those of yours that have the methods ``state_dict`` and ``load_state_dict`` and stay
    where they are in the list; others begin anew.

    Examples
    --------
    >>> import os, tempfile
    >>> from sksofteq import SoftEquivariantRegressor
    >>> from sksofteq.datasets import make_inertia
    >>> from sksofteq.training import Checkpoint
    >>> X, y = make_inertia(n_samples=50, random_state=0)
    >>> path = os.path.join(tempfile.mkdtemp(), "fit.checkpoint")
    >>> model = SoftEquivariantRegressor(
    ...     ("O(3)",), rep_in="5*scalar + 5*vector", rep_out="tensor(2)", strengths=1.0,
    ...     hidden_layer_sizes=(8,), max_iter=2, random_state=0, callbacks=[Checkpoint(path)])
    >>> model.fit(X, y).n_iter_, os.path.exists(path)
    (2, False)
    """

    def __init__(self, path: str | os.PathLike, every: int = 1) -> None:
        self.path = path
        self.every = every

    def on_train_begin(self, net: NeuralNet, X: tuple[Rows, Rows | None], **_: Any) -> None:
        """Go on, if there is a file."""
        if not isinstance(self.every, Integral) or self.every < 1:
            raise ValueError(f"Checkpoint.every must be an integer >= 1, got {self.every!r}.")
        self.start_ = fingerprint(net, X)
        path = Path(self.path)
        if not path.exists():
            return
        with path.open("rb") as file:
            saved = pickle.load(file)
        if saved["start"] != self.start_:
            raise ValueError(
                f"The checkpoint {str(path)!r} is of another fit: data, parameters or "
                "random_state differ (it must be an integer), or the machine rounds otherwise. "
                "Remove the file to fit from the beginning, or choose another path."
            )
        restore(net, saved)

    def on_epoch_end(self, net: NeuralNet, **_: Any) -> None:
        """Save, if it is time to."""
        if len(net.history) % self.every == 0:
            write(Path(self.path), {"start": self.start_, **progress(net)})

    def on_train_end(self, net: NeuralNet, **_: Any) -> None:
        """Remove the file of a fit that is over."""
        if not net.interrupted_:
            for path in (Path(self.path), _part(Path(self.path))):
                path.unlink(missing_ok=True)


def fingerprint(net: NeuralNet, data: tuple[Rows, Rows | None]) -> str:
    """What a fit begins with, as a short text: equal ones come to equal ends."""
    settings = [net.max_epochs, net.batch_size, net.form, net.shuffle_seed, len(net.history)]
    settings.append(net.criterion.__name__)
    settings += [(name, call.settings) for name, call in net.callbacks_ if name in CHOSEN]
    settings += [{**group, "params": None} for group in net.optimizer_.param_groups]
    settings.append(net.penalty.strengths)
    tensors = [*net.module_.state_dict().values(), torch.get_rng_state()]
    tensors += [value for rows in data if rows is not None for value in vars(rows).values()]
    digest = hashlib.sha256(repr(settings).encode())
    for tensor in tensors:
        digest.update(repr((tensor.dtype, tensor.shape)).encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()


def progress(net: NeuralNet) -> dict[str, Any]:
    """All that the rest of a fit depends on."""
    return {
        "history": list(net.history),
        "module": net.module_.state_dict(),
        "optimizer": net.optimizer_.state_dict(),
        "strengths": net.penalty.strengths,
        "shuffler": net.shuffler_.get_state(),
        "torch": _generators(net),
        "others": {key: keeper.state_dict() for key, keeper in _keepers(net)},
    }


def restore(net: NeuralNet, saved: dict[str, Any]) -> None:
    """Bring a net that is about to train to where another one was."""
    net.history.clear()
    net.history.extend(saved["history"])
    net.epochs_done_ = len(net.history)
    net.module_.load_state_dict(saved["module"])
    net.optimizer_.load_state_dict(saved["optimizer"])
    net.penalty.set_strengths(saved["strengths"])
    net.shuffler_.set_state(saved["shuffler"])
    for key, keeper in _keepers(net):
        if key in saved["others"]:  # callbacks of the user may be new
            keeper.load_state_dict(saved["others"][key])
    torch.set_rng_state(saved["torch"][0])
    if len(saved["torch"]) > 1:
        torch.cuda.set_rng_state(saved["torch"][1], net.device)


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a file that is whole at any time: the old one or the new one."""
    part = _part(path)
    with part.open("wb") as file:
        pickle.dump(content, file, protocol=pickle.HIGHEST_PROTOCOL)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def _part(path: Path) -> Path:
    """Where a file is while it is written; a fit that is killed then leaves it behind."""
    return path.with_name(f"{path.name}.part")


def _keepers(net: NeuralNet) -> Iterator[tuple[tuple[str, str], Any]]:
    """What else keeps a state from epoch to epoch: callbacks, a penalty that draws elements."""
    for name, keeper in [("penalty", net.penalty), *net.callbacks_]:
        if isinstance(keeper, LRScheduler):
            keeper = keeper.lr_scheduler_
        if hasattr(keeper, "state_dict") and hasattr(keeper, "load_state_dict"):
            yield (name, type(keeper).__qualname__), keeper


def _generators(net: NeuralNet) -> list[torch.Tensor]:
    """States of torch's global generators."""
    states = [torch.get_rng_state()]
    if torch.device(net.device).type == "cuda":
        states.append(torch.cuda.get_rng_state(net.device))
    return states
