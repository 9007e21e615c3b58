"""What does it bring to start the linear skip of a network as ridge regression?

    python -m benchmarks.skip_start [--seeds 3] [--jobs 2] [--quick]

The tasks of `benchmarks.rivals`; the skip starts at zero, or as the closed-form solution with a
shrinkage per row of 1e-4, 1e-2 (the package's) or 1. Errors are mean squared errors over the
variance of y.
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
from sksofteq.linear import _start
from sksofteq.training import train_together

#: Shrinkage per row; None starts at zero.
SHRINKAGES = (None, 1e-4, 1e-2, 1.0)
SETTINGS = NETWORK | {"max_iter": 200}


def run(name: str, kind: str, shrinkage: float | None, seed: int, max_iter: int) -> dict[str, Any]:
    """Error of one network with one start."""
    torch.set_num_threads(1)
    task = TASKS[name]
    X, y, X_test, y_test = task.make(seed)
    meaning = {} if kind == "plain" else {"symmetries": task.symmetries, **task.view}
    settings = SETTINGS | {"max_iter": max_iter, "random_state": seed}
    model = SoftEquivariantRegressor(**meaning, **settings)
    _start.START_ALPHA = 1.0 if shrinkage is None else shrinkage
    fit = model.begin_fit(X, y, None, None)
    if shrinkage is None:
        torch.nn.init.zeros_(fit.net.module.core.skip.weight)
    train_together([fit.net], [fit.rows])
    model.finish_fit(fit)
    error = np.mean((model.predict(X_test) - y_test) ** 2) / np.var(y_test, axis=0).mean()
    start = "zero" if shrinkage is None else f"{shrinkage:g}"
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
        delayed(run)(name, kind, shrinkage, seed, max_iter)
        for seed in range(seeds)
        for name in TASKS
        for kind in ("plain", "soft")
        for shrinkage in SHRINKAGES
    )
    errors = pd.DataFrame(rows).groupby(["task", "network", "start"], sort=False)["error"].mean()
    summary = errors.map("{:.3g}".format).unstack("start").reset_index()
    print(table(summary))
    if not arguments.quick:
        command = f"python -m benchmarks.skip_start --seeds {seeds}"
        print(save("skip_start", command, SETTINGS, rows, summary.to_dict("records")))


if __name__ == "__main__":
    main()
