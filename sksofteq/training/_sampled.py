"""The net for penalties that are part of the loss."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from sksofteq.training._batches import Rows
from sksofteq.training._losses import weighted_mean
from sksofteq.training._net import PenalizedNet


class SampledNet(PenalizedNet):
    """Fits a network with a `SampledPenalty`: one more pass per candidate and step."""

    def on_epoch_begin(self, net: PenalizedNet, **arguments: Any) -> None:
        """Start the penalty's means."""
        super().on_epoch_begin(net, **arguments)
        self.penalty.begin_epoch()

    #: Every step draws elements of the groups.
    records = False

    def step(self, batch: Rows) -> Tensor:
        """One step of the optimizer on data and penalty; the loss reported is the data's."""
        self.optimizer_.zero_grad(set_to_none=True)
        core = self.module_.core
        output = core(batch.inputs)
        loss = self.criterion_(output, batch)
        rows = self.penalty.loss(core, batch.inputs, output, batch.target, batch.factor)
        (loss + weighted_mean(rows, batch.weight)).backward()
        self.update()
        return loss.detach()

    def update(self) -> None:
        """Move the weights, once their gradients are known."""
        self.optimizer_.step()
