"""The skorch net, its in-memory batches and its callbacks (private)."""

from sksofteq.training._batches import Rows, TensorBatches
from sksofteq.training._callbacks import BestWeights, ProgressBar, StrengthTuning
from sksofteq.training._net import PenalizedNet

__all__ = [
    "BestWeights",
    "PenalizedNet",
    "ProgressBar",
    "Rows",
    "StrengthTuning",
    "TensorBatches",
]
