"""The skorch net, its in-memory batches and its callbacks (private, but for `Checkpoint`)."""

from sksofteq.training._batches import Rows, TensorBatches
from sksofteq.training._callbacks import (
    Augmentation,
    BestWeights,
    StopTraining,
    StrengthTuning,
    TrainingInterrupted,
)
from sksofteq.training._checkpoint import Checkpoint
from sksofteq.training._losses import ALL_LOSSES, LOSSES
from sksofteq.training._net import PenalizedNet
from sksofteq.training._progress import ProgressBar, TimeEstimate
from sksofteq.training._sampled import SampledNet
from sksofteq.training._together import train_together, why_unbatched

__all__ = [
    "ALL_LOSSES",
    "LOSSES",
    "Augmentation",
    "BestWeights",
    "Checkpoint",
    "PenalizedNet",
    "ProgressBar",
    "Rows",
    "SampledNet",
    "StopTraining",
    "StrengthTuning",
    "TensorBatches",
    "TimeEstimate",
    "TrainingInterrupted",
    "train_together",
    "why_unbatched",
]
