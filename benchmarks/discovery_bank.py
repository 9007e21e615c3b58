"""How well does `find_symmetries` tell candidates that hold from those that do not?

    python -m benchmarks.discovery_bank [--part development | held-out] [--repeats 3] [--quick]

The bank (`benchmarks._bank`) has 24 functions for development and 24 held out, each with two or
three candidates and known breaks. Every function is drawn with 50, 200 and 1000 rows; noise (0,
0.1, 0.3 of the deviation) and the target's scale (0.01, 1, 100) go round, so that each of their
combinations occurs equally often for every size. A decision counts if the candidate holds, or if
its break is at least as large as the process's own error on rows that it has not seen; smaller
breaks are shown apart.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmarks._bank import BankFunction, functions
from benchmarks._bank_scenarios import SCENARIOS
from benchmarks._common import save, table
from sksofteq import find_symmetries
from sksofteq.discovery._views import View

SIZES = (50, 200, 1000)
NOISES = (0.0, 0.1, 0.3)
SCALES = (0.01, 1.0, 100.0)
#: Bounds of the breaks by which power is shown.
EDGES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, np.inf)


def designs(number: int, repeat: int) -> list[tuple[int, float, float]]:
    """Rows, noise and scale of the draws of one function: one per size."""
    turn = number + repeat
    return [(n, NOISES[(turn + i) % 3], SCALES[(turn // 3 + i) % 3]) for i, n in enumerate(SIZES)]


def run(function: BankFunction, n: int, noise: float, scale: float, seed: int) -> list[dict]:
    """One draw: a row per candidate."""
    X, y, clean = function.sample(n, noise, scale, seed)
    view = SCENARIOS[function.scenario].view
    start = time.perf_counter()
    found = find_symmetries(X, y, **view, random_state=seed)
    seconds = time.perf_counter() - start
    candidates = function.candidates()
    groups = list(candidates.groups.values())
    process = View(X, y, candidates.rep_in, candidates.rep_out, groups)
    variance = np.var(clean, axis=0).mean()
    error = np.sqrt(np.mean((process.left_out_at(X) - clean) ** 2) / variance)
    draw = {"function": function.name, "n": n, "noise": noise, "scale": scale, "seed": seed}
    return [
        draw
        | {
            "candidate": label,
            "break": size,
            "own error": float(error),
            "z": float(found.z[label]),
            "support": float(found.support[label]),
            "verdict": found.verdict[label],
            "seconds": seconds,
        }
        for label, size in function.truth().items()
    ]


def scores(rows: pd.DataFrame) -> dict[str, Any]:
    """AUC of support, and how often verdicts are right, over the decisions that can be made."""
    holds = rows["break"] == 0
    decided = rows[holds | (rows["break"] >= rows["own error"])]
    holds = decided["break"] == 0
    smallest = decided.groupby(["function", "n", "seed"])["break"].transform("min")
    largest = decided.groupby(["function", "n", "seed"])["break"].transform("max")
    said = decided["verdict"] == "holds"
    auc = roc_auc_score(holds, decided["support"])
    return {
        "decisions": len(decided),
        "AUC": auc,
        "AUC from, to": "{:.3f}, {:.3f}".format(*_interval(decided)),
        "holds, said so": said[holds].mean(),
        "all hold, said so": said[largest == 0].mean(),
        "broken, said holds": said[~holds].mean(),
        "none hold": int((smallest > 0).sum()),
        "none, said holds": said[smallest > 0].mean(),
        "seconds": rows["seconds"].median(),
    }


def _interval(decided: pd.DataFrame, n_draws: int = 500) -> NDArray:
    """95 percent interval of the AUC, functions drawn again."""
    random = np.random.RandomState(0)
    by_function = [part for _, part in decided.groupby("function")]
    values = []
    for _ in range(n_draws):
        chosen = random.randint(len(by_function), size=len(by_function))
        drawn = pd.concat([by_function[i] for i in chosen])
        truth = drawn["break"] == 0
        if truth.nunique() == 2:
            values.append(roc_auc_score(truth, drawn["support"]))
    return np.percentile(values, [2.5, 97.5])


def power(rows: pd.DataFrame) -> pd.DataFrame:
    """How often "broken" and "holds" are said, by the break over the process's own error."""
    broken = rows[(rows["break"] > 0) & (rows["n"] >= 200)]
    size = pd.cut(broken["break"] / broken["own error"], EDGES, right=False)
    verdicts = pd.crosstab(size, broken["verdict"])
    return verdicts.rename_axis("break / own error").rename_axis(None, axis=1).reset_index()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=("development", "held-out"), default="development")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="one repeat of small draws, no JSON")
    arguments = parser.parse_args()
    repeats = 1 if arguments.quick else arguments.repeats
    chosen = functions(held_out=arguments.part == "held-out")
    draws = [
        (function, n, noise, scale, 100 * repeat + number)
        for repeat in range(repeats)
        for number, function in enumerate(chosen)
        for n, noise, scale in designs(number, repeat)
        if n <= 200 or not arguments.quick
    ]
    found = Parallel(arguments.jobs)(delayed(run)(*draw) for draw in draws)
    rows = pd.DataFrame([row for rows in found for row in rows])
    parts = {str(n): part for n, part in rows.groupby("n")} | {"200 and more": rows[rows.n >= 200]}
    summary = pd.DataFrame([{"n": n} | scores(part) for n, part in parts.items()])
    print(table(summary))
    print(table(power(rows)))
    if not arguments.quick:
        command = (
            f"python -m benchmarks.discovery_bank --part {arguments.part} --repeats {repeats}"
        )
        name = "discovery_bank_" + arguments.part.replace("-", "_")
        print(save(name, command, {}, rows.to_dict("records"), summary.to_dict("records")))


if __name__ == "__main__":
    main()
