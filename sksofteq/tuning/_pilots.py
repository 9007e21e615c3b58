"""Strengths by pilots: short fits, compared on rows that they have not seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from sksofteq.orbits import CRITICAL_Z, compare_losses
from sksofteq.tuning._base import Probe, Survey, Tuner, check_parameter


class PilotTuner(Tuner):
    """Keep the candidates that cost nothing when imposed; choose one strength for them by halving.

    A network that obeys nothing and one with each candidate imposed hard are trained for a share
    of the epochs, with layers as the fit will have them. A candidate whose network is not worse
    than the free one, row by row (over groups of rows, if there are any) and beyond chance
    (one-sided 5 percent), is kept. Networks with each strength of a grid on what is kept
    are then trained for the same share, the better half of them for twice as long, and so on until
    one is left (successive halving, arXiv 1502.07943). What is kept moves rows, where it may, only
    after the pilots, which are to differ in strengths alone. Without rows enough for pilots all
    candidates keep the middle of the grid.

    **Beware**: a strict network needs longer to train than a free one, so short pilots find breaks
    where there are none.

    Parameters
    ----------
    share : float, default=0.25
        Share of the epochs that the first pilots are trained for.
    grid : sequence of float, default=(0.3, 3.0, 30.0)
        Strengths to choose from.
    low : float, default=1e-3
        Strength of the other candidates.
    """

    def __init__(
        self,
        share: float = 0.25,
        grid: Sequence[float] = (0.3, 3.0, 30.0),
        low: float = 1e-3,
    ) -> None:
        self.share = share
        self.grid = grid
        self.low = low

    def begin(self, labels: Sequence[str], n_epochs: int) -> dict[str, float]:
        """Check the parameters and return equal strengths."""
        check_parameter(self, "share", lambda v: 0 < v <= 1, "in (0, 1]")
        check_parameter(self, "low", lambda v: 0 <= v < math.inf, "a number >= 0")
        grid = np.asarray(self.grid, dtype=float)
        if grid.ndim != 1 or not len(grid) or not ((grid > 0) & np.isfinite(grid)).all():
            raise ValueError(
                f"PilotTuner.grid must hold at least one positive number, got {self.grid!r}."
            )
        self.kept_: list[str] = []
        self.strengths_ = dict.fromkeys(labels, float(np.sort(grid)[len(grid) // 2]))
        return dict(self.strengths_)

    def survey(self, survey: Survey) -> dict[str, float] | None:
        """Train the pilots."""
        if not survey.has_pilots:
            return None
        labels, together = list(self.strengths_), survey.held_out_together
        kept = []  # by its own name: what the rule supports moves the rows of pilots as well
        free = dict.fromkeys(labels, 0.0)
        reference = survey.pilot_losses(free, self.share)
        for label in labels:
            imposed = survey.pilot_losses(free | {label: math.inf}, self.share)
            if compare_losses(reference, imposed, together).z < CRITICAL_Z:
                kept.append(label)
        weak = dict.fromkeys(labels, float(self.low))
        self.strengths_ = self._halved(survey, weak, kept) if kept else weak
        self.kept_ = kept
        return dict(self.strengths_)

    def resume(self, strengths: Mapping[str, float]) -> dict[str, float]:
        """What the rows at hand say, whatever the last fit had."""
        return dict(self.strengths_)

    def supported(self) -> list[str]:
        """The candidates that cost nothing when imposed."""
        return list(self.kept_)

    def on_epoch_end(self, epoch: int, probe: Probe) -> None:
        """Change nothing."""

    def _halved(self, survey: Survey, weak: dict[str, float], kept: list[str]) -> dict[str, float]:
        """The strengths that win."""
        left = [weak | dict.fromkeys(kept, float(value)) for value in self.grid]
        share = self.share
        while len(left) > 1:
            losses = [survey.pilot_losses(strengths, share).mean() for strengths in left]
            left = [left[i] for i in np.argsort(losses)[: max(1, len(left) // 2)]]
            share = min(1.0, 2 * share)
        return left[0]
