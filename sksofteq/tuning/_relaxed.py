"""Strengths that begin alike and end as they have been found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sksofteq.tuning._base import Probe, Tuner


class RelaxedStrengths(Tuner):
    """Let all candidates begin strong; relax those that are to end weaker, step by step.

    A function that breaks a symmetry is often one that obeys it, plus something small. A network
    that is held to all candidates at first finds the former among few functions, and has little
    left to learn when it is let go. From epoch 0 to the last one of the span, E,

        strength = start ** (1 - epoch / E) * end ** (epoch / E),

    where end < start; all others are what they end at throughout.

    Parameters
    ----------
    strengths : mapping of str to float
        Where each candidate ends; 0 is 0 from the start.
    start : float, default=30.0
        What candidates begin with.
    span : float, default=0.6
        Share of the epochs after which strengths stay.
    """

    def __init__(
        self, strengths: Mapping[str, float], start: float = 30.0, span: float = 0.6
    ) -> None:
        self.strengths = strengths
        self.start = start
        self.span = span

    def begin(self, labels: Sequence[str], n_epochs: int) -> dict[str, float]:
        """Strengths of the first epoch."""
        self.last_ = max(1, round(self.span * n_epochs))
        self.ends_ = {label: float(self.strengths[label]) for label in labels}
        return self._at(0)

    @property
    def settled_after(self) -> int:
        """The last epoch of the span."""
        return self.last_

    def supported(self) -> list[str]:
        """The candidates that are not relaxed."""
        return [label for label, end in self.ends_.items() if end >= self.start]

    def on_epoch_end(self, epoch: int, probe: Probe) -> dict[str, float] | None:
        """Relax within the span."""
        return self._at(epoch) if epoch <= self.last_ else None

    def _at(self, epoch: int) -> dict[str, float]:
        done = epoch / self.last_
        return {
            label: self.start ** (1 - done) * end**done if 0 < end < self.start else end
            for label, end in self.ends_.items()
        }
