"""What a user writes about symmetries and columns, resolved and checked in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sksofteq.groups import MatrixGroup, parse_group
from sksofteq.reps import Representation, Scalar, resolve_columns

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
        Columns of the table in the order of the representation, None if as they stand.
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
        items = [(str(label), parse_group(group)) for label, group in symmetries.items()]
    elif isinstance(symmetries, Sequence):
        items = [(str(group), parse_group(group)) for group in symmetries]
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
    spaces = _checked_spaces(spaces)
    layout_in = resolve_columns(
        rep_in, n_features, spaces=spaces, names=names, parameter=parameter
    )
    layout_out = resolve_columns(
        rep_out, n_outputs, spaces=spaces, names=names_out, parameter="rep_out"
    )
    if not groups:  # a plain network sees columns, whatever they mean
        return Candidates(
            {}, n_features * Scalar, n_outputs * Scalar, layout_in.order, layout_out.order
        )
    dims = _dimensions(groups, spaces)
    if "" not in dims and "" in layout_in.rep.spaces | layout_out.rep.spaces:
        dims[""] = _fitting_dimension(layout_in.rep, n_features, parameter)
    bound_in, bound_out = layout_in.rep.bind(dims), layout_out.rep.bind(dims)
    _check_size(bound_in, n_features, parameter, "X", "features")
    if n_outputs:
        _check_size(bound_out, n_outputs, "rep_out", "y", "outputs")
    return Candidates(groups, bound_in, bound_out, layout_in.order, layout_out.order)


def _checked_spaces(spaces: Mapping[str, int] | None) -> dict[str, int]:
    if spaces is None:
        return {}
    if not isinstance(spaces, Mapping):
        raise TypeError(f"spaces must map names to dimensions, got {spaces!r}.")
    for name, dim in spaces.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"spaces: a name must be an identifier, got {name!r}.")
        if isinstance(dim, bool) or int(dim) != dim or dim < 1:
            raise ValueError(f"spaces[{name!r}] must be a positive integer, got {dim!r}.")
    return {name: int(dim) for name, dim in spaces.items()}


def _dimensions(groups: Mapping[str, MatrixGroup], spaces: Mapping[str, int]) -> dict[str, int]:
    """Dimension of every space, from `spaces` and from the candidates on the unnamed one."""
    dims, source = dict(spaces), {}
    for label, group in groups.items():
        for name, dim in group.spaces.items():
            if name is not None and name not in spaces:
                raise ValueError(
                    f"The candidate {label!r} acts on a space {name!r} that spaces={spaces!r} "
                    "does not declare."
                )
            known = dims.setdefault(name or "", dim)
            if known != dim:
                owner = source.get(name or "", f"spaces={dict(spaces)!r}")
                raise ValueError(
                    f"The candidate {label!r} acts on R^{dim}, but {owner} has dimension {known}."
                )
            source.setdefault(name or "", f"the candidate {label!r}")
    return dims


def _fitting_dimension(rep: Representation, n_features: int, parameter: str) -> int:
    """The dimension of the unnamed space that makes a representation fit the columns."""
    for dim in range(1, n_features + 1):
        if rep.bind(dim).dim == n_features:
            return dim
    raise ValueError(
        f"{parameter}={str(rep)!r} fits no table of {n_features} features, whatever the "
        "dimension of its space."
    )


def _check_size(rep: Representation, n: int, parameter: str, table: str, what: str) -> None:
    if rep.dim != n:
        where = ", ".join(f"{k or 'vectors'}: {v}" for k, v in rep.dims.items())
        raise ValueError(
            f"{parameter}={str(rep)!r} has dimension {rep.dim} (with {where}), but {table} has "
            f"{n} {what}."
        )
