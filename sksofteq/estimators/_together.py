"""Estimators of one shape, fitted side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from sklearn.utils import _safe_indexing, check_consistent_length

from sksofteq.estimators._network import NetworkRegressor
from sksofteq.estimators._shapes import why_alone, why_apart
from sksofteq.estimators._table import kept_on_error
from sksofteq.training import train_together

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: Parameters that count the steps, or say what is made small.
SHARED = ("loss", "batch_size", "max_iter", "device", "compile")


def fit_together(
    estimators: Sequence[NetworkRegressor],
    X: ArrayLike,
    y: ArrayLike,
    rows: Sequence[ArrayLike] | None = None,
    sample_weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
) -> list[NetworkRegressor]:
    """Fit estimators of one shape as one network with a leading model axis.

    Seeds, strengths, hard candidates (strength ``inf``) and folds take fewer seconds together
    than one by one, most where batches are small or a GPU would wait. Each estimator ends up as
    its own ``fit`` on its own rows would leave it, but for rounding.

    Parameters
    ----------
    estimators : sequence of estimators
        They share loss, batch_size, max_iter and device, and their networks have the same layers.
        Candidates may differ where layers do not depend on them: those of ``network="plain"``
        never do, typed ones do not as long as the kinds of hidden features stay the same, as for
        turns about different axes. Fitted in place.
    X : array-like or DataFrame of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    rows : sequence of arrays of int, default=None
        Which rows each estimator is fitted to; None means all of them for all.
    sample_weight : array-like of shape (n_samples,), default=None
    groups : array-like of shape (n_samples,), default=None
        Rows with one value stay together when a validation part is split off.

    Returns
    -------
    estimators : list of estimators
        The same objects.

    Raises
    ------
    ValueError
        If shared parameters or layers differ, `compile` is set (but for the package's networks on
        CUDA), there are checkpoints, the loss has other terms than the data's, networks of the
        user's are more than weights to train, or the rows make unequal numbers of batches. All
        estimators are left as they were.

    Examples
    --------
    >>> from sklearn.model_selection import KFold
    >>> from sksofteq import SoftEquivariantRegressor
    >>> from sksofteq.datasets import make_inertia
    >>> from sksofteq.estimators import fit_together
    >>> X, y = make_inertia(60, random_state=0)
    >>> folds = list(KFold(3).split(X))
    >>> models = [
    ...     SoftEquivariantRegressor(
    ...         ["O(3)"], rep_in="5*scalar + 5*vector", rep_out="tensor(2)", strengths=1.0,
    ...         hidden_layer_sizes=(16,), max_iter=2, random_state=0,
    ...     )
    ...     for _ in folds
    ... ]
    >>> models = fit_together(models, X, y, rows=[train for train, _ in folds])
    >>> [model.predict(X[test]).shape for model, (_, test) in zip(models, folds)]
    [(20, 9), (20, 9), (20, 9)]
    """
    estimators = list(estimators)
    check_consistent_length(X, y, sample_weight, groups)
    chosen = [None] * len(estimators) if rows is None else list(rows)
    _check(estimators, chosen)
    with ExitStack() as stack:
        runs = []
        for estimator, index in zip(estimators, chosen, strict=True):
            stack.enter_context(kept_on_error(estimator))
            estimator._validate_params()
            runs.append(estimator.begin_fit(*_take((X, y, sample_weight, groups), index)))
        _refuse(why_apart(runs[0], run) for run in runs)
        train_together([run.net for run in runs], [run.rows for run in runs])
        for estimator, run in zip(estimators, runs, strict=True):
            estimator.finish_fit(run)
    return estimators


def _take(columns: Sequence, index: ArrayLike | None) -> list:
    return [c if c is None or index is None else _safe_indexing(c, index) for c in columns]


def _refuse(reasons: Iterable[str]) -> None:
    for reason in filter(None, reasons):
        raise ValueError(f"estimators fitted together {reason}.")


def _check(estimators: list[NetworkRegressor], rows: list) -> None:
    if not estimators:
        raise ValueError("estimators must hold at least one estimator, got none.")
    if len(set(map(id, estimators))) < len(estimators):
        raise ValueError("estimators must be different objects, got one of them twice.")
    if len(rows) != len(estimators):
        raise ValueError(
            f"rows must have one entry per estimator, so {len(estimators)}, got {len(rows)}."
        )
    first = estimators[0]
    for other in estimators:
        if type(other) is not type(first):
            raise ValueError(
                f"estimators must be of one class, got {type(first).__name__} and "
                f"{type(other).__name__}."
            )
        for name in SHARED:
            values = getattr(first, name, None), getattr(other, name, None)
            if values[0] != values[1]:
                raise ValueError(
                    f"estimators fitted together must agree on {name}, got {values[0]!r} and "
                    f"{values[1]!r}."
                )
    _refuse(why_alone(estimator) for estimator in estimators)
