"""The start of a network's linear skip, in the coordinates of its core."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sksofteq.candidates import resolve_candidates
from sksofteq.estimators._rows import prepare_rows, standardise_module
from sksofteq.estimators._table import Table
from sksofteq.linear import ridge_start
from sksofteq.nn import SoftEMLP


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
    start = ridge_start(
        rows.inputs.numpy(),
        rows.target.numpy(),
        rows.factor.numpy(),
        rows.weight.numpy(),
        module.core.skip.rep_in,
        module.core.skip.rep_out,
        groups if hard else (),
    )
    with torch.no_grad():
        for parameter in module.core.parameters():
            parameter.zero_()
        module.core.skip.weight.copy_(torch.from_numpy(start))
        predicted = module(torch.from_numpy(X)).numpy()
    assert np.mean((predicted - y) ** 2) < 1e-3 * y.var()
