"""The projection penalty (PER, arXiv 2306.00356): how far weights are from equivariant.

R_G = sum over soft linear layers of 1/2 |W - P_G W|^2 + 1/2 |b - P_G b|^2. All layers are cut
into blocks, one per pair of features. Blocks whose maps have the same axes are stacked, whatever
their pair of types: one small product per stack serves all copies in all layers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sksofteq._blocks import PairBlocks
from sksofteq.groups import MatrixGroup
from sksofteq.nn import SoftEquivariantLinear
from sksofteq.reps import TensorType
from sksofteq.subspace import map_axes


class ProjectionPenalty:
    """Projection-based equivariance regularizers of a network, one per candidate.

    Parameters
    ----------
    module : torch.nn.Module
        A network with `SoftEquivariantLinear` layers anywhere in its tree; without any there is
        nothing to pull. Weights that are frozen count, and stay as they are. Where candidates act
        on several spaces at once, float32 lets strengths count up to about 3e3 / step size.
    groups : mapping of str to MatrixGroup, or sequence of MatrixGroup
        The candidates, by label.

    Attributes
    ----------
    labels : tuple of str
        The candidates' labels, in order.
    degrees_of_freedom : ndarray of shape (n_groups,)
        Number of weights that each penalty could move: the rank of I - P_G.

    Examples
    --------
    >>> import torch
    >>> from sksofteq.groups import SO
    >>> from sksofteq.nn import SoftEquivariantLinear
    >>> from sksofteq.penalties import ProjectionPenalty
    >>> from sksofteq.reps import Vector
    >>> layer = SoftEquivariantLinear(Vector.bind(3), Vector.bind(3))
    >>> penalty = ProjectionPenalty(layer, [SO(3)])
    >>> penalty.project_({"SO(3)"})
    >>> bool(penalty.values().item() < 1e-10)
    True
    """

    def __init__(
        self, module: nn.Module, groups: Mapping[str, MatrixGroup] | Sequence[MatrixGroup]
    ) -> None:
        if not isinstance(groups, Mapping):
            groups = {str(group): group for group in groups}
        self.labels = tuple(groups)
        self.groups = tuple(groups.values())
        self.layers = [m for m in module.modules() if isinstance(m, SoftEquivariantLinear)]
        self._parameters = [p for layer in self.layers for p in _parameters_of(layer)]
        self._pairs, self._kinds = _collect_pairs(self.layers, self.groups)
        # In this order all stacks lie one after another: one gather reads them all.
        device = self.layers[0].weight.device if self.layers else None
        indices = [pair.index.reshape(-1) for pair in self._pairs]
        self._order = torch.cat([torch.zeros(0, dtype=torch.long, device=device), *indices])
        self.degrees_of_freedom = np.sum(
            [pair.degrees_of_freedom() for pair in self._pairs], axis=0, initial=0
        ) * np.ones(len(self.groups))
        self._strengths: dict[str, float] = {}
        self._factored: dict[str, float] | None = None
        self._n_layouts = 0

    # ------------------------------------------------------------------ values

    def values(self) -> Tensor:
        """Return R_G of every candidate, shape (n_groups,); differentiable."""
        return self.per_layer().sum(dim=0)

    def per_layer(self) -> Tensor:
        """Return R_G by layer, shape (n_layers, n_groups)."""
        flat = self._flat()
        table = flat.new_zeros(len(self.layers), len(self.groups))
        for pair in self._pairs:
            table = table + pair.penalties(flat, len(self.layers))
        return table

    def relative_residuals(self) -> np.ndarray:
        """Return sum |C_G W|^2 / sum |W|^2 of every candidate, shape (n_groups,).

        NaN without layers.
        """
        if not self.layers:
            return np.full(len(self.groups), np.nan)
        with torch.no_grad():
            total = float(self._flat().square().sum())
            values = 2 * self.values().double().cpu().numpy()
        return values / total if total > 0 else np.zeros(len(self.groups))

    @property
    def strengths(self) -> dict[str, float]:
        """The strengths that were set last, by label."""
        return dict(self._strengths)

    @property
    def n_layouts(self) -> int:
        """How often strengths have come to lie elsewhere in memory, or to be used otherwise."""
        return self._n_layouts

    @property
    def reads(self) -> bool:
        """Whether a proximal step reads numbers, for which a GPU is waited for."""
        return any(pair.iterates for pair in self._pairs)

    # ------------------------------------------------------------------ steps

    def set_strengths(self, strengths: Mapping[str, float]) -> None:
        """Fix the regularizer strengths; `inf` is hard. Factors the combined penalty once.

        Raises
        ------
        ValueError
            If they are not one number >= 0 for every label, or there are no layers to pull.
        """
        if set(strengths) != set(self.labels):
            raise ValueError(f"strengths must name {self.labels!r}, got {dict(strengths)!r}.")
        ordered = [float(strengths[label]) for label in self.labels]
        for value in ordered:
            if math.isnan(value) or value < 0:
                raise ValueError(f"strengths must be numbers >= 0, got {dict(strengths)!r}.")
        if any(ordered) and not self.layers:
            raise ValueError(
                "strengths pull SoftEquivariantLinear layers, of which the module has none; got "
                f"{dict(strengths)!r}."
            )
        strengths = dict(zip(self.labels, ordered, strict=True))
        if strengths == self._factored:
            return
        acted = any(self._strengths.values())
        self._strengths, self._factored = (
            strengths,
            None,
        )  # until all are, should it be interrupted
        stays = [pair.factor(ordered) for pair in self._pairs]
        self._n_layouts += not (all(stays) and acted == any(ordered))
        self._factored = strengths

    def proximal_step_(self, step_size: float) -> None:
        """Replace the weights by (I + step_size M)^-1 w, with M = sum_G strength_G C_G."""
        if any(self._strengths.values()):
            self._update_(lambda pair, w: pair.proximal(w, step_size))

    def add_gradient_(self) -> None:
        """Add sum_G strength_G C_G w to the gradients, without autograd."""
        if not any(self._strengths.values()):
            return
        with torch.no_grad():
            flat = self._flat()
            pulls = self._changed(flat, lambda pair, w: pair.gradient(w))
            gradient = torch.zeros_like(flat).index_copy_(0, self._order, pulls)
            start = 0
            for parameter in self._parameters:
                piece = gradient[start : start + parameter.numel()].view_as(parameter)
                start += parameter.numel()
                if parameter.requires_grad:
                    parameter.grad = (
                        piece.clone() if parameter.grad is None else parameter.grad + piece
                    )

    def project_(self, labels: Sequence[str] | set[str] | None = None) -> None:
        """Project the weights onto the common subspace of the named candidates (default: all)."""
        chosen = set(self.labels) if labels is None else set(labels)
        if not chosen <= set(self.labels):
            raise ValueError(f"labels must be among {self.labels!r}, got {labels!r}.")
        kept = dict(self._strengths)
        self.set_strengths({label: math.inf if label in chosen else 0.0 for label in self.labels})
        self._update_(lambda pair, w: pair.proximal(w, 1.0))
        self.set_strengths(kept or dict.fromkeys(self.labels, 0.0))

    def start_inside_(self, labels: Sequence[str] | set[str] | None = None) -> None:
        """Project initial weights and restore their variance, so that signals keep their size.

        A block whose common subspace is {0} keeps its random start and shrinks as strengths say.
        """
        flat = self._flat().detach()
        self.project_(labels)
        result = self._flat().detach()
        for pair, kinds in zip(self._pairs, self._kinds, strict=True):
            start, inside = pair.read(flat), pair.read(result)
            before, after = _norms(start, kinds), _norms(inside, kinds)
            dead = after <= 1e-6 * before
            pair.write(
                result, torch.where(dead, start, inside * (before / after.clamp_min(1e-30)))
            )
        self._write(result)

    # ------------------------------------------------------------------ plumbing

    def _flat(self) -> Tensor:
        if not self._parameters:
            return torch.zeros(0)
        return torch.cat([parameter.reshape(-1) for parameter in self._parameters])

    def _changed(self, flat: Tensor, change: Callable[[PairBlocks, Tensor], Tensor]) -> Tensor:
        """What `change(pair, w)` makes of all stacks, one after another."""
        parts = flat.index_select(0, self._order).split([p.index.numel() for p in self._pairs])
        changed = [
            change(pair, part.view(pair.index.shape)).reshape(-1)
            for pair, part in zip(self._pairs, parts, strict=True)
        ]
        return torch.cat([flat.new_zeros(0), *changed])

    def _update_(self, change: Callable[[PairBlocks, Tensor], Tensor]) -> None:
        with torch.no_grad():
            flat = self._flat()
            self._write(flat.index_copy_(0, self._order, self._changed(flat, change)))

    def _write(self, flat: Tensor) -> None:
        start = 0
        with torch.no_grad():
            for parameter in self._parameters:
                if parameter.requires_grad:
                    parameter.copy_(flat[start : start + parameter.numel()].view_as(parameter))
                start += parameter.numel()


def _parameters_of(layer: SoftEquivariantLinear) -> list[nn.Parameter]:
    return [layer.weight] if layer.bias is None else [layer.weight, layer.bias]


def _norms(w: Tensor, kinds: Tensor) -> Tensor:
    """Norm of all blocks of one kind together, for every block; broadcasts with w."""
    rows = w.reshape(len(w), -1).square().sum(dim=1)
    sums = rows.new_zeros(int(kinds.max()) + 1).index_add_(0, kinds, rows)
    return sums.sqrt()[kinds].view(-1, *(1,) * (w.dim() - 1))


def _collect_pairs(
    layers: Sequence[SoftEquivariantLinear], groups: Sequence[MatrixGroup]
) -> tuple[list[PairBlocks], list[Tensor]]:
    """Stack the blocks of all layers where a candidate touches them.

    Pairs of types share a stack if their maps have the same axes: a vector for a vector, and a
    scalar for a tensor of rank 2. The second list tells the pair of types of every block.
    """
    orthogonal = all(group.is_orthogonal for group in groups)
    stacks: dict[tuple, list[tuple[int, NDArray]]] = {}
    types: dict[tuple, list[tuple]] = {}
    for number, type_out, type_in, shapes, block in _cut(layers):
        # Lower indices turn as upper ones do if all candidates are orthogonal.
        axes = tuple(
            (space, lower and not orthogonal) for space, lower in map_axes(type_out, type_in)
        )
        key = (axes, type_in.frame, shapes[0] + shapes[1], layers[number].typed)
        stacks.setdefault(key, []).append((number, block))
        types.setdefault(key, []).append((type_out, type_in, shapes))
    pairs, kinds = [], []
    frame_parts = [group.frame_part() for group in groups]
    for key, blocks in stacks.items():
        acting = groups if key[-1] else frame_parts
        pair = PairBlocks(*types[key][0], blocks, acting).to(layers[0].weight)
        if pair.is_touched:
            numbers = {kind: n for n, kind in enumerate(dict.fromkeys(types[key]))}
            counts = [len(block) for _, block in blocks]
            kind_of = np.repeat([numbers[kind] for kind in types[key]], counts)
            pairs.append(pair)
            kinds.append(torch.as_tensor(kind_of, device=pair.index.device))
    return pairs, kinds


def _cut(layers: Sequence[SoftEquivariantLinear]) -> Iterator[tuple]:
    """(layer, type_out, type_in, shapes, entries in the flat vector) of all blocks of features."""
    start = 0
    for number, layer in enumerate(layers):
        rep_out, rep_in = layer.rep_out, layer.rep_in
        n_weights = rep_out.dim * rep_in.dim
        weights = start + np.arange(n_weights).reshape(rep_out.dim, rep_in.dim)
        biases = start + n_weights + np.arange(rep_out.dim).reshape(-1, 1)
        sources = [(weights[:, cols], n, kind) for cols, n, kind in rep_in.blocks]
        if layer.bias is not None:
            sources.append((biases, 1, TensorType()))
        for rows, m, type_out in rep_out.blocks:
            for part, n, type_in in sources:
                shape_out, shape_in = rep_out.type_shape(type_out), rep_in.type_shape(type_in)
                block = part[rows].reshape(m, math.prod(shape_out), n, math.prod(shape_in))
                block = block.transpose(0, 2, 1, 3).reshape(m * n, -1)
                yield number, type_out, type_in, (shape_out, shape_in), block
        start += n_weights + (0 if layer.bias is None else rep_out.dim)
