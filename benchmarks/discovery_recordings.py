"""What the rules find in recorded motion, and whether it helps.

    OMP_NUM_THREADS=1 python -m benchmarks.discovery_recordings [--seeds 3] [--jobs 2] [--quick]

The published task on recorded walks and runs (`benchmarks._motion`): windows of all joints, and
where they are a quarter of a second later; trials belong together. Candidates are turns about the
vertical, which physics obeys, and turns about a horizontal axis, which gravity breaks. All walks
head the same way, so rows as recorded can tell neither. Turned about the vertical, each window by
an angle of its own, they obey the first by construction. Errors are mean squared errors over
the variance of y, on other trials, as recorded and turned.
"""

from __future__ import annotations

import argparse
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed

from benchmarks import _motion
from benchmarks._bank_rules import RULES, STEPS
from benchmarks._common import save, table
from sksofteq import SoftEquivariantRegressor

TILTS = "SO(2)@x,y on xyz"
CANDIDATES = (_motion.TURNS, TILTS)
CHOSEN = ("free", "default", "orbit")


def run(name: str, turned: bool, rule: str, seed: int) -> dict[str, Any]:
    """One rule on one recording."""
    torch.set_num_threads(1)
    X, y, trial = _motion.windows(name, "train")
    X_test, y_test, _ = _motion.windows(name, "test")
    if turned:
        X, y = _motion.turned(X, y, seed)
    view = {"symmetries": CANDIDATES, **_motion.VIEW}
    settings = RULES[rule].settings(view)
    model = SoftEquivariantRegressor(**view, max_iter=STEPS, random_state=seed, **settings)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.fit(X, y, groups=trial)
    seconds = time.perf_counter() - start

    def error(X: np.ndarray, y: np.ndarray) -> float:
        return float(np.mean((model.predict(X) - y) ** 2) / y_test.var(axis=0).mean())

    report = model.symmetry_report()
    return {
        "recording": name,
        "trained on": "turned" if turned else "as recorded",
        "rule": rule,
        "seed": seed,
        "error as recorded": error(X_test, y_test),
        "error turned": error(*_motion.turned(X_test, y_test, 1000 + seed)),
        "turns": report.verdict[_motion.TURNS],
        "tilts": report.verdict[TILTS],
        "reason": report.reason[_motion.TURNS],
        "seconds": seconds,
    }


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Means of the seeds, and what was said how often."""

    def said(verdicts: pd.Series) -> str:
        return ", ".join(f"{count} {word}" for word, count in verdicts.value_counts().items())

    return (
        rows.groupby(["recording", "trained on", "rule"], sort=False)
        .agg(
            {
                "error as recorded": "mean",
                "error turned": "mean",
                "turns": said,
                "tilts": said,
                "seconds": "median",
            }
        )
        .reset_index()
    )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="one seed of two rules, no JSON")
    arguments = parser.parse_args()
    names = ("walk",) if arguments.quick else tuple(_motion.FILES)
    rules = CHOSEN[:2] if arguments.quick else CHOSEN
    draws = [
        (name, turned, rule, seed)
        for seed in range(1 if arguments.quick else arguments.seeds)
        for name in names
        for turned in (False, True)
        for rule in rules
    ]
    rows = pd.DataFrame(Parallel(arguments.jobs)(delayed(run)(*draw) for draw in draws))
    rows = rows.sort_values(["recording", "trained on", "seed"], kind="stable")
    found = summary(rows)
    print(table(found))
    if not arguments.quick:
        command = f"python -m benchmarks.discovery_recordings --seeds {arguments.seeds}"
        print(
            save(
                "discovery_recordings",
                command,
                {"steps": STEPS},
                rows.to_dict("records"),
                found.to_dict("records"),
            )
        )


if __name__ == "__main__":
    main()
