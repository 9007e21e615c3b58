"""What do k networks of one shape cost together, against k single fits?

    python -m benchmarks.ensemble [--rounds 5] [--threads 2] [--device cpu] [--quick]

The estimator's default network for moments of inertia, 1000 rows in float32, epochs with fixed
strengths; every network has a seed and a strength of its own. Both ways take turns within one run.
Beside the cost stands the largest difference between the weights of the two ways after ten epochs
in float64, relative to the largest weight of a parameter.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import torch

from benchmarks._common import save, table
from benchmarks._timing import ratio, side_by_side
from sksofteq import SoftEquivariantRegressor
from sksofteq.datasets import make_inertia
from sksofteq.estimators import fit_together
from sksofteq.training import train_together

SIZES = (2, 4, 8, 16)
BATCHES = (50, 500)
STRENGTHS = (0.0, 0.3, 3.0, float("inf"))
EPOCHS = 2


def estimators(count: int, **settings: Any) -> list[SoftEquivariantRegressor]:
    """Regressors that differ in seed and strength."""
    return [
        SoftEquivariantRegressor(
            ("O(2)@x,y", "O(2)@y,z", "O(2)@x,z"),
            rep_in="5*scalar + 5*vector",
            rep_out="tensor(2)",
            strengths=STRENGTHS[number % len(STRENGTHS)],
            random_state=number,
            **settings,
        )
        for number in range(count)
    ]


def largest_difference(count: int, settings: dict[str, Any]) -> float:
    """Between the weights of the two ways."""
    X, y = make_inertia(1000, random_state=0)
    together = fit_together(estimators(count, **settings, max_iter=10), X, y)
    apart = [estimator.fit(X, y) for estimator in estimators(count, **settings, max_iter=10)]
    pairs = [
        pair
        for networks in zip(together, apart, strict=True)
        for pair in zip(*(e.net_.module_.parameters() for e in networks), strict=True)
    ]
    return max(float((p - q).abs().max() / q.abs().max().clamp_min(1e-30)) for p, q in pairs)


def run(count: int, batch: int, device: str, rounds: int) -> dict[str, Any]:
    """Train `count` networks both ways, in turns."""
    X, y = (v.astype(np.float32) for v in make_inertia(1000, random_state=0))
    settings = {"batch_size": batch, "device": device}
    models = estimators(count, **settings, max_iter=EPOCHS)
    fits = [estimator.begin_fit(X, y, None, None) for estimator in models]
    nets, data = [fit.net for fit in fits], [fit.rows for fit in fits]

    def apart() -> None:
        for net, rows in zip(nets, data, strict=True):
            net.fit(rows, None)

    seconds = side_by_side(
        {"apart": apart, "together": lambda: train_together(nets, data)}, rounds, warmup=1
    )
    return {
        "batch": batch,
        "networks": count,
        "apart s/epoch": float(np.median(seconds["apart"])) / EPOCHS,
        "together s/epoch": float(np.median(seconds["together"])) / EPOCHS,
        "together / apart": ratio(seconds["together"], seconds["apart"]),
        "difference": largest_difference(count, settings),
    }


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true", help="k = 4 once; nothing is saved")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    sizes, rounds = ((4,), 1) if arguments.quick else (SIZES, arguments.rounds)
    rows = [run(k, batch, arguments.device, rounds) for batch in BATCHES for k in sizes]
    print(table(rows))
    if not arguments.quick:
        name = "ensemble" if arguments.device == "cpu" else f"ensemble_{arguments.device}"
        save(name, f"python -m benchmarks.ensemble --device {arguments.device}", {}, rows, None)


if __name__ == "__main__":
    main()
