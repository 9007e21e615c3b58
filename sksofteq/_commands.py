"""The commands that fit a table, predict with the model and tell what was found."""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import Any

import joblib
import numpy as np
import pandas as pd

from sksofteq.estimators import SoftEquivariantRegressor
from sksofteq.persistence import TRUSTED_TYPES

#: What a fit leaves in its folder: the model, in the one or the other format, and more.
MODELS = {name: f"model.{name}" for name in ("skops", "joblib")}
META, REPORT, PICTURE = "columns.json", "report.csv", "symmetries.png"
READERS = {".csv": pd.read_csv, ".parquet": pd.read_parquet}


def fit(options: argparse.Namespace) -> None:
    """Fit, print the report, save model, report and picture."""
    folder = options.output or options.data.with_suffix("")
    check_output(folder, options.format)
    table = read_table(options.data)
    targets = matching(table, options.target, "--target")
    named = [name for name in (options.groups, options.weight) if name is not None]
    extra = {name: column(table, name) for name in named}
    left_out = {*targets, *named, *matching(table, options.drop or [], "--drop")}
    inputs = [name for name in table.columns if name not in left_out]
    model = SoftEquivariantRegressor(
        tuple(options.symmetry or ()),
        rep_in=representation(options.rep_in or ()),
        rep_out=options.rep_out,
        spaces=dict(options.space) if options.space else None,
        max_iter=options.max_iter,
        random_state=options.seed,
        verbose=sys.stderr.isatty(),
    )
    y = table[targets[0]] if len(targets) == 1 else table[targets]
    model.fit(table[inputs], y, extra.get(options.weight), extra.get(options.groups))
    print(told(model))
    save(model, targets, folder, options.format)
    print(f"\nIn {folder}: {', '.join(written(folder))}")


def predict(options: argparse.Namespace) -> None:
    """Predict every row of a table, to a file or as CSV to be read."""
    model, meta = load(options.model)
    table = read_table(options.data)
    missing = [name for name in model.feature_names_in_ if name not in table]
    if missing:
        raise ValueError(f"{options.data} lacks the columns {missing}.")
    values = model.predict(table[list(model.feature_names_in_)])
    predicted = pd.DataFrame(np.reshape(values, (len(table), -1)), columns=meta["targets"])
    if options.output is None:
        predicted.to_csv(sys.stdout, index=False)
    elif kind(options.output) == ".csv":
        predicted.to_csv(options.output, index=False)
    else:
        predicted.to_parquet(options.output)


def report(options: argparse.Namespace) -> None:
    """Print what was found."""
    print(told(load(options.model)[0]))


# ------------------------------------------------------------------ tables


def kind(path: Path) -> str:
    """A table's kind, by the ending of its name."""
    if path.suffix not in READERS:
        raise ValueError(f"{path} must end in {' or '.join(READERS)}.")
    return path.suffix


def read_table(path: Path) -> pd.DataFrame:
    """Read a table with named columns."""
    return READERS[kind(path)](path)


def matching(table: pd.DataFrame, patterns: Iterable[str], option: str) -> list[str]:
    """Columns that patterns name, in the table's order."""
    patterns = list(patterns)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in table.columns):
            raise ValueError(f"{option} {pattern!r} is none of {list(table.columns)}.")
    return [name for name in table.columns if any(fnmatchcase(name, p) for p in patterns)]


def column(table: pd.DataFrame, name: str) -> pd.Series:
    """A column of the table."""
    if name not in table:
        raise ValueError(f"there is no column {name!r}; there are {list(table.columns)}.")
    return table[name]


def representation(texts: Sequence[str]) -> str | dict | None:
    """What the options say of the columns: one type for all, or a mapping of columns."""
    if not any("=" in text for text in texts):
        return " + ".join(texts) or None
    rep = {}
    for text in texts:
        names, found, type_ = text.partition("=")
        if not found:
            raise ValueError(
                f"--rep-in must be COLUMNS=TYPE throughout, or nowhere; got {text!r}."
            )
        key = tuple(names.split(","))
        rep[key if len(key) > 1 else names] = type_
    return rep


# ------------------------------------------------------------------ models


def check_output(folder: Path, kept: str) -> None:
    """Raise an error before a fit that could not be saved."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; --output must be a folder.")
    if kept == "skops":
        skops_io()


def save(model: SoftEquivariantRegressor, targets: list[str], folder: Path, kept: str) -> None:
    """Write a model, its report and a picture, if there is matplotlib, to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / MODELS[kept]
    if kept == "skops":
        skops_io().dump(model, path, compression=zipfile.ZIP_DEFLATED)
    else:
        joblib.dump(model, path)
    for name in {*MODELS.values()} - {path.name}:
        (folder / name).unlink(missing_ok=True)  # of the last fit
    (folder / META).write_text(json.dumps({"targets": targets}))
    if model.groups_:
        model.symmetry_report().to_csv(folder / REPORT)
        draw(model, folder / PICTURE)


def written(folder: Path) -> list[str]:
    """Those of a fit's files that there are."""
    names = (*MODELS.values(), META, REPORT, PICTURE)
    return [name for name in names if (folder / name).exists()]


def load(folder: Path) -> tuple[SoftEquivariantRegressor, dict[str, Any]]:
    """Read a model and the names of its targets."""
    path = next((path for name in MODELS.values() if (path := folder / name).exists()), None)
    if path is None:
        raise ValueError(
            f"{folder} is no folder that 'fit' has written: there is none of "
            f"{', '.join(MODELS.values())}."
        )
    io = skops_io() if path.suffix == ".skops" else None
    try:
        model = joblib.load(path) if io is None else io.load(path, trusted=TRUSTED_TYPES)
    except Exception as error:  # a damaged file may raise anything
        raise ValueError(f"{path} cannot be read: {error}") from error
    return model, json.loads((folder / META).read_text())


def skops_io() -> ModuleType:
    """skops.io, which loads models without running code."""
    try:
        from skops import io
    except ImportError:
        raise ImportError("a model.skops needs skops: pip install skops.") from None
    return io


def told(model: SoftEquivariantRegressor) -> str:
    """The report and its reasons."""
    if not model.groups_:
        return "There were no candidate symmetries; name some with --symmetry."
    found = model.symmetry_report()
    numbers = found[["strength", "residual", "equivariance_error", "support", "verdict"]]
    shown = numbers.round({"residual": 4, "equivariance_error": 3, "support": 3}).to_string()
    return "\n".join([shown, "", *(f"{label}: {text}" for label, text in found.reason.items())])


def draw(model: SoftEquivariantRegressor, path: Path) -> None:
    """Draw the report, if there is matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return
    from sksofteq.inspection import SymmetryDisplay

    figure = Figure(figsize=(12, 1.5 + 0.5 * len(model.groups_)), layout="constrained")
    FigureCanvasAgg(figure)
    SymmetryDisplay.from_estimator(model, axes=figure.subplots(1, 3, sharey=True))
    figure.savefig(path, dpi=110)
