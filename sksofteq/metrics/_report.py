"""What is said of a test: support, verdict, the report of a fit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import norm

from sksofteq.orbits import OrbitTest

#: |z| beyond which the orbit-average test speaks (one-sided 5 percent).
CRITICAL_Z = 1.645
#: A predictor that changes by less than this share of the target's variance along an orbit has
#: an approximate symmetry, even where the test finds it broken.
SMALL_BREAK = 0.05
#: Columns of the report of a fit.
REPORT_COLUMNS = ["strength", "residual", "equivariance_error", "support", "verdict"]


def judge(test: OrbitTest, reachable: bool) -> tuple[float, str]:
    """Return (support, verdict) of one test; support is 0.5 where nothing can be told.

    "approximate" says that the test does not settle it, for one of two reasons: |z| below
    `CRITICAL_Z`, so that the break is too small for these rows to see *or* the rows are too few
    to decide (the test has no power; more held-out rows may turn it into "holds" or "broken");
    or z above it although the predictor hardly changes along the orbit (`SMALL_BREAK`).

    Parameters
    ----------
    test : OrbitTest
    reachable : bool
        Whether the orbit stays within the data.

    Returns
    -------
    support : float
    verdict : {"holds", "approximate", "broken", "cannot tell"}
    """
    if not reachable or test.z == 0.0 or not np.isfinite(test.z):
        return 0.5, "cannot tell"
    sure = norm.cdf(CRITICAL_Z)
    if test.support >= sure:
        return test.support, "holds"
    if test.support <= 1 - sure and test.size >= SMALL_BREAK:
        return test.support, "broken"
    return test.support, "approximate"


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
