"""Networks of one shape trained side by side, with a leading model axis."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from dataclasses import fields

import torch
from torch import Tensor
from torch.func import functional_call, vmap

from sksofteq.nn import OwnNetwork
from sksofteq.training._batches import Rows
from sksofteq.training._callbacks import StopTraining
from sksofteq.training._net import MeanLoss, PenalizedNet
from sksofteq.training._recorded import RecordedSteps

#: Training and validation rows.
Data = tuple[Rows, Rows | None]


def train_together(nets: Sequence[PenalizedNet], data: Sequence[Data]) -> None:
    """Do what ``net.fit(data)`` does for every net, in lockstep.

    One forward and one backward pass serve all networks. All else (shuffling, optimizer, penalty,
    callbacks, early stopping) is each net's own, so the weights are those of single fits but for
    the order in which numbers are summed.

    Parameters
    ----------
    nets : sequence of PenalizedNet
        Networks of one shape, with equally many epochs.
    data : sequence of (Rows, Rows or None)
        Training and validation rows of each; equally many training batches.

    Raises
    ------
    ValueError
        If the numbers of batches differ, or networks of the user's have more than weights to
        train, as `why_unbatched` says.
    """
    for net, (rows, _) in zip(nets, data, strict=True):
        reason = why_unbatched(net, rows)
        if reason:
            raise ValueError(f"Networks trained together {reason}. Fit them one by one.")
    runs = [_Run(net, *rows) for net, rows in zip(nets, data, strict=True)]
    counts = [len(run.batches) for run in runs]
    if len(set(counts)) > 1:
        raise ValueError(f"Networks train together on equally many batches, got {counts}.")
    for run in runs:
        run.notify("on_train_begin")
    going, stack = runs, _Stack(nets)
    try:
        for _ in range(nets[0].max_epochs):
            _train_epoch(going, stack)
            ended = [run for run in going if not run.goes_on()]
            if ended:
                stack.dissolve()
                going = [run for run in going if run not in ended]
                if not going:
                    break
                stack = _Stack([run.net for run in going])
    finally:
        stack.dissolve()
    for run in runs:
        run.notify("on_train_end")


class _Run:
    """One net on its way through the epochs.

    Parameters
    ----------
    net : PenalizedNet
    rows : Rows
    rows_valid : Rows or None
    """

    def __init__(self, net: PenalizedNet, rows: Rows, rows_valid: Rows | None) -> None:
        self.net = net.initialize()
        self.rows, self.rows_valid = rows, rows_valid
        self.batches = net.get_iterator(rows, training=True)
        self.batches_valid = None if rows_valid is None else net.get_iterator(rows_valid)

    def notify(self, event: str) -> None:
        """Tell the net and its callbacks of an event, with the arguments that skorch gives."""
        if "train" in event:
            self.net.notify(event, X=(self.rows, self.rows_valid), y=None)
        else:
            self.net.notify(event, dataset_train=self.rows, dataset_valid=self.rows_valid)

    def goes_on(self) -> bool:
        """Validate and end an epoch; whether the callbacks let the net go on."""
        step = self.net.validation_step
        self.net.run_single_epoch(self.batches_valid, False, "valid", step)
        try:
            self.notify("on_epoch_end")
        except StopTraining:
            return False
        return True


def _train_epoch(runs: Sequence[_Run], stack: _Stack) -> None:
    """One pass over the rows of every net."""
    for run in runs:
        run.notify("on_epoch_begin")
        run.net.module_.train()
    means = [MeanLoss() for _ in runs]
    for batches in zip(*(run.batches for run in runs), strict=True):
        for run, batch in zip(runs, batches, strict=True):
            run.net.notify("on_batch_begin", batch=batch, training=True)
        losses = stack.take_step(batches).unbind()
        for run, batch, loss, mean in zip(runs, batches, losses, means, strict=True):
            mean.add(loss, batch)
            run.net.notify("on_batch_end", batch=batch, training=True, loss=loss)
    for run, mean in zip(runs, means, strict=True):
        run.net.history.record("train_loss", mean.value())


class _Stack:
    """The weights of several networks in one tensor per parameter.

    The parameters of each network become views of it, so optimizers, penalties and callbacks work
    on a single network as ever.
    """

    def __init__(self, nets: Sequence[PenalizedNet]) -> None:
        self.nets = nets
        cores = [net.module_.core for net in nets]
        self._names = [name for name, _ in cores[0].named_parameters()]
        self._parameters = list(zip(*(core.parameters() for core in cores), strict=True))
        self._stacked = [torch.stack([p.detach() for p in ps]) for ps in self._parameters]
        for stacked, parameters in zip(self._stacked, self._parameters, strict=True):
            stacked.requires_grad_()
            for parameter, view in zip(parameters, stacked.detach().unbind(), strict=True):
                parameter.data = view

        def output(weights: dict[str, Tensor], inputs: Tensor) -> Tensor:
            return functional_call(cores[0], weights, (inputs,))

        self._outputs = vmap(output)
        self._recorded = RecordedSteps(nets, self.step) if nets[0].records else None

    def take_step(self, batches: Sequence[Rows]) -> Tensor:
        """Take one step of every net, recorded if it may be; return the losses."""
        return self.step(batches) if self._recorded is None else self._recorded(batches)

    def step(self, batches: Sequence[Rows]) -> Tensor:
        """Take one step of every net; return the losses, shape (n_nets,)."""
        rows = _stack_rows(batches)
        weights = dict(zip(self._names, self._stacked, strict=True))
        outputs = self._outputs(weights, rows.inputs)
        losses = self.nets[0].criterion_(outputs, rows)
        gradients = torch.autograd.grad(losses.sum(), self._stacked, allow_unused=True)
        for parameters, gradient in zip(self._parameters, gradients, strict=True):
            if gradient is not None:
                # The fused optimizer takes it that gradients lie in memory as their weights do.
                own_gradients = gradient.contiguous().unbind()
                for parameter, own in zip(parameters, own_gradients, strict=True):
                    parameter.grad = own
        for net in self.nets:
            net.update()
        return losses.detach()

    def dissolve(self) -> None:
        """Give every network memory of its own again, and free what was recorded."""
        if self._recorded is not None:
            self._recorded.forget()
            self._recorded = None  # which refers to this
        for parameter in itertools.chain(*self._parameters):
            parameter.data, parameter.grad = parameter.data.clone(), None


def why_unbatched(net: PenalizedNet, rows: Rows) -> str:
    """Why a network cannot train along with others of its shape, empty if it can.

    Those of the package always can. One of the user's is tried out, on a copy: vmap refuses layers
    that draw numbers or keep statistics of what they read.
    """
    if not isinstance(net.module, OwnNetwork):
        return ""
    if not all(weight.requires_grad for weight in net.module.core.parameters()):
        return "must have no frozen weights"
    weights = {name: weight.detach()[None] for name, weight in net.module.core.named_parameters()}
    kept = {name: buffer.clone() for name, buffer in net.module.core.named_buffers()}
    try:
        core = copy.deepcopy(net.module.core).train()
        vmap(lambda each, x: functional_call(core, each, (x,)))(weights, rows.inputs[None, :2])
    except (RuntimeError, ValueError) as error:
        return f"must do what vmap can do, which says: {error}"
    same = all(torch.equal(buffer, kept[name]) for name, buffer in core.named_buffers())
    return "" if same else "must keep no statistics"


def _stack_rows(batches: Sequence[Rows]) -> Rows:
    """Batches with a leading axis; a shorter one repeats its last row, without weight.

    Zeros would do for the package's networks, but one of the user's may divide by a length.
    """
    rows = Rows(*(_stack_filled([getattr(b, f.name) for b in batches]) for f in fields(Rows)))
    lengths = [len(batch) for batch in batches]
    if len(set(lengths)) > 1:
        for weight, length in zip(rows.weight, lengths, strict=True):
            weight[length:] = 0.0
    return rows


def _stack_filled(parts: Sequence[Tensor]) -> Tensor:
    if len({len(part) for part in parts}) == 1:
        return torch.stack(list(parts))
    index = torch.arange(max(map(len, parts)), device=parts[0].device)
    return torch.stack([part[index.clamp_max(len(part) - 1)] for part in parts])
