"""What the estimators around any regressor share: the inner fit, predictions, the report."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    _fit_context,
    clone,
    is_regressor,
)
from sklearn.utils import check_random_state, get_tags
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import has_fit_parameter

from sksofteq.estimators._base import CandidateRegressor
from sksofteq.estimators._outcome import equivariance_errors
from sksofteq.estimators._soft_equivariant import SoftEquivariantRegressor
from sksofteq.estimators._table import Table, check_table, kept_on_error
from sksofteq.metrics import EQUIVARIANT, NO_ROWS, Findings, build_report, check_row_groups
from sksofteq.orbits import OrbitTest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: Rows and group elements that measure the equivariance errors: fewer rows than for a network, as
#: a regressor may be slow to predict.
ERROR_ROWS = 200


class WrappedRegressor(MetaEstimatorMixin, CandidateRegressor):
    """Base of the estimators that make any regressor more equivariant.

    A subclass says which rows the inner estimator is fitted on and how its predictions are put
    together. Without candidates this is the inner estimator.
    """

    _parameter_constraints: dict = {  # noqa: RUF012 - scikit-learn's convention
        "estimator": [HasMethods(["fit", "predict"]), None],
        "symmetries": "no_validation",
        "rep_in": "no_validation",
        "rep_out": "no_validation",
        "spaces": [Mapping, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any = None,
        symmetries: Any = None,
        *,
        rep_in: Any = None,
        rep_out: Any = None,
        spaces: Mapping[str, int] | None = None,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.symmetries = symmetries
        self.rep_in = rep_in
        self.rep_out = rep_out
        self.spaces = spaces
        self.random_state = random_state

    @abstractmethod
    def _prepare(
        self, inner: BaseEstimator, table: Table, random_state: np.random.RandomState
    ) -> tuple[BaseEstimator, Table]:
        """The inner estimator and the rows to fit it on, where there are candidates."""

    @abstractmethod
    def _predict_rows(self, rows: NDArray) -> NDArray:
        """Predictions (n, dim_out) where there are candidates, in the representations' order."""

    @property
    @abstractmethod
    def _is_equivariant(self) -> bool:
        """Whether predictions are equivariant by construction, to rounding."""

    # ------------------------------------------------------------------ scikit-learn's methods

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> WrappedRegressor:
        """Fit the inner estimator.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
            Only for an inner estimator whose `fit` takes it.
        groups : array-like of shape (n_samples,), default=None
            Rows with one value belong together. An inner estimator whose `fit` takes groups is
            told which rows do, and, in any case, which are copies of one row.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            If the inner estimator is no regressor or takes no weights, or the data do not fit the
            representations.
        """
        with kept_on_error(self):
            table = check_table(self, X, y, sample_weight, reset=True)
            random_state = check_random_state(self.random_state)
            inner = self._make_inner(random_state, weighted=sample_weight is not None)
            self._keep_table(table)
            if self.groups_:
                inner, rows = self._prepare(inner, table, random_state)
            else:
                rows = table
            passed = {} if sample_weight is None else {"sample_weight": rows.weight}
            if has_fit_parameter(inner, "groups"):
                together = check_row_groups(groups, len(table))
                together = np.arange(len(table)) if together is None else together
                passed["groups"] = np.tile(together, len(rows) // len(table))
            target = rows.y.ravel() if rows.y.shape[1] == 1 else rows.y
            self.estimator_ = inner.fit(rows.X, target, **passed)
            self._measure(table, random_state)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        multi_output = self.estimator is None or get_tags(self.estimator).target_tags.multi_output
        tags.target_tags.multi_output = multi_output
        return tags

    # ------------------------------------------------------------------ steps

    def _make_inner(self, random_state: np.random.RandomState, weighted: bool) -> BaseEstimator:
        """A fresh inner estimator, seeded wherever the user left a seed open."""
        inner = SoftEquivariantRegressor() if self.estimator is None else clone(self.estimator)
        if not is_regressor(inner):
            raise ValueError(f"estimator must be a regressor, got {self.estimator!r}.")
        if weighted and not has_fit_parameter(inner, "sample_weight"):
            raise ValueError(
                f"sample_weight was given, but estimator={self.estimator!r} does not take it in "
                "fit; drop it, or choose an estimator that does."
            )
        seed = random_state.randint(2**31 - 1)
        unseeded = [
            name
            for name, value in inner.get_params().items()
            if value is None and name.split("__")[-1] == "random_state"
        ]
        return inner.set_params(**dict.fromkeys(unseeded, seed))

    def _predict_ordered(self, rows: NDArray) -> NDArray:
        return self._predict_rows(rows) if self.groups_ else self._predict_inner(rows)

    def _predict_inner(self, rows: NDArray) -> NDArray:
        """What the inner estimator says, shape (n, dim_out)."""
        return np.reshape(self.estimator_.predict(rows), (len(rows), self.rep_out_.dim))

    def _measure(self, table: Table, random_state: np.random.RandomState) -> None:
        """Equivariance errors on training rows, and the report."""
        self.equivariance_errors_ = equivariance_errors(
            self._predict_ordered, table.X, table.candidates, random_state, ERROR_ROWS
        )
        labels = list(self.groups_)
        strength = np.inf if labels and self._is_equivariant else 0.0
        self.regularizer_strengths_ = dict.fromkeys(labels, float(strength))
        why = EQUIVARIANT if strength > 0 else NO_ROWS
        findings = Findings(
            dict.fromkeys(labels, OrbitTest(0.0, 0.0, 0.0)),
            table.candidates,
            untestable=dict.fromkeys(labels, why),
        )
        self._report = build_report(
            self.regularizer_strengths_,
            dict.fromkeys(labels, np.nan),
            self.equivariance_errors_,
            findings,
        )
