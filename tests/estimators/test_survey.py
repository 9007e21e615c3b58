"""What a fit learns from its rows before the network is trained."""

from __future__ import annotations

import numpy as np
import pytest
from estimators_kit import BROKEN, KEPT, table

from sksofteq import find_symmetries
from sksofteq.candidates import resolve_candidates
from sksofteq.estimators._plans import Plan
from sksofteq.estimators._survey import FitSurvey
from sksofteq.estimators._table import Table

PLAN = Plan("plain", (), {KEPT: 1.0, BROKEN: 1.0})


def rows(n=100, weight=None) -> Table:
    X, y = table(n)
    candidates = resolve_candidates(
        (KEPT, BROKEN), "2*vector", "scalar", n_features=6, n_outputs=1
    )
    weight = np.ones(n) if weight is None else weight
    return Table(X, y[:, None], weight, candidates, True)


class Pilot:
    """Remembers the rows that it is given."""

    def __call__(self, part, held_out, plan, share):
        self.train, self.together = part.train, part.together
        self.held_out, self.plan, self.share = held_out, plan, share
        return np.zeros(len(held_out))


def survey(data, together=None, pilot=None, fraction=0.2, **network):
    return FitSurvey(data, together, fraction, pilot or Pilot(), 0, **network)


def test_evidence_is_that_of_find_symmetries():
    X, y = table(100)
    found = find_symmetries(X, y, (KEPT, BROKEN), "2*vector", random_state=0)
    tests = survey(rows()).evidence(16).tests
    assert {label: test.z for label, test in tests.items()} == pytest.approx(found.z.to_dict())


def test_evidence_is_gathered_once():
    asked = survey(rows())
    assert asked.evidence(4) is asked.evidence(4)


def test_rows_without_weight_are_no_evidence():
    weight = np.r_[np.ones(60), np.zeros(40)]
    spoilt = rows(100, weight)
    spoilt.y[60:] = 1e6
    assert survey(spoilt).evidence(8).tests[KEPT].z == pytest.approx(
        survey(rows(100).take(np.arange(60))).evidence(8).tests[KEPT].z
    )


def test_a_pilot_does_not_see_the_rows_that_judge_it():
    pilot = Pilot()
    losses = survey(rows(), pilot=pilot, fraction=0.3).losses(PLAN, 0.5)
    assert (len(pilot.train), len(pilot.held_out), len(losses)) == (70, 30, 30)
    seen = {tuple(row) for row in pilot.train.X}
    assert not any(tuple(row) in seen for row in pilot.held_out.X)
    assert (pilot.plan, pilot.share) == (PLAN, 0.5)


def test_rows_that_belong_together_are_held_out_together():
    together, pilot = np.repeat(np.arange(20), 5), Pilot()
    asked = survey(rows(), together, pilot)
    asked.losses(PLAN, 0.5)
    assert len(asked.held_out_together) == len(pilot.held_out)
    assert (np.bincount(asked.held_out_together) % 5 == 0).all()
    assert len(pilot.together) == len(pilot.train)
    assert not set(pilot.together) & set(asked.held_out_together)


@pytest.mark.parametrize("network", ["typed", "plain"])
def test_pilots_of_a_rule_have_the_network_of_the_fit(network):
    pilot = Pilot()
    asked = survey(rows(), pilot=pilot, network=network)
    asked.pilot_losses({KEPT: 2.0, BROKEN: 0.0}, 0.25)
    assert (pilot.plan.network, pilot.plan.moved) == (network, ())
    assert pilot.plan.strengths == {KEPT: 2.0, BROKEN: 0.0}


@pytest.mark.parametrize(
    ("data", "together"),
    [
        (rows(39), None),
        (rows(100), np.zeros(100, dtype=int)),
        (rows(100, np.r_[1.0, np.zeros(99)]), None),
        (rows(100, np.r_[np.ones(39), np.zeros(61)]), None),
    ],
    ids=["few rows", "one group", "one row with weight", "few rows with weight"],
)
def test_no_pilots_without_rows_to_hold_out(data, together):
    assert not survey(data, together).has_pilots


def test_pilots_with_just_rows_enough():
    assert survey(rows(40)).has_pilots
    assert survey(rows(100, np.r_[np.ones(40), np.zeros(60)])).has_pilots


def test_no_pilots_if_all_weight_is_in_one_part():
    together = np.r_[np.zeros(50), np.ones(50)]
    assert survey(rows(100), together).has_pilots
    assert not survey(rows(100, together), together).has_pilots


def test_rows_of_groups_are_evidence_as_groups():
    together = np.repeat(np.arange(20), 5)
    found = survey(rows(), together).evidence(8)
    assert found.grouped
    assert {test.units for test in found.tests.values()} == {20}
    assert not survey(rows()).evidence(8).grouped


def test_a_seed_repeats_the_parts():
    seen = []
    for seed in (0, 0, 1):
        pilot = Pilot()
        FitSurvey(rows(), None, 0.2, pilot, seed).losses(PLAN, 0.5)
        seen.append(pilot.held_out.X)
    np.testing.assert_array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])


def test_weights_and_targets_stay_with_their_rows():
    data, pilot = rows(100, np.arange(1.0, 101.0)), Pilot()
    survey(data, pilot=pilot).losses(PLAN, 0.5)
    for part in (pilot.train, pilot.held_out):
        numbers = part.weight.astype(int) - 1
        np.testing.assert_array_equal(part.X, data.X[numbers])
        np.testing.assert_array_equal(part.y, data.y[numbers])


def test_evidence_sees_the_rows_that_pilots_hold_out():
    data = rows(100)
    assert survey(data).evidence(8).tests[KEPT].units == 100


def test_no_pilots_without_something_to_train():
    assert not FitSurvey(rows(), None, 0.2, None, 0).has_pilots
