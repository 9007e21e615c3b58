"""Steps of training that a GPU records once and replays: one start instead of one per kernel."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sksofteq.training._batches import Rows

if TYPE_CHECKING:
    from sksofteq.training._net import PenalizedNet

#: Steps of a kind that are taken as ever before one is recorded: torch sets itself up in them.
WARM_UP = 2

Step = Callable[[Sequence[Rows]], Tensor]


@dataclass
class _Recording:
    """A step that reads its rows from memory of its own, and writes the loss there."""

    rows: list[Tensor]
    replay: Callable[[], None]
    loss: Tensor


class RecordedSteps:
    """Takes steps of nets, from the third of a kind on by replaying a CUDA graph.

    The kernels of a small network are done before the CPU has started the next ones; a graph of
    all of a step, the optimizer's and the penalties' included, is started at once. Batches of
    another length have a recording of their own; other settings of the optimizer, or strengths of
    which more or less are 0 or infinite, make all begin anew. Learning rates and other strengths
    may change from step to step. Steps that read numbers, as those of candidates on two spaces at
    once, are taken as ever.

    Parameters
    ----------
    nets : sequence of PenalizedNet
        The nets that a step moves.
    step : callable
        Takes a step of all nets, given a batch of each, and returns the loss, or one for each.
    """

    def __init__(self, nets: Sequence[PenalizedNet], step: Step) -> None:
        self._nets, self._step, self._device = nets, step, nets[0].device
        self.forget()

    def forget(self) -> None:
        """Free what was recorded."""
        self._groups = list(chain(*(net.optimizer_.param_groups for net in self._nets)))
        # The fused optimizer reads its rate in this precision, whatever that of the weights.
        self._rates = torch.zeros(len(self._groups), device=self._device)
        self._settings: list[Any] = []
        self._rates_set: list[float] = []
        self._seen: Counter[tuple] = Counter()
        self._recordings: dict[tuple, _Recording] = {}

    def __call__(self, batches: Sequence[Rows]) -> Tensor:
        """Take a step; return what the nets' own would return."""
        settings = [_settings(net) for net in self._nets]
        if settings != self._settings:
            self.forget()
            self._settings = settings
        rows = list(chain(*(vars(batch).values() for batch in batches)))
        kind = tuple(len(values) for values in rows)
        if kind not in self._recordings:
            if any(net.penalty.reads for net in self._nets):
                return self._step(batches)
            self._seen[kind] += 1
            if self._seen[kind] <= WARM_UP:
                return aside(lambda: self._step(batches), self._stream)
            self._recordings[kind] = self._record(rows)
        self._set_rates()
        recording = self._recordings[kind]
        torch._foreach_copy_(recording.rows, rows)
        recording.replay()
        return recording.loss.clone()

    def _record(self, rows: Sequence[Tensor]) -> _Recording:
        own = [values.clone() for values in rows]
        size = len(rows) // len(self._nets)
        batches = [Rows(*own[start : start + size]) for start in range(0, len(own), size)]

        def step() -> Tensor:
            with self._rates_on_the_device():
                return self._step(batches)

        return _Recording(own, *record(step, self._stream))

    @cached_property
    def _stream(self) -> torch.cuda.Stream:
        return new_stream(self._device)

    def _set_rates(self) -> None:
        rates = [group["lr"] for group in self._groups]
        if rates != self._rates_set:  # once an epoch
            for number, rate in enumerate(rates):
                self._rates[number].fill_(rate)
            self._rates_set = rates

    @contextlib.contextmanager
    def _rates_on_the_device(self) -> Iterator[None]:
        """Numbers would be recorded as they are now."""
        kept = [(group["lr"], group["capturable"]) for group in self._groups]
        for group, rate in zip(self._groups, self._rates.unbind(), strict=True):
            group["lr"], group["capturable"] = rate, True
        try:
            yield
        finally:
            for group, (rate, capturable) in zip(self._groups, kept, strict=True):
                group["lr"], group["capturable"] = rate, capturable


def _settings(net: PenalizedNet) -> tuple:
    """What is recorded as it is: numbers, and where in memory the rest lies."""
    groups = [
        [id(group), *(value for name, value in group.items() if name not in ("params", "lr"))]
        for group in net.optimizer_.param_groups
    ]
    weights = [(weight.requires_grad, weight.data_ptr()) for weight in net.module_.parameters()]
    return net.penalty.n_layouts, groups, weights


def new_stream(device: str) -> torch.cuda.Stream:
    """A stream of a device's, which may not be the one that torch would take."""
    return torch.cuda.Stream(device)


def aside(function: Callable[[], Tensor], stream: torch.cuda.Stream) -> Tensor:
    """Call a function on another stream, as torch wants it for what is recorded there later."""
    main = torch.cuda.current_stream(stream.device)
    stream.wait_stream(main)
    try:
        with torch.cuda.stream(stream):
            return function()
    finally:
        main.wait_stream(stream)


def record(
    function: Callable[[], Tensor], stream: torch.cuda.Stream
) -> tuple[Callable[[], None], Tensor]:
    """What a function starts on a stream, as a function that starts it again; and its result."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.device(stream.device), torch.cuda.graph(graph, stream=stream):
        result = function()
    return graph.replay, result
