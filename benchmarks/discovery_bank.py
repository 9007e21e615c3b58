"""Which rule for the strengths finds what holds, and what does a user gain by it?

    OMP_NUM_THREADS=1 python -m benchmarks.discovery_bank [--part development | held-out]
        [--repeats 1] [--first 0] [--jobs 2] [--rule ...] [--quick]

The bank (`benchmarks._bank`) has 24 functions for development and 24 held out, each with two or
three candidates and known breaks; noise and the target's scale go round. Rules (`_bank_rules`) fit
networks of two layers of 128 with one configuration for all: 1000 steps, batches of 200, no early
stopping. Every repeat draws a function once, with 200 or 1000 rows in turn. Risk is the mean
squared error on 2000 other rows without noise, over that of the free network: a perceptron of
the same widths, steps and seed that knows no symmetry. "best" is the smallest risk of the free
network, each candidate imposed hard, and three strengths for all candidates, by test error, which
no user knows.

A decision counts if the candidate holds or if its break is at least the free network's own error.
Rows are written as they come; what is in the result file already is not run again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

import pandas as pd
from joblib import Parallel, delayed

from benchmarks._bank import BankFunction, functions
from benchmarks._bank_rules import BEST, FREE, RULES, TEST_ROWS, run
from benchmarks._bank_scores import designs, discovery, risks
from benchmarks._common import known, save, table

#: Seconds between two writes of the result file.
WRITE_EVERY = 30.0
#: Rules that `--quick` runs.
QUICK = (FREE, "default")

Draw = tuple[str, BankFunction, int, float, float, int]


def draws(part: str, repeats: range, rules: list[str], quick: bool) -> Iterator[Draw]:
    """What there is to run, repeat by repeat."""
    for repeat in repeats:
        for number, function in enumerate(functions(part == "held-out")):
            design = designs(number, repeat)[1:][(number + repeat) % 2]
            if quick:
                design = (200, *design[1:])
            if not quick or number % 4 == 0:
                yield from ((rule, function, *design, 100 * repeat + number) for rule in rules)


def summarise(rows: list[dict[str, Any]]) -> dict[str, pd.DataFrame]:
    """Two tables: how well each rule tells what holds, and what it costs or gains."""
    names = [name for name in RULES if any(row["rule"] == name for row in rows)]
    frame = pd.DataFrame(rows)
    return {
        "discovery": pd.DataFrame([discovery(frame, name, FREE) for name in names]),
        "risk": pd.DataFrame([risks(frame, name, FREE, BEST) for name in names]),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=("development", "held-out"), default="development")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first repeat")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rule", choices=RULES, action="append", help="only this rule")
    parser.add_argument("--quick", action="store_true", help="six small draws, no JSON")
    arguments = parser.parse_args()
    part, quick = arguments.part, arguments.quick
    name = "discovery_bank_" + part.replace("-", "_")
    command = f"python -m benchmarks.discovery_bank --part {part}"
    rows = [] if quick else known(name)
    rules = arguments.rule or list(QUICK if quick else RULES)
    repeats = range(arguments.first, arguments.first + (1 if quick else arguments.repeats))
    done = {(row["rule"], row["function"], row["n"], row["seed"]) for row in rows}
    asked = list(draws(part, repeats, rules, quick))
    wanted = [d for d in asked if (d[0], d[1].name, d[2], d[-1]) not in done]
    print(f"{len(wanted)} of {len(asked)} to run", flush=True)
    written = time.monotonic()
    parallel = Parallel(arguments.jobs, return_as="generator_unordered")
    for row in parallel(delayed(run)(*draw) for draw in wanted):
        rows.append(row)
        if not quick and time.monotonic() - written > WRITE_EVERY:
            save(name, command, {"test rows": TEST_ROWS}, rows, None)
            written = time.monotonic()
    tables = summarise(rows)
    for title, text in tables.items():
        print(f"\n{title}\n{table(text)}")
    if not quick:
        summary = {
            title: text.astype(object).where(text.notna(), None).to_dict("records")
            for title, text in tables.items()
        }
        print(save(name, command, {"test rows": TEST_ROWS}, rows, summary))


if __name__ == "__main__":
    main()
