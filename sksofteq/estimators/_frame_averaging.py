"""Frame averaging around any regressor: equivariance to rotations by construction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator

from sksofteq.estimators._docs import with_shared_docs
from sksofteq.estimators._frames_of_rows import RowFrames
from sksofteq.estimators._table import Table
from sksofteq.estimators._wrapped import WrappedRegressor

if TYPE_CHECKING:
    from numpy.typing import NDArray


@with_shared_docs
class FrameAveragingRegressor(WrappedRegressor):
    """Any regressor, made equivariant to rotations, reflections and translations by frames.

    Every row x has a frame: the eigenvectors of the second moments of its own vectors, the
    eigenvalues ascending, with points taken relative to their centroid under translations. The
    signs of eigenvectors are open, which leaves a set F(x) of frames: 2^k for O(k), 2^(k-1) for
    SO(k). The prediction is the mean over g in F(x) of rho_out(g) f(rho_in(g)^-1 x), and the
    inner regressor f is fitted on the training rows in all their frames.

    **Assumes** that every candidate holds exactly, and that the eigenvalues of a row's moments
    differ: predictions are equivariant up to rounding then. **Costs** |F| times the rows in
    `fit` and |F| times the predictions, 4 for SO(3), 8 for O(3). **Prefer it** when a rotation is
    sure to hold and the inner regressor is the right one for the data, such as a forest or
    nearest neighbours: those cannot be made equivariant through their weights.

    Parameters
    ----------
    estimator : regressor, default=None
        The inner estimator; None is a plain network, ``SoftEquivariantRegressor()``. It gets
        arrays, with the columns in the order of `rep_in`.
    symmetries : sequence or mapping of group names or groups, default=None
        The candidates: SO(n), O(n), SE(n), E(n), Translation(n) or Reflection(n) on a space
        (``"SO(3)"``, ``"SO(3) on xyz"``) or on some of its axes (``"O(2)@x,y"``). No two of them
        may turn one axis. A mapping gives them labels. Without candidates this is the inner
        estimator.
    <representations>
    random_state : int, RandomState instance or None, default=None
        Seed of the inner estimator wherever that has none of its own, and of the elements that
        measure errors.

    Attributes
    ----------
    estimator_ : regressor
        The fitted inner estimator; it expects rows in their frames.
    regularizer_strengths_ : dict of str to float
        ``inf`` for every candidate: equivariant by construction.
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
    AugmentedRegressor : For any group, and only roughly equivariant, unless the group is small.
    EquivariantRegressor : A network that is equivariant for any group, without frames.

    Notes
    -----
    The moments are M(x) = sum v v^T over the vectors of the space in x, those along every axis of
    a tensor included, each tensor standardised so that units do not matter.

    Where eigenvalues of a row coincide its frame is arbitrary. If they are zero, x does not reach
    those axes and is itself invariant under turning them, as is a single vector under turns about
    itself: scalar and vector outputs are still exact, as the mean over signs removes what the
    frame leaves open, tensor outputs are not. If they are not zero, as for the corners of a
    square, no output is exact. `equivariance_errors_` tells.

    The frame jumps where two eigenvalues cross, and the prediction with it: f has to learn both
    sides. Rows near such a crossing are predicted worse than others.

    The copies of a row are told to an inner estimator whose `fit` takes ``groups``. One that
    splits rows for itself and does not, such as a search over its parameters, finds its validation
    rows among its training rows: search around this estimator instead.

    References
    ----------
    Puny, Atzmon, Ben-Hamu, Misra, Grover, Smith, Lipman: Frame Averaging for Invariant and
    Equivariant Network Design, ICLR 2022 (arXiv 2110.03336).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from sksofteq import FrameAveragingRegressor
    >>> X = np.random.default_rng(0).normal(size=(300, 6))
    >>> y = np.cross(X[:, :3], X[:, 3:])
    >>> model = FrameAveragingRegressor(
    ...     KNeighborsRegressor(), ("SO(3)",), rep_in="2*vector", rep_out="vector")
    >>> model.fit(X[:100], y[:100]).equivariance_errors_["SO(3)"] < 1e-10
    True
    >>> plain = KNeighborsRegressor().fit(X[:100], y[:100])
    >>> bool(model.score(X[100:], y[100:]) > plain.score(X[100:], y[100:]))
    True
    """

    _is_equivariant = True

    def _prepare(
        self, inner: BaseEstimator, table: Table, random_state: np.random.RandomState
    ) -> tuple[BaseEstimator, Table]:
        self._frames = frames = RowFrames(table.candidates, table.X, table.weight)
        pose = frames.pose(table.X)
        rows = replace(
            table,
            X=_in_all_frames(pose.enter(table.X, self.rep_in_), frames.signs_in, table.X.dtype),
            y=_in_all_frames(pose.enter(table.y, self.rep_out_), frames.signs_out, table.y.dtype),
            weight=np.tile(table.weight, len(frames.signs_in)),
        )
        return inner, rows

    def _predict_rows(self, rows: NDArray) -> NDArray:
        frames, pose = self._frames, self._frames.pose(rows)
        entered = pose.enter(rows, self.rep_in_)
        total = np.zeros((len(rows), self.rep_out_.dim))
        for signs_in, signs_out in zip(frames.signs_in, frames.signs_out, strict=True):
            predicted = self._predict_inner((entered * signs_in).astype(rows.dtype))
            total += predicted * signs_out
        return pose.leave(total / len(frames.signs_in), self.rep_out_)


def _in_all_frames(entered: NDArray, signs: NDArray, dtype: np.dtype) -> NDArray:
    """Entered rows under every choice of signs, one after another, (n_frames * n, dim)."""
    return np.concatenate([(entered * sign).astype(dtype) for sign in signs])
