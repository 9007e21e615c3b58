"""What is read off a fit: its curves, the equivariance errors and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sksofteq.candidates import Candidates
from sksofteq.estimators._plans import Plan
from sksofteq.estimators._probe import FitProbe
from sksofteq.metrics import (
    LEAVES_DATA,
    NO_ROWS,
    Findings,
    build_report,
    mean_equivariance_error,
    root_mean_square,
    too_few,
)
from sksofteq.orbits import OrbitTest, sample_elements
from sksofteq.training import PenalizedNet

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Rows and group elements that measure the equivariance errors; after an epoch on a chunk fewer
#: rows, lest measuring take longer than training.
ERROR_ROWS, ERROR_ROWS_CHUNK, ERROR_ELEMENTS = 1000, 100, 8
#: Group elements of the tests in the report.
REPORT_ELEMENTS = 24


def curves(net: PenalizedNet, labels: list[str]) -> dict[str, pd.DataFrame]:
    """Strengths, penalties and terms of the loss over epochs, as fitted attributes."""
    rows = list(net.history)
    epochs = pd.RangeIndex(1, len(rows) + 1, name="epoch")
    strength_path, penalty_path = (
        pd.DataFrame([row[kind] for row in rows], index=epochs, columns=labels, dtype=float)
        for kind in ("strengths", "penalties")
    )
    finite = strength_path.replace(np.inf, 0.0)  # a hard candidate's penalty is 0
    terms = {"data": [row["train_loss"] for row in rows]}
    loss_curve = pd.DataFrame(terms, index=epochs).join(finite * penalty_path)
    if any("valid_loss" in row for row in rows):
        loss_curve["validation"] = [row.get("valid_loss", np.nan) for row in rows]
    return {
        "strength_path_": strength_path,
        "penalty_path_": penalty_path,
        "loss_curve_": loss_curve,
    }


def equivariance_errors(
    predict: Callable[[NDArray], NDArray],
    X: NDArray,
    candidates: Candidates,
    random_state: np.random.RandomState,
    n_rows: int = ERROR_ROWS,
) -> dict[str, float]:
    """Equivariance error of predictions on up to `n_rows` of the rows, by candidate."""
    rows = X[:: max(1, len(X) // n_rows)][:n_rows]
    errors = {}
    for label, group in candidates.groups.items():
        elements = sample_elements(group, ERROR_ELEMENTS, rows, candidates.rep_in, random_state)
        errors[label] = mean_equivariance_error(
            predict, rows, elements, candidates.rep_in, candidates.rep_out
        )
    return errors


def findings(probe: FitProbe, plan: Plan | None = None) -> Findings:
    """Tests of every candidate on the held-out rows, and why some cannot be tested.

    A plan tells what keeping these costs.
    """
    tests = probe.orbit_tests(REPORT_ELEMENTS)
    return Findings(
        tests,
        probe.candidates,
        root_mean_square(probe.y_scale),
        _untestable(probe, tests, plan),
        grouped=probe.is_grouped,
    )


def _untestable(
    probe: FitProbe, tests: Mapping[str, OrbitTest], plan: Plan | None
) -> dict[str, str]:
    """Why candidates cannot be tested; without rows held out, nobody asks where orbits lead."""
    if not probe.has_tests:
        return dict.fromkeys(tests, NO_ROWS)
    untestable = {
        label: too_few(tests[label], probe.is_grouped) or LEAVES_DATA
        for label in probe.untestable()
    }
    for label, cost in plan.costs.items() if plan else ():
        change = f"{abs(cost):.0%} {'more' if cost >= 0 else 'less'} error on rows held out"
        said = "let go, as keeping it costs" if label in plan.let_go else "kept, with"
        untestable[label] += f"; {said} {change}"
    return untestable


def holding(probe: FitProbe) -> list[str]:
    """The candidates whose verdict is "holds"."""
    judged = findings(probe).judgements()
    return [label for label, judgement in judged.items() if judgement.verdict == "holds"]


def report(
    probe: FitProbe,
    strengths: dict[str, float],
    errors: dict[str, float],
    plan: Plan | None = None,
) -> pd.DataFrame:
    """The symmetry report of the network as it is."""
    residuals = probe.penalty.relative_residuals() if strengths else []
    residuals = dict(zip(strengths, residuals, strict=True))
    return build_report(strengths, residuals, errors, findings(probe, plan))
