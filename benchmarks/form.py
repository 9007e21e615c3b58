"""Is the penalty better inside the gradient or as a proximal step, and at which learning rate?

    python -m benchmarks.form [--seeds 5] [--jobs 1] [--quick]

Inertia about one axis and cosine similarity with SO(3) kept: 1000 rows for training, as many for
validation, 1000 for testing, the default network and number of epochs. For either form of the
penalty and every learning rate: the kept candidate at fixed strengths with the broken ones at 0,
and the strengths tuned by the default rule from orbit averages, which judge predictions, and by
that of arXiv 2306.00356, which compares residuals. A strength of one form is not that of the
other, so their best ones are compared. "off scale" counts fits whose error is above the target's
variance or not a number. The networks of a seed and a rate train together.
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from sklearn.base import clone

from benchmarks._common import save, table
from benchmarks.discovery_synthetic import COMMON, TASKS
from sksofteq import SoftEquivariantRegressor
from sksofteq.estimators import fit_together

NAMES = ("inertia, axis z", "cosine similarity, SO(3) kept")
FORMS = ("gradient", "proximal")
RATES = (1e-3, 3e-3, 1e-2)
STRENGTHS = (0.1, 1.0, 10.0, 100.0)
RULES = ("orbit", "paper")
N_TRAIN = 2000


def models(name: str, seed: int, form: str, rate: float, max_iter: int) -> dict[Any, Any]:
    """Unfitted estimators by strength or rule."""
    task = TASKS[name]
    base = SoftEquivariantRegressor(
        **task["view"],
        **COMMON,
        average=False,
        penalty=form,
        learning_rate_init=rate,
        max_iter=max_iter,
        random_state=seed,
    )
    found = {}
    for strength in STRENGTHS:
        strengths = dict.fromkeys(task["view"]["symmetries"], 0.0)
        found[strength] = clone(base).set_params(strengths=strengths | {task["kept"]: strength})
    for rule in RULES:
        found[rule] = clone(base).set_params(tuner=rule)
    return found


def run(name: str, seed: int, form: str, rate: float, max_iter: int) -> list[dict]:
    """All strengths and rules for one form and rate on one draw of the data."""
    torch.set_num_threads(1)
    X, y = TASKS[name]["make"](N_TRAIN + 1000, seed)
    train, test = (X[:N_TRAIN], y[:N_TRAIN]), (X[N_TRAIN:], y[N_TRAIN:])
    fitted = models(name, seed, form, rate, max_iter)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few epochs with --quick
        try:
            fit_together(list(fitted.values()), *train)
        except ValueError:  # one of them diverged
            for model in fitted.values():
                _fit_if_possible(model, *train)
    rows = []
    for setting, model in fitted.items():
        row = {"task": name, "seed": seed, "form": form, "rate": rate, "setting": setting}
        row["mse"] = float(f"{_relative_error(model, *test):.3g}")
        if setting in RULES and hasattr(model, "net_"):
            row["right"] = _kept_is_strongest(model.regularizer_strengths_, TASKS[name]["kept"])
        rows.append(row)
    print(table(rows), flush=True)
    return rows


def _fit_if_possible(model: SoftEquivariantRegressor, X: np.ndarray, y: np.ndarray) -> None:
    try:
        model.fit(X, y)
    except ValueError as error:
        print(error, flush=True)


def _relative_error(model: SoftEquivariantRegressor, X: np.ndarray, y: np.ndarray) -> float:
    """Mean squared error over the variance of the target."""
    if not hasattr(model, "net_"):
        return float("nan")
    return float(np.mean((model.predict(X) - y) ** 2) / np.var(y, axis=0).mean())


def _kept_is_strongest(strengths: dict[str, float], kept: str) -> bool:
    return all(strengths[kept] > value for label, value in strengths.items() if label != kept)


def summarise(rows: list[dict]) -> list[dict]:
    """A line for every task, rate and form."""
    frame = pd.DataFrame(rows)
    lines = []
    for (name, rate, form), part in frame.groupby(["task", "rate", "form"], sort=False):
        line = {"task": name.split(",")[0], "rate": rate, "form": form}
        fixed = part[part["setting"].isin(STRENGTHS)]
        means = fixed.groupby("setting")["mse"].agg(["mean", "std"])
        best = means["mean"].idxmin()
        line |= {"best strength": best, "mse": means["mean"][best], "sd": means["std"][best]}
        for rule in RULES:
            tuned = part[part["setting"] == rule]
            line[f"{rule} mse"] = tuned["mse"].mean()
            line[f"{rule} sd"] = tuned["mse"].std()
            line[f"{rule} right"] = f"{int(tuned['right'].sum())}/{len(tuned)}"
        line["off scale"] = int((~(part["mse"] < 1)).sum())
        lines.append(line)
    return lines


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="one seed, short fits, no JSON")
    arguments = parser.parse_args()
    seeds, max_iter = (1, 20) if arguments.quick else (arguments.seeds, 200)
    found = Parallel(arguments.jobs)(
        delayed(run)(name, seed, form, rate, max_iter)
        for seed in range(seeds)
        for name in NAMES
        for rate in RATES
        for form in FORMS
    )
    rows = [row for part in found for row in part]
    summary = summarise(rows)
    print(table(summary))
    if not arguments.quick:
        command = f"python -m benchmarks.form --seeds {seeds}"
        configuration = {**COMMON, "max_iter": max_iter, "strengths": STRENGTHS}
        print(save("form", command, configuration, rows, summary))


if __name__ == "__main__":
    main()
