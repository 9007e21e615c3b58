"""A torch module of the user's, framed and standardised as the package's own network is."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from sksofteq.groups import MatrixGroup
from sksofteq.nn._framed import FramedNetwork
from sksofteq.nn._linear import SoftEquivariantLinear
from sksofteq.reps import Representation

#: A module, or what makes one from the representations of its input and its output.
Given = nn.Module | Callable[[Representation, Representation], nn.Module]


class OwnNetwork(FramedNetwork):
    """Layers of the user's over framed, standardised inputs, columns as `rep_in` orders them.

    Parameters
    ----------
    rep_in, rep_out : Representation
        Raw input and output with known dimensions.
    groups : sequence of MatrixGroup
        The candidates, whose translations and scalings the frame takes care of.
    network : Module or callable
        A module, or a class or function that makes one when it is called with the
        representations of what it is to read and to predict. It is copied, with all in it.
    probabilities : bool, default=False
        Whether what leaves the layers are logits, and outputs the probabilities of classes.

    Raises
    ------
    TypeError
        If `network` makes no module, or cannot be called so.

    Examples
    --------
    >>> import torch
    >>> from sksofteq.groups import SE
    >>> from sksofteq.nn import OwnNetwork, SoftEquivariantLinear
    >>> from sksofteq.reps import Point
    >>> rep = (2 * Point).bind(3)
    >>> net = OwnNetwork(rep, rep, [SE(3)], SoftEquivariantLinear)
    >>> net.core_in.dim, net.core_out.dim  # two points about their centroid, and the centroid
    (9, 6)
    >>> net(torch.zeros(5, 6)).shape
    torch.Size([5, 6])
    """

    def __init__(
        self,
        rep_in: Representation,
        rep_out: Representation,
        groups: Sequence[MatrixGroup],
        network: Given,
        probabilities: bool = False,
    ) -> None:
        super().__init__(rep_in, rep_out, groups, partial(_make, network), probabilities)
        self._given = (network,)  # in a tuple, as a module by itself would be a part of this one

    @property
    def recipe(self) -> dict[str, Any]:
        """Arguments that make a network of this shape."""
        return super().recipe | {"network": self._given[0]}

    @property
    def has_soft_layers(self) -> bool:
        """Whether there are layers that the penalties can pull."""
        return any(
            isinstance(layer, SoftEquivariantLinear) and layer.weight.requires_grad
            for layer in self.core.modules()
        )

    @torch.no_grad()
    def check(self, x: Tensor) -> None:
        """Pass a few raw rows, (n, dim_in), which also gives lazy layers their widths.

        Raises
        ------
        ValueError
            If the layers do not take them, give back another shape than they should, or have no
            weights to train.
        """
        inputs = self.prepare(self.frame(x)[0])
        right = (len(x), self.core_out.dim)
        asked = (
            f"network must map tables of shape (n, {self.core_in.dim}), {self.core_in}, to "
            f"(n, {self.core_out.dim}), {self.core_out}"
        )
        try:
            output = self.core.eval()(inputs)
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            raise ValueError(f"{asked}; given {tuple(inputs.shape)} it raised: {error}") from error
        if not isinstance(output, Tensor) or output.shape != right:
            found = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise ValueError(f"{asked}; given {tuple(inputs.shape)} it returned {found}.")
        if not any(weight.requires_grad for weight in self.core.parameters()):
            raise ValueError("network must have weights to train, got none, or frozen ones alone.")


def _make(network: Given, rep_in: Representation, rep_out: Representation) -> nn.Module:
    if isinstance(network, nn.Module):
        return copy.deepcopy(network)
    try:
        core = network(rep_in, rep_out)
    except TypeError as error:
        raise TypeError(
            "network must be a torch module, or make one when called with two representations, "
            f"whose widths are rep_in.dim and rep_out.dim; {network!r} raised: {error}"
        ) from error
    if not isinstance(core, nn.Module):
        raise TypeError(f"network must make a torch module, and {network!r} made {core!r}.")
    return copy.deepcopy(core)  # parts of it may be the user's, such as a network trained before
