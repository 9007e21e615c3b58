"""The network: soft linear, bilinear and gated layers, and a soft linear skip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from torch import Tensor, nn

from sksofteq.groups import MatrixGroup
from sksofteq.nn._bilinear import BilinearLayer
from sksofteq.nn._features import CandidateSet, hidden_representation, join_types, split_types
from sksofteq.nn._framed import FramedNetwork
from sksofteq.nn._gated import GatedNonlinearity
from sksofteq.nn._linear import SoftEquivariantLinear
from sksofteq.nn._pathways import PathwayLinear
from sksofteq.reps import Representation


class _Core(nn.Module):
    """Layers over framed, standardised inputs."""

    def __init__(
        self,
        rep_in: Representation,
        rep_out: Representation,
        hidden: Sequence[Representation],
        candidates: CandidateSet,
        skip: bool,
        make_linear: Callable[..., nn.Module],
        make_skip: Callable[..., nn.Module],
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList()
        current = rep_in
        for rep in hidden:
            gate = GatedNonlinearity(rep, candidates)
            bilinear = BilinearLayer(gate.rep_in, candidates)
            linear = make_linear(current, gate.rep_in)
            self.blocks.append(nn.ModuleList([linear, bilinear, gate]))
            current = rep
        self.output = make_linear(current, rep_out)
        self.skip = make_skip(rep_in, rep_out, bias=False) if skip else None
        if skip:
            # The skip starts at nothing: the network is what it would be without it.
            for parameter in self.skip.parameters():
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        h = x
        for linear, bilinear, gate in self.blocks:
            features = split_types(linear(h), gate.rep_in)
            for kind, product in bilinear.products(features).items():
                features[kind] = features[kind] + product
            h = join_types(gate.gated(features))
        y = self.output(h)
        return y if self.skip is None else y + self.skip(x)


class SoftEMLP(FramedNetwork):
    """A network whose layers can be pulled towards the equivariance of any candidate.

    Raw inputs pass the frame of the candidates, are standardised, pass the layers, and come
    back to raw units. If all soft layers are equivariant to a candidate, so is the network.

    Parameters
    ----------
    rep_in, rep_out : Representation
        Raw input and output with known dimensions.
    groups : sequence of MatrixGroup
        The candidate symmetries; none makes a plain network.
    hidden_layer_sizes : sequence of int or of Representation, default=(128, 128)
        Widths, from which hidden types follow, or the types themselves.
    max_rank : int, default=2
        Highest rank of hidden types.
    skip : bool, default=True
        Whether a soft linear layer leads from input to output.
    typed : bool, default=True
        Whether the hidden layers have types. If not they are those of a perceptron: candidates
        act through the frame and on the skip alone.
    n_pathways : int, default=0
        If not 0, every linear layer is a sum of so many equivariant pathways and a free one.
    probabilities : bool, default=False
        Whether what leaves the layers are logits, and outputs the probabilities of classes.

    Attributes
    ----------
    core : Module
        The layers over framed, standardised inputs, columns grouped by type.
    frame : Frame
        The frame; trivial without translations and scalings.
    """

    def __init__(
        self,
        rep_in: Representation,
        rep_out: Representation,
        groups: Sequence[MatrixGroup] = (),
        hidden_layer_sizes: Sequence[int | Representation] = (128, 128),
        max_rank: int = 2,
        skip: bool = True,
        typed: bool = True,
        n_pathways: int = 0,
        probabilities: bool = False,
    ) -> None:
        candidates = CandidateSet(groups if typed else ())
        hidden = [
            size.grouped()[0]
            if isinstance(size, Representation)
            else hidden_representation(size, rep_in.dims, candidates, rep_in, max_rank)
            for size in hidden_layer_sizes
        ]
        make_linear = SoftEquivariantLinear
        if n_pathways:
            make_linear = partial(PathwayLinear, n_pathways=n_pathways)
        make_core = partial(
            _Core,
            hidden=hidden,
            candidates=candidates,
            skip=skip,
            make_linear=make_linear if typed else partial(make_linear, typed=False),
            make_skip=make_linear,
        )
        super().__init__(rep_in, rep_out, groups, make_core, probabilities, grouped=True)
        self.skip, self.typed, self.n_pathways = skip, typed, n_pathways

    @property
    def recipe(self) -> dict[str, Any]:
        """Arguments that make a network of this shape, its hidden types spelt out."""
        return super().recipe | {
            "hidden_layer_sizes": [gate.rep_out for *_, gate in self.core.blocks],
            "skip": self.skip,
            "typed": self.typed,
            "n_pathways": self.n_pathways,
        }
