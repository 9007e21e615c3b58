"""The linear sibling: soft equivariant ridge regression, solved instead of trained."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions

from sksofteq.estimators._base import CandidateRegressor
from sksofteq.estimators._checks import check_strengths
from sksofteq.estimators._docs import with_shared_docs
from sksofteq.estimators._outcome import equivariance_errors
from sksofteq.estimators._table import Table, check_table, kept_on_error
from sksofteq.linear import Preparation, RidgeFit, fit_ridge, left_out_tests, with_bias
from sksofteq.metrics import (
    LEAVES_DATA,
    Findings,
    build_report,
    check_row_groups,
    root_mean_square,
)
from sksofteq.orbits import REACH_AUC, orbit_auc
from sksofteq.subspace import EquivariantProjector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@with_shared_docs
class SoftEquivariantRidge(CandidateRegressor):
    """Ridge regression that finds out which candidate symmetries the data have, in closed form.

    With X and y standardised in a way that breaks no symmetry it minimises

        sum_i w_i |y_i - W x_i - b|^2 + sum_G strength_G (|C_G W|^2 + |C_G b|^2) + alpha |W|^2

    where C_G = I - P_G takes a linear map to its part that is not G-equivariant: the penalty of
    `SoftEquivariantRegressor` (PER, arXiv 2306.00356), on one linear layer. Strengths and alpha
    maximise the evidence, or minimise the error of left-out rows. Nothing is trained and nothing
    set aside: with a few candidates a fit takes about half a second where a network takes many.

    Parameters
    ----------
    <candidates>
    strengths : float or mapping of str to float, default=None
        Fixed strengths >= 0, ``inf`` meaning exactly equivariant; None chooses them.
    alpha : float, default=None
        Fixed shrinkage of all weights, not of the intercept; None chooses it. Values below 1e-10
        per row count as that.
    criterion : {"auto", "evidence", "loo"}, default="auto"
        What strengths and alpha are chosen by: the probability of y under the model, weights
        integrated out ("evidence"), or the mean squared error of left-out rows ("loo"). With
        ``groups=`` in `fit` "loo" leaves out whole groups. "auto" is "loo" if there are groups
        and "evidence" otherwise.
    degree : {1, 2}, default=1
        With 2 the products of all pairs of features join them, as the tensors that they are: a
        scalar and a vector give a vector, two vectors a tensor.
    untestable : {"keep", "drop"}, default="keep"
        Whether a candidate whose orbit leaves the data, so that they cannot test it, has its
        strength chosen like the others or gets none.
    random_state : int, RandomState instance or None, default=None
        Seed of the group elements and of the classifier behind the report; predictions do not
        depend on it with ``untestable="keep"``.

    Attributes
    ----------
    regularizer_strengths_ : dict of str to float
        By candidate, in the order given. Sums over rows, not means: for n rows and q outputs a
        strength s is that of a network's penalty of 2 s / (n q).
    alpha_ : ndarray of shape (n_outputs,)
        The shrinkage used. Outputs that are alike to the candidates, such as all scalars, share
        one; others differ, such as what is vertical and what is horizontal under turns about the
        vertical.
    noise_variance_ : ndarray of shape (n_outputs,)
        Estimated variance of the noise, in the squared units of y; shared as `alpha_` is, in
        units of the standardised outputs.
    log_evidence_ : float
        Log marginal likelihood of the standardised y; compares strengths and candidates on one
        set of rows. Minus infinity if ``alpha=0``.
    equivariance_errors_ : dict of str to float
        Equivariance error of the predictions by candidate, on training rows.
    coef_ : ndarray of shape (n_outputs, n_features)
        Coefficients in raw units. Neither `coef_` nor `intercept_` is set for ``degree=2`` or if a
        candidate translates or scales: predictions are not linear in X then.
    intercept_ : ndarray of shape (n_outputs,)
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
    SoftEquivariantRegressor : Networks with the same penalties, for what is not linear.
    sksofteq.symmetry_test : Test candidates with any fitted regressor.

    Notes
    -----
    **What it assumes.** The evidence takes rows to be independent given the weights, and noise of
    one variance in standardised outputs. Where rows come in correlated runs, such as frames of a
    few recordings, alpha and strengths come out too small unless `fit` is told by ``groups=``
    which rows belong together.

    **What it costs.** Outputs that no penalty couples are solved apart, and alike ones together;
    c coupled outputs and p features make c (p + 1) unknowns, at most 8000, and every step of the
    search costs the cube of that. Hard candidates only lower the number.

    **When to prefer it.** With few rows, as a first look at which symmetries hold, and as a
    baseline. It sees what a linear (or, with ``degree=2``, quadratic) map shows of a symmetry;
    vectors have no linear map to scalars under rotations, so that invariant outputs need
    ``degree=2``.

    **How to read strengths.** They belong together: a candidate that others imply, as O(2)@x,z is
    by O(2)@x,y and O(2)@y,z, may get little or much. Whether each holds by itself is what the
    report's support says: the orbit-average test on left-out rows with the free linear map, in
    closed form; P_G W is the average over the orbit for compact groups.

    A sample weight of k is the same as k equal rows for the fit and the evidence: weights count
    rows, so do not normalise them. The report counts every row once. Translations and
    `Scaling` act through a frame: points relative to their centroid, features divided by their
    length. Products are taken of framed features.

    References
    ----------
    Kim, Lee, Yang, Lee: Regularizing Towards Soft Equivariance Under Mixed Symmetries, ICML 2023
    (arXiv 2306.00356). MacKay: Bayesian Interpolation, Neural Computation 4, 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from sksofteq import SoftEquivariantRidge
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_normal((60, 6))
    >>> turn = np.array([[2.0, -1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 5.0]])
    >>> y = X[:, :3] @ turn.T + 0.1 * rng.standard_normal((60, 3))
    >>> model = SoftEquivariantRidge(
    ...     ("SO(2)@x,y", "SO(2)@y,z"), rep_in="2*vector", rep_out="vector", random_state=0)
    >>> strengths = model.fit(X, y).regularizer_strengths_
    >>> strengths["SO(2)@x,y"] > 100 * strengths["SO(2)@y,z"]
    True
    """

    _parameter_constraints: dict = {  # noqa: RUF012 - scikit-learn's convention
        "symmetries": "no_validation",
        "rep_in": "no_validation",
        "rep_out": "no_validation",
        "spaces": [Mapping, None],
        "strengths": [Interval(Real, 0, None, closed="both"), Mapping, None],
        "alpha": [Interval(Real, 0, None, closed="left"), None],
        "criterion": [StrOptions({"auto", "evidence", "loo"})],
        "degree": [Options(Integral, {1, 2})],
        "untestable": [StrOptions({"keep", "drop"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        symmetries: Any = None,
        *,
        rep_in: Any = None,
        rep_out: Any = None,
        spaces: Mapping[str, int] | None = None,
        strengths: float | Mapping[str, float] | None = None,
        alpha: float | None = None,
        criterion: str = "auto",
        degree: int = 1,
        untestable: str = "keep",
        random_state: Any = None,
    ) -> None:
        self.symmetries = symmetries
        self.rep_in = rep_in
        self.rep_out = rep_out
        self.spaces = spaces
        self.strengths = strengths
        self.alpha = alpha
        self.criterion = criterion
        self.degree = degree
        self.untestable = untestable
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> SoftEquivariantRidge:
        """Fit the linear map.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts.
        groups : array-like of shape (n_samples,), default=None
            Rows with one value belong together, such as those of one recording: they are left out
            together, by the criterion "loo" and by the tests of the report.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            If the data do not fit the representations, `strengths` does not name the candidates,
            or a linear problem has more than 8000 unknowns.
        """
        with kept_on_error(self):
            table = check_table(self, X, y, sample_weight, reset=True)
            self._fit_table(table, self._check_groups(groups, len(table)))
        return self

    # ------------------------------------------------------------------ steps of a fit

    def _check_groups(self, groups: ArrayLike | None, n_samples: int) -> NDArray | None:
        together = check_row_groups(groups, n_samples)
        enough = together is None or len(np.unique(together)) > 1
        if not enough and self._criterion(together) == "loo":
            raise ValueError(
                f"groups must hold at least two groups for criterion={self.criterion!r} to leave "
                "one out, got one."
            )
        return together

    def _criterion(self, together: NDArray | None) -> str:
        if self.criterion != "auto":
            return self.criterion
        return "evidence" if together is None else "loo"

    def _fit_table(self, table: Table, together: NDArray | None) -> None:
        candidates = table.candidates
        groups, criterion = candidates.groups, self._criterion(together)
        random_state = check_random_state(self.random_state)
        asked = self._asked_strengths(list(groups))
        untestable = {
            label
            for label, group in groups.items()
            if orbit_auc(table.X, group, candidates.rep_in, random_state) >= REACH_AUC
        }
        if self.untestable == "drop" and self.strengths is None:
            asked |= dict.fromkeys(untestable, 0.0)
        prepared = Preparation(
            candidates.rep_in, candidates.rep_out, list(groups.values()), self.degree
        )
        rows = prepared.fit(table.X, table.y, table.weight)
        found = fit_ridge(
            rows,
            prepared.rep_features,
            prepared.rep_target,
            groups,
            asked,
            self.alpha,
            criterion,
            together,
        )
        self._keep(table, prepared, found)
        self.equivariance_errors_ = equivariance_errors(
            self._predict_ordered, table.X, candidates, random_state
        )
        tests = left_out_tests(
            rows, prepared.rep_features, prepared.rep_target, groups, criterion, together
        )
        findings = Findings(
            tests,
            candidates,
            root_mean_square(prepared.y_scale),
            dict.fromkeys(untestable, LEAVES_DATA),
            grouped=together is not None,
        )
        self._report = build_report(
            self.regularizer_strengths_, self._residuals(), self.equivariance_errors_, findings
        )

    def _asked_strengths(self, labels: list[str]) -> dict[str, float | None]:
        """The strength that a user gives each candidate, None to choose it."""
        if isinstance(self.strengths, Mapping):
            check_strengths(self.strengths, labels)
            return {label: float(self.strengths[label]) for label in labels}
        return dict.fromkeys(labels, None if self.strengths is None else float(self.strengths))

    def _keep(self, table: Table, prepared: Preparation, found: RidgeFit) -> None:
        """Set the fitted attributes."""
        self._keep_table(table)
        self._prepared, self._weight = prepared, found.weight
        self.regularizer_strengths_ = found.strengths
        self.alpha_, self.log_evidence_ = self._as_given(found.alpha), found.log_evidence
        self.noise_variance_ = self._as_given(found.noise_variance * prepared.y_scale**2)
        raw = prepared.in_raw_units(found.weight)
        for name in ("coef_", "intercept_"):
            vars(self).pop(name, None)  # those of an earlier fit
        if raw is not None:
            order_in = self._order[0]
            columns = slice(None) if order_in is None else order_in
            # Columns that are left out count for nothing.
            self.coef_ = np.zeros((len(raw[0]), self.n_features_in_), raw[0].dtype)
            self.coef_[:, columns] = self._as_given(raw[0])
            self.intercept_ = self._as_given(raw[1])

    def _as_given(self, values: NDArray) -> NDArray:
        """Rows by output, in the order of the user's columns of y."""
        order_out = self._order[1]
        return values if order_out is None else values[np.argsort(order_out)]

    def _predict_ordered(self, rows: NDArray) -> NDArray:
        return self._prepared.predict(rows, self._weight)

    def _residuals(self) -> dict[str, float]:
        rep_in, rep_out = with_bias(self._prepared.rep_features), self._prepared.rep_target
        total = float(np.sum(self._weight**2))
        return {
            label: float(
                np.sum(EquivariantProjector(group, rep_in, rep_out).residual(self._weight) ** 2)
                / total
            )
            if total > 0
            else 0.0
            for label, group in self.groups_.items()
        }
