"""The search for the best strengths, in their logarithms, from fixed starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: When a descent stops: relative change of the objective, its largest slope, number of steps.
STOP = {"ftol": 1e-11, "gtol": 1e-5, "maxiter": 200}
#: With more free strengths than this not all combinations of weak and strong are tried.
MOST_COMBINED = 4


@dataclass(frozen=True)
class Search:
    """An objective of strengths and where to look for its minimum.

    Parameters
    ----------
    value : callable
        From strengths, shape (n,), to a number.
    slope : callable or None
        From strengths to that number and its gradient by their logarithms; None takes
        differences.
    bounds : ndarray of shape (n, 2)
    free : ndarray of bool, shape (n,)
        Which strengths are looked for; the others keep the values of the starts.
    """

    value: Callable[[NDArray], float]
    slope: Callable[[NDArray], tuple[float, NDArray]] | None
    bounds: NDArray
    free: NDArray

    def minimise(self, starts: Sequence[NDArray]) -> NDArray:
        """Descend from the best start, then try every strength at the ends of its range.

        An objective that is flat far out can have a lower valley on its other side.
        """
        if not self.free.any():
            return starts[0]
        best = self._descend(min(starts, key=self.value))
        for i in np.flatnonzero(self.free):
            for end in self.bounds[i]:
                trial = best[1].copy()
                trial[i] = end
                if self.value(trial) < best[0] - 1e-6 * abs(best[0]):
                    best = min(best, self._descend(trial), key=lambda found: found[0])
        return best[1]

    def _descend(self, start: NDArray) -> tuple[float, NDArray]:
        free, limits = self.free, np.log(self.bounds[self.free])

        def strengths(logs: NDArray) -> NDArray:
            moved = start.copy()
            moved[free] = np.exp(logs)
            return moved

        def function(logs: NDArray) -> tuple[float, NDArray] | float:
            if self.slope is None:
                return self.value(strengths(logs))
            value, gradient = self.slope(strengths(logs))
            return value, gradient[free]

        found = minimize(
            function,
            np.clip(np.log(start[free]), *limits.T),
            jac="3-point" if self.slope is None else True,
            method="L-BFGS-B",
            bounds=limits,
            options=STOP,
        )
        return float(found.fun), strengths(found.x)


def weak_and_strong(n: int, weak: float, strong: float) -> list[NDArray]:
    """Combinations of n strengths: all of them for few, else those with at most one exception."""
    if n <= MOST_COMBINED:
        return [np.array(levels) for levels in product((weak, strong), repeat=n)]
    mostly = []
    for level, other in ((weak, strong), (strong, weak)):
        mostly.append(np.full(n, level))
        mostly += [np.where(np.arange(n) == i, other, level) for i in range(n)]
    return mostly
