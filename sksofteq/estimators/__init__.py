"""Regressors, and a classifier, with scikit-learn's interface."""

from sksofteq.estimators._augmented import AugmentedRegressor
from sksofteq.estimators._classifier import SoftEquivariantClassifier
from sksofteq.estimators._ensemble import SoftEquivariantEnsemble
from sksofteq.estimators._equivariant import EquivariantRegressor
from sksofteq.estimators._frame_averaging import FrameAveragingRegressor
from sksofteq.estimators._residual_pathway import (
    MixedResidualPathwayRegressor,
    ResidualPathwayRegressor,
)
from sksofteq.estimators._ridge import SoftEquivariantRidge
from sksofteq.estimators._sampled import SampledEquivariantRegressor
from sksofteq.estimators._soft_equivariant import SoftEquivariantRegressor
from sksofteq.estimators._together import fit_together

__all__ = [
    "AugmentedRegressor",
    "EquivariantRegressor",
    "FrameAveragingRegressor",
    "MixedResidualPathwayRegressor",
    "ResidualPathwayRegressor",
    "SampledEquivariantRegressor",
    "SoftEquivariantClassifier",
    "SoftEquivariantEnsemble",
    "SoftEquivariantRegressor",
    "SoftEquivariantRidge",
    "fit_together",
]
