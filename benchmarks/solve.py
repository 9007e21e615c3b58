"""How long does it take, and how much memory, to find all equivariant maps?

    python -m benchmarks.solve [--quick]

Every line is measured in a process of its own, so all caches are cold; "again" is a second call in
the same process. For a network the time covers all bases of all its pairs of types and of all
candidates, and the tables that lead from them to the weights, whose size grows with the width.
"""

from __future__ import annotations

import argparse
import math
import time
from typing import Any

from threadpoolctl import threadpool_limits

from benchmarks._common import save, table
from benchmarks._models import COSINE_GROUPS, INERTIA_GROUPS, cosine_model, inertia_model
from benchmarks._timing import in_fresh_process
from sksofteq.groups import parse_group
from sksofteq.nn import SoftEquivariantLinear
from sksofteq.penalties import ProjectionPenalty
from sksofteq.reps import TensorType, parse_rep
from sksofteq.subspace import map_subspace

MODELS = {
    "inertia": (inertia_model, INERTIA_GROUPS),
    "cosine similarity": (cosine_model, COSINE_GROUPS),
}
WIDTHS = (64, 128, 256, 512, 1024)
BODY = {"joint": 31, "xyz": 3}
MIRROR = "Reflection(3) on xyz & Permutation(2)@0,1 in R^31 on joint"


def maps() -> list[tuple[str, str, str, Any]]:
    """Group, type of the output, type of the input, and dimensions of the spaces."""
    turns = [
        (name, f"tensor({rank // 2})", f"tensor({rank - rank // 2})", 3)
        for name in ("SO(3)", "O(3)", "O(2)@x,y")
        for rank in range(1, 7)
    ]
    permutations = [
        (f"Permutation({n})", f"tensor({rank})", "tensor(1)", n)
        for rank in (1, 2)
        for n in (5, 10, 20, 50, 100)
    ]
    bodies = [
        (name, "joint*xyz", "joint*xyz", BODY)
        for name in ("SO(3) on xyz", "Permutation(31) on joint", MIRROR)
    ]
    wide = [("O(10)", f"tensor({rank})", f"tensor({rank})", 10) for rank in (1, 2)]
    return turns + permutations + bodies + wide


def solve_map(name: str, out: str, source: str, dims: Any) -> dict[str, Any]:
    """All equivariant maps between two types, twice."""
    threadpool_limits(1)
    group = parse_group(name)
    dims = dims if isinstance(dims, dict) else {"": dims}
    kinds = [parse_rep(text, dims).bind(dims).terms[0][1] for text in (out, source)]
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        found = map_subspace(group, *kinds)
        seconds.append(time.perf_counter() - start)
    axes = [axis.space for kind in kinds for axis in kind.axes]
    entries = math.prod(dims[space] for space in axes)
    acted = math.prod(dims[axes[i]] for i in found.positions)
    return {
        "entries": entries,
        "maps": found.subspace.rank * entries // acted,
        "cold ms": 1e3 * seconds[0],
        "again ms": 1e3 * seconds[1],
    }


def solve_model(name: str, width: int | None) -> dict[str, Any]:
    """All bases of a network, solved cold; then what leads from them to the weights."""
    threadpool_limits(1)
    make, groups = MODELS[name]
    model = make(groups) if width is None else make(groups, width)
    layers = [m for m in model.core.modules() if isinstance(m, SoftEquivariantLinear)]
    start = time.perf_counter()
    for layer in layers:
        for kind_out in {kind for _, kind in layer.rep_out.terms}:
            for kind_in in {kind for _, kind in layer.rep_in.terms} | {TensorType()}:
                for group in groups:
                    map_subspace(group, kind_out, kind_in)
    solved = time.perf_counter() - start
    start = time.perf_counter()
    ProjectionPenalty(model.core, groups)
    return {"bases s": solved, "penalty s": time.perf_counter() - start}


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few lines, nothing is saved")
    quick = parser.parse_args().quick
    models = []
    for name in MODELS:
        for width in (None,) if quick else (None, *WIDTHS):
            found, megabytes = in_fresh_process(solve_model, name, width)
            row = {"model": name, "width": width or "the paper's"}
            models.append(row | found | {"MB": megabytes})
    print(table(models), "\n")
    lines = []
    for name, out, source, dims in maps()[: 6 if quick else None]:
        found, megabytes = in_fresh_process(solve_map, name, out, source, dims)
        row = {"group": name, "maps between": f"{source} -> {out}"}
        lines.append(row | found | {"MB": megabytes})
    print(table(lines))
    if not quick:
        print(save("solve", "python -m benchmarks.solve", {}, lines, models))


if __name__ == "__main__":
    main()
