"""Are candidates that stretch told rightly, before a fit?

    python -m benchmarks.stretching [--seeds 10] [--jobs 2] [--quick]

Functions of vectors that obey SL(n), GL(n) or Sp(n), or the turns in them alone, with errors of a
twentieth of their deviation. Counts, over draws and candidates that hold or are broken, of what
the test before a fit says. Elements are sampled from generators as they were given, and with those
that turn apart from those that stretch (`sksofteq.groups`), as is the rule.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from joblib import Parallel, delayed

from benchmarks._common import save, table
from benchmarks._paper_tasks import SYNTHETIC
from sksofteq.candidates import Candidates, resolve_groups
from sksofteq.discovery import gather_evidence
from sksofteq.groups import _sampling
from sksofteq.orbits import CRITICAL_Z
from sksofteq.reps import parse_rep

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZES = (100, 400, 1000)
NOISE = 0.05


@dataclass(frozen=True)
class Case:
    """A function, and which candidates it obeys.

    Parameters
    ----------
    draw : callable
        From a generator and a number of rows to X and y, without errors.
    rep_in, rep_out : str
    dim : int
    truth : dict of str to bool
        Whether candidates hold.
    """

    draw: Callable[[np.random.RandomState, int], tuple[NDArray, NDArray]]
    rep_in: str
    rep_out: str
    dim: int
    truth: dict[str, bool]


def _second_moments(rng: np.random.RandomState, n: int) -> tuple[NDArray, NDArray]:
    masses, points = rng.uniform(0.5, 1.5, (n, 3)), rng.standard_normal((n, 3, 3))
    y = np.einsum("nk,nki,nkj->nij", masses, points, points)
    return np.c_[masses, points.reshape(n, 9)], y.reshape(n, 9)


def _volume(rng: np.random.RandomState, n: int) -> tuple[NDArray, NDArray]:
    edges = rng.standard_normal((n, 3, 3))
    return edges.reshape(n, 9), np.linalg.det(edges)[:, None]


def _area(rng: np.random.RandomState, n: int) -> tuple[NDArray, NDArray]:
    edges = rng.standard_normal((n, 2, 2))
    return edges.reshape(n, 4), np.linalg.det(edges)[:, None]


def _products(rng: np.random.RandomState, n: int) -> tuple[NDArray, NDArray]:
    vectors = rng.standard_normal((n, 2, 3))
    y = (vectors[:, 0] * (vectors[:, 0] + vectors[:, 1])).sum(axis=1)
    return vectors.reshape(n, 6), y[:, None]


def _inertia(rng: np.random.RandomState, n: int) -> tuple[NDArray, NDArray]:
    X, y = SYNTHETIC["inertia, misspecified"].draw(rng.randint(2**31 - 1)).fit
    return X[:n], y[:n]


CASES = {
    "second moments": Case(
        _second_moments,
        "3*scalar + 3*vector",
        "tensor(2)",
        3,
        {"GL(3)": True, "SL(3)": True, "GL(2)@x,y": True, "SL(2)@y,z": True},
    ),
    "volume": Case(_volume, "3*vector", "scalar", 3, {"SL(3)": True, "GL(3)": False}),
    "area": Case(_area, "2*vector", "scalar", 2, {"SL(2)": True, "Sp(1)": True, "GL(2)": False}),
    "scalar products": Case(_products, "2*vector", "scalar", 3, {"SL(3)": False, "GL(3)": False}),
    "inertia": Case(
        _inertia,
        "5*scalar + 5*vector",
        "tensor(2)",
        3,
        {"SL(2)@y,z": False, "GL(2)@x,z": False, "SL(2)@x,y": False, "GL(2)@x,y": False},
    ),
}


def verdicts(name: str, n_rows: int, seed: int, apart: bool) -> dict[str, str]:
    """What the test says of every candidate."""
    case, rng = CASES[name], np.random.RandomState(seed)
    X, y = case.draw(rng, n_rows)
    y = y + NOISE * y.std() * rng.standard_normal(y.shape)
    reps = [parse_rep(text).bind(case.dim) for text in (case.rep_in, case.rep_out)]
    candidates = Candidates(resolve_groups(tuple(case.truth)), *reps)
    with patch.object(_sampling, "turns_apart", _sampling.turns_apart if apart else dict):
        evidence = gather_evidence(X, y, candidates, random_state=seed)
    untestable = evidence.untestable()
    return {
        label: "cannot tell" if label in untestable else _said(test.z)
        for label, test in evidence.tests.items()
    }


def _said(z: float) -> str:
    if abs(z) < CRITICAL_Z:
        return "cannot tell"
    return "holds" if z < 0 else "broken"


def row(name: str, n_rows: int, seeds: int, apart: bool) -> dict[str, Any]:
    """Counts of what is said, by truth."""
    said = {truth: Counter() for truth in (True, False)}
    for seed in range(seeds):
        for label, verdict in verdicts(name, n_rows, seed, apart).items():
            said[CASES[name].truth[label]][verdict] += 1
    counts = {"function": name, "rows": n_rows, "turns": "apart" if apart else "as given"}
    for truth, title in ((True, "holds"), (False, "broken")):
        for verdict in ("holds", "cannot tell", "broken"):
            counts[f"{title}: {verdict}"] = said[truth][verdict]
    return counts


def main() -> None:
    """Count, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="one seed, few rows; not saved")
    arguments = parser.parse_args()
    sizes, seeds = ((100,), 1) if arguments.quick else (SIZES, arguments.seeds)
    asked = [(name, n, seeds, apart) for name in CASES for n in sizes for apart in (False, True)]
    rows = Parallel(arguments.jobs)(delayed(row)(*each) for each in asked)
    print(table(rows))
    if not arguments.quick:
        print(save("stretching", "python -m benchmarks.stretching", {"seeds": seeds}, rows, None))


if __name__ == "__main__":
    main()
