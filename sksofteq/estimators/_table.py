"""A user's table, validated: rows in the representations' order, with the candidates."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import _check_sample_weight, validate_data

from sksofteq.candidates import Candidates, resolve_candidates
from sksofteq.columns import check_numbers, column_names, columns_but
from sksofteq.estimators._columnwise import warn_if_columnwise
from sksofteq.orbits import moves_row
from sksofteq.reps import columns_left_out

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass
class Table:
    """Rows to fit.

    Parameters
    ----------
    X : ndarray of shape (n_samples, dim_in)
        In the order of the representation.
    y : ndarray of shape (n_samples, dim_out)
        The same, in the dtype of X.
    weight : ndarray of shape (n_samples,)
    candidates : Candidates
    y_is_1d : bool
        Whether the user's y has one dimension, or one column.
    names : list or None
        Names of the user's columns of X.
    """

    X: NDArray
    y: NDArray
    weight: NDArray
    candidates: Candidates
    y_is_1d: bool
    names: list[Any] | None = None

    def take(self, rows: NDArray) -> Table:
        """The chosen rows."""
        return replace(self, X=self.X[rows], y=self.y[rows], weight=self.weight[rows])

    def __len__(self) -> int:
        return len(self.X)


def check_table(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None,
    reset: bool,
) -> Table:
    """Validate what a user passes to `fit`; set the estimator's feature names if `reset`.

    Raises
    ------
    ValueError
        If the data are unusable, do not fit the representations, or, without `reset`, the fit.
    """
    if not reset and isinstance(X, pd.DataFrame):
        _check_names(estimator, X)
    names_in, names_out = column_names(X), column_names(y)
    left_out = columns_left_out(estimator.rep_in, names_in)
    X, y = check_numbers(X, "X", left_out, "rep_in"), check_numbers(y, "y")
    X, y = validate_data(
        estimator,
        X,
        y,
        dtype=(np.float64, np.float32),
        multi_output=True,
        y_numeric=True,
        ensure_min_samples=2,
        reset=reset,
    )
    y_is_1d = y.ndim == 1 or (y.shape[1] == 1 and names_out is None)
    if y_is_1d and y.ndim == 2:
        warnings.warn(
            "A column-vector y was passed when a 1d array was expected. Please change the "
            "shape of y to (n_samples,), for example using ravel().",
            DataConversionWarning,
            stacklevel=4,
        )
    y = y.reshape(len(y), -1).astype(X.dtype, copy=False)
    weight = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
    if not weight.sum() > 0:
        raise ValueError("sample_weight must have a positive sum, got zeros only.")
    if not reset and y.shape[1] != estimator.rep_out_.dim:
        raise ValueError(
            f"y has {y.shape[1]} outputs, but the model was fitted with {estimator.rep_out_.dim}."
        )
    candidates = resolve_for(estimator, X.shape[1], y.shape[1], names_in, names_out)
    # Rows contiguous in memory, whatever the order of columns: sums round the same.
    X = np.ascontiguousarray(X if candidates.order_in is None else X[:, candidates.order_in])
    y = np.ascontiguousarray(y if candidates.order_out is None else y[:, candidates.order_out])
    if np.ptp(y, axis=0).max() == 0 and not _is_moved(y[0], candidates):
        warnings.warn(
            "y is constant: the fit will learn that constant and can tell nothing about "
            "symmetries.",
            UserWarning,
            stacklevel=4,
        )
    warn_if_columnwise(X, weight, candidates, names_in)
    return Table(X, y, weight, candidates, y_is_1d, names_in)


def check_rows(estimator: BaseEstimator, X: ArrayLike) -> NDArray:
    """Validate what a user passes to `predict`: numbers, in the columns of the fit.

    Raises
    ------
    ValueError
        If the data are unusable, or have other columns than those of the fit.
    """
    if isinstance(X, pd.DataFrame):
        _check_names(estimator, X)
        X = check_numbers(X, "X", columns_but(X.shape[1], estimator._order[0]), "rep_in")
    return validate_data(estimator, X, dtype=(np.float64, np.float32), reset=False)


def _check_names(estimator: BaseEstimator, X: pd.DataFrame) -> None:
    """Check the columns before what they hold.

    scikit-learn compares names only if they are strings; a mapping goes by any.
    """
    validate_data(estimator, X, reset=False, skip_check_array=True)
    fitted, names = estimator._names, column_names(X)
    if estimator._order[0] is not None and fitted is not None and names != fitted:
        raise ValueError(
            "The feature names should match those that were passed during fit, "
            f"{fitted}, got {names}."
        )


def _is_moved(y: NDArray, candidates: Candidates) -> bool:
    """Whether a candidate moves a target: a constant vector, say, has a direction."""
    row = y.astype(np.float64)
    return any(moves_row(group, row, candidates.rep_out) for group in candidates.groups.values())


def resolve_for(
    estimator: BaseEstimator,
    n_features: int,
    n_outputs: int,
    names_in: list[Any] | None,
    names_out: list[Any] | None,
) -> Candidates:
    """The candidates of an estimator, by its parameters and the names of columns."""
    names = getattr(estimator, "feature_names_in_", None) if names_in is None else names_in
    return resolve_candidates(
        estimator.symmetries,
        estimator.rep_in,
        estimator.rep_out,
        n_features=n_features,
        n_outputs=n_outputs,
        spaces=estimator.spaces,
        names=None if names is None else list(names),
        names_out=names_out,
    )


@contextlib.contextmanager
def kept_on_error(estimator: BaseEstimator) -> Iterator[None]:
    """Leave an estimator as it was if a fit fails or is interrupted: the last one still predicts.

    What belongs to the last fit must be replaced inside, not changed.
    """
    known = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(known)
        raise
