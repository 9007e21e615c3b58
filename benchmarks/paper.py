"""The PER paper's experiments and recorded motion, for every method.

    OMP_NUM_THREADS=1 python -m benchmarks.paper [--full] [--jobs 2] [--task "inertia*"]
        [--method ...] [--seeds 0 1] [--steps 2000] [--waymo PATH] [--images docs/images]
        [--report docs/paper-tables.md] [--page docs/results.md]
    python -m benchmarks.paper --quick

The paper is "Regularizing Towards Soft Equivariance Under Mixed Symmetries" (arXiv 2306.00356).
Its tasks: moments of inertia and cosine similarity, with candidates that hold, are broken or are
misspecified (`benchmarks._paper_tasks`), and, with ``--waymo``, motion forecasting; beside them
recorded walks, runs and pedestrians (`benchmarks._paper_motion`). "Sign-flipped" and "shifted"
inertia are our reading of the paper's: x of all points is positive, or one further, in rows to fit
and to test, and negative, or one less, out of distribution.

**Fits are capped at 2000 steps of the optimiser** (``--steps``), fewer than the paper's, with
batches of 200 and a learning rate that falls to zero by then; a fit that stops early keeps its
best weights. Pilots and tests before a fit come on top. `benchmarks._paper_methods` says who
trains on which rows.

A row per task, method, seed and cap is appended to ``benchmarks/results/paper.csv`` as it comes,
by this process alone; rows that are there are not run again, so a run that was stopped goes on.
Without ``--full`` (five seeds) there is one seed. Afterwards all rows of this cap are tabulated.
``--quick`` fits a few methods to small draws of a few tasks and writes nothing.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import Parallel, delayed

from benchmarks._common import RESULTS, environment, table
from benchmarks._paper_methods import METHODS, OURS
from benchmarks._paper_motion import RECORDED, waymo_tasks
from benchmarks._paper_page import fill
from benchmarks._paper_rows import COLUMNS, measure
from benchmarks._paper_tables import report
from benchmarks._paper_tasks import SYNTHETIC, Task

STEPS, ALL_SEEDS = 2000, 5
QUICK_STEPS = 30
QUICK_TASKS = ("inertia, misspecified", "inertia, shifted", "walk", "pedestrians, ETH")
QUICK_METHODS = (
    OURS,
    "PER as published",
    "EMLP, told",
    "augmentation, told",
    "plain network",
    "ridge",
    "constant velocity",
)

HEADER = """# All tables of `benchmarks.paper`

    OMP_NUM_THREADS=1 python -m benchmarks.paper --full --report docs/paper-tables.md

Mean ± deviation over seeds; fits of {steps} steps at most. [Results](results.md) says what the
tasks and methods are and what to make of it.

{tables}
"""

Key = tuple[str, str, int, int]


def chosen(names: Iterable[str], patterns: list[str] | None, what: str) -> list[str]:
    """Names that match a pattern, all without any.

    Raises
    ------
    SystemExit
        If a pattern matches none.
    """
    names = list(names)
    if patterns is None:
        return names
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise SystemExit(f"no {what} is called {pattern!r}; there are {'; '.join(names)}")
    return [name for name in names if any(fnmatchcase(name, p) for p in patterns)]


def known(path: Path) -> pd.DataFrame:
    """The rows of earlier runs."""
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=COLUMNS)


def append(path: Path, row: dict[str, Any]) -> None:
    """Write one row to the end of the file, which is closed, and so flushed, afterwards."""
    is_new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if is_new:
            writer.writeheader()
        writer.writerow(row)


def wanted(tasks: dict[str, Task], arguments: argparse.Namespace) -> list[Key]:
    """What was asked for: one seed of everything, then the next."""
    names = chosen(tasks, arguments.task, "task")
    methods = chosen(METHODS, arguments.method, "method")
    seeds = arguments.seeds or range(ALL_SEEDS if arguments.full else 1)
    return [
        (name, method, seed, arguments.steps)
        for seed in seeds
        for name in names
        for method in methods
        if METHODS[method].applies(tasks[name])
    ]


def run_quick() -> None:
    """Small fits in this process."""
    tasks = SYNTHETIC | RECORDED
    rows = [
        measure(name, tasks[name], method, 0, QUICK_STEPS, small=True)
        for name in QUICK_TASKS
        for method in QUICK_METHODS
        if METHODS[method].applies(tasks[name])
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    print(report(frame, None))
    if frame["failure"].notna().any():
        raise SystemExit("some fits failed")


def run(tasks: dict[str, Task], keys: list[Key], path: Path, jobs: int) -> None:
    """Fit what is not in the file yet."""
    rows = known(path)
    done = set(zip(rows["task"], rows["method"], rows["seed"], rows["budget"], strict=True))
    left = [key for key in keys if key not in done]
    print(f"{len(left)} rows to fit, {len(keys) - len(left)} are there; {environment()}")
    parallel = Parallel(jobs, return_as="generator_unordered")
    calls = (
        delayed(measure)(name, tasks[name], method, seed, steps)
        for name, method, seed, steps in left
    )
    for number, row in enumerate(parallel(calls), 1):
        append(path, row)
        short = {k: row.get(k) for k in ("task", "method", "seed", "error", "seconds", "failure")}
        print(f"{number} of {len(left)}: {table([short])}", flush=True)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true", help=f"{ALL_SEEDS} seeds")
    parser.add_argument("--quick", action="store_true", help="a few small fits, no file")
    parser.add_argument("--task", action="append", help="only tasks like this pattern")
    parser.add_argument("--method", action="append", help="only methods like this pattern")
    parser.add_argument("--seeds", type=int, nargs="+", action="extend", help="only these")
    parser.add_argument("--steps", type=int, default=STEPS, help="most optimiser steps of a fit")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--waymo", type=Path, help="a tf.Example file, or a folder of them")
    parser.add_argument("--output", type=Path, default=RESULTS / "paper.csv")
    parser.add_argument("--report", type=Path, help="write the tables to this file, too")
    parser.add_argument("--page", type=Path, help="make the tables of this page anew")
    parser.add_argument("--images", type=Path, help="draw pictures into this folder")
    return parser.parse_args()


def main() -> None:
    """Run from the command line."""
    arguments = parsed()
    if arguments.quick:
        run_quick()
        return
    tasks = SYNTHETIC | RECORDED | (waymo_tasks(arguments.waymo) if arguments.waymo else {})
    run(tasks, wanted(tasks, arguments), arguments.output, arguments.jobs)
    place = {name: number for number, name in enumerate(tasks)}
    everything = known(arguments.output).sort_values(
        "task", key=lambda names: names.map(place), kind="stable"
    )
    rows = everything[everything["budget"] == arguments.steps]
    text = report(rows, arguments.images)
    print(text)
    if arguments.report:
        arguments.report.write_text(HEADER.format(steps=arguments.steps, tables=text))
    if arguments.page:
        arguments.page.write_text(fill(arguments.page.read_text(), everything, arguments.steps))


if __name__ == "__main__":
    main()
