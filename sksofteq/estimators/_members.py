"""The members of an ensemble: networks of one plan, each fitted to its own rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import clone

from sksofteq.estimators._network import NetworkRegressor
from sksofteq.estimators._outcome import ERROR_ROWS_CHUNK
from sksofteq.estimators._plans import Plan
from sksofteq.estimators._run import FitRun, split_table
from sksofteq.estimators._shapes import Begun, join_alike, train_alike
from sksofteq.estimators._start import seeded
from sksofteq.estimators._table import Table
from sksofteq.training import Checkpoint
from sksofteq.tuning import FixedStrengths, Tuner

if TYPE_CHECKING:
    from numpy.typing import NDArray


def leave_out(
    n_units: int, n_members: int, n_left_out: int, random_state: np.random.RandomState
) -> NDArray:
    """Which members leave out which units, bool of shape (n_members, n_units).

    `n_left_out` members leave out each unit, and each member an equal share of the units: members
    are dealt out around a circle, in a new order as soon as all have had equally many turns.
    """
    chosen = np.zeros((n_units, n_members), dtype=bool)
    places = np.arange(n_left_out)
    for unit in range(n_units):
        turn = unit % n_members
        if turn == 0:
            order = random_state.permutation(n_members)
        chosen[unit, order[(turn * n_left_out + places) % n_members]] = True
    return chosen[random_state.permutation(n_units)].T


def fit_members(
    found: NetworkRegressor,
    run: FitRun,
    table: Table,
    together: NDArray | None,
    left_out: NDArray,
    random_state: np.random.RandomState,
) -> list[NetworkRegressor]:
    """Fit networks as another one was planned, each to the rows that it does not leave out.

    Nothing is tested, tried out or tuned again.

    Parameters
    ----------
    found : NetworkRegressor
        Fitted to all rows.
    run : FitRun
        That fit.
    table : Table
        All rows.
    together : ndarray of shape (n_samples,) or None
        Group of each row.
    left_out : ndarray of bool, shape (n_members, n_samples)
    random_state : RandomState
    """
    tuner, plan, settings = _settled(found, run)
    fits, alike = [], []
    for number, out in enumerate(left_out):
        member, rows = clone(found).set_params(**settings), np.flatnonzero(~out)
        seeds = random_state.randint(2**31 - 1, size=4)
        groups = None if together is None else together[rows]
        parts = split_table(member, table.take(rows), groups, False, seeds[0])
        with seeded(int(seeds[1]), member.device):
            begun = member.prepare(parts, tuner, plan, seeds, again=False)
        fits.append(Begun(number, member, begun))
        join_alike(alike, fits[-1])
    for group in alike:
        train_alike(group)
    for fit in fits:
        fit.run.probe.load_state_dict(run.probe.state_dict())  # what it knows of orbits is dear
        _finish(fit.estimator, fit.run, found)
    return [fit.estimator for fit in fits]


def _settled(found: NetworkRegressor, run: FitRun) -> tuple[Tuner, Plan, dict]:
    """The rule, the plan and the parameters by which members are fitted.

    What a rule comes to while a network trains is fixed; tests before the fit tell all members the
    same.
    """
    callbacks = [each for each in found.callbacks or [] if not isinstance(each, Checkpoint)]
    settings = {"callbacks": callbacks or None, "warm_start": False, "verbose": False}
    if run.tuner.evidence is not None:
        return run.tuner, run.plan, settings
    plan = replace(run.found, strengths=found.regularizer_strengths_)
    if "augment" in found.get_params():
        settings["augment"] = list(plan.moved)
    tuner = FixedStrengths(plan.strengths)
    tuner.begin(list(plan.strengths), found.max_iter)
    return tuner, plan, settings


def _finish(member: NetworkRegressor, run: FitRun, found: NetworkRegressor) -> None:
    """As after a fit of its own, but for where averages come from without tests."""
    member._keep(run)
    member._plan = run.found
    tested = run.tuner.evidence is not None
    member._average_elements = member._choose_average(run) if tested else found._average_elements
    member._measure(run, ERROR_ROWS_CHUNK)
