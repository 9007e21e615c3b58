"""Which symmetries data have, told by any regressor: `find_symmetries` and `symmetry_test`.

    OMP_NUM_THREADS=1 python -m benchmarks.symmetry_tests [--part development | held-out]
        [--repeats 3] [--jobs 1] [--model ...] [--quick]

The bank (`benchmarks._bank`) has 24 functions for development and 24 held out, each with two or
three candidates and known breaks, drawn with 50, 200 and 1000 rows; noise and the target's scale
go round. `find_symmetries` has a Gaussian process of its own and sets no row aside. The other
models are fitted on 70 percent of the rows and `symmetry_test` sees the rest. The Gaussian process
regressor, the ridges and the polynomials standardise every column apart, which turns do not
commute with (the bank's columns have nearly one deviation); forests, boosting and our own
estimators are given rows as they are. The network is a plain one, of about 1000 steps.

A decision counts if the candidate holds, or if its break is at least the model's own error: root
mean square error of the target without noise, on rows the model has not seen, over its deviation.
That is a different set of decisions for every model, so all are scored on those of
`find_symmetries` too, and breaks in deviations are shown as well.

In the *cone*, directions of two vectors never leave a tenth of a radian about x, and the target
is a function of lengths and angles: data that cannot tell turns that leave the cone.
Of 50 rows `symmetry_test` has 15 to ask whether orbits leave them.

Rows are written as they come; what is in the result file already is not run again.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import RidgeCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from benchmarks._bank import BankFunction, functions, truth_of
from benchmarks._bank_scenarios import SCENARIOS
from benchmarks._bank_scores import VERDICTS, designs, scores, sizes
from benchmarks._common import known, save, table
from benchmarks._cones import CONES, OPENING, Cone
from sksofteq import (
    SoftEquivariantRegressor,
    SoftEquivariantRidge,
    find_symmetries,
    symmetry_test,
)
from sksofteq.candidates import resolve_candidates
from sksofteq.discovery._views import View

#: Share of the rows that a model is fitted on; the others test.
TRAIN = 0.7
STEPS, BATCH = 1000, 200
#: Seconds between two writes of the result file.
WRITE_EVERY = 20.0
DIGITS = 5

Problem = BankFunction | Cone

# ------------------------------------------------------------------ models

Settings = dict[str, Any]


def _forest(view: Settings, n_train: int, seed: int) -> Any:
    return RandomForestRegressor(random_state=seed)


def _boosting(view: Settings, n_train: int, seed: int) -> Any:
    boosting = HistGradientBoostingRegressor(random_state=seed)
    return boosting if view["rep_out"] == "scalar" else MultiOutputRegressor(boosting)


def _gaussian_process(view: Settings, n_train: int, seed: int) -> Any:
    kernel = ConstantKernel() * RBF(3.0, (1e-1, 1e3)) + WhiteKernel(1e-3, (1e-8, 1e1))
    return make_pipeline(StandardScaler(), GaussianProcessRegressor(kernel, normalize_y=True))


def _ridge(view: Settings, n_train: int, seed: int) -> Any:
    return make_pipeline(StandardScaler(), RidgeCV(np.logspace(-4, 4, 33)))


def _polynomial(view: Settings, n_train: int, seed: int) -> Any:
    products = PolynomialFeatures(2, include_bias=False)
    return make_pipeline(StandardScaler(), products, _ridge(view, n_train, seed))


def _soft_ridge(view: Settings, n_train: int, seed: int) -> Any:
    return SoftEquivariantRidge(**view, degree=2, strengths=0.0, random_state=seed)


def _network(view: Settings, n_train: int, seed: int) -> Any:
    max_iter = round(STEPS * min(BATCH, n_train) / n_train)
    return SoftEquivariantRegressor(max_iter=max_iter, random_state=seed)


OWN = "find_symmetries"
MODELS: dict[str, Callable[[Settings, int, int], Any]] = {
    "random forest": _forest,
    "gradient boosting": _boosting,
    "Gaussian process": _gaussian_process,
    "ridge": _ridge,
    "ridge, degree 2": _polynomial,
    "SoftEquivariantRidge, degree 2": _soft_ridge,
    "network": _network,
}
NAMES = (OWN, *MODELS)

# ------------------------------------------------------------------ one draw


def view_of(problem: Problem) -> Settings:
    """Candidates and representations."""
    return problem.view if isinstance(problem, Cone) else SCENARIOS[problem.scenario].view


def run(
    model: str, problem: Problem, n: int, noise: float, scale: float, seed: int
) -> list[dict[str, Any]]:
    """One model on one draw: a row per candidate."""
    torch.set_num_threads(1)
    X, y, clean = problem.sample(n, noise, scale, seed)
    ask = _by_itself if model == OWN else _by_model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the process's bounds
        found, residual, seconds = ask(model, view_of(problem), X, y, clean, seed)
    error = np.sqrt(np.mean(residual**2) / np.var(clean, axis=0).mean())
    draw = {"model": model, "function": problem.name, "n": n, "noise": noise, "scale": scale}
    draw |= {"seed": seed, "own error": _short(error), "seconds": _short(seconds)}
    rows = []
    for label, size in truth_of(problem).items():
        row = draw | {"candidate": label, "break": _short(size), "z": _short(found.z[label])}
        if isinstance(problem, Cone):
            row["stays"] = label in problem.stays
        rows.append(
            row | {"support": float(found.support[label]), "verdict": found.verdict[label]}
        )
    return rows


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _by_itself(
    model: str, view: Settings, X: NDArray, y: NDArray, clean: NDArray, seed: int
) -> tuple[pd.DataFrame, NDArray, float]:
    """`find_symmetries`, errors of its process on rows left out, seconds."""
    start = time.perf_counter()
    found = find_symmetries(X, y, **view, random_state=seed)
    seconds = time.perf_counter() - start
    candidates = resolve_candidates(**view, n_features=X.shape[1], n_outputs=y.shape[1])
    groups = list(candidates.groups.values())
    process = View(X, y, candidates.rep_in, candidates.rep_out, groups)
    return found, process.left_out_at(X) - clean, seconds


def _by_model(
    model: str, view: Settings, X: NDArray, y: NDArray, clean: NDArray, seed: int
) -> tuple[pd.DataFrame, NDArray, float]:
    """`symmetry_test` on the rows that the model was not fitted on, its errors there, seconds."""
    n_train = round(TRAIN * len(X))
    start = time.perf_counter()
    regressor = MODELS[model](view, n_train, seed)
    regressor.fit(X[:n_train], y[:n_train, 0] if y.shape[1] == 1 else y[:n_train])
    found = symmetry_test(regressor, X[n_train:], y[n_train:], **view, random_state=seed)
    seconds = time.perf_counter() - start
    tested = clean[n_train:]
    return found, regressor.predict(X[n_train:]).reshape(tested.shape) - tested, seconds


# ------------------------------------------------------------------ tables


def summarise(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """All tables, of the models that there are."""
    on_bank = rows[~rows["function"].str.startswith("cone")]
    cones = rows[rows["function"].str.startswith("cone")]
    summary = {"scores": _by_size(on_bank), "same decisions": _same_decisions(on_bank)}
    for measure in ("break / own error", "break"):
        for verdict in ("broken", "holds"):
            summary[f"said {verdict}, by {measure}"] = _said(on_bank, measure, verdict)
    return summary | {"cone": _cones(cones)}


def _parts(rows: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """Models in their order, each by the number of rows."""
    present = [name for name in NAMES if (rows["model"] == name).any()]
    parts = {name: rows[rows["model"] == name] for name in present}
    return [(name, str(n), part) for name in present for n, part in parts[name].groupby("n")]


def _by_size(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame([{"model": m, "n": n} | scores(part) for m, n, part in _parts(rows)])


def _same_decisions(rows: pd.DataFrame) -> pd.DataFrame:
    """Every model on the decisions that count for `find_symmetries`."""
    key, shown = ["function", "n", "seed", "candidate"], ["decisions", "AUC", "AUC from, to"]
    own = rows[rows["model"] == OWN].set_index(key)["own error"]
    asked = rows.drop(columns="own error").join(own, on=key).dropna(subset=["own error"])
    shown += ["broken", "broken, said so", "broken, said holds"]
    return _by_size(asked)[["model", "n", *shown]] if len(asked) else pd.DataFrame()


def _said(rows: pd.DataFrame, measure: str, verdict: str) -> pd.DataFrame:
    """Share of the broken candidates of which a verdict is said, and their number."""
    found = []
    for model, n, part in _parts(rows[rows["break"] > 0]):
        said = (part["verdict"] == verdict).groupby(sizes(part, measure), observed=False)
        shown = {
            str(size): f"{share:.2f} of {count}" if count else ""
            for size, share, count in zip(said.mean().index, said.mean(), said.size(), strict=True)
        }
        found.append({"model": model, "n": n} | shown)
    return pd.DataFrame(found)


def _cones(rows: pd.DataFrame) -> pd.DataFrame:
    """What is said of turns that leave the data, and of the one that does not."""
    found = []
    for model, n, part in _parts(rows):
        for stays, some in part.groupby("stays"):
            said = {verdict: int((some["verdict"] == verdict).sum()) for verdict in VERDICTS}
            where = "stays in the data" if stays else "leaves the data"
            found.append({"model": model, "n": n, "orbit": where, "asked": len(some)} | said)
    return pd.DataFrame(found)


# ------------------------------------------------------------------ command line

Draw = tuple[str, Problem, int, float, float, int]


def draws(part: str, repeats: int, models: list[str], quick: bool) -> list[Draw]:
    """What there is to run, repeat by repeat."""
    held_out = part == "held-out"
    numbered = list(enumerate(functions(held_out)))[:: 3 if quick else 1]
    found: list[tuple] = []
    for repeat in range(repeats):
        for number, function in numbered:
            seed = 100 * repeat + number
            found += [(function, *design, seed) for design in designs(number, repeat)]
        for number, title in enumerate(CONES):
            seed = repeat + 1000 * held_out
            found += [(Cone(title), *design, seed) for design in designs(number, repeat)]
    return [(m, *draw) for draw in found if draw[1] <= 200 or not quick for m in models]


def complete(
    rows: list[dict], asked: list[Draw], jobs: int, write: Callable[[list[dict]], Any]
) -> None:
    """Run what the rows lack; write them now and then."""
    done = {(row["model"], row["function"], row["n"], row["seed"]) for row in rows}
    wanted = [(m, f, n, *rest) for m, f, n, *rest in asked if (m, f.name, n, rest[-1]) not in done]
    print(f"{len(wanted)} of {len(asked)} to run", flush=True)
    written = time.monotonic()
    parallel = Parallel(jobs, return_as="generator_unordered")
    for i, found in enumerate(parallel(delayed(run)(*each) for each in wanted), 1):
        rows += found
        if time.monotonic() - written > WRITE_EVERY:
            print(f"{i} of {len(wanted)}: {found[0]}", flush=True)
            write(rows)
            written = time.monotonic()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=("development", "held-out"), default="development")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--model", choices=NAMES, action="append", help="only this model")
    parser.add_argument("--quick", action="store_true", help="a few small draws, no JSON")
    arguments = parser.parse_args()
    part, quick = arguments.part, arguments.quick
    repeats = 1 if quick else arguments.repeats
    name = "symmetry_tests_" + part.replace("-", "_")
    command = f"python -m benchmarks.symmetry_tests --part {part} --repeats {repeats}"
    configuration = {"train": TRAIN, "steps": STEPS, "opening": OPENING}

    def write(rows: list[dict], summary: Any = None) -> Any:
        return None if quick else save(name, command, configuration, rows, summary)

    rows = [] if quick else known(name)
    complete(
        rows, draws(part, repeats, arguments.model or list(NAMES), quick), arguments.jobs, write
    )
    tables = summarise(pd.DataFrame(rows))
    for title, text in tables.items():
        print(f"\n{title}\n{table(text)}")
    summary = {
        title: text.astype(object).where(text.notna(), None).to_dict("records")
        for title, text in tables.items()
    }
    print(write(rows, summary) or "")


if __name__ == "__main__":
    main()
