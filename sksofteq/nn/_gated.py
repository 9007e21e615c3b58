"""The gated nonlinearity: scalars pass a swish, tensors are multiplied by a sigmoid gate."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sksofteq.nn._features import CandidateSet, columns_of_types, gate_type, with_gates
from sksofteq.reps import Representation


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
        source = columns_of_types(self.rep_in)
        used = {kind: count for count, kind in rep_out.terms}
        self._pieces = []
        for columns, count, kind in rep_out.blocks:
            start = source[kind][0].start
            size = columns.stop - columns.start
            gate = None
            if not candidates.is_pointwise(kind):
                gate = self._gate_columns(kind, count, source, used, candidates)
            self._pieces.append((slice(start, start + size), count, kind, gate))

    def _gate_columns(self, kind, count, source, used, candidates):
        """Columns of the gates of one type, and how a gate broadcasts over its tensor."""
        gate = gate_type(kind, candidates)
        columns = source[gate][0]
        size = self.rep_out.type_dim(gate)
        start = columns.start + used.get(gate, 0) * size
        used[gate] = used.get(gate, 0) + count
        entities = {axis.space for axis in gate.axes}
        full = self.rep_out.type_shape(kind)
        broadcast = [
            n if axis.space in entities else 1 for n, axis in zip(full, kind.axes, strict=True)
        ]
        return slice(start, start + count * size), tuple(broadcast), full

    def forward(self, x: Tensor) -> Tensor:  # (..., dim_in) -> (..., dim_out)
        """Apply the nonlinearity."""
        lead = x.shape[:-1]
        pieces = []
        for columns, count, _, gate in self._pieces:
            part = x[..., columns]
            if gate is None:
                pieces.append(nn.functional.silu(part))
                continue
            gate_columns, broadcast, full = gate
            factor = torch.sigmoid(x[..., gate_columns]).reshape(*lead, count, *broadcast)
            pieces.append((part.reshape(*lead, count, *full) * factor).reshape(*lead, -1))
        return torch.cat(pieces, dim=-1)
