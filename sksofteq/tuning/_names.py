"""The rules by name."""

from __future__ import annotations

from sklearn.base import clone

from sksofteq.tuning._base import Tuner
from sksofteq.tuning._orbit_loop import OrbitTuner
from sksofteq.tuning._paper import PaperTuner
from sksofteq.tuning._process import ProcessTuner


def make_tuner(tuner: str | Tuner) -> Tuner:
    """Return a fresh rule from a name or an object.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If the object is not a `Tuner`.
    """
    rules = {"orbit": OrbitTuner, "paper": PaperTuner, "process": ProcessTuner}
    if isinstance(tuner, str):
        if tuner not in rules:
            raise ValueError(f"tuner must be one of {sorted(rules)} or a Tuner, got {tuner!r}.")
        return rules[tuner]()
    if not isinstance(tuner, Tuner):
        raise TypeError(f"tuner must be one of {sorted(rules)} or a Tuner, got {tuner!r}.")
    return clone(tuner)
