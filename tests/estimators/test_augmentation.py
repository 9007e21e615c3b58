"""Augmentation, averaging, and candidates out of reach of the data."""

from __future__ import annotations

import numpy as np
import pytest
from estimators_kit import BROKEN, KEPT, Switch, equal, regressor, state, table
from skorch.callbacks import Callback

from sksofteq import equivariance_error
from sksofteq.estimators._probe import FitProbe
from sksofteq.tuning import OrbitTuner, PaperTuner


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


# ------------------------------------------------------------------ augmentation and averaging


def test_augmentation_lowers_the_equivariance_error():
    X, _ = table()
    y = 3 * X[:, 0] + X[:, 2]  # broken in the plane that is moved
    plain = regressor(
        (KEPT,), strengths=0.0, max_iter=30, learning_rate_init=0.03, augment=False, average=False
    )
    still = plain.fit(X, y).equivariance_errors_[KEPT]
    moved = plain.set_params(augment=[KEPT]).fit(X, y).equivariance_errors_[KEPT]
    assert moved < 0.7 * still


def test_augment_true_moves_by_what_the_rule_supports():
    X, y = table()
    settings = {"strengths": {KEPT: 1.0, BROKEN: 0.0}}
    supported = state(regressor(augment=True, **settings).fit(X, y))
    assert equal(supported, state(regressor(augment=[KEPT], **settings).fit(X, y)))
    assert not equal(supported, state(regressor(augment=[BROKEN], **settings).fit(X, y)))
    assert not equal(supported, state(regressor(**settings).fit(X, y)))


def test_augment_true_without_support_moves_nothing():
    X, y = table()
    augmented = regressor(augment=True, strengths=0.0).fit(X, y)
    assert equal(state(augmented), state(regressor(strengths=0.0).fit(X, y)))


def test_augment_leaves_the_data_alone():
    X, y = table()
    kept = X.copy(), y.copy()
    regressor(augment=[KEPT], strengths=1.0).fit(X, y)
    np.testing.assert_array_equal(X, kept[0])
    np.testing.assert_array_equal(y, kept[1])


@pytest.mark.parametrize("parameter", ["augment", "average"])
def test_unknown_labels(parameter):
    model = regressor(strengths=1.0, **{parameter: [KEPT, "SO(3)"]})
    with pytest.raises(ValueError, match=rf"{parameter} must name candidates.*O\(2\)@y,z"):
        model.fit(*table())


@pytest.mark.parametrize("parameter", ["augment", "average"])
def test_a_bare_string_is_no_list_of_labels(parameter):
    with pytest.raises(ValueError, match=f"'{parameter}' parameter"):
        regressor(strengths=1.0, **{parameter: KEPT}).fit(*table())


def test_unknown_labels_of_average_are_found_before_the_training(recorder):
    with pytest.raises(ValueError, match="average"):
        regressor(strengths=1.0, average=["SO(3)"], callbacks=[recorder]).fit(*table())
    assert recorder.seen == []


def test_average_over_an_array_of_labels():
    X, y = table()
    by_list = regressor(strengths=1.0, average=[KEPT, BROKEN]).fit(X, y)
    by_array = regressor(strengths=1.0, average=np.array([KEPT, BROKEN])).fit(X, y)
    np.testing.assert_array_equal(by_array.predict(X), by_list.predict(X))


def test_averaging_over_a_label_lowers_its_equivariance_error():
    X, y = table()
    plain, averaged = regressor(strengths=0.0), regressor(strengths=0.0, average=[KEPT])
    settings = {"group": KEPT, "rep_in": "2*vector", "random_state": 1}
    before = equivariance_error(plain.fit(X, y), X, **settings)
    after = equivariance_error(averaged.fit(X, y), X, **settings)
    assert equal(state(plain), state(averaged))
    assert after < 0.7 * before


def test_averaging_a_vector_turns_predictions_back():
    X, _ = table()
    y = X[:, :3] * (X[:, 3:] ** 2).sum(axis=1, keepdims=True)
    settings = {"strengths": 0.0, "rep_out": "vector", "max_iter": 20, "learning_rate_init": 0.03}
    plain = regressor(("SO(3)",), **settings).fit(X, y)
    averaged = regressor(("SO(3)",), average=["SO(3)"], **settings).fit(X, y)
    errors = [
        equivariance_error(f, X, "SO(3)", "2*vector", "vector", random_state=1)
        for f in (plain, averaged)
    ]
    assert errors[1] < 0.8 * errors[0]
    assert averaged.predict(X).std(axis=0).min() > 0.1


def test_averaged_predictions_do_not_depend_on_the_other_rows():
    X, y = table()
    model = regressor(strengths=0.0, average=[KEPT]).fit(X, y)
    np.testing.assert_allclose(model.predict(X[:3]), model.predict(X)[:3], rtol=1e-10)


def test_averaging_over_no_labels_changes_nothing():
    X, y = table()
    plain = regressor(strengths=0.0).fit(X, y)
    averaged = regressor(strengths=0.0, average=[]).fit(X, y)
    np.testing.assert_array_equal(averaged.predict(X), plain.predict(X))


@pytest.mark.parametrize("average", [True, "auto"])
def test_average_without_a_validation_part_changes_nothing(average):
    X, y = table()
    plain = regressor(strengths=0.0).fit(X, y)
    averaged = regressor(strengths=0.0, average=average).fit(X, y)
    np.testing.assert_array_equal(averaged.predict(X), plain.predict(X))


def noisy_fit(**parameters):
    """One candidate of this fit holds, the other one is broken, beyond doubt."""
    model = regressor(
        strengths=0.0,
        early_stopping=True,
        n_iter_no_change=100,
        validation_fraction=0.5,
        learning_rate_init=0.03,
        batch_size=20,
        max_iter=20,
        **parameters,
    )
    return model.fit(*table(300, noise=1.0))


@pytest.fixture(scope="module")
def plain_fit():
    return noisy_fit(average=False)


def test_verdicts_of_a_validation_part(plain_fit):
    report = plain_fit.symmetry_report()
    assert report["verdict"].tolist() == ["holds", "broken"]
    assert report.loc[KEPT, "support"] > 0.95
    assert report.loc[BROKEN, "support"] < 0.05


def test_average_true_takes_what_holds(plain_fit):
    X, _ = table(50, seed=1)
    averaged = noisy_fit(average=True).predict(X)
    np.testing.assert_array_equal(averaged, noisy_fit(average=[KEPT]).predict(X))
    assert np.abs(averaged - plain_fit.predict(X)).max() > 1e-3


@pytest.mark.parametrize("pays", [True, False])
def test_average_auto_asks_whether_it_pays(plain_fit, pays, monkeypatch):
    X, _ = table(50, seed=1)
    monkeypatch.setattr(FitProbe, "average_pays", lambda probe, elements: pays)
    gap = np.abs(noisy_fit(average="auto").predict(X) - plain_fit.predict(X)).max()
    assert gap > 1e-3 if pays else gap == 0


# ------------------------------------------------------------------ candidates out of reach


def out_of_reach(untestable, tuner="orbit"):
    """Rows far from the axis, always in one direction: turning them leaves the data."""
    X, y = table(200)
    return regressor(
        ("SO(2)@x,y", "SO(2)@y,z"), untestable=untestable, tuner=tuner, max_iter=13
    ).fit(X + [10, 0, 0, 10, 0, 0], y)


def test_untestable_candidate_keeps_its_strength():
    model = out_of_reach("keep", OrbitTuner(initial=0.7))
    assert (model.strength_path_["SO(2)@x,y"] == 0.7).all()
    assert model.strength_path_["SO(2)@y,z"].nunique() > 1
    report = model.symmetry_report().loc["SO(2)@x,y"]
    assert (report["support"], report["verdict"]) == (0.5, "cannot tell")


def test_untestable_candidate_is_dropped():
    model = out_of_reach("drop", OrbitTuner(initial=0.7))
    assert (model.strength_path_["SO(2)@x,y"] == 0).all()
    assert model.strength_path_["SO(2)@y,z"].nunique() > 1


@pytest.mark.parametrize("tuner", ["orbit", PaperTuner(adjust_at=0.5), Switch(epoch=3)])
def test_every_rule_drops_what_is_untestable(tuner):
    model = out_of_reach("drop", tuner)
    assert model.regularizer_strengths_["SO(2)@x,y"] == 0
    assert (model.strength_path_["SO(2)@x,y"] == 0).all()
    assert model.regularizer_strengths_["SO(2)@y,z"] > 0


def test_fewer_rows_than_parts_can_be_moved():
    X, y = table(7)
    model = regressor((KEPT,), strengths=1.0, augment=True, max_iter=2).fit(X, y)
    assert model.predict(X).shape == (7,)
