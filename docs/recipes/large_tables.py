"""A table larger than memory: memory maps, chunk by chunk."""

import sys
from pathlib import Path

import numpy as np

from sksofteq import SoftEquivariantRegressor
from sksofteq.datasets import make_inertia

CHUNK = 20_000


def write(folder: Path, n_chunks: int) -> None:
    """A table in two files of numpy's format; yours may come from anywhere."""
    shapes = {"X": (n_chunks * CHUNK, 20), "y": (n_chunks * CHUNK, 9)}
    maps = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.float32, shape)
        for name, shape in shapes.items()
    }
    for number in range(n_chunks):
        rows = slice(number * CHUNK, (number + 1) * CHUNK)
        maps["X"][rows], maps["y"][rows] = make_inertia(CHUNK, axis="z", random_state=number)


def fitted(folder: Path) -> SoftEquivariantRegressor:
    """Strengths from a fit to some rows, then an epoch on each chunk."""
    X, y = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in "Xy")
    model = SoftEquivariantRegressor(
        ("O(2)@x,y", "O(2)@y,z"),
        rep_in="5*scalar + 5*vector",
        rep_out="tensor(2)",
        network="typed",
        hidden_layer_sizes=(32,),
        max_iter=5,
        random_state=0,
    )
    some = np.sort(np.random.RandomState(0).choice(len(X), 2_000, replace=False))
    model.fit(X[some], y[some])
    for start in range(0, len(X), CHUNK):
        model.partial_fit(X[start : start + CHUNK], y[start : start + CHUNK])
    return model


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write(folder, n_chunks=int(sys.argv[2]))
    print(fitted(folder).regularizer_strengths_)
