"""Standardisation that breaks no symmetry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    OneToOneFeatureMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_is_fitted,
    validate_data,
)

from sksofteq._plain import SavedPlainly
from sksofteq.candidates import resolve_candidates
from sksofteq.columns import check_numbers, column_names
from sksofteq.reps import Representation
from sksofteq.standardisation import mean_and_scale, shared_scales

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class EquivariantScaler(SavedPlainly, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Standardise columns without breaking any candidate symmetry.

    Of the mean, only the part that is invariant under all candidates is subtracted: all of it
    for a scalar, nothing for a vector under SO(3), the multiple of the identity for T(2) under
    O(3), the common mean for permuted entries. Every tensor is divided by one number, the root
    mean square of its centred entries; points of a space that a candidate translates share theirs.

    Regressors of this package that train networks, and `SoftEquivariantRidge`, do this to X and y
    by themselves; it is for all others, and for other scales.

    Parameters
    ----------
    symmetries : sequence or mapping of group names or groups, default=None
        The candidates; without any, columns are standardised one by one.
    rep : str, Representation or mapping, default=None
        What the columns mean.
    spaces : mapping of str to int, default=None
        Dimension of each named space.
    scaling : {"tensor", "isotropic", "per axis"}, default="tensor"
        What is divided by one number; scalars have numbers of their own, whatever it is.

        - "tensor": every tensor, so that a vector of small numbers counts as much as another.
        - "isotropic": all tensors of one type, so that the positions of a trajectory keep their
          proportions. It breaks no symmetry either.
        - "per axis": one entry of all tensors of one type, for a vector an axis, so that what
          varies little along one axis counts there. It **breaks candidates that mix axes**, such
          as rotations; use it to compare with.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        What is subtracted.
    scale_ : ndarray of shape (n_features,)
        What is divided by; 1 where a tensor is constant.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features seen during `fit`, if they are strings.

    See Also
    --------
    sksofteq.datasets.waymo_windows : "isotropic" and "per axis" for past and future together.

    Examples
    --------
    >>> import numpy as np
    >>> from sksofteq import EquivariantScaler
    >>> X = np.random.default_rng(0).normal(5.0, 2.0, size=(50, 4))
    >>> scaler = EquivariantScaler(("SO(3)",), rep="scalar + vector").fit(X)
    >>> scaler.mean_.round(0)
    array([5., 0., 0., 0.])
    """

    _parameter_constraints: dict = {  # noqa: RUF012 - scikit-learn's convention
        "symmetries": "no_validation",
        "rep": "no_validation",
        "spaces": [Mapping, None],
        "scaling": [StrOptions({"tensor", "isotropic", "per axis"})],
    }

    def __init__(
        self,
        symmetries: Any = None,
        rep: str | Representation | Mapping | None = None,
        spaces: Mapping[str, int] | None = None,
        scaling: str = "tensor",
    ) -> None:
        self.symmetries = symmetries
        self.rep = rep
        self.spaces = spaces
        self.scaling = scaling

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> EquivariantScaler:
        """Learn mean and scale.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts, >= 0.

        Returns
        -------
        self : EquivariantScaler

        Raises
        ------
        ValueError
            If the data do not fit `rep`, or no row has weight.
        """
        names = column_names(X)
        X = validate_data(self, check_numbers(X, "X"), dtype=(np.float64, np.float32))
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if not weight.sum() > 0:
            raise ValueError("sample_weight must have a positive sum, got zeros only.")
        names = getattr(self, "feature_names_in_", names)
        candidates = resolve_candidates(
            self.symmetries,
            self.rep,
            None,
            n_features=X.shape[1],
            n_outputs=0,
            spaces=self.spaces,
            names=names,
            parameter="rep",
        )
        rows = X if candidates.order_in is None else X[:, candidates.order_in]
        rep = candidates.rep_in
        groups = [group.without_frame() for group in candidates.groups.values()]
        shared = shared_scales(rep, groups)
        mean, scale = mean_and_scale(rows, rep, groups, weight, shared, self.scaling)
        self.mean_, self.scale_ = mean, scale
        if candidates.order_in is not None:
            if len(candidates.order_in) < X.shape[1]:
                raise ValueError(
                    f"rep={self.rep!r} leaves out columns, but a scaler returns all of them; "
                    "say {..., '*': 'scalar'}, or choose columns with a ColumnTransformer."
                )
            back = np.argsort(candidates.order_in)
            self.mean_, self.scale_ = mean[back], scale[back]
        return self

    def transform(self, X: ArrayLike) -> NDArray:
        """Standardise.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        X_scaled : ndarray of shape (n_samples, n_features), in the input's dtype
        """
        check_is_fitted(self)
        if column_names(X) is not None:  # are they those of the fit, before what they hold
            validate_data(self, X, reset=False, skip_check_array=True)
        X = check_numbers(X, "X")
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        return ((X - self.mean_) / self.scale_).astype(X.dtype)

    def inverse_transform(self, X: ArrayLike) -> NDArray:
        """Undo `transform`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        X_raw : ndarray of shape (n_samples, n_features), in the input's dtype
        """
        check_is_fitted(self)
        X = check_array(X, dtype=(np.float64, np.float32), input_name="X")
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input."
            )
        return (X * self.scale_ + self.mean_).astype(X.dtype)
