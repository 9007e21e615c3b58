"""The methods of `benchmarks.paper`.

All get the same rows. Networks are stopped early by a validation part, the same one for a seed,
with a patience of a quarter of the steps. Two are fitted to all rows instead: our default, which
needs no validation part, and a plain network beside it, so that what more rows are worth can be
told from what the symmetries are. Methods that have no use for a validation part get all rows,
but the Gaussian process, whose cost is their cube, as many as networks train on.

"told" is told what holds (or, for recorded motion, what physics suggests), and so has an
advantage over all others, which get every candidate.

Weights count as parameters before any projection: typed layers of one width have more than a
perceptron's, so that there is a plain network with as many, too. Pathways have a weight more than
once. EMLP's weights are those before it projects them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin

import sksofteq as sq
from benchmarks._bank_rules import RULES
from benchmarks._paper_tasks import Data, Task
from benchmarks._rivals import boosting, gaussian_process, neighbours, ridge
from sksofteq.candidates import resolve_candidates
from sksofteq.groups import MatrixGroup, Scaling
from sksofteq.nn import SoftEMLP

OURS = "SoftEquivariantRegressor"
BATCH, WIDTHS = 200, (128, 128)


@dataclass(frozen=True)
class Setting:
    """One fit to come: its task, data, seed and most optimiser steps."""

    task: Task
    data: Data
    seed: int
    steps: int

    @property
    def view(self) -> dict[str, Any]:
        """What the columns mean."""
        return self.task.view

    def batches(self, stops: bool) -> int:
        """Steps per epoch, about: groups are not split."""
        n_rows = len(self.data.fit[0])
        return math.ceil(round(n_rows * (1 - self.task.validation) if stops else n_rows) / BATCH)

    def training(self, stops: bool = True) -> dict[str, Any]:
        """What all networks share."""
        epochs = max(1, round(self.steps / self.batches(stops)))
        return {
            "hidden_layer_sizes": WIDTHS,
            "batch_size": BATCH,
            "max_iter": epochs,
            "early_stopping": stops,
            "validation_fraction": self.task.validation,
            "n_iter_no_change": max(1, epochs // 4),
            "random_state": self.seed,
        }


Build = Callable[[Setting], Any]


def _always(task: Task) -> bool:
    return True


@dataclass(frozen=True)
class Method:
    """How to build a regressor, and for which tasks."""

    build: Build
    applies: Callable[[Task], bool] = _always
    #: Whether it gets no more rows than networks train on.
    is_dear: bool = False


class Extrapolation(RegressorMixin, BaseEstimator):
    """Goes on at constant velocity."""

    def __init__(self, extrapolate: Callable[[NDArray], NDArray]) -> None:
        self.extrapolate = extrapolate

    def fit(self, X: NDArray, y: NDArray) -> Extrapolation:
        """There is nothing to learn."""
        return self

    def predict(self, X: NDArray) -> NDArray:
        """Where it goes."""
        return self.extrapolate(X)


def _network(
    estimator: type, told: bool = False, stops: bool = True, **parameters: Any
) -> Callable[[Setting], Any]:
    def build(setting: Setting) -> Any:
        symmetries = setting.task.told if told else setting.task.symmetries
        return estimator(symmetries, **setting.view, **setting.training(stops), **parameters)

    return build


def _plain(setting: Setting, **parameters: Any) -> Any:
    return sq.SoftEquivariantRegressor(**setting.training(), **parameters)


def _plain_all_rows(setting: Setting) -> Any:
    return sq.SoftEquivariantRegressor(**setting.training(stops=False))


def _plain_as_large(setting: Setting) -> Any:
    """As many weights as typed layers have.

    Two hidden layers of width w and a linear skip, n inputs, m outputs:
    w^2 + (n + m + 2) w + m + n m.
    """
    X, y = setting.data.fit
    n, m = X.shape[1], y.reshape(len(y), -1).shape[1]
    candidates = resolve_candidates(
        setting.task.symmetries, **setting.view, n_features=n, n_outputs=m
    )
    groups = tuple(candidates.groups.values())
    typed = SoftEMLP(candidates.rep_in, candidates.rep_out, groups, WIDTHS)
    left = sum(weights.numel() for weights in typed.parameters()) - m - n * m
    half = (n + m + 2) / 2
    width = round(math.sqrt(half**2 + left) - half)
    training = setting.training() | {"hidden_layer_sizes": (width, width)}
    return sq.SoftEquivariantRegressor(**training)


def _augmented(setting: Setting) -> Any:
    """Told; predictions are averaged too, which makes augmentation stronger."""
    return sq.AugmentedRegressor(
        _plain(setting),
        setting.task.told,
        **setting.view,
        average=True,
        random_state=setting.seed,
    )


def _published(setting: Setting) -> Any:
    """The paper's rule, penalty and settings; scaling acts on tensors, not through a frame.

    Its strengths were chosen for targets that are not standardised.
    """
    return sq.SoftEquivariantRegressor(
        {name: _as_published(name) for name in setting.task.symmetries},
        **setting.view,
        **setting.training(),
        **RULES["paper, published settings"].settings(setting.view),
    )


def _as_published(name: str) -> str | MatrixGroup:
    return Scaling(3, frame=False) if name == "Scaling(3)" else name


def _soft_ridge(**parameters: Any) -> Build:
    def build(setting: Setting) -> Any:
        return sq.SoftEquivariantRidge(
            setting.task.symmetries, **setting.view, random_state=setting.seed, **parameters
        )

    return build


def _outside(make: Callable[[Setting, int], Any]) -> Build:
    return lambda setting: make(setting, setting.seed)


def _has_several(task: Task) -> bool:
    return len(task.symmetries) > 1


def _is_told(task: Task) -> bool:
    return bool(task.told)


def _has_truth(task: Task) -> bool:
    return task.is_known and bool(task.told)


def _is_not_covered(task: Task) -> bool:
    return not task.is_covered


def _in_metres(task: Task) -> bool:
    return task.in_metres


METHODS = {
    OURS: Method(_network(sq.SoftEquivariantRegressor, stops=False)),
    f"{OURS}, stopped early": Method(_network(sq.SoftEquivariantRegressor)),
    f"{OURS}, untestable dropped": Method(
        _network(sq.SoftEquivariantRegressor, stops=False, untestable="drop"), _is_not_covered
    ),
    f"{OURS}, distances": Method(
        _network(sq.SoftEquivariantRegressor, stops=False, loss="distance"), _in_metres
    ),
    "SoftEquivariantRidge": Method(_soft_ridge()),
    "SoftEquivariantRidge, untestable dropped": Method(
        _soft_ridge(untestable="drop"), _is_not_covered
    ),
    "PER as published": Method(_published),
    "EMLP": Method(_network(sq.EquivariantRegressor)),
    "EMLP, told": Method(_network(sq.EquivariantRegressor, told=True), _has_truth),
    "RPP": Method(_network(sq.ResidualPathwayRegressor)),
    "Mixed-RPP": Method(_network(sq.MixedResidualPathwayRegressor), _has_several),
    "REMUL's penalty": Method(_network(sq.SampledEquivariantRegressor)),
    "augmentation, told": Method(_augmented, _is_told),
    "plain network": Method(_plain),
    "plain network, as large": Method(_plain_as_large),
    "plain network, all rows": Method(_plain_all_rows),
    "plain network, distances": Method(partial(_plain, loss="distance"), _in_metres),
    "gradient boosting": Method(_outside(boosting)),
    "Gaussian process": Method(_outside(gaussian_process), is_dear=True),
    "nearest neighbours": Method(_outside(neighbours)),
    "ridge": Method(_outside(ridge)),
    "constant velocity": Method(
        lambda setting: Extrapolation(setting.task.extrapolate),
        lambda task: task.extrapolate is not None,
    ),
}
