"""What does a training step of each network cost, side by side in one run?

    python -m benchmarks.rival_steps

Inertia with one axis kept, three planes as candidates, default networks, batches of 200, one
thread; ratios to the plain network and to `SoftEquivariantRegressor` with fixed strengths.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

import sksofteq as sq
from benchmarks._common import save, table
from benchmarks._timing import ratio, side_by_side
from benchmarks.rivals import INERTIA, PLANES
from sksofteq.datasets import make_inertia

NETWORKS = {
    "plain": (sq.SoftEquivariantRegressor, {"symmetries": None, "rep_in": None, "rep_out": None}),
    "SoftEquivariantRegressor": (sq.SoftEquivariantRegressor, {"strengths": 1.0}),
    "EquivariantRegressor": (sq.EquivariantRegressor, {}),
    "ResidualPathwayRegressor": (sq.ResidualPathwayRegressor, {}),
    "MixedResidualPathwayRegressor": (sq.MixedResidualPathwayRegressor, {}),
    "SampledEquivariantRegressor": (sq.SampledEquivariantRegressor, {}),
}


def stepper(estimator: type, parameters: dict) -> tuple[Callable[[], object], int]:
    """What takes one training step, and the number of weights."""
    X, y = make_inertia(200, axis="z", random_state=0)
    settings = {"symmetries": PLANES, **INERTIA, "random_state": 0} | parameters
    run = estimator(**settings).begin_fit(X.astype(np.float32), y.astype(np.float32), None, None)
    net, batch = run.net.initialize(), run.rows[0]
    size = sum(parameter.numel() for parameter in net.module_.parameters())
    return lambda: [net.train_step(batch) for _ in range(10)], size


def main() -> None:
    """Measure, print, save."""
    torch.set_num_threads(1)
    made = {name: stepper(*network) for name, network in NETWORKS.items()}
    seconds = side_by_side({name: step for name, (step, _) in made.items()})
    rows = [
        {
            "network": name,
            "weights": made[name][1],
            "step ms": 100 * float(np.median(seconds[name])),
            "/ plain": ratio(seconds[name], seconds["plain"]),
            "/ soft": ratio(seconds[name], seconds["SoftEquivariantRegressor"]),
        }
        for name in made
    ]
    print(table(rows))
    print(save("rival_steps", "python -m benchmarks.rival_steps", {}, rows, None))


if __name__ == "__main__":
    main()
