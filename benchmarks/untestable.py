"""Is what keeping a candidate costs in pilots a reason to let it go?

    OMP_NUM_THREADS=1 python -m benchmarks.untestable [--part development | held-out] [--seeds 1]
        [--jobs 2] [--quick]

Functions of the bank (`benchmarks._bank`), known in a corner only: of fifty times as many rows
those that reach farthest in one direction, drawn by seed, so that rows moved by candidates leave
the data. "keep all" keeps every candidate that the data cannot test, "let go" (the package's rule)
all but those that raise the error of a pilot by more than half, "drop" none. Errors are mean
squared errors over the variance of y, of other rows in the corner, and of these moved by what
holds. Only draws with a candidate that cannot be tested count; where the rule lets go of none,
"keep all" is the same fit.
"""

from __future__ import annotations

import argparse
import math
import re
import warnings
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray

from benchmarks._bank import BankFunction, functions, truth_of
from benchmarks._bank_scenarios import SCENARIOS
from benchmarks._common import save, table
from sksofteq import SoftEquivariantRegressor
from sksofteq.estimators import _plans
from sksofteq.orbits import sample_products

N_ROWS, N_TEST, SHARE, NOISE = 400, 2000, 50, 0.05
STEPS, BATCH = 1000, 200
RULE = _plans.TOO_DEAR
RULES = {
    "let go": (RULE, "keep"),
    "keep all": ((math.inf, math.inf), "keep"),
    "drop": (RULE, "drop"),
}


def corner(function: BankFunction, n: int, seed: int, direction: NDArray) -> NDArray:
    """The rows that reach farthest in a direction."""
    X = SCENARIOS[function.scenario].draw(np.random.RandomState(seed), SHARE * n)
    return X[np.argsort(X @ direction)[-n:]]


def moved(function: BankFunction, X: NDArray, seed: int) -> tuple[NDArray, NDArray]:
    """Rows moved by what holds, and the values there."""
    candidates = function.candidates()
    groups = [candidates.groups[label] for label, size in truth_of(function).items() if not size]
    random_state = np.random.RandomState(seed)
    elements = sample_products(groups, len(X), X, candidates.rep_in, random_state)
    turned = [candidates.rep_in.transform(x[None], g) for x, g in zip(X, elements, strict=True)]
    X = np.concatenate(turned) if turned else X
    return X, function(X)


def run(function: BankFunction, seed: int, steps: int) -> list[dict[str, Any]]:
    """The rules on one function; none if all candidates can be tested."""
    torch.set_num_threads(1)
    random_state = np.random.RandomState(1000 + seed)
    n_columns = SCENARIOS[function.scenario].draw(random_state, 1).shape[1]
    direction = random_state.standard_normal(n_columns)
    X, X_test = (
        corner(function, n, s, direction) for n, s in ((N_ROWS, seed), (N_TEST, seed + 500))
    )
    y = function(X)
    y = y + NOISE * y.std(axis=0) * random_state.standard_normal(y.shape)
    measure = partial(_measured, function, X, y, X_test, seed, steps)
    rows = [measure("let go")]
    if not rows[0]["cost"]:
        return []
    same = not rows[0]["let go"]
    rows.append(rows[0] | {"rule": "keep all"} if same else measure("keep all"))
    return [*rows, measure("drop")]


def _measured(
    function: BankFunction,
    X: NDArray,
    y: NDArray,
    X_test: NDArray,
    seed: int,
    steps: int,
    rule: str,
) -> dict[str, Any]:
    _plans.TOO_DEAR, untestable = RULES[rule]
    epochs = max(1, round(steps * BATCH / len(X)))
    model = SoftEquivariantRegressor(
        **SCENARIOS[function.scenario].view,
        untestable=untestable,
        max_iter=epochs,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.fit(X, y[:, 0] if y.shape[1] == 1 else y)
    reasons = model.symmetry_report()["reason"]
    costs = {label: _cost(text) for label, text in reasons.items() if "error on rows" in text}
    row = {"rule": rule, "function": function.name, "seed": seed, "truth": truth_of(function)}
    row |= {"cost": costs, "let go": [k for k in costs if "let go" in reasons[k]]}
    for name, (inputs, values) in {
        "error": (X_test, function(X_test)),
        "moved": moved(function, X_test, seed),
    }.items():
        residual = model.predict(inputs).reshape(values.shape) - values
        row[name] = float(np.mean(residual**2) / values.var(axis=0).mean())
    return row


def _cost(reason: str) -> float:
    percent, sign = re.search(r"(\d+)% (more|less) error", reason).groups()
    return (1 if sign == "more" else -1) * int(percent) / 100


def summarise(rows: list[dict[str, Any]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What keeping costs and how often it is let go, by truth; errors of the rules."""
    kept = [
        {"truth": _kind(row["truth"][k]), "cost": cost, "let go": k in row["let go"]}
        for row in rows
        if row["rule"] == "let go"
        for k, cost in row["cost"].items()
    ]
    costs = pd.DataFrame(kept).groupby("truth")
    first = costs["cost"].describe(percentiles=[0.5, 0.9])[["count", "min", "50%", "90%", "max"]]
    first["let go"] = costs["let go"].mean()
    frame = pd.DataFrame(rows)
    logs = frame.assign(error=np.log(frame["error"]), moved=np.log(frame["moved"]))
    second = np.exp(logs.groupby("rule", sort=False)[["error", "moved"]].mean())
    second["worst error"] = frame.groupby("rule")["error"].max()
    second["worst moved"] = frame.groupby("rule")["moved"].max()
    return first.reset_index(), second.reset_index()


def _kind(size: float) -> str:
    return "holds" if size == 0 else "broken by " + ("< 0.3" if size < 0.3 else ">= 0.3")


def chosen(part: str, quick: bool) -> Iterable[BankFunction]:
    """The functions to run."""
    found = functions(part == "held-out")
    return found[::8] if quick else found


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=("development", "held-out"), default="development")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="few functions, few steps, no JSON")
    arguments = parser.parse_args()
    steps = 60 if arguments.quick else STEPS
    found = Parallel(arguments.jobs)(
        delayed(run)(function, seed, steps)
        for seed in range(arguments.seeds)
        for function in chosen(arguments.part, arguments.quick)
    )
    rows = [row for part in found for row in part]
    costs, errors = summarise(rows)
    print(f"{table(costs)}\n\n{table(errors)}")
    if not arguments.quick:
        name = f"untestable_{arguments.part}".replace("-", "_")
        command = f"python -m benchmarks.untestable --part {arguments.part}"
        summary = [part.to_dict("records") for part in (costs, errors)]
        print(save(name, command, {"rows": N_ROWS, "steps": STEPS}, rows, summary))


if __name__ == "__main__":
    main()
