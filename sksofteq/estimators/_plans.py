"""How a fit makes use of what was found: which network, and which candidates move its rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sksofteq.groups import MatrixGroup
from sksofteq.orbits import CRITICAL_Z, MIN_UNITS, OrbitTest, compare_losses

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sksofteq.discovery import Evidence

#: Most strength of a candidate that a pilot does without.
WITHOUT = 1e-3
#: The z and the share of the error, against the best plan so far, that others must stay below: the
#: less there is to say for a plan beforehand, the more its pilot has to show. Typed layers are
#: several times as dear, and go on to overfit where a short pilot has not yet.
BOUNDS = {
    "supported": (0.0, 1.0),
    "leaning": (-0.5, 1.0),
    "held": (-0.5, 1.0),
    "layers": (-0.5, 1.0),
    "typed": (-CRITICAL_Z, 0.7),
}
#: A candidate that cannot be tested is let go if with it, alone, a pilot's error is by this z and
#: this factor above that of one without. A true symmetry may cost something, too, as rows that are
#: moved are harder to fit, and pays elsewhere.
TOO_DEAR = (CRITICAL_Z, 1.5)
#: Shares of the error to stay below where rows are of one group, so that there is no z, or of so
#: few that z says little.
CLEAR_OF_ONE, CLEAR_OF_FEW = 0.9, 0.97


@dataclass(frozen=True)
class Plan:
    """How to fit.

    Parameters
    ----------
    network : {"typed", "plain", "linear", "own"}
        Typed hidden layers, those of a perceptron, none, or a network of the user's.
    moved : tuple of str
        Candidates whose elements move rows and average predictions where that is "auto"; those
        that a frame takes care of are not among them.
    strengths : mapping of str to float
    shares : mapping of str to float
        Share of their stretching that elements are given; 1 where a candidate is missing.
    costs : mapping of str to float
        How much more error there is, as a share, for keeping a candidate that cannot be tested.
    let_go : tuple of str
        Candidates that cannot be tested and were too dear to keep.
    """

    network: str
    moved: tuple[str, ...]
    strengths: Mapping[str, float]
    shares: Mapping[str, float] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    let_go: tuple[str, ...] = ()


def kind_of(network: Any) -> str:
    """The layers that `network` asks for; typed ones where that is to be found out."""
    if not isinstance(network, str):
        return "own"
    return network if network in ("plain", "own") else "typed"


def moving(labels: Sequence[str], groups: Mapping[str, MatrixGroup]) -> list[str]:
    """Those of the candidates that do anything which a frame has not taken care of."""
    return [label for label in labels if not groups[label].linear_part().is_trivial]


def check_hard(plan: Plan, groups: Mapping[str, MatrixGroup]) -> None:
    """Raise a ValueError if a perceptron is to obey exactly what only typed layers can."""
    hard = [label for label, value in plan.strengths.items() if math.isinf(value)]
    beyond = moving(hard, groups)
    if plan.network == "plain" and beyond:
        raise ValueError(
            f'strengths must be finite where network="plain", got inf for {beyond}: a perceptron '
            'obeys exactly only translations and scalings of frames. Set network to "typed".'
        )


def is_planned(value: Any) -> bool:
    """Whether `augment` or `average` leaves it to the plan which candidates are moved by."""
    flag = isinstance(value, (bool, np.bool_)) and bool(value)
    return flag or (isinstance(value, str) and value == "auto")


def _clear_share(test: OrbitTest) -> float:
    """The share of the error to stay below for want of groups to judge by."""
    if test.has_units:
        return 1.0
    return CLEAR_OF_ONE if test.units == 1 else CLEAR_OF_FEW


def pilot_table(rows: Iterable[tuple] = ()) -> pd.DataFrame:
    """A table of pilots, by default an empty one."""
    return pd.DataFrame(list(rows), columns=["network", "moved_by", "held", "error", "chosen"])


class Planner:
    """Chooses a plan by pilots: short fits, compared row by row on rows that they have not seen.

    Parameters
    ----------
    evidence : Evidence
    strengths : mapping of str to float
        What the rule gives each candidate.
    firmer : mapping of str to float
        What else typed layers may be given; the same if there is no choice.
    kept : list of str
        Candidates that cannot be tested and are imposed all the same, but for those that turn
        out to be `TOO_DEAR`.
    movers : list of str
        Candidates that may move rows and average predictions; others act through strengths alone.
    losses : callable
        Gets a plan and returns the losses of its pilot, shape (n_rows,).
    together : ndarray of shape (n_rows,) or None
        Group of each of these rows.
    network : {"typed", "plain", "linear", "own"}, default=None
        The network that there is, in a warm start or the user's; None lets pilots choose.
    solvable : bool, default=True
        Whether a linear map can be solved for, and so is worth a pilot.
    """

    def __init__(
        self,
        evidence: Evidence,
        strengths: Mapping[str, float],
        firmer: Mapping[str, float],
        kept: list[str],
        movers: list[str],
        losses: Callable[[Plan], NDArray],
        together: NDArray | None = None,
        network: str | None = None,
        solvable: bool = True,
    ) -> None:
        self.solvable = solvable
        self.evidence, self.untestable, self.movers = evidence, kept, movers
        self.kept = list(kept)
        self.given, self.strengths, self.firmer = strengths, strengths, firmer
        self.losses, self.together, self.network = losses, together, network
        self._tried: list[tuple[Plan, NDArray]] = []
        self._compared: list[Plan] = []

    def plan(self, network: str, moved: Sequence[str]) -> Plan:
        """The plan with a network and candidates that move rows, the kept ones among them."""
        return self._moved_by({*moved, *self.kept}, network, self.strengths)

    def choose(self) -> tuple[Plan, pd.DataFrame]:
        """The best plan, and what its pilots and those of the others said.

        A perceptron that knows nothing is what one must beat that is moved by the candidates that
        hold, then by those that only look so. The best of them must beat a linear map, and typed
        layers what is best then; these let go of what is broken, or keep it at some strength.
        Where there is a network already, only what moves it is chosen.
        """
        self._let_go()
        supported, leaning = self.evidence.supported(), self.evidence.leaning()
        network = self.network or "plain"
        best = self.plan(network, ())
        best = self._better(best, self.plan(network, supported), BOUNDS["supported"])
        best = self._better(best, self.plan(network, leaning), BOUNDS["leaning"])
        if self.network is None:
            moved = best.moved
            if self.solvable:
                best = self._better(self.plan("linear", ()), best, BOUNDS["layers"])
            best = self._better(best, self._typed(moved), BOUNDS["typed"])
        table = self._table(best)
        gone = tuple(label for label in self.untestable if label not in self.kept)
        return replace(best, costs=self._costs(best.network), let_go=gone), table

    def _typed(self, moved: Sequence[str]) -> Plan:
        """Typed layers, with the better of the two sets of strengths."""
        relaxed = self.plan("typed", moved)
        return self._better(relaxed, replace(relaxed, strengths=self.firmer), BOUNDS["held"])

    def _let_go(self) -> None:
        """Keep none that is too dear, alone; of few groups of rows none can be shown to be."""
        if self.together is not None and len(np.unique(self.together)) < MIN_UNITS:
            return
        gone = [label for label in self.untestable if self._is_too_dear(label)]
        self.kept = [label for label in self.untestable if label not in gone]
        self.strengths, self.firmer = (
            {k: min(v, WITHOUT) if k in gone else v for k, v in strengths.items()}
            for strengths in (self.strengths, self.firmer)
        )

    def _is_too_dear(self, label: str) -> bool:
        network = self.network or "plain"
        free, keeping = (self._run(self._keeping(labels, network)) for labels in ([], [label]))
        test = compare_losses(free, keeping, self.together)
        z, factor = TOO_DEAR
        return test.has_units and test.z > z and keeping.mean() > factor * free.mean()

    def _costs(self, network: str) -> dict[str, float]:
        """What each candidate that cannot be tested costs, alone, as a share of the error."""
        if not self.untestable:
            return {}
        if self.network is None and network == "typed":
            network = "plain"  # which is less dear
        free = float(self._run(self._keeping([], network)).mean())
        runs = {label: self._run(self._keeping([label], network)) for label in self.untestable}
        alone = {label: float(losses.mean()) for label, losses in runs.items()}
        return {label: error / free - 1 for label, error in alone.items()} if free else {}

    def _keeping(self, labels: list[str], network: str) -> Plan:
        """A network that keeps some candidates and no others."""
        weak = {k: v if k in labels else min(v, WITHOUT) for k, v in self.given.items()}
        return self._moved_by(labels, network, weak)

    def _moved_by(
        self, labels: Collection[str], network: str, strengths: Mapping[str, float]
    ) -> Plan:
        """The plan moved by those of the candidates that may move anything."""
        moved = tuple(k for k in strengths if k in labels and k in self.movers)
        return Plan(network, moved, strengths, self.evidence.shares)

    def _better(self, best: Plan, other: Plan, bounds: tuple[float, float]) -> Plan:
        """The other plan if its pilot, against the best one so far, is within the bounds."""
        if other == best:
            return best
        before, after = self._run(best), self._run(other)
        self._compared += [plan for plan in (best, other) if plan not in self._compared]
        test = compare_losses(before, after, self.together)
        most = min(bounds[1], _clear_share(test))
        passes = test.units == 1 or test.z < bounds[0]
        return other if passes and after.mean() < most * before.mean() else best

    def _run(self, plan: Plan) -> NDArray:
        known = [losses for tried, losses in self._tried if tried == plan]
        if not known:
            known = [self.losses(plan)]
            self._tried.append((plan, known[0]))
        return known[0]

    def _table(self, best: Plan) -> pd.DataFrame:
        errors = [float(self._run(plan).mean()) for plan in self._compared]
        return pilot_table(
            (plan.network, plan.moved, self._holds(plan), error, plan == best)
            for plan, error in zip(self._compared, errors, strict=True)
        )

    def _holds(self, plan: Plan) -> bool:
        return plan.strengths == self.firmer != self.strengths
