"""Which fits that have begun can train as one network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from sklearn.base import BaseEstimator
from torch import nn

from sksofteq.estimators._run import FitRun
from sksofteq.estimators._start import seeded
from sksofteq.nn import PathwayLinear, SoftEquivariantLinear
from sksofteq.reps import Representation
from sksofteq.training import Checkpoint, PenalizedNet, train_together, why_unbatched

#: What a module keeps in tables of its own, which are compared by name.
_TABLES = ("_parameters", "_buffers", "_modules")
#: Layers that are dense matrices, whatever the types of their inputs and outputs.
_DENSE = (SoftEquivariantLinear, PathwayLinear)


@dataclass
class Begun:
    """A fit that has begun.

    Parameters
    ----------
    number : int
        Its place among all fits.
    estimator : estimator
    run : FitRun
    """

    number: int
    estimator: BaseEstimator
    run: FitRun

    @cached_property
    def trains_alone(self) -> bool:
        """Whether it can train with no other, whatever that is."""
        run = self.run
        return bool(why_alone(self.estimator) or why_unbatched(run.net, run.rows[0]))


def join_alike(groups: list[list[Begun]], fit: Begun) -> list[Begun]:
    """Put a fit into the group of those that it can train with, or one of its own; return it."""
    for group in groups:
        first = group[0]
        if not (first.trains_alone or fit.trains_alone or why_apart(first.run, fit.run)):
            group.append(fit)
            return group
    groups.append([fit])
    return groups[-1]


def train_alike(group: Sequence[Begun]) -> None:
    """Train fits of one shape as one network, a single one by itself. An interrupt goes on."""
    runs = [fit.run for fit in group]
    if len(runs) > 1:
        train_together([run.net for run in runs], [run.rows for run in runs])
        return
    (run,) = runs
    with seeded(run.seed, run.net.device):
        run.net.fit(run.rows, None)


def why_alone(estimator: BaseEstimator) -> str:
    """Why a network can train with no other, empty if it can."""
    if estimator.net_class is not PenalizedNet:
        return (
            f"must train on the data's loss alone, and {type(estimator).__name__} adds to it; fit "
            "them one by one"
        )
    if any(isinstance(callback, Checkpoint) for callback in estimator.callbacks or []):
        return "cannot go on from a Checkpoint"
    if estimator.compile and not (estimator.device.startswith("cuda") and _is_ours(estimator)):
        return "are not compiled, but for the package's own on CUDA; set compile=False"
    return ""


def _is_ours(estimator: BaseEstimator) -> bool:
    """Whether its network is one of the package's."""
    return isinstance(getattr(estimator, "network", "auto"), str)


def why_apart(first: FitRun, other: FitRun) -> str:
    """Why two fits cannot train as one network, empty if they can.

    Their layers must be the same but for the weights; candidates may differ where layers do not
    depend on them, as every network has a penalty of its own.
    """
    kinds = {first.plan.network, other.plan.network}
    if len(kinds) > 1:
        return f"must have one network, got {sorted(kinds)}; set network to 'typed' or 'plain'"
    for name in ("criterion", "max_epochs", "device", "compile"):
        values = [getattr(run.net, name) for run in (first, other)]
        if values[0] != values[1]:
            return f"must agree on {name}, got {values[0]!r} and {values[1]!r}"
    counts = [_count_batches(run) for run in (first, other)]
    if counts[0] != counts[1]:
        return f"must train on equally many batches, got {counts}"
    where = _first_difference(*(run.net.module.core for run in (first, other)))
    return f"must have the same layers, and theirs differ in {where}" if where else ""


def _count_batches(run: FitRun) -> int:
    return -(-len(run.rows[0]) // run.net.batch_size)


def _first_difference(first: nn.Module, other: nn.Module) -> str:
    """Where two networks differ in more than their weights, empty if nowhere."""
    parts, others = dict(first.named_modules()), dict(other.named_modules())
    if parts.keys() != others.keys():
        return "the number of their layers"
    for name, part in parts.items():
        if not _are_alike(part, others[name]):
            return f"{name or 'the network'}: {part!r} and {others[name]!r}"
    return ""


def _are_alike(first: nn.Module, other: nn.Module) -> bool:
    """Whether two modules, their children aside, compute the same from the same weights."""
    if type(first) is not type(other):
        return False
    weights = [dict(m.named_parameters(recurse=False)) for m in (first, other)]
    buffers = [dict(m.named_buffers(recurse=False)) for m in (first, other)]
    return (
        _are_equal(_settings(first), _settings(other))
        and _shapes(weights[0]) == _shapes(weights[1])
        and _shapes(buffers[0]) == _shapes(buffers[1])
        and all(torch.equal(value, buffers[1][name]) for name, value in buffers[0].items())
    )


def _settings(module: nn.Module) -> dict[str, Any]:
    """What a module computes by, beside tensors and children."""
    ignored = {*_TABLES, *(("rep_in", "rep_out", "typed") if type(module) in _DENSE else ())}
    return {k: _as_used(v) for k, v in vars(module).items() if k not in ignored}


def _as_used(value: Any) -> Any:
    """A representation without the spaces that it only could use."""
    if not isinstance(value, Representation):
        return value
    return value.terms, [value.type_shape(kind) for _, kind in value.terms]


def _shapes(tensors: Mapping[str, torch.Tensor]) -> dict[str, tuple]:
    return {name: (value.shape, value.dtype) for name, value in tensors.items()}


def _are_equal(first: Any, other: Any) -> bool:
    """Whether values are equal; those that cannot tell, such as arrays, are taken to differ."""
    try:
        return bool(first == other)
    except (ValueError, RuntimeError):
        return False
