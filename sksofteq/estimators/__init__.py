"""Regressors with scikit-learn's interface."""

from sksofteq.estimators._soft_equivariant import SoftEquivariantRegressor

__all__ = ["SoftEquivariantRegressor"]
