"""One row of `benchmarks.paper`: a method fitted to a draw of a task, and what it does then."""

from __future__ import annotations

import json
import time
import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import has_fit_parameter

from benchmarks._paper_methods import METHODS, Method, Setting
from benchmarks._paper_motion import displacement_errors
from benchmarks._paper_tasks import Rows, Task
from benchmarks._rivals import moved
from sksofteq import equivariance_error

COLUMNS = (
    "task",
    "method",
    "seed",
    "budget",
    "error",
    "mse",
    "error_moved",
    "error_outside",
    "ade",
    "fde",
    "ade_moved",
    "equivariance_error",
    "strengths",
    "verdicts",
    "parameters",
    "seconds",
    "steps",
    "failure",
)
#: Rows of a small draw, to fit and to test.
SMALL = (200, 100)
#: Rows on which equivariance is measured, and rows predicted at a time, lest a kernel fill memory.
EQUIVARIANCE_ROWS, CHUNK = 300, 2000


def measure(
    name: str, task: Task, method: str, seed: int, budget: int, small: bool = False
) -> dict[str, Any]:
    """A row; one with a failure and no numbers if the method refuses the task."""
    torch.set_num_threads(1)
    row: dict[str, Any] = {"task": name, "method": method, "seed": seed, "budget": budget}
    data = task.draw(seed)
    setting = Setting(task, data.first(*SMALL) if small else data, seed, budget)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            model, seconds = _fitted(METHODS[method], setting)
        except (ValueError, NotImplementedError, np.linalg.LinAlgError) as error:
            return row | {"failure": f"{type(error).__name__}: {error}"}
        row |= {"seconds": round(seconds, 2)} | _errors(model, setting) | _found(model, setting)
    return row | _size(model, setting)


def _fitted(method: Method, setting: Setting) -> tuple[Any, float]:
    data = setting.data
    n_rows = len(data.fit[0])
    if method.is_dear:
        n_rows = min(n_rows, round(n_rows * (1 - setting.task.validation)), 1000)
    start = time.perf_counter()
    model = method.build(setting)
    groups = {}
    if data.groups is not None and has_fit_parameter(model, "groups"):
        groups = {"groups": data.groups[:n_rows]}
    model.fit(*(part[:n_rows] for part in data.fit), **groups)
    return model, time.perf_counter() - start


def _predict(model: Any, X: NDArray) -> NDArray:
    starts = range(0, len(X), CHUNK)
    return np.concatenate([model.predict(X[start : start + CHUNK]) for start in starts])


def _errors(model: Any, setting: Setting) -> dict[str, float]:
    """Of test rows as they are, moved, and out of distribution."""
    data, task = setting.data, setting.task
    X, y = data.test
    variance = y.var(axis=0).mean()
    predicted = _predict(model, X).reshape(y.shape)
    mse = float(np.mean((predicted - y) ** 2))
    errors = {"mse": mse, "error": mse / variance}
    if data.metres is not None:
        errors["ade"], errors["fde"] = displacement_errors(predicted, y, data.metres)
    if task.moves:
        X_moved, y_moved = moved(task.moves, task.view, X, y, setting.seed)
        predicted = _predict(model, X_moved).reshape(y.shape)
        errors["error_moved"] = float(np.mean((predicted - y_moved) ** 2)) / variance
        if data.metres is not None:
            errors["ade_moved"] = displacement_errors(predicted, y_moved, data.metres)[0]
    if data.outside is not None:
        errors["error_outside"] = _relative_error(model, data.outside)
    return errors


def _relative_error(model: Any, rows: Rows) -> float:
    X, y = rows
    residual = _predict(model, X).reshape(y.shape) - y
    return float(np.mean(residual**2) / y.var(axis=0).mean())


def _found(model: Any, setting: Setting) -> dict[str, str]:
    """How equivariant the model is, and what it says of the candidates, as JSON."""
    task = setting.task
    X = setting.data.test[0][:EQUIVARIANCE_ROWS]
    errors = {
        name: equivariance_error(model, X, name, **task.view, random_state=setting.seed)
        for name in task.symmetries
    }
    found = {"equivariance_error": _json(errors)}
    if hasattr(model, "regularizer_strengths_"):
        found["strengths"] = _json(model.regularizer_strengths_)
        found["verdicts"] = json.dumps(model.symmetry_report()["verdict"].to_dict())
    return found


def _json(values: dict[str, float]) -> str:
    return json.dumps({name: float(f"{value:.4g}") for name, value in values.items()})


def _size(model: Any, setting: Setting) -> dict[str, int]:
    """Trainable parameters, and steps of the fit itself, without pilots; none but for networks."""
    network = getattr(model, "estimator_", model)
    if not hasattr(network, "net_"):
        return {}
    weights = [w for w in network.net_.module_.parameters() if w.requires_grad]
    return {
        "parameters": sum(w.numel() for w in weights),
        "steps": network.n_iter_ * setting.batches(network.early_stopping),
    }
