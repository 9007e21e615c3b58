"""Which vectors and which linear maps are equivariant."""

from sksofteq.subspace._basis import equivariant_basis
from sksofteq.subspace._containment import is_subgroup
from sksofteq.subspace._invariants import (
    DenseSubspace,
    OrbitSubspace,
    TensorAxis,
    invariant_subspace,
)
from sksofteq.subspace._projector import EquivariantProjector
from sksofteq.subspace._types import MapSubspace, intersect_subspaces, map_axes, map_subspace

__all__ = [
    "DenseSubspace",
    "EquivariantProjector",
    "MapSubspace",
    "OrbitSubspace",
    "TensorAxis",
    "equivariant_basis",
    "intersect_subspaces",
    "invariant_subspace",
    "is_subgroup",
    "map_axes",
    "map_subspace",
]
