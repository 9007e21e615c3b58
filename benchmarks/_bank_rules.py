"""The rules that the bank compares: each a way to fit the same network."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks._bank import BankFunction, truth_of
from benchmarks._bank_scenarios import SCENARIOS
from sksofteq import SoftEquivariantRegressor
from sksofteq.tuning import OrbitTuner, PaperTuner

STEPS, BATCH, TEST_ROWS = 1000, 200, 2000
Settings = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """A name, and the parameters that a function's view gives it."""

    name: str
    settings: Callable[[Settings], Settings]


def fitted(
    rule: Rule, function: BankFunction, X: NDArray, y: NDArray, seed: int
) -> SoftEquivariantRegressor:
    """The network, fitted as the rule says."""
    view = SCENARIOS[function.scenario].view
    max_iter = round(STEPS * min(BATCH, len(X)) / len(X))
    settings = rule.settings(view)
    model = SoftEquivariantRegressor(**view, max_iter=max_iter, random_state=seed, **settings)
    return model.fit(X, y[:, 0] if y.shape[1] == 1 else y)


def _always(**settings: Any) -> Callable[[Settings], Settings]:
    return lambda view: settings


#: Nothing moves rows, nothing is averaged: strengths alone.
ALONE = {"augment": False, "average": False}


def _published(view: Settings) -> Settings:
    """The paper's settings for the task that is most like it: its strength and exponent.

    Inertia (tensors), cosine similarity (scalars), motion (the rest); adjusted after a quarter of
    the epochs, or a fifth (motion).
    """
    strength, exponent, when = {
        "tensor(2)": (100.0, 2.0, 0.25),
        "scalar": (0.01, 2.0, 0.25),
    }.get(view["rep_out"], (0.3, 5.0, 0.2))
    tuner = PaperTuner(strength_0=strength, exponent=exponent, adjust_at=when)
    return {"tuner": tuner, "penalty": "gradient", "network": "typed", **ALONE}


def _one_hard(position: int) -> Callable[[Settings], Settings]:
    """One candidate imposed, the others free; the last one again where there are fewer."""

    def settings(view: Settings) -> Settings:
        labels = list(view["symmetries"])
        chosen = labels[min(position, len(labels) - 1)]
        strengths = {label: math.inf if label == chosen else 0.0 for label in labels}
        return {"strengths": strengths, **ALONE}

    return settings


def _typed(tuner: Any, **settings: Any) -> Callable[[Settings], Settings]:
    return _always(tuner=tuner, network="typed", **ALONE, **settings)


FREE = "free"
_HARD = [Rule(f"hard: candidate {i + 1}", _one_hard(i)) for i in range(3)]
_GRID = [
    Rule(f"strength {value:g} for all", _always(strengths=value, **ALONE))
    for value in (0.3, 3.0, 30.0)
]
_RULES = [
    Rule(FREE, _always(strengths=0.0, network="plain", **ALONE)),
    Rule("default", _always()),
    Rule("process: plain", _always(network="plain")),
    Rule("process: plain, augment alone", _always(network="plain", average=False)),
    Rule("process: plain, average alone", _always(network="plain", augment=False)),
    Rule("process: typed", _always(network="typed")),
    Rule("process: typed, average alone", _always(network="typed", augment=False)),
    Rule("process: typed, strengths alone", _typed("process")),
    Rule("orbit", _typed("orbit")),
    Rule("orbit, bound 30", _typed(OrbitTuner(high=30.0))),
    Rule("orbit, start 0.3, bound 30", _typed(OrbitTuner(initial=0.3, high=30.0))),
    Rule("paper, one setting", _typed("paper", penalty="gradient")),
    Rule("paper, published settings", _published),
    Rule("pilots", _typed("pilots")),
    Rule("dual ascent", _typed("dual")),
    *_HARD,
    *_GRID,
]
RULES = {rule.name: rule for rule in _RULES}
#: What the best of is taken of.
BEST = (FREE, *(rule.name for rule in (*_HARD, *_GRID)))


def run(
    rule: str, function: BankFunction, n: int, noise: float, scale: float, seed: int
) -> dict[str, Any]:
    """One rule on one draw."""
    torch.set_num_threads(1)
    X, y, _ = function.sample(n, noise, scale, seed)
    X_test, _, clean = function.sample(TEST_ROWS, 0.0, scale, 10_000 + seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        start = time.perf_counter()
        model = fitted(RULES[rule], function, X, y, seed)
        seconds = time.perf_counter() - start
    residual = model.predict(X_test).reshape(clean.shape) - clean
    error = float(np.mean(residual**2) / np.var(clean, axis=0).mean())
    report = model.symmetry_report()
    draw = {"rule": rule, "function": function.name, "n": n, "noise": noise, "scale": scale}
    return draw | {
        "seed": seed,
        "error": error,
        "seconds": round(seconds, 2),
        "break": truth_of(function),
        "strength": report["strength"].to_dict(),
        "support": report["support"].to_dict(),
        "verdict": report["verdict"].to_dict(),
        "equivariance_error": model.equivariance_errors_,
        "network": _chosen(model),
    }


def _chosen(model: SoftEquivariantRegressor) -> str:
    """Which network the pilots chose, and whether it keeps what is broken."""
    chosen = model.pilots_.query("chosen")
    return "".join(chosen.network + np.where(chosen.held, ", held", ""))
