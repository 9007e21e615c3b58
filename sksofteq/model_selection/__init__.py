"""Searches whose networks train together."""

from sksofteq.model_selection._search import SymmetrySearchCV

__all__ = ["SymmetrySearchCV"]
