"""What does an epoch of the estimator cost beside a loop written by hand?

    python -m benchmarks.fit [--quick]

Both train the same module on the same standardised rows with the same optimizer, parameter groups,
penalty, strengths and batch size; they take turns, epoch by epoch, within one fit. An epoch of the
estimator is all that happens between two ends of an epoch: shuffling, training, validation,
history, penalties and callbacks, early stopping and the schedule of the learning rate among them.
The loop shuffles, trains and computes the validation loss, nothing else. A second table has what
comes once per fit, with bases of equivariant maps computed anew and taken from the cache; a third
what tuning the strengths adds.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import time
import warnings
from collections.abc import Callable, Iterator
from unittest import mock

import numpy as np
import torch
from skorch.callbacks import Callback

from benchmarks._common import save, table
from benchmarks._timing import in_fresh_process, ratio, side_by_side
from sksofteq import SoftEquivariantRegressor
from sksofteq.datasets import make_inertia
from sksofteq.estimators import _network
from sksofteq.penalties import ProjectionPenalty
from sksofteq.training import PenalizedNet, Rows

VIEW = {
    "symmetries": ("O(2)@x,y", "O(2)@y,z", "O(2)@x,z"),
    "rep_in": "5*scalar + 5*vector",
    "rep_out": "tensor(2)",
}
#: Validation rows are split off, but no fit stops early.
SETTINGS = {"early_stopping": True, "n_iter_no_change": 10**6, "random_state": 0}
STRENGTH = 1.0
#: Epochs by number of rows, and epochs at the start that do not count.
EPOCHS, WARMUP = {1000: 150, 10_000: 30, 100_000: 6}, 2
TUNED_ROWS, TUNED_EPOCHS, TUNED_ROUNDS = 1000, 300, 5
#: What comes once per fit, by the name of the function that does it.
ONCE = {
    "checking": "check_table",
    "standardising": "standardise_module",
    "bases": "ProjectionPenalty",
    "preparing rows": "prepare_rows",
    "curves": "curves",
    "errors": "equivariance_errors",
    "report": "report",
}


class HandWritten:
    """The loop that a user of torch would write, with a copy of a net's module."""

    def __init__(self, net: PenalizedNet, train: Rows, valid: Rows) -> None:
        self.core = copy.deepcopy(net.module_).core
        self.penalty = ProjectionPenalty(self.core, _groups(net))
        self.penalty.set_strengths(net.penalty.strengths)
        twins = dict(zip(net.module_.core.parameters(), self.core.parameters(), strict=True))
        groups = [
            {"params": [twins[p] for p in group["params"]], "lr": group["lr"]}
            for group in net.optimizer_.param_groups
        ]
        same = {key: net.optimizer_.defaults[key] for key in ("weight_decay", "fused")}
        self.optimizer = torch.optim.AdamW(groups, **same)
        self.train, self.valid, self.batch_size = train, valid, net.batch_size

    def epoch(self) -> tuple[float, float]:
        """One pass over the training rows, then the validation loss."""
        total, n = 0.0, len(self.train)
        order = torch.randperm(n)
        for start in range(0, n, self.batch_size):
            rows = order[start : start + self.batch_size]
            self.optimizer.zero_grad()
            output = self.core(self.train.inputs[rows])
            loss = torch.nn.functional.mse_loss(output, self.train.target[rows])
            loss.backward()
            self.optimizer.step()
            self.penalty.proximal_step_(self.optimizer.param_groups[-1]["lr"])
            total += loss.detach() * len(rows)
        with torch.no_grad():
            valid = torch.nn.functional.mse_loss(self.core(self.valid.inputs), self.valid.target)
        return float(total / n), float(valid)


class Turns(Callback):
    """Runs an epoch by hand after every epoch of the estimator, and times both.

    Parameters
    ----------
    record : callable
        Gets the seconds of either, (estimator, hand-written).
    """

    def __init__(self, record: Callable[[float, float], None]) -> None:
        self.record = record

    def on_train_begin(self, net: PenalizedNet, X: tuple[Rows, Rows], **_: object) -> None:
        """Copy the net before its first step."""
        self.hand = HandWritten(net, *X)
        self.start = time.perf_counter()

    def on_epoch_end(self, net: PenalizedNet, **_: object) -> None:
        """Comes last of all callbacks."""
        middle = time.perf_counter()
        self.hand.epoch()
        end = time.perf_counter()
        self.record(middle - self.start, end - middle)
        self.start = time.perf_counter()


def _groups(net: PenalizedNet) -> dict:
    return dict(zip(net.penalty.labels, net.penalty.groups, strict=True))


def compare_epochs(n_rows: int, n_epochs: int) -> dict:
    """Seconds of an epoch, either way, in turns."""
    seconds: list[tuple[float, float]] = []
    turns = Turns(lambda *pair: seconds.append(pair))
    X, y = make_inertia(n_rows, axis="z", random_state=0)
    model = SoftEquivariantRegressor(
        **VIEW, **SETTINGS, strengths=STRENGTH, max_iter=n_epochs + WARMUP, callbacks=[turns]
    )
    model.fit(X, y)
    ours, hand = np.array(seconds[WARMUP:]).T
    return {
        "rows": n_rows,
        "epochs": n_epochs,
        "estimator ms": 1e3 * np.median(ours),
        "by hand ms": 1e3 * np.median(hand),
        "ratio": ratio(ours, hand),
    }


@contextlib.contextmanager
def timed(seconds: dict[str, float]) -> Iterator[None]:
    """Add up the seconds that the steps of a fit take, by the names in `ONCE`."""

    def timing(label: str, function: Callable) -> Callable:
        def called(*arguments: object, **named: object) -> object:
            start = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                seconds[label] = seconds.get(label, 0.0) + time.perf_counter() - start

        return called

    with contextlib.ExitStack() as stack:
        for label, name in ONCE.items():
            function = getattr(_network, name)
            stack.enter_context(mock.patch.object(_network, name, timing(label, function)))
        yield


def once(n_rows: int) -> list[dict]:
    """Milliseconds of what comes once per fit: in the first fit of a process, and in the third."""
    torch.set_num_threads(1)
    X, y = make_inertia(n_rows, axis="z", random_state=0)
    rows = []
    for fit in ("first", "second", "third"):
        seconds: dict[str, float] = {}
        model = SoftEquivariantRegressor(**VIEW, **SETTINGS, strengths=STRENGTH, max_iter=1)
        with timed(seconds):
            model.fit(X, y)
        rows.append({"rows": n_rows, "fit": fit, **{k: 1e3 * v for k, v in seconds.items()}})
    return [rows[0], rows[2]]


def tuning(n_epochs: int, rounds: int) -> dict:
    """Seconds of a fit with the loop of orbit tests and of one with fixed strengths, in turns."""
    X, y = make_inertia(TUNED_ROWS, axis="z", random_state=0)

    def fit(strengths: float | None) -> None:
        settings = {**VIEW, **SETTINGS, "strengths": strengths, "max_iter": n_epochs}
        SoftEquivariantRegressor(**settings, tuner="orbit", average=False).fit(X, y)

    functions = {"tuned": lambda: fit(None), "fixed": lambda: fit(STRENGTH)}
    seconds = side_by_side(functions, rounds=rounds, warmup=0)
    return {
        "rows": TUNED_ROWS,
        "epochs": n_epochs,
        "fixed s": np.median(seconds["fixed"]),
        "tuned s": np.median(seconds["tuned"]),
        "added s": np.median(seconds["tuned"] - seconds["fixed"]),
        "ratio": ratio(seconds["tuned"], seconds["fixed"]),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few rows and epochs, no JSON")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # few epochs leave no room for updates of the strengths
    plan = {1000: 20, 10_000: 3} if quick else EPOCHS
    epochs = [compare_epochs(n, count) for n, count in plan.items()]
    print(table(epochs), "\n")
    once_per_fit = [row for n in plan for row in in_fresh_process(once, n)[0]]
    print("milliseconds, once per fit")
    print(table(once_per_fit), "\n")
    tuned = tuning(20, 1) if quick else tuning(TUNED_EPOCHS, TUNED_ROUNDS)
    print(table([tuned]))
    if not quick:
        configuration = {**VIEW, **SETTINGS, "strengths": STRENGTH, "epochs": plan}
        summary = {"once per fit, ms": once_per_fit, "tuning": tuned}
        print(save("fit", "python -m benchmarks.fit", configuration, epochs, summary))


if __name__ == "__main__":
    main()
