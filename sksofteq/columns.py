"""The columns of a user's DataFrame: their names, and whether they hold numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api import types

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What pandas calls columns of Python objects that are numbers.
NUMBERS = ("boolean", "decimal", "floating", "integer", "mixed-integer-float", "empty")


def column_names(table: Any) -> list[Any] | None:
    """Names of the columns; a series with a name has one, arrays have none."""
    if isinstance(table, pd.Series):
        return None if table.name is None else [table.name]
    return list(table.columns) if isinstance(table, pd.DataFrame) else None


def columns_but(n_columns: int, kept: NDArray | None) -> list[int]:
    """Positions of the columns that are not kept; None keeps all."""
    return [] if kept is None else np.setdiff1d(np.arange(n_columns), kept).tolist()


def check_numbers(
    table: Any, title: str, left_out: Sequence[int] = (), parameter: str | None = None
) -> Any:
    """Return a table whose columns are numbers; arrays are left to scikit-learn's own checks.

    Parameters
    ----------
    table : DataFrame, Series or other
    title : str
        What an error calls the table.
    left_out : sequence of int, default=()
        Positions of columns that nobody reads: they may hold anything, and come back as zeros.
    parameter : str, default=None
        The mapping by which columns can be left out, if they can.

    Raises
    ------
    ValueError
        If columns hold something else, such as words, categories or dates, or miss values.
    """
    if isinstance(table, pd.Series):
        _check_frame(table.to_frame(title if table.name is None else table.name), title, None)
    if not isinstance(table, pd.DataFrame):
        return table
    if len(left_out):
        table = table.copy()
        for i in left_out:
            table.isetitem(i, np.zeros(len(table), np.int8))  # widens no other dtype
    _check_frame(table, title, parameter)
    return table


def _check_frame(table: pd.DataFrame, title: str, parameter: str | None) -> None:
    kinds = table.dtypes.tolist()
    positions = [i for i, kind in enumerate(kinds) if not _is_number(kind, table, i)]
    if positions:
        wrong = table.iloc[:, positions]
        found = ", ".join(f"{name!r} ({kind})" for name, kind in wrong.dtypes.items())
        raise ValueError(
            f"{title} must hold numbers, got columns that do not: {found}. "
            + _advice(wrong, title, parameter)
        )
    missing = table.columns[table.isna().to_numpy().any(axis=0)].tolist()
    if missing:
        imputed = ", or impute them in a pipeline, for example by SimpleImputer()"
        imputed += ".set_output(transform='pandas')"
        raise ValueError(
            f"{title} must hold numbers, got missing values in the columns {missing}. Leave out "
            f"such rows{'' if title == 'y' else imputed}."
        )


def _is_number(kind: Any, table: pd.DataFrame, i: int) -> bool:
    if types.is_object_dtype(kind):
        return types.infer_dtype(table.iloc[:, i], skipna=True) in NUMBERS
    return types.is_numeric_dtype(kind)


def _advice(wrong: pd.DataFrame, title: str, parameter: str | None) -> str:
    """What to do about columns that are not numbers, by what they hold."""
    times = wrong.select_dtypes(["datetime", "datetimetz", "timedelta"]).columns
    words = [name for name in wrong.columns if name not in times]
    parts = []
    if words and title == "y":
        parts.append("A regressor predicts no words or categories")
    elif words:
        parts.append(
            "Encode words and categories in a pipeline, for example by make_column_transformer(("
            f"OneHotEncoder(sparse_output=False), {words}), remainder='passthrough', "
            "verbose_feature_names_out=False).set_output(transform='pandas')"
        )
    if len(times):
        parts.append("Turn times into numbers, for example (times - start).dt.total_seconds()")
    if parameter is not None:
        parts.append(f"Or leave columns out: {parameter}={{..., {wrong.columns[0]!r}: 'drop'}}")
    return ". ".join(parts) + "."
