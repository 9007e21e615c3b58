"""Fits that are killed and go on from a checkpoint."""

import os
import pickle
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from estimators_kit import BROKEN, KEPT, equal, regressor, state, table
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback

from sksofteq import MixedResidualPathwayRegressor, SampledEquivariantRegressor
from sksofteq.estimators import fit_together
from sksofteq.training import Checkpoint
from sksofteq.training._checkpoint import write
from sksofteq.tuning import DualTuner, OrbitTuner, PaperTuner

pytestmark = pytest.mark.filterwarnings("ignore:max_iter=8 leaves room")


class KilledError(Exception):
    """What no estimator knows of."""


class Kill(Callback):
    """Raises in the middle of an epoch."""

    def __init__(self, epoch=5, error=KilledError):
        self.epoch = epoch
        self.error = error

    def on_batch_begin(self, net, batch=None, training=None, **_):
        if training and len(net.history) == self.epoch:
            raise self.error


def rival(kind, **parameters):
    return kind(
        (KEPT, BROKEN),
        rep_in="2*vector",
        hidden_layer_sizes=(8,),
        max_iter=8,
        batch_size=20,
        random_state=0,
        **parameters,
    )


def small(**parameters):
    return regressor(**({"max_iter": 8, "batch_size": 20} | parameters))


def killed_and_resumed(model, path, data=None, every=1):
    """The model, fitted in two goes."""
    X, y = table() if data is None else data
    callbacks = [Kill(), Checkpoint(path, every)]
    with pytest.raises(KilledError):
        clone(model).set_params(callbacks=callbacks).fit(X, y)
    assert os.path.exists(path)
    resumed = clone(model).set_params(callbacks=[Checkpoint(path, every)]).fit(X, y)
    assert os.listdir(path.parent) == []
    return resumed


def assert_same_fit(first, second, X):
    assert equal(state(first), state(second))
    assert first.n_iter_ == second.n_iter_
    assert first.regularizer_strengths_ == second.regularizer_strengths_
    assert first.equivariance_errors_ == second.equivariance_errors_
    for path in ("loss_curve_", "strength_path_", "penalty_path_"):
        pd.testing.assert_frame_equal(
            getattr(first, path), getattr(second, path), check_exact=True
        )
    pd.testing.assert_frame_equal(first.symmetry_report(), second.symmetry_report())
    np.testing.assert_array_equal(first.predict(X), second.predict(X))


@pytest.mark.parametrize(
    "model",
    [
        small(strengths=1.0),
        small(strengths={KEPT: np.inf, BROKEN: 0.1}, penalty="gradient"),
        small(strengths=1.0, early_stopping=True, n_iter_no_change=3, tol=0.2),
        small(strengths=1.0, augment=[KEPT], average=[KEPT]),
        small(strengths=1.0, loss="distance"),
        small(tuner=OrbitTuner(n_updates=8, span=1.0), augment=True),
        small(tuner=OrbitTuner(n_updates=2, span=1.0), untestable="drop"),
        small(tuner=PaperTuner(adjust_at=0.7)),
        small(tuner=DualTuner()),
        small(network="typed"),
        rival(SampledEquivariantRegressor),
        rival(MixedResidualPathwayRegressor),
    ],
    ids=[
        "fixed",
        "hard",
        "early stopping",
        "augmented",
        "distance",
        "orbit",
        "orbit drops",
        "paper",
        "dual",
        "process",
        "sampled",
        "pathways",
    ],
)
def test_a_fit_that_was_killed_ends_as_one_that_was_not(model, tmp_path):
    X, y = table()
    whole = clone(model).fit(X, y)
    assert_same_fit(killed_and_resumed(model, tmp_path / "fit"), whole, X)


def test_saving_by_itself_changes_nothing(tmp_path):
    X, y = table()
    watched = small(strengths=1.0, callbacks=[Checkpoint(tmp_path / "fit")]).fit(X, y)
    assert_same_fit(watched, small(strengths=1.0).fit(X, y), X)


def test_single_precision_and_saving_now_and_then(tmp_path):
    X, y = (part.astype(np.float32) for part in table())
    model = small(strengths=1.0)
    resumed = killed_and_resumed(model, tmp_path / "fit", (X, y), every=3)
    assert_same_fit(resumed, clone(model).fit(X, y), X)


def test_an_interrupted_fit_can_go_on(tmp_path):
    X, y = table()
    path = tmp_path / "fit"
    model = small(strengths=1.0, callbacks=[Kill(4, KeyboardInterrupt), Checkpoint(path)])
    with pytest.warns(ConvergenceWarning, match="after 3 of 8"):
        model.fit(X, y)
    model.set_params(callbacks=[Checkpoint(path)]).fit(X, y)
    assert_same_fit(model, small(strengths=1.0).fit(X, y), X)


def test_a_warm_start_can_go_on(tmp_path):
    X, y = table()
    path = tmp_path / "fit"
    models = [small(strengths=1.0, warm_start=True).fit(X, y) for _ in range(2)]
    with pytest.raises(KilledError):
        models[0].set_params(callbacks=[Kill(), Checkpoint(path)]).fit(X, y)
    for model in models:
        model.set_params(callbacks=[Checkpoint(path)]).fit(X, y)
    assert_same_fit(*models, X)


@pytest.mark.parametrize(
    "changed",
    [
        {"alpha": 1e-3},
        {"max_iter": 9},
        {"strengths": 2.0},
        {"loss": "distance"},
        {"random_state": 1},
        {"random_state": None},
        {"early_stopping": True},
        {"strengths": None, "tuner": "dual"},
    ],
    ids=str,
)
def test_a_checkpoint_of_other_parameters_is_refused(changed, tmp_path):
    path = tmp_path / "fit"
    with pytest.raises(KilledError):
        small(strengths=1.0, callbacks=[Kill(), Checkpoint(path)]).fit(*table())
    before = path.read_bytes()
    model = small(**({"strengths": 1.0, "callbacks": [Checkpoint(path)]} | changed))
    with pytest.raises(ValueError, match="is of another fit"):
        model.fit(*table())
    assert path.read_bytes() == before


def test_a_checkpoint_of_other_data_is_refused(tmp_path):
    path = tmp_path / "fit"
    X, y = table()
    with pytest.raises(KilledError):
        small(strengths=1.0, callbacks=[Kill(), Checkpoint(path)]).fit(X, y)
    order = np.arange(len(X))[::-1]
    for other in ((X[order], y[order]), (X, y + 1e-9 * X[:, 0]), (X[1:], y[1:])):
        with pytest.raises(ValueError, match="is of another fit"):
            small(strengths=1.0, callbacks=[Checkpoint(path)]).fit(*other)


class Counter(Callback):
    """Counts the epochs that it has seen."""

    seen: ClassVar[list[int]] = []

    def on_train_begin(self, net, **_):
        self.count_ = 0

    def on_epoch_end(self, net, **_):
        self.count_ += 1
        Counter.seen.append(self.count_)

    def state_dict(self):
        return {"count": self.count_}

    def load_state_dict(self, saved):
        self.count_ = saved["count"]


def test_callbacks_of_the_user_may_keep_their_state(tmp_path):
    Counter.seen.clear()
    path = tmp_path / "fit"
    with pytest.raises(KilledError):
        small(strengths=1.0, callbacks=[Counter(), Checkpoint(path), Kill()]).fit(*table())
    small(strengths=1.0, callbacks=[Counter(), Checkpoint(path)]).fit(*table())
    assert Counter.seen == list(range(1, 9))


def test_a_file_is_whole_at_any_time(tmp_path):
    path = tmp_path / "fit"
    write(path, {"epoch": 1})
    with pytest.raises(Exception, match="pickle"):
        write(path, {"epoch": 2, "cannot": lambda: None})
    assert pickle.loads(path.read_bytes()) == {"epoch": 1}
    assert set(os.listdir(tmp_path)) == {"fit", "fit.part"}
    write(path, {"epoch": 3})
    assert os.listdir(tmp_path) == ["fit"]


def test_what_a_fit_left_that_was_killed_while_it_saved_is_removed(tmp_path):
    (tmp_path / "fit.part").write_bytes(b"half of")
    small(strengths=1.0, callbacks=[Checkpoint(tmp_path / "fit", every=100)]).fit(*table())
    assert os.listdir(tmp_path) == []


def test_every_must_be_a_number_of_epochs(tmp_path):
    model = small(strengths=1.0, callbacks=[Checkpoint(tmp_path / "fit", every=0)])
    with pytest.raises(ValueError, match=r"Checkpoint\.every must be an integer >= 1, got 0"):
        model.fit(*table())


def test_estimators_fitted_together_have_no_checkpoint(tmp_path):
    model = small(strengths=1.0, callbacks=[Checkpoint(tmp_path / "fit")])
    with pytest.raises(ValueError, match="cannot go on from a Checkpoint"):
        fit_together([model], *table())
