"""Cosine similarity of vectors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from sksofteq.datasets._checks import check_number, check_size

_CANDIDATES = ("SO(3)", "Scaling(3)")


def make_cosine_similarity(
    n_samples: int = 1000,
    *,
    n_vectors: int = 3,
    broken: Sequence[str] = ("Scaling(3)",),
    symmetry_break: float = 1.0,
    noise: float = 0.0,
    random_state: Any = None,
    return_truth: bool = False,
) -> tuple:
    """Make the mean cosine of neighbouring vectors, which rotations and scalings leave alone.

    The vectors are standard normal; neighbours are (1, 2), (2, 3), ..., (k, 1). Subtracting the
    mean length breaks scaling; subtracting the 1-norm of the first vector over the sum of those
    of the others breaks rotations, mildly: a few percent of the variance (arXiv 2306.00356).

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    n_vectors : int, default=3
        Number k of vectors, at least 2.
    broken : sequence of {"SO(3)", "Scaling(3)"}, default=("Scaling(3)",)
        What the target breaks; () for neither.
    symmetry_break : float, default=1.0
        Multiplies the terms that break.
    noise : float, default=0.0
        Standard deviation of Gaussian noise on the target.
    random_state : int, RandomState instance or None, default=None
        Seed.
    return_truth : bool, default=False
        Whether to return what holds, too.

    Returns
    -------
    X : ndarray of shape (n_samples, 3 * n_vectors)
        ``rep_in="3*vector"``.
    y : ndarray of shape (n_samples,)
        ``rep_out="scalar"``.
    truth : dict of str to float
        Size of the break of each candidate, 0 where it holds. Only if `return_truth`.

    Examples
    --------
    >>> from sksofteq.datasets import make_cosine_similarity
    >>> X, y, truth = make_cosine_similarity(10, random_state=0, return_truth=True)
    >>> X.shape, y.shape, truth
    ((10, 9), (10,), {'SO(3)': 0.0, 'Scaling(3)': 1.0})
    """
    n_samples = check_size("n_samples", n_samples)
    n_vectors = check_size("n_vectors", n_vectors, minimum=2)
    check_number("noise", noise, minimum=0.0)
    check_number("symmetry_break", symmetry_break)
    _check_broken(broken)
    rng = check_random_state(random_state)
    vectors = rng.standard_normal((n_samples, n_vectors, 3))
    lengths = np.linalg.norm(vectors, axis=2)
    directions = vectors / lengths[:, :, None]
    y = np.einsum("nki,nki->nk", directions, np.roll(directions, -1, axis=1)).mean(axis=1)
    if "Scaling(3)" in broken:
        y = y - symmetry_break * lengths.mean(axis=1)
    if "SO(3)" in broken:
        norms = np.abs(vectors).sum(axis=2)
        y = y - symmetry_break * norms[:, 0] / norms[:, 1:].sum(axis=1)
    y = y + noise * rng.standard_normal(n_samples)
    X = vectors.reshape(n_samples, -1)
    size = abs(float(symmetry_break))
    truth = {name: size if name in broken else 0.0 for name in _CANDIDATES}
    return (X, y, truth) if return_truth else (X, y)


def _check_broken(broken: object) -> None:
    names = broken if isinstance(broken, Collection) and not isinstance(broken, str) else None
    if names is None or any(name not in _CANDIDATES for name in names):
        raise ValueError(f"broken must be a sequence of names from {_CANDIDATES}, got {broken!r}.")
