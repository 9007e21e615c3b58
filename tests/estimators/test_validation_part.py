"""Rows held out: which, when and what for."""

from __future__ import annotations

import numpy as np
import pytest
from estimators_kit import BROKEN, KEPT, Switch, equal, regressor, state, table
from skorch.callbacks import Callback


class Recorder(Callback):
    """Keeps the weights after every epoch, for the fit that runs now."""

    seen: list = []  # noqa: RUF012 - shared with the clone that the fit makes

    def on_epoch_end(self, net, **kwargs):
        self.seen.append({k: v.clone() for k, v in net.module_.state_dict().items()})


@pytest.fixture
def recorder():
    Recorder.seen.clear()
    yield Recorder()
    Recorder.seen.clear()


# ------------------------------------------------------------------ the validation part


def test_early_stopping_restores_the_best_weights(recorder):
    model = regressor(
        strengths=0.0,
        early_stopping=True,
        n_iter_no_change=100,
        max_iter=60,
        learning_rate_init=0.1,
        batch_size=10,
        callbacks=[recorder],
    ).fit(*table(40, noise=2.0))
    best = int(model.loss_curve_["validation"].argmin())
    assert best < 59
    assert equal(state(model), recorder.seen[best])
    assert not equal(state(model), recorder.seen[-1])


def test_early_stopping_never_restores_weights_from_before_the_last_change(recorder):
    model = regressor(
        (BROKEN,),
        tuner=Switch(epoch=12),
        early_stopping=True,
        n_iter_no_change=100,
        max_iter=18,
        learning_rate_init=0.03,
        batch_size=20,
        callbacks=[recorder],
    ).fit(*table(120))
    validation = model.loss_curve_["validation"].to_numpy()
    assert validation[:12].min() < validation[12:].min()  # the change has a price
    assert equal(state(model), recorder.seen[12 + int(validation[12:].argmin())])


def test_early_stopping_stops():
    X, y = table()
    stopping = {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.99}
    model = regressor((KEPT,), tuner=Switch(epoch=6, after=1.0), max_iter=30, **stopping)
    assert model.fit(X, y).n_iter_ == 9  # six do not count, one improves, two do not
    assert model.loss_curve_.shape == (9, 3)


def test_without_early_stopping_the_last_weights_stay(recorder):
    model = regressor(max_iter=13, callbacks=[recorder]).fit(*table())
    assert equal(state(model), recorder.seen[-1])


class Parts(Callback):
    """Keeps the training and the validation rows of the fit that ran last."""

    seen: list = []  # noqa: RUF012 - shared with the clone that the fit makes

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.seen[:] = X


@pytest.fixture
def parts():
    Parts.seen.clear()
    yield Parts()
    Parts.seen.clear()


@pytest.mark.parametrize(
    ("parameters", "held_out"),
    [
        ({"strengths": 1.0}, None),
        ({"strengths": 1.0, "early_stopping": True}, 20),
        ({"tuner": "orbit", "max_iter": 13}, 20),
        ({"tuner": "orbit", "max_iter": 13, "validation_fraction": 0.4}, 40),
        ({"symmetries": None, "rep_in": None}, None),
        ({"symmetries": None, "rep_in": None, "early_stopping": True}, 20),
    ],
)
def test_rows_are_held_out_only_where_they_are_needed(parameters, held_out, parts):
    model = regressor(callbacks=[parts], **parameters).fit(*table())
    train, valid = parts.seen
    assert (None if valid is None else len(valid)) == held_out
    assert len(train) == 100 - (held_out or 0)
    assert ("validation" in model.loss_curve_) == (held_out is not None)


def test_rows_of_a_group_stay_together(parts):
    X, y = table(10)
    X, y = np.tile(X, (10, 1)), np.tile(y, 10)  # the rows of a group are one row, ten times
    trial = np.array([f"trial {i % 10}" for i in range(100)])
    settings = {"strengths": 1.0, "early_stopping": True, "callbacks": [parts]}

    def common() -> set:
        train, valid = ({tuple(row) for row in part.inputs.tolist()} for part in parts.seen)
        return train & valid

    regressor(**settings).fit(X, y, groups=trial)
    assert [len(part) for part in parts.seen] == [80, 20]
    assert not common()
    regressor(**settings).fit(X, y)
    assert common()


def test_groups_change_the_standard_errors():
    X, y = table(120)
    X, y = np.tile(X[:12], (10, 1)), np.tile(y[:12], 10)  # every row ten times
    fits = {"early_stopping": True, "strengths": 0.0, "max_iter": 10, "validation_fraction": 0.5}
    together = regressor(**fits).fit(X, y, groups=np.tile(np.arange(12), 10))
    loose = regressor(**fits).fit(X, y)
    certain = (loose.symmetry_report()["support"] - 0.5).abs()
    assert ((together.symmetry_report()["support"] - 0.5).abs() < certain).all()


def test_a_single_group_cannot_be_split():
    X, y = table()
    with pytest.raises(ValueError, match="at least two groups"):
        regressor(tuner="orbit", max_iter=13).fit(X, y, groups=np.zeros(100))


def test_groups_of_another_length():
    X, y = table()
    with pytest.raises(ValueError, match=r"shape \(100,\), got shape \(50,\)"):
        regressor(max_iter=13).fit(X, y, groups=np.arange(50))


def test_training_part_without_any_weight_is_refused():
    X, y = table()
    half = np.arange(100) % 2
    model = regressor(strengths=1.0, early_stopping=True, validation_fraction=0.5)
    with pytest.raises(ValueError, match="sample_weight"):
        for weighted in (0, 1):  # one of them is the validation part
            model.fit(X, y, sample_weight=(half == weighted).astype(float), groups=half)
