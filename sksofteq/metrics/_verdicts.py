"""What is said of a test: support, verdict and the reason for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm

from sksofteq.candidates import Candidates
from sksofteq.orbits import CRITICAL_Z, OrbitTest, moves_columns
from sksofteq.subspace import is_subgroup

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A predictor that changes by less than this share of the target's variance along an orbit has
#: an approximate symmetry, even where the test finds it broken.
SMALL_BREAK = 0.05
#: A predictor whose change along the orbit is a smaller share of the target's variance is
#: equivariant up to rounding.
ROUNDING_SIZE = 1e-6

#: Reasons why a candidate cannot be tested.
LEAVES_DATA = "moved rows leave the data, so the regressor would have to guess there"
NO_ROWS = "no rows were held out"
EQUIVARIANT = "predictions obey it exactly, so errors say nothing"
MOVES_NOTHING = "it moves no column"
NO_SPREAD = "averaging over it changes no error, or all errors alike"
NOT_FINITE = "the errors are not finite numbers"
NO_SKILL = "predictions are no better than a constant, so there is nothing to read it from"


@dataclass(frozen=True)
class Judgement:
    """What is said of one candidate.

    Parameters
    ----------
    support : float
    verdict : {"holds", "approximate", "broken", "cannot tell"}
    support_low, support_high : float
        90 percent interval of support.
    implied : bool
        Whether another candidate that holds contains this one.
    reason : str
    """

    support: float
    verdict: str
    support_low: float
    support_high: float
    implied: bool
    reason: str


@dataclass(frozen=True)
class Findings:
    """The tests of all candidates, and what is needed to judge them.

    Parameters
    ----------
    tests : mapping of str to OrbitTest
        Outcome of the orbit-average test on rows that were held out, by candidate.
    candidates : Candidates
    deviation : float, default=1.0
        Root mean square over outputs of what standardises y.
    untestable : mapping of str to str, default={}
        Why a candidate cannot be tested, by candidate.
    grouped : bool, default=False
        Whether standard errors are over groups of rows.
    """

    tests: Mapping[str, OrbitTest]
    candidates: Candidates
    deviation: float = 1.0
    untestable: Mapping[str, str] = field(default_factory=dict)
    grouped: bool = False

    def judgements(self) -> dict[str, Judgement]:
        """What is said of every candidate."""
        own = {label: self._alone(label) for label in self.candidates.groups}
        return {label: self._in_company(label, own) for label in own}

    def _alone(self, label: str) -> Judgement:
        """The judgement of a candidate by its own test."""
        group, test = self.candidates.groups[label], self.tests[label]
        sides = (self.candidates.rep_in, self.candidates.rep_out)
        why = self.untestable.get(label)
        if not any(moves_columns(group, rep) for rep in sides):
            why = MOVES_NOTHING
        return judge(test, why, self.deviation, self.grouped)

    def _in_company(self, label: str, own: Mapping[str, Judgement]) -> Judgement:
        """The same, given that a candidate that holds takes its subgroups with it."""
        judged, groups = own[label], self.candidates.groups
        if judged.verdict == "cannot tell" and judged.reason != NO_SKILL:
            return judged
        containing = [
            other
            for other, judgement in own.items()
            if judgement.verdict == "holds"
            and other != label
            and is_subgroup(groups[label], groups[other])
        ]
        if not containing:
            return judged
        best = max(containing, key=lambda other: own[other].support)
        return replace(
            judged,
            support=max(judged.support, own[best].support),
            support_low=max(judged.support_low, own[best].support_low),
            support_high=max(judged.support_high, own[best].support_high),
            verdict="holds",
            implied=True,
            reason=f"{best} holds and contains it",
        )


def judge(
    test: OrbitTest,
    untestable: str | None = None,
    deviation: float = 1.0,
    grouped: bool = False,
) -> Judgement:
    """Return what is said of one candidate by its own test.

    "approximate" says that the test does not settle it, for one of two reasons: |z| below
    `CRITICAL_Z`, so that the break is too small for these rows to see *or* the rows are too few
    to decide (the test has no power; more held-out rows may turn it into "holds" or "broken");
    or z above it although the predictor hardly changes along the orbit (`SMALL_BREAK`).

    Parameters
    ----------
    test : OrbitTest
    untestable : str, default=None
        Why the candidate cannot be tested.
    deviation : float, default=1.0
        Deviation of the target in its own units.
    grouped : bool, default=False
        Whether the test's units are groups of rows.
    """
    why = untestable or too_few(test, grouped) or _why_untold(test)
    verdict = _verdict(test)
    if why is None and verdict != "broken" and not test.has_skill:
        why = NO_SKILL  # where f fits noise, averages over anything lower its errors
    if why is not None:
        return Judgement(0.5, "cannot tell", 0.0, 1.0, False, why)
    reason = _reason(test, verdict, deviation, grouped)
    return Judgement(test.support, verdict, test.support_low, test.support_high, False, reason)


def too_few(test: OrbitTest, grouped: bool) -> str | None:
    """That there are too few rows, or groups of rows, to judge by; None where there are enough."""
    return None if test.has_units else f"only {_units(test.units, grouped)} to judge by"


def _verdict(test: OrbitTest) -> str:
    sure = norm.cdf(CRITICAL_Z)
    if test.support >= sure:
        return "holds"
    if test.support <= 1 - sure and test.size >= SMALL_BREAK:
        return "broken"
    return "approximate"


def root_mean_square(scale: NDArray) -> float:
    """The deviation of y that breaks are told in, from what standardises its columns."""
    return float(np.sqrt(np.mean(np.square(scale, dtype=np.float64))))


# ------------------------------------------------------------------ reasons in words


def _why_untold(test: OrbitTest) -> str | None:
    """Why a test that was made says nothing, None where it says something."""
    if not np.isfinite(test.z):
        return NOT_FINITE
    if test.z == 0.0:
        return EQUIVARIANT if test.size < ROUNDING_SIZE else NO_SPREAD
    return None


def _reason(test: OrbitTest, verdict: str, deviation: float, grouped: bool) -> str:
    z, size = f"z = {test.z:.1f}", _size_of_break(test, deviation)
    units = "the" if test.units is None else str(test.units)
    rows = f"{units} {_noun(grouped)}"
    if verdict == "holds":
        told = z if test.units is None else f"{z}, {rows}"
        return f"averaging over it lowers the error ({told})"
    if verdict == "broken":
        return f"averaging over it raises the error ({z}); {size}"
    if test.z > 0 and test.support <= norm.sf(CRITICAL_Z):
        return f"{size}: small, but beyond chance ({z})"
    if test.break_square == 0:
        return f"no break to be seen, but {rows} are too few to be sure"
    return f"{size}; averaging costs nothing that {rows} could show"


def _size_of_break(test: OrbitTest, deviation: float) -> str:
    share = np.sqrt(test.break_square)
    return f"broken by about {_short(share * deviation)}, {_short(100 * share)} % of y's deviation"


def _units(n: int, grouped: bool) -> str:
    if n == 1:
        return "1 group of rows" if grouped else "1 row"
    return f"{n} {_noun(grouped)}"


def _noun(grouped: bool) -> str:
    return "groups of rows" if grouped else "rows"


def _short(value: float) -> str:
    """A number to two figures, without an exponent where it is of a common size."""
    if not 1e-4 <= value < 1e6:
        return f"{value:.2g}"
    return np.format_float_positional(value, precision=2, fractional=False, trim="-")
