"""Pictures of a fit; matplotlib is imported when one is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Columns of a report that are drawn.
DRAWN = ("strength", "equivariance_error", "support", "verdict")
#: One colour per verdict, distinguishable without colour vision, and a marker each.
VERDICT_STYLE = {
    "holds": ("#1b7837", "o"),
    "approximate": ("#d98c00", "s"),
    "broken": ("#b2182b", "X"),
    "cannot tell": ("#777777", "D"),
}
#: Strengths below this are drawn at the edge of the logarithmic axis.
SMALLEST_STRENGTH = 1e-4


class SymmetryDisplay:
    """What a fit found out: strength, equivariance error and support, a row per candidate.

    Parameters
    ----------
    report : DataFrame
        As `SoftEquivariantRegressor.symmetry_report` returns it; the columns strength,
        equivariance_error, support and verdict are drawn.

    Attributes
    ----------
    axes_ : ndarray of Axes of shape (3,)
    figure_ : Figure

    Examples
    --------
    >>> import pandas as pd
    >>> from sksofteq.inspection import SymmetryDisplay
    >>> report = pd.DataFrame(
    ...     [[3.0, 0.1, 0.99, "holds"], [0.001, 0.5, 0.0, "broken"]],
    ...     index=["O(2)@x,y", "O(2)@y,z"],
    ...     columns=["strength", "equivariance_error", "support", "verdict"])
    >>> len(SymmetryDisplay(report=report).plot().axes_)
    3
    """

    def __init__(self, *, report: pd.DataFrame) -> None:
        missing = [name for name in DRAWN if name not in report.columns]
        if missing:
            raise ValueError(f"report lacks the columns {missing}.")
        self.report = report

    @classmethod
    def from_estimator(cls, estimator: Any, *, axes: Any = None) -> SymmetryDisplay:
        """Draw the report of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator with `symmetry_report`
        axes : sequence of three Axes, default=None
            Where to draw; a new figure by default.

        Returns
        -------
        display : SymmetryDisplay
        """
        check_is_fitted(estimator)
        return cls(report=estimator.symmetry_report()).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> SymmetryDisplay:
        """Draw.

        Parameters
        ----------
        axes : sequence of three Axes, default=None

        Returns
        -------
        self : SymmetryDisplay
        """
        import matplotlib.pyplot as plt

        n = len(self.report)
        if axes is None:
            _, axes = plt.subplots(
                1, 3, sharey=True, figsize=(10.5, 1.5 + 0.42 * n), layout="constrained"
            )
        self.axes_ = np.asarray(axes).ravel()
        if len(self.axes_) != 3:
            raise ValueError(f"axes must hold three Axes, got {len(self.axes_)}.")
        self.figure_ = self.axes_[0].figure
        self._strengths(self.axes_[0])
        self._shares(self.axes_[1], "equivariance_error", "equivariance error")
        self._shares(self.axes_[2], "support", "support")
        self.axes_[2].axvline(0.5, color="0.6", lw=0.8, ls=":")
        self.axes_[0].set_yticks(range(n), [_short(label) for label in self.report.index])
        for axis in self.axes_:
            axis.set_ylim(max(n, 1) - 0.5, -0.5)
            axis.grid(axis="x", color="0.9")
            axis.set_axisbelow(True)
            axis.spines[["top", "right"]].set_visible(False)
        self._legend()
        return self

    def _strengths(self, axis: Axes) -> None:
        values = self.report["strength"].to_numpy(float)
        finite = values[np.isfinite(values)]
        top = max(10.0, 10 * finite.max(initial=1.0))
        shown = np.clip(np.where(np.isinf(values), top, values), SMALLEST_STRENGTH, None)
        for row, (value, verdict) in enumerate(zip(shown, self.report["verdict"], strict=True)):
            colour, marker = VERDICT_STYLE[verdict]
            axis.plot([SMALLEST_STRENGTH, value], [row, row], color=colour, lw=2, alpha=0.5)
            axis.plot(value, row, marker, color=colour, ms=8)
            if np.isinf(values[row]):
                axis.annotate(
                    "hard", (value, row), (6, 0), textcoords="offset points", va="center"
                )
        axis.set_xscale("log")
        axis.set_xlim(SMALLEST_STRENGTH / 2, 3 * top)
        axis.set_xlabel("regularizer strength")

    def _shares(self, axis: Axes, column: str, label: str) -> None:
        for row, (value, verdict) in enumerate(
            zip(self.report[column], self.report["verdict"], strict=True)
        ):
            colour, marker = VERDICT_STYLE[verdict]
            axis.plot([0, value], [row, row], color=colour, lw=2, alpha=0.5)
            axis.plot(value, row, marker, color=colour, ms=8)
        axis.set_xlim(-0.04, 1.04)
        axis.set_xlabel(label)

    def _legend(self) -> None:
        from matplotlib.lines import Line2D

        present = [name for name in VERDICT_STYLE if name in set(self.report["verdict"])]
        handles = [
            Line2D([], [], color=VERDICT_STYLE[name][0], marker=VERDICT_STYLE[name][1], label=name)
            for name in present
        ]
        self.axes_[2].legend(
            handles=handles, frameon=False, loc="center left", bbox_to_anchor=(1.02, 0.5)
        )


class StrengthPathDisplay:
    """Strengths and penalties over the epochs of a fit, a line per candidate.

    Parameters
    ----------
    strengths : DataFrame of shape (n_epochs, n_candidates)
        As `strength_path_`.
    penalties : DataFrame of shape (n_epochs, n_candidates)
        As `penalty_path_`.

    Attributes
    ----------
    axes_ : ndarray of Axes of shape (2,)
    figure_ : Figure
    """

    def __init__(self, *, strengths: pd.DataFrame, penalties: pd.DataFrame) -> None:
        self.strengths, self.penalties = strengths, penalties

    @classmethod
    def from_estimator(cls, estimator: Any, *, axes: Any = None) -> StrengthPathDisplay:
        """Draw the path of a fitted estimator.

        Parameters
        ----------
        estimator : fitted estimator with `strength_path_` and `penalty_path_`
        axes : sequence of two Axes, default=None
            Where to draw; a new figure by default.

        Returns
        -------
        display : StrengthPathDisplay
        """
        check_is_fitted(estimator)
        display = cls(strengths=estimator.strength_path_, penalties=estimator.penalty_path_)
        return display.plot(axes=axes)

    def plot(self, *, axes: Any = None) -> StrengthPathDisplay:
        """Draw.

        Parameters
        ----------
        axes : sequence of two Axes, default=None

        Returns
        -------
        self : StrengthPathDisplay
        """
        import matplotlib.pyplot as plt

        if axes is None:
            _, axes = plt.subplots(1, 2, figsize=(10.5, 3.6), layout="constrained")
        self.axes_ = np.asarray(axes).ravel()
        if len(self.axes_) != 2:
            raise ValueError(f"axes must hold two Axes, got {len(self.axes_)}.")
        self.figure_ = self.axes_[0].figure
        for axis, table, label in zip(
            self.axes_,
            (self.strengths, self.penalties),
            ("regularizer strength", "penalty R"),
            strict=True,
        ):
            draw_lines(axis, table)
            if (table.to_numpy(float) > 0).any():
                axis.set_yscale("log")
            axis.set_xlabel("epoch")
            axis.set_ylabel(label)
            axis.grid(color="0.9")
            axis.spines[["top", "right"]].set_visible(False)
        if len(self.strengths.columns):
            self.axes_[1].legend(frameon=False, loc="center left", bbox_to_anchor=(1.02, 0.5))
        return self


def draw_lines(axis: Axes, table: pd.DataFrame) -> None:
    """A line per column, each thinner than the one before: equal ones stay visible."""
    for i, column in enumerate(table.columns):
        width = 1.5 + 0.7 * (len(table.columns) - 1 - i)
        axis.plot(table.index, table[column], label=_short(column), lw=width)


def _short(label: str, longest: int = 34) -> str:
    return label if len(label) <= longest else label[: longest - 1] + "…"
