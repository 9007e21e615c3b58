"""Do intervals cover what they should, and are rows noticed that are far from the training rows?

    python -m benchmarks.uncertainty [--seeds 5] [--quick]

`SoftEquivariantEnsemble` of ten small networks, on synthetic tasks with few rows and many, beside
the same ten networks without calibration (intervals from the spread of the members alone, as of a
plain ensemble) and scikit-learn's `GaussianProcessRegressor` (an isotropic squared exponential
plus noise, on standardised columns; an anisotropic one is not tried). On 1000 new rows: shares of
targets within intervals of 50, 80, 90 and 95 percent, all outputs counted alike; the mean width
of the 90 percent interval, in deviations of y; the mean negative log likelihood of a Gaussian; the
root mean squared error, in deviations of y.

Then the alarm: shares of rows that `far_from_training` names, of rows of the same kind, shifted,
stretched or turned.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks._common import save, table
from sksofteq import EquivariantRegressor, SoftEquivariantEnsemble, SoftEquivariantRegressor
from sksofteq.datasets import make_cosine_similarity, make_inertia, make_projectiles
from sksofteq.groups import parse_group
from sksofteq.orbits import sample_elements
from sksofteq.reps import parse_rep

SIZES = (100, 400)
NEW_ROWS = 1000
LEVELS = (0.5, 0.8, 0.9, 0.95)
NETWORK = {"network": "plain", "hidden_layer_sizes": (32, 32), "max_iter": 60}
PLANES = ("O(2)@x,y", "O(2)@y,z", "O(2)@x,z")

Rows = tuple[np.ndarray, np.ndarray]


def growing_noise(n: int, random_state: int) -> Rows:
    """Two vectors; noise that grows with the distance from the z axis."""
    rng = np.random.RandomState(random_state)
    X = rng.standard_normal((n, 6))
    radius = np.hypot(X[:, 0], X[:, 1])
    return X, radius**2 + X[:, 2] + (0.1 + 0.5 * radius) * rng.standard_normal(n)


def heavy_tails(n: int, random_state: int) -> Rows:
    """Cosine similarity with the noise of Student's distribution with 3 degrees of freedom."""
    X, y = make_cosine_similarity(n, random_state=random_state)
    return X, y + 0.2 * np.random.RandomState(random_state + 1).standard_t(3, n)


def synthetic(make: Callable[..., Rows], **settings: Any) -> Callable[[int, int], Rows]:
    return lambda n, seed: make(n, random_state=seed, **settings)


VECTORS, BODIES = {"rep_in": "3*vector"}, {"rep_in": "5*scalar + 5*vector", "rep_out": "tensor(2)"}
THROWN = {"rep_in": "2*scalar + point + vector", "rep_out": "point"}
#: Rows, candidates and representations.
TASKS: dict[str, tuple[Callable[[int, int], Rows], tuple[str, ...], dict[str, str]]] = {
    "inertia, noise 1": (synthetic(make_inertia, axis="z", noise=1.0), PLANES, BODIES),
    "cosine, noise 0.1": (synthetic(make_cosine_similarity, noise=0.1), ("SO(3)",), VECTORS),
    "projectiles, noise 0.05": (synthetic(make_projectiles, noise=0.05), PLANES, THROWN),
    "projectiles, no noise": (synthetic(make_projectiles), PLANES, THROWN),
    "growing noise": (growing_noise, PLANES, {"rep_in": "2*vector"}),
    "heavy tails": (heavy_tails, ("SO(3)",), VECTORS),
}


def scores(y: np.ndarray, mean: np.ndarray, std: np.ndarray, bounds: Callable) -> dict[str, float]:
    """Coverage and width of intervals, likelihood and error of predictions."""
    found = {}
    for level in LEVELS:
        lower, upper = bounds(level)
        found[f"within {level:.0%}"] = float(np.mean((lower <= y) & (y <= upper)))
        if level == 0.9:
            found["width"] = float(np.mean(upper - lower) / y.std(axis=0).mean())
    found["nll"] = float(-norm.logpdf(y, mean, std).mean())
    found["rmse"] = float(np.sqrt(np.mean((y - mean) ** 2)) / y.std(axis=0).mean())
    return found


def gaussian(mean: np.ndarray, std: np.ndarray) -> Callable:
    """Intervals of a normal distribution."""

    def bounds(level: float) -> tuple[np.ndarray, np.ndarray]:
        half = norm.ppf((1 + level) / 2) * std
        return mean - half, mean + half

    return bounds


def intervals(task: str, n: int, seed: int) -> list[dict[str, Any]]:
    """All methods on one table."""
    make, candidates, reps = TASKS[task]
    X, y = make(n + NEW_ROWS, seed)
    new_X, new_y = X[n:], y[n:]
    X, y = X[:n], y[:n]
    rows = []

    def add(method: str, seconds: float, *scored: Any) -> None:
        about = {"task": task, "rows": n, "seed": seed, "method": method}
        rows.append({**about, **scores(new_y, *scored), "seconds": seconds})

    start = time.perf_counter()
    network = SoftEquivariantRegressor(candidates, **reps, **NETWORK)
    ensemble = SoftEquivariantEnsemble(network, random_state=seed).fit(X, y)
    seconds = time.perf_counter() - start
    mean, std = ensemble.predict(new_X, return_std=True)
    add("ensemble", seconds, mean, std, lambda level: ensemble.predict_interval(new_X, level))
    spread = np.std([each.predict(new_X) for each in ensemble.estimators_], axis=0, ddof=1)
    add("spread alone", seconds, mean, spread, gaussian(mean, spread))
    start = time.perf_counter()
    kernel = ConstantKernel() * RBF(3.0) + WhiteKernel(0.1)
    process = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
    process = make_pipeline(StandardScaler(), process).fit(X, y)
    seconds = time.perf_counter() - start
    mean, std = process.predict(new_X, return_std=True)
    add("Gaussian process", seconds, mean, std, gaussian(mean, std))
    return rows


# ------------------------------------------------------------------ the alarm


def cone(n: int, seed: int) -> np.ndarray:
    """Three vectors that all head along x, more or less."""
    X = 0.3 * np.random.RandomState(seed).standard_normal((n, 9))
    return X + np.tile([2.0, 0.0, 0.0], 3)


def turned(X: np.ndarray, name: str, rep: str, seed: int) -> np.ndarray:
    """Every row by an element of its own."""
    bound = parse_rep(rep).bind(3)
    elements = sample_elements(parse_group(name), len(X), X, bound, seed)
    moved = [bound.transform(row[None], g) for row, g in zip(X, elements, strict=True)]
    return np.concatenate(moved)


#: Inputs, the candidate, which is imposed or not there, and the representation.
INPUTS: dict[str, tuple[Callable[[int, int], np.ndarray], str, str]] = {
    "3 columns": (lambda n, seed: np.random.RandomState(seed).randn(n, 3), "SO(3)", "vector"),
    "cosine": (
        lambda n, seed: make_cosine_similarity(n, random_state=seed)[0],
        "SO(3)",
        "3*vector",
    ),
    "inertia": (
        lambda n, seed: make_inertia(n, random_state=seed)[0],
        "SO(3)",
        "5*scalar + 5*vector",
    ),
    "heavy tails": (
        lambda n, seed: np.random.RandomState(seed).standard_t(3, (n, 6)),
        "SO(3)",
        "2*vector",
    ),
    "a cone": (cone, "SO(3)", "3*vector"),
}


def alarms(inputs: str, n: int, seed: int) -> list[dict[str, Any]]:
    """Shares of rows named far, where a turn is known to hold, and where there is no candidate."""
    make, name, rep = INPUTS[inputs]
    X = make(n + NEW_ROWS, seed)
    X, new = X[:n], X[n:]
    spread = X.std(axis=0)
    asked = {
        "same kind": new,
        "shifted by 2": new + 2 * spread,
        "shifted by 3": new + 3 * spread,
        "stretched by 3": 3 * new,
        "turned": turned(new, name, rep, seed),
    }
    quick = {"hidden_layer_sizes": (8,), "max_iter": 1}
    networks = {
        name: EquivariantRegressor((name,), rep_in=rep, **quick),
        "none": SoftEquivariantRegressor(**quick),
    }
    rows = []
    for label, network in networks.items():
        model = SoftEquivariantEnsemble(network, n_estimators=4, random_state=seed)
        model.fit(X, np.linalg.norm(X, axis=1))
        start = time.perf_counter()
        shares = {
            kind: float(model.far_from_training(rows).mean()) for kind, rows in asked.items()
        }
        seconds = (time.perf_counter() - start) / len(asked)
        about = {"inputs": inputs, "rows": n, "seed": seed, "candidate": label}
        rows.append({**about, **shares, "seconds": seconds})
    return rows


def means(rows: list[dict[str, Any]], by: list[str]) -> pd.DataFrame:
    """Over the seeds."""
    frame = pd.DataFrame(rows).groupby(by, sort=False).mean(numeric_only=True)
    return frame.drop(columns="seed").reset_index()


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one seed, few rows, no file")
    arguments = parser.parse_args()
    seeds, sizes = (1, (100,)) if arguments.quick else (arguments.seeds, SIZES)
    warnings.simplefilter("ignore")  # optimisers of kernels reach bounds
    runs = [(n, seed) for n in sizes for seed in range(seeds)]
    found = [row for task in TASKS for run in runs for row in intervals(task, *run)]
    alarmed = [row for inputs in INPUTS for run in runs for row in alarms(inputs, *run)]
    by_task = means(found, ["task", "rows", "method"])
    overall = means(found, ["rows", "method"])
    by_inputs = means(alarmed, ["inputs", "rows", "candidate"])
    for shown in (by_task, overall, by_inputs):
        print(table(shown), end="\n\n")
    if not arguments.quick:
        summary = {
            "intervals": by_task.to_dict("records"),
            "intervals, mean of tasks": overall.to_dict("records"),
            "alarms": by_inputs.to_dict("records"),
        }
        configuration = {"network": NETWORK, "seeds": seeds, "new rows": NEW_ROWS}
        command = "python -m benchmarks.uncertainty"
        save("uncertainty", command, configuration, [*found, *alarmed], summary)


if __name__ == "__main__":
    main()
