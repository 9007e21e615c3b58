"""Which symmetries does the default estimator find in synthetic data, and does it predict better?

    python -m benchmarks.discovery_synthetic [--seeds 10] [--jobs 2] [--quick | --control]

Every task has 2000 rows, half of them for validation, and 1000 rows for testing. The plain
network has the same widths, steps, batches and early stopping. One configuration per task.
With --control, the same layers are fitted with all strengths at 0: what the tuning adds to them.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from joblib import Parallel, delayed

from benchmarks._common import save, table
from sksofteq import SoftEquivariantRegressor, equivariance_error
from sksofteq.datasets import make_cosine_similarity, make_inertia, make_projectiles

PLANES = ("O(2)@x,y", "O(2)@y,z", "O(2)@x,z")
#: make(n, seed), the estimator's view of the data, its settings, and the candidate that is kept.
TASKS = {
    "inertia, axis z": {
        "make": lambda n, seed: make_inertia(n, axis="z", random_state=seed),
        "view": {
            "symmetries": PLANES,
            "rep_in": "5*scalar + 5*vector",
            "rep_out": "tensor(2)",
        },
        "settings": {"max_iter": 400},
        "kept": "O(2)@x,y",
    },
    "cosine similarity, SO(3) kept": {
        "make": lambda n, seed: make_cosine_similarity(
            n, broken=("Scaling(3)",), random_state=seed
        ),
        "view": {"symmetries": ("SO(3)", "Scaling(3)"), "rep_in": "3*vector", "rep_out": "scalar"},
        "settings": {"max_iter": 400},
        "kept": "SO(3)",
    },
    "projectiles, no wind": {
        "make": lambda n, seed: make_projectiles(n, random_state=seed),
        "view": {
            "symmetries": PLANES,
            "rep_in": "2*scalar + point + vector",
            "rep_out": "point",
        },
        "settings": {"max_iter": 400},
        "kept": "O(2)@x,y",
    },
    "cosine similarity, Scaling kept": {
        "make": lambda n, seed: make_cosine_similarity(n, broken=("SO(3)",), random_state=seed),
        "view": {"symmetries": ("SO(3)", "Scaling(3)"), "rep_in": "3*vector", "rep_out": "scalar"},
        "settings": {"max_iter": 400},
        "kept": "Scaling(3)",
    },
}
COMMON = {"validation_fraction": 0.5, "early_stopping": True, "n_iter_no_change": 60}


def run(name: str, seed: int, n_rows: int, max_iter: int | None) -> dict:
    """Fit ours and the plain network on one task and one seed."""
    torch.set_num_threads(1)
    task = TASKS[name]
    X, y = task["make"](n_rows + 1000, seed)
    train, test = (X[:n_rows], y[:n_rows]), (X[n_rows:], y[n_rows:])
    settings = {**COMMON, **task["settings"], "random_state": seed}
    if max_iter is not None:
        settings["max_iter"] = max_iter
    row = {"task": name, "seed": seed}
    start = time.perf_counter()
    ours = SoftEquivariantRegressor(**task["view"], **settings).fit(*train)
    row["seconds"] = time.perf_counter() - start
    start = time.perf_counter()
    plain = SoftEquivariantRegressor(**settings).fit(*train)
    row["seconds_plain"] = time.perf_counter() - start
    row["variance"] = float(np.var(test[1], axis=0).mean())
    row["mse"] = _mse(ours, *test)
    row["mse_plain"] = _mse(plain, *test)
    strengths = ours.regularizer_strengths_
    others = [value for label, value in strengths.items() if label != task["kept"]]
    row["right"] = bool(strengths[task["kept"]] > max(others))
    row["epochs"], row["epochs_plain"] = ours.n_iter_, plain.n_iter_
    report = ours.symmetry_report()
    row["strengths"], row["support"] = strengths, report["support"].to_dict()
    row["verdicts"] = report["verdict"].to_dict()
    reps = {key: task["view"][key] for key in ("rep_in", "rep_out")}
    row["error_kept"] = equivariance_error(ours, test[0], task["kept"], **reps, random_state=seed)
    row["error_kept_plain"] = equivariance_error(
        plain, test[0], task["kept"], **reps, random_state=seed
    )
    print(
        f"{name:32s} seed {seed}: mse {row['mse']:.4g} plain {row['mse_plain']:.4g} "
        f"{strengths} {row['verdicts']}",
        flush=True,
    )
    return row


def run_control(name: str, seed: int) -> dict:
    """Fit the same layers with all strengths at 0."""
    torch.set_num_threads(1)
    task = TASKS[name]
    X, y = task["make"](3000, seed)
    settings = {**COMMON, **task["settings"], "random_state": seed}
    model = SoftEquivariantRegressor(**task["view"], **settings, strengths=0.0, average=False)
    return {
        "task": name,
        "seed": seed,
        "mse": _mse(model.fit(X[:2000], y[:2000]), X[2000:], y[2000:]),
    }


def control(names: list[str], seeds: int, jobs: int) -> None:
    """Run, print and save the control."""
    rows = Parallel(jobs)(delayed(run_control)(n, seed) for n in names for seed in range(seeds))
    print(table(rows))
    command = f"python -m benchmarks.discovery_synthetic --control --seeds {seeds}"
    print(save("discovery_control", command, COMMON, rows, None))


def summarise(rows: list[dict]) -> list[dict]:
    """One line per task."""
    lines = []
    for name, task in TASKS.items():
        mine = [row for row in rows if row["task"] == name]
        if not mine:
            continue
        ratios = [row["mse"] / row["mse_plain"] for row in mine]
        lines.append(
            {
                "task": name,
                "kept": task["kept"],
                "strongest": f"{sum(row['right'] for row in mine)}/{len(mine)}",
                "mse": np.mean([row["mse"] for row in mine]),
                "sd": np.std([row["mse"] for row in mine]),
                "plain": np.mean([row["mse_plain"] for row in mine]),
                "ratio of means": np.mean([row["mse"] for row in mine])
                / np.mean([row["mse_plain"] for row in mine]),
                "worst ratio": max(ratios),
                "seconds": np.median([row["seconds"] for row in mine]),
                "plain seconds": np.median([row["seconds_plain"] for row in mine]),
            }
        )
    return lines


def _mse(model: SoftEquivariantRegressor, X: np.ndarray, y: np.ndarray) -> float:
    return float(np.mean((model.predict(X) - y) ** 2))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="two seeds, short fits, no JSON")
    parser.add_argument("--control", action="store_true", help="all strengths at 0")
    parser.add_argument("--task", choices=TASKS, action="append", help="only this task")
    arguments = parser.parse_args()
    seeds = 2 if arguments.quick else arguments.seeds
    n_rows, max_iter = (600, 60) if arguments.quick else (2000, None)
    names = arguments.task or list(TASKS)
    if arguments.control:
        control(names, seeds, arguments.jobs)
        return
    rows = Parallel(arguments.jobs)(
        delayed(run)(name, seed, n_rows, max_iter) for name in names for seed in range(seeds)
    )
    summary = summarise(rows)
    print(table(summary))
    if not arguments.quick and not arguments.task:
        configuration = {name: {"view": t["view"], **t["settings"]} for name, t in TASKS.items()}
        configuration["common"] = COMMON
        command = f"python -m benchmarks.discovery_synthetic --seeds {seeds}"
        print(save("discovery_synthetic", command, configuration, rows, summary))


if __name__ == "__main__":
    main()
