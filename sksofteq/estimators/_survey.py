"""What a fit can learn from its rows before the network is trained."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.discovery import Evidence, gather_evidence
from sksofteq.estimators._plans import Plan
from sksofteq.estimators._rows import split_rows
from sksofteq.estimators._run import Parts
from sksofteq.estimators._table import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOGGER = logging.getLogger("sksofteq")
#: With fewer rows there are no pilots: too few would be held out.
MIN_PILOT_ROWS = 40

#: Trains a network for a share of the epochs on one part and returns its losses on a table.
Pilot = Callable[[Parts, Table, Plan, float], "NDArray"]


class FitSurvey:
    """Tests and pilots on the training rows.

    Parameters
    ----------
    table : Table
    together : ndarray of shape (n_samples,) or None
        Group of each row.
    fraction : float
        Share of the rows that pilots are judged by.
    pilot : callable or None
        Without one there are no pilots.
    seed : int
        Chooses elements and rows.
    network : {"typed", "plain", "own"}, default="typed"
        What a rule's pilots train.
    """

    def __init__(
        self,
        table: Table,
        together: NDArray | None,
        fraction: float,
        pilot: Pilot | None,
        seed: int,
        network: str = "typed",
    ) -> None:
        self.table, self.together = table, together
        self._pilot, self._seed, self._network = pilot, seed, network
        self._evidence: dict[int, Evidence] = {}
        self._train, self._held_out, self.held_out_together = self._parts(fraction)

    @property
    def has_pilots(self) -> bool:
        """Whether there are rows enough to hold some out."""
        return self._held_out is not None and self._pilot is not None

    def evidence(self, n_elements: int) -> Evidence:
        """Tests of every candidate with a Gaussian process, on rows that it has not seen."""
        if n_elements not in self._evidence:
            table = self.table
            LOGGER.info(
                "testing %d candidates on %d rows", len(table.candidates.groups), len(table)
            )
            self._evidence[n_elements] = gather_evidence(
                table.X,
                table.y,
                table.candidates,
                table.weight,
                self.together,
                n_elements,
                self._seed,
            )
        return self._evidence[n_elements]

    def pilot_losses(self, strengths: Mapping[str, float], share: float) -> NDArray:
        """Losses on rows held out, by row, of a network trained for a share of the epochs."""
        return self.losses(Plan(self._network, (), strengths), share)

    def losses(self, plan: Plan, share: float) -> NDArray:
        """The same for any plan."""
        return self._pilot(self._train, self._held_out, plan, share)

    def _parts(self, fraction: float) -> tuple[Parts, Table | None, NDArray | None]:
        n_units = len(self.table) if self.together is None else len(np.unique(self.together))
        if np.count_nonzero(self.table.weight) < MIN_PILOT_ROWS or n_units < 2:
            return Parts(self.table), None, None
        random_state = np.random.RandomState(self._seed)
        rows, held_out = split_rows(len(self.table), fraction, self.together, random_state)
        train, valid = self.table.take(rows), self.table.take(held_out)
        if not (train.weight.any() and valid.weight.any()):
            return Parts(self.table), None, None
        if self.together is None:
            return Parts(train), valid, None
        return Parts(train, together=self.together[rows]), valid, self.together[held_out]
