"""Rules that move the strengths during a fit."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from estimators_kit import BROKEN, KEPT, Switch, equal, regressor, state, table
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback, EarlyStopping

from sksofteq.tuning import OrbitTuner, PaperTuner

# ------------------------------------------------------------------ rules


def test_few_epochs_warn_that_there_are_few_updates():
    with pytest.warns(UserWarning, match="max_iter=5 leaves room for 4 updates"):
        regressor(tuner="orbit", max_iter=5).fit(*table())


def test_orbit_tuner_object_and_its_bounds():
    tuner = OrbitTuner(initial=0.5, low=0.4, high=0.6, rate=1.0)
    model = regressor(tuner=tuner, max_iter=20).fit(*table())
    path = model.strength_path_
    assert path.min(axis=None) >= 0.4
    assert path.max(axis=None) <= 0.6
    assert (path.iloc[0] == 0.5).all()
    assert path.iloc[1].isin([0.4, 0.6]).any()  # cut at a bound
    assert (path.iloc[-1] != 0.5).all()


def test_tuner_object_is_left_alone():
    tuner = OrbitTuner()
    kept = dict(vars(tuner))
    regressor(tuner=tuner, max_iter=13).fit(*table())
    assert vars(tuner) == kept


def test_orbit_name_and_object_are_the_same():
    X, y = table()
    by_name = regressor(tuner="orbit", max_iter=13).fit(X, y)
    assert equal(state(by_name), state(regressor(tuner=OrbitTuner(), max_iter=13).fit(X, y)))


@pytest.mark.parametrize("penalty", ["proximal", "gradient"])
def test_paper_rule_adjusts_once(penalty):
    model = regressor(tuner="paper", penalty=penalty, max_iter=20).fit(*table())
    path = model.strength_path_
    assert (path.loc[:5] == 1.0).all(axis=None)
    assert (path.loc[6:] == path.loc[6]).all(axis=None)
    best = model.penalty_path_.loc[5].idxmin()
    assert path.loc[6, best] == 1.0
    assert path.loc[6].drop(best).max() < 1.0


def test_paper_rule_follows_its_formula():
    tuner = PaperTuner(strength_0=2.0, exponent=3.0, adjust_at=0.5)
    model = regressor(tuner=tuner, max_iter=6).fit(*table())
    window = model.penalty_path_.loc[:3]
    lowest = window.loc[window.min(axis=1).idxmin()]
    expected = 2.0 / (lowest / lowest.min()) ** 3
    np.testing.assert_allclose(model.strength_path_.loc[4], expected)


def test_paper_rule_needs_no_validation_part():
    X, y = table()
    model = regressor(tuner="paper", max_iter=8).fit(X, y)
    assert "validation" not in model.loss_curve_


def test_paper_rule_with_a_largest_candidate():
    model = regressor(("O(3)", KEPT, BROKEN), tuner=PaperTuner(largest="O(3)"), max_iter=8).fit(
        *table()
    )
    assert (model.strength_path_["O(3)"] == 0).all()
    assert model.regularizer_strengths_[KEPT] > 0


def test_paper_rule_with_an_unknown_largest_candidate():
    with pytest.raises(ValueError, match=r"largest='SO\(3\)' is not a candidate"):
        regressor(tuner=PaperTuner(largest="SO(3)")).fit(*table())


def test_paper_rule_with_nothing_but_the_largest_candidate():
    model = regressor(("O(3)",), tuner=PaperTuner(largest="O(3)"), max_iter=8).fit(*table())
    assert model.regularizer_strengths_ == {"O(3)": 0.0}


@pytest.mark.parametrize("wrong", [{"n_updates": 0}, {"n_elements": 0}, {"span": 2.0}])
def test_wrong_parameters_of_the_orbit_rule_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        regressor(tuner=OrbitTuner(**wrong), max_iter=13).fit(*table())


def test_fixed_strengths_are_not_tuned():
    model = regressor(strengths=1.0, tuner="orbit", max_iter=13).fit(*table())
    assert (model.strength_path_ == 1.0).all(axis=None)
    assert "validation" not in model.loss_curve_


def test_a_rule_of_ones_own():
    path = regressor((BROKEN,), tuner=Switch(epoch=3), max_iter=5).fit(*table()).strength_path_
    assert path[BROKEN].tolist() == [0, 0, 0, 1e6, 1e6]  # changed at the end of epoch 3


def test_loss_curve_has_the_strengths_that_were_in_force():
    model = regressor((BROKEN,), tuner=Switch(epoch=3, after=5.0), max_iter=5).fit(*table())
    terms = model.penalty_path_[BROKEN] * [0, 0, 0, 5.0, 5.0]
    np.testing.assert_allclose(model.loss_curve_[BROKEN], terms)


def test_strengths_changed_at_the_very_end_are_those_of_the_fit():
    model = regressor((BROKEN,), tuner=Switch(epoch=5), max_iter=5).fit(*table())
    assert model.regularizer_strengths_ == {BROKEN: 1e6}
    assert (model.strength_path_ == 0).all(axis=None)


def test_warm_start_keeps_fixed_strengths():
    X, y = table()
    model = regressor(strengths=1.0, warm_start=True).fit(X, y).fit(X, y)
    assert model.regularizer_strengths_ == {KEPT: 1.0, BROKEN: 1.0}


def test_warm_start_goes_on_from_the_strengths_of_the_last_fit():
    X, y = table(300)
    model = regressor(warm_start=True, max_iter=30, learning_rate_init=0.03, batch_size=40)
    last = model.fit(X, y).regularizer_strengths_[BROKEN]
    assert last < 0.1
    path = model.fit(X, y).strength_path_[BROKEN]
    assert path.iloc[0] == last
    assert path.iloc[2] <= last * math.exp(1.4) + 1e-9


def test_warm_start_with_other_candidates_is_refused_by_name():
    X, y = table()
    model = regressor(strengths=1.0, warm_start=True).fit(X, y)
    before = state(model)
    for train in ("fit", "partial_fit"):
        model.set_params(symmetries=("SO(3)",))
        with pytest.raises(ValueError, match=r"symmetries differs .*warm_start.*SO\(3\)"):
            getattr(model, train)(X, y)
    assert list(model.groups_) == [KEPT, BROKEN]
    assert equal(before, state(model))


@pytest.mark.parametrize(
    "changed",
    [{"hidden_layer_sizes": (8,)}, {"max_rank": 1}, {"rep_in": "3*scalar + vector"}],
    ids=lambda changed: next(iter(changed)),
)
def test_warm_start_with_another_network_is_refused_by_name(changed):
    X, y = table()
    model = regressor(strengths=1.0, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=rf"{next(iter(changed))} differs .*warm_start"):
        model.set_params(**changed).fit(X, y)


def test_warm_start_takes_new_strengths():
    X, y = table()
    model = regressor(strengths=1.0, warm_start=True).fit(X, y)
    model.set_params(strengths={KEPT: 2.0, BROKEN: 0.0}).fit(X, y)
    assert model.regularizer_strengths_ == {KEPT: 2.0, BROKEN: 0.0}
    assert (model.strength_path_[KEPT] == 2.0).all()


class Interruption(Callback):
    """Ctrl-C in the middle of an epoch, the third one if not told otherwise."""

    def __init__(self, epoch=3):
        self.epoch = epoch

    def on_batch_begin(self, net, training=None, **kwargs):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


class Halt(Callback):
    """Ends the fit after some epochs, as skorch's callbacks do."""

    def __init__(self, epochs):
        self.epochs = epochs

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epochs:
            raise KeyboardInterrupt


def test_interrupted_fit_leaves_a_model():
    X, y = table()
    model = regressor(strengths=1.0, batch_size=20, callbacks=[Interruption()])
    with pytest.warns(ConvergenceWarning, match="interrupted after 2 of 5 epochs"):
        model.fit(X, y)
    assert model.n_iter_ == 2
    assert list(model.loss_curve_.index) == list(model.strength_path_.index) == [1, 2]
    assert np.isfinite(model.predict(X)).all()
    assert len(model.symmetry_report()) == 2
    pickle.loads(pickle.dumps(model)).set_params(callbacks=None).partial_fit(X, y)


@pytest.mark.parametrize("penalty", ["proximal", "gradient"])
def test_interrupted_fit_keeps_what_is_hard(penalty):
    X, y = table()
    model = regressor(strengths=np.inf, penalty=penalty, batch_size=20)
    with pytest.warns(ConvergenceWarning):
        model.set_params(callbacks=[Interruption()]).fit(X, y)
    assert max(model.equivariance_errors_.values()) < 1e-10


def test_interrupted_fit_restores_the_best_weights():
    X, y = table()
    model = regressor(strengths=1.0, early_stopping=True, callbacks=[Interruption()])
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y)
    whole = regressor(strengths=1.0, early_stopping=True, callbacks=[Halt(2)]).fit(X, y)
    assert equal(state(model), state(whole))


@pytest.mark.parametrize("warm_start", [False, True])
def test_interrupted_fit_takes_the_place_of_the_last_one(warm_start):
    X, y = table()
    model = regressor(strengths=1.0, warm_start=warm_start).fit(X, y)
    net = model.net_
    with pytest.warns(ConvergenceWarning):
        model.set_params(callbacks=[Interruption()]).fit(X, 2 * y)
    assert model.net_ is not net
    assert model.n_iter_ == 2


def test_interrupt_before_an_epoch_is_complete_leaves_nothing():
    model = regressor(strengths=1.0, callbacks=[Interruption(1)])
    with pytest.raises(KeyboardInterrupt):
        model.fit(*table())
    assert [name for name in vars(model) if name.endswith("_")] == []


def test_interrupted_pilots_leave_the_last_fit(monkeypatch):
    X, y = table()
    model = regressor(strengths=1.0).fit(X, y)
    before, net = state(model), model.net_

    def interrupt(self, survey):
        raise KeyboardInterrupt

    monkeypatch.setattr(Switch, "survey", interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.set_params(strengths=None, tuner=Switch()).fit(X, 2 * y)
    assert model.net_ is net
    assert equal(before, state(model))


def test_interrupted_chunk_leaves_the_last_one():
    X, y = table()
    model = regressor(strengths=1.0, batch_size=20).partial_fit(X, y).partial_fit(X, y)
    before, predicted = state(model), model.predict(X)
    with pytest.raises(KeyboardInterrupt):
        model.set_params(callbacks=[Interruption()]).partial_fit(X, y)
    assert equal(before, state(model))
    assert model.n_iter_ == 2
    # the optimizer is as it was, too
    twin = regressor(strengths=1.0, batch_size=20).partial_fit(X, y).partial_fit(X, y)
    model.set_params(callbacks=None).partial_fit(X, y)
    assert equal(state(model), state(twin.partial_fit(X, y)))
    assert np.abs(model.predict(X) - predicted).max() > 0


def test_callbacks_of_skorch_end_a_fit():
    stopping = EarlyStopping(monitor="train_loss", patience=2, threshold=10.0, sink=lambda _: None)
    model = regressor(strengths=1.0, callbacks=[stopping], max_iter=30).fit(*table())
    assert 1 < model.n_iter_ < 30
    assert len(model.loss_curve_) == model.n_iter_
