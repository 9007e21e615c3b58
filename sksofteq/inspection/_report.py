"""The table of what was found out about every candidate."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from sksofteq.metrics import judge
from sksofteq.orbits import OrbitTest

REPORT_COLUMNS = ["strength", "residual", "equivariance_error", "support", "verdict"]


def build_report(
    strengths: Mapping[str, float],
    residuals: Mapping[str, float],
    errors: Mapping[str, float],
    tests: Mapping[str, OrbitTest],
    untestable: set[str],
) -> pd.DataFrame:
    """Return the report of a fit, a row per candidate.

    Parameters
    ----------
    strengths, residuals, errors : mapping of str to float
        By candidate.
    tests : mapping of str to OrbitTest
        Outcome of the orbit-average test on held-out rows.
    untestable : set of str
        Candidates whose orbit leaves the data.
    """
    rows = {
        label: (
            strengths[label],
            float(residuals[label]),
            errors[label],
            *judge(tests[label], label not in untestable),
        )
        for label in strengths
    }
    report = pd.DataFrame(
        list(rows.values()), columns=REPORT_COLUMNS, index=pd.Index(list(rows), dtype=object)
    )
    return report.astype(dict.fromkeys(REPORT_COLUMNS[:-1], float))
