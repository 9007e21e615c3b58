"""The report of a fit."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from sksofteq.metrics._verdicts import Findings

#: Columns of the report of a fit, and their types.
COLUMN_TYPES = {
    "strength": float,
    "residual": float,
    "equivariance_error": float,
    "support": float,
    "verdict": object,
    "support_low": float,
    "support_high": float,
    "implied": bool,
    "reason": object,
}
REPORT_COLUMNS = list(COLUMN_TYPES)


def build_report(
    strengths: Mapping[str, float],
    residuals: Mapping[str, float],
    errors: Mapping[str, float],
    findings: Findings,
) -> pd.DataFrame:
    """Return the report of a fit, a row per candidate.

    Parameters
    ----------
    strengths, residuals, errors : mapping of str to float
        By candidate.
    findings : Findings
        Their tests on held-out rows, and why some cannot be tested.
    """
    rows = {
        label: {
            "strength": strengths[label],
            "residual": residuals[label],
            "equivariance_error": errors[label],
            **vars(judged),
        }
        for label, judged in findings.judgements().items()
    }
    return as_frame(rows, REPORT_COLUMNS)


def as_frame(rows: Mapping[str, Mapping[str, object]], columns: list[str]) -> pd.DataFrame:
    """Rows by candidate as a table with some columns, numbers as floats."""
    table = pd.DataFrame(
        list(rows.values()), columns=columns, index=pd.Index(list(rows), dtype=object)
    )
    return table.astype({name: COLUMN_TYPES.get(name, float) for name in columns})
