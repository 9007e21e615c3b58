"""What does a GPU make of a step, a fit and an ensemble, against this machine's CPU?

    python -m benchmarks.gpu [--rounds 3] [--device cuda] [--quick]

The default network for moments of inertia, float32. A step is the one that training takes, its
batch in memory, at several widths and batch sizes. A fit is `SoftEquivariantRegressor.fit` with
strengths that are given, and with the default rule, whose tests run on the CPU in any case. An
ensemble is 64 networks trained together, and one by one. Steps, and fits with given strengths, are
run with compile=True as well; a fit compiles anew, as one in a new process would, from what torch
keeps in files.
All ways take turns within one run; the result names both processors.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.base import clone

from benchmarks._common import save, table
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

Way = tuple[str, bool]  # device, whether compiled


def name(way: Way) -> str:
    """For columns."""
    device, compiled = way
    return f"{device} compiled" if compiled else device


def ways(device: str) -> list[Way]:
    """CPU and device, as they are and compiled."""
    devices = dict.fromkeys(["cpu", device])
    return [(each, compiled) for compiled in (False, True) for each in devices]


def regressor(way: Way, **settings: Any) -> SoftEquivariantRegressor:
    """The default network, typed."""
    (estimator,) = estimators(1, device=way[0], compile=way[1])
    return estimator.set_params(**{"strengths": 1.0, "network": "typed", **settings})


def data(n_rows: int) -> list[np.ndarray]:
    """Moments of inertia in float32."""
    return [values.astype(np.float32) for values in make_inertia(n_rows, random_state=0)]


def wait(device: str) -> None:
    """Until a device has done all it was given."""
    if device != "cpu":
        torch.cuda.synchronize(device)


def medians(functions: dict[str, Callable], rounds: int, share: float, unit: str) -> dict:
    """Median time of each function, and how many times faster than the first the others are.

    A way that does not run (compiling wants a compiler) is left out, with a word on why.
    """
    for key, function in list(functions.items()):
        try:
            function()
        except Exception as error:  # whatever a compiler says
            print(f"{key} does not run: {type(error).__name__}: {str(error).splitlines()[:1]}")
            del functions[key]
    seconds = side_by_side(functions, rounds, warmup=0)
    row = {f"{key} {unit}": share * float(np.median(s)) for key, s in seconds.items()}
    first, *others = seconds
    return row | {
        f"{first} / {key}": float(np.median(seconds[first] / seconds[key])) for key in others
    }


def steps(width: int, batch: int, device: str, rounds: int) -> dict[str, Any]:
    """Steps of training, in all ways."""
    torch.compiler.reset()  # after some networks torch would give up and compile no more
    X, y = data(batch)
    functions = {}
    for way in ways(device):
        settings = {"hidden_layer_sizes": (width, width), "batch_size": batch}
        fit = regressor(way, **settings).begin_fit(X, y, None, None)
        functions[name(way)] = partial(take_steps, fit.net.initialize(), fit.rows[0], way[0])
    row = {"width": width, "batch": batch}
    return row | medians(functions, rounds, 1e3 / STEPS, "ms")


def take_steps(net: Any, rows: Any, device: str) -> None:
    """Some steps, and wait for the last."""
    net.module_.train()
    for _ in range(STEPS):
        net.train_step(rows)
    wait(device)


def fits(
    strengths: float | None, shape: tuple[int, int, int], device: str, rounds: int
) -> dict[str, Any]:
    """A whole fit, in all ways; without strengths by the default rule, and not compiled."""
    n_rows, epochs, batch = shape
    X, y = data(n_rows)
    functions = {}
    for way in ways(device):
        if strengths is not None or not way[1]:
            settings = {"strengths": strengths, "max_iter": epochs, "batch_size": batch}
            functions[name(way)] = partial(fit_once, regressor(way, **settings), X, y)
    row = {"rows": n_rows, "epochs": epochs, "batch": batch}
    row["strengths"] = "by the default rule" if strengths is None else "given"
    return row | medians(functions, rounds, 1.0, "s")


def fit_once(model: SoftEquivariantRegressor, X: np.ndarray, y: np.ndarray) -> None:
    """A fit of a copy; it ends with numbers on the host, so there is nothing to wait for."""
    torch.compiler.reset()  # after some networks torch would give up and compile no more
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clone(model).fit(X, y)


def ensemble(n_networks: int, batch: int, device: str, rounds: int) -> dict[str, Any]:
    """Networks together and one by one, on CPU and device."""
    X, y = data(1000)
    functions = {}
    for each in dict.fromkeys(["cpu", device]):
        settings = {"batch_size": batch, "device": each, "max_iter": 1}
        models = estimators(n_networks, **settings)
        runs = [model.begin_fit(X, y, None, None) for model in models]
        nets, rows = [run.net for run in runs], [run.rows for run in runs]
        functions[f"{each} together"] = partial(train_together, nets, rows)
        functions[f"{each} apart"] = partial(train_apart, nets, rows)
    row = {"networks": n_networks, "batch": batch}
    return row | medians(functions, rounds, 1.0, "s/epoch")


def train_apart(nets: Sequence[Any], rows: Sequence[Any]) -> None:
    """One by one."""
    for net, own in zip(nets, rows, strict=True):
        net.fit(own, None)


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
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="small, once; nothing is saved")
    arguments = parser.parse_args()
    device, quick = arguments.device, arguments.quick
    check(parser, device, quick)
    rounds = 1 if quick else arguments.rounds
    widths, batches = ((16,), (50,)) if quick else ((128, 512), (200, 2000))
    given = (1.0,) if quick else (1.0, None)
    shape, count = ((200, 2, 100), 2) if quick else (FIT, N_NETWORKS)
    parts = {
        "step": [steps(width, batch, device, rounds) for width in widths for batch in batches],
        "fit": [fits(strengths, shape, device, rounds) for strengths in given],
        "ensemble": [ensemble(count, batch, device, rounds) for batch in (50, 500)],
    }
    gpu = "none" if device == "cpu" else torch.cuda.get_device_name(device)
    print(f"GPU: {gpu}; torch {torch.__version__}, {torch.get_num_threads()} threads")
    for rows in parts.values():
        print(table(rows), end="\n\n")
    if not quick:
        rows = [{"part": part, **row} for part, found in parts.items() for row in found]
        configuration = {"rounds": rounds, "gpu": gpu, "cuda": torch.version.cuda}
        print(save("gpu", "python -m benchmarks.gpu", configuration, rows, None))


if __name__ == "__main__":
    main()
