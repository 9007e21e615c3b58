"""Linear layers between typed features: soft (free weights) and hard (equivariant weights)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from sksofteq.groups import MatrixGroup
from sksofteq.reps import Representation, TensorType
from sksofteq.subspace import map_subspace


class SoftEquivariantLinear(nn.Module):
    """A dense linear layer that knows the types of its inputs and outputs.

    Its weights are free; penalties pull them towards the equivariant subspace of each candidate.

    Parameters
    ----------
    rep_in, rep_out : Representation
        Input and output features, with known dimensions.
    bias : bool, default=True
        Whether there is a bias.
    typed : bool, default=True
        Whether inputs and outputs turn as their types say. If not, a candidate constrains only
        which extra inputs of a frame are read.

    Attributes
    ----------
    weight : Parameter of shape (dim_out, dim_in)
    bias : Parameter of shape (dim_out,) or None
    """

    def __init__(
        self,
        rep_in: Representation,
        rep_out: Representation,
        bias: bool = True,
        typed: bool = True,
    ) -> None:
        super().__init__()
        self.rep_in, self.rep_out, self.typed = rep_in, rep_out, typed
        self.weight = nn.Parameter(torch.empty(rep_out.dim, rep_in.dim))
        self.bias = nn.Parameter(torch.empty(rep_out.dim)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights of variance 1 / dim_in; biases start at zero."""
        nn.init.normal_(self.weight, std=1.0 / math.sqrt(max(1, self.rep_in.dim)))
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    @torch.no_grad()
    def start_at_(self, weight: Tensor, bias: Tensor | None = None) -> None:
        """Set the weight, shape (dim_out, dim_in), and the bias, shape (dim_out,), if given."""
        self.weight.copy_(weight)
        if bias is not None:
            self.bias.copy_(bias)

    def forward(self, x: Tensor) -> Tensor:  # (n, dim_in) -> (n, dim_out)
        """Apply the layer."""
        return nn.functional.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """What print shows."""
        return f"{self.rep_in} -> {self.rep_out}"


class EquivariantLinear(nn.Module):
    """A linear layer that is equivariant by construction (EMLP, arXiv 2104.09459).

    Its parameters are the coordinates of the weights in the equivariant basis, one small basis
    per pair of types. Translations leave features alone: they act through the frame of a network.

    Parameters
    ----------
    group : MatrixGroup
        The group.
    rep_in, rep_out : Representation
        Input and output features, with known dimensions.
    """

    def __init__(
        self, group: MatrixGroup, rep_in: Representation, rep_out: Representation
    ) -> None:
        super().__init__()
        self.group, self.rep_in, self.rep_out = group, rep_in, rep_out
        self._pairs: list[tuple[slice, slice, tuple[int, int, int, int], str]] = []
        self.coefficients = nn.ParameterDict()
        # dtype and device of the weights, also where no map at all is equivariant
        self.register_buffer("_reference", torch.zeros(0), persistent=False)
        for rows, count_out, type_out in rep_out.blocks:
            sources = [*rep_in.blocks, (slice(rep_in.dim, rep_in.dim + 1), 1, TensorType())]
            for columns, count_in, type_in in sources:
                self._add_pair(rows, count_out, type_out, columns, count_in, type_in)

    def _add_pair(
        self,
        rows: slice,
        count_out: int,
        type_out: TensorType,
        columns: slice,
        count_in: int,
        type_in: TensorType,
    ) -> None:
        rep_out, rep_in = self.rep_out, self.rep_in
        shape = rep_out.type_shape(type_out) + rep_in.type_shape(type_in)
        basis = torch.tensor(map_subspace(self.group, type_out, type_in).dense(shape))
        if not basis.shape[1]:
            return
        name = str(len(self._pairs))
        self.register_buffer(f"basis_{name}", basis.to(torch.get_default_dtype()))
        is_bias = columns.start == rep_in.dim
        # A basis vector spreads a coefficient over the block; this keeps the weights' variance.
        std = math.sqrt(basis.shape[0] / basis.shape[1] / max(1, rep_in.dim))
        coefficients = torch.randn(count_out, count_in, basis.shape[1]) * (0 if is_bias else std)
        self.coefficients[name] = nn.Parameter(coefficients)
        dims = (count_out, rep_out.type_dim(type_out), count_in, rep_in.type_dim(type_in))
        self._pairs.append((rows, columns, dims, name))

    def dense(self) -> tuple[Tensor, Tensor]:
        """Weight (dim_out, dim_in) and bias (dim_out,) as they act."""
        full = self._reference.new_zeros(self.rep_out.dim, self.rep_in.dim + 1)
        for rows, columns, (m, d_out, n, d_in), name in self._pairs:
            block = self.coefficients[name] @ getattr(self, f"basis_{name}").T
            block = block.reshape(m, n, d_out, d_in).transpose(1, 2).reshape(m * d_out, n * d_in)
            full[rows, columns] = block
        return full[:, :-1], full[:, -1]

    def forward(self, x: Tensor) -> Tensor:  # (n, dim_in) -> (n, dim_out)
        """Apply the layer."""
        return nn.functional.linear(x, *self.dense())

    def extra_repr(self) -> str:
        """What print shows."""
        return f"{self.group}: {self.rep_in} -> {self.rep_out}"
