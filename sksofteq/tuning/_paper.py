"""The rule of the paper (arXiv 2306.00356)."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np

from sksofteq.tuning._base import Probe, Tuner, check_parameter

#: Number of epochs before the adjustment over which the lowest penalties are kept.
WINDOW = 50
#: The smallest penalty counts as at least this share of the largest.
FLOOR = 1e-12


class PaperTuner(Tuner):
    """One adjustment: strength_G <- strength_0 / (R_G / min_H R_H)^exponent.

    R is the vector of penalties as it was when any of its entries was lowest during the last 50
    epochs before the adjustment. The rule is relative: the best candidate keeps strength_0
    whatever the data say. `strength_0`, `exponent` and the epoch are tuned by hand for every
    task in the paper, on targets that are not standardised. As published, the rule compares the
    penalties as they are, not divided by their degrees of freedom: a candidate whose penalty
    covers few weights, such as one that acts through a frame, looks better than it is.

    Parameters
    ----------
    strength_0 : float, default=1.0
        Strength of every candidate at the start.
    exponent : float, default=2.0
        Sharpness of the adjustment.
    adjust_at : float, default=0.25
        When to adjust, as a fraction of `max_iter`, in (0, 1].
    largest : str, default=None
        Label of a candidate that contains all others and only supplies feature types: its
        strength is 0 throughout.
    """

    def __init__(
        self,
        strength_0: float = 1.0,
        exponent: float = 2.0,
        adjust_at: float = 0.25,
        largest: str | None = None,
    ) -> None:
        self.strength_0 = strength_0
        self.exponent = exponent
        self.adjust_at = adjust_at
        self.largest = largest

    def begin(self, labels: Sequence[str], n_epochs: int) -> dict[str, float]:
        """Check the parameters and return equal strengths."""
        check_parameter(self, "strength_0", lambda v: 0 <= v < math.inf, "a number >= 0")
        check_parameter(self, "exponent", lambda v: 0 <= v < math.inf, "a number >= 0")
        check_parameter(self, "adjust_at", lambda v: 0 < v <= 1, "in (0, 1]")
        if self.largest is not None and self.largest not in labels:
            raise ValueError(
                f"PaperTuner.largest={self.largest!r} is not a candidate; the candidates are "
                f"{tuple(labels)!r}."
            )
        self.n_epochs_ = n_epochs
        self.epoch_ = max(1, round(self.adjust_at * n_epochs))
        self.window_ = deque(maxlen=WINDOW)
        self.adjusted_: dict[str, float] = {}
        return {label: 0.0 if label == self.largest else self.strength_0 for label in labels}

    def resume(self, strengths: Mapping[str, float]) -> dict[str, float]:
        """Go on from the last strengths until the adjustment, which sets them anew."""
        return {k: 0.0 if k == self.largest else value for k, value in strengths.items()}

    @property
    def settled_after(self) -> int:
        """Early stopping counts only after twice the epoch of the adjustment.

        At the latest it counts from half-way between the adjustment and the end.
        """
        return min(2 * self.epoch_, (self.epoch_ + self.n_epochs_) // 2)

    def on_epoch_end(self, epoch: int, probe: Probe) -> dict[str, float] | None:
        """Watch the penalties; adjust once."""
        if epoch > self.epoch_ or epoch <= self.epoch_ - WINDOW:
            return None
        self.window_.append(probe.penalties())
        if epoch < self.epoch_:
            return None
        self.adjusted_ = self._adjusted()
        return dict(self.adjusted_)

    def supported(self) -> list[str]:
        """After the adjustment, the candidates that kept at least half of strength_0."""
        return [k for k, value in self.adjusted_.items() if value >= 0.5 * self.strength_0]

    def _adjusted(self) -> dict[str, float]:
        labels = [label for label in self.window_[0] if label != self.largest]
        strengths = dict.fromkeys(self.window_[0], 0.0)
        if not labels:
            return strengths
        table = np.array([[row[label] for label in labels] for row in self.window_])
        penalties = table[table.min(axis=1).argmin()]
        floor = max(FLOOR * penalties.max(), np.finfo(float).tiny)
        ratio = np.maximum(penalties, floor) / max(penalties.min(), floor)
        adjusted = self.strength_0 / ratio**self.exponent
        return strengths | dict(zip(labels, adjusted.tolist(), strict=True))
