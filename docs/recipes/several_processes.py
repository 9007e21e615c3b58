"""One fit over several processes: each works on its part of every batch.

    torchrun --nproc-per-node=2 several_processes.py

All processes are given the same rows (a memory map is not copied) and the same random_state. So
they standardise, test and start alike, and cut the same batches; gradients are summed over
processes before every step, whose results are those of one process, to rounding.
"""

import os

import torch
import torch.distributed as dist

from sksofteq import SoftEquivariantRegressor
from sksofteq.datasets import make_inertia
from sksofteq.training import PenalizedNet


class SharedNet(PenalizedNet):
    """Takes every step together with the other processes."""

    def train_step(self, batch, **_):
        """The gradient of this process's rows, then of all."""
        own = batch.take(torch.arange(dist.get_rank(), len(batch), dist.get_world_size()))
        self.optimizer_.zero_grad()
        loss = self._data_loss(own) * (own.weight.sum() / batch.weight.sum())
        loss.backward()
        for weights in self.module_.core.parameters():
            if weights.grad is not None:
                dist.all_reduce(weights.grad)
        self.update()
        loss = loss.detach()
        dist.all_reduce(loss)
        return {"loss": loss}


class SharedRegressor(SoftEquivariantRegressor):
    """The regressor, trained by all processes at once."""

    net_class = SharedNet


def fitted(regressor: type) -> SoftEquivariantRegressor:
    """A fit to rows that every process has."""
    X, y = make_inertia(n_samples=300, axis="z", random_state=0)
    model = regressor(
        ("O(2)@x,y", "O(2)@y,z"),
        rep_in="5*scalar + 5*vector",
        rep_out="tensor(2)",
        network="typed",
        hidden_layer_sizes=(32,),
        batch_size=100,
        max_iter=10,
        random_state=0,
    )
    return model.fit(X, y)


if __name__ == "__main__":
    dist.init_process_group("gloo")  # "nccl" where each process has a GPU
    model = fitted(SharedRegressor)
    if dist.get_rank() == 0:
        torch.save(model.net_.module_.state_dict(), os.environ.get("WEIGHTS", "weights.pt"))
    dist.destroy_process_group()
