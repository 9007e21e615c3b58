"""What a symmetry is: matrix groups as immutable values, and the names they print and parse."""

from sksofteq.groups._affine import SE, E, Translation
from sksofteq.groups._base import MatrixGroup
from sksofteq.groups._composed import EmbeddedGroup, GeneratedGroup, PairedGroup
from sksofteq.groups._families import (
    GL,
    SL,
    SO,
    Cyclic,
    Dihedral,
    Lorentz,
    O,
    Permutation,
    Reflection,
    Rotation,
    Scaling,
    Sp,
    Trivial,
)
from sksofteq.groups._parsing import parse_group
from sksofteq.groups._sampling import enumerate_elements

__all__ = [
    "GL",
    "SE",
    "SL",
    "SO",
    "Cyclic",
    "Dihedral",
    "E",
    "EmbeddedGroup",
    "GeneratedGroup",
    "Lorentz",
    "MatrixGroup",
    "O",
    "PairedGroup",
    "Permutation",
    "Reflection",
    "Rotation",
    "Scaling",
    "Sp",
    "Translation",
    "Trivial",
    "enumerate_elements",
    "parse_group",
]
