"""The orbit-average test with a Gaussian process on left-out rows: no rows are set aside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from sksofteq.candidates import Candidates
from sksofteq.discovery._views import View
from sksofteq.groups import MatrixGroup
from sksofteq.orbits import (
    CRITICAL_Z,
    REACH_AUC,
    Element,
    OrbitTest,
    compare_losses,
    inverse,
    orbit_auc,
    repeated_rows,
    row_losses,
    rows_by_value,
    sample_elements,
    shrunk,
)
from sksofteq.standardisation import mean_and_scale, shared_scales

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Rows beyond this many are not looked at: the cost grows with their cube.
MAX_ROWS = 1000
#: A moved row may be this much less certain than the row at rest.
SPREAD_LIMIT = 1.3
#: Shares of an element's stretching that are tried until moved rows stay certain.
SHARES = (1.0, 0.5, 0.25, 0.12)
#: Rows and elements that this is judged by.
SPREAD_ROWS, SPREAD_ELEMENTS = 300, 6
#: With fewer rows nothing is tested.
MIN_ROWS = 10
#: Support below which even a few groups of rows tell that a candidate is broken.
CLEARLY_BROKEN = 0.01


@dataclass(frozen=True)
class Evidence:
    """What the rows say about every candidate.

    Parameters
    ----------
    tests : dict of str to OrbitTest
    reachable : dict of str to bool
        Whether the data can test the candidate.
    shares : dict of str to float
        Share of their stretching by which elements keep moved rows within the data; 1 for
        orthogonal groups.
    grouped : bool
        Whether standard errors are over groups of rows.
    tested : bool, default=True
        Whether there were rows enough to test anything.
    """

    tests: dict[str, OrbitTest]
    reachable: dict[str, bool]
    shares: dict[str, float]
    grouped: bool = False
    tested: bool = True

    def supported(self) -> list[str]:
        """The candidates that hold, beyond chance."""
        sure = norm.cdf(CRITICAL_Z)
        tests = self._testable().items()
        return [label for label, test in tests if test.has_skill and test.support >= sure]

    def leaning(self) -> list[str]:
        """The candidates that look as if they held, be it by chance."""
        return [label for label, test in self._testable().items() if test.z < 0]

    def untestable(self) -> set[str]:
        """The candidates that the data cannot test.

        Moved rows leave the data; or there are too few rows, or groups of rows, and the candidate
        is not so clearly broken that even these show it (`CLEARLY_BROKEN`).
        """
        return self.tests.keys() - self._testable().keys()

    def _testable(self) -> dict[str, OrbitTest]:
        return {
            label: test
            for label, test in self.tests.items()
            if self.reachable[label] and (test.has_units or test.support < CLEARLY_BROKEN)
        }


def process_tests(
    X: NDArray,
    y: NDArray,
    candidates: Candidates,
    weight: NDArray | None = None,
    together: NDArray | None = None,
    n_elements: int = 16,
    random_state: int | np.random.RandomState = 0,
) -> tuple[dict[str, OrbitTest], dict[str, bool]]:
    """Tests by candidate, and whether the data can make them; as `gather_evidence`."""
    evidence = gather_evidence(X, y, candidates, weight, together, n_elements, random_state)
    return evidence.tests, evidence.reachable


def gather_evidence(
    X: NDArray,
    y: NDArray,
    candidates: Candidates,
    weight: NDArray | None = None,
    together: NDArray | None = None,
    n_elements: int = 16,
    random_state: int | np.random.RandomState = 0,
) -> Evidence:
    """Test every candidate on rows that a Gaussian process has not seen.

    The process f is compared, row by row, with its average over the candidate's orbit, both
    fitted without the row; rows count by how sure f is of them. Where a candidate translates or
    scales, another process takes f's place that sees rows from the candidate's frame, and the
    average is over what remains. If the candidate holds, the average loses variance alone and
    its errors are smaller; if it is broken by at least f's own error, they are larger.

    Parameters
    ----------
    X : ndarray of shape (n_samples, dim_in)
    y : ndarray of shape (n_samples, dim_out)
        In the order of the representations.
    candidates : Candidates
    weight : ndarray of shape (n_samples,), default=None
        How much each row's loss counts; rows without weight are left out.
    together : ndarray of shape (n_samples,), default=None
        Rows with one value belong together.
    n_elements : int, default=16
        Group elements per candidate.
    random_state : int or RandomState, default=0
        Chooses rows and elements.

    Returns
    -------
    evidence : Evidence
    """
    if not isinstance(random_state, np.random.RandomState):
        random_state = np.random.RandomState(random_state)
    weight = np.ones(len(X)) if weight is None else weight
    rows = np.flatnonzero(weight > 0)
    if len(rows) > MAX_ROWS:
        rows = np.sort(random_state.permutation(rows)[:MAX_ROWS])
    X, y, weight = X[rows].astype(np.float64), y[rows].astype(np.float64), weight[rows]
    together = None if together is None else together[rows]
    if together is None:
        X, y, weight = _each_row_once(X, y, weight)
    if len(X) < MIN_ROWS:
        nothing = OrbitTest(0.0, 0.0, 0.0, units=len(X))
        parts = (dict.fromkeys(candidates.groups, value) for value in (nothing, True, 1.0))
        return Evidence(*parts, tested=False)
    tester = _Tester(X, y, weight, candidates, together, n_elements, random_state)
    found = {label: tester.test(group) for label, group in candidates.groups.items()}
    parts = ({label: row[i] for label, row in found.items()} for i in range(3))
    return Evidence(*parts, grouped=together is not None)


def _each_row_once(X: NDArray, y: NDArray, weight: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Rows that are repeated become one, with their mean target and their weight together.

    A row is not left out while its repetition stays.
    """
    codes = repeated_rows(X)
    if codes is None:
        return X, y, weight
    parts = rows_by_value(codes)
    means = [np.average(y[part], axis=0, weights=weight[part]) for part in parts]
    firsts = [part[0] for part in parts]
    order = np.argsort(firsts)
    summed = np.array([weight[part].sum() for part in parts])
    return X[np.array(firsts)[order]], np.array(means)[order], summed[order]


class _Tester:
    """Rows, the free process on them, and its losses."""

    def __init__(
        self,
        X: NDArray,
        y: NDArray,
        weight: NDArray,
        candidates: Candidates,
        together: NDArray | None,
        n_elements: int,
        random_state: np.random.RandomState,
    ) -> None:
        self.X, self.y, self.together = X, y, together
        self.rep_in, self.rep_out = candidates.rep_in, candidates.rep_out
        self.n_elements, self.random_state = n_elements, random_state
        groups = list(candidates.groups.values())
        shared = shared_scales(self.rep_out, groups)
        self.mean, self.scale = mean_and_scale(y, self.rep_out, groups, None, shared)
        self.free = View(X, y, self.rep_in, self.rep_out, groups, together=together)
        # Rows of which the process knows that it knows little would drown the others.
        variances = self.free.process.variances()
        share = weight / (variances + np.median(variances))
        self.share = share / share.mean()
        self.predicted = self.free.left_out_at(X)

    def test(self, group: MatrixGroup) -> tuple[OrbitTest, bool, float]:
        """The test of one candidate, whether the data can make it, the share of stretching."""
        view = self.free
        if group.affine or group.scales_frame:
            sides = (self.X, self.y, self.rep_in, self.rep_out)
            view = View(*sides, [group], group, self.together)
        elements, reachable, share = self._elements(group, view)
        along = np.stack([self._back(view, element) for element in elements])
        plain, averaged, constant = (
            self.share * row_losses(p, self.y, self.scale)
            for p in (self.predicted, along.mean(axis=0), self.mean)
        )
        test = compare_losses(plain, averaged, self.together, constant)
        changes = np.mean(((along - self.predicted) / self.scale) ** 2, axis=(0, 2))
        size = 0.5 * float(np.mean(self.share * changes))
        if group.linear_part().is_trivial:  # the average is exact, and its change that of one
            return replace(test, size=2 * size), reachable, share
        return replace(test, size=size, elements=len(elements)), reachable, share

    def _back(self, view: View, element: Element) -> NDArray:
        """rho_out(g)^-1 f(rho_in(g) x)."""
        predicted = view.left_out_at(self.rep_in.transform(self.X, element))
        return self.rep_out.transform(predicted, inverse(element))

    def _elements(self, group: MatrixGroup, view: View) -> tuple[list[Element], bool, float]:
        """What to average over, whether it stays where there are data, its share of stretching."""
        drawn = sample_elements(group, self.n_elements, self.X, self.rep_in, self.random_state)
        in_reach = orbit_auc(self.X, group, self.rep_in, self.random_state) < REACH_AUC
        if group.linear_part().is_trivial:  # the frame has taken care of everything
            return drawn[:1], in_reach, 1.0
        if group.is_orthogonal:
            return drawn, in_reach, 1.0
        rows = self.random_state.permutation(len(self.X))[:SPREAD_ROWS]
        at_rest = view.spread_at(self.X[rows], rows).mean()
        for share in SHARES:
            elements = [shrunk(element, share) for element in drawn]
            moved = [self.rep_in.transform(self.X[rows], g) for g in elements[:SPREAD_ELEMENTS]]
            if np.mean([view.spread_at(X, rows).mean() for X in moved]) < SPREAD_LIMIT * at_rest:
                return elements, True, share
        return elements, False, share
