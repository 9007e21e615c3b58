"""Frames: translation and scaling act on the raw columns, before anything is standardised.

On tensor types a hard scaling network is constant and a hard translation network cannot see a
distance. Both therefore act through a frame: points are taken relative to their centroid, every
block is divided by the power of a length that its degree asks for, and centroid and log length
become extra inputs. Weights that read none of these make the network exactly equivariant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sksofteq.groups import MatrixGroup
from sksofteq.reps import Axis, Representation, TensorType, space_title


@dataclass
class FrameContext:
    """What is needed to take an output back to raw units.

    Parameters
    ----------
    shift : Tensor of shape (n, dim_out) or None
        Added to the output, after the factor.
    factor : Tensor of shape (n, dim_out) or None
        Multiplies the output.
    """

    shift: Tensor | None = None
    factor: Tensor | None = None

    def unframe(self, y: Tensor) -> Tensor:
        """From framed to raw outputs."""
        y = y if self.factor is None else y * self.factor
        return y if self.shift is None else y + self.shift

    def frame(self, y: Tensor) -> Tensor:
        """From raw to framed outputs."""
        y = y if self.shift is None else y - self.shift
        return y if self.factor is None else y / self.factor


class Frame(nn.Module):
    """Centres and scales raw inputs as far as the candidates translate and scale.

    Parameters
    ----------
    rep_in, rep_out : Representation
        Raw input and output, with known dimensions.
    groups : sequence of MatrixGroup
        The candidates.

    Attributes
    ----------
    rep_framed : Representation
        The framed input: the raw blocks with points as vectors, then a centroid per translated
        space and a log length per scaled space.

    Raises
    ------
    ValueError
        If a translation finds no `point` among the inputs, or a scaling no block of positive
        degree, or a scaling stands beside a non-orthogonal candidate of its space.
    """

    def __init__(
        self, rep_in: Representation, rep_out: Representation, groups: Sequence[MatrixGroup]
    ) -> None:
        super().__init__()
        self.rep_in, self.rep_out = rep_in, rep_out
        self.translated = sorted({s or "" for g in groups for s in g.translations})
        self.scaled = sorted({s or "" for g in groups if g.scales_frame for s in g.spaces})
        _check_scaling(groups, set(self.scaled))
        extra = [(1, TensorType((Axis(s),), f"centroid:{s}")) for s in self.translated]
        extra += [(1, TensorType((), f"log scale:{s}")) for s in self.scaled]
        as_vectors = rep_in.as_vectors() if self.translated else rep_in
        self.rep_framed = Representation([*as_vectors.terms, *extra], rep_in.dims)
        self._points = {s: _point_blocks(rep_in, s) for s in self.translated}
        self._points_out = {s: _point_blocks(rep_out, s) for s in self.translated}
        for s in self.translated:
            if not self._points[s]:
                raise ValueError(
                    f"A candidate translates {space_title(s)}, but rep_in={str(rep_in)!r} has no "
                    "'point' there; write the columns that hold positions as 'point'."
                )
        for s in self.scaled:
            if not self._length_blocks(s):
                raise ValueError(
                    f"A candidate scales {space_title(s)}, but rep_in={str(rep_in)!r} has no "
                    "block of positive degree there that could measure a length."
                )

    @property
    def is_trivial(self) -> bool:
        """Whether no candidate needs a frame."""
        return not self.translated and not self.scaled

    def forward(self, x: Tensor) -> tuple[Tensor, FrameContext]:
        """Return the framed input (n, dim_framed) and how to take outputs back."""
        if self.is_trivial:
            return x, FrameContext()
        parts, shift = self._centre(x)
        framed = torch.cat([parts[0], *parts[1]], dim=1)
        if not self.scaled:
            return framed, FrameContext(shift)
        lengths = {s: self._length(parts[0], s) for s in self.scaled}
        factor_in = self._powers(lengths, self.rep_framed)
        factor_out = self._powers(lengths, self.rep_out)
        blocks = framed / factor_in[:, : framed.shape[1]]
        logs = [torch.log(lengths[s])[:, None] for s in self.scaled]
        return torch.cat([blocks, *logs], dim=1), FrameContext(shift, factor_out)

    def _centre(self, x: Tensor) -> tuple[tuple[Tensor, list[Tensor]], Tensor | None]:
        """Points relative to the centroid of their space, the centroids, the outputs' shift."""
        if not self.translated:
            return (x, []), None
        x = x.clone()
        shift = x.new_zeros(len(x), self.rep_out.dim)
        centroids = []
        for space in self.translated:
            views = [_as_points(x, block) for block in self._points[space]]
            total = sum(view.sum(dim=1) for view in views)
            centroid = total / sum(view.shape[1] for view in views)
            for block in self._points[space]:
                _add_to_points(x, block, -centroid)
            for block in self._points_out[space]:
                _add_to_points(shift, block, centroid)
            centroids.append(centroid)
        return (x, centroids), shift

    def _length_blocks(self, space: str) -> list[tuple[slice, int, TensorType]]:
        """Raw blocks that measure the length of a space: of positive degree there alone."""
        others = [s for s in self.scaled if s != space]
        found = []
        for columns, count, kind in self.rep_in.blocks:
            if kind.degree(space) > 0 and not any(kind.degree(other) for other in others):
                found.append((columns, count, kind))
        return found

    def _length(self, x: Tensor, space: str) -> Tensor:
        """s = sqrt(mean over blocks of |x|^(2/k)), 1 where it vanishes; shape (n,)."""
        powers = []
        for columns, count, kind in self._length_blocks(space):
            shape = self.rep_in.type_shape(kind)
            block = x[:, columns].reshape(len(x), count, *shape)
            own = [2 + i for i, axis in enumerate(kind.axes) if axis.space == space]
            squares = block.square().sum(dim=own) if own else block.square()
            powers.append(squares.reshape(len(x), -1) ** (1.0 / kind.degree(space)))
        length = torch.cat(powers, dim=1).mean(dim=1).sqrt()
        return torch.where(length > 0, length, torch.ones_like(length))

    def _powers(self, lengths: dict[str, Tensor], rep: Representation) -> Tensor:
        """Product over spaces of length^degree, for every column of a representation."""
        some = next(iter(lengths.values()))
        factor = some.new_ones(len(some), rep.dim)
        for columns, _, kind in rep.blocks:
            for space, length in lengths.items():
                degree = kind.degree(space)
                if degree:
                    factor[:, columns] *= (length**degree)[:, None]
        return factor


def _check_scaling(groups: Sequence[MatrixGroup], scaled: set[str]) -> None:
    for group in groups:
        for name in group.spaces:
            space = name or ""
            if space not in scaled:
                continue
            if group.scales_frame:
                if not _is_whole(group):
                    raise ValueError(
                        f"{group} scales only a part of {space_title(space)} and so has no frame; "
                        "use the whole space, or Scaling(n, frame=False) to act on tensors."
                    )
            elif not group.is_orthogonal:
                raise ValueError(
                    f"{group} is not orthogonal and cannot stand beside a frame scaling of "
                    f"{space_title(space)}; use Scaling(n, frame=False) there."
                )


def _is_whole(group: MatrixGroup) -> bool:
    generator = group.lie_algebra[0]
    return bool((generator == generator[0, 0] * torch.eye(len(generator)).numpy()).all())


def _point_blocks(rep: Representation, space: str) -> list[tuple[slice, int, tuple, int]]:
    """(columns, copies, shape, axis) of the blocks that are points of a space."""
    found = []
    for columns, count, kind in rep.blocks:
        positions = [i for i, axis in enumerate(kind.axes) if axis.point and axis.space == space]
        if positions:
            found.append((columns, count, rep.type_shape(kind), positions[0]))
    return found


def _as_points(x: Tensor, block: tuple[slice, int, tuple, int]) -> Tensor:
    """The points of one block, (n, number of points, d)."""
    columns, count, shape, axis = block
    tensor = x[:, columns].reshape(len(x), count, *shape).movedim(2 + axis, -1)
    return tensor.reshape(len(x), -1, shape[axis])


def _add_to_points(x: Tensor, block: tuple[slice, int, tuple, int], vector: Tensor) -> None:
    """Add a vector (n, d) to every point of one block, in place."""
    columns, count, shape, axis = block
    broadcast = [1] * (1 + len(shape))
    broadcast[1 + axis] = shape[axis]
    moved = vector.reshape(len(x), *broadcast).expand(len(x), count, *shape)
    x[:, columns] += moved.reshape(len(x), -1)
