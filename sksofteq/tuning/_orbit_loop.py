"""The loop around the orbit-average test."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral

import numpy as np

from sksofteq.tuning._base import Probe, Tuner, check_parameter

MIN_UPDATES = 10


class OrbitTuner(Tuner):
    """Raise a strength while averaging over the candidate's orbit pays, lower it when it costs.

    The fitted function f is compared on validation rows with its orbit average f_G(x) = mean of
    rho_out(g)^-1 f(rho_in(g) x); z is the mean difference of their losses over its standard
    error. If G holds, averaging only removes variance (z < 0); if G is broken it adds bias
    (z > 0). At every update  log strength += rate * clip((1 - z) / 2, -1, 1)  within bounds.
    Candidates that the data cannot test stay where they start.

    Parameters
    ----------
    initial : float, default=3.0
        Strength at the start, within the bounds.
    low, high : float, default=1e-3 and 3.0
        Bounds of a strength.
    rate : float, default=0.7
        Largest change of the logarithm in one update.
    n_updates : int, default=24
        Number of updates, whatever the length of the fit; fewer if there are fewer epochs.
    span : float, default=0.8
        Share of the epochs over which the updates are spread.
    n_elements : int, default=8
        Group elements per test.
    """

    needs_validation = True

    def __init__(
        self,
        initial: float = 3.0,
        low: float = 1e-3,
        high: float = 3.0,
        rate: float = 0.7,
        n_updates: int = 24,
        span: float = 0.8,
        n_elements: int = 8,
    ) -> None:
        self.initial = initial
        self.low = low
        self.high = high
        self.rate = rate
        self.n_updates = n_updates
        self.span = span
        self.n_elements = n_elements

    def begin(self, labels: Sequence[str], n_epochs: int) -> dict[str, float]:
        """Check the parameters, plan the updates and return the strengths to start with."""
        self._check()
        last = max(1, round(self.span * n_epochs))
        epochs = np.unique(np.linspace(last / self.n_updates, last, self.n_updates).round())
        self.epochs_ = {int(epoch) for epoch in epochs if epoch >= 1}
        if len(self.epochs_) < MIN_UPDATES:
            warnings.warn(
                f"max_iter={n_epochs} leaves room for {len(self.epochs_)} updates of the "
                f"strengths; at least {MIN_UPDATES} are advisable. Raise max_iter.",
                UserWarning,
                stacklevel=2,
            )
        self.strengths_ = {label: float(self.initial) for label in labels}
        self.moved_ = False
        return dict(self.strengths_)

    def resume(self, strengths: Mapping[str, float]) -> dict[str, float]:
        """Go on from the last strengths, within the bounds."""
        self.strengths_ = {k: min(max(v, self.low), self.high) for k, v in strengths.items()}
        return dict(self.strengths_)

    @property
    def settled_after(self) -> int:
        """Epoch of the last update."""
        return max(self.epochs_)

    def on_epoch_end(self, epoch: int, probe: Probe) -> dict[str, float] | None:
        """Move the strengths at the planned epochs."""
        if epoch not in self.epochs_:
            return None
        untestable = probe.untestable()
        for label, test in probe.orbit_tests(self.n_elements).items():
            if label not in untestable:
                self.strengths_[label] = self._moved(self.strengths_[label], test.z)
        self.moved_ = True
        return dict(self.strengths_)

    def supported(self) -> list[str]:
        """After the first update, the candidates whose strength has not fallen."""
        if not self.moved_:
            return []
        return [label for label, value in self.strengths_.items() if value >= self.initial]

    def _check(self) -> None:
        for name in ("n_updates", "n_elements"):
            check_parameter(self, name, lambda n: n >= 1, "an integer >= 1", Integral)
        for name in ("low", "high", "rate"):
            check_parameter(self, name, lambda v: 0 < v < math.inf, "a positive number")
        check_parameter(self, "span", lambda v: 0 < v <= 1, "in (0, 1]")
        bounds = f"within the bounds low={self.low!r} and high={self.high!r}"
        check_parameter(self, "initial", lambda v: self.low <= v <= self.high, bounds)

    def _moved(self, strength: float, z: float) -> float:
        step = self.rate * float(np.clip((1 - z) / 2, -1, 1))
        return float(np.clip(strength * math.exp(step), self.low, self.high))
