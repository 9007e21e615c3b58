"""Regressors with scikit-learn's interface."""

from sksofteq.estimators._soft_equivariant import SoftEquivariantRegressor
from sksofteq.estimators._together import fit_together

__all__ = ["SoftEquivariantRegressor", "fit_together"]
