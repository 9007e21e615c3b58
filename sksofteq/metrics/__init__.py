"""How equivariant a predictor is, and which symmetries data have: for any regressor."""

from sksofteq.metrics._error import equivariance_error, mean_equivariance_error
from sksofteq.metrics._report import CRITICAL_Z, REPORT_COLUMNS, SMALL_BREAK, build_report, judge
from sksofteq.metrics._rows import check_row_groups
from sksofteq.metrics._tests import find_symmetries, symmetry_test

__all__ = [
    "CRITICAL_Z",
    "REPORT_COLUMNS",
    "SMALL_BREAK",
    "build_report",
    "check_row_groups",
    "equivariance_error",
    "find_symmetries",
    "judge",
    "mean_equivariance_error",
    "symmetry_test",
]
