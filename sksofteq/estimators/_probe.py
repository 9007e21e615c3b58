"""What a tuning rule sees of a fit in progress."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sksofteq.estimators._rows import predict_rows
from sksofteq.estimators._table import Table
from sksofteq.nn import FramedNetwork
from sksofteq.orbits import (
    REACH_AUC,
    OrbitTest,
    orbit_auc,
    orbit_average,
    orbit_test,
    row_losses,
    sample_elements,
)
from sksofteq.penalties import Penalty

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from sksofteq.discovery import Evidence

#: Orbit tests look at no more than this many validation rows.
MAX_ROWS = 2000


class FitProbe:
    """Penalties and orbit-average tests of a network, on validation rows.

    Parameters
    ----------
    module : FramedNetwork
    penalty : Penalty
    train : Table
        Training rows with the candidates; they only tell how far orbits leave the data.
    held_out : Table or None
        Validation rows.
    y_scale : Tensor of shape (dim_out,)
        What standardises errors.
    rows_together : ndarray or None
        Group of each validation row, for standard errors.
    random_state : RandomState
    evidence : Evidence, default=None
        Tests made before the fit, which then stand for tests of the network.

    Attributes
    ----------
    has_rows : bool
        Whether there are held-out rows.
    """

    def __init__(
        self,
        module: FramedNetwork,
        penalty: Penalty,
        train: Table,
        held_out: Table | None,
        y_scale: Tensor,
        rows_together: NDArray | None,
        random_state: np.random.RandomState,
        evidence: Evidence | None = None,
    ) -> None:
        self.evidence = evidence
        self.module, self.penalty, self.candidates = module, penalty, train.candidates
        # How far an orbit leaves the data is a matter of inputs alone: all rows tell.
        parts = [train.X] if held_out is None else [train.X, held_out.X]
        self._some_X = [part[:: max(1, len(part) // MAX_ROWS)] for part in parts]
        if held_out is not None and len(held_out) > MAX_ROWS:
            chosen = random_state.permutation(len(held_out))[:MAX_ROWS]
            held_out = held_out.take(chosen)
            rows_together = None if rows_together is None else rows_together[chosen]
        self.has_rows = held_out is not None and len(held_out) > 1
        self.X, self.y = (held_out.X, held_out.y) if self.has_rows else (train.X, None)
        self.rows_together = rows_together
        self.y_scale, self.random_state = y_scale.cpu().numpy(), random_state

    @property
    def has_tests(self) -> bool:
        """Whether tests are on rows that what is tested was not fitted to."""
        return self.has_rows or self.evidence is not None

    @property
    def is_grouped(self) -> bool:
        """Whether standard errors of the tests are over groups of rows."""
        return self.rows_together is not None if self.evidence is None else self.evidence.grouped

    def penalties(self) -> dict[str, float]:
        """R_G of every candidate."""
        with torch.no_grad():
            values = self.penalty.values().tolist() if self.penalty.labels else []
        return dict(zip(self.penalty.labels, values, strict=True))

    def predict(self, X: NDArray) -> NDArray:
        """Raw predictions of the network as it is."""
        return predict_rows(self.module, X)

    def orbit_tests(self, n_elements: int) -> dict[str, OrbitTest]:
        """Orbit-average test of every candidate on the validation rows."""
        if self.evidence is not None:
            return self.evidence.tests
        if not self.has_rows:
            return {label: OrbitTest(0.0, 0.0, 0.0) for label in self.candidates.groups}
        rep_in, rep_out = self.candidates.rep_in, self.candidates.rep_out
        tests = {}
        for label, group in self.candidates.groups.items():
            elements = sample_elements(group, n_elements, self.X, rep_in, self.random_state)
            tests[label] = orbit_test(
                self.predict,
                self.X,
                self.y,
                self.y_scale,
                elements,
                rep_in,
                rep_out,
                self.rows_together,
            )
        return tests

    @cached_property
    def reach(self) -> dict[str, float]:
        """How far each orbit leaves the data: AUC of a classifier of x against g x."""
        X = np.unique(np.concatenate(self._some_X), axis=0)  # a row known twice gives itself away
        return {
            label: orbit_auc(X, group, self.candidates.rep_in, self.random_state)
            for label, group in self.candidates.groups.items()
        }

    def state_dict(self) -> dict[str, Any]:
        """What later answers depend on."""
        return {"generator": self.random_state.get_state(), "reach": vars(self).get("reach")}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Give the answers that another probe would have given next."""
        self.random_state.set_state(state["generator"])
        if state["reach"] is not None:
            self.reach = state["reach"]

    def untestable(self) -> set[str]:
        """Candidates whose orbit leaves the data."""
        if self.evidence is not None:
            return self.evidence.untestable()
        return {label for label, auc in self.reach.items() if auc >= REACH_AUC}

    def average_pays(self, elements: list) -> bool:
        """Whether averaging predictions over the elements lowers the validation error."""
        if not self.has_rows:
            return False
        rep_in, rep_out = self.candidates.rep_in, self.candidates.rep_out
        plain = row_losses(self.predict(self.X), self.y, self.y_scale)
        averaged = orbit_average(self.predict, self.X, elements, rep_in, rep_out)
        return bool(row_losses(averaged, self.y, self.y_scale).mean() < plain.mean())
