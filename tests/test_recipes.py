"""Recipes of docs/recipes, as a user would run them: in processes of their own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
import torch

from sksofteq import SoftEquivariantRegressor

nightly = pytest.mark.nightly

RECIPES = Path(__file__).parents[1] / "docs" / "recipes"
#: Anonymous memory after each chunk, in MiB; pages of the map itself are the system's to drop.
MEMORY = """
import sys
from pathlib import Path
import large_tables
from sksofteq import SoftEquivariantRegressor

class Watched(SoftEquivariantRegressor):
    most = 0.0

    def partial_fit(self, X, y):
        super().partial_fit(X, y)
        status = Path("/proc/self/status").read_text().split("RssAnon:")[1]
        Watched.most = max(Watched.most, int(status.split()[0]) / 1024)
        return self

large_tables.SoftEquivariantRegressor = Watched
large_tables.write(Path(sys.argv[1]), int(sys.argv[2]))
large_tables.fitted(Path(sys.argv[1]))
print(Watched.most)
"""


def run(*arguments, **variables) -> str:
    """Output of a Python process among the recipes, whose warnings are its own affair."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(RECIPES), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *map(str, arguments)],
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def recipe(name):
    spec = spec_from_file_location(name, RECIPES / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@nightly
@pytest.mark.parametrize(("package", "name"), [("dask", "dask_search"), ("ray", "ray_search")])
def test_a_search_on_a_cluster_finds_what_it_finds_at_home(package, name):
    if find_spec(package) is None or (package == "dask" and find_spec("distributed") is None):
        pytest.skip(f"{package} is not installed; `make nightly` brings it along")
    at_home = "from searching import search; scores = search().cv_results_['mean_test_score']"
    expected = run("-c", f"{at_home}; print(scores.round(6).tolist())").splitlines()[-1]
    assert run(RECIPES / f"{name}.py").splitlines()[-1].endswith(expected)


@nightly
def test_a_search_that_trains_together_finds_what_others_find():
    expected = recipe("searching").search().cv_results_["mean_test_score"]
    found = recipe("symmetry_search").search().cv_results_["mean_test_score"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@nightly
def test_several_processes_come_to_the_weights_of_one(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launch = ["-m", "torch.distributed.run", "--nproc-per-node=2"]
    where = ["--master-addr=127.0.0.1", f"--master-port={port}"]
    weights = tmp_path / "weights.pt"
    run(*launch, *where, RECIPES / "several_processes.py", WEIGHTS=str(weights))
    together = torch.load(weights, weights_only=True)
    alone = recipe("several_processes").fitted(SoftEquivariantRegressor).net_.module_.state_dict()
    assert together.keys() == alone.keys()
    for name, values in alone.items():
        torch.testing.assert_close(together[name], values, rtol=1e-9, atol=1e-12)


@nightly
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_memory_does_not_grow_with_the_table(tmp_path):
    few, many = (float(run("-c", MEMORY, tmp_path, n).splitlines()[-1]) for n in (3, 30))
    assert many < few + 20.0  # the table is 63 MiB larger


@nightly
def test_intervals_cover_and_fast_throws_are_not_used():
    uncertainty = recipe("uncertainty")
    model = uncertainty.fitted()
    assert uncertainty.coverage(model, 0.5) == pytest.approx(0.5, abs=0.07)
    assert uncertainty.coverage(model, 0.9) == pytest.approx(0.9, abs=0.05)
    printed = run(RECIPES / "uncertainty.py")
    used, used_fast = (int(share) for share in re.findall(r"usable: (\d+)%", printed))
    assert used > 90
    assert used_fast < 50


def test_networks_of_ones_own_find_a_symmetry_and_gain_by_it():
    printed = run(RECIPES / "own_network.py")
    errors = re.findall(r"told nothing: ([\d.]+), candidates: ([\d.]+)", printed)
    assert len(errors) == 2
    assert all(float(told) < 0.8 * float(free) for free, told in errors)
    assert re.findall(r"^O.2.@(...).* (\w+)$", printed, re.MULTILINE) == 2 * [
        ("x,y", "holds"),
        ("y,z", "broken"),
    ]
