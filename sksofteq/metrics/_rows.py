"""A user's rows and model, as arrays in the order of the representations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d

from sksofteq.candidates import Candidates, resolve_candidates
from sksofteq.columns import check_numbers, column_names
from sksofteq.reps import columns_left_out, is_integer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class UserRows:
    """A table as an array, and how to give an array back to a model that wants the table."""

    def __init__(self, X: ArrayLike, rep_in: Any) -> None:
        self.table = X if isinstance(X, pd.DataFrame) else None
        self.left_out = columns_left_out(rep_in, column_names(X))
        X = check_numbers(X, "X", self.left_out, "rep_in")
        self.values = check_array(X, dtype=(np.float64, np.float32), input_name="X")

    def wrap(self, values: NDArray) -> NDArray | pd.DataFrame:
        """The table with other values; columns that are left out stay what they were.

        The rows are those of the table, once or several times over.
        """
        if self.table is None:
            return values
        wrapped = pd.DataFrame(values, columns=self.table.columns)
        rows = np.arange(len(values)) % len(self.table)
        for i in self.left_out:
            wrapped.isetitem(i, self.table.iloc[rows, i].array)
        return wrapped

    def candidates(
        self,
        symmetries: Any,
        rep_in: Any,
        rep_out: Any,
        n_outputs: int,
        spaces: Any,
        names_out: list[Any] | None = None,
    ) -> Candidates:
        return resolve_candidates(
            symmetries,
            rep_in,
            rep_out,
            n_features=self.values.shape[1],
            n_outputs=n_outputs,
            spaces=spaces,
            names=column_names(self.table),
            names_out=names_out,
        )


def checked(
    X: ArrayLike, y: ArrayLike, symmetries: Any, rep_in: Any, rep_out: Any, spaces: Any
) -> tuple[UserRows, NDArray, Candidates]:
    """Rows, targets in the order of the representation, and candidates."""
    frame, names_out = UserRows(X, rep_in), column_names(y)
    y = check_array(check_numbers(y, "y"), ensure_2d=False, dtype=np.float64, input_name="y")
    check_consistent_length(frame.values, y)
    y = y.reshape(len(y), -1)
    candidates = frame.candidates(symmetries, rep_in, rep_out, y.shape[1], spaces, names_out)
    return frame, y if candidates.order_out is None else y[:, candidates.order_out], candidates


def candidates_view(
    candidates: Candidates, X: NDArray, predict: Callable[[NDArray], NDArray]
) -> tuple[NDArray, Callable[[NDArray], NDArray]]:
    """Rows and predictor with columns in the order of the representations."""
    order_in, order_out = candidates.order_in, candidates.order_out
    if order_in is None and order_out is None:
        return X, predict
    rows = X if order_in is None else X[:, order_in]

    def view(rows: NDArray) -> NDArray:
        if order_in is not None:
            table = np.zeros((len(rows), X.shape[1]), rows.dtype)
            table[:, order_in] = rows
            rows = table
        predicted = predict(rows)
        return predicted if order_out is None else predicted[:, order_out]

    return rows, view


def predictor(
    estimator_or_predict: Any, frame: UserRows, n_outputs: int | None = None
) -> Callable[[NDArray], NDArray]:
    """What predicts from an array, shape (n_rows, n_outputs); the shape is checked.

    Of a classifier it is the probabilities.
    """
    method = "predict_proba" if classifies(estimator_or_predict) else "predict"
    function = getattr(estimator_or_predict, method, estimator_or_predict)
    if not callable(function):
        raise TypeError(
            f"estimator_or_predict must have a {method} method or be callable, got "
            f"{estimator_or_predict!r}."
        )

    def predict(values: NDArray) -> NDArray:
        predicted = np.asarray(function(frame.wrap(values)))
        if predicted.ndim == 0 or len(predicted) != len(values):
            raise ValueError(
                f"The regressor must predict a row for each of {len(values)} rows, got "
                f"predictions of shape {predicted.shape}."
            )
        predicted = predicted.reshape(len(values), -1)
        if n_outputs not in (None, predicted.shape[1]):
            raise ValueError(
                f"The regressor predicts {predicted.shape[1]} outputs, but y has {n_outputs}."
            )
        return predicted

    return predict


def check_row_groups(groups: ArrayLike | None, n_samples: int) -> NDArray | None:
    """Return a number for the group of every row, None as it is.

    Raises
    ------
    ValueError
        If there is not one value per row, or one is missing.
    """
    if groups is None:
        return None
    values = np.asarray(groups)
    if values.shape != (n_samples,):
        raise ValueError(
            f"groups must hold one value per row of X, so have shape ({n_samples},), got shape "
            f"{values.shape}."
        )
    missing = np.flatnonzero(pd.isna(values))
    if len(missing):
        raise ValueError(
            f"groups must hold a value for every row of X, got {values[missing[0]]!r} in row "
            f"{missing[0]}; give such rows groups of their own."
        )
    return pd.factorize(values, sort=len({type(value) for value in values.tolist()}) == 1)[0]


def at_least_one(n_elements: int) -> int:
    if not is_integer(n_elements, minimum=1):
        raise ValueError(f"n_elements must be a positive integer, got {n_elements!r}.")
    return int(n_elements)


def classifies(estimator_or_predict: Any) -> bool:
    """Whether it is a classifier of scikit-learn's kind, not a function."""
    has_tags = hasattr(estimator_or_predict, "__sklearn_tags__")
    return has_tags and is_classifier(estimator_or_predict)


def class_columns(classifier: Any, y: ArrayLike) -> NDArray:
    """A column for each class, 1 where it is the row's, in the order of the probabilities."""
    return (column_or_1d(y)[:, None] == classifier.classes_).astype(np.float64)
