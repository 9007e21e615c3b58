"""What a tuning rule sees of a fit in progress."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.candidates import Candidates
from sksofteq.estimators._rows import predict_rows
from sksofteq.nn import SoftEMLP
from sksofteq.orbits import (
    REACH_AUC,
    OrbitTest,
    orbit_auc,
    orbit_average,
    orbit_test,
    row_losses,
    sample_elements,
)
from sksofteq.penalties import ProjectionPenalty

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Orbit tests look at no more than this many validation rows.
MAX_ROWS = 2000


class FitProbe:
    """Penalties and orbit-average tests of a network, on validation rows.

    Parameters
    ----------
    module : SoftEMLP
    penalty : ProjectionPenalty
    candidates : Candidates
    X, y : ndarray or None
        Validation rows in the representations' order, None without a validation part.
    y_scale : ndarray of shape (dim_out,)
        What standardises errors.
    rows_together : ndarray or None
        Group of each validation row, for standard errors.
    random_state : RandomState
    """

    def __init__(
        self,
        module: SoftEMLP,
        penalty: ProjectionPenalty,
        candidates: Candidates,
        X: NDArray | None,
        y: NDArray | None,
        y_scale: NDArray,
        rows_together: NDArray | None,
        random_state: np.random.RandomState,
    ) -> None:
        self.module, self.penalty, self.candidates = module, penalty, candidates
        self.X, self.y, self.rows_together = X, y, rows_together
        if X is not None and len(X) > MAX_ROWS:
            chosen = random_state.permutation(len(X))[:MAX_ROWS]
            self.X, self.y = X[chosen], y[chosen]
            self.rows_together = None if rows_together is None else rows_together[chosen]
        self.y_scale, self.random_state = y_scale, random_state

    @property
    def has_rows(self) -> bool:
        """Whether there are held-out rows to test on."""
        return self.X is not None and len(self.X) > 1

    def penalties(self) -> dict[str, float]:
        """R_G of every candidate."""
        values = self.penalty.values().detach().cpu().tolist() if self.penalty.labels else []
        return dict(zip(self.penalty.labels, values, strict=True))

    def predict(self, X: NDArray) -> NDArray:
        """Raw predictions of the network as it is."""
        return predict_rows(self.module, X)

    def orbit_tests(self, n_elements: int) -> dict[str, OrbitTest]:
        """Orbit-average test of every candidate on the validation rows."""
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
        if not self.has_rows:
            return dict.fromkeys(self.candidates.groups, 0.5)
        return {
            label: orbit_auc(self.X, group, self.candidates.rep_in, self.random_state)
            for label, group in self.candidates.groups.items()
        }

    def untestable(self) -> set[str]:
        """Candidates whose orbit leaves the data."""
        return {label for label, auc in self.reach.items() if auc >= REACH_AUC}

    def average_pays(self, elements: list) -> bool:
        """Whether averaging predictions over the elements lowers the validation error."""
        if not self.has_rows:
            return False
        rep_in, rep_out = self.candidates.rep_in, self.candidates.rep_out
        plain = row_losses(self.predict(self.X), self.y, self.y_scale)
        averaged = orbit_average(self.predict, self.X, elements, rep_in, rep_out)
        return bool(row_losses(averaged, self.y, self.y_scale).mean() < plain.mean())
