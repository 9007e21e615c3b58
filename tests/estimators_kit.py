"""What the tests of the estimators share: a tiny regressor, its data, its weights, a rule."""

from __future__ import annotations

import numpy as np
import torch

from sksofteq import SoftEquivariantRegressor
from sksofteq.tuning import Tuner

KEPT, BROKEN = "O(2)@x,y", "O(2)@y,z"
INERTIA = {"rep_in": "2*scalar + 2*vector", "rep_out": "tensor(2)"}
#: Wide enough to hold tensors of all ranks up to three.
WIDE = {"hidden_layer_sizes": (128,), "max_rank": 3}


def regressor(symmetries=(KEPT, BROKEN), **parameters) -> SoftEquivariantRegressor:
    """Tiny; on data of `table`, unless told otherwise."""
    quick = {"rep_in": "2*vector", "hidden_layer_sizes": (16,), "max_iter": 5, "random_state": 0}
    return SoftEquivariantRegressor(symmetries, **(quick | parameters))


def table(n=100, noise=0.0, seed=0):
    """Six columns, two vectors; rotations and mirrors in the x-y plane hold, y-z is broken."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, 6))
    return X, X[:, 0] ** 2 + X[:, 1] ** 2 + X[:, 2] + noise * rng.standard_normal(n)


def state(model) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.net_.module_.state_dict().items()}


def equal(first, second) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


class Switch(Tuner):
    """Weak until `epoch`, then `after`."""

    def __init__(self, epoch=6, after=1e6):
        self.epoch = epoch
        self.after = after

    def begin(self, labels, n_epochs):
        self.labels_ = list(labels)
        return dict.fromkeys(labels, 0.0)

    def on_epoch_end(self, epoch, probe):
        return dict.fromkeys(self.labels_, self.after) if epoch == self.epoch else None

    @property
    def settled_after(self):
        return self.epoch
