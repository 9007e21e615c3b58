"""Warnings of this package, to filter by."""

from __future__ import annotations

__all__ = ["FarFromTrainingWarning"]


class FarFromTrainingWarning(UserWarning):
    """Predictions were asked for where there were no training rows, nor moved ones."""
