"""Which symmetries data have: with any fitted regressor, or with none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from sksofteq.candidates import Candidates
from sksofteq.discovery import process_tests
from sksofteq.metrics._report import as_frame
from sksofteq.metrics._rows import (
    at_least_one,
    candidates_view,
    check_row_groups,
    checked,
    class_columns,
    classifies,
    predictor,
)
from sksofteq.metrics._verdicts import LEAVES_DATA, Findings, root_mean_square
from sksofteq.orbits import (
    REACH_AUC,
    OrbitTest,
    orbit_auc,
    orbit_test,
    repeated_rows,
    sample_elements,
)
from sksofteq.reps import Representation
from sksofteq.standardisation import mean_and_scale

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: Columns of a table of tests, and those that `detail` adds.
COLUMNS = ["delta", "standard_error", "z", "support", "verdict"]
DETAIL = ["support_low", "support_high", "implied", "reason"]


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
    detail: bool = False,
) -> pd.DataFrame:
    """Test which candidate symmetries held-out data have, with any fitted regressor.

    For a candidate G, f_G(x) is the mean over sampled g of rho_out(g)^-1 f(rho_in(g) x). If G
    holds, averaging only removes variance and the loss of f_G is below that of f; if G is broken
    it adds bias. Losses are compared row by row; nothing is trained again. A negative z says
    that averaging pays with this model at this sample size, not that the symmetry is exact.

    Parameters
    ----------
    estimator_or_predict : object with `predict`, or callable
        Any fitted regressor, classifier or pipeline, or a function from X to predictions. Of a
        classifier the probabilities are tested, against 1 for the class and 0 for others.
    X : array-like or DataFrame of shape (n_samples, n_features)
        Rows that the estimator was **not** fitted on.
    y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
        Their targets, in the order of the predictions, or their labels.
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
    detail : bool, default=False
        Also support_low, support_high, implied and reason, as in a symmetry report.

    Returns
    -------
    table : DataFrame indexed by the candidates in the order given
        Columns delta (change of the standardised mean squared error), standard_error, z,
        support (Phi(-z); 0.5 where nothing can be told) and verdict ("holds", "approximate",
        "broken", "cannot tell"). "approximate" with a small |z| can also mean that the rows are
        too few to decide. A candidate that lies within one that holds, holds as well, with the
        latter's support if that is higher; delta, standard_error and z stay its own. Fewer than
        10 rows, or groups of rows, tell nothing (rows that repeat count once), and neither do
        predictions that are no better than a constant, beyond chance. With `detail` also
        support_low and support_high (support with z moved by 1.645 either way), implied (whether
        a candidate that holds contains this one) and reason (a sentence).

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
    if classifies(estimator_or_predict):
        y = class_columns(estimator_or_predict, y)
    frame, y, candidates = checked(X, y, symmetries, rep_in, rep_out, spaces)
    predict = predictor(estimator_or_predict, frame, n_outputs=y.shape[1])
    rows, predict = candidates_view(candidates, frame.values, predict)
    together = check_row_groups(groups, len(y))
    tests, reachable = orbit_tests(
        predict,
        rows,
        y,
        candidates,
        n_elements=at_least_one(n_elements),
        random_state=check_random_state(random_state),
        rows_together=together,
    )
    findings = _findings(tests, reachable, y, candidates, together is not None)
    return as_table(findings, detail)


def find_symmetries(
    X: ArrayLike,
    y: ArrayLike,
    symmetries: Any,
    rep_in: str | Representation | Mapping,
    rep_out: str | Representation | Mapping | None = None,
    *,
    spaces: Mapping[str, int] | None = None,
    groups: ArrayLike | None = None,
    n_elements: int = 16,
    random_state: Any = None,
    detail: bool = False,
) -> pd.DataFrame:
    """Test which candidate symmetries data have, without a model of yours.

    An isotropic Gaussian process is fitted to at most 1000 of the rows and predicts each of them
    without having seen it, in closed form; the test is that of `symmetry_test`, its predictions
    compared with their averages over the candidate's orbit. None of these rows are set aside.
    Translations and scalings are tested by a process that sees rows from their frame; of other
    groups that stretch, such as boosts, only elements that keep rows within the data are used.
    Breaks as large as the process's own error are found; smaller ones are not.

    **Costs** a second or two for 500 rows. **Prefer it** as a first look at a table; where the
    process predicts badly (many columns, jumps), `symmetry_test` with a better regressor sees
    smaller breaks.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_samples, n_features)
    y : array-like or DataFrame of shape (n_samples,) or (n_samples, n_outputs)
    symmetries : sequence or mapping of group names or groups
        The candidates.
    rep_in : str, Representation or mapping
        What the columns of X mean.
    rep_out : str, Representation or mapping, default=None
        What the columns of y mean; None for scalars. A mapping needs y as a DataFrame.
    spaces : mapping of str to int, default=None
        Dimension of each named space.
    groups : array-like of shape (n_samples,), default=None
        Rows with one value belong together (one trial, one person): they are left out together,
        and standard errors are taken over groups.
    n_elements : int, default=16
        Group elements per candidate.
    random_state : int, RandomState instance or None, default=None
        Seed of the group elements, and of the rows where there are more than 1000.
    detail : bool, default=False
        Also support_low, support_high, implied and reason, as in a symmetry report.

    Returns
    -------
    table : DataFrame indexed by the candidates in the order given
        As that of `symmetry_test`.

    Examples
    --------
    >>> import numpy as np
    >>> from sksofteq import find_symmetries
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> y = np.linalg.norm(X, axis=1)
    >>> find_symmetries(X, y, ("SO(3)", "Scaling(3)"), "vector", random_state=0).verdict
    SO(3)          holds
    Scaling(3)    broken
    Name: verdict, dtype: ...

    A candidate that lies within another one holds with it:

    >>> names = ("SO(3)", "SO(2)@x,y")
    >>> table = find_symmetries(X, y, names, "vector", random_state=0, detail=True)
    >>> table.reason["SO(2)@x,y"]
    'SO(3) holds and contains it'
    """
    frame, y, candidates = checked(X, y, symmetries, rep_in, rep_out, spaces)
    order = candidates.order_in
    together = check_row_groups(groups, len(y))
    tests, reachable = process_tests(
        frame.values if order is None else frame.values[:, order],
        y,
        candidates,
        together=together,
        n_elements=at_least_one(n_elements),
        random_state=check_random_state(random_state),
    )
    findings = _findings(tests, reachable, y, candidates, together is not None)
    return as_table(findings, detail)


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
    mean, scale = mean_and_scale(y, candidates.rep_out, list(candidates.groups.values()))
    rep_in, rep_out = candidates.rep_in, candidates.rep_out
    units = repeated_rows(X) if rows_together is None else rows_together
    tests, reachable = {}, {}
    for label, group in candidates.groups.items():
        elements = sample_elements(group, n_elements, X, rep_in, random_state)
        tests[label] = orbit_test(predict, X, y, scale, elements, rep_in, rep_out, units, mean)
        auc = orbit_auc(X, group, rep_in, random_state)
        reachable[label] = auc < REACH_AUC
    return tests, reachable


def _findings(
    tests: Mapping[str, OrbitTest],
    reachable: Mapping[str, bool],
    y: NDArray,
    candidates: Candidates,
    grouped: bool,
) -> Findings:
    _, scale = mean_and_scale(y, candidates.rep_out, list(candidates.groups.values()))
    untestable = {label: LEAVES_DATA for label, inside in reachable.items() if not inside}
    return Findings(tests, candidates, root_mean_square(scale), untestable, grouped)


def as_table(findings: Findings, detail: bool) -> pd.DataFrame:
    """What was found, a row per candidate."""
    rows = {
        label: vars(findings.tests[label]) | vars(judged)
        for label, judged in findings.judgements().items()
    }
    return as_frame(rows, COLUMNS + DETAIL if detail else COLUMNS)
