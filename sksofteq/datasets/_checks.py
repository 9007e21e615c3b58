"""Checks of arguments that the datasets share."""

from __future__ import annotations

from numbers import Integral, Real


def check_size(name: str, value: object, minimum: int = 1) -> int:
    """Return an integer >= minimum, or raise the error that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < minimum:
        raise ValueError(f"{name} must be an integer >= {minimum}, got {value!r}.")
    return int(value)


def check_number(name: str, value: object, minimum: float | None = None) -> float:
    """Return a finite number, or raise the error that names the parameter."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or value != value or abs(value) == float("inf"):
        raise ValueError(f"{name} must be a finite number, got {value!r}.")
    if minimum is not None and value < minimum:
        raise ValueError(f"{name} must be >= {minimum}, got {value!r}.")
    return float(value)
