"""An ensemble of networks that says how far off its predictions may be."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import MetaEstimatorMixin, _fit_context, clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_is_fitted

from sksofteq.estimators._base import CHUNK, CandidateRegressor
from sksofteq.estimators._calibration import Calibration, calibrate, mixed_outputs
from sksofteq.estimators._far_rows import KnownRows
from sksofteq.estimators._members import fit_members, leave_out
from sksofteq.estimators._network import NetworkRegressor
from sksofteq.estimators._outcome import ERROR_ROWS_CHUNK, equivariance_errors
from sksofteq.estimators._run import FitRun
from sksofteq.estimators._soft_equivariant import SoftEquivariantRegressor
from sksofteq.estimators._start import seeded
from sksofteq.estimators._table import Table, check_rows, check_table, kept_on_error
from sksofteq.exceptions import FarFromTrainingWarning
from sksofteq.metrics import check_row_groups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

#: Share of the members that leave out a row: their mean is what errors are measured with.
LEFT_OUT = 0.3
#: Fewer rows, or groups of rows, are no base for anything.
MIN_UNITS = 4
#: Far rows are warned of if they are more than this share: so many may be far by chance.
FAR_SHARE = 0.01


class SoftEquivariantEnsemble(MetaEstimatorMixin, CandidateRegressor):
    """Networks with prediction intervals, calibrated on rows that some of them left out.

    One fit on all rows finds out which candidates hold. Its network, strengths and moves are then
    those of all members, which differ in their seeds and rows and train side by side
    (`fit_together`). Three members in ten leave out each row, and what they predict there says
    how large errors are:

    * the standard deviation s of a new target is s^2 = noise + slope * (spread of the members),
      with the two numbers that make the errors on left-out rows most likely;
    * intervals are mean +- q s, q the conformal quantile of |error| / s on left-out rows
      (Lei et al., arXiv 1604.04173; Barber et al., arXiv 1905.02928), so that they cover what they
      should where errors are not Gaussian, too.

    Outputs that candidates which hold mix, such as the components of a vector, share these numbers
    and their spread, so that turning a row does not change them.

    Parameters
    ----------
    estimator : network regressor, default=None
        Any network regressor of this package; None is ``SoftEquivariantRegressor()``. Its
        candidates are the ensemble's.
    n_estimators : int, default=10
        Number of members, at least 4.
    random_state : int, RandomState instance or None, default=None
        Seed of everything, in place of the estimator's own.

    Attributes
    ----------
    estimator_ : estimator
        The fit on all rows, which the report and the strengths belong to. It takes no part in
        predictions.
    estimators_ : list of estimators
        The members.
    regularizer_strengths_ : dict of str to float
        By candidate, in the order given.
    equivariance_errors_ : dict of str to float
        Equivariance error of the mean prediction by candidate, on training rows.
    groups_ : dict of str to MatrixGroup
        The candidates.
    rep_in_, rep_out_ : Representation
        The representations, with dimensions.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features seen during `fit`, if they are strings.

    See Also
    --------
    sksofteq.estimators.fit_together : Fits of one shape side by side.

    Notes
    -----
    Intervals hold on average over rows like those of `fit`, not for each row by itself, and for
    each output by itself (each set of outputs that candidates mix), not for all at once. Far from
    the training rows nothing is calibrated, and a `FarFromTrainingWarning` says so.

    Of the training rows up to 1000 are kept, to tell which rows are far from them.

    Examples
    --------
    >>> import numpy as np
    >>> from sksofteq import SoftEquivariantEnsemble, SoftEquivariantRegressor
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_normal((200, 2))
    >>> y = np.hypot(X[:, 0], X[:, 1]) + 0.1 * rng.standard_normal(200)
    >>> network = SoftEquivariantRegressor(
    ...     ("SO(2)",), rep_in="vector", strengths=1.0, hidden_layer_sizes=(16,), max_iter=20)
    >>> model = SoftEquivariantEnsemble(network, random_state=0).fit(X, y)
    >>> mean, std = model.predict(X[:5], return_std=True)
    >>> mean.shape, std.shape
    ((5,), (5,))
    >>> lower, upper = model.predict_interval(X, coverage=0.9)
    >>> bool(np.mean((lower <= y) & (y <= upper)) > 0.85)
    True
    """

    _parameter_constraints: dict = {  # noqa: RUF012 - scikit-learn's convention
        "estimator": [HasMethods(["fit", "predict"]), None],
        "n_estimators": [Interval(Integral, 4, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self, estimator: Any = None, *, n_estimators: int = 10, random_state: Any = None
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.random_state = random_state

    # ------------------------------------------------------------------ scikit-learn's methods

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> SoftEquivariantEnsemble:
        """Fit one network to all rows, then the members, each to its own.

        An interrupt (Ctrl-C) leaves the estimator as it was.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
            Errors on left-out rows are weighted, too.
        groups : array-like of shape (n_samples,), default=None
            Rows with one value are left out together, such as those of one recording: intervals
            are then right for a new recording. Copies of one row are, without groups.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            If the estimator is no network regressor of this package, or there are fewer than 4
            different rows, or groups.
        """
        with kept_on_error(self):
            random_state = check_random_state(self.random_state)
            found = self._make_network(random_state)
            run = found.begin_fit(X, y, sample_weight, groups)
            with seeded(run.seed, found.device):
                run.net.fit(run.rows, None)
            found.finish_fit(run)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the first look at the table has warned
                table = check_table(found, X, y, sample_weight, reset=False)
            self._fit_table(found, run, table, check_row_groups(groups, len(table)), random_state)
        return self

    def predict(self, X: ArrayLike, return_std: bool = False) -> Any:
        """Predict targets, and how far off they may be.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
        return_std : bool, default=False
            Whether to return the standard deviation of a new target, too.

        Returns
        -------
        y_pred : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The mean of the members, in the dtype of X.
        y_std : ndarray of the shape of y_pred
            Standard deviation of a new target, its noise included. Only if `return_std`.

        Warns
        -----
        FarFromTrainingWarning
            If more than one row in a hundred is far from the training rows.
        """
        mean, std = self._predict_with_std(X)
        mean = self._as_given(mean)
        return (mean, self._as_given(std)) if return_std else mean

    def predict_interval(self, X: ArrayLike, coverage: float = 0.9) -> tuple[NDArray, NDArray]:
        """Predict between which bounds targets are.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
        coverage : float, default=0.9
            Share of new targets that are to be within, in (0, 1).

        Returns
        -------
        lower, upper : ndarray of the shape of y_pred
            Infinite if the rows of `fit` were too few for such a coverage: it takes
            coverage / (1 - coverage) rows, or groups of rows.

        Raises
        ------
        ValueError
            If the coverage is not between 0 and 1.

        Warns
        -----
        FarFromTrainingWarning
            As `predict`.
        """
        if not isinstance(coverage, Real) or not 0 < coverage < 1:
            raise ValueError(f"coverage must be a number between 0 and 1, got {coverage!r}.")
        mean, std = self._predict_with_std(X)
        half = std * self._calibration.factor(float(coverage)).astype(std.dtype)
        return self._as_given(mean - half), self._as_given(mean + half)

    def far_from_training(self, X: ArrayLike) -> NDArray:
        """Say which rows are far from all rows of `fit`, wherever candidates that hold move them.

        A row is far if it is further from the nearest row of `fit`, in standardised columns, than
        nearly all of these are from each other: 1.25 times the 99 % quantile. Rows beyond are
        moved by elements of the candidates with the verdict "holds", or of infinite strength, to
        where they are nearest.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        far : ndarray of bool, shape (n_samples,)
        """
        check_is_fitted(self)
        return np.concatenate([self._known.distances(rows) for rows in self._chunks(X)]) > 1

    # ------------------------------------------------------------------ steps of a fit

    def _make_network(self, random_state: np.random.RandomState) -> NetworkRegressor:
        """The network that is fitted to all rows first."""
        network = self.estimator
        network = SoftEquivariantRegressor() if network is None else clone(network)
        if not isinstance(network, NetworkRegressor):
            raise ValueError(
                "estimator must be a network regressor of this package, such as "
                f"SoftEquivariantRegressor(), got {self.estimator!r}."
            )
        network.set_params(random_state=random_state.randint(2**31 - 1))
        network._validate_params()
        return network

    def _fit_table(
        self,
        found: NetworkRegressor,
        run: FitRun,
        table: Table,
        together: NDArray | None,
        random_state: np.random.RandomState,
    ) -> None:
        rows = np.flatnonzero(table.weight > 0)
        table = table.take(rows)
        together = None if together is None else together[rows]
        # Copies of a row belong together; the order of units is that of their values.
        axis, values = (0, table.X) if together is None else (None, together)
        units = np.unique(values, axis=axis, return_inverse=True)[1].ravel()
        n_units = int(units.max()) + 1
        if n_units < MIN_UNITS:
            raise ValueError(
                f"An ensemble needs at least {MIN_UNITS} different rows"
                f"{'' if together is None else ', or groups,'} of positive weight to leave some "
                f"out, got {n_units}."
            )
        n_left_out = max(2, round(LEFT_OUT * self.n_estimators))
        left_out = leave_out(n_units, self.n_estimators, n_left_out, random_state)[:, units]
        members = fit_members(found, run, table, together, left_out, random_state)
        self._keep(found, members, table)
        holding = self._holding()
        self._known = KnownRows(table.X, table.candidates, holding, units, random_state)
        sets = mixed_outputs(list(holding.values()), self.rep_out_)
        errors, spread = self._left_out_errors(table, left_out)
        self._calibration: Calibration = calibrate(
            errors, spread, sets, table.weight, n_units, n_left_out, self.n_estimators
        )
        self.equivariance_errors_ = equivariance_errors(
            self._predict_ordered, table.X, table.candidates, random_state, ERROR_ROWS_CHUNK
        )
        self._report["equivariance_error"] = list(self.equivariance_errors_.values())

    def _keep(
        self, found: NetworkRegressor, members: list[NetworkRegressor], table: Table
    ) -> None:
        """Set the fitted attributes that the first fit gives."""
        self.estimator_, self.estimators_ = found, members
        self._keep_table(table)
        vars(self).pop("feature_names_in_", None)  # those of an earlier fit
        names = ("n_features_in_", "feature_names_in_", "regularizer_strengths_")
        vars(self).update({name: value for name, value in vars(found).items() if name in names})
        self._order, self._names, self._y_is_1d = found._order, found._names, found._y_is_1d
        self._report = found.symmetry_report()

    def _holding(self) -> dict[str, Any]:
        """The candidates that the report says hold, and those that are imposed exactly."""
        report = self._report
        holds = (report["verdict"] == "holds") | np.isinf(report["strength"].astype(float))
        return {label: self.groups_[label] for label in report.index[holds]}

    def _left_out_errors(self, table: Table, left_out: NDArray) -> tuple[NDArray, NDArray]:
        """Error of the mean, and variance, of the members that left out each row."""
        total, squares = np.zeros((2, len(table), self.rep_out_.dim))
        for member, out in zip(self.estimators_, left_out, strict=True):
            rows = np.flatnonzero(out)
            for part in np.array_split(rows, -(-len(rows) // CHUNK)):
                # relative to the target, lest squares cancel
                errors = table.y[part] - member._predict_ordered(table.X[part]).astype(float)
                total[part] += errors
                squares[part] += errors**2
        n = left_out.sum(axis=0)[:, None]
        mean = total / n
        return mean, np.maximum(squares / n - mean**2, 0.0) * n / (n - 1)

    # ------------------------------------------------------------------ predictions

    def _predict_ordered(self, rows: NDArray) -> NDArray:
        return np.mean([member._predict_ordered(rows) for member in self.estimators_], axis=0)

    def _predict_with_std(self, X: ArrayLike) -> tuple[NDArray, NDArray]:
        """Both in the order of the representation; warns of rows that are far."""
        check_is_fitted(self)
        means, stds, distances = [], [], []
        for rows in self._chunks(X):
            predicted = np.stack([each._predict_ordered(rows) for each in self.estimators_])
            means.append(predicted.mean(axis=0))
            stds.append(self._calibration.std(predicted.var(axis=0, ddof=1, dtype=np.float64)))
            distances.append(self._known.distances(rows))
        _warn_if_far(np.concatenate(distances))
        mean = np.concatenate(means)
        return mean, np.concatenate(stds).astype(mean.dtype)

    def _chunks(self, X: ArrayLike) -> Iterator[NDArray]:
        """Checked rows in the representations' order, some at a time."""
        X, order_in = check_rows(self, X), self._order[0]
        for start in range(0, len(X), CHUNK):
            rows = X[start : start + CHUNK]
            yield np.ascontiguousarray(rows if order_in is None else rows[:, order_in])

    def _as_given(self, values: NDArray) -> NDArray:
        """Outputs in the user's order, with the shape of y."""
        order_out = self._order[1]
        if order_out is not None:
            values = values[:, np.argsort(order_out)]
        return values.ravel() if self._y_is_1d else values


def _warn_if_far(distances: NDArray) -> None:
    far = distances > 1
    if far.mean() > FAR_SHARE:
        warnings.warn(
            f"{far.sum()} of {len(far)} rows are far from the training rows, up to "
            f"{distances.max():.2g} times the limit, wherever candidates that hold may move them: "
            "predictions extrapolate there, and standard deviations and intervals may be too "
            "small. far_from_training(X) says which rows.",
            FarFromTrainingWarning,
            stacklevel=4,
        )
