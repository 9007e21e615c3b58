"""What a training starts from: strengths, an earlier net, a seed, learning rates."""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import torch
from torch import nn

from sksofteq.groups import MatrixGroup
from sksofteq.linear import START_ALPHA, ridge_start
from sksofteq.nn import FramedNetwork, SoftEMLP, SoftEquivariantLinear
from sksofteq.penalties import Penalty
from sksofteq.training import PenalizedNet, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The start is worked out on about so many rows, at most twice as many.
SKIP_ROWS = 10_000
#: Layers with at most this many inputs are trained at the full learning rate.
FULL_RATE_FAN_IN = 64


def set_start(penalty: Penalty, strengths: Mapping[str, float], again: bool) -> None:
    """Set the strengths; weights start inside the common subspace of hard candidates."""
    penalty.set_strengths(strengths)
    hard = [label for label, value in strengths.items() if math.isinf(value)]
    if hard:
        if not again:
            penalty.start_inside_(hard)
        penalty.project_(hard)


def start_linear_(
    module: FramedNetwork,
    rows: Rows,
    groups: Mapping[str, MatrixGroup],
    strengths: Mapping[str, float],
    together: NDArray | None,
    loss: str,
) -> None:
    """Let the network start as the best linear map for these strengths, hidden layers mute.

    Adam takes long to find that map where inputs are correlated, and what hidden layers say at
    random is noise on top of it (docs/performance.md). A network without hidden layers is that
    map, so that its shrinkage is worth looking for: by rows left out where some belong together,
    as those of a group leave less to learn from than their number says. Networks with hidden
    layers start free of finite strengths, as these let go of what is broken only by and by. A
    network of the user's starts as it is.
    """
    if not isinstance(module, SoftEMLP):
        return
    skip, output = module.core.skip, module.core.output
    index = rows.spread(SKIP_ROWS)
    some = rows.take(index)
    parts = (v.cpu().numpy() for v in (some.inputs, some.target, some.factor, some.weight))
    together = None if together is None else together[index.cpu().numpy()]
    is_linear = not module.core.blocks
    alpha = None if is_linear else START_ALPHA
    if not is_linear:
        strengths = {
            label: value if math.isinf(value) else 0.0 for label, value in strengths.items()
        }
    sides = (skip.rep_in, skip.rep_out, groups, strengths)
    start = ridge_start(*parts, *sides, alpha, together, distance=loss == "distance")
    if start is not None:
        weight, bias = map(torch.as_tensor, start)
        if module.probabilities:  # near equal ones, logits change n_classes times as much
            weight, bias = len(bias) * weight, len(bias) * bias
        skip.start_at_(weight)
        output.start_at_(torch.zeros(output.rep_out.dim, output.rep_in.dim), bias)


def take_over(net: PenalizedNet, earlier: PenalizedNet) -> None:
    """Go on with an earlier net's history and moments of the optimizer, not with its rates."""
    moments = copy.deepcopy(earlier.moments)
    net.optimizer_.load_state_dict({**net.optimizer_.state_dict(), "state": moments})
    net.history = copy.copy(earlier.history)


@contextlib.contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Seed torch inside, leave its global generators as they were."""
    kind = torch.device(device)
    cuda = kind.type == "cuda"
    devices = [kind.index or 0] if cuda else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def learning_rates(module: FramedNetwork, rate: float) -> list[tuple[str, dict[str, float]]]:
    """Adam's steps for wide layers shrink as 1 / fan-in (arXiv 2203.03466).

    A step moves every weight by about the same amount, so what reaches an output grows with the
    number of inputs, and most where these are correlated, as columns of a table are.
    """
    widths = {name: _fan_in(layer) for name, layer in module.named_modules()}
    return [
        (f"{name}.weight", {"lr": rate * FULL_RATE_FAN_IN / width})
        for name, width in widths.items()
        if width > FULL_RATE_FAN_IN
    ]


def _fan_in(layer: nn.Module) -> int:
    """Number of inputs of a linear layer, 0 of any other."""
    if isinstance(layer, SoftEquivariantLinear):
        return layer.rep_in.dim
    return layer.in_features if isinstance(layer, nn.Linear) else 0
