"""Candidates are told apart without a network."""

from __future__ import annotations

import numpy as np
import pytest

from sksofteq.candidates import resolve_candidates
from sksofteq.datasets import make_inertia, make_projectiles
from sksofteq.discovery import gather_evidence, process_tests
from sksofteq.groups import SO, parse_group
from sksofteq.orbits import shrunk

PLANES = ("O(2)@x,y", "O(2)@y,z", "O(2)@x,z")


def resolved(symmetries, X, y, rep_in, rep_out=None, spaces=None):
    sizes = {"n_features": X.shape[1], "n_outputs": y.shape[1]}
    return resolve_candidates(symmetries, rep_in, rep_out, spaces=spaces, **sizes)


def z_of(X, y, *view, **options):
    y = y.reshape(len(y), -1)
    tests, reachable = process_tests(X, y, resolved(view[0], X, y, *view[1:]), **options)
    return {label: test.z for label, test in tests.items()}, reachable


def rows(n, columns, seed=0):
    return np.random.RandomState(seed).standard_normal((n, columns))


# ------------------------------------------------------------------ what holds and what does not


@pytest.mark.parametrize("seed", range(3))
def test_inertia_with_one_axis(seed):
    X, y = make_inertia(200, axis="z", noise=0.3, random_state=seed)
    z, reachable = z_of(X, y, PLANES, "5*scalar + 5*vector", "tensor(2)")
    assert z["O(2)@x,y"] < -2 < 2 < min(z["O(2)@y,z"], z["O(2)@x,z"])
    assert all(reachable.values())


@pytest.mark.parametrize("axis", [None, "xy"])
def test_inertia_with_all_planes_or_none(axis):
    X, y = make_inertia(500, axis=axis, random_state=0)
    z, _ = z_of(X, y, PLANES, "5*scalar + 5*vector", "tensor(2)")
    assert all(value < -2 if axis is None else value > 2 for value in z.values())


def test_translations_are_tested_from_their_frame():
    X, y = make_projectiles(200, random_state=0)
    view = ("2*scalar + point + vector", "point")
    z, _ = z_of(X, y, ("Translation(3)", "SE(3)"), *view)
    assert z["Translation(3)"] < -1.3  # the end depends on the start by a shift alone
    assert z["SE(3)"] > 2  # gravity
    z, _ = z_of(X, y + X[:, 2:5] ** 2, ("Translation(3)",), *view)
    assert z["Translation(3)"] > 2


def test_scalings_are_tested_from_their_frame():
    X = rows(200, 6)
    a, b = X[:, :3], X[:, 3:]
    lengths = np.linalg.norm(a, axis=1) + np.linalg.norm(b, axis=1)
    homogeneous = a * lengths[:, None]
    z, _ = z_of(X, homogeneous, ("Scaling(3)",), "2*vector", "vector")
    assert z["Scaling(3)"] > 2  # a vector that grows with the square of lengths
    z, _ = z_of(
        X,
        a * (lengths / np.linalg.norm(b, axis=1))[:, None].clip(0, 5),
        ("Scaling(3)",),
        "2*vector",
        "vector",
    )
    assert z["Scaling(3)"] < -2


def test_boosts_are_tried_within_the_data():
    X = rows(300, 8)
    a, b = X[:, :4], X[:, 4:]
    product = a[:, 0] * b[:, 0] - (a[:, 1:] * b[:, 1:]).sum(axis=1)
    view = (("SO(1,3)",), "2*vector", "scalar")
    assert z_of(X, np.tanh(product), *view)[0]["SO(1,3)"] < -2
    assert z_of(X, (a * b).sum(axis=1), *view)[0]["SO(1,3)"] > 2


def test_permutations_of_named_spaces():
    X = rows(150, 12)
    distance = np.linalg.norm(X.reshape(150, 4, 3), axis=2)
    view = (("Permutation(4) on body", "SO(3) on xyz"), "body*xyz", "scalar")
    spaces = {"body": 4, "xyz": 3}
    even, _ = z_of(X, distance.sum(axis=1), *view, spaces)
    ranked, _ = z_of(X, distance @ [3.0, 0.0, -2.0, 1.0], *view, spaces)
    assert max(even.values()) < -2
    assert ranked["Permutation(4) on body"] > 2
    assert ranked["SO(3) on xyz"] < -2


# ------------------------------------------------------------------ what must not matter


def test_units_do_not_matter():
    X, y = make_inertia(100, axis="z", random_state=0)
    view = (PLANES, "5*scalar + 5*vector", "tensor(2)")
    reference, _ = z_of(X, y, *view)
    scaled, _ = z_of(X * np.r_[np.full(5, 7.0), np.full(15, 0.01)], 1e3 * y, *view)
    assert scaled == pytest.approx(reference, rel=1e-6)


def test_rows_without_weight_are_not_there():
    X, y = make_inertia(100, axis="z", random_state=0)
    weight = np.where(np.arange(100) % 3 == 0, 0.0, 2.0)
    view = (PLANES, "5*scalar + 5*vector", "tensor(2)")
    kept = weight > 0
    removed, _ = z_of(X[kept], y[kept], *view)
    assert z_of(X, y, *view, weight=weight)[0] == pytest.approx(removed)


def test_seeds_repeat():
    X, y = make_inertia(80, axis="z", random_state=0)
    view = (PLANES, "5*scalar + 5*vector", "tensor(2)")
    assert z_of(X, y, *view, random_state=1) == z_of(X, y, *view, random_state=1)
    assert z_of(X, y, *view, random_state=1) != z_of(X, y, *view, random_state=2)


# ------------------------------------------------------------------ what cannot be told


def test_an_orbit_that_leaves_the_data_cannot_be_tested():
    X = rows(200, 3) * [1.0, 1.0, 0.01]
    _, reachable = z_of(X, X[:, 0], ("SO(2)@x,y", "SO(2)@y,z"), "vector")
    assert reachable == {"SO(2)@x,y": True, "SO(2)@y,z": False}


@pytest.mark.parametrize(("n", "tested"), [(9, False), (10, True)])
def test_few_rows_test_nothing(n, tested):
    X, y = rows(n, 3), rows(n, 1, 1)
    evidence = gather_evidence(X, y, resolved(("SO(3)",), X, y, "vector"))
    assert evidence.tested == tested
    assert tested or not evidence.supported()


def test_a_constant_target_tells_nothing():
    X = rows(60, 3)
    z, _ = z_of(X, np.ones(60), ("SO(3)",), "vector")
    assert z == {"SO(3)": 0.0}


def test_rows_that_belong_together_are_left_out_together():
    X = np.repeat(rows(100, 3), 3, axis=0) + 1e-3 * rows(300, 3)
    noise = np.repeat(rows(100, 1, seed=1)[:, 0], 3)  # one draw for three rows
    y, groups = np.linalg.norm(X, axis=1) + 0.1 * noise, np.repeat(np.arange(100), 3)
    candidates = resolved(("SO(3)",), X, y[:, None], "vector")
    alone, _ = process_tests(X, y[:, None], candidates)
    together, _ = process_tests(X, y[:, None], candidates, together=groups)
    assert together["SO(3)"].z < 0
    # left out one by one, rows are predicted by their neighbours, which orbits leave behind
    assert alone["SO(3)"].z > 2


@pytest.mark.parametrize("name", ["SL(2)", "GL(3)", "SO(1,3)", "Sp(2)"])
def test_shrunk_elements_stay_in_the_group(name):
    group = parse_group(name)
    for matrix in group.sample(5, 0):
        half = shrunk({None: matrix}, 0.5)[None]
        stretches = np.linalg.svd(half, compute_uv=False)
        expected = np.linalg.svd(matrix, compute_uv=False) ** 0.5
        np.testing.assert_allclose(stretches, expected, rtol=1e-8)
        if name.startswith("SO"):
            metric = np.diag([1.0, -1.0, -1.0, -1.0])
            np.testing.assert_allclose(half.T @ metric @ half, metric, atol=1e-8)
        if name == "SL(2)":
            assert np.linalg.det(half) == pytest.approx(1.0)


def test_shrinking_leaves_rotations_alone():
    matrix = SO(3).sample(1, 0)[0]
    np.testing.assert_allclose(shrunk({None: matrix}, 0.1)[None], matrix, atol=1e-12)


# ------------------------------------------------------------------ nothing to tell by


def test_noise_supports_nothing_beyond_chance():
    skilled, supported = 0, 0
    for seed in range(20):
        X, y = rows(100, 3, seed), rows(100, 1, 100 + seed)
        evidence = gather_evidence(X, y, resolved(("SO(3)",), X, y, "vector"))
        skilled += evidence.tests["SO(3)"].has_skill
        supported += bool(evidence.supported())
    assert skilled <= 3
    assert supported <= 1


def test_repeated_rows_are_one_row_with_their_mean_and_weight():
    X, y = rows(40, 3), rows(40, 1, 1)
    weight = np.linspace(1, 2, 40)
    candidates = resolved(("SO(3)",), X, y, "vector")
    once = gather_evidence(X, y, candidates, weight + np.where(np.arange(40) < 9, weight, 0))
    y_again = np.r_[y, y[:9]]
    y_again[:9] += 1.0
    y_again[40:] -= 1.0
    twice = gather_evidence(np.r_[X, X[:9]], y_again, candidates, np.r_[weight, weight[:9]])
    assert twice.tests["SO(3)"].units == 40
    assert twice.tests["SO(3)"].z == pytest.approx(once.tests["SO(3)"].z)
