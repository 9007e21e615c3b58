"""The tables of ``docs/results.md``, which stand between two comments each.

``<!-- table: NAME -->`` begins what `fill` replaces and ``<!-- end -->`` ends it; `PAGE` says what
each name stands for. The words around them are written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import ttest_1samp

from benchmarks._paper_methods import OURS
from benchmarks._paper_tables import by_candidate, markdown, summary
from benchmarks._paper_tasks import SYNTHETIC

PUBLISHED = "PER as published"
#: Whom the paper compares its method with.
RIVALS = ("plain network", "EMLP", "RPP", "Mixed-RPP")
MOCAP = (("mse", ""), ("error_moved", ", turned"))
_BLOCK = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(page: str, rows: pd.DataFrame, steps: int) -> str:
    """A page with its tables made anew from the rows of `benchmarks.paper`.

    Raises
    ------
    ValueError
        If the page names a table that there is not.
    """
    capped = rows[rows["budget"] == steps]
    longer = rows[rows["budget"] > steps]

    def replaced(block: re.Match) -> str:
        start, name, end = block.groups()
        if name not in PAGE:
            raise ValueError(f"a table is called {name!r}; there are {', '.join(PAGE)}.")
        table = PAGE[name](longer if name == "longer" else capped)
        return f"{start}\n{markdown(table)}\n\n{end}"

    return _BLOCK.sub(replaced, page)


def _short(table: pd.DataFrame, prefix: str = "") -> pd.DataFrame:
    """Columns without a prefix, our estimator as "ours"."""
    table = table.rename(columns=lambda name: name.removeprefix(prefix))
    return table.assign(method=table["method"].str.replace(OURS, "ours", regex=False))


def _of(family: str, column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """One number of all tasks of a family."""

    def table(frame: pd.DataFrame) -> pd.DataFrame:
        chosen = frame["task"].str.startswith(f"{family}, ")
        return _short(summary(frame[chosen].dropna(subset=[column]), column), f"{family}, ")

    return table


def _recorded(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean squared errors x 100 of walks and runs, as they are and turned."""
    found = []
    for task in ("walk", "run"):
        part = frame[frame["task"] == task]
        scale = (part["mse"] / part["error"]).median()
        turned = part.assign(task=f"{task}, turned", mse=part["error_moved"] * scale)
        found += [part, turned]
    return _short(summary(pd.concat(found), "mse", 100.0))


def _longer(frame: pd.DataFrame) -> pd.DataFrame:
    """Errors after more steps."""
    return _short(summary(frame, "error"))


def _candidates(frame: pd.DataFrame) -> pd.DataFrame:
    return by_candidate(frame).fillna("")


def _of_published(frame: pd.DataFrame) -> pd.DataFrame:
    """How many times the error of PER its rivals have; p of a paired t of the logarithms."""
    synthetic = frame[frame["task"].isin(SYNTHETIC)]
    logs = np.log(
        synthetic.pivot_table(["error"], ["task", "seed"], "method", sort=False)["error"]
    )
    rows = []
    for task, part in logs.groupby("task", sort=False):
        row = {"task": task}
        for rival in RIVALS:
            gaps = (part[rival] - part[PUBLISHED]).dropna()
            p = f" (p {ttest_1samp(gaps, 0.0).pvalue:.1g})" if len(gaps) > 1 else ""
            row[rival] = f"{np.exp(gaps.mean()):.2g}{p}" if len(gaps) else ""
        rows.append(row)
    return pd.DataFrame(rows)


PAGE: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "inertia": _of("inertia", "error"),
    "inertia-outside": _of("inertia", "error_outside"),
    "cosine": _of("cosine", "error"),
    "candidates": _candidates,
    "published": _of_published,
    "recorded": _recorded,
    "pedestrians": _of("pedestrians", "ade"),
    "pedestrians-turned": _of("pedestrians", "ade_moved"),
    "pedestrians-others": _of("pedestrians among others", "ade"),
    "longer": _longer,
}
