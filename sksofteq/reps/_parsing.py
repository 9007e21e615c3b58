"""Representation strings: ``term (+ term)*``, ``term = [count *] factor (* factor)*``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sksofteq.reps._representation import Representation
from sksofteq.reps._types import Axis, TensorType, check_space_name, unnamed

_TENSOR = re.compile(r"tensor\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")
_OVER_SPACE = re.compile(r"(point|dual)\(\s*([A-Za-z_]\w*)\s*\)")


def parse_rep(
    text: str | Representation, spaces: Mapping[str, int] | None = None
) -> Representation:
    """Return the representation that `text` names; ``parse_rep(str(rep)) == rep`` when unbound.

    Parameters
    ----------
    text : str or Representation
        For example ``"5*scalar + 5*vector"``, ``"tensor(2)"``, ``"joint + joint*point(xyz)"``.
        Factors: scalar, vector, point, tensor(p[,q]), the name of a space, point(space),
        dual(space).
    spaces : mapping of str to int, default=None
        Dimension of each named space; "" stands for the unnamed one.

    Returns
    -------
    rep : Representation

    Raises
    ------
    ValueError
        If the text does not follow the grammar or names an unknown space.

    Examples
    --------
    >>> from sksofteq.reps import parse_rep
    >>> parse_rep("joint*xyz", {"joint": 31, "xyz": 3}).dim
    93
    """
    spaces = dict(spaces or {})
    named = {name: dim for name, dim in spaces.items() if name != ""}
    for name in named:
        check_space_name(name)
    if isinstance(text, Representation):
        return text.bind(spaces) if spaces else text
    if not isinstance(text, str):
        raise TypeError(f"A representation must be a string or a Representation, got {text!r}.")
    terms = [_parse_term(term, text, named) for term in text.split("+")]
    return Representation(terms, spaces)


def _parse_term(term: str, text: str, spaces: Mapping[str, int]) -> tuple[int, TensorType]:
    factors = [factor.strip() for factor in term.split("*")]
    count = 1
    if factors[0].isdecimal():
        count = int(factors.pop(0))
    if not factors:
        raise ValueError(
            f"A term of {text!r} has a number and no type; write for example '{count}*scalar'."
        )
    axes = sum((_parse_factor(factor, text, spaces) for factor in factors), ())
    return count, TensorType(axes)


def _parse_factor(factor: str, text: str, spaces: Mapping[str, int]) -> tuple[Axis, ...]:
    simple = {"scalar": (), "vector": (Axis(),), "point": (Axis(point=True),)}
    if factor in simple:
        return simple[factor]
    if match := _TENSOR.fullmatch(factor):
        return unnamed(int(match[1]), int(match[2] or 0)).axes
    kind, name = "", factor
    if match := _OVER_SPACE.fullmatch(factor):
        kind, name = match[1], match[2]
    if name not in spaces:
        known = f" The spaces are {sorted(spaces)}." if spaces else ""
        raise ValueError(
            f"Cannot read {factor!r} in the representation {text!r}: expected scalar, vector, "
            f"point, tensor(p,q) or the name of a space given in spaces=.{known}"
        )
    return (Axis(name, dual=kind == "dual", point=kind == "point"),)
