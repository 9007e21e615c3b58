"""Which estimator to use when: every rival on the same rows, with the same seeds.

    python -m benchmarks.rivals [--seeds 5] [--jobs 2] [--quick] [--task ...] [--method ...]

Synthetic tasks have 1000 rows for training and 1000 for testing; the walk is the published split.
"told" is told what holds, all others get every candidate. Rows are written as they come; what
is in the result file already is not run again.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

import sksofteq as sq
from benchmarks import _motion
from benchmarks._common import known, save, table
from benchmarks._rivals import (
    INERTIA,
    PLANES,
    boosting,
    gaussian_process,
    moved,
    neighbours,
    ridge,
    squared_error,
)
from sksofteq.datasets import make_cosine_similarity, make_inertia, make_projectiles

N = 1000
#: What all networks share.
NETWORK = {"max_iter": 300, "early_stopping": True, "n_iter_no_change": 40}


@dataclass(frozen=True)
class Task:
    """Data with known symmetries."""

    make: Callable[[int], tuple[NDArray, NDArray, NDArray, NDArray]]
    symmetries: tuple[str, ...]
    holds: tuple[str, ...]
    view: dict[str, Any]


def _drawn(make: Callable[..., tuple], **options: Any) -> Callable[[int], tuple]:
    def draw(seed: int) -> tuple:
        X, y = make(2 * N, random_state=seed, **options)
        return X[:N], y[:N], X[N:], y[N:]

    return draw


def _walk(seed: int) -> tuple:
    return (*_motion.windows("walk", "train")[:2], *_motion.windows("walk", "test")[:2])


TASKS = {
    "inertia, O(3) exact": Task(_drawn(make_inertia, axis=None), PLANES, ("O(3)",), INERTIA),
    "inertia, one axis": Task(_drawn(make_inertia, axis="z"), PLANES, PLANES[:1], INERTIA),
    "inertia, none": Task(_drawn(make_inertia, axis="xy"), PLANES, (), INERTIA),
    "cosine, SO(3) holds": Task(
        _drawn(make_cosine_similarity),
        ("SO(3)", "Scaling(3)"),
        ("SO(3)",),
        {"rep_in": "3*vector", "rep_out": "scalar"},
    ),
    "projectiles": Task(
        _drawn(make_projectiles),
        PLANES,
        PLANES[:1],
        {"rep_in": "2*scalar + point + vector", "rep_out": "point"},
    ),
    "walk": Task(_walk, (_motion.TURNS,), (_motion.TURNS,), _motion.VIEW),
}


def _plain(task: Task, seed: int) -> Any:
    return sq.SoftEquivariantRegressor(**NETWORK, random_state=seed)


def _network(estimator: type, told: bool, **settings: Any) -> Callable[[Task, int], Any]:
    def build(task: Task, seed: int) -> Any:
        symmetries = task.holds if told else task.symmetries
        return estimator(symmetries, **task.view, **NETWORK, **settings, random_state=seed)

    return build


def _around(estimator: type, inner: Callable[[Task, int], Any], **settings: Any) -> Callable:
    def build(task: Task, seed: int) -> Any:
        return estimator(
            inner(task, seed), symmetries=task.holds, **task.view, **settings, random_state=seed
        )

    return build


def _soft_ridge(degree: int) -> Callable[[Task, int], Any]:
    def build(task: Task, seed: int) -> Any:
        return sq.SoftEquivariantRidge(
            task.symmetries, **task.view, degree=degree, random_state=seed
        )

    return build


METHODS: dict[str, Callable[[Task, int], Any]] = {
    "SoftEquivariantRegressor": _network(sq.SoftEquivariantRegressor, told=False),
    "SoftEquivariantRidge": _soft_ridge(1),
    "SoftEquivariantRidge, degree 2": _soft_ridge(2),
    "EquivariantRegressor": _network(sq.EquivariantRegressor, told=False),
    "EquivariantRegressor, told": _network(sq.EquivariantRegressor, told=True),
    "ResidualPathwayRegressor": _network(sq.ResidualPathwayRegressor, told=False),
    "MixedResidualPathwayRegressor": _network(sq.MixedResidualPathwayRegressor, told=False),
    "SampledEquivariantRegressor": _network(sq.SampledEquivariantRegressor, told=False),
    "SampledEquivariantRegressor, told": _network(sq.SampledEquivariantRegressor, told=True),
    "AugmentedRegressor(network), told": _around(sq.AugmentedRegressor, _plain, average=True),
    "AugmentedRegressor(boosting), told": _around(sq.AugmentedRegressor, boosting, average=True),
    "FrameAveraging(network), told": _around(sq.FrameAveragingRegressor, _plain),
    "FrameAveraging(boosting), told": _around(sq.FrameAveragingRegressor, boosting),
    "plain network": _plain,
    "gradient boosting": boosting,
    "Gaussian process": gaussian_process,
    "nearest neighbours": neighbours,
    "ridge": ridge,
}


def run(name: str, method: str, seed: int, max_iter: int | None = None) -> dict[str, Any]:
    """Fit one method to one draw; errors over the variance of y, plain and turned."""
    torch.set_num_threads(1)
    task = TASKS[name]
    X, y, X_test, y_test = task.make(seed)
    row: dict[str, Any] = {"task": name, "method": method, "seed": seed}
    too_large = name == "walk" and "degree 2" in method  # 31 000 products of features
    if (task.holds or "told" not in method) and not too_large:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the process's bounds
            model = METHODS[method](task, seed)
            if max_iter is not None:
                epochs = [key for key in model.get_params() if key.endswith("max_iter")]
                model.set_params(**dict.fromkeys(epochs, max_iter))
            start = time.perf_counter()
            model.fit(X, y)
            row["seconds"] = time.perf_counter() - start
            variance = np.var(y_test, axis=0).mean()
            row["error"] = squared_error(model, X_test, y_test) / variance
            if task.holds:
                turned = moved(task.holds[:1], task.view, X_test, y_test, seed)
                row["turned"] = squared_error(model, *turned) / variance
        strengths = getattr(model, "regularizer_strengths_", None)
        if strengths is not None:
            row["strengths"] = strengths
    return row


def summarise(rows: list[dict[str, Any]], value: str, digits: int = 2) -> pd.DataFrame:
    """Mean and deviation over seeds, a row per method and a column per task."""
    frame = pd.DataFrame(rows)
    grouped = frame.dropna(subset=[value]).groupby(["method", "task"])[value]
    shown = grouped.apply(lambda v: f"{v.mean():.{digits}g} ± {v.std(ddof=0):.1g}")
    text = shown.unstack("task").reindex(index=METHODS, columns=TASKS)
    return text.fillna("").rename_axis(None, axis=1).reset_index()


def medians(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Median seconds of a fit, a row per method and a column per task."""
    frame = pd.DataFrame(rows).dropna(subset=["seconds"])
    text = frame.groupby(["method", "task"])["seconds"].median().map("{:.2g}".format)
    text = text.unstack("task").reindex(index=METHODS, columns=TASKS)
    return text.fillna("").rename_axis(None, axis=1).reset_index()


def _key(row: dict[str, Any]) -> tuple[str, str, int]:
    return row["task"], row["method"], row["seed"]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="one seed, short fits, no JSON")
    parser.add_argument("--again", action="store_true", help="run again what is there")
    parser.add_argument("--task", choices=TASKS, action="append", help="only this task")
    parser.add_argument("--method", choices=METHODS, action="append", help="only this method")
    arguments = parser.parse_args()
    seeds = 1 if arguments.quick else arguments.seeds
    asked = [
        (name, method, seed)
        for seed in range(seeds)
        for name in arguments.task or TASKS
        for method in arguments.method or METHODS
    ]
    rows = [] if arguments.quick else known("rivals")
    if arguments.again:
        rows = [row for row in rows if _key(row) not in asked]
    done = {_key(row) for row in rows}
    wanted = [each for each in asked if each not in done]
    command = f"python -m benchmarks.rivals --seeds {seeds}"
    jobs = Parallel(arguments.jobs, return_as="generator_unordered")
    max_iter = 10 if arguments.quick else None
    for row in jobs(delayed(run)(*each, max_iter) for each in wanted):
        rows.append(row)
        print({k: v for k, v in row.items() if k != "strengths"}, flush=True)
        if not arguments.quick:
            save("rivals", command, {"network": NETWORK, "rows": N}, rows, None)
    tables = {value: summarise(rows, value) for value in ("error", "turned")}
    tables["seconds"] = medians(rows)
    for value, text in tables.items():
        print(f"\n{value}\n{table(text)}")
    if not arguments.quick:
        summary = {value: text.to_dict("records") for value, text in tables.items()}
        print(save("rivals", command, {"network": NETWORK, "rows": N}, rows, summary))


if __name__ == "__main__":
    main()
