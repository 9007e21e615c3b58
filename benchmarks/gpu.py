"""What does a GPU make of a step, a fit and an ensemble, against this machine's CPU?

    python -m benchmarks.gpu [--parts step ensemble fit] [--rounds 3] [--device cuda] [--quick]

The default network for moments of inertia, float32: on the CPU, on the GPU, and on the GPU with
``compile=True``, which records steps and replays them. A step is the one that training takes, its
batch in memory, at several widths and batch sizes. An ensemble is 64 networks trained together,
for twenty steps. A fit is `SoftEquivariantRegressor.fit` with strengths that are given, and, once
only, with the default rule, whose tests run on the CPU in any case.
All ways take turns within one run; the result names both processors. It is saved part by part, and
parts that are not asked for stay as they were.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.base import clone

from benchmarks._common import known, save, table
from benchmarks._timing import side_by_side
from benchmarks.ensemble import estimators
from sksofteq import SoftEquivariantRegressor
from sksofteq.datasets import make_inertia
from sksofteq.training import train_together

#: Steps that are started before the device is waited for, as an epoch does.
STEPS = 10
#: rows of a fit, its epochs, its batch
FIT = (10_000, 20, 1000)
N_NETWORKS = 64

PARTS = ("step", "ensemble", "fit")


def ways(device: str) -> dict[str, dict[str, Any]]:
    """Parameters of an estimator, by the names of columns."""
    gpu = {
        device: {"device": device},
        f"{device} recorded": {"device": device, "compile": True},
    }
    return {"cpu": {"device": "cpu"}} | ({} if device == "cpu" else gpu)


def regressor(**settings: Any) -> SoftEquivariantRegressor:
    """The default network, typed."""
    (estimator,) = estimators(1)
    return estimator.set_params(**{"strengths": 1.0, "network": "typed", **settings})


def data(n_rows: int) -> list[np.ndarray]:
    """Moments of inertia in float32."""
    return [values.astype(np.float32) for values in make_inertia(n_rows, random_state=0)]


def wait(device: str) -> None:
    """Until a device has done all it was given."""
    if device != "cpu":
        torch.cuda.synchronize(device)


def medians(
    functions: dict[str, Callable], rounds: int, share: float, unit: str, warmup: int = 1
) -> dict:
    """Median time of each function, and how many times faster than the first the others are."""
    seconds = side_by_side(functions, rounds, warmup)
    row = {f"{key} {unit}": share * float(np.median(s)) for key, s in seconds.items()}
    first, *others = seconds
    return row | {
        f"{first} / {key}": float(np.median(seconds[first] / seconds[key])) for key in others
    }


def steps(width: int, batch: int, device: str, rounds: int) -> dict[str, Any]:
    """Steps of training."""
    settings = {"hidden_layer_sizes": (width, width), "batch_size": batch}
    functions = {}
    for name, way in ways(device).items():
        run = regressor(**settings, **way).begin_fit(*data(batch), None, None)
        functions[name] = partial(take_steps, run.net.initialize(), run.rows[0])
    return {"width": width, "batch": batch} | medians(functions, rounds, 1e3 / STEPS, "ms")


def take_steps(net: Any, rows: Any) -> None:
    """Some steps, and wait for the last."""
    net.module_.train()
    for _ in range(STEPS):
        net.train_step(rows)
    wait(net.device)


def fits(
    strengths: float | None, shape: tuple[int, int, int], device: str, rounds: int
) -> dict[str, Any]:
    """A whole fit; without strengths by the default rule."""
    n_rows, epochs, batch = shape
    X, y = data(n_rows)
    settings = {"strengths": strengths, "max_iter": epochs, "batch_size": batch}
    functions = {
        name: partial(fit_once, regressor(**settings, **way), X, y)
        for name, way in ways(device).items()
    }
    row = {"rows": n_rows, "epochs": epochs, "batch": batch}
    if strengths is None:
        return row | {"strengths": "by the default rule"} | medians(functions, 1, 1.0, "s", 0)
    return row | {"strengths": "given"} | medians(functions, rounds, 1.0, "s")


def fit_once(model: SoftEquivariantRegressor, X: np.ndarray, y: np.ndarray) -> None:
    """A fit of a copy; it ends with numbers on the host, so there is nothing to wait for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clone(model).fit(X, y)


def ensemble(n_networks: int, batch: int, device: str, rounds: int) -> dict[str, Any]:
    """Networks together, for twice as many steps as are counted elsewhere."""
    X, y = data(1000)
    epochs = 2 * STEPS * batch // len(X)
    settings = {"batch_size": batch, "max_iter": epochs}
    functions = {}
    for name, way in ways(device).items():
        models = estimators(n_networks, **settings, **way)
        runs = [model.begin_fit(X, y, None, None) for model in models]
        functions[name] = partial(
            train_together, [run.net for run in runs], [run.rows for run in runs]
        )
    return {"networks": n_networks, "batch": batch} | medians(
        functions, rounds, 1 / epochs, "s/epoch", 0
    )


def check(parser: argparse.ArgumentParser, device: str, quick: bool) -> None:
    """End with a message where there is no such device."""
    if device == "cpu" and not quick:
        parser.error("--device cpu has nothing to compare; it is for trying this script, --quick")
    if device != "cpu" and not torch.cuda.is_available():
        parser.exit(
            1,
            f"There is no GPU here: torch {torch.__version__} finds no CUDA device, so "
            f"nothing was measured. To try this script: --device cpu --quick\n",
        )


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="small, once; nothing is saved")
    arguments = parser.parse_args()
    device, quick = arguments.device, arguments.quick
    check(parser, device, quick)
    gpu = "none" if device == "cpu" else torch.cuda.get_device_name(device)
    print(f"GPU: {gpu}; torch {torch.__version__}, {torch.get_num_threads()} threads")
    rounds = 1 if quick else arguments.rounds
    configuration = {"rounds": rounds, "gpu": gpu, "cuda": torch.version.cuda}
    for part in arguments.parts:
        found = [measure(device, rounds) for measure in measurements(quick)[part]]
        print(table(found), end="\n\n", flush=True)
        if not quick:
            rows = [row for row in known("gpu") if row["part"] != part]
            rows += [{"part": part, **row} for row in found]
            save("gpu", "python -m benchmarks.gpu", configuration, rows, None)


def measurements(quick: bool) -> dict[str, list[Callable]]:
    """What is measured, by part; small where it is only to be tried."""
    sizes = [(16, 50)] if quick else [(w, b) for w in (128, 512) for b in (200, 2000)]
    shape, count = ((200, 2, 100), 2) if quick else (FIT, N_NETWORKS)
    return {
        "step": [partial(steps, *size) for size in sizes],
        "ensemble": [partial(ensemble, count, batch) for batch in (200, 1000)],
        "fit": [partial(fits, strengths, shape) for strengths in (1.0, None)],
    }


if __name__ == "__main__":
    main()
