"""What a fit asks of any penalty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


class Penalty(Protocol):
    """One number per candidate that says how far a network is from its symmetry."""

    labels: tuple[str, ...]

    @property
    def strengths(self) -> dict[str, float]:
        """The strengths that were set last, by label."""

    def set_strengths(self, strengths: Mapping[str, float]) -> None:
        """Fix the strengths."""

    def values(self) -> Tensor:
        """R_G of every candidate, shape (n_groups,)."""

    def relative_residuals(self) -> np.ndarray:
        """Share of the weights that is not equivariant, shape (n_groups,)."""
