"""Resilient dual ascent: the strength of a constraint that may be relaxed at a price."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sksofteq.tuning._base import Probe, Tuner, check_parameter


class DualTuner(Tuner):
    """Minimise the loss subject to rho_G <= u_G, where relaxing costs price * u_G^2 / 2.

    rho_G is R_G over what it was after the first epoch. The strengths are the multipliers, and
    at the optimum strength_G = price * u_G (resilient constrained learning, arXiv 2306.02426);
    ascent after every epoch:

        strength <- max(0, strength + rate * (rho - strength / price)).

    It is stable, and needs no validation part. But **a large strength means that the candidate is
    broken**: the constraint pushes hardest where the data push back. It is here as a yardstick.

    Parameters
    ----------
    price : float, default=10.0
        Strength at which a candidate stays as it is after the first epoch.
    rate : float, default=0.1
        Step of the ascent.
    """

    def __init__(self, price: float = 10.0, rate: float = 0.1) -> None:
        self.price = price
        self.rate = rate

    def begin(self, labels: Sequence[str], n_epochs: int) -> dict[str, float]:
        """Check the parameters; nothing is constrained in the first epoch."""
        for name in ("price", "rate"):
            check_parameter(self, name, lambda v: 0 < v < math.inf, "a positive number")
        self.first_: dict[str, float] = {}
        self.strengths_ = dict.fromkeys(labels, 0.0)
        return dict(self.strengths_)

    def resume(self, strengths: Mapping[str, float]) -> dict[str, float]:
        """Go on from the last strengths."""
        self.strengths_ = dict(strengths)
        return dict(strengths)

    def on_epoch_end(self, epoch: int, probe: Probe) -> dict[str, float]:
        """One step of the ascent."""
        penalties = probe.penalties()
        self.first_ = self.first_ or penalties
        for label, strength in self.strengths_.items():
            first = self.first_[label]
            slack = penalties[label] / first if first > 0 else 0.0
            ascended = strength + self.rate * (slack - strength / self.price)
            self.strengths_[label] = max(0.0, ascended)
        return dict(self.strengths_)
