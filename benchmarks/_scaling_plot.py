"""The picture of benchmarks.scaling: seconds over size, a panel for everything that grows."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

#: column, what it is called, colour (Okabe and Ito's, which the colour-blind tell apart), marker
LINES = (
    ("seconds", "step", "#0072B2", "o"),
    ("penalty", "of which penalty", "#D55E00", "s"),
    ("set-up", "set-up, once", "#009E73", "^"),
)
TITLES = {
    "rows": "rows (an epoch)",
    "batch": "rows of a batch",
    "width": "width of two layers",
    "depth": "number of layers",
    "candidates": "candidates",
    "joint candidates": "candidates, every other one of two spaces",
}


def draw(rows: list[dict[str, Any]], summary: list[dict[str, Any]]) -> matplotlib.figure.Figure:
    """A panel per sweep, with the exponent of a step and, dashed, the one expected."""
    from matplotlib import pyplot as plt

    found = pd.DataFrame(rows)
    figure, panels = plt.subplots(2, 3, figsize=(12, 7), layout="constrained")
    for axes, line in zip(panels.ravel(), summary, strict=True):
        _panel(axes, found[found["sweep"] == line["sweep"]], line)
    for axes in panels[:, 0]:
        axes.set_ylabel("seconds")
    handles = panels[0, 1].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=len(LINES) + 1, frameon=False)
    return figure


def _panel(axes: Axes, found: pd.DataFrame, line: dict[str, Any]) -> None:
    sizes = found["size"].to_numpy(dtype=float)
    for column, label, colour, marker in LINES:
        if found[column].notna().all():
            axes.plot(sizes, found[column], color=colour, marker=marker, label=label)
    guide = found["seconds"].iloc[-1] * (sizes / sizes[-1]) ** line["expected"]
    label = "slope expected of the step"
    axes.plot(sizes, guide, color="0.35", linestyle="--", linewidth=1, label=label)
    axes.set(xscale="log", yscale="log", xlabel=TITLES[line["sweep"]])
    axes.set_xticks(sizes, [f"{size:,.0f}".replace(",", " ") for size in sizes])
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.grid(color="0.9", linewidth=0.7)
    error = f"{line['exponent']:.2f} ± {line['error']:.2f}"
    axes.set_title(f"exponent {error}, at the end {line['at the end']:.2f}", fontsize=10)
    low, high = axes.get_ylim()
    if np.log10(high / low) < 1:  # a flat line would show nothing but noise
        axes.set_ylim(low / 3, high * 3)
