"""Functions whose symmetries are known, to judge rules by.

A scenario draws inputs and has a base that obeys all of its candidates, and terms that break
some of them. A function is a scenario with one such term, in units of the base's deviation, or
none. Twelve scenarios make forty-eight functions; half of the scenarios are for development.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks._bank_scenarios import SCENARIOS, Function
from sksofteq.candidates import Candidates, resolve_candidates
from sksofteq.orbits import orbit_predictions, sample_elements

#: Rows and group elements that measure how far a function is from a symmetry.
TRUTH_ROWS, TRUTH_ELEMENTS = 400, 64
#: A function is broken by a candidate if it changes along the orbit by more than this share.
EXACT = 1e-9


@dataclass(frozen=True)
class BankFunction:
    """One function of the bank."""

    scenario: str
    broken_by: str
    size: float

    @property
    def name(self) -> str:
        """A short title."""
        return f"{self.scenario}: {self.broken_by} {self.size:g}".removesuffix(" 0")

    def __call__(self, X: NDArray) -> NDArray:
        """Values without noise, shape (n, dim_out), of about unit deviation."""
        scenario = SCENARIOS[self.scenario]
        reference = scenario.draw(np.random.RandomState(0), 2000)

        def unit(term: Function) -> NDArray:
            spread = np.sqrt(np.var(term(reference), axis=0).mean())
            return term(X).reshape(len(X), -1) / spread

        y = unit(scenario.base)
        if self.size:
            y = y + self.size * unit(scenario.breaks[self.broken_by][0])
        return y

    def sample(
        self, n: int, noise: float, scale: float, seed: int
    ) -> tuple[NDArray, NDArray, NDArray]:
        """X, y with noise, and y without, y multiplied by `scale`."""
        rng = np.random.RandomState(seed)
        X = SCENARIOS[self.scenario].draw(rng, n)
        clean = self(X)
        y = clean + noise * rng.standard_normal(clean.shape)
        return X, scale * y, scale * clean

    def candidates(self) -> Candidates:
        """The candidates, resolved."""
        X = SCENARIOS[self.scenario].draw(np.random.RandomState(0), 2)
        view = SCENARIOS[self.scenario].view
        sizes = {"n_features": X.shape[1], "n_outputs": self(X).shape[1]}
        return resolve_candidates(**view, **sizes)

    def truth(self) -> dict[str, float]:
        """Size of each candidate's break: root mean square of f - f_G over f's deviation."""
        X = SCENARIOS[self.scenario].draw(np.random.RandomState(1), TRUTH_ROWS)
        found, candidates = {}, self.candidates()
        rep_in, rep_out = candidates.rep_in, candidates.rep_out
        for label, group in candidates.groups.items():
            elements = sample_elements(group, TRUTH_ELEMENTS, X, rep_in, 2)
            along = orbit_predictions(self, X, elements, rep_in, rep_out)
            # the spread along the orbit is |f - f_G|^2 without the sampling error of f_G
            square = along.var(axis=0, ddof=1).mean() / self(X).var(axis=0).mean()
            found[label] = 0.0 if square < EXACT else float(np.sqrt(square))
        return found


class Known(Protocol):
    """A function whose breaks can be worked out."""

    def truth(self) -> dict[str, float]:
        """Size of each candidate's break."""


@cache
def truth_of(function: Known) -> dict[str, float]:
    """Size of each candidate's break, worked out once in a process."""
    return function.truth()


def functions(held_out: bool) -> list[BankFunction]:
    """The functions of one half, those with all symmetries first."""
    chosen = {name: s for name, s in SCENARIOS.items() if s.held_out == held_out}
    exact = [BankFunction(name, "", 0.0) for name in chosen]
    return exact + [
        BankFunction(name, term, size)
        for name, scenario in chosen.items()
        for term, (_, sizes) in scenario.breaks.items()
        for size in sizes
    ]
