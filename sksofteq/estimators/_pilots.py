"""Short fits that tell which plan predicts best."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import clone

from sksofteq.estimators._plans import Plan, is_planned
from sksofteq.estimators._rows import predict_rows
from sksofteq.estimators._run import Parts
from sksofteq.estimators._start import seeded
from sksofteq.estimators._table import Table
from sksofteq.orbits import Element, orbit_average, sample_products
from sksofteq.training import ALL_LOSSES
from sksofteq.tuning import Tuner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sksofteq.estimators._network import NetworkRegressor

LOGGER = logging.getLogger("sksofteq")
#: Group elements of averaged predictions.
AVERAGE_ELEMENTS = 8


def average_elements(
    labels: Sequence[str],
    shares: Mapping[str, float],
    table: Table,
    random_state: np.random.RandomState,
) -> list[Element]:
    """The group elements to average predictions over, for candidates by name."""
    candidates = table.candidates
    return sample_products(
        [candidates.groups[label] for label in labels],
        AVERAGE_ELEMENTS if labels else 0,
        table.X,
        candidates.rep_in,
        random_state,
        [shares.get(label, 1.0) for label in labels],
    )


def pilot_losses(
    estimator: NetworkRegressor,
    tuner: Tuner,
    part: Parts,
    held_out: Table,
    plan: Plan,
    share: float,
    seed: int,
) -> NDArray:
    """Losses on rows held out, by row, after a share of the epochs.

    The learning rate, and strengths, run through their whole schedules in these epochs.
    """
    pilot = clone(estimator).set_params(
        max_iter=max(1, round(share * estimator.max_iter)),
        early_stopping=False,
        callbacks=None,
        verbose=False,
    )
    seeds = np.random.RandomState(seed).randint(2**31 - 1, size=4)
    with seeded(int(seeds[1]), estimator.device), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a pilot warns of, the fit itself will
        run = pilot.prepare(part, tuner, plan, seeds, again=False)
        run.net.fit(run.rows, None)
    predict = partial(predict_rows, run.net.module_)
    predicted = predict(held_out.X)
    if is_planned(estimator.average):
        candidates = part.train.candidates
        elements = average_elements(
            plan.moved, plan.shares, part.train, np.random.RandomState(seed)
        )
        if elements:
            sides = (candidates.rep_in, candidates.rep_out)
            predicted = orbit_average(predict, held_out.X, elements, *sides)
    scale = run.y_scale.cpu().numpy()
    weight = held_out.weight / held_out.weight.mean()
    losses = weight * ALL_LOSSES[estimator.loss].of_predictions(predicted, held_out.y, scale)
    moved = ", ".join(plan.moved) or "nothing"
    LOGGER.info("pilot: %s, moved by %s, error %.3g", plan.network, moved, losses.mean())
    return losses
