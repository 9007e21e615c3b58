"""What an estimator is saved as: tables, and mappings with any keys, as plain lists and arrays.

Pickle saves any object; formats that run no code save few types, and files of few types are the
ones that later versions still read.
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
from torch.nn import Module

#: Entries that stand for a table, and for a mapping whose keys are not all strings.
TABLE, PAIRS = "__table__", "__pairs__"


class SavedPlainly:
    """Mixin of estimators, left of `BaseEstimator`, that are saved in plain form.

    A parameter that an earlier version did not have gets its default.
    """

    def __getstate__(self) -> dict[str, Any]:
        return {name: to_plain(value) for name, value in super().__getstate__().items()}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        parameters = signature(type(self)).parameters.values()
        known = {parameter.name: parameter.default for parameter in parameters}
        known |= {name: from_plain(value) for name, value in state.items()}
        super().__setstate__(known)


class PickledModule:
    """A torch module of the user's: pickle saves it as code says, plain values say too little.

    Parameters
    ----------
    module : Module
    """

    def __init__(self, module: Module) -> None:
        self.module = module

    def __reduce_ex__(self, protocol: int) -> tuple:
        return type(self), (self.module,)

    def __reduce__(self) -> tuple:
        """What skops asks, and pickle does not."""
        raise TypeError(
            f"network={type(self.module).__name__}(...) is a torch module, which only pickle and "
            "joblib save. For files that run no code give the module's class, or "
            "functools.partial of it, and allow its name where you load."
        )


def to_plain(value: Any) -> Any:
    """The value without tables and keys that are no strings; other objects as they are.

    Examples
    --------
    >>> from sksofteq._plain import from_plain, to_plain
    >>> to_plain({("x", "y"): "vector"})
    {'__pairs__': [(('x', 'y'), 'vector')]}
    >>> from_plain(_)
    {('x', 'y'): 'vector'}
    """
    if isinstance(value, pd.DataFrame):
        return {TABLE: _as_columns(value)}
    if isinstance(value, Module):
        return PickledModule(value)
    if type(value) in (list, tuple):
        return type(value)(map(to_plain, value))
    if type(value) is not dict:
        return value
    if all(isinstance(key, str) for key in value):
        return {key: to_plain(item) for key, item in value.items()}
    return {PAIRS: [(key, to_plain(item)) for key, item in value.items()]}


def from_plain(value: Any) -> Any:
    """The value of which `to_plain` made this."""
    if type(value) in (list, tuple):
        return type(value)(map(from_plain, value))
    if isinstance(value, PickledModule):
        return value.module
    if type(value) is not dict:
        return value
    if TABLE in value:
        return _as_table(value[TABLE])
    items = value[PAIRS] if PAIRS in value else value.items()
    return {key: from_plain(item) for key, item in items}


def _as_columns(table: pd.DataFrame) -> dict[str, Any]:
    return {
        "index": _as_values(table.index),
        "index_name": table.index.name,
        "names": _as_values(table.columns),
        "columns": [_as_values(column) for _, column in table.items()],
    }


def _as_table(saved: Mapping[str, Any]) -> pd.DataFrame:
    index = pd.Index(**saved["index"], name=saved["index_name"])
    columns = [pd.Series(**column, index=index) for column in saved["columns"]]
    table = pd.DataFrame(dict(enumerate(columns)), index=index)
    return table.set_axis(pd.Index(**saved["names"]), axis=1)


def _as_values(column: pd.Series | pd.Index) -> dict[str, Any]:
    values = column.to_numpy()
    numeric = np.issubdtype(values.dtype, np.number)
    return {"data": values if numeric else column.tolist(), "dtype": str(column.dtype)}
