"""What all regressors with candidates share: predictions for a user's table, the report."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from sksofteq._plain import SavedPlainly
from sksofteq.estimators._table import Table, check_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: Rows that are predicted at a time: enough to hide what a call costs, and few enough for the
#: caches of a processor.
CHUNK = 4096


class CandidateRegressor(SavedPlainly, RegressorMixin, BaseEstimator):
    """Base of the regressors that are given candidate symmetries.

    A subclass calls `_keep_table` in `fit`, predicts rows in the representations' order and sets
    `_report`.
    """

    @abstractmethod
    def _predict_ordered(self, rows: NDArray) -> NDArray:
        """Predictions (n, dim_out) for rows (n, dim_in) in the representations' order."""

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict targets.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        y_pred : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the dtype of X, with the shape of y in `fit`.
        """
        check_is_fitted(self)
        X = check_rows(self, X)
        order_in, order_out = self._order
        columns = slice(None) if order_out is None else order_out
        predicted = np.empty((len(X), self.rep_out_.dim), X.dtype)
        # Chunk by chunk from end to end: beyond X and the result, memory is that of one chunk.
        for start in range(0, len(X), CHUNK):
            rows = X[start : start + CHUNK]
            rows = np.ascontiguousarray(rows if order_in is None else rows[:, order_in])
            predicted[start : start + CHUNK, columns] = self._predict_ordered(rows)
        return predicted.ravel() if self._y_is_1d else predicted

    def symmetry_report(self) -> pd.DataFrame:
        """Return what was found out about every candidate.

        Returns
        -------
        report : DataFrame indexed by the candidates in the order given
            Columns strength (as used), residual (sum |C_G W|^2 / sum |W|^2, NaN where no weights
            have types), equivariance_error, support (evidence of the orbit-average test on rows
            not fitted that averaging over the candidate does not hurt, in [0, 1]), verdict
            ("holds", "approximate", "broken", or "cannot tell": support is 0.5 then), support_low
            and support_high (support with z moved by 1.645 either way), implied (whether another
            candidate that holds contains this one, which holds with it) and reason (a sentence:
            why the verdict, and how large a break seems to be).
        """
        check_is_fitted(self)
        return self._report.copy()

    def _keep_table(self, table: Table) -> None:
        """Set the fitted attributes that a table gives."""
        candidates = table.candidates
        self.groups_ = dict(candidates.groups)
        self.rep_in_, self.rep_out_ = candidates.rep_in, candidates.rep_out
        self._order = (candidates.order_in, candidates.order_out)
        self._y_is_1d, self._names = table.y_is_1d, table.names

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
