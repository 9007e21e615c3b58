"""Data that cannot tell turns which leave them: vectors near one axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def _length(a: NDArray) -> NDArray:
    return np.sqrt((a**2).sum(axis=1))


#: Functions of lengths and angles, which all turns leave alone.
CONES: dict[str, Callable[[NDArray, NDArray], NDArray]] = {
    "product": lambda a, b: _length(a) + (a * b).sum(axis=1) / 2,
    "bend": lambda a, b: np.tanh((a**2).sum(axis=1)) - _length(b),
    "wave": lambda a, b: np.cos(2 * _length(a)) * _length(b),
}
OPENING = 0.1


@dataclass(frozen=True)
class Cone:
    """Two vectors near the x axis and an invariant of them."""

    title: str

    view = {  # noqa: RUF012 - the same for all
        "symmetries": ("SO(3)", "SO(2)@x,y", "SO(2)@x,z", "SO(2)@y,z"),
        "rep_in": "2*vector",
        "rep_out": "scalar",
    }
    #: The turns that keep rows where they are.
    stays = ("SO(2)@y,z",)

    @property
    def name(self) -> str:
        """A short title."""
        return f"cone: {self.title}"

    def sample(
        self, n: int, noise: float, scale: float, seed: int
    ) -> tuple[NDArray, NDArray, NDArray]:
        """X, y with noise, and y without, y multiplied by `scale`."""
        spread = self._clean(*self._draw(np.random.RandomState(0), 2000)).std()
        rng = np.random.RandomState(seed)
        a, b = self._draw(rng, n)
        clean = self._clean(a, b) / spread
        y = clean + noise * rng.standard_normal(clean.shape)
        return np.hstack([a, b]), scale * y, scale * clean

    def truth(self) -> dict[str, float]:
        """Nothing is broken."""
        return dict.fromkeys(self.view["symmetries"], 0.0)

    def _clean(self, a: NDArray, b: NDArray) -> NDArray:
        return CONES[self.title](a, b)[:, None]

    def _draw(self, rng: np.random.RandomState, n: int) -> list[NDArray]:
        drawn = []
        for _ in range(2):
            angle, radius = rng.uniform(0, 2 * np.pi, n), OPENING * np.sqrt(rng.uniform(0, 1, n))
            away = np.column_stack([np.ones(n), radius * np.cos(angle), radius * np.sin(angle)])
            drawn.append(rng.uniform(0.5, 2, (n, 1)) * away / _length(away)[:, None])
        return drawn
