"""What does a search cost whose networks train together, against GridSearchCV?

    python -m benchmarks.search [--rounds 1] [--threads 1] [--device cpu] [--together 16] [--quick]

`SymmetrySearchCV` and ``GridSearchCV(n_jobs=1)`` take turns within one run, on moments of inertia
in float64: strengths, seeds and candidates of networks of the default width, and the default
estimator with its tests and pilots. Beside the ratio stands the largest difference between their
mean scores.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, ShuffleSplit

from benchmarks._common import save, table
from benchmarks._timing import ratio, side_by_side
from sksofteq import SoftEquivariantRegressor, SymmetrySearchCV
from sksofteq.datasets import make_inertia

PLANES = ("O(2)@x,y", "O(2)@y,z", "O(2)@x,z")
N_ROWS = 300
ONE_SPLIT = ShuffleSplit(1, test_size=0.2, random_state=0)
STRENGTHS = [0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, float("inf")]
#: Name, batch size, epochs, grid, folds, and what the estimator has in place of strength 1.
#: (What a fit does beside its training takes as long for any number of epochs.)
CASES: list[tuple[str, int, int, Mapping[str, Any], Any, Mapping[str, Any]]] = [
    ("16 seeds", 50, 60, {"random_state": range(16)}, ONE_SPLIT, {}),
    ("8 strengths x 5 folds", 50, 10, {"strengths": STRENGTHS}, 5, {}),
    ("8 strengths x 5 folds", 200, 10, {"strengths": STRENGTHS}, 5, {}),
    (
        "6 sets of candidates x 5 folds, plain layers",
        50,
        20,
        {"symmetries": [(), ("O(3)",), PLANES[:1], PLANES[1:2], PLANES[2:], PLANES]},
        5,
        {"network": "plain", "average": False},
    ),
    (
        "4 sets of candidates x 5 folds, typed layers",
        50,
        10,
        {"symmetries": [PLANES[:1], PLANES[1:2], PLANES[2:], PLANES]},
        5,
        {},
    ),
    (
        "6 seeds, tuned",
        50,
        10,
        {"random_state": range(6)},
        ONE_SPLIT,
        {"symmetries": PLANES, "strengths": None},
    ),
]


def run(case: tuple, device: str, n_together: int, rounds: int) -> dict[str, Any]:
    """Both searches, in turns."""
    name, batch, epochs, grid, cv, other = case
    X, y = make_inertia(N_ROWS, axis="z", random_state=0)
    model = SoftEquivariantRegressor(
        PLANES[:1], rep_in="5*scalar + 5*vector", rep_out="tensor(2)", random_state=0
    )
    model.set_params(batch_size=batch, max_iter=epochs, device=device)
    model.set_params(**{"strengths": 1.0, **other})
    settings = {"cv": cv, "refit": False, "error_score": "raise"}
    searches = {
        "one by one": GridSearchCV(model, grid, n_jobs=1, **settings),
        "together": SymmetrySearchCV(model, grid, n_together=n_together, **settings),
    }
    clone(model).set_params(max_iter=1).fit(X, y)  # bases are solved once
    seconds = side_by_side(
        {way: lambda search=search: search.fit(X, y) for way, search in searches.items()},
        rounds,
        warmup=0,
    )
    scores = [search.cv_results_["mean_test_score"] for search in searches.values()]
    return {
        "grid": name,
        "batch": batch,
        "epochs": epochs,
        "fits": len(scores[0]) * searches["together"].n_splits_,
        "one by one s": float(np.median(seconds["one by one"])),
        "together s": float(np.median(seconds["together"])),
        "together / one by one": ratio(seconds["together"], seconds["one by one"]),
        "difference": float(np.abs(scores[0] - scores[1]).max()),
    }


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--together", type=int, default=16)
    parser.add_argument("--quick", action="store_true", help="one grid once; nothing is saved")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cases, rounds = (CASES[-1:], 1) if arguments.quick else (CASES, arguments.rounds)
    rows = [run(case, arguments.device, arguments.together, rounds) for case in cases]
    print(table(rows))
    if not arguments.quick:
        name = "search" if arguments.device == "cpu" else f"search_{arguments.device}"
        command = (
            f"python -m benchmarks.search --rounds {rounds} --threads {arguments.threads} "
            f"--device {arguments.device} --together {arguments.together}"
        )
        save(name, command, {"n_rows": N_ROWS}, rows, None)


if __name__ == "__main__":
    main()
