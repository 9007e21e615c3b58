"""How far from equivariant a predictor is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import check_random_state

from sksofteq.candidates import parse_candidate
from sksofteq.groups import MatrixGroup
from sksofteq.metrics._rows import UserRows, at_least_one, candidates_view, predictor
from sksofteq.orbits import sample_elements
from sksofteq.reps import Representation

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


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
        Any fitted regressor or pipeline, or a function from X to predictions; of a classifier its
        probabilities count.
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
    frame = UserRows(X, rep_in)
    predict = predictor(estimator_or_predict, frame)
    at_rest = predict(frame.values)
    candidates = frame.candidates(
        {label: parse_candidate(group, "group")}, rep_in, rep_out, at_rest.shape[1], spaces
    )
    rows, f = candidates_view(candidates, frame.values, predict)
    elements = sample_elements(
        candidates.groups[label],
        at_least_one(n_elements),
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
