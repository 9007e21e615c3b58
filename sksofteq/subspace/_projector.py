"""The projector onto equivariant maps, block by block."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sksofteq.groups import MatrixGroup
from sksofteq.reps import Representation
from sksofteq.subspace._basis import bind_to_group
from sksofteq.subspace._types import MapSubspace, map_subspace

if TYPE_CHECKING:
    from numpy.typing import NDArray


class EquivariantProjector:
    """Orthogonal projector P_G onto the maps that are equivariant to a group.

    Never forms the big projector: a map falls into blocks, one per pair of features, and one
    small basis per pair of types serves them all, w -> Q (Q^T w).

    This is the projector of a network's layers, which read framed inputs: points count as vectors,
    a Scaling that has a frame acts on nothing, and translations and such scalings zero only the
    weights that read the frame's extra inputs.

    Parameters
    ----------
    group : MatrixGroup
        The group.
    rep_in, rep_out : Representation
        Input and output representation.

    Examples
    --------
    >>> import numpy as np
    >>> from sksofteq.groups import SO
    >>> from sksofteq.reps import Vector
    >>> from sksofteq.subspace import EquivariantProjector
    >>> projector = EquivariantProjector(SO(3), Vector, Vector)
    >>> np.allclose(projector.project(np.diag([1.0, 2.0, 6.0])), 3 * np.eye(3))
    True
    """

    def __init__(
        self, group: MatrixGroup, rep_in: Representation, rep_out: Representation
    ) -> None:
        self.group = group
        self.rep_in = bind_to_group(rep_in, group)
        self.rep_out = bind_to_group(rep_out, group)

    @cached_property
    def rank(self) -> int:
        """Dimension of the subspace of equivariant maps."""
        total = 0
        for _, m, type_out in self.rep_out.blocks:
            for _, n, type_in in self.rep_in.blocks:
                pair = map_subspace(self.group, type_out, type_in)
                shape = self.rep_out.type_shape(type_out) + self.rep_in.type_shape(type_in)
                dim = int(np.prod(shape, dtype=int))
                if pair.subspace is not None:
                    dim = dim // pair.subspace.dim * pair.subspace.rank
                total += m * n * dim
        return total

    def project(self, W: NDArray) -> NDArray:
        """Return P_G W for a matrix of shape (dim_out, dim_in)."""
        W = np.asarray(W)
        expected = (self.rep_out.dim, self.rep_in.dim)
        if W.shape != expected:
            raise ValueError(f"W must have shape {expected}, got {W.shape}.")
        projected = np.array(W, dtype=np.result_type(W, np.float32))
        for rows, m, type_out in self.rep_out.blocks:
            for columns, n, type_in in self.rep_in.blocks:
                pair = map_subspace(self.group, type_out, type_in)
                if pair.subspace is None:
                    continue
                shape_out = self.rep_out.type_shape(type_out)
                shape_in = self.rep_in.type_shape(type_in)
                block = projected[rows, columns].reshape(m, *shape_out, n, *shape_in)
                block = np.moveaxis(block, 1 + len(shape_out), 1)
                block = _project_axes(block, pair)
                block = np.moveaxis(block, 1, 1 + len(shape_out))
                projected[rows, columns] = block.reshape(W[rows, columns].shape)
        return projected

    def residual(self, W: NDArray) -> NDArray:
        """Return (I - P_G) W."""
        return W - self.project(W)


def _project_axes(block: NDArray, pair: MapSubspace) -> NDArray:
    """Project an array (m, n, axes of out, axes of in) along the axes the group acts on."""
    acted = [2 + i for i in pair.positions]
    others = [i for i in range(block.ndim) if i not in acted]
    moved = block.transpose(others + acted)
    projected = pair.subspace.project(moved.reshape(-1, pair.subspace.dim)).reshape(moved.shape)
    return projected.transpose(np.argsort(others + acted))
