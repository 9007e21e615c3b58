"""A grid search whose networks train together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn import get_config
from sklearn.base import BaseEstimator, _fit_context, is_classifier
from sklearn.model_selection import GridSearchCV, ParameterGrid, check_cv
from sklearn.utils import indexable
from sklearn.utils._param_validation import Interval
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.validation import check_is_fitted

from sksofteq.estimators import SoftEquivariantClassifier
from sksofteq.estimators._network import NetworkRegressor
from sksofteq.model_selection._ahead import FitsAhead

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: What fits are made ahead of; a class with a `fit` of its own is fitted by that.
KNOWN_FITS = (NetworkRegressor.fit, SoftEquivariantClassifier.fit)


class SymmetrySearchCV(GridSearchCV):
    """`GridSearchCV` in less time: networks of one shape train as one batched network.

    Combinations of parameters and folds whose networks have the same layers and equally many
    batches train together (`sksofteq.estimators.fit_together`): other seeds, strengths, rates,
    candidates. Every fit has pilots, tests, penalty and early stopping of its own, so that scores
    are those of `GridSearchCV` but for rounding. What cannot train with others is fitted by
    itself, and any other estimator, such as a pipeline or a ridge, as by `GridSearchCV`.

    Parameters
    ----------
    estimator : estimator
        A network of this package, or anything that `GridSearchCV` takes.
    param_grid : mapping of str to sequence, or sequence of such mappings
        Values to try, such as ``{"symmetries": [(), ("SO(3)",)], "strengths": [1.0, 10.0]}``.
    scoring : str, callable, list, tuple or mapping, default=None
        As for `GridSearchCV`, like all that follow but the last.
    refit : bool, str or callable, default=True
        Whether to fit the best combination to all rows, or by which score or rule it is best.
    cv : int, splitter or iterable, default=None
        Folds; None means five.
    verbose : int, default=0
        How much to print.
    error_score : "raise" or float, default=nan
        Score of a fit that fails.
    return_train_score : bool, default=False
        Whether to score on training rows as well.
    n_together : int, default=16
        Most fits to train as one network. Memory grows with it, and speed up to some number,
        which is larger on a GPU.

    Attributes
    ----------
    cv_results_ : dict of arrays
        As of `GridSearchCV`. A fit's time is that of its own steps and its share of the steps
        taken together.
    best_estimator_, best_score_, best_params_, best_index_, scorer_, n_splits_, refit_time_, \
multimetric_, classes_, n_features_in_, feature_names_in_
        As of `GridSearchCV`.

    See Also
    --------
    sksofteq.estimators.fit_together : Train given estimators as one network.

    Notes
    -----
    All runs in this process. For a search on several machines or processes take `GridSearchCV`
    with `n_jobs` (docs/clusters.md). An interrupt (Ctrl-C) ends the search.

    Examples
    --------
    >>> from sksofteq import SoftEquivariantRegressor, SymmetrySearchCV
    >>> from sksofteq.datasets import make_inertia
    >>> X, y = make_inertia(n_samples=60, random_state=0)
    >>> model = SoftEquivariantRegressor(
    ...     rep_in="5*scalar + 5*vector", rep_out="tensor(2)", strengths=1.0,
    ...     hidden_layer_sizes=(16,), max_iter=2, random_state=0)
    >>> grid = {"symmetries": [("O(2)@x,y",), ("O(2)@y,z",)]}
    >>> search = SymmetrySearchCV(model, grid, cv=2).fit(X, y)
    >>> search.cv_results_["mean_test_score"].shape
    (2,)
    """

    _parameter_constraints: dict = {  # noqa: RUF012 - scikit-learn's convention
        **GridSearchCV._parameter_constraints,
        "n_together": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        param_grid: Mapping[str, Sequence] | Sequence[Mapping[str, Sequence]],
        *,
        scoring: Any = None,
        refit: bool | str | Callable = True,
        cv: Any = None,
        verbose: int = 0,
        error_score: float | str = np.nan,
        return_train_score: bool = False,
        n_together: int = 16,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=1,
            refit=refit,
            cv=cv,
            verbose=verbose,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.n_together = n_together

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike | None = None, **params: Any) -> SymmetrySearchCV:
        """Fit every combination on every fold, and the best one to all rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        **params : mapping of str to array-like
            As for `GridSearchCV`: `groups` goes to the splitter and `sample_weight` to `fit`,
            unless metadata routing says otherwise.

        Returns
        -------
        self : estimator
        """
        if type(self.estimator).fit not in KNOWN_FITS:
            return super().fit(X, y, **params)
        fit_params = self._fit_params(params)
        X, y, *values = indexable(X, y, *fit_params.values())
        ahead = FitsAhead(
            self.estimator,
            list(ParameterGrid(self.param_grid)),
            X,
            y,
            dict(zip(fit_params, values, strict=True)),
            self.n_together,
        )
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        refit = self.refit
        if callable(refit):
            refit = ahead.timing(refit)
        stand_in = ahead.stand_in(self.estimator)
        with ahead.watching(cv) as cv, _replaced(self, estimator=stand_in, cv=cv, refit=refit):
            super().fit(X, y, **params)
        self.cv_results_ = ahead.timed(self.cv_results_)
        return self

    def _fit_params(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Those parameters that the estimator's `fit` gets."""
        if get_config()["enable_metadata_routing"]:
            return process_routing(self, "fit", **params).estimator.fit
        return {name: value for name, value in params.items() if name != "groups"}

    def symmetry_report(self) -> pd.DataFrame:
        """Return what the best estimator has found out about every candidate."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.symmetry_report()


@contextlib.contextmanager
def _replaced(search: BaseEstimator, **parameters: Any) -> Iterator[None]:
    """Other parameters for a while."""
    given = {name: getattr(search, name) for name in parameters}
    vars(search).update(parameters)
    try:
        yield
    finally:
        vars(search).update(given)
