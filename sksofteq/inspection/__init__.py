"""What was found out, as pictures."""

from sksofteq.inspection._displays import StrengthPathDisplay, SymmetryDisplay, draw_lines

__all__ = ["StrengthPathDisplay", "SymmetryDisplay", "draw_lines"]
