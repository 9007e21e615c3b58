"""What every network shares: a frame and a standardisation around its layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sksofteq.groups import MatrixGroup
from sksofteq.nn._frames import Frame
from sksofteq.reps import Representation


class FramedNetwork(nn.Module):
    """A core of any layers; raw inputs and outputs are framed and standardised around it.

    Raw inputs pass the frame of the candidates, are standardised, pass the core, and come back to
    raw units. If the core is equivariant to a candidate and reads nothing that the frame adds, so
    is the network.

    Parameters
    ----------
    rep_in, rep_out : Representation
        Raw input and output with known dimensions.
    groups : sequence of MatrixGroup
        The candidates, whose translations and scalings the frame takes care of.
    make_core : callable
        Gets `core_in` and `core_out` and returns the core, which maps a table (n, core_in.dim)
        to one (n, core_out.dim).
    probabilities : bool, default=False
        Whether what leaves the core are logits, and outputs the probabilities of classes.
    grouped : bool, default=False
        Whether the core's columns are grouped by type, or in the order of the representations.

    Attributes
    ----------
    core : Module
        The layers over framed, standardised inputs.
    core_in, core_out : Representation
        What the core reads, and what it predicts.
    frame : Frame
        The frame; trivial without translations and scalings.
    """

    def __init__(
        self,
        rep_in: Representation,
        rep_out: Representation,
        groups: Sequence[MatrixGroup],
        make_core: Callable[[Representation, Representation], nn.Module],
        probabilities: bool = False,
        grouped: bool = False,
    ) -> None:
        super().__init__()
        self.rep_in, self.rep_out, self.groups = rep_in, rep_out, tuple(groups)
        self.probabilities = probabilities
        self.frame = Frame(rep_in, rep_out, groups)
        as_vectors = rep_out.as_vectors() if self.frame.translated else rep_out
        self.core_in, order_in = _ordered(self.frame.rep_framed, grouped)
        self.core_out, order_out = _ordered(as_vectors, grouped)
        self.core = make_core(self.core_in, self.core_out)
        self.register_buffer("order_in", torch.as_tensor(order_in))
        self.register_buffer("order_out", torch.argsort(torch.as_tensor(order_out)))
        for name, size in (("in", self.core_in.dim), ("out", self.core_out.dim)):
            self.register_buffer(f"mean_{name}", torch.zeros(size))
            self.register_buffer(f"scale_{name}", torch.ones(size))

    @property
    def recipe(self) -> dict[str, Any]:
        """Arguments that make a network of this shape; a subclass adds those of its core."""
        return {
            "rep_in": self.rep_in,
            "rep_out": self.rep_out,
            "groups": self.groups,
            "probabilities": self.probabilities,
        }

    def standardise(
        self, mean_in: Tensor, scale_in: Tensor, mean_out: Tensor, scale_out: Tensor
    ) -> None:
        """Set how framed inputs and outputs are standardised, columns in framed order."""
        self.mean_in.copy_(mean_in[self.order_in])
        self.scale_in.copy_(scale_in[self.order_in])
        # order_out takes the core's columns back; its inverse brings them into its order.
        ordered = torch.argsort(self.order_out)
        self.mean_out.copy_(mean_out[ordered])
        self.scale_out.copy_(scale_out[ordered])

    def prepare(self, framed: Tensor) -> Tensor:
        """Standardised inputs of the core from framed ones."""
        return (framed[:, self.order_in] - self.mean_in) / self.scale_in

    def finish(self, core_output: Tensor) -> Tensor:
        """Framed outputs from outputs of the core."""
        return (core_output * self.scale_out + self.mean_out)[:, self.order_out]

    def forward(self, x: Tensor) -> Tensor:  # (n, dim_in) -> (n, dim_out), raw units
        """Predict raw outputs from raw inputs."""
        framed, context = self.frame(x)
        y = context.unframe(self.finish(self.core(self.prepare(framed))))
        return y.softmax(dim=-1) if self.probabilities else y


def _ordered(rep: Representation, grouped: bool) -> tuple[Representation, np.ndarray]:
    """The representation of the core's columns, and where they are among the framed ones."""
    return rep.grouped() if grouped else (rep, np.arange(rep.dim))
