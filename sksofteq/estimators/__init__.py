"""Regressors with scikit-learn's interface."""

from sksofteq.estimators._equivariant import EquivariantRegressor
from sksofteq.estimators._residual_pathway import (
    MixedResidualPathwayRegressor,
    ResidualPathwayRegressor,
)
from sksofteq.estimators._sampled import SampledEquivariantRegressor
from sksofteq.estimators._soft_equivariant import SoftEquivariantRegressor
from sksofteq.estimators._together import fit_together

__all__ = [
    "EquivariantRegressor",
    "MixedResidualPathwayRegressor",
    "ResidualPathwayRegressor",
    "SampledEquivariantRegressor",
    "SoftEquivariantRegressor",
    "fit_together",
]
