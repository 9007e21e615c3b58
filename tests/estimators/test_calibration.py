"""Variances and quantiles of errors, where the truth is known; outputs that share them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sksofteq.estimators._calibration import Calibration, calibrate, mixed_outputs
from sksofteq.groups import parse_group
from sksofteq.reps import parse_rep


def calibrated(errors, spread, weight=None, sets=None, n_left_out=3, n_members=10, n_units=None):
    n, n_outputs = errors.shape
    return calibrate(
        errors,
        spread,
        np.arange(n_outputs) if sets is None else np.asarray(sets),
        np.ones(n) if weight is None else weight,
        n if n_units is None else n_units,
        n_left_out,
        n_members,
    )


def drawn(n, noise, slope, seed=0):
    """Spreads, and errors with the variance noise + slope * spread."""
    rng = np.random.RandomState(seed)
    spread = rng.gamma(1.0, 1.0, (n, 1))
    return np.sqrt(noise + slope * spread) * rng.standard_normal((n, 1)), spread


@pytest.mark.parametrize(("noise", "slope"), [(1.0, 0.0), (0.5, 2.0), (0.1, 5.0)])
def test_variances_are_found(noise, slope):
    found = calibrated(*drawn(20_000, noise, slope), n_left_out=10)  # nothing to take off
    assert found.noise[0] == pytest.approx(noise, rel=0.15)
    assert found.slope[0] == pytest.approx(slope, rel=0.1, abs=0.05)
    errors, spread = drawn(20_000, noise, slope, seed=1)
    z = errors / found.std(spread)
    assert np.mean(z**2) == pytest.approx(1.0, rel=0.05)
    assert np.mean(np.abs(z) <= found.factor(0.9)) == pytest.approx(0.9, abs=0.01)


def test_the_mean_of_all_members_is_nearer_than_that_of_a_few():
    """Members are the truth plus their own errors: of three and of ten of them."""
    rng = np.random.RandomState(0)
    size = rng.gamma(2.0, 0.5, (5000, 1, 1))
    members = np.sqrt(size) * rng.standard_normal((5000, 10, 1))
    y = 0.3 * rng.standard_normal((5000, 1))
    few = members[:, :3]
    found = calibrated(y - few.mean(axis=1), few.var(axis=1, ddof=1))
    error, std = y - members.mean(axis=1), found.std(members.var(axis=1, ddof=1))
    assert np.mean((error / std) ** 2) == pytest.approx(1.0, rel=0.12)
    assert np.mean(np.abs(error) <= found.factor(0.9) * std) == pytest.approx(0.9, abs=0.015)


def test_spread_that_says_nothing_gets_no_weight():
    rng = np.random.RandomState(0)
    found = calibrated(rng.standard_normal((5000, 1)), rng.gamma(1.0, 1.0, (5000, 1)))
    assert found.slope[0] < 0.05


@pytest.mark.parametrize("n", [9, 10, 19, 250])
def test_quantiles_are_conformal(n):
    errors = np.random.RandomState(0).permutation(np.arange(1.0, n + 1))[:, None]
    found = calibrated(errors, np.zeros_like(errors))
    std = found.std(np.zeros((1, 1)))[0, 0]
    for coverage in (0.3, 0.5, 0.8, 0.9, 0.95):
        rank = math.ceil(round(coverage * (n + 1), 9))
        expected = rank if rank <= n else math.inf
        assert found.factor(coverage)[0] * std == pytest.approx(expected)


def test_quantiles_of_many_rows_are_as_good():
    errors = np.random.RandomState(0).standard_normal((20_000, 1))
    found = calibrated(errors, np.zeros_like(errors))
    assert found.quantiles.shape == (1, 1000)
    for coverage in (0.5, 0.9, 0.99):
        covered = np.mean(np.abs(errors) <= found.factor(coverage) * found.std(errors * 0))
        assert coverage <= covered <= coverage + 0.002


def test_weights_count_rows():
    errors, spread = drawn(60, 0.5, 2.0)
    weight = np.random.RandomState(1).randint(1, 4, 60)
    weighted = calibrated(errors, spread, weight, n_units=60)
    repeated = calibrated(errors.repeat(weight, 0), spread.repeat(weight, 0), n_units=60)
    for name in ("noise", "slope", "quantiles"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name))


def test_outputs_of_one_set_share_everything():
    rng = np.random.RandomState(0)
    errors, spread = rng.standard_normal((2, 100, 3)) ** 2
    found = calibrated(errors, spread, sets=[0, 1, 0])
    std = found.std(spread)
    np.testing.assert_array_equal(std[:, 0], std[:, 2])
    assert found.factor(0.9)[0] == found.factor(0.9)[2] != found.factor(0.9)[1]


def test_no_errors_at_all():
    zeros = np.zeros((20, 2))
    found = calibrated(zeros, zeros)
    assert np.isfinite(found.std(zeros)).all()
    assert (found.std(zeros) * found.factor(0.9) < 1e-15).all()


def test_infinite_where_units_are_too_few():
    found = Calibration(np.zeros(2, int), np.ones(1), np.ones(1), np.arange(1.0, 6)[None], 5)
    assert found.factor(0.83).tolist() == [5.0, 5.0]
    assert found.factor(0.84).tolist() == [np.inf, np.inf]


# ------------------------------------------------------------------ which outputs share


BODY = {"joint": 2, "xyz": 3}


@pytest.mark.parametrize(
    ("names", "rep", "dims", "sets"),
    [
        ([], "vector", 3, [0, 1, 2]),
        (["SO(3)"], "scalar + vector", 3, [0, 1, 1, 1]),
        (["SO(3)"], "2*vector", 3, [0, 0, 0, 1, 1, 1]),
        (["O(2)@x,y"], "vector", 3, [0, 0, 1]),
        (["O(2)@x,y", "O(2)@y,z"], "vector", 3, [0, 0, 0]),
        (["O(2)@x,y"], "tensor(2)", 3, [0, 0, 1, 0, 0, 1, 2, 2, 3]),
        (["Reflection(3)"], "vector", 3, [0, 1, 2]),
        (["Permutation(3)"], "vector", 3, [0, 0, 0]),
        (["Translation(3)"], "point", 3, [0, 1, 2]),
        (["SE(3)"], "point", 3, [0, 0, 0]),
        (["Scaling(3)"], "vector", 3, [0, 1, 2]),
        (["SO(3) on xyz"], "joint*xyz", BODY, [0, 0, 0, 1, 1, 1]),
        (["Permutation(2) on joint"], "joint*xyz", BODY, [0, 1, 2, 0, 1, 2]),
        (["SO(3) on xyz", "Permutation(2) on joint"], "joint*xyz", BODY, [0] * 6),
        (["SO(3) on xyz"], "joint", BODY, [0, 1]),
    ],
)
def test_outputs_that_candidates_mix_are_one_set(names, rep, dims, sets):
    groups = [parse_group(name) for name in names]
    bound = parse_rep(rep, dims if isinstance(dims, dict) else None).bind(dims)
    assert mixed_outputs(groups, bound).tolist() == sets


def test_a_mirror_joined_with_an_exchange():
    group = parse_group("Reflection(3) on xyz") & parse_group("Permutation(2) on joint")
    rep = parse_rep("joint*xyz", BODY).bind(BODY)
    assert mixed_outputs([group], rep).tolist() == [0, 1, 2, 0, 1, 2]
