"""One fit between its beginning and its end."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sksofteq.estimators._checks import check_part_weight
from sksofteq.estimators._moves import Movers
from sksofteq.estimators._parameters import NetworkParameters
from sksofteq.estimators._plans import Plan
from sksofteq.estimators._probe import FitProbe
from sksofteq.estimators._rows import split_rows
from sksofteq.estimators._table import Table
from sksofteq.training import PenalizedNet, Rows, TrainingInterrupted
from sksofteq.tuning import Tuner

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


@dataclass
class Parts:
    """The rows of a fit, and which of them belong together."""

    train: Table
    valid: Table | None = None
    together: NDArray | None = None
    valid_together: NDArray | None = None

    @property
    def to_measure(self) -> Table:
        """Validation rows, or training rows if there are none."""
        return self.train if self.valid is None else self.valid


@dataclass
class FitRun:
    """What is trained, on what, moved by which candidates, and why so."""

    net: PenalizedNet
    rows: tuple[Rows, Rows | None]
    probe: FitProbe
    tuner: Tuner
    plan: Plan
    parts: Parts
    y_scale: Tensor
    seed: int
    moved: Movers = None

    def train(self) -> None:
        """Run the epochs. An interrupt ends them, and the network stays as it is by then.

        Raises
        ------
        KeyboardInterrupt
            If not even one epoch is complete.
        """
        try:
            self.net.fit(self.rows, None)
        except TrainingInterrupted:
            done = len(self.net.history)
            if not done:
                raise
            warnings.warn(
                f"Training was interrupted after {done} of {self.net.max_epochs} epochs: the "
                "model is that of this moment, its learning rate and its strengths not at their "
                "ends.",
                ConvergenceWarning,
                stacklevel=4,
            )

    @property
    def found(self) -> Plan:
        """The plan to go on by: moved by what moved the rows to the end."""
        moved = () if self.moved is None else tuple(self.moved())
        return replace(self.plan, moved=moved, costs={})


def split_table(
    estimator: NetworkParameters, table: Table, together: NDArray | None, tunes: bool, seed: int
) -> Parts:
    """A training part, and a validation part if early stopping or the rule needs one."""
    if not (estimator.early_stopping or tunes):
        return Parts(table, together=together)
    rows, rows_valid = split_rows(
        len(table), estimator.validation_fraction, together, np.random.RandomState(seed)
    )
    train, valid = table.take(rows), table.take(rows_valid)
    check_part_weight(train.weight, "training")
    if estimator.early_stopping:
        check_part_weight(valid.weight, "validation")
    if together is None:
        return Parts(train, valid)
    return Parts(train, valid, together[rows], together[rows_valid])
