"""From what a user writes about columns to a representation and the order of the columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from sksofteq.reps._parsing import parse_rep
from sksofteq.reps._representation import Representation, Scalar

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The key of a mapping that stands for all columns that no other key names.
OTHERS = "*"
#: In place of a type: the columns are left out.
DROP = "drop"


@dataclass(frozen=True)
class ColumnLayout:
    """A representation and the columns that hold it.

    Parameters
    ----------
    rep : Representation
        Unbound or bound; its features in the order of `order`.
    order : ndarray of shape (dim,) or None
        Positions of the columns, None for all of them as they stand. Columns that are left out
        have none.
    """

    rep: Representation
    order: NDArray | None = None

    def n_kept(self, n_columns: int) -> int:
        """How many of the table's columns have a meaning."""
        return n_columns if self.order is None else len(self.order)


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
        ``*``, or a tuple of names (the components of one feature) to a type, or to "drop", which
        leaves columns out. The key ``"*"`` stands for all columns that no other key names.
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
        If a type cannot be read, a name is missing, occurs twice, a column is left without a
        meaning, or all columns are left out.
    """
    if rep is None:
        return ColumnLayout(n_columns * Scalar)
    if not isinstance(rep, Mapping):
        return ColumnLayout(_parsed(rep, spaces, parameter))
    if names is None:
        raise ValueError(
            f"{parameter} is a mapping of column names, so a DataFrame is needed. If a step "
            "before makes arrays, let it .set_output(transform='pandas'), or write "
            f"{parameter} as a string in the order of the columns."
        )
    total, order, dropped = Representation([]), [], []
    for key, features in _described(rep, names, parameter).items():
        if _is_drop(rep[key]):
            dropped += chain.from_iterable(features)
            continue
        term = _parsed(rep[key], spaces, f"{parameter}[{key!r}]")
        for columns in features:
            if term.spaces <= term.dims.keys() and term.dim != len(columns):
                raise ValueError(
                    f"{parameter} gives {key!r} the type {str(term)!r} of {term.dim} columns, "
                    f"but names {len(columns)}; name all columns of a feature in one tuple."
                )
            total = total + term
            order += columns
    _check_each_once(order + dropped, names, n_columns, parameter)
    if not order:
        raise ValueError(f"{parameter}={rep!r} leaves out all columns; give some a type.")
    return ColumnLayout(total, np.array(order))


def columns_left_out(
    rep: Any, names: Sequence[str] | None, parameter: str = "rep_in"
) -> list[int]:
    """Positions of the columns that a mapping leaves out, whatever they hold."""
    if names is None or not isinstance(rep, Mapping) or not any(map(_is_drop, rep.values())):
        return []
    described = _described(rep, names, parameter)
    return [i for key in rep if _is_drop(rep[key]) for i in chain(*described[key])]


def _is_drop(kind: Any) -> bool:
    return isinstance(kind, str) and kind.strip() == DROP


def _parsed(
    rep: str | Representation, spaces: Mapping[str, int] | None, parameter: str
) -> Representation:
    """`parse_rep`, with the parameter named in its errors."""
    try:
        return parse_rep(rep, spaces)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{parameter}: {error}") from None


def _described(rep: Mapping, names: Sequence[str], parameter: str) -> dict[Any, list[list[int]]]:
    """Columns of each feature that the keys of a mapping describe, in their order."""
    found = {key: _matching(key, names, parameter) for key in rep if key != OTHERS}
    named = {i for features in found.values() for columns in features for i in columns}
    others = [[i] for i in range(len(names)) if i not in named]
    return {key: others if key == OTHERS else found[key] for key in rep}


def _matching(key: Any, names: Sequence[str], parameter: str) -> list[list[int]]:
    """Columns of each feature that one key of the mapping describes."""
    names = list(names)
    if isinstance(key, tuple):
        missing = [name for name in key if name not in names]
        if missing:
            raise ValueError(
                f"{parameter} names the columns {missing}, which {_table(parameter)} does not "
                "have."
            )
        return [[names.index(name) for name in key]]
    found = [
        [i] for i, name in enumerate(names) if name == key or fnmatchcase(str(name), str(key))
    ]
    if not found:
        raise ValueError(
            f"{parameter} names the column {key!r}, which {_table(parameter)} does not have."
        )
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
            f"{parameter} gives no meaning to the columns {left}; name them, or say what all "
            f"others are: {{..., '*': 'scalar'}}{_or_drop(parameter)}."
        )


def _or_drop(parameter: str) -> str:
    """Outputs are all predicted, so that none is left out."""
    return "" if parameter == "rep_out" else ", or {..., '*': 'drop'} to leave them out"


def _table(parameter: str) -> str:
    return "y" if parameter == "rep_out" else "X"
