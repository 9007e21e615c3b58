"""Strengths from tests that a Gaussian process makes before the fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Integral

import numpy as np

from sksofteq.discovery import Evidence
from sksofteq.orbits import CRITICAL_Z, OrbitTest
from sksofteq.tuning._base import Probe, Survey, Tuner, check_parameter
from sksofteq.tuning._relaxed import RelaxedStrengths

#: Beyond the critical z strengths follow z, up to this factor.
LARGEST_FACTOR = 10.0


class ProcessTuner(Tuner):
    """Set every strength once, before the fit, by a test on rows that a Gaussian process left out.

    The test is that of `sksofteq.find_symmetries`: z compares the errors of the process and of
    its average over the candidate's orbit (of few rows, what Student's distribution makes of it).
    With c = 1.645 (5 percent, one-sided)

        strength = low * (high / low) ** ((1 - z / c) / 2)   for |z| <= c,
        low                                                  for z > c,
        high * min(-z / c, 10)                               for z < -c,

    so candidates keep the order of their evidence; those that the data cannot test get `high`, as
    all do where there are fewer than 10 rows, and where rows are of fewer than 10 groups all but
    those that even these show to be broken (support below 1 percent). No rows are set aside, and
    neither the target's scale nor a network's luck change anything.
    While typed layers train, all candidates begin at `start` at least, and those that end lower
    are relaxed step by step over the first `span` of the epochs (`RelaxedStrengths`). Where no
    candidate holds, none falls below `high` if a pilot says that this predicts better: a function
    that breaks symmetries may still be nearer to those that obey them than to most others.

    Parameters
    ----------
    low, high : float, default=1e-3 and 3.0
        Strengths of candidates that are broken, and that hold, at the critical z.
    start : float, default=30.0
        Strength that typed layers begin with.
    span : float, default=0.6
        Share of the epochs over which strengths are relaxed.
    n_elements : int, default=16
        Group elements per test.
    """

    def __init__(
        self,
        low: float = 1e-3,
        high: float = 3.0,
        start: float = 30.0,
        span: float = 0.6,
        n_elements: int = 16,
    ) -> None:
        self.low = low
        self.high = high
        self.start = start
        self.span = span
        self.n_elements = n_elements

    def begin(self, labels: Sequence[str], n_epochs: int) -> dict[str, float]:
        """Check the parameters and return equal strengths."""
        check_parameter(self, "n_elements", lambda n: n >= 1, "an integer >= 1", Integral)
        for name in ("low", "high", "start"):
            check_parameter(self, name, lambda v: 0 < v < math.inf, "a positive number")
        check_parameter(self, "high", lambda v: v >= self.low, f"at least low={self.low!r}")
        check_parameter(self, "span", lambda v: 0 < v <= 1, "in (0, 1]")
        self.strengths_ = {label: float(self.high) for label in labels}
        self.evidence_: Evidence | None = None
        return dict(self.strengths_)

    def survey(self, survey: Survey) -> dict[str, float]:
        """Test the candidates; return their strengths."""
        self.evidence_ = survey.evidence(self.n_elements)
        if self.evidence_.tested:  # a z of 0 would be in the middle, as if something were known
            for label in self.strengths_.keys() - self.evidence_.untestable():
                self.strengths_[label] = self._strength(self.evidence_.tests[label])
        return dict(self.strengths_)

    def settle(self, strengths: Mapping[str, float]) -> RelaxedStrengths:
        """Begin with all candidates, then relax."""
        return RelaxedStrengths(dict(strengths), self.start, self.span)

    def firmer(self, strengths: Mapping[str, float]) -> dict[str, float]:
        """Where nothing holds, none but what is dropped below `high`; else the same."""
        least = 0.0 if self.supported() else self.high
        return {k: max(v, least) if v > 0 else v for k, v in strengths.items()}

    def resume(self, strengths: Mapping[str, float]) -> dict[str, float]:
        """What the rows at hand say, whatever the last fit had."""
        return dict(self.strengths_)

    @property
    def evidence(self) -> Evidence | None:
        """The tests."""
        return self.evidence_

    def supported(self) -> list[str]:
        """The candidates that hold, at the critical z."""
        return [] if self.evidence_ is None else self.evidence_.supported()

    def on_epoch_end(self, epoch: int, probe: Probe) -> None:
        """Change nothing."""

    def _strength(self, test: OrbitTest) -> float:
        scaled = test.normal_z / CRITICAL_Z
        level = (1 - float(np.clip(scaled, -1, 1))) / 2
        factor = min(max(1.0, -scaled), LARGEST_FACTOR)
        return factor * self.low * (self.high / self.low) ** level
