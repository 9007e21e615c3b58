"""How strong each penalty should be: one object per rule, chosen by ``tuner=``."""

from sksofteq.tuning._base import FixedStrengths, Tuner
from sksofteq.tuning._names import make_tuner
from sksofteq.tuning._orbit_loop import OrbitTuner
from sksofteq.tuning._paper import PaperTuner
from sksofteq.tuning._process import ProcessTuner

__all__ = ["FixedStrengths", "OrbitTuner", "PaperTuner", "ProcessTuner", "Tuner", "make_tuner"]
