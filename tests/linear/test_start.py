"""The start of a network, in the coordinates of its core."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from linear_kit import make_rows

from sksofteq.candidates import resolve_candidates
from sksofteq.estimators._rows import prepare_rows, standardise_module
from sksofteq.estimators._table import Table
from sksofteq.groups import parse_group
from sksofteq.linear import Rows, ridge_start, with_bias
from sksofteq.nn import SoftEMLP
from sksofteq.reps import parse_rep
from sksofteq.subspace import EquivariantProjector


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("symmetries", [("O(3)",), ("SE(3)",), ("Scaling(3)", "SO(3)")])
def test_start_predicts_through_the_core(symmetries, hard):
    rng = np.random.RandomState(0)
    X, turn = rng.standard_normal((80, 13)), rng.standard_normal(2)
    points = X[:, 1:].reshape(80, 4, 3)
    y = np.hstack([turn[0] * (points[:, 0] - points[:, 1]) + points[:, 2]])
    candidates = resolve_candidates(
        symmetries, "scalar + 4*point", "point", n_features=13, n_outputs=3
    )
    groups = list(candidates.groups.values())
    module = SoftEMLP(candidates.rep_in, candidates.rep_out, groups, (16,)).double()
    weight = np.ones(80)
    y_scale = standardise_module(module, X, y, groups, weight)
    rows = prepare_rows(module, Table(X, y, weight, candidates, False), y_scale)
    start, bias = ridge_start(
        rows.inputs.numpy(),
        rows.target.numpy(),
        rows.factor.numpy(),
        rows.weight.numpy(),
        module.core.skip.rep_in,
        module.core.skip.rep_out,
        candidates.groups,
        dict.fromkeys(candidates.groups, math.inf if hard else 0.0),
    )
    with torch.no_grad():
        for parameter in module.core.parameters():
            parameter.zero_()
        module.core.skip.weight.copy_(torch.from_numpy(start))
        module.core.output.bias.copy_(torch.from_numpy(bias))
        predicted = module(torch.from_numpy(X)).numpy()
    assert np.mean((predicted - y) ** 2) < 1e-3 * y.var()


def start(rows, rep_in, rep_out, groups=None, level=0.0, **options):
    groups = groups or {}
    parts = rows.inputs, rows.target, rows.factor, rows.weight
    return ridge_start(*parts, rep_in, rep_out, groups, dict.fromkeys(groups, level), **options)


def turns():
    rep_in, rep_out = parse_rep("scalar + 2*vector").bind(3), parse_rep("vector").bind(3)
    return {"O(2)@x,y": parse_group("O(2)@x,y")}, rep_in, rep_out


def loss(weight, bias, rows, projectors, strength, alpha):
    """What a network without hidden layers minimises."""
    predicted = rows.inputs @ weight.T + bias
    data = np.average(((predicted - rows.target) ** 2).mean(axis=1), weights=rows.weight)
    both = np.hstack([weight, bias[:, None]])
    pull = sum(0.5 * strength * np.sum(p.residual(both) ** 2) for p in projectors)
    return data + pull + alpha * np.sum(weight**2) / len(bias)


def test_start_lies_in_the_hard_subspace_and_predicts():
    groups, rep_in, rep_out = turns()
    rows = make_rows(60, rep_in, rep_out, noise=0.0)
    single = replace(rows, inputs=rows.inputs.astype(np.float32), factor=rows.factor[:1])
    free, bias = start(single, rep_in, rep_out)
    assert np.mean((rows.target - bias - rows.inputs @ free.T) ** 2) < 1e-2 * rows.target.var()
    hard, _ = start(rows, rep_in, rep_out, groups, math.inf)
    residual = EquivariantProjector(groups["O(2)@x,y"], rep_in, rep_out).residual(hard)
    assert np.abs(residual).max() < 1e-10
    assert np.abs(hard).max() > 0.01


def test_start_minimises_the_loss_of_a_network_without_hidden_layers():
    groups, rep_in, rep_out = turns()
    rows = make_rows(40, rep_in, rep_out)
    projectors = [EquivariantProjector(g, with_bias(rep_in), rep_out) for g in groups.values()]
    weight, bias = start(rows, rep_in, rep_out, groups, 0.3, alpha=0.05)
    best = loss(weight, bias, rows, projectors, 0.3, 0.05)
    rng = np.random.RandomState(0)
    for _ in range(20):
        there, shift = (1e-3 * rng.standard_normal(v.shape) for v in (weight, bias))
        for sign in (1, -1):
            moved = weight + sign * there, bias + sign * shift
            assert loss(*moved, rows, projectors, 0.3, 0.05) > best


def test_shrinkage_is_chosen_by_rows_left_out_together():
    """Copies of a row say nothing new: left out one by one they are known from each other."""
    rep_in, rep_out = parse_rep("12*scalar"), parse_rep("scalar")
    few = make_rows(16, rep_in, rep_out, noise=0.5)
    rows = Rows(*(np.repeat(getattr(few, f.name), 6, axis=0) for f in fields(few)))
    together = np.repeat(np.arange(16), 6)
    new = make_rows(500, rep_in, rep_out, noise=0.0)  # the same map

    def error(found):
        weight, bias = found
        return np.mean((new.inputs @ weight.T + bias - new.target) ** 2)

    by_group = start(rows, rep_in, rep_out, alpha=None, together=together)
    assert error(by_group) < 0.9 * error(start(rows, rep_in, rep_out))


def test_strengths_too_dear_to_count_leave_a_start():
    rep = parse_rep("1100*scalar + 2*vector").bind(2)
    group = {"turns": parse_group("O(2)")}
    out = parse_rep("vector").bind(2)  # coupled they have 2210 unknowns
    weight, _ = start(make_rows(4, rep, out), rep, out, group, 1.0)
    assert weight.shape == (2, 1104)
    assert weight.any()


@pytest.mark.parametrize("what", ["inputs", "projector"])
def test_a_large_problem_has_no_start(what):
    if what == "inputs":
        rep_in, rep_out, groups = parse_rep("2100*scalar"), parse_rep("scalar"), {}
    else:
        spaces = {"joint": 100, "xyz": 3}
        rep_in, rep_out = parse_rep("joint*xyz", spaces), parse_rep("joint", spaces)
        groups = {"all": parse_group("Permutation(100) on joint")}
    assert start(make_rows(3, rep_in, rep_out), rep_in, rep_out, groups, math.inf) is None


def median_rows(n=41):
    """One output that depends on nothing, with a long tail."""
    rep_in, rep_out = parse_rep("scalar").bind({}), parse_rep("scalar").bind({})
    target = np.exp(2.0 * np.random.RandomState(3).standard_normal((n, 1)))
    ones = np.ones((n, 1))
    return Rows(np.zeros((n, 1)), target, ones, ones[:, 0]), rep_in, rep_out


def test_least_distance_to_one_output_is_the_median():
    rows, *sides = median_rows()
    assert start(rows, *sides)[1] == pytest.approx(rows.target.mean())
    median, spread = np.median(rows.target), rows.target.std()
    assert abs(start(rows, *sides, distance=True)[1] - median) < 0.05 * spread


@pytest.mark.parametrize("level", [0.0, 0.1, math.inf])
def test_outliers_hardly_move_the_map_of_least_distance(level):
    groups, rep_in, rep_out = turns()
    rows = make_rows(200, rep_in, rep_out)
    matrix = np.hstack([np.zeros((3, 1)), 0.7 * np.eye(3), -1.3 * np.eye(3)])
    clean = replace(rows, target=rows.factor * (rows.inputs @ matrix.T))
    spoilt = clean.target.copy()
    spoilt[::20] += 50.0
    spoilt = replace(clean, target=spoilt)

    def error(found):
        predicted = rows.factor * (rows.inputs @ found[0].T + found[1])
        return np.mean((predicted - clean.target) ** 2)

    options = {"groups": groups, "level": level, "alpha": 1e-6}
    squares = error(start(spoilt, rep_in, rep_out, **options))
    distances = error(start(spoilt, rep_in, rep_out, distance=True, **options))
    assert distances < 0.01 * squares
