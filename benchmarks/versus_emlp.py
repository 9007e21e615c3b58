"""How long do the published EMLP library (arXiv 2104.09459) and ours take for equal networks?

    python3.11 -m venv EMLP
    EMLP/bin/python -m pip install -c benchmarks/constraints-emlp.txt emlp objax six jax jaxlib
    python -m benchmarks.versus_emlp --emlp-python EMLP/bin/python [--quick]

EMLP needs an old jax, hence an environment of its own. Each side runs in processes of its own on
one core with one thread, and the sides take turns: construction and first step in fresh processes
one after another, then rounds of a few steps each. A ratio is theirs over ours, the median over
the pairs of neighbours in time; above 1 ours is faster or smaller.

Both train hidden layers of the same types (width 128: 38 scalars, 12 vectors, 3 T(2), 1 T(3)) on
the same rows in float32, by squared error and Adam. Theirs is equivariant by construction. Ours
is trained with a penalty of strength 3 and, the equal job, with strength inf, that is projected
after every step; it has a linear skip on top. Construction covers all that comes before the first
step, in ours also the penalty's factors; the first step of theirs compiles. Imports are reported
apart. MB is the rise of the peak since the imports. The bilinear layers are not the same: both
contract with every type, theirs over randomly drawn copies; ours forms outer products as well.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator

import numpy as np
import torch

from benchmarks._common import save, table
from benchmarks._timing import ratio

#: Terms of the representations are (copies, rank).
CASES = {
    "inertia, O(3)": {
        "group": "O",
        "rep_in": [(5, 0), (5, 1)],
        "rep_out": [(1, 2)],
        "columns": (20, 9),
        "batch": 500,
    },
    "three vectors to scalar, SO(3)": {
        "group": "SO",
        "rep_in": [(3, 1)],
        "rep_out": [(1, 0)],
        "columns": (9, 1),
        "batch": 200,
    },
}
NETWORK = {"width": 128, "layers": 3, "rate": 1e-3}
#: Strengths of ours; JSON's Infinity is Python's inf.
OURS = {"ours, strength 3": 3.0, "ours, hard": float("inf")}
THEIRS = "EMLP"
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


# ------------------------------------------------------------------ in the workers
# The source of these functions is sent to the workers' interpreters, one of which knows neither
# this package nor its requirements; so they import what they need, and nothing of ours is shared.


def _serve(prepare: Callable, job: dict) -> None:
    """Construct, then answer every line of stdin, a number of steps, with a line of JSON."""
    import json
    import os
    import sys
    import time

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the libraries print is no answer

    def answer(**values: object) -> None:
        print(json.dumps({**values, "peak": _peak()}), file=answers, flush=True)

    start = time.perf_counter()
    construct = prepare(job)
    imported, peak_imported = time.perf_counter() - start, _peak()
    start = time.perf_counter()
    step, facts = construct()
    constructed = time.perf_counter() - start
    answer(imports=imported, construction=constructed, peak_imports=peak_imported, facts=facts())
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            start = time.perf_counter()
            loss = step()
            seconds.append(time.perf_counter() - start)
        answer(seconds=seconds, loss=loss)


def _peak() -> float:
    """Peak memory of this process in MB."""
    import resource
    from pathlib import Path

    # getrusage starts from the peak of the process that spawned this one; VmHWM does not.
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _rows(job: dict) -> tuple:
    """The same random rows on both sides."""
    import numpy as np

    generator = np.random.default_rng(0)
    return tuple(
        generator.normal(size=(job["batch"], columns)).astype(np.float32)
        for columns in job["columns"]
    )


def _their_job(job: dict) -> Callable:
    """Prepare EMLP's network: its public classes, and the training step of objax."""
    import emlp.groups
    import jax
    import jax.numpy as jnp
    import objax
    from emlp.nn.objax import EMLP, uniform_rep
    from emlp.reps import T

    x, y = (jnp.asarray(rows) for rows in _rows(job))

    def construct() -> tuple:
        group = getattr(emlp.groups, job["group"])(3)
        reps = (sum(n * T(rank) for n, rank in job[name]) for name in ("rep_in", "rep_out"))
        model = EMLP(*reps, group, job["width"], job["layers"])
        variables = model.vars()
        adam = objax.optimizer.Adam(variables)
        loss = objax.Function(lambda x, y: ((model(x) - y) ** 2).mean(), variables)
        gradient = objax.GradValues(loss, variables)

        def update(x: jax.Array, y: jax.Array) -> jax.Array:
            gradients, (value, *_) = gradient(x, y)
            adam(job["rate"], gradients)
            return value

        compiled = objax.Jit(update, variables + adam.vars())

        def step() -> float:
            value = compiled(x, y)
            jax.block_until_ready([variable.value for variable in variables])
            return float(value)

        def facts() -> dict:
            return {
                "hidden": str(uniform_rep(job["width"], group)),
                "parameters": sum(value.size for value in variables.tensors()),
                "dtype": str(model(x).dtype),
            }

        return step, facts

    return construct


def _our_job(job: dict) -> Callable:
    """Prepare our network: penalty, AdamW, proximal step."""
    import torch

    from sksofteq.groups import parse_group
    from sksofteq.nn import CandidateSet, SoftEMLP, hidden_representation
    from sksofteq.penalties import ProjectionPenalty
    from sksofteq.reps import parse_rep

    torch.set_num_threads(1)
    torch.manual_seed(0)
    x, y = (torch.from_numpy(rows) for rows in _rows(job))

    def construct() -> tuple:
        group = parse_group(f"{job['group']}(3)")
        rep_in, rep_out = (
            parse_rep(" + ".join(f"{n}*tensor({rank})" for n, rank in job[name])).bind(3)
            for name in ("rep_in", "rep_out")
        )
        model = SoftEMLP(rep_in, rep_out, [group], (job["width"],) * job["layers"], max_rank=3)
        penalty = ProjectionPenalty(model, [group])
        penalty.set_strengths({str(group): job["strength"]})
        optimizer = torch.optim.AdamW(model.parameters(), lr=job["rate"])

        def step() -> float:
            optimizer.zero_grad()
            loss = (model(x) - y).square().mean()
            loss.backward()
            optimizer.step()
            penalty.proximal_step_(job["rate"])
            return loss.item()

        def facts() -> dict:
            hidden = hidden_representation(
                job["width"], rep_in.dims, CandidateSet([group]), rep_in, max_rank=3
            )
            return {
                "hidden": str(hidden),
                "parameters": sum(parameter.numel() for parameter in model.parameters()),
                "dtype": str(model(x).dtype).removeprefix("torch."),
            }

        return step, facts

    return construct


# ------------------------------------------------------------------ in the driver


class Worker:
    """A fresh process that has constructed a network and takes training steps on request."""

    def __init__(self, python: str, prepare: Callable, job: dict, core: int | None) -> None:
        source = _source(prepare, core)
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115, closed with the worker
        self._process = subprocess.Popen(
            [python, "-c", source, json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=_environment(),
        )
        self.start = self._read()

    def steps(self, count: int) -> dict:
        """Take steps; return their seconds and the last loss."""
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        return self._read()

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _read(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            raise RuntimeError(f"A worker ended early:\n{self._errors.read()[-2000:]}")
        return json.loads(line)


def _source(prepare: Callable, core: int | None) -> str:
    pin = "" if core is None else f"import os\nos.sched_setaffinity(0, {{{core}}})\n"
    functions = "\n".join(inspect.getsource(f) for f in (_serve, _peak, _rows, prepare))
    call = f"import json, sys\n_serve({prepare.__name__}, json.loads(sys.argv[1]))\n"
    return "from __future__ import annotations\n" + pin + functions + call


def _environment() -> dict[str, str]:
    # A search path meant for one interpreter would mislead the other.
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return {**inherited, **ONE_THREAD}


def _core() -> int | None:
    """The core that all workers share, as they take turns; None where none can be chosen."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else None


def versions(python: str) -> dict[str, str]:
    """Versions of the other interpreter and its packages; an exit with a hint without EMLP."""
    source = (
        "import importlib.metadata as m, json, platform\n"
        "import emlp.nn.objax\n"
        "names = 'emlp', 'objax', 'jax', 'jaxlib', 'numpy', 'scipy', 'plum-dispatch'\n"
        "found = {name: m.version(name) for name in names}\n"
        "print(json.dumps({'python': platform.python_version(), **found}))"
    )
    hint = "Build its environment as `python -m benchmarks.versus_emlp --help` says."
    try:
        result = subprocess.run(
            [python, "-c", source], capture_output=True, text=True, env=_environment()
        )
    except OSError as error:
        raise SystemExit(f"Cannot run --emlp-python {python!r}: {error}. {hint}") from None
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise SystemExit(f"--emlp-python {python!r} cannot import emlp: {reason}. {hint}")
    return json.loads(result.stdout.splitlines()[-1])


@contextlib.contextmanager
def _workers(case: dict, python: str, shift: int) -> Iterator[dict[str, Worker]]:
    """One fresh worker per side, started one after another; the order turns with `shift`."""
    jobs = {THEIRS: (python, _their_job, {**case, **NETWORK})}
    for name, strength in OURS.items():
        jobs[name] = (sys.executable, _our_job, {**case, **NETWORK, "strength": strength})
    workers: dict[str, Worker] = {}
    with contextlib.ExitStack() as stack:
        for name in _turned(list(jobs), shift):
            workers[name] = Worker(*jobs[name], _core())
            stack.callback(workers[name].close)
        yield workers


def _turned(names: list[str], shift: int) -> list[str]:
    shift %= len(names)
    return names[shift:] + names[:shift]


def measure(case: dict, python: str, fresh: int, rounds: int, steps: int) -> list[dict]:
    """One row per side and fresh process."""
    names = [THEIRS, *OURS]
    rows = []
    for repeat in range(fresh):
        with _workers(case, python, repeat) as workers:
            first = {name: worker.steps(1) for name, worker in workers.items()}
            last = {}
            seconds = {name: [] for name in names}
            for turn in range(rounds):
                for name in _turned(names, turn):
                    last[name] = workers[name].steps(steps + 1)
                    # The first step finds the caches filled by another process.
                    seconds[name].append(float(np.median(last[name]["seconds"][1:])))
            for name in names:
                start = workers[name].start
                rows.append(
                    {
                        "side": name,
                        "repeat": repeat,
                        "imports": start["imports"],
                        "construction": start["construction"],
                        "first_step": first[name]["seconds"][0],
                        "step": seconds[name],
                        "peak_imports": start["peak_imports"],
                        "peak": last[name]["peak"],
                        "losses": [first[name]["loss"], last[name]["loss"]],
                        **start["facts"],
                    }
                )
    return rows


def summarise(rows: list[dict]) -> list[dict]:
    """One line per case and side; the ratios stand in the lines of ours."""
    lines = []
    for case in CASES:
        theirs = _columns(rows, case, THEIRS)
        for side in (THEIRS, *OURS):
            mine = _columns(rows, case, side)
            line = {
                "case": case,
                "side": side,
                "import s": np.median(mine["imports"]),
                "construction s": np.median(mine["construction"]),
                "first step s": np.median(mine["first_step"]),
                "step ms": 1e3 * np.median(mine["step"]),
                "MB": np.median(mine["memory"]),
            }
            for key in ("construction", "first_step", "step", "memory"):
                line[f"x {key}"] = ratio(theirs[key], mine[key])
            lines.append(line)
    return lines


def _columns(rows: list[dict], case: str, side: str) -> dict[str, np.ndarray]:
    mine = [row for row in rows if row["case"] == case and row["side"] == side]
    columns = {key: np.array([row[key] for row in mine]) for key in ("imports", "construction")}
    columns["first_step"] = np.array([row["first_step"] for row in mine])
    columns["step"] = np.concatenate([row["step"] for row in mine])
    columns["memory"] = np.array([row["peak"] - row["peak_imports"] for row in mine])
    return columns


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--emlp-python", required=True, help="interpreter that has EMLP")
    parser.add_argument("--fresh", type=int, default=5, help="fresh processes per side and case")
    parser.add_argument("--rounds", type=int, default=7, help="turns per fresh process")
    parser.add_argument("--steps", type=int, default=3, help="steps per turn that count")
    parser.add_argument("--quick", action="store_true", help="one process, two rounds, no JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    counts = {name: getattr(arguments, name) for name in ("fresh", "rounds", "steps")}
    if arguments.quick:
        counts = {"fresh": 1, "rounds": 2, "steps": 1}
    theirs = versions(arguments.emlp_python)
    print(" ".join(f"{name} {version}" for name, version in theirs.items()), flush=True)
    rows = [
        {"case": name, **row}
        for name, case in CASES.items()
        for row in measure(case, arguments.emlp_python, **counts)
    ]
    summary = summarise(rows)
    print(table(summary))
    if not arguments.quick:
        configuration = {"cases": CASES, **NETWORK, **counts, "emlp_environment": theirs}
        command = "python -m benchmarks.versus_emlp --emlp-python EMLP/bin/python"
        print(save("versus_emlp", command, configuration, rows, summary))


if __name__ == "__main__":
    main()
