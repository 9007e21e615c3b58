"""What comparisons of estimators share: views of tasks, other regressors, moved test rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import RidgeCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksofteq.candidates import resolve_candidates
from sksofteq.orbits import sample_products

PLANES = ("O(2)@x,y", "O(2)@y,z", "O(2)@x,z")
INERTIA = {"rep_in": "5*scalar + 5*vector", "rep_out": "tensor(2)"}


class Viewed(Protocol):
    """A task that says what its columns mean."""

    @property
    def view(self) -> dict[str, Any]:
        """rep_in, rep_out and perhaps spaces."""


def boosting(task: Viewed, seed: int) -> Any:
    """Gradient boosting, one model for each output."""
    model = HistGradientBoostingRegressor(random_state=seed)
    return model if task.view["rep_out"] == "scalar" else MultiOutputRegressor(model)


def neighbours(task: Viewed, seed: int) -> Any:
    """Nearest neighbours, standardised."""
    return make_pipeline(StandardScaler(), KNeighborsRegressor(weights="distance"))


def gaussian_process(task: Viewed, seed: int) -> Any:
    """A Gaussian process, standardised, hyperparameters by its evidence."""
    kernel = ConstantKernel() * RBF(3.0, (1e-1, 1e3)) + WhiteKernel(1e-3, (1e-8, 1e1))
    process = GaussianProcessRegressor(kernel, normalize_y=True, random_state=seed)
    return make_pipeline(StandardScaler(), process)


def ridge(task: Viewed, seed: int) -> Any:
    """Ridge regression, standardised."""
    return make_pipeline(StandardScaler(), RidgeCV(np.logspace(-4, 4, 33)))


def moved(
    symmetries: Sequence[str], view: dict[str, Any], X: NDArray, y: NDArray, seed: int
) -> tuple[NDArray, NDArray]:
    """Test rows, each moved by an element of its own of the group that candidates generate."""
    candidates = resolve_candidates(
        tuple(symmetries), **view, n_features=X.shape[1], n_outputs=y.reshape(len(y), -1).shape[1]
    )
    rep_in, rep_out = candidates.rep_in, candidates.rep_out
    elements = sample_products(list(candidates.groups.values()), len(X), X, rep_in, seed)
    rows = [
        (rep_in.transform(x[None], g)[0], rep_out.transform(t.reshape(1, -1), g)[0])
        for x, t, g in zip(X, y, elements, strict=True)
    ]
    X_moved, y_moved = (np.array(part) for part in zip(*rows, strict=True))
    return X_moved, y_moved.reshape(y.shape)


def squared_error(model: Any, X: NDArray, y: NDArray) -> float:
    """Mean squared error over rows and outputs."""
    return float(np.mean((model.predict(X).reshape(y.shape) - y) ** 2))
