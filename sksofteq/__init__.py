"""Regressors that find out which symmetries the data have, and predict better for knowing.

The public estimators and metrics are loaded on first use, so that importing the package, or its
light parts such as ``sksofteq.groups``, does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "AugmentedRegressor": "sksofteq.estimators",
    "EquivariantRegressor": "sksofteq.estimators",
    "EquivariantScaler": "sksofteq.preprocessing",
    "FrameAveragingRegressor": "sksofteq.estimators",
    "MixedResidualPathwayRegressor": "sksofteq.estimators",
    "ResidualPathwayRegressor": "sksofteq.estimators",
    "SampledEquivariantRegressor": "sksofteq.estimators",
    "SoftEquivariantClassifier": "sksofteq.estimators",
    "SoftEquivariantEnsemble": "sksofteq.estimators",
    "SoftEquivariantRegressor": "sksofteq.estimators",
    "SoftEquivariantRidge": "sksofteq.estimators",
    "equivariance_error": "sksofteq.metrics",
    "find_symmetries": "sksofteq.metrics",
    "symmetry_test": "sksofteq.metrics",
}

__all__ = sorted(_HOMES)

#: As scikit-learn's, searches are of something: they cannot be built without arguments.
_SEARCHES = {"SymmetrySearchCV": "sksofteq.model_selection"}


def __getattr__(name: str) -> Any:
    homes = _HOMES | _SEARCHES
    if name in homes:
        return getattr(import_module(homes[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, *_SEARCHES])
