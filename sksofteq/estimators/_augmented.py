"""Augmentation and averaging with candidate symmetries, around any regressor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval

from sksofteq.candidates import Candidates
from sksofteq.estimators._checks import check_hidden_sizes
from sksofteq.estimators._docs import with_shared_docs
from sksofteq.estimators._moves import move_rows
from sksofteq.estimators._soft_equivariant import SoftEquivariantRegressor
from sksofteq.estimators._table import Table
from sksofteq.estimators._wrapped import WrappedRegressor
from sksofteq.groups import MatrixGroup, enumerate_elements
from sksofteq.orbits import Element, orbit_average, sample_products
from sksofteq.reps import Scalar

if TYPE_CHECKING:
    from numpy.typing import NDArray


@with_shared_docs
class AugmentedRegressor(WrappedRegressor):
    """Any regressor, fitted on rows moved by the candidates too, its predictions averaged or not.

    Copies of the rows, moved by random elements of the candidates, are added to the rows as they
    are. With `average`, predictions are the group average
    f_G(x) = mean over g of rho_out(g)^-1 f(rho_in(g) x).

    **Assumes** that every candidate holds; a broken one makes the rows contradict each other.
    **Costs** a fit on ``1 + n_copies`` times the rows, and, averaged, `n_elements` times the
    predictions. **Prefer it** as the baseline that every other treatment of a symmetry has to
    beat, with regressors that know none, and where the group is finite and small: averaging is
    exact there. It learns a symmetry only near the data, and never exactly without averaging.

    Parameters
    ----------
    estimator : regressor, default=None
        The inner estimator; None is a plain network, ``SoftEquivariantRegressor()``. It gets
        arrays, with the columns in the order of `rep_in`.
    <candidates>
    n_copies : int, default=8
        Moved copies that are added to the rows; with 0 nothing is augmented. The rows of a copy
        are dealt into up to 32 parts, each moved by a product of one element of every candidate.
    average : bool, default=False
        Whether predictions are averaged over group elements.
    n_elements : int, default=8
        Elements that predictions are averaged over. All elements are used, and the average is
        exact, where the candidates generate a finite group of at most so many, such as
        ``"Dihedral(4)@x,y"`` with its 8; else it is a sample, drawn once in `fit`, whose
        equivariance error falls as 1 / sqrt(n_elements).
    random_state : int, RandomState instance or None, default=None
        Seed of the elements, and of the inner estimator wherever that has none of its own.

    Attributes
    ----------
    estimator_ : regressor
        The fitted inner estimator.
    regularizer_strengths_ : dict of str to float
        By candidate: ``inf`` where the average is exact, else 0.
    equivariance_errors_ : dict of str to float
        Equivariance error of the predictions by candidate, on training rows.
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
    FrameAveragingRegressor : Exact for rotations and translations, with few copies.
    SoftEquivariantRegressor : Finds out which candidates hold.

    Notes
    -----
    A `SoftEquivariantRegressor` without candidates of its own is given no copies: elements are
    drawn anew in every epoch, and it sees no row unmoved. It gets the candidates with strengths 0
    for that, and its widths w become the features ``"w*scalar"``, so that its layers stay those of
    the plain network; its own `strengths` and `augment` do not count. Standardisation breaks no
    candidate, and points that a candidate translates are given relative to their centroid, which
    is an input of its own.

    The copies of a row are told to an inner estimator whose `fit` takes ``groups``. One that
    splits rows for itself and does not, such as a search over its parameters, finds its validation
    rows among its training rows: search around this estimator instead.

    References
    ----------
    Chen, Dobriban, Lee: A Group-Theoretic Framework for Data Augmentation, JMLR 2020
    (arXiv 1907.10905). Elesedy, Zaidi: Provably Strict Generalisation Benefit for Equivariant
    Models, ICML 2021 (arXiv 2102.10333), on averages.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from sksofteq import AugmentedRegressor
    >>> X = np.random.default_rng(0).normal(size=(300, 3))
    >>> y = X[:, 0] ** 2 + X[:, 1] ** 2 + X[:, 2]
    >>> model = AugmentedRegressor(
    ...     KNeighborsRegressor(), ("Dihedral(4)@x,y",), rep_in="vector", average=True,
    ...     random_state=0)
    >>> model.fit(X[:100], y[:100]).equivariance_errors_["Dihedral(4)@x,y"] < 1e-12
    True
    >>> plain = KNeighborsRegressor().fit(X[:100], y[:100])
    >>> bool(model.score(X[100:], y[100:]) > plain.score(X[100:], y[100:]))
    True
    """

    _parameter_constraints: dict = {  # noqa: RUF012 - scikit-learn's convention
        **WrappedRegressor._parameter_constraints,
        "n_copies": [Interval(Integral, 0, None, closed="left")],
        "average": ["boolean"],
        "n_elements": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Any = None,
        symmetries: Any = None,
        *,
        rep_in: Any = None,
        rep_out: Any = None,
        spaces: Mapping[str, int] | None = None,
        n_copies: int = 8,
        average: bool = False,
        n_elements: int = 8,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            estimator,
            symmetries,
            rep_in=rep_in,
            rep_out=rep_out,
            spaces=spaces,
            random_state=random_state,
        )
        self.n_copies = n_copies
        self.average = average
        self.n_elements = n_elements

    def _prepare(
        self, inner: BaseEstimator, table: Table, random_state: np.random.RandomState
    ) -> tuple[BaseEstimator, Table]:
        self._elements, self._exact = [], False
        if self.average:
            self._elements, self._exact = _choose_elements(table, self.n_elements, random_state)
        if not self.n_copies:
            return inner, table
        if isinstance(inner, SoftEquivariantRegressor) and not inner.symmetries:
            return _moving_in_every_epoch(inner, table.candidates), table
        return inner, _with_copies(table, self.n_copies, random_state)

    def _predict_rows(self, rows: NDArray) -> NDArray:
        if not self._elements:
            return self._predict_inner(rows)
        return orbit_average(
            self._predict_inner, rows, self._elements, self.rep_in_, self.rep_out_
        )

    @property
    def _is_equivariant(self) -> bool:
        return self._exact


def _moving_in_every_epoch(
    inner: SoftEquivariantRegressor, candidates: Candidates
) -> SoftEquivariantRegressor:
    """The network, set to move its rows by the candidates while it trains."""
    inner._validate_params()
    sizes = check_hidden_sizes(inner.hidden_layer_sizes, candidates.rep_in.dims)
    return inner.set_params(
        # A scaling moves the rows; its frame would change what the network reads.
        symmetries={label: group.without_frame() for label, group in candidates.groups.items()},
        rep_in=candidates.rep_in,
        rep_out=candidates.rep_out,
        spaces=None,
        strengths=0.0,
        augment=list(candidates.groups),  # True would mean those with a strength
        hidden_layer_sizes=[size * Scalar if isinstance(size, int) else size for size in sizes],
    )


def _with_copies(table: Table, n_copies: int, random_state: np.random.RandomState) -> Table:
    """The rows, followed by moved copies of them."""
    groups = list(table.candidates.groups.values())
    copies = [table, *(move_rows(table, groups, random_state) for _ in range(n_copies))]
    return replace(
        table,
        X=np.concatenate([copy.X for copy in copies]),
        y=np.concatenate([copy.y for copy in copies]),
        weight=np.tile(table.weight, len(copies)),
    )


def _choose_elements(
    table: Table, n_elements: int, random_state: np.random.RandomState
) -> tuple[list[Element], bool]:
    """What to average over: all elements if there are few enough, else a sample; whether all."""
    candidates = table.candidates
    groups = list(candidates.groups.values())
    found = _all_elements(groups, n_elements)
    if found is not None:
        return found, True
    return sample_products(groups, n_elements, table.X, candidates.rep_in, random_state), False


def _all_elements(groups: Sequence[MatrixGroup], limit: int) -> list[Element] | None:
    """The elements of the group that all candidates generate; None if more than `limit`."""
    if any(group.affine for group in groups):  # translations, which no finite group has
        return None
    found = enumerate_elements(_joint_actions(groups), limit)
    if found is None:
        return None
    n_found = len(next(iter(found.values())))
    return [{name: matrices[i] for name, matrices in found.items()} for i in range(n_found)]


def _joint_actions(
    groups: Sequence[MatrixGroup],
) -> dict[str | None, tuple[NDArray, NDArray]]:
    """The generators of all groups, the identity on spaces that a group leaves alone."""
    sizes = {name: dim for group in groups for name, dim in group.spaces.items()}
    joint = {}
    for name, dim in sizes.items():
        parts = []
        for group in groups:
            lie, discrete = next(iter(group.actions.values()))
            still = np.zeros((len(lie), dim, dim)), np.tile(np.eye(dim), (len(discrete), 1, 1))
            parts.append(group.actions.get(name, still))
        joint[name] = tuple(np.concatenate(generators) for generators in zip(*parts, strict=True))
    return joint
