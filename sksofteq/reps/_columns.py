"""From what a user writes about columns to a representation and the order of the columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np

from sksofteq.reps._parsing import parse_rep
from sksofteq.reps._representation import Representation, Scalar

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ColumnLayout:
    """A representation and the columns that hold it.

    Parameters
    ----------
    rep : Representation
        Unbound or bound; its features in the order of `order`.
    order : ndarray of shape (dim,) or None
        Positions of the columns, None for all of them as they stand.
    """

    rep: Representation
    order: NDArray | None = None


def resolve_columns(
    rep: str | Representation | Mapping | None,
    n_columns: int,
    *,
    spaces: Mapping[str, int] | None = None,
    names: Sequence[str] | None = None,
    parameter: str = "rep_in",
) -> ColumnLayout:
    """Return the layout that a user's `rep_in` or `rep_out` describes.

    Parameters
    ----------
    rep : str, Representation, mapping or None
        None makes every column a scalar. A mapping goes from a column's name, a pattern with
        ``*``, or a tuple of names (the components of one feature) to a type.
    n_columns : int
        Number of columns of the table.
    spaces : mapping of str to int, default=None
        Dimension of each named space; "" stands for the unnamed one.
    names : sequence of str, default=None
        Column names of the table, needed for a mapping.
    parameter : str, default="rep_in"
        What an error calls `rep`.

    Raises
    ------
    ValueError
        If a type cannot be read, a name is missing, occurs twice, or a column is left without a
        meaning.
    """
    if rep is None:
        return ColumnLayout(n_columns * Scalar)
    if not isinstance(rep, Mapping):
        return ColumnLayout(_parsed(rep, spaces, parameter))
    if names is None:
        raise ValueError(f"{parameter} is a mapping of column names, so a DataFrame is needed.")
    total, order = Representation([]), []
    for key, kind in rep.items():
        for columns in _matching(key, names, parameter):
            term = _parsed(kind, spaces, f"{parameter}[{key!r}]")
            if term.spaces <= term.dims.keys() and term.dim != len(columns):
                raise ValueError(
                    f"{parameter} gives {key!r} the type {str(term)!r} of {term.dim} columns, "
                    f"but names {len(columns)}; name all columns of a feature in one tuple."
                )
            total = total + term
            order += columns
    _check_each_once(order, names, n_columns, parameter)
    return ColumnLayout(total, np.array(order))


def _parsed(
    rep: str | Representation, spaces: Mapping[str, int] | None, parameter: str
) -> Representation:
    """`parse_rep`, with the parameter named in its errors."""
    try:
        return parse_rep(rep, spaces)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{parameter}: {error}") from None


def _matching(key: Any, names: Sequence[str], parameter: str) -> list[list[int]]:
    """Columns of each feature that one key of the mapping describes."""
    names = list(names)
    if isinstance(key, tuple):
        missing = [name for name in key if name not in names]
        if missing:
            raise ValueError(f"{parameter} names the columns {missing}, which X does not have.")
        return [[names.index(name) for name in key]]
    found = [
        [i] for i, name in enumerate(names) if name == key or fnmatchcase(str(name), str(key))
    ]
    if not found:
        raise ValueError(f"{parameter} names the column {key!r}, which X does not have.")
    return found


def _check_each_once(
    order: list[int], names: Sequence[str], n_columns: int, parameter: str
) -> None:
    uses = Counter(order)
    twice = sorted({str(names[i]) for i, count in uses.items() if count > 1})
    if twice:
        raise ValueError(f"{parameter} gives the columns {twice} more than one meaning.")
    left = [str(names[i]) for i in range(n_columns) if i not in uses]
    if left:
        raise ValueError(
            f"{parameter} gives no meaning to the columns {left}; add them, for example as "
            "'scalar', or drop them from X."
        )
