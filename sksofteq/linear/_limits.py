"""How large a linear problem may be, and what is said of a larger one."""

from __future__ import annotations

from collections.abc import Sequence

#: A problem has at most this many unknowns: its matrix then takes half a gigabyte.
MAX_UNKNOWNS = 8000
#: The complement of a candidate has at most this many entries for one pair of features.
MAX_ENTRIES = 20_000_000


class TooLargeError(ValueError):
    """A linear problem is too large to be solved."""


def too_many_unknowns(
    n_features: int, n_outputs: int, coupling: Sequence[str], max_unknowns: int
) -> TooLargeError:
    """The error that says what makes a problem large, and what to do."""
    features = f"{n_features} features, products of features counted,"
    what = f"{features} make"
    if coupling:
        names = ", ".join(map(repr, coupling))
        what = f"The symmetries {names} couple {n_outputs} outputs with {features} which makes"
    return TooLargeError(
        f"{what} a linear problem of {n_outputs * (n_features + 1)} unknowns, beyond the limit of "
        f"{max_unknowns}. Use fewer features (degree=1), fewer candidates, strengths of inf for "
        "those that surely hold, or SoftEquivariantRegressor."
    )


def too_many_entries(group: object, type_out: object, type_in: object) -> TooLargeError:
    """The error for a candidate whose projector is large on one pair of features."""
    return TooLargeError(
        f"The projector of {group} on maps from {type_in} to {type_out} has more than "
        f"{MAX_ENTRIES} entries. Use features of lower rank (degree=1), or "
        "SoftEquivariantRegressor."
    )
