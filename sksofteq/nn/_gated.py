"""The gated nonlinearity: scalars pass a swish, tensors are multiplied by a sigmoid gate."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sksofteq.nn._features import (
    CandidateSet,
    Features,
    gate_type,
    join_types,
    split_types,
    with_gates,
)
from sksofteq.reps import Representation, TensorType


class GatedNonlinearity(nn.Module):
    """Nonlinearity that commutes with every candidate exactly.

    Types on which all candidates act by permutation matrices pass ``x * sigmoid(x)`` entry by
    entry. Every other tensor is multiplied by the sigmoid of a scalar of its own (one per
    entity on a type such as ``joint*xyz``), which the layer before supplies.

    Parameters
    ----------
    rep_out : Representation
        Features after the nonlinearity, each type once.
    candidates : CandidateSet
        The candidate symmetries.

    Attributes
    ----------
    rep_in : Representation
        Features before it: `rep_out` and the gates, each type once.
    """

    def __init__(self, rep_out: Representation, candidates: CandidateSet) -> None:
        super().__init__()
        self.rep_out = rep_out
        self.rep_in = with_gates(rep_out, candidates)
        counts = {kind: count for count, kind in rep_out.terms}
        # Copies of each type before: the features themselves, then the gates of other types.
        self._copies = {kind: [counts.get(kind, 0)] for _, kind in self.rep_in.terms}
        self._gates: dict[TensorType, tuple[TensorType, int, tuple[int, ...]]] = {}
        for kind, count in counts.items():
            if not candidates.is_pointwise(kind):
                gate = gate_type(kind, candidates)
                self._gates[kind] = (gate, len(self._copies[gate]), self._broadcast(kind, gate))
                self._copies[gate].append(count)

    def _broadcast(self, kind: TensorType, gate: TensorType) -> tuple[int, ...]:
        """Shape that lets gates of one type multiply the tensors of another."""
        entities = {axis.space for axis in gate.axes}
        sizes = zip(self.rep_out.type_shape(kind), kind.axes, strict=True)
        return tuple(size if axis.space in entities else 1 for size, axis in sizes)

    def forward(self, x: Tensor) -> Tensor:  # (..., dim_in) -> (..., dim_out)
        """Apply the nonlinearity."""
        return join_types(self.gated(split_types(x, self.rep_in)))

    def gated(self, features: Features) -> dict[TensorType, Tensor]:
        """Apply the nonlinearity to features by type."""
        pieces = {kind: features[kind].split(copies, -1) for kind, copies in self._copies.items()}
        made = {}
        for _, kind in self.rep_out.terms:
            if kind in self._gates:
                gate, number, broadcast = self._gates[kind]
                factor = torch.sigmoid(pieces[gate][number])
                rows, copies = factor.shape[: -1 - gate.rank], factor.shape[-1]
                made[kind] = pieces[kind][0] * factor.reshape(*rows, *broadcast, copies)
            else:
                made[kind] = nn.functional.silu(pieces[kind][0])
        return made
