"""Group names: ``NAME(args)[@axes[ in R^n]][ on space][ & ...]``."""

from __future__ import annotations

import difflib
import re

from sksofteq.groups import _affine, _families
from sksofteq.groups._base import MatrixGroup

FAMILIES: dict[str, type[MatrixGroup]] = {
    family.__name__: family
    for family in (
        _families.SO,
        _families.O,
        _families.SL,
        _families.GL,
        _families.Sp,
        _families.Lorentz,
        _families.Scaling,
        _families.Permutation,
        _families.Cyclic,
        _families.Dihedral,
        _families.Rotation,
        _families.Reflection,
        _families.Trivial,
        _affine.Translation,
        _affine.SE,
        _affine.E,
    )
}

_GROUP = re.compile(
    r"""\s*(?P<name>[A-Za-z]+)\s*\((?P<args>[^()]*)\)\s*
        (?:@\s*(?P<axes>[\w\s,]*?)(?:\s+in\s+R\^(?P<dim>\d+))?)?
        (?:\s+on\s+(?P<space>[A-Za-z_]\w*))?\s*""",
    re.VERBOSE,
)


def parse_group(text: str | MatrixGroup) -> MatrixGroup:
    """Return the group that `text` names; ``parse_group(str(g)) == g``.

    Parameters
    ----------
    text : str or MatrixGroup
        For example ``"SO(3)"``, ``"O(2)@x,y"``, ``"O(2)@0,1 in R^5"``, ``"SO(1,3)"``,
        ``"Permutation(31) on joint"``. A group is returned as it is.

    Returns
    -------
    group : MatrixGroup

    Raises
    ------
    ValueError
        If the name does not follow the grammar or the family is unknown.

    Examples
    --------
    >>> from sksofteq.groups import parse_group
    >>> parse_group("O(2)@x,y").dim
    3
    """
    if isinstance(text, MatrixGroup):
        return text
    if not isinstance(text, str):
        raise TypeError(f"A symmetry must be a name or a group, got {text!r}.")
    parts = [_parse_one(part, text) for part in text.split("&")]
    group = parts[0]
    for other in parts[1:]:
        group = group & other
    return group


def _parse_one(part: str, text: str) -> MatrixGroup:
    match = _GROUP.fullmatch(part)
    if match is None:
        raise ValueError(
            f"Cannot read the group {text!r}; write NAME(args)[@axes[ in R^n]][ on space], "
            "for example 'SO(3)', 'O(2)@x,y' or 'Permutation(31) on joint'."
        )
    group = _family(match["name"])(*_positional(match, text), **_keywords(match, text))
    if match["axes"] is not None:
        axes = [
            int(axis) if axis.isdecimal() else axis
            for axis in (piece.strip() for piece in match["axes"].split(","))
        ]
        group = group.embed(axes, int(match["dim"]) if match["dim"] else None)
    return group if match["space"] is None else group.on_space(match["space"])


def _family(name: str) -> type[MatrixGroup]:
    if name not in FAMILIES:
        close = difflib.get_close_matches(name, FAMILIES, n=1, cutoff=0.5)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"Unknown group {name!r}.{hint} Known: {', '.join(sorted(FAMILIES))}.")
    return FAMILIES[name]


def _positional(match: re.Match, text: str) -> list[int]:
    args = match["args"].strip()
    pieces = [piece.strip() for piece in args.split(",") if "=" not in piece] if args else []
    if match["name"] == "Lorentz" and pieces:
        raise ValueError(f"Lorentz() takes no size, got {text!r}.")
    if match["name"] != "Lorentz" and not 1 <= len(pieces) <= 1 + (match["name"] in ("SO", "O")):
        raise ValueError(
            f"{match['name']} takes its size, as in {match['name']}(3); got {text!r}."
        )
    if not all(piece.isdecimal() for piece in pieces):
        raise ValueError(f"The sizes of a group must be integers, got {text!r}.")
    return [int(piece) for piece in pieces]


def _keywords(match: re.Match, text: str) -> dict[str, bool]:
    keywords = [piece.replace(" ", "") for piece in match["args"].split(",") if "=" in piece]
    if not keywords:
        return {}
    if match["name"] != "Scaling" or keywords not in (["frame=False"], ["frame=True"]):
        raise ValueError(f"Only Scaling takes a keyword, frame=True or frame=False; got {text!r}.")
    return {"frame": keywords == ["frame=True"]}
