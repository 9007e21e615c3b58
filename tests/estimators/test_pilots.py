"""Short fits whose losses on rows held out are compared."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from estimators_kit import BROKEN, KEPT, regressor, table
from skorch.callbacks import Callback

from sksofteq.candidates import resolve_candidates
from sksofteq.estimators._pilots import AVERAGE_ELEMENTS, average_elements, pilot_losses
from sksofteq.estimators._plans import Plan
from sksofteq.estimators._run import Parts
from sksofteq.estimators._table import Table
from sksofteq.tuning import ProcessTuner

STRENGTHS = {KEPT: 1.0, BROKEN: 1e-3}
PLAIN = Plan("plain", (), STRENGTHS)
MOVED = Plan("plain", (KEPT,), STRENGTHS)


def rows(n, seed, weight=None, names=(KEPT, BROKEN)):
    X, y = table(n, seed=seed)
    candidates = resolve_candidates(names, "2*vector", "scalar", n_features=6, n_outputs=1)
    return Table(X, y[:, None], np.ones(n) if weight is None else weight, candidates, True)


def losses(plan=PLAIN, train=None, held_out=None, share=0.5, seed=3, **settings):
    tuner = ProcessTuner()
    tuner.begin([KEPT, BROKEN], 10)
    parts = (
        Parts(rows(60, 0) if train is None else train),
        rows(20, 1) if held_out is None else held_out,
    )
    settings = {"max_iter": 6, "learning_rate_init": 0.03} | settings
    return pilot_losses(regressor(**settings), tuner, *parts, plan, share, seed)


def test_there_is_a_loss_for_every_row_that_is_held_out():
    found = losses()
    assert found.shape == (20,)
    assert (found >= 0).all()
    np.testing.assert_array_equal(found, losses())
    assert not np.array_equal(found, losses(seed=4))


def test_a_share_of_the_epochs_is_a_fit_of_so_many():
    np.testing.assert_array_equal(losses(max_iter=6, share=0.5), losses(max_iter=3, share=1.0))
    assert not np.array_equal(losses(max_iter=6), losses(max_iter=6, share=1.0))


def test_there_is_at_least_one_epoch():
    np.testing.assert_array_equal(losses(max_iter=1, share=0.1), losses(max_iter=1, share=1.0))


def test_rows_held_out_are_predicted_one_by_one():
    held_out = rows(20, 1)
    part = held_out.take(np.arange(5))
    np.testing.assert_allclose(losses(held_out=part), losses(held_out=held_out)[:5])


def test_losses_count_by_weight():
    weight = np.r_[np.zeros(5), np.full(15, 2.0)]
    weighted, plain = losses(held_out=rows(20, 1, weight)), losses()
    np.testing.assert_allclose(weighted, plain * weight / weight.mean())


@pytest.mark.parametrize("factor", [1e-2, 1e2])
def test_losses_do_not_depend_on_the_targets_unit(factor):
    train, held_out = rows(60, 0), rows(20, 1)
    for part in (train, held_out):
        part.y[:] *= factor
    np.testing.assert_allclose(losses(train=train, held_out=held_out), losses(), rtol=1e-6)


@pytest.mark.parametrize("plan", [PLAIN, MOVED, Plan("typed", (), STRENGTHS)])
def test_plans_differ(plan):
    other = Plan("typed", (KEPT,), STRENGTHS)
    assert not np.allclose(losses(plan), losses(other))


def test_a_plan_moves_rows_and_averages_only_where_it_may():
    still = losses(PLAIN)
    settled = {"augment": False, "average": False}
    np.testing.assert_array_equal(losses(MOVED, **settled), still)
    found = [losses(MOVED, **(settled | {name: "auto"})) for name in ("augment", "average")]
    assert not np.allclose(found[0], still)
    assert not np.allclose(found[1], still)
    assert not np.allclose(found[0], found[1])


class Loud(Callback):
    """Must not be called."""

    def on_train_begin(self, net, **kwargs):
        raise AssertionError


def test_a_pilot_is_silent_and_runs_to_its_end(capsys):
    found = losses(callbacks=[Loud()], verbose=True, early_stopping=True, tol=10.0)
    np.testing.assert_array_equal(found, losses())
    assert capsys.readouterr() == ("", "")


def test_a_pilot_leaves_everything_as_it_was():
    torch.manual_seed(5)
    np.random.seed(5)
    expected = torch.get_rng_state(), np.random.get_state()[1].copy()
    model, train, held_out = regressor(), rows(60, 0), rows(20, 1)
    before, parts = dict(vars(model)), [part.X.copy() for part in (train, held_out)]
    tuner = ProcessTuner()
    tuner.begin([KEPT, BROKEN], 10)
    pilot_losses(model, tuner, Parts(train), held_out, MOVED, 0.5, 0)
    assert vars(model) == before
    assert torch.equal(torch.get_rng_state(), expected[0])
    np.testing.assert_array_equal(np.random.get_state()[1], expected[1])
    np.testing.assert_array_equal(train.X, parts[0])
    np.testing.assert_array_equal(held_out.X, parts[1])


# ------------------------------------------------------------------ elements to average over


def test_as_many_elements_as_predictions_are_averaged_over():
    elements = average_elements([KEPT], {}, rows(20, 0), np.random.RandomState(0))
    assert len(elements) == AVERAGE_ELEMENTS
    for element in elements:
        np.testing.assert_allclose(element[None] @ element[None].T, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(element[None][2], [0, 0, 1], atol=1e-12)


def test_no_elements_of_no_candidates():
    assert average_elements([], {}, rows(20, 0), np.random.RandomState(0)) == []


def test_elements_stretch_by_the_candidates_share():
    data = rows(20, 0, names=("GL(3)",))
    spreads = [
        [
            np.log(np.linalg.svd(element[None])[1])
            for element in average_elements(["GL(3)"], shares, data, np.random.RandomState(0))
        ]
        for shares in ({}, {"GL(3)": 0.25})
    ]
    np.testing.assert_allclose(spreads[1], 0.25 * np.array(spreads[0]), atol=1e-10)
