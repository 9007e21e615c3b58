"""What a user asks of a fit, checked before anything is trained."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from torch.nn import Module

from sksofteq.candidates import Candidates
from sksofteq.groups import MatrixGroup
from sksofteq.reps import Representation, parse_rep

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Columns of `loss_curve_` beside the candidates'.
RESERVED_LABELS = ("data", "validation")


def check_labels(groups: Mapping[str, MatrixGroup]) -> None:
    """Raise a ValueError if a candidate's label would clash with a column of `loss_curve_`."""
    taken = [label for label in RESERVED_LABELS if label in groups]
    if taken:
        raise ValueError(
            f"symmetries must not label a candidate {' or '.join(map(repr, RESERVED_LABELS))}, "
            f"columns of loss_curve_; got {taken}. Choose another label."
        )


def check_device(device: str) -> None:
    """Raise a ValueError if torch cannot compute on a device and give back what it computed."""
    try:
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError) as error:  # torch without CUDA raises the latter
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"device must be one that torch can compute on here, such as 'cpu', got {device!r}: "
            f"{reason}"
        ) from error


def named_candidates(
    value: bool | str | Sequence[str], groups: Mapping[str, MatrixGroup], parameter: str
) -> bool | str | list[str]:
    """Return a flag, or the word "auto", as it is, and labels as a list.

    Raises
    ------
    ValueError
        If a label names no candidate.
    """
    if isinstance(value, (bool, np.bool_, str)):
        return value if isinstance(value, str) else bool(value)
    labels = [str(label) for label in value]
    if not set(labels) <= set(groups):
        raise ValueError(
            f"{parameter} must name candidates, got {labels!r}; the candidates are {list(groups)}."
        )
    return labels


def check_strengths(
    strengths: float | Mapping[str, float], labels: Sequence[str], finite: bool = False
) -> None:
    """Check that a mapping of strengths names every candidate, with numbers >= 0.

    Raises
    ------
    ValueError
        If a candidate is missing, unknown, or has no such number.
    """
    if not isinstance(strengths, Mapping):
        return
    if set(strengths) != set(labels):
        raise ValueError(
            f"strengths must name every candidate; got {sorted(map(str, strengths))}, the "
            f"candidates are {list(labels)}."
        )
    for label, value in strengths.items():
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not number or not value >= 0 or (finite and math.isinf(value)):
            right = "a finite number >= 0" if finite else "a number >= 0"
            raise ValueError(f"strengths[{label!r}] must be {right}, got {value!r}.")


def check_part_weight(weight: NDArray, part: str) -> None:
    """Raise a ValueError if a part that was split off has no weight."""
    if not weight.sum() > 0:
        raise ValueError(
            f"sample_weight must have a positive sum over the {part} part, which validation_"
            f"fraction and groups split off; got zeros only in its {len(weight)} rows."
        )


def check_hidden_sizes(
    sizes: Sequence[int | str | Representation], dims: Mapping[str, int]
) -> tuple[int | Representation, ...]:
    """Return widths as int, and features with the dimensions of their spaces.

    Raises
    ------
    ValueError
        If a size is neither a positive integer nor features that can be read and have entries.
    """
    return tuple(_checked_size(size, dims) for size in sizes)


def _checked_size(size: Any, dims: Mapping[str, int]) -> int | Representation:
    right = "positive integers, or features such as '16*scalar + 8*vector'"
    if isinstance(size, Integral) and not isinstance(size, (bool, np.bool_)) and size > 0:
        return int(size)
    if not isinstance(size, (str, Representation)):
        raise ValueError(f"hidden_layer_sizes must hold {right}; got {size!r}.")
    try:
        features = parse_rep(str(size) if isinstance(size, str) else size, dims)
        empty = features.dim == 0
    except ValueError as error:
        raise ValueError(f"hidden_layer_sizes must hold {right}; got {size!r}: {error}") from None
    if empty:
        raise ValueError(f"hidden_layer_sizes must hold {right}; got {size!r}, without entries.")
    return features


def check_continues(
    estimator: BaseEstimator, candidates: Candidates, architecture: Mapping[str, Any]
) -> None:
    """Check that a fitted network can be trained on.

    Raises
    ------
    ValueError
        If candidates, representations or what shapes the network differ from the last fit's.
    """
    order_in, order_out = estimator._order
    now = {
        "symmetries": candidates.groups,
        "rep_in": (candidates.rep_in, _listed(candidates.order_in)),
        "rep_out": (candidates.rep_out, _listed(candidates.order_out)),
        **architecture,
    }
    fitted = {
        "symmetries": estimator.groups_,
        "rep_in": (estimator.rep_in_, _listed(order_in)),
        "rep_out": (estimator.rep_out_, _listed(order_out)),
        **estimator._fitted_architecture,
    }
    for name, value in now.items():
        if value != fitted.get(name, value):  # a network of the user's has no widths
            raise ValueError(
                f"{name} differs from the last fit, which warm_start=True and partial_fit "
                f"continue: it was {_shown(fitted[name])}, now it is {_shown(value)}. Set it "
                "back, or fit anew with warm_start=False."
            )


def _listed(order: NDArray | None) -> list[int] | None:
    return None if order is None else order.tolist()


def _shown(value: Any) -> str:
    """Labels of candidates, a representation with its columns, or the value itself."""
    if isinstance(value, Module):
        return f"a certain {type(value).__name__}"  # all of whose layers would be told
    if isinstance(value, Mapping):
        return (
            ", ".join(
                str(group) if label == str(group) else f"{label}: {group}"
                for label, group in value.items()
            )
            or "no candidates"
        )
    if isinstance(value, tuple) and value and isinstance(value[0], Representation):
        rep, order = value
        return repr(str(rep)) + ("" if order is None else f" from the columns {order}")
    return repr(value)
