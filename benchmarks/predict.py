"""What do predictions cost beside the bare module, and how much memory do a million rows take?

    python -m benchmarks.predict [--quick]

The module gets tensors that are ready, in chunks of the size that the estimator uses, without
gradients; its outputs are dropped. The estimator gets an array, checks it and returns an array.
Memory is the rise of a fresh process's peak during the prediction, the output array not counted.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks._common import save, table
from benchmarks._timing import in_fresh_process, memory_now, ratio, side_by_side
from sksofteq import SoftEquivariantRegressor
from sksofteq.datasets import make_inertia
from sksofteq.estimators._base import CHUNK

VIEW = {
    "symmetries": ("O(2)@x,y", "O(2)@y,z", "O(2)@x,z"),
    "rep_in": "5*scalar + 5*vector",
    "rep_out": "tensor(2)",
}
MILLION = 1_000_000
#: Rounds by number of rows.
ROUNDS = {1: 300, 100: 300, 10_000: 30, MILLION: 5}


def fitted(dtype: str) -> SoftEquivariantRegressor:
    """A model of the default size; how well it is trained changes no time."""
    X, y = make_inertia(500, axis="z", random_state=0)
    model = SoftEquivariantRegressor(**VIEW, strengths=1.0, max_iter=2, random_state=0)
    return model.fit(X.astype(dtype), y.astype(dtype))


def draw(n_rows: int, dtype: str) -> np.ndarray:
    """Rows at random, without temporary arrays."""
    X = np.empty((n_rows, 20), dtype)
    np.random.default_rng(0).standard_normal(out=X, dtype=X.dtype)
    return X


def compare(n_rows: int, rounds: int, dtype: str) -> dict:
    """Seconds of a prediction and of the bare module, in turns."""
    model, X = fitted(dtype), draw(n_rows, dtype)
    module = model.net_.module_.eval()
    chunks = [torch.from_numpy(X[i : i + CHUNK].copy()) for i in range(0, n_rows, CHUNK)]

    def bare() -> None:
        with torch.no_grad():
            for chunk in chunks:
                module(chunk)

    functions = {"estimator": lambda: model.predict(X), "module": bare}
    warmup = 1 if n_rows == MILLION else 3
    seconds = side_by_side(functions, rounds=rounds, warmup=warmup)
    ours, module_alone = seconds["estimator"], seconds["module"]
    return {
        "dtype": dtype,
        "rows": n_rows,
        "estimator ms": 1e3 * np.median(ours),
        "module ms": 1e3 * np.median(module_alone),
        "ratio": ratio(ours, module_alone),
        "added ms": 1e3 * np.median(ours - module_alone),
        "us per row": 1e6 * np.median(ours) / n_rows,
    }


def run(path: str, n_rows: int, dtype: str) -> dict:
    """Unpickle a model, draw rows and predict; megabytes of the arrays and beyond them."""
    torch.set_num_threads(1)
    model = pickle.loads(Path(path).read_bytes())
    X = draw(n_rows, dtype)
    before = memory_now("VmHWM")
    output = model.predict(X).nbytes / 2**20
    beyond = memory_now("VmHWM") - before - output
    return {"input MB": X.nbytes / 2**20, "output MB": output, "beyond MB": beyond}


def memory(n_rows: int, dtype: str) -> dict:
    """Megabytes of a prediction."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pickle"
        path.write_bytes(pickle.dumps(fitted(dtype)))
        used, _ = in_fresh_process(run, str(path), n_rows, dtype)
    return {"dtype": dtype, "rows": n_rows, "chunk": CHUNK, **used}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rows and rounds, no JSON")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    plan = {1: 50, 100: 50, 10_000: 5} if quick else ROUNDS
    rows = [compare(n, rounds, d) for d in ("float64", "float32") for n, rounds in plan.items()]
    print(table(rows), "\n")
    used = [memory(MILLION, d) for d in ("float64", "float32")]
    print(table(used))
    if not quick:
        configuration = {**VIEW, "rounds": ROUNDS, "chunk": CHUNK}
        print(save("predict", "python -m benchmarks.predict", configuration, rows, used))


if __name__ == "__main__":
    main()
