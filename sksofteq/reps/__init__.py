"""What a column means: scalars, vectors, points, tensors and products over named spaces."""

from sksofteq.reps._columns import ColumnLayout, columns_left_out, resolve_columns
from sksofteq.reps._parsing import parse_rep
from sksofteq.reps._representation import (
    Point,
    Representation,
    Scalar,
    Space,
    T,
    Vector,
)
from sksofteq.reps._types import (
    Axis,
    TensorType,
    check_space_name,
    is_integer,
    space_title,
)

__all__ = [
    "Axis",
    "ColumnLayout",
    "Point",
    "Representation",
    "Scalar",
    "Space",
    "T",
    "TensorType",
    "Vector",
    "check_space_name",
    "columns_left_out",
    "is_integer",
    "parse_rep",
    "resolve_columns",
    "space_title",
]
