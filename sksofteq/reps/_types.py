"""The type of one feature: which spaces its axes belong to, in memory order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from numbers import Real


@dataclass(frozen=True, order=True)
class Axis:
    """One axis of a tensor.

    Parameters
    ----------
    space : str, default=""
        Name of the space, empty for the unnamed one.
    dual : bool, default=False
        Whether the index is lower: it transforms with the inverse transpose.
    point : bool, default=False
        Whether translations of the space move it.
    """

    space: str = ""
    dual: bool = False
    point: bool = False


@dataclass(frozen=True, order=True)
class TensorType:
    """The type of one feature.

    Parameters
    ----------
    axes : tuple of Axis, default=()
        Axes in memory order; none for a scalar.
    frame : str, default=""
        Marks the extra inputs of a frame: ``"centroid:SPACE"`` or ``"log scale:SPACE"``.
        Penalties of translation and scaling zero the weights that read them.
    """

    axes: tuple[Axis, ...] = ()
    frame: str = ""

    def __post_init__(self) -> None:
        spaces = [axis.space for axis in self.axes]
        for axis in self.axes:
            if axis.point and spaces.count(axis.space) > 1:  # x y^T moves along with no element
                raise ValueError(
                    f"A point has no product with another index of its space: {self}."
                )

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self.axes)

    @property
    def spaces(self) -> frozenset[str]:
        """Names of the spaces of its axes."""
        return frozenset(axis.space for axis in self.axes)

    @property
    def is_point(self) -> bool:
        """Whether translations of some space move it."""
        return any(axis.point for axis in self.axes)

    @property
    def dual(self) -> TensorType:
        """The type with upper and lower indices exchanged."""
        return TensorType(tuple(replace(axis, dual=not axis.dual) for axis in self.axes))

    def as_vector(self) -> TensorType:
        """The type whose points have become vectors."""
        return TensorType(tuple(replace(axis, point=False) for axis in self.axes), self.frame)

    def degree(self, space: str) -> int:
        """How it scales with the space: upper minus lower indices."""
        return sum(1 - 2 * axis.dual for axis in self.axes if axis.space == space)

    def __str__(self) -> str:
        if self.frame:
            return self.frame
        if not self.axes:
            return "scalar"
        names = [_axis_name(axis) for axis in self.axes]
        if set(names) <= {"vector", "dual"} and len(names) > 1 and names == sorted(names)[::-1]:
            upper, lower = names.count("vector"), names.count("dual")
            return f"tensor({upper},{lower})" if lower else f"tensor({upper})"
        return "*".join("tensor(0,1)" if name == "dual" else name for name in names)


def _axis_name(axis: Axis) -> str:
    if axis.point:
        return f"point({axis.space})" if axis.space else "point"
    if axis.dual:
        return f"dual({axis.space})" if axis.space else "dual"
    return axis.space or "vector"


def check_space_name(name: str) -> None:
    """Raise unless `name` is an identifier that no other word of a representation uses."""
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"A space's name must be an identifier, got {name!r}.")
    if name in ("scalar", "vector", "point", "dual"):
        raise ValueError(f"A space cannot be called {name!r}, which names a type already.")


def space_title(name: str) -> str:
    """What an error calls a space: ``space 'xyz'``, or ``the unnamed space`` for ""."""
    return f"space {name!r}" if name else "the unnamed space"


def is_integer(value: object, minimum: int = 0) -> bool:
    """Whether a number is whole and >= minimum; True and False are no numbers."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    return bool(value >= minimum and value % 1 == 0)


def checked_dims(dims: Mapping[str, int]) -> dict[str, int]:
    """Dimensions by space, sorted; raise unless they are positive integers."""
    for name, dim in dims.items():
        if not is_integer(dim, minimum=1):
            raise ValueError(
                f"The dimension of {space_title(name)} must be a positive integer, got {dim!r}."
            )
    return {name: int(dim) for name, dim in sorted(dims.items())}


def unnamed(upper: int, lower: int = 0) -> TensorType:
    """T(upper, lower) over the unnamed space."""
    return TensorType((Axis(),) * upper + (Axis(dual=True),) * lower)


def group_by_type(types: Iterable[TensorType]) -> dict[TensorType, list[int]]:
    """Positions of each type, in the order in which types first appear."""
    positions: dict[TensorType, list[int]] = {}
    for position, tensor_type in enumerate(types):
        positions.setdefault(tensor_type, []).append(position)
    return positions
