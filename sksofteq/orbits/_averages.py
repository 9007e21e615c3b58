"""Predictions along orbits and their averages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.orbits._elements import Element, inverse
from sksofteq.reps import Representation

if TYPE_CHECKING:
    from numpy.typing import NDArray

Predict = Callable[["NDArray"], "NDArray"]


def orbit_average(
    predict: Predict,
    X: NDArray,
    elements: list[Element],
    rep_in: Representation,
    rep_out: Representation,
) -> NDArray:
    """Return f_G(x) = mean over elements of rho_out(g)^-1 f(rho_in(g) x), shape (n, n_outputs)."""
    return orbit_predictions(predict, X, elements, rep_in, rep_out).mean(axis=0)


def orbit_predictions(
    predict: Predict,
    X: NDArray,
    elements: list[Element],
    rep_in: Representation,
    rep_out: Representation,
) -> NDArray:
    """Return rho_out(g)^-1 f(rho_in(g) x), shape (n_elements, n_samples, n_outputs)."""
    moved = np.concatenate([rep_in.transform(X, g) for g in elements])
    predicted = predict(moved).reshape(len(elements), len(X), -1)
    back = [rep_out.transform(y, inverse(g)) for y, g in zip(predicted, elements, strict=True)]
    return np.stack(back)
