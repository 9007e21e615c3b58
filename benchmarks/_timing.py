"""How the benchmarks measure: in turns within one run, and memory in a process of its own."""

from __future__ import annotations

import math
import multiprocessing
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def side_by_side(
    functions: Mapping[str, Callable[[], Any]], rounds: int = 15, warmup: int = 2
) -> dict[str, NDArray]:
    """Seconds of every function in every round; they take turns, so that all see the same noise.

    The order turns by one from round to round.
    """
    names = list(functions)
    for name in names * warmup:
        functions[name]()
    seconds = {name: np.empty(rounds) for name in names}
    for round_number in range(rounds):
        shift = round_number % len(names)
        for name in names[shift:] + names[:shift]:
            start = time.perf_counter()
            functions[name]()
            seconds[name][round_number] = time.perf_counter() - start
    return seconds


def ratio(seconds: NDArray, reference: NDArray) -> float:
    """Median over the rounds of one function's time over that of its neighbour in time."""
    return float(np.median(seconds / reference))


def in_fresh_process(function: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """What a module-level function returns in a new process, and the memory it added in MB.

    Memory is how far the process's peak rises above what it holds when the function begins, so
    imports do not count; nan where the system does not tell (it is read from Linux's /proc).
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(sender, function, arguments))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    finally:
        process.join()


def _measured(sender: Any, function: Callable[..., Any], arguments: tuple) -> None:
    before = memory_now("VmRSS")
    value = function(*arguments)
    sender.send((value, memory_now("VmHWM") - before))


def memory_now(field: str) -> float:
    """A field of this process's status, in MB. (`ru_maxrss` would begin at the parent's peak.)"""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return math.nan
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))
