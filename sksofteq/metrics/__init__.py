"""How equivariant a predictor is, and which symmetries data have: for any regressor."""

from sksofteq.metrics._error import equivariance_error, mean_equivariance_error
from sksofteq.metrics._report import REPORT_COLUMNS, build_report
from sksofteq.metrics._rows import check_row_groups
from sksofteq.metrics._tests import find_symmetries, symmetry_test
from sksofteq.metrics._verdicts import (
    EQUIVARIANT,
    LEAVES_DATA,
    NO_ROWS,
    SMALL_BREAK,
    Findings,
    Judgement,
    judge,
    root_mean_square,
    too_few,
)
from sksofteq.orbits import CRITICAL_Z

__all__ = [
    "CRITICAL_Z",
    "EQUIVARIANT",
    "LEAVES_DATA",
    "NO_ROWS",
    "REPORT_COLUMNS",
    "SMALL_BREAK",
    "Findings",
    "Judgement",
    "build_report",
    "check_row_groups",
    "equivariance_error",
    "find_symmetries",
    "judge",
    "mean_equivariance_error",
    "root_mean_square",
    "symmetry_test",
    "too_few",
]
