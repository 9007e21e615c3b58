"""How does the cost grow with the number of candidates?

    python -m benchmarks.candidates [--rounds 30] [--quick]

The paper's model of inertia, batches of 500 rows, one thread, with 1, 4, 16 and 64 candidates:
turns about axes drawn at random, so that hardly any two share more than the maps of O(3); and a
model over 20 joints in space, whose candidates are turns of space and exchanges of two joints, or
mirrors of space that exchange two joints as well. The training steps at fixed strengths take turns
within one run; what comes once
(solving all bases with cold caches, setting strengths, all penalties) is measured in a process of
its own.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from benchmarks._common import save, table
from benchmarks._models import inertia_model
from benchmarks._timing import in_fresh_process, ratio, side_by_side
from sksofteq.groups import SO, GeneratedGroup, MatrixGroup, parse_group
from sksofteq.nn import SoftEMLP
from sksofteq.penalties import ProjectionPenalty
from sksofteq.reps import parse_rep

COUNTS = (1, 4, 16, 64)
N_JOINTS = 20


def turns(count: int) -> list[MatrixGroup]:
    """Rotations about axes in general position."""
    random_state = np.random.RandomState(0)
    groups = []
    for axis in random_state.standard_normal((count, 3)):
        axis /= np.linalg.norm(axis)
        generator = np.tensordot(axis, SO(3).lie_algebra, 1)
        groups.append(GeneratedGroup([generator]))
    return groups


def swap(number: int) -> MatrixGroup:
    """The exchange of two joints."""
    first, second = np.random.RandomState(number).permutation(N_JOINTS)[:2]
    return parse_group(f"Permutation(2)@{first},{second} in R^{N_JOINTS} on joint")


def mixed(count: int) -> list[MatrixGroup]:
    """Turns of space and exchanges of joints, by turns."""
    return [
        swap(number) if number % 2 else turn.on_space("xyz")
        for number, turn in enumerate(turns(count))
    ]


def paired(count: int) -> list[MatrixGroup]:
    """Turns of space and mirrors that exchange joints, by turns."""
    mirror = parse_group("Reflection(3) on xyz")
    return [
        mirror & swap(number) if number % 2 else turn.on_space("xyz")
        for number, turn in enumerate(turns(count))
    ]


def body_model(groups: Sequence[MatrixGroup]) -> SoftEMLP:
    """Positions and velocities of joints to displacements."""
    spaces = {"joint": N_JOINTS, "xyz": 3}
    rep_in, rep_out = (parse_rep(t, spaces).bind(spaces) for t in ("2*joint*xyz", "joint*xyz"))
    return SoftEMLP(rep_in, rep_out, groups, (256, 256))


CASES: dict[str, tuple[Callable, Callable]] = {
    "turns of space": (inertia_model, turns),
    "turns, exchanges of 20 joints": (body_model, mixed),
    "turns, mirrors of 20 joints": (body_model, paired),
}


def labelled(groups: Sequence[MatrixGroup]) -> dict[str, MatrixGroup]:
    """Groups by number: those of bare generators have no names of their own."""
    return {str(number): group for number, group in enumerate(groups)}


def stepper(case: str, count: int, rows: int = 500) -> tuple[Callable, Callable]:
    """One training step at fixed strengths, and its proximal part alone."""
    make_model, make_groups = CASES[case]
    torch.manual_seed(0)
    # The model is that of all candidates, so that only the penalty differs.
    model = make_model(make_groups(max(COUNTS)))
    x = torch.randn(rows, model.core.blocks[0][0].rep_in.dim)
    y = torch.randn(rows, model.core.output.rep_out.dim)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, fused=True)
    penalty = ProjectionPenalty(model.core, labelled(make_groups(count)))
    penalty.set_strengths({label: 0.5 + int(label) % 3 for label in penalty.labels})

    def step() -> None:
        optimizer.zero_grad()
        (model.core(x) - y).square().mean().backward()
        optimizer.step()
        penalty.proximal_step_(1e-3)

    return step, lambda: penalty.proximal_step_(1e-3)


def once(case: str, count: int) -> dict[str, float]:
    """Seconds of what comes once, in this process."""
    torch.set_num_threads(1)
    make_model, make_groups = CASES[case]
    groups = labelled(make_groups(count))
    model = make_model(list(groups.values()))
    seconds = {}
    start = time.perf_counter()
    penalty = ProjectionPenalty(model.core, groups)
    seconds["solve s"] = time.perf_counter() - start
    start = time.perf_counter()
    penalty.set_strengths({label: 0.5 + int(label) % 3 for label in penalty.labels})
    seconds["set s"] = time.perf_counter() - start
    start = time.perf_counter()
    penalty.relative_residuals()
    seconds["report s"] = time.perf_counter() - start
    return seconds | {"together s": sum(seconds.values())}


def run(case: str, rounds: int) -> list[dict[str, Any]]:
    """One case with all numbers of candidates."""
    pairs = {count: stepper(case, count) for count in COUNTS}
    functions = {f"step {count}": step for count, (step, _) in pairs.items()}
    functions |= {f"proximal {count}": part for count, (_, part) in pairs.items()}
    seconds = side_by_side(functions, rounds)
    rows = []
    for count in COUNTS:
        step, part = seconds[f"step {count}"], seconds[f"proximal {count}"]
        cold, megabytes = in_fresh_process(once, case, count)
        row = {"case": case, "candidates": count, "step ms": 1e3 * float(np.median(step))}
        row["step / with 1"] = ratio(step, seconds["step 1"])
        row["proximal ms"] = 1e3 * float(np.median(part))
        rows.append(row | cold | {"MB": megabytes})
    return rows


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--quick", action="store_true", help="5 rounds, nothing is saved")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rounds = 5 if arguments.quick else arguments.rounds
    rows = [row for case in CASES for row in run(case, rounds)]
    print(table(rows))
    if not arguments.quick:
        print(
            save("candidates", "python -m benchmarks.candidates", {"rounds": rounds}, rows, None)
        )


if __name__ == "__main__":
    main()
