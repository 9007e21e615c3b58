"""How does the cost of training grow with rows, batch, width, depth and candidates?

    OMP_NUM_THREADS=1 python -m benchmarks.scaling [--rounds 15] [--quick]

The default network for moments of inertia (two hidden layers of 128, rank 2, three planes as
candidates, batches of 200) on one thread; one of these is changed at a time. Candidates are
turns about axes drawn at random; and, for a network over 20 joints in space, also mirrors of
space that exchange two joints, which act on both spaces at once. A step is the forward pass, the
backward pass, AdamW and the proximal step of the penalty, each timed; steps of one sweep take
turns. The set-up is what comes once: the network, the solution of all bases and their penalty,
and its factors, each time in a new process. Rows are the exception: there it is what a fit does
before its first epoch, and an epoch takes the place of a step.

An exponent is the slope of log seconds over log size, with its standard error; "at the end" is the
slope between the two largest sizes. A picture of all goes to docs/images.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks._common import save, table
from benchmarks._scaling_plot import draw
from benchmarks._timing import in_fresh_process, side_by_side
from benchmarks.candidates import body_model, labelled, paired, turns
from sksofteq import SoftEquivariantRegressor
from sksofteq.datasets import make_inertia
from sksofteq.groups import MatrixGroup, parse_group
from sksofteq.nn import SoftEMLP
from sksofteq.penalties import ProjectionPenalty
from sksofteq.reps import parse_rep

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "scaling.png"
PLANES = ("O(2)@x,y", "O(2)@y,z", "O(2)@x,z")
COLUMNS = {"rep_in": "5*scalar + 5*vector", "rep_out": "tensor(2)"}
PHASES = ("forward", "backward", "optimizer", "penalty")
#: An epoch over so many rows, or several over fewer, is timed.
ROWS_TIMED = 20_000


@dataclass(frozen=True)
class Point:
    """What is trained: all but one of these are as they are here."""

    batch: int = 200
    width: int = 128
    depth: int = 2
    candidates: int = 0  # 0: the three planes
    joints: bool = False

    def groups(self) -> list[MatrixGroup]:
        """The candidates."""
        if not self.candidates:
            return [parse_group(name) for name in PLANES]
        return (paired if self.joints else turns)(self.candidates)

    def model(self) -> SoftEMLP:
        """The network, the same for any number of candidates."""
        groups = replace(self, candidates=64 if self.candidates else 0).groups()
        if self.joints:
            return body_model(groups)
        rep_in, rep_out = (parse_rep(text).bind(3) for text in COLUMNS.values())
        return SoftEMLP(rep_in, rep_out, groups, (self.width,) * self.depth)


@dataclass(frozen=True)
class Sweep:
    """Sizes of one thing, and the exponent to expect of a step (of an epoch, over rows)."""

    name: str
    size: str
    sizes: tuple[int, ...]
    expected: float
    start: Point = field(default_factory=Point)

    def points(self) -> list[Point]:
        """What is trained at every size."""
        return [replace(self.start, **{self.size: size}) for size in self.sizes]


ROWS = Sweep("rows", "rows", (1000, 10_000, 100_000, 1_000_000), 1.0)
SWEEPS = (
    Sweep("batch", "batch", (50, 200, 800, 3200, 12_800), 1.0),
    Sweep("width", "width", (64, 128, 256, 512, 1024), 2.0),
    Sweep("depth", "depth", (2, 3, 4, 6, 8), 1.0),
    Sweep("candidates", "candidates", (1, 2, 4, 8, 16, 32, 64), 0.0),
    Sweep("joint candidates", "candidates", (2, 4, 8, 16, 32, 64), 1.0, Point(joints=True)),
)


class Step:
    """A training step that notes how long its phases take."""

    def __init__(self, point: Point) -> None:
        torch.manual_seed(0)
        self.model = point.model()
        first, last = self.model.core.blocks[0][0], self.model.core.output
        self.x = torch.randn(point.batch, first.rep_in.dim)
        self.y = torch.randn(point.batch, last.rep_out.dim)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), 1e-3, fused=True)
        self.penalty = make_penalty(self.model, point)
        self.seconds: list[NDArray] = []

    def __call__(self) -> None:
        """Forward, backward, optimizer, penalty."""
        self.optimizer.zero_grad()
        times = [time.perf_counter()]
        loss = (self.model.core(self.x) - self.y).square().mean()
        times.append(time.perf_counter())
        loss.backward()
        times.append(time.perf_counter())
        self.optimizer.step()
        times.append(time.perf_counter())
        self.penalty.proximal_step_(1e-3)
        times.append(time.perf_counter())
        self.seconds.append(np.diff(times))

    def phases(self, rounds: int) -> dict[str, float]:
        """Median seconds of each phase in the last rounds."""
        return dict(zip(PHASES, np.median(self.seconds[-rounds:], axis=0), strict=True))


def make_penalty(model: SoftEMLP, point: Point) -> ProjectionPenalty:
    """The candidates' penalty, with strengths that differ."""
    penalty = ProjectionPenalty(model.core, labelled(point.groups()))
    penalty.set_strengths({label: 0.5 + int(label) % 3 for label in penalty.labels})
    return penalty


def once(point: Point) -> float:
    """Seconds of what comes once, in this process."""
    torch.set_num_threads(1)
    start = time.perf_counter()
    make_penalty(point.model(), point)
    return time.perf_counter() - start


def run(sweep: Sweep, rounds: int) -> list[dict[str, Any]]:
    """Steps at all sizes in turns; the set-up in processes of their own."""
    steps = [Step(point) for point in sweep.points()]
    seconds = side_by_side({str(i): step for i, step in enumerate(steps)}, rounds)
    rows = []
    for i, (point, step) in enumerate(zip(sweep.points(), steps, strict=True)):
        set_up, megabytes = in_fresh_process(once, point)
        row = {"sweep": sweep.name, "size": sweep.sizes[i]}
        row |= {"seconds": float(np.median(seconds[str(i)])), **step.phases(rounds)}
        row["us per row"] = 1e6 * row["seconds"] / point.batch
        rows.append(row | {"set-up": set_up, "MB": megabytes})
    return rows


def epoch(n_rows: int) -> tuple[float, float]:
    """Seconds before the first epoch of a fit, and of an epoch, in this process."""
    torch.set_num_threads(1)
    X, y = (values.astype(np.float32) for values in make_inertia(n_rows, random_state=0))
    epochs = max(1, ROWS_TIMED // n_rows)
    estimator = SoftEquivariantRegressor(
        PLANES, **COLUMNS, strengths=1.0, max_iter=epochs, random_state=0
    )
    start = time.perf_counter()
    fit = estimator.begin_fit(X, y, None, None)
    set_up = time.perf_counter() - start
    fit.net.initialize().train_step(fit.rows[0].take(torch.arange(200)))  # the first one is slow
    start = time.perf_counter()
    fit.net.fit(fit.rows, None)
    return set_up, (time.perf_counter() - start) / epochs


def run_rows(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """An epoch over so many rows."""
    rows = []
    for n_rows in sizes:
        (set_up, seconds), megabytes = in_fresh_process(epoch, n_rows)
        row = {"sweep": ROWS.name, "size": n_rows, "seconds": seconds}
        row["us per row"] = 1e6 * seconds / n_rows
        rows.append(row | {"set-up": set_up, "MB": megabytes})
    return rows


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> tuple[float, float, float]:
    """Slope of log seconds over log size, its standard error, and the slope at the upper end.

    Two sizes have no standard error.
    """
    x, y = np.log(sizes), np.log(seconds)
    x_centred = x - x.mean()
    slope = x_centred @ y / (x_centred @ x_centred)
    residual = y - y.mean() - slope * x_centred
    freedom = len(x) - 2 or np.nan
    variance = residual @ residual / freedom / (x_centred @ x_centred)
    return float(slope), float(np.sqrt(variance)), float((y[-1] - y[-2]) / (x[-1] - x[-2]))


def summarise(sweeps: Sequence[Sweep], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Exponents of every sweep beside what was expected."""
    summary = []
    for sweep in sweeps:
        own = [row for row in rows if row["sweep"] == sweep.name]
        sizes = [row["size"] for row in own]
        slope, error, end = exponent(sizes, [row["seconds"] for row in own])
        line = {"sweep": sweep.name, "expected": sweep.expected, "exponent": slope}
        line |= {"error": error, "at the end": end}
        for name in ("penalty", "set-up", "MB"):
            if name in own[0]:
                line[f"{name} exponent"] = exponent(sizes, [row[name] for row in own])[0]
        summary.append(line)
    return summary


def quickly(sweep: Sweep) -> Sweep:
    """The lower end of a sweep."""
    return replace(sweep, sizes=sweep.sizes[:2])


def main() -> None:
    """Measure, print, draw, save."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="two sizes; nothing is saved")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    shorten: Callable[[Sweep], Sweep] = quickly if arguments.quick else lambda sweep: sweep
    rounds = 3 if arguments.quick else arguments.rounds
    sweeps = [shorten(sweep) for sweep in (ROWS, *SWEEPS)]
    rows = run_rows(sweeps[0].sizes)
    for sweep in sweeps[1:]:
        rows += run(sweep, rounds)
    summary = summarise(sweeps, rows)
    print(table(rows), table(summary), sep="\n\n")
    if not arguments.quick:
        draw(rows, summary).savefig(PICTURE, dpi=110)
        command = "OMP_NUM_THREADS=1 python -m benchmarks.scaling"
        print(PICTURE, save("scaling", command, {"rounds": rounds}, rows, summary), sep="\n")


if __name__ == "__main__":
    main()
