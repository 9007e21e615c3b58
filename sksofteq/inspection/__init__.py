"""What was found out, as a table and as pictures."""

from sksofteq.inspection._displays import StrengthPathDisplay, SymmetryDisplay, draw_lines
from sksofteq.inspection._report import REPORT_COLUMNS, build_report

__all__ = [
    "REPORT_COLUMNS",
    "StrengthPathDisplay",
    "SymmetryDisplay",
    "build_report",
    "draw_lines",
]
