"""What does a training step cost, beside the matrix products that it cannot avoid?

    python -m benchmarks.step [--rounds 30] [--quick]

The paper's model of inertia (width 216, rank 3, three hidden layers, O(3) and three O(2)), batches
of 500 rows, on one thread and on two; and the estimator's default network on the same columns,
batches of 200. A step is the forward pass, the backward pass and AdamW; with penalties, all
candidates' proximal step (or gradient) follows. The bare products are those that one forward
and backward pass multiplies, recorded once and run again alone on contiguous random matrices of
the same shapes and sides. All take turns within one run.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks._common import save, table
from benchmarks._models import INERTIA_GROUPS, inertia_model
from benchmarks._timing import ratio, side_by_side
from sksofteq.nn import SoftEMLP
from sksofteq.penalties import ProjectionPenalty

#: name, arguments of the model, rows per batch
CASES = {
    "paper's inertia model": ({}, 500),
    "default network": ({"width": 128, "max_rank": 2}, 200),
}


class RecordProducts(TorchDispatchMode):
    """Remembers the shapes of all matrix products."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[torch.Size, torch.Size]] = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        if name in ("mm", "bmm", "addmm", "baddbmm"):
            left, right = args[-2:]
            self.shapes.append((left.shape, right.shape))
        return function(*args, **(kwargs or {}))


def bare_products(model: SoftEMLP, x: Tensor, y: Tensor) -> Callable[[], None]:
    """What runs the products of one forward and backward pass, and nothing else."""
    with RecordProducts() as record:
        loss(model, x, y).backward()
    model.zero_grad()
    operands = [(torch.randn(a), torch.randn(b)) for a, b in record.shapes]
    results = [left @ right for left, right in operands]

    def run() -> None:
        for (left, right), result in zip(operands, results, strict=True):
            torch.matmul(left, right, out=result)

    return run


def loss(model: SoftEMLP, x: Tensor, y: Tensor) -> Tensor:
    """Mean squared error of the layers on standardised rows."""
    return (model.core(x) - y).square().mean()


def stepper(model: SoftEMLP, x: Tensor, y: Tensor, form: str | None) -> Callable[[], None]:
    """One training step with a penalty of some form, or without any."""
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, fused=True)
    penalty = ProjectionPenalty(model.core, INERTIA_GROUPS)
    penalty.set_strengths(dict.fromkeys(penalty.labels, 1.0))

    def step() -> None:
        optimizer.zero_grad()
        loss(model, x, y).backward()
        if form == "gradient":
            penalty.add_gradient_()
        optimizer.step()
        if form == "proximal":
            penalty.proximal_step_(1e-3)

    return step


def run(name: str, threads: int, rounds: int) -> dict:
    """All ways to take a step of one model, in turns."""
    settings, batch = CASES[name]
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    x, y = torch.randn(batch, 20), torch.randn(batch, 9)
    model = inertia_model(**settings)
    functions = {"bare": bare_products(model, x, y)}
    for form in (None, "proximal", "gradient"):
        functions[form or "plain"] = stepper(inertia_model(**settings), x, y, form)
    seconds = side_by_side(functions, rounds)
    row = {"model": name, "threads": threads, "batch": batch}
    row |= {f"{key} ms": 1e3 * float(np.median(values)) for key, values in seconds.items()}
    row["plain / bare"] = ratio(seconds["plain"], seconds["bare"])
    row["proximal / plain"] = ratio(seconds["proximal"], seconds["plain"])
    row["gradient / plain"] = ratio(seconds["gradient"], seconds["plain"])
    return row


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--quick", action="store_true", help="5 rounds, nothing is saved")
    arguments = parser.parse_args()
    rounds = 5 if arguments.quick else arguments.rounds
    rows = [run(name, threads, rounds) for name in CASES for threads in (1, 2)]
    print(table(rows))
    if not arguments.quick:
        save("step", "python -m benchmarks.step", {"rounds": rounds}, rows, None)


if __name__ == "__main__":
    main()
