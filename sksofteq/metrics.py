"""How equivariant a predictor is, and which symmetries data have: for any regressor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_consistent_length

from sksofteq.candidates import Candidates, parse_candidate, resolve_candidates
from sksofteq.groups import MatrixGroup
from sksofteq.orbits import (
    REACH_AUC,
    OrbitTest,
    orbit_auc,
    orbit_test,
    sample_elements,
)
from sksofteq.reps import Representation, is_integer
from sksofteq.standardisation import mean_and_scale

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: |z| beyond which the orbit-average test speaks (one-sided 5 percent).
CRITICAL_Z = 1.645
#: A predictor that changes by less than this share of the target's variance along an orbit has
#: an approximate symmetry, even where the test finds it broken.
SMALL_BREAK = 0.05
#: Columns of the report of a fit.
REPORT_COLUMNS = ["strength", "residual", "equivariance_error", "support", "verdict"]


def equivariance_error(
    estimator_or_predict: Any,
    X: ArrayLike,
    group: str | MatrixGroup,
    rep_in: str | Representation | Mapping,
    rep_out: str | Representation | None = None,
    *,
    spaces: Mapping[str, int] | None = None,
    n_elements: int = 8,
    relative_to: str = "norm",
    random_state: Any = None,
) -> float:
    """Return how far a predictor is from equivariant on data.

    The mean over rows x and group elements g of
    |f(rho_in(g) x) - rho_out(g) f(x)| / (|f(rho_in(g) x)| + |rho_out(g) f(x)|), with 0/0 = 0.

    Parameters
    ----------
    estimator_or_predict : object with `predict`, or callable
        Any fitted regressor or pipeline, or a function from X to predictions.
    X : array-like or DataFrame of shape (n_samples, n_features)
        Where to look.
    group : str or MatrixGroup
        The candidate.
    rep_in : str, Representation or mapping
        What the columns of X mean.
    rep_out : str or Representation, default=None
        What the predictions mean; None for scalars. They have no names, so a mapping is an error.
    spaces : mapping of str to int, default=None
        Dimension of each named space.
    n_elements : int, default=8
        Number of group elements.
    relative_to : {"norm", "deviation"}, default="norm"
        With "deviation" the root mean square of the difference over the standard deviation of
        f(X), which a large constant cannot hide.
    random_state : int, RandomState instance or None, default=None
        Seed of the group elements.

    Returns
    -------
    error : float
        In [0, 1] for "norm".

    Examples
    --------
    >>> import numpy as np
    >>> from sksofteq import equivariance_error
    >>> X = np.random.default_rng(0).normal(size=(20, 3))
    >>> lengths = lambda X: np.linalg.norm(X, axis=1)
    >>> equivariance_error(lengths, X, "SO(3)", "vector", random_state=0) < 1e-12
    True
    >>> heights = lambda X: X[:, 2]
    >>> equivariance_error(heights, X, "SO(3)", "vector", random_state=0) > 0.3
    True
    """
    if relative_to not in ("norm", "deviation"):
        raise ValueError(f"relative_to must be 'norm' or 'deviation', got {relative_to!r}.")
    if isinstance(rep_out, Mapping):
        raise ValueError(
            "rep_out must be a string or a Representation, as predictions have no names, got "
            f"{rep_out!r}."
        )
    label = str(group)
    frame = _Rows(X)
    predict = _predictor(estimator_or_predict, frame)
    at_rest = predict(frame.values)
    candidates = frame.candidates(
        {label: parse_candidate(group, "group")}, rep_in, rep_out, at_rest.shape[1], spaces
    )
    rows, f = candidates_view(candidates, frame.values, predict)
    elements = sample_elements(
        candidates.groups[label],
        _at_least_one(n_elements),
        rows,
        candidates.rep_in,
        check_random_state(random_state),
    )
    return mean_equivariance_error(
        f, rows, elements, candidates.rep_in, candidates.rep_out, relative_to
    )


def mean_equivariance_error(
    predict: Callable[[NDArray], NDArray],
    X: NDArray,
    elements: list[Mapping[str | None, NDArray]],
    rep_in: Representation,
    rep_out: Representation,
    relative_to: str = "norm",
) -> float:
    """`equivariance_error` for rows in the representation's order and given elements."""
    at_rest = predict(X)
    predicted = predict(np.concatenate([rep_in.transform(X, g) for g in elements]))
    predicted = predicted.reshape(len(elements), len(X), -1)
    turned = np.stack([rep_out.transform(at_rest, g) for g in elements])
    gap = np.linalg.norm(predicted - turned, axis=2)
    if relative_to == "deviation":
        spread = np.sqrt(at_rest.var(axis=0).sum())
        size = np.sqrt((gap**2).mean())
        return float(size / spread) if spread > 0 else float(0.0 if size == 0 else np.inf)
    total = np.linalg.norm(predicted, axis=2) + np.linalg.norm(turned, axis=2)
    return float(np.divide(gap, total, out=np.zeros_like(gap), where=total > 0).mean())


def symmetry_test(
    estimator_or_predict: Any,
    X: ArrayLike,
    y: ArrayLike,
    symmetries: Any,
    rep_in: str | Representation | Mapping,
    rep_out: str | Representation | Mapping | None = None,
    *,
    spaces: Mapping[str, int] | None = None,
    groups: ArrayLike | None = None,
    n_elements: int = 24,
    random_state: Any = None,
) -> pd.DataFrame:
    """Test which candidate symmetries held-out data have, with any fitted regressor.

    For a candidate G, f_G(x) is the mean over sampled g of rho_out(g)^-1 f(rho_in(g) x). If G
    holds, averaging only removes variance and the loss of f_G is below that of f; if G is broken
    it adds bias. Losses are compared row by row; nothing is trained again. A negative z says
    that averaging pays with this model at this sample size, not that the symmetry is exact.

    Parameters
    ----------
    estimator_or_predict : object with `predict`, or callable
        Any fitted regressor or pipeline, or a function from X to predictions.
    X : array-like or DataFrame of shape (n_samples, n_features)
        Rows that the regressor was **not** fitted on.
    y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
        Their targets, in the order of the predictions.
    symmetries : sequence or mapping of group names or groups
        The candidates.
    rep_in : str, Representation or mapping
        What the columns of X mean.
    rep_out : str, Representation or mapping, default=None
        What the columns of y mean; None for scalars. A mapping needs y as a DataFrame.
    spaces : mapping of str to int, default=None
        Dimension of each named space.
    groups : array-like of shape (n_samples,), default=None
        Rows with one value are correlated (one trial, one person): standard errors are taken
        over groups.
    n_elements : int, default=24
        Group elements per candidate.
    random_state : int, RandomState instance or None, default=None
        Seed of the group elements.

    Returns
    -------
    table : DataFrame indexed by the candidates in the order given
        Columns delta (change of the standardised mean squared error), standard_error, z,
        support (Phi(-z); 0.5 where nothing can be told) and verdict ("holds", "approximate",
        "broken", "cannot tell"). "approximate" with a small |z| can also mean that the rows are
        too few to decide.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from sksofteq import symmetry_test
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(600, 3))
    >>> y = np.linalg.norm(X, axis=1)
    >>> model = KNeighborsRegressor().fit(X[:300], y[:300])
    >>> symmetry_test(model, X[300:], y[300:], ("SO(3)",), "vector", random_state=0).verdict
    SO(3)    holds
    Name: verdict, dtype: ...
    """
    frame = _Rows(X)
    names_out = list(y.columns) if isinstance(y, pd.DataFrame) else None
    y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
    check_consistent_length(frame.values, y)
    y = y.reshape(len(y), -1)
    candidates = frame.candidates(symmetries, rep_in, rep_out, y.shape[1], spaces, names_out)
    if candidates.order_out is not None:
        y = y[:, candidates.order_out]
    rows, predict = candidates_view(
        candidates, frame.values, _predictor(estimator_or_predict, frame)
    )
    tests, reachable = orbit_tests(
        predict,
        rows,
        y,
        candidates,
        n_elements=_at_least_one(n_elements),
        random_state=check_random_state(random_state),
        rows_together=check_row_groups(groups, len(y)),
    )
    table = pd.DataFrame(
        [
            (test.delta, test.standard_error, test.z, *judge(test, reachable[label]))
            for label, test in tests.items()
        ],
        columns=["delta", "standard_error", "z", "support", "verdict"],
        index=pd.Index(list(tests), dtype=object),
    )
    return table


def orbit_tests(
    predict: Callable[[NDArray], NDArray],
    X: NDArray,
    y: NDArray,
    candidates: Candidates,
    *,
    n_elements: int,
    random_state: np.random.RandomState,
    rows_together: NDArray | None = None,
) -> tuple[dict[str, OrbitTest], dict[str, bool]]:
    """Orbit-average tests by label, and whether each orbit stays within the data.

    X and y are in the order of the representations.
    """
    _, scale = mean_and_scale(y, candidates.rep_out, list(candidates.groups.values()))
    rep_in, rep_out = candidates.rep_in, candidates.rep_out
    tests, reachable = {}, {}
    for label, group in candidates.groups.items():
        elements = sample_elements(group, n_elements, X, rep_in, random_state)
        tests[label] = orbit_test(predict, X, y, scale, elements, rep_in, rep_out, rows_together)
        auc = orbit_auc(X, group, rep_in, random_state)
        reachable[label] = auc < REACH_AUC
    return tests, reachable


def judge(test: OrbitTest, reachable: bool) -> tuple[float, str]:
    """Return (support, verdict) of one test; support is 0.5 where nothing can be told.

    "approximate" says that the test does not settle it, for one of two reasons: |z| below
    `CRITICAL_Z`, so that the break is too small for these rows to see *or* the rows are too few
    to decide (the test has no power; more held-out rows may turn it into "holds" or "broken");
    or z above it although the predictor hardly changes along the orbit (`SMALL_BREAK`).

    Parameters
    ----------
    test : OrbitTest
    reachable : bool
        Whether the orbit stays within the data.

    Returns
    -------
    support : float
    verdict : {"holds", "approximate", "broken", "cannot tell"}
    """
    if not reachable or test.z == 0.0 or not np.isfinite(test.z):
        return 0.5, "cannot tell"
    if test.z <= -CRITICAL_Z:
        return test.support, "holds"
    if test.z >= CRITICAL_Z and test.size >= SMALL_BREAK:
        return test.support, "broken"
    return test.support, "approximate"


def build_report(
    strengths: Mapping[str, float],
    residuals: Mapping[str, float],
    errors: Mapping[str, float],
    tests: Mapping[str, OrbitTest],
    untestable: set[str],
) -> pd.DataFrame:
    """Return the report of a fit, a row per candidate.

    Parameters
    ----------
    strengths, residuals, errors : mapping of str to float
        By candidate.
    tests : mapping of str to OrbitTest
        Outcome of the orbit-average test on held-out rows.
    untestable : set of str
        Candidates whose orbit leaves the data.
    """
    rows = {
        label: (
            strengths[label],
            float(residuals[label]),
            errors[label],
            *judge(tests[label], label not in untestable),
        )
        for label in strengths
    }
    report = pd.DataFrame(
        list(rows.values()), columns=REPORT_COLUMNS, index=pd.Index(list(rows), dtype=object)
    )
    return report.astype(dict.fromkeys(REPORT_COLUMNS[:-1], float))


def candidates_view(
    candidates: Candidates, X: NDArray, predict: Callable[[NDArray], NDArray]
) -> tuple[NDArray, Callable[[NDArray], NDArray]]:
    """Rows and predictor with columns in the order of the representations."""
    order_in, order_out = candidates.order_in, candidates.order_out
    if order_in is None and order_out is None:
        return X, predict
    rows = X if order_in is None else X[:, order_in]
    back = None if order_in is None else np.argsort(order_in)

    def view(rows: NDArray) -> NDArray:
        predicted = predict(rows if back is None else rows[:, back])
        return predicted if order_out is None else predicted[:, order_out]

    return rows, view


class _Rows:
    """A table as an array, and how to give an array back to a model that wants the table."""

    def __init__(self, X: ArrayLike) -> None:
        self.columns = X.columns if isinstance(X, pd.DataFrame) else None
        self.values = check_array(X, dtype=(np.float64, np.float32), input_name="X")

    def wrap(self, values: NDArray) -> NDArray | pd.DataFrame:
        return values if self.columns is None else pd.DataFrame(values, columns=self.columns)

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
            names=None if self.columns is None else list(self.columns),
            names_out=names_out,
        )


def _predictor(estimator_or_predict: Any, frame: _Rows) -> Callable[[NDArray], NDArray]:
    function = getattr(estimator_or_predict, "predict", estimator_or_predict)
    if not callable(function):
        raise TypeError(
            "estimator_or_predict must have a predict method or be callable, got "
            f"{estimator_or_predict!r}."
        )

    def predict(values: NDArray) -> NDArray:
        return np.asarray(function(frame.wrap(values))).reshape(len(values), -1)

    return predict


def check_row_groups(groups: ArrayLike | None, n_samples: int) -> NDArray | None:
    """Return the groups of rows as an array, None as it is.

    Raises
    ------
    ValueError
        If there is not one value per row.
    """
    if groups is None:
        return None
    values = np.asarray(groups)
    if values.shape != (n_samples,):
        raise ValueError(
            f"groups must hold one value per row of X, so have shape ({n_samples},), got shape "
            f"{values.shape}."
        )
    return values


def _at_least_one(n_elements: int) -> int:
    if not is_integer(n_elements, minimum=1):
        raise ValueError(f"n_elements must be a positive integer, got {n_elements!r}.")
    return int(n_elements)
