"""One group of every kind."""

import numpy as np
import pytest

from sksofteq.groups import GeneratedGroup, MatrixGroup, Scaling, parse_group

NAMES = [
    "SO(2)",
    "SO(3)",
    "SO(1,3)",
    "SO(2,1)",
    "O(1)",
    "O(3)",
    "O(1,3)",
    "Lorentz()",
    "SL(2)",
    "GL(3)",
    "Sp(2)",
    "Scaling(3)",
    "Scaling(3, frame=False)",
    "Scaling(2)@x,z",
    "Permutation(4)",
    "Permutation(31) on joint",
    "Cyclic(5)",
    "Dihedral(3)",
    "Rotation(4)",
    "Reflection(3)",
    "Trivial(2)",
    "Translation(3)",
    "Translation(1)@y",
    "SE(3)",
    "SE(2)@0,3 in R^5 on agent",
    "E(2)",
    "O(2)@x,y",
    "O(2)@y,x",
    "O(2)@0,1 in R^5",
    "SO(3)@x,y,z on xyz",
    "Reflection(3) on xyz & Permutation(2)@0,1 in R^4 on joint",
    "SO(2) on a & SO(2)@x,y on b & SO(2) on c",
]


@pytest.fixture(params=NAMES)
def group(request) -> MatrixGroup:
    """Every group that a name can make."""
    return parse_group(request.param)


@pytest.fixture(params=[*NAMES, "generated", "without frame"])
def any_group(request) -> MatrixGroup:
    """The same, and some that have no name."""
    if request.param == "generated":
        return GeneratedGroup([[[0.0, 1.0], [1.0, 0.0]]], [np.diag([-1.0, 1.0])])
    if request.param == "without frame":
        return Scaling(2).without_frame()
    return parse_group(request.param)
