"""The rules by name."""

from __future__ import annotations

from sklearn.base import clone

from sksofteq.tuning._base import Tuner
from sksofteq.tuning._dual import DualTuner
from sksofteq.tuning._orbit_loop import OrbitTuner
from sksofteq.tuning._paper import PaperTuner
from sksofteq.tuning._pilots import PilotTuner
from sksofteq.tuning._process import ProcessTuner

#: Rules by the names that `tuner=` takes.
RULES: dict[str, type[Tuner]] = {
    "process": ProcessTuner,
    "orbit": OrbitTuner,
    "paper": PaperTuner,
    "pilots": PilotTuner,
    "dual": DualTuner,
}


def make_tuner(tuner: str | Tuner) -> Tuner:
    """Return a fresh rule from a name or an object.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If the object is not a `Tuner`.
    """
    if isinstance(tuner, str):
        if tuner not in RULES:
            raise ValueError(f"tuner must be one of {sorted(RULES)} or a Tuner, got {tuner!r}.")
        return RULES[tuner]()
    if not isinstance(tuner, Tuner):
        raise TypeError(f"tuner must be one of {sorted(RULES)} or a Tuner, got {tuner!r}.")
    return clone(tuner)
