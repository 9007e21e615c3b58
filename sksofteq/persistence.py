"""What a file that runs no code must be allowed to hold: docs/keeping-models.md."""

from __future__ import annotations

from sksofteq import estimators, groups, tuning
from sksofteq.estimators._calibration import Calibration
from sksofteq.estimators._classifier import ProbabilityNetwork
from sksofteq.estimators._far_rows import KnownRows
from sksofteq.estimators._frames_of_rows import RowFrames
from sksofteq.estimators._plans import Plan
from sksofteq.estimators._turns import Turn
from sksofteq.linear import Preparation
from sksofteq.preprocessing import EquivariantScaler
from sksofteq.reps import Axis, Representation, Space, TensorType
from sksofteq.training import PenalizedNet, SampledNet

__all__ = ["TRUSTED_TYPES"]

_COLUMNS = (Axis, Representation, Space, TensorType)
_FITTED = (
    Calibration,
    EquivariantScaler,
    KnownRows,
    PenalizedNet,
    Plan,
    Preparation,
    ProbabilityNetwork,
    RowFrames,
    SampledNet,
    Turn,
)


def _classes(package: object) -> list[type]:
    public = (getattr(package, name) for name in package.__all__)
    return [value for value in public if isinstance(value, type)]


#: The types of this package that estimators, fitted or not, are made of, for
#: ``skops.io.load(file, trusted=TRUSTED_TYPES)``. A file of one model holds about eight of them.
TRUSTED_TYPES: list[str] = sorted(
    f"{kind.__module__}.{kind.__qualname__}"
    for kind in {
        *_COLUMNS,
        *_FITTED,
        *_classes(estimators),
        *_classes(groups),
        *_classes(tuning),
    }
)
