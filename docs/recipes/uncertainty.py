"""Where does a thrown body land, how sure is that, and when should nobody trust it?"""

import numpy as np

from sksofteq import SoftEquivariantEnsemble, SoftEquivariantRegressor
from sksofteq.datasets import make_projectiles


def fitted(n_samples: int = 300) -> SoftEquivariantEnsemble:
    """Ten small networks that share what was found out about two candidates."""
    X, y = make_projectiles(n_samples, noise=0.05, random_state=0)
    network = SoftEquivariantRegressor(
        ("O(2)@x,y", "O(2)@y,z"),
        rep_in="2*scalar + point + vector",
        rep_out="point",
        network="plain",
        hidden_layer_sizes=(32,),
        max_iter=40,
    )
    return SoftEquivariantEnsemble(network, random_state=0).fit(X, y)


def coverage(model: SoftEquivariantEnsemble, asked: float) -> float:
    """Share of 2000 new landing points, coordinate by coordinate, that intervals cover."""
    X, y = make_projectiles(2000, noise=0.05, random_state=1)
    lower, upper = model.predict_interval(X, asked)
    return float(np.mean((lower <= y) & (y <= upper)))


def usable(model: SoftEquivariantEnsemble, X: np.ndarray, most: float) -> np.ndarray:
    """Which rows are like the training rows, and have predictions that are sure enough."""
    near = np.flatnonzero(~model.far_from_training(X))
    _, std = model.predict(X[near], return_std=True)
    chosen = np.zeros(len(X), dtype=bool)
    chosen[near[std.max(axis=1) <= most]] = True
    return chosen


if __name__ == "__main__":
    model = fitted()
    print(model.symmetry_report()[["strength", "verdict"]])
    for asked in (0.5, 0.9):
        print(f"asked for {asked:.0%}, covered {coverage(model, asked):.1%}")
    X, _ = make_projectiles(2000, noise=0.05, random_state=2)
    print(f"usable: {usable(model, X, most=0.2).mean():.0%} of new rows")
    X[:, 5:] *= 4  # thrown four times as fast
    print(f"usable: {usable(model, X, most=0.2).mean():.0%} of rows thrown four times as fast")
