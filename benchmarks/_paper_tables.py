"""What `benchmarks.paper` makes of its rows: tables, tests, pictures.

Tests compare ours with another method on one task: the logarithms of their errors, paired by
seed (Student's t); a ratio above 1 says that ours is better. Seeds draw synthetic data and the
windows of pedestrians anew, while walks and runs are the same rows for all seeds, so that
deviations and tests tell of the fits alone there. Over tasks it is Wilcoxon's signed ranks of the
mean logarithms, one per task, which are not independent where tasks are alike. No p is corrected
for the number of comparisons.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student
from scipy.stats import wilcoxon

from benchmarks._paper_methods import METHODS, OURS
from benchmarks._paper_tasks import SYNTHETIC

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOCAP = ("walk", "run")
#: What is tabulated: a title, a column, what multiplies it, and which tasks have it.
TABLES: tuple[tuple[str, str, float, Callable[[str], bool]], ...] = (
    ("Inertia: error over variance", "error", 1.0, lambda task: "inertia" in task),
    ("Inertia: moved by what holds", "error_moved", 1.0, lambda task: "inertia" in task),
    ("Inertia: out of distribution", "error_outside", 1.0, lambda task: "inertia" in task),
    ("Cosine similarity: error over variance", "error", 1.0, lambda task: "cosine" in task),
    ("Cosine similarity: moved by what holds", "error_moved", 1.0, lambda task: "cosine" in task),
    ("Mean squared error x 100", "mse", 100.0, lambda task: task in MOCAP),
    ("Error over variance", "error", 1.0, lambda task: task in MOCAP),
    ("The same, turned", "error_moved", 1.0, lambda task: task in MOCAP),
    ("ADE in metres", "ade", 1.0, lambda task: True),
    ("FDE in metres", "fde", 1.0, lambda task: True),
    ("ADE in metres, turned", "ade_moved", 1.0, lambda task: True),
    ("Seconds of a fit", "seconds", 1.0, lambda task: True),
    ("Trainable parameters", "parameters", 1.0, lambda task: True),
)
#: Methods whose candidates are told of one by one, and what they are called there.
SHOWN = {
    OURS: "ours",
    "PER as published": "PER",
    "RPP": "RPP",
    "Mixed-RPP": "Mixed-RPP",
    "plain network": "plain",
}
#: A legend to the right of its picture.
BESIDE = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
#: The usual mean over the scenes that are left out.
MEAN = "mean of five"


def report(frame: pd.DataFrame, images: Path | None) -> str:
    """All tables, as Markdown; pictures in a folder."""
    parts = []
    for title, column, factor, wanted in TABLES:
        part = frame[frame["task"].map(wanted)].dropna(subset=[column])
        if len(part):
            parts.append(f"### {title}\n\n{markdown(summary(part, column, factor))}")
    candidates = by_candidate(frame)
    if len(candidates):
        parts.append(f"### Candidates one by one\n\n{markdown(candidates)}")
    tests = comparisons(frame)
    if len(tests):
        parts.append(f"### {OURS} against each\n\n{markdown(tests)}")
    failures = frame.dropna(subset=["failure"])
    parts += [f"* {row.method} on {row.task}: {row.failure}" for row in failures.itertuples()]
    if images is not None:
        parts += [f"![{path.stem}](images/{path.name})" for path in pictures(frame, images)]
    return "\n\n".join(parts)


def markdown(frame: pd.DataFrame) -> str:
    """A table."""
    lines = [frame.columns, ["---"] * len(frame.columns), *frame.itertuples(index=False)]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def summary(frame: pd.DataFrame, column: str, factor: float = 1.0) -> pd.DataFrame:
    """Mean ± deviation over seeds: a row per method, a column per task."""
    values = frame.assign(value=factor * frame[column])[["task", "method", "seed", "value"]]
    tasks = _in_order(values["task"])
    for family in ("pedestrians", "pedestrians among others"):
        scenes = [task for task in tasks if task.startswith(f"{family}, ")]
        if len(scenes) == 5:
            values = pd.concat([values, _over_scenes(values, scenes, f"{family}, {MEAN}")])
            tasks.append(f"{family}, {MEAN}")
    text = values.groupby(["method", "task"])["value"].apply(_mean_and_deviation).unstack("task")
    methods = [method for method in METHODS if method in text.index]
    text = text.reindex(index=methods, columns=tasks)
    return text.fillna("").rename_axis(None, axis=1).reset_index()


def _over_scenes(values: pd.DataFrame, scenes: list[str], name: str) -> pd.DataFrame:
    """Means over scenes, for the methods and seeds that have all of them."""
    table = values[values["task"].isin(scenes)].pivot_table(
        index=["method", "seed"], columns="task", values="value"
    )
    return table.dropna().mean(axis=1).rename("value").reset_index().assign(task=name)


def _mean_and_deviation(values: pd.Series) -> str:
    mean, deviation = values.mean(), values.std()
    text = f"{mean:.3g}" if mean < 1000 else f"{mean:.0f}"
    if len(values) == 1:
        return text
    return f"{text} ± {float(f'{deviation:.1g}'):g}" if deviation > 1e-9 * mean else f"{text} ± 0"


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


# -------------------------------------------------------------------------- candidates


def by_candidate(frame: pd.DataFrame) -> pd.DataFrame:
    """What is known of each candidate, what is said of it, its strength, equivariance errors.

    Strengths and equivariance errors are geometric means over seeds, errors below 1e-7 (rounding)
    counting as that.
    """
    known = frame[frame["task"].isin(SYNTHETIC) | frame["task"].isin(MOCAP)]
    rows = []
    for task in _in_order(known["task"]):
        part = known[known["task"] == task]
        labels = _values(part, OURS, "equivariance_error")
        rows += [_of_candidate(part, task, label) for label in labels]
    return pd.DataFrame(rows)


def _of_candidate(part: pd.DataFrame, task: str, label: str) -> dict[str, str]:
    row = {"task": task, "candidate": label}
    row["truth"] = ("holds" if _holds(task, label) else "broken") if task in SYNTHETIC else ""
    verdicts = pd.Series(_values(part, OURS, "verdicts")[label]).value_counts()
    row["said"] = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    for method, name in SHOWN.items():
        strengths = _values(part, method, "strengths").get(label)
        if strengths is not None and name in ("ours", "PER"):
            row[f"strength, {name}"] = _geometric(strengths)
        errors = _values(part, method, "equivariance_error").get(label)
        if errors is not None:
            row[f"equivariance error, {name}"] = _geometric(errors)
    return row


def _values(part: pd.DataFrame, method: str, column: str) -> dict[str, list]:
    """What a method's rows say of each candidate."""
    found: dict[str, list] = {}
    for text in part.loc[part["method"] == method, column].dropna():
        for label, value in json.loads(text).items():
            found.setdefault(label, []).append(value)
    return found


def _geometric(values: list[float]) -> str:
    return f"{np.exp(np.log(np.maximum(values, 1e-7)).mean()):.2g}"


# -------------------------------------------------------------------------- tests


def comparisons(frame: pd.DataFrame) -> pd.DataFrame:
    """How many times the error of ours others have, with 95 percent intervals, and p."""
    logs = np.log(
        frame.dropna(subset=["error"]).pivot_table(
            index=["task", "seed"], columns="method", values="error", sort=False
        )
    )
    if OURS not in logs:
        return pd.DataFrame()
    rows = []
    for method in (m for m in METHODS if m in logs and m != OURS):
        gaps = (logs[method] - logs[OURS]).dropna()
        by_task = gaps.groupby("task", sort=False)
        rows += [_compared(task, method, gap.to_numpy()) for task, gap in by_task]
        means = by_task.mean()
        if len(means) > 5:  # fewer signed ranks never reach 5 percent
            test = wilcoxon(means)
            found = {"task": f"all {len(means)}", "method": method, "seeds": ""}
            times = f"{np.exp(means.mean()):.2f}"
            rows.append(found | {"times our error": times, "95 %": "", "p": f"{test.pvalue:.2g}"})
    return pd.DataFrame(rows)


def _compared(task: str, method: str, gaps: np.ndarray) -> dict[str, str]:
    """Paired t of one method on one task."""
    n, mean = len(gaps), gaps.mean()
    row = {"task": task, "method": method, "seeds": str(n)}
    row |= {"times our error": f"{np.exp(mean):.2f}", "95 %": "", "p": ""}
    error = gaps.std(ddof=1) / np.sqrt(n) if n > 1 else 0.0
    if error > 0:
        reach = student.ppf(0.975, n - 1) * error
        row["95 %"] = f"{np.exp(mean - reach):.2f} to {np.exp(mean + reach):.2f}"
        row["p"] = f"{2 * student.sf(abs(mean) / error, n - 1):.2g}"
    return row


# -------------------------------------------------------------------------- pictures


def pictures(frame: pd.DataFrame, folder: Path) -> list[Path]:
    """Draw the errors of all methods beside ours, and how equivariant they are."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in (("paper_errors", _draw_errors), ("paper_equivariance", _draw_equivariance)):
        figure, axes = plt.subplots(figsize=(9, 6), layout="constrained")
        draw(axes, frame)
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1], dpi=110)
        plt.close(figure)
    return paths


def _draw_errors(axes: Axes, frame: pd.DataFrame) -> None:
    """Mean errors over ours, a row per method, a mark per task: round if synthetic."""
    from matplotlib import colormaps

    means = frame.pivot_table(
        index="method", columns="task", values="error", aggfunc="mean", sort=False
    )
    methods = [method for method in METHODS if method in means.index][::-1]
    colours = colormaps["turbo"](np.linspace(0, 1, means.shape[1]))
    for task, colour in zip(means, colours, strict=True):
        ratio = means.loc[methods, task] / means[task].get(OURS, np.nan)
        mark = "o" if task in SYNTHETIC else "^"
        axes.plot(ratio, range(len(methods)), mark, alpha=0.6, color=colour, label=task)
    axes.axvline(1.0, color="0.6", lw=0.8)
    axes.set_yticks(range(len(methods)), methods)
    axes.set(xscale="log", xlabel=f"error / error of {OURS}")
    axes.legend(frameon=False, fontsize=7, **BESIDE)


def _draw_equivariance(axes: Axes, frame: pd.DataFrame) -> None:
    """Equivariance errors on synthetic tasks, of candidates that hold and of those that do not."""
    known = frame[frame["task"].isin(SYNTHETIC)].dropna(subset=["equivariance_error"])
    methods = [method for method in METHODS if method in set(known["method"])][::-1]
    for holds, colour, label in ((True, "tab:blue", "holds"), (False, "tab:red", "broken")):
        at, errors = [], []
        for row in known.itertuples():
            for name, error in json.loads(row.equivariance_error).items():
                if _holds(row.task, name) == holds:
                    at.append(methods.index(row.method) + (0.15 if holds else -0.15))
                    errors.append(max(error, 1e-7))  # rounding
        axes.plot(errors, at, "|", color=colour, alpha=0.6, label=label)
    axes.set_yticks(range(len(methods)), methods)
    axes.set(xscale="log", xlabel="equivariance error (below 1e-7: there)")
    axes.legend(frameon=False, title="candidates", **BESIDE)


def _holds(task: str, candidate: str) -> bool:
    told = SYNTHETIC[task].told
    return candidate in told or "O(3)" in told
