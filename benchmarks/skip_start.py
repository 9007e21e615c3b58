"""What does it bring to start a network as ridge regression?

    python -m benchmarks.skip_start [--seeds 3] [--jobs 2] [--quick]

The tasks of `benchmarks.rivals`. "random" starts all layers at random and the linear skip at zero;
numbers are the shrinkage per row with which the skip and the bias start as the closed-form
solution and the other weights of the output layer at zero (1e-2 is the package's); "beside" has
that skip beside an output layer at random. Errors are mean squared errors over the variance of y.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed

from benchmarks._common import save, table
from benchmarks.rivals import NETWORK, TASKS
from sksofteq import SoftEquivariantRegressor
from sksofteq.estimators import _start
from sksofteq.training import train_together

#: Starts, and the shrinkage per row of each.
STARTS = {"random": 1e-2, "beside": 1e-2, "1e-4": 1e-4, "1e-2": 1e-2, "1": 1.0}
SETTINGS = NETWORK | {"max_iter": 200}


def run(name: str, kind: str, start: str, seed: int, max_iter: int) -> dict[str, Any]:
    """Error of one network with one start."""
    torch.set_num_threads(1)
    task = TASKS[name]
    X, y, X_test, y_test = task.make(seed)
    meaning = {} if kind == "plain" else {"symmetries": task.symmetries, **task.view}
    settings = SETTINGS | {"max_iter": max_iter, "random_state": seed}
    model = SoftEquivariantRegressor(**meaning, **settings)
    _start.START_ALPHA = STARTS[start]
    fit = model.begin_fit(X, y, None, None)
    core = fit.net.module.core
    if start in ("random", "beside"):
        core.output.reset_parameters()
    if start == "random":
        torch.nn.init.zeros_(core.skip.weight)
    train_together([fit.net], [fit.rows])
    model.finish_fit(fit)
    error = np.mean((model.predict(X_test) - y_test) ** 2) / np.var(y_test, axis=0).mean()
    return {"task": name, "network": kind, "start": start, "seed": seed, "error": float(error)}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="one seed, short fits, no JSON")
    arguments = parser.parse_args()
    seeds, max_iter = (1, 13) if arguments.quick else (arguments.seeds, SETTINGS["max_iter"])
    rows = Parallel(arguments.jobs)(
        delayed(run)(name, kind, start, seed, max_iter)
        for seed in range(seeds)
        for name in TASKS
        for kind in ("plain", "soft")
        for start in STARTS
    )
    errors = pd.DataFrame(rows).groupby(["task", "network", "start"], sort=False)["error"].mean()
    summary = errors.map("{:.3g}".format).unstack("start").reset_index()
    print(table(summary))
    if not arguments.quick:
        command = f"python -m benchmarks.skip_start --seeds {seeds}"
        print(save("skip_start", command, SETTINGS, rows, summary.to_dict("records")))


if __name__ == "__main__":
    main()
