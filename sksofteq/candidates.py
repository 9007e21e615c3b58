"""What a user writes about symmetries and columns, resolved and checked in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sksofteq.groups import MatrixGroup, parse_group
from sksofteq.reps import (
    Representation,
    Scalar,
    check_space_name,
    is_integer,
    resolve_columns,
    space_title,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Candidates:
    """Candidate groups by label, with the representations that they act on.

    Parameters
    ----------
    groups : dict of str to MatrixGroup
        In the order given.
    rep_in, rep_out : Representation
        With known dimensions.
    order_in, order_out : ndarray of int or None
        Columns of the table in the order of the representation, None if as they stand. Columns
        of X that are left out are not among them.
    """

    groups: dict[str, MatrixGroup]
    rep_in: Representation
    rep_out: Representation
    order_in: NDArray | None = field(default=None)
    order_out: NDArray | None = field(default=None)


def resolve_groups(symmetries: Any) -> dict[str, MatrixGroup]:
    """Return candidate groups by label, in the order given.

    Raises
    ------
    TypeError
        If `symmetries` is neither a sequence nor a mapping, or holds something else.
    ValueError
        If two candidates are the same group, or a name is unknown.
    """
    if symmetries is None:
        return {}
    if isinstance(symmetries, (str, MatrixGroup)):
        raise TypeError(
            f"symmetries must be a sequence or a mapping of candidates, got {symmetries!r}; "
            f"write symmetries=({symmetries!r},)."
        )
    if isinstance(symmetries, Mapping):
        items = [
            (str(label), parse_candidate(group, f"symmetries[{label!r}]"))
            for label, group in symmetries.items()
        ]
    elif isinstance(symmetries, Sequence):
        items = [(str(group), parse_candidate(group)) for group in symmetries]
    else:
        raise TypeError(
            f"symmetries must be a sequence or a mapping of candidates, got {symmetries!r}."
        )
    groups: dict[str, MatrixGroup] = {}
    for label, group in items:
        for other, known in groups.items():
            if known == group or other == label:
                raise ValueError(
                    f"symmetries holds duplicate candidates: {other!r} and {label!r} are the "
                    "same group."
                    if known == group
                    else f"symmetries holds two different candidates labelled {label!r}; pass a "
                    "mapping of labels to groups."
                )
        groups[label] = group
    return groups


def parse_candidate(group: str | MatrixGroup, parameter: str = "symmetries") -> MatrixGroup:
    """`parse_group`, with the parameter named in its errors."""
    try:
        return parse_group(group)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{parameter}: {error}") from None


def resolve_candidates(
    symmetries: Any,
    rep_in: Any,
    rep_out: Any,
    *,
    n_features: int,
    n_outputs: int,
    spaces: Mapping[str, int] | None = None,
    names: Sequence[str] | None = None,
    names_out: Sequence[str] | None = None,
    parameter: str = "rep_in",
) -> Candidates:
    """Resolve candidates and representations against the sizes of the data.

    Raises
    ------
    ValueError
        If candidates come without a representation, act on a space of another dimension or on
        one that is not declared, or a representation does not fit the data.
    """
    groups = resolve_groups(symmetries)
    if groups and rep_in is None:
        raise ValueError(
            f"symmetries={tuple(groups)!r} needs {parameter}: say what the columns mean, for "
            f"example {parameter}='{max(1, n_features // 3)}*vector'."
        )
    bound = [*_bound_parts(rep_in, parameter), *_bound_parts(rep_out, "rep_out")]
    dims = _dimensions(groups, _checked_spaces(spaces), bound)
    layout_in = resolve_columns(rep_in, n_features, spaces=dims, names=names, parameter=parameter)
    layout_out = resolve_columns(
        rep_out, n_outputs, spaces=dims, names=names_out, parameter="rep_out"
    )
    if n_outputs and layout_out.n_kept(n_outputs) < n_outputs:
        raise ValueError(
            f"rep_out={rep_out!r} leaves out columns, but a regressor predicts all columns of y; "
            "leave them out of y."
        )
    n_features = layout_in.n_kept(n_features)
    if not groups:  # a plain network sees columns, whatever they mean
        return Candidates(
            {}, n_features * Scalar, n_outputs * Scalar, layout_in.order, layout_out.order
        )
    if "" not in dims and "" in layout_in.rep.spaces:
        dims[""] = _fitting_dimension(layout_in.rep, n_features, parameter, "features")
    elif "" not in dims and "" in layout_out.rep.spaces:
        dims[""] = _fitting_dimension(layout_out.rep, n_outputs, "rep_out", "outputs")
    bound_in, bound_out = layout_in.rep.bind(dims), layout_out.rep.bind(dims)
    _check_size(bound_in, n_features, parameter, "X", "features")
    if n_outputs:
        _check_size(bound_out, n_outputs, "rep_out", "y", "outputs")
    _check_used(groups, bound_in.spaces | bound_out.spaces, parameter)
    return Candidates(groups, bound_in, bound_out, layout_in.order, layout_out.order)


def _check_used(groups: Mapping[str, MatrixGroup], used: set[str], parameter: str) -> None:
    for label, group in groups.items():
        if not any((name or "") in used for name in group.spaces):
            names = " and ".join(
                repr(name) if name else "the unnamed one" for name in group.spaces
            )
            raise ValueError(
                f"The candidate {label!r} acts on a space ({names}) that no column uses, neither "
                f"in {parameter} nor in rep_out; name the space of the columns that it moves."
            )


def _checked_spaces(spaces: Mapping[str, int] | None) -> dict[str, int]:
    if spaces is None:
        return {}
    if not isinstance(spaces, Mapping):
        raise TypeError(f"spaces must map names to dimensions, got {spaces!r}.")
    for name, dim in spaces.items():
        try:
            check_space_name(name)
        except ValueError as error:
            raise ValueError(f"spaces: {error}") from None
        if not is_integer(dim, minimum=1):
            raise ValueError(f"spaces[{name!r}] must be a positive integer, got {dim!r}.")
    return {name: int(dim) for name, dim in spaces.items()}


def _bound_parts(rep: Any, parameter: str) -> list[tuple[str, Representation]]:
    """Representation objects that a user gave, with what an error calls them."""
    parts = {parameter: rep}
    if isinstance(rep, Mapping):
        parts = {f"{parameter}[{key!r}]": part for key, part in rep.items()}
    return [
        (f"{name}={str(part)!r}", part)
        for name, part in parts.items()
        if isinstance(part, Representation)
    ]


def _dimensions(
    groups: Mapping[str, MatrixGroup],
    spaces: Mapping[str, int],
    bound: Sequence[tuple[str, Representation]],
) -> dict[str, int]:
    """Dimension of every space, from `spaces`, bound representations and the candidates."""
    known = {
        name: (dim, f"in spaces={spaces!r} {space_title(name)}") for name, dim in spaces.items()
    }
    for title, rep in bound:
        for name, dim in rep.dims.items():
            first, owner = known.setdefault(name, (dim, f"in {title} {space_title(name)}"))
            if first != dim:
                raise ValueError(
                    f"{title} gives {space_title(name)} dimension {dim}, but {owner} has "
                    f"dimension {first}."
                )
    for label, group in groups.items():
        for name, dim in group.spaces.items():
            if name is not None and name not in known:
                raise ValueError(
                    f"The candidate {label!r} acts on a space {name!r} that spaces={spaces!r} "
                    "does not declare."
                )
            first, owner = known.setdefault(name or "", (dim, f"the candidate {label!r}"))
            if first != dim:
                raise ValueError(
                    f"The candidate {label!r} acts on R^{dim}, but {owner} has dimension {first}."
                )
    return {name: dim for name, (dim, _) in known.items()}


def _fitting_dimension(rep: Representation, n_columns: int, parameter: str, what: str) -> int:
    """The dimension of the unnamed space that makes a representation fit the columns."""
    for dim in range(1, n_columns + 1):
        if rep.bind(dim).dim == n_columns:
            return dim
    raise ValueError(
        f"{parameter}={str(rep)!r} fits no table of {n_columns} {what}, whatever the "
        "dimension of its space."
    )


def _check_size(rep: Representation, n: int, parameter: str, table: str, what: str) -> None:
    if rep.dim != n:
        where = ", ".join(f"{k or 'vectors'}: {v}" for k, v in rep.dims.items())
        raise ValueError(
            f"{parameter}={str(rep)!r} has dimension {rep.dim} (with {where}), but {table} has "
            f"{n} {what}."
        )
