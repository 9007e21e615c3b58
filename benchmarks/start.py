"""How large should the products of the bilinear layers be at the start?

    python -m benchmarks.start [--seeds 3] [--quick]

Inertia about one axis and cosine similarity with SO(3) kept, the data of `benchmarks.form`,
networks of rank 2 and 3, a strength of 3 on the kept candidate or none at all, 150 epochs. The
products start at 1, 0.3, 0.1 or 0.03 times the size of what they multiply; errors are mean squared
errors over the variance of the target.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks._common import save, table
from benchmarks.discovery_synthetic import COMMON, TASKS
from benchmarks.form import N_TRAIN, NAMES
from sksofteq import SoftEquivariantRegressor
from sksofteq.nn import BilinearLayer
from sksofteq.nn._bilinear import START
from sksofteq.training import train_together

SIZES = (1.0, 0.3, 0.1, 0.03)


def models(name: str, seed: int, max_rank: int, max_iter: int) -> list[SoftEquivariantRegressor]:
    """Two estimators for every size: with a strength and without."""
    task = TASKS[name]
    none = dict.fromkeys(task["view"]["symmetries"], 0.0)
    return [
        SoftEquivariantRegressor(
            **task["view"],
            **COMMON,
            strengths=strengths,
            max_rank=max_rank,
            max_iter=max_iter,
            random_state=seed,
        )
        for _ in SIZES
        for strengths in (none | {task["kept"]: 3.0}, none)
    ]


def run(name: str, seed: int, max_rank: int, max_iter: int) -> list[dict[str, Any]]:
    """Errors of all sizes on one draw of the data; their networks train together."""
    X, y = TASKS[name]["make"](N_TRAIN + 1000, seed)
    estimators = models(name, seed, max_rank, max_iter)
    runs = [e.begin_fit(X[:N_TRAIN], y[:N_TRAIN], None, None) for e in estimators]
    labels = [(size, kept) for size in SIZES for kept in (True, False)]
    for (size, _), fit in zip(labels, runs, strict=True):
        rescale(fit.net.module, size)
    train_together([fit.net for fit in runs], [fit.rows for fit in runs])
    rows = []
    for (size, kept), estimator, fit in zip(labels, estimators, runs, strict=True):
        estimator.finish_fit(fit)
        error = np.mean((estimator.predict(X[N_TRAIN:]) - y[N_TRAIN:]) ** 2)
        row = {"task": name, "max_rank": max_rank, "strength": 3.0 if kept else 0.0}
        error /= np.var(y[N_TRAIN:], axis=0).mean()
        rows.append(row | {"start": size, "seed": seed, "mse": float(error)})
    print(table(rows), flush=True)
    return rows


def rescale(module: torch.nn.Module, size: float) -> None:
    """Let the products of all bilinear layers start at some size."""
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, BilinearLayer):
                for weight in layer.weights:
                    weight *= size / START


def summarise(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Mean and deviation over seeds, a column for every size."""
    grouped = pd.DataFrame(rows).groupby(["task", "max_rank", "strength", "start"])["mse"]
    text = grouped.mean().map("{:.3f}".format) + " ± " + grouped.std().map("{:.3f}".format)
    return text.unstack("start")[list(SIZES)].reset_index()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="two seeds, short fits, no JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    seeds, max_iter = (2, 5) if arguments.quick else (arguments.seeds, 150)
    rows = [
        row
        for name in NAMES
        for max_rank in (2, 3)
        for seed in range(seeds)
        for row in run(name, seed, max_rank, max_iter)
    ]
    summary = summarise(rows)
    print(table(summary))
    if not arguments.quick:
        command = f"python -m benchmarks.start --seeds {seeds}"
        print(save("start", command, COMMON, rows, summary.to_dict("records")))


if __name__ == "__main__":
    main()
