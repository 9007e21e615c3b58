"""From tables to rows that a network can train on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from sklearn.model_selection import GroupShuffleSplit
from torch import Tensor

from sksofteq.estimators._base import CHUNK
from sksofteq.estimators._table import Table
from sksofteq.groups import MatrixGroup
from sksofteq.nn import FramedNetwork, SoftEMLP
from sksofteq.reps import Representation
from sksofteq.standardisation import mean_and_scale, shared_scales
from sksofteq.training import Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A target that leaves its mean by no more than this share of it is constant.
ROUNDING = 1e-12


def split_rows(
    n_samples: int,
    fraction: float,
    groups: NDArray | None,
    random_state: np.random.RandomState,
) -> tuple[NDArray, NDArray]:
    """Return row numbers for training and validation; rows of one group stay together.

    Raises
    ------
    ValueError
        If either part would be empty.
    """
    if groups is not None:
        if len(np.unique(groups)) < 2:
            raise ValueError(
                "groups must hold at least two groups to split off a validation part, got one."
            )
        splitter = GroupShuffleSplit(1, test_size=fraction, random_state=random_state)
        return next(splitter.split(np.zeros(n_samples), groups=groups))
    n_validation = min(n_samples - 1, max(1, round(fraction * n_samples)))
    order = random_state.permutation(n_samples)
    return np.sort(order[n_validation:]), np.sort(order[:n_validation])


def standardise_module(
    module: FramedNetwork,
    X: NDArray,
    y: NDArray,
    groups: Sequence[MatrixGroup],
    weight: NDArray,
) -> Tensor:
    """Set the module's standardisation from training rows; return the scale of raw y.

    The scale, shape (dim_out,), is in the representation's order. Outputs that are the mean in
    all rows start there, but for those of a network of the user's.
    """
    frame = module.frame
    with torch.no_grad():
        framed, context = frame(_tensor(X, module))
        framed_y = context.frame(_tensor(y, module))
    mean_in, scale_in = mean_and_scale(
        framed.cpu().numpy(), frame.rep_framed, groups, weight, shared_scales(frame.rep_in, groups)
    )
    rep_out = module.rep_out
    if module.probabilities:  # logits have neither mean nor scale
        zero, one = (_tensor(v, module) for v in (np.zeros(rep_out.dim), np.ones(rep_out.dim)))
        module.standardise(_tensor(mean_in, module), _tensor(scale_in, module), zero, one)
        return one
    shared_out = shared_scales(rep_out, groups)
    framed_y = framed_y.cpu().numpy()
    mean_out, scale_out = mean_and_scale(framed_y, rep_out, groups, weight, shared_out)
    module.standardise(*(_tensor(v, module) for v in (mean_in, scale_in, mean_out, scale_out)))
    if isinstance(module, SoftEMLP):
        _silence(module, _constant_outputs(framed_y[weight > 0], mean_out, rep_out))
    _, scale = mean_and_scale(y, rep_out, groups, weight, shared_out)
    return _tensor(scale, module)


def _constant_outputs(y: NDArray, mean: NDArray, rep: Representation) -> NDArray:
    """Whether a tensor is its mean in all rows, for every column of it."""
    constant = np.abs(y - mean).max(axis=0) <= ROUNDING * np.abs(mean)
    for columns, count, _ in rep.blocks:
        tensors = constant[columns].reshape(count, -1)
        tensors[:] = tensors.all(axis=1, keepdims=True)
    return constant


def _silence(module: SoftEMLP, columns: NDArray) -> None:
    """Let the network start at 0 in some columns of the output.

    There is nothing to learn where the target is 0 in all rows, but weights at random would have
    to be unlearned, and a constant has no scale that tells how well.
    """
    rows = torch.as_tensor(columns, device=module.order_out.device)[
        torch.argsort(module.order_out)
    ]
    with torch.no_grad():
        for parameter in module.core.output.parameters():
            parameter[rows] = 0.0


def prepare_rows(module: FramedNetwork, table: Table, y_scale: Tensor) -> Rows:
    """Rows for the core: the loss compares ``factor * core(inputs)`` with `target`."""
    grouped = torch.argsort(module.order_out)
    with torch.no_grad():
        framed, context = module.frame(_tensor(table.X, module))
        target = _tensor(table.y, module)
        if context.shift is not None:
            target = target - context.shift
        power = torch.ones_like(y_scale)[None] if context.factor is None else context.factor
        target, power, scale = target[:, grouped], power[:, grouped], y_scale[grouped]
        mean = power * module.mean_out
        target = target - mean
        target[target.abs() <= ROUNDING * mean.abs()] = 0.0  # Adam would learn the rounding
        return Rows(
            inputs=module.prepare(framed),
            target=target / scale,
            factor=power * module.scale_out / scale,
            weight=_tensor(table.weight, module),
        )


def predict_rows(module: FramedNetwork, X: NDArray) -> NDArray:
    """Raw predictions in bounded memory, in the representation's order."""
    if module.training:  # telling all layers costs a tenth of predicting one row
        module.eval()
    with torch.no_grad():
        parts = [
            module(_tensor(X[start : start + CHUNK], module)).cpu().numpy()
            for start in range(0, len(X), CHUNK)
        ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _tensor(values: NDArray, module: FramedNetwork) -> Tensor:
    """On the module's device, in its dtype."""
    # torch wants writable memory; a read-only memory map is copied
    return torch.from_numpy(np.require(values, requirements=["C", "W"])).to(module.scale_in)
