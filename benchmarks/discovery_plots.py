"""Pictures of the discovery benchmarks: how support is calibrated, how strengths move.

    OMP_NUM_THREADS=1 python -m benchmarks.discovery_plots [--output docs/images]

Calibration is drawn from what `benchmarks.discovery_bank` has kept of the held-out functions;
the paths are those of one fit per rule, inertia with one axis kept.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from benchmarks._bank_rules import FREE
from benchmarks._bank_scores import decisions
from benchmarks._common import RESULTS
from sksofteq import SoftEquivariantRegressor
from sksofteq.datasets import make_inertia

#: Bounds of the supports that are counted together.
BINS = np.array([0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0])
PLANES = ("O(2)@x,y", "O(2)@y,z", "O(2)@x,z")
PATHS = ("process", "orbit", "paper", "dual")
COLOURS = ("tab:blue", "tab:orange", "tab:red")


def calibration(rows: pd.DataFrame) -> matplotlib.figure.Figure:
    """Support against the size of the break, and against how often candidates hold."""
    from matplotlib import pyplot as plt

    found = decisions(rows, "default", FREE)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    _by_break(left, found)
    _by_support(right, found)
    return figure


def _by_break(axes: Axes, found: pd.DataFrame) -> None:
    holds = found["break"] == 0
    random = np.random.RandomState(0)
    for chosen, colour, label in ((holds, "tab:blue", "holds"), (~holds, "tab:red", "broken")):
        part = found[chosen]
        size = part["break"] / part["own error"] if label == "broken" else 0.05
        size = size * np.exp(random.uniform(-0.3, 0.3, len(part)) * (label == "holds"))
        axes.scatter(size, part["support"], s=12, alpha=0.5, color=colour, label=label)
    axes.set(xscale="log", xlabel="break / error of the free network", ylabel="support")
    axes.axhline(0.95, color="0.6", lw=0.8)
    axes.legend(frameon=False, title="candidates (those that hold: at the left edge)")


def _by_support(axes: Axes, found: pd.DataFrame) -> None:
    counted = found[(found["break"] == 0) | (found["break"] >= found["own error"])]
    place = pd.cut(counted["support"], BINS, include_lowest=True)
    grouped = (counted["break"] == 0).groupby(place, observed=False)
    share, number = grouped.mean(), grouped.size()
    axes.bar(range(len(share)), share, color="tab:blue")
    for i, (value, count) in enumerate(zip(share, number, strict=True)):
        axes.text(i, 0.02 if np.isnan(value) else value + 0.02, f"{count}", ha="center")
    names = [f"{max(b.left, 0):.2g} to {b.right:.2g}" for b in share.index]
    axes.set_xticks(range(len(share)), names, fontsize=8)
    axes.set(xlabel="support", ylabel="share that hold (number above)", ylim=(0, 1.1))


def paths() -> matplotlib.figure.Figure:
    """Strengths over epochs, a panel per rule."""
    from matplotlib import pyplot as plt

    X, y = make_inertia(1000, axis="z", random_state=0)
    figure, panels = plt.subplots(
        1, len(PATHS), figsize=(13, 3.4), sharey=True, layout="constrained"
    )
    for axes, rule in zip(panels, PATHS, strict=True):
        model = SoftEquivariantRegressor(
            PLANES,
            rep_in="5*scalar + 5*vector",
            rep_out="tensor(2)",
            tuner=rule,
            network="typed",
            penalty="gradient" if rule == "paper" else "proximal",
            random_state=0,
        ).fit(X, y)
        for label, colour in zip(PLANES, COLOURS, strict=True):
            axes.plot(model.strength_path_[label], color=colour, label=label)
        axes.set(yscale="log", ylim=(3e-4, 100), title=f'tuner="{rule}"', xlabel="epoch")
    panels[0].set_ylabel("strength")
    panels[0].legend(frameon=False, title="O(2)@x,y holds")
    return figure


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("docs/images"))
    arguments = parser.parse_args()
    matplotlib.use("agg")
    text = (RESULTS / "discovery_bank_held_out.json").read_text(encoding="utf-8")
    pictures = {
        "calibration": calibration(pd.DataFrame(json.loads(text)["rows"])),
        "strength_paths": paths(),
    }
    for name, figure in pictures.items():
        path = arguments.output / f"{name}.png"
        figure.savefig(path, dpi=110)
        print(path)


if __name__ == "__main__":
    main()
