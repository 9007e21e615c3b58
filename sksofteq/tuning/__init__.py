"""How strong each penalty should be: one object per rule, chosen by ``tuner=``."""

from sksofteq.tuning._base import FixedStrengths, Tuner
from sksofteq.tuning._dual import DualTuner
from sksofteq.tuning._names import RULES, make_tuner
from sksofteq.tuning._orbit_loop import OrbitTuner
from sksofteq.tuning._paper import PaperTuner
from sksofteq.tuning._pilots import PilotTuner
from sksofteq.tuning._process import ProcessTuner
from sksofteq.tuning._relaxed import RelaxedStrengths

__all__ = [
    "RULES",
    "DualTuner",
    "FixedStrengths",
    "OrbitTuner",
    "PaperTuner",
    "PilotTuner",
    "ProcessTuner",
    "RelaxedStrengths",
    "Tuner",
    "make_tuner",
]
