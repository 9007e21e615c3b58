"""What a fit leaves behind, and whether it learns and finds out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from estimators_kit import BROKEN, INERTIA, KEPT, equal, regressor, state, table
from skorch.callbacks import Callback

from sksofteq import equivariance_error
from sksofteq.datasets import make_inertia
from sksofteq.metrics import REPORT_COLUMNS


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


# ------------------------------------------------------------------ what a fit leaves behind


def test_report_columns_order_and_index():
    model = regressor(max_iter=13).fit(*table())
    report = model.symmetry_report()
    assert list(report.columns) == REPORT_COLUMNS
    assert REPORT_COLUMNS == [
        "strength",
        "residual",
        "equivariance_error",
        "support",
        "verdict",
        "support_low",
        "support_high",
        "implied",
        "reason",
    ]
    assert list(report.index) == [KEPT, BROKEN]
    assert report["strength"].to_dict() == model.regularizer_strengths_
    assert report["equivariance_error"].to_dict() == model.equivariance_errors_
    assert report["support"].between(0, 1).all()


def test_report_is_a_copy():
    model = regressor(strengths=1.0).fit(*table())
    report = model.symmetry_report()
    report.loc[KEPT, "strength"] = -1.0
    assert model.symmetry_report().loc[KEPT, "strength"] == 1.0


def test_residual_is_the_share_of_the_weights_outside():
    model = regressor(strengths=1.0).fit(*table())
    penalties = model.net_.penalty.values().detach().numpy()
    linear = model.net_.penalty.layers
    total = sum(float(p.detach().square().sum()) for layer in linear for p in layer.parameters())
    np.testing.assert_allclose(model.symmetry_report()["residual"], 2 * penalties / total)


def test_without_a_validation_part_nothing_can_be_told():
    report = regressor(strengths=1.0).fit(*table()).symmetry_report()
    assert (report["support"] == 0.5).all()
    assert (report["verdict"] == "cannot tell").all()
    assert (report["reason"] == "no rows were held out").all()


def test_with_a_validation_part_something_can_be_told():
    model = regressor(strengths=0.0, early_stopping=True, validation_fraction=0.5)
    report = model.set_params(max_iter=20).fit(*table(200)).symmetry_report()
    assert (report["support"] != 0.5).all()


def test_equivariant_network_with_a_validation_part_says_so():
    model = regressor(strengths=np.inf, early_stopping=True, validation_fraction=0.5)
    report = model.fit(*table(200)).symmetry_report()
    assert (report["reason"] == "predictions obey it exactly, so errors say nothing").all()


def test_too_few_rows_are_held_out():
    model = regressor(strengths=0.0, early_stopping=True, validation_fraction=0.1)
    report = model.fit(*table(60)).symmetry_report()
    assert (report["verdict"] == "cannot tell").all()
    assert (report["reason"] == "only 6 rows to judge by").all()


def test_equivariance_errors_lie_between_0_and_1_and_agree_with_the_metric():
    X, y = table()
    model = regressor(strengths=0.0, max_iter=20).fit(X, y)
    for name, error in model.equivariance_errors_.items():
        measured = equivariance_error(model, X, name, "2*vector", n_elements=64, random_state=1)
        assert 0 < error < 1
        assert error == pytest.approx(measured, rel=0.5)


def test_paths_have_a_row_per_epoch():
    model = regressor(max_iter=13).fit(*table())
    assert model.n_iter_ == 13
    for path in (model.strength_path_, model.penalty_path_, model.loss_curve_):
        assert list(path.index) == list(range(1, 14))
        assert path.index.name == "epoch"
    assert model.strength_path_.iloc[-1].to_dict() == model.regularizer_strengths_
    assert (model.penalty_path_ > 0).all(axis=None)


def test_last_row_of_the_penalty_path_is_the_penalty_of_the_network():
    model = regressor(strengths=1.0).fit(*table())
    now = model.net_.penalty.values().detach().numpy()
    np.testing.assert_allclose(model.penalty_path_.iloc[-1], now)


def test_columns_of_the_loss_curve():
    X, y = table()
    fixed, tuned = (
        regressor(strengths=2.0).fit(X, y),
        regressor(tuner="orbit", max_iter=13).fit(X, y),
    )
    assert list(fixed.loss_curve_) == ["data", KEPT, BROKEN]
    assert list(tuned.loss_curve_) == ["data", KEPT, BROKEN, "validation"]
    np.testing.assert_allclose(fixed.loss_curve_[KEPT], 2.0 * fixed.penalty_path_[KEPT])


def test_data_term_is_the_standardised_error():
    X, y = table()
    # the rate is too small to move anything, so that the loss of the epoch is that of the end
    model = regressor(strengths=0.0, learning_rate_init=1e-12, max_iter=1, alpha=0.0).fit(X, y)
    expected = np.mean((model.predict(X) - y) ** 2) / y.var()
    assert model.loss_curve_["data"].iloc[0] == pytest.approx(expected, rel=1e-6)


def test_network_maps_raw_rows_to_raw_predictions():
    X, y = table()
    model = regressor(strengths=1.0).fit(X, y)
    with torch.no_grad():
        raw = model.net_.module_(torch.from_numpy(X)).numpy()[:, 0]
    np.testing.assert_allclose(model.predict(X), raw)


def test_fitted_representations_have_dimensions():
    model = regressor(strengths=1.0).fit(*table())
    assert (str(model.rep_in_), model.rep_in_.dim) == ("2*vector", 6)
    assert (str(model.rep_out_), model.rep_out_.dim) == ("scalar", 1)


def test_constant_y_warns_and_fits():
    X, _ = table()
    model = regressor(strengths=1.0, max_iter=30, learning_rate_init=0.03)
    with pytest.warns(UserWarning, match="y is constant"):
        model.fit(X, np.full(len(X), 40.0))
    np.testing.assert_allclose(model.predict(X), 40.0, rtol=1e-8)


@pytest.mark.filterwarnings("ignore:y is constant")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("constant", [1e-6, -0.1, 3e8, 0.0])
def test_constant_y_of_any_size(constant, dtype):
    X, _ = table()
    y = np.full((len(X), 2), constant, dtype)
    model = regressor(strengths=1.0, max_iter=3).fit(X.astype(dtype), y)
    np.testing.assert_allclose(model.predict(X.astype(dtype)), y, rtol=1e-6)


def test_a_constant_vector_says_that_turns_are_broken():
    X, _ = table()
    y = np.tile([1.0, 2.0, 3.0], (len(X), 1))
    model = regressor(("SO(3)",), rep_out="vector", network="plain", max_iter=3)
    assert model.fit(X, y).symmetry_report().verdict.tolist() == ["broken"]  # and no warning
    with pytest.warns(UserWarning, match="y is constant"):
        model.fit(X, 0 * y)
    with pytest.warns(UserWarning, match="y is constant"):
        model.set_params(symmetries=("SO(2)@x,y",)).fit(X, y * [0, 0, 1])


def test_constant_output_beside_another_one():
    X, y = table()
    settings = {"max_iter": 20, "learning_rate_init": 0.03, "strengths": 0.0}
    model = regressor(**settings).fit(X, np.column_stack([np.full(len(X), 1e-6), y]))
    predicted = model.predict(X)
    np.testing.assert_allclose(predicted[:, 0], 1e-6, rtol=1e-6)
    assert np.corrcoef(predicted[:, 1], y)[0, 1] > 0.8


@pytest.mark.filterwarnings("ignore:y is constant")
def test_a_constant_start_can_be_unlearned():
    X, y = table()
    model = regressor(strengths=0.0, learning_rate_init=0.03).partial_fit(X, 0 * y)
    for _ in range(40):
        model.partial_fit(X, y)
    assert model.score(X, y) > 0.5


@pytest.mark.parametrize("none", [None, (), {}])
def test_plain_network(none):
    X, y = table()
    model = regressor(none, rep_in=None).fit(X, y)
    assert model.regularizer_strengths_ == model.equivariance_errors_ == {}
    report = model.symmetry_report()
    assert report.shape == (0, 9)
    assert list(report.columns) == REPORT_COLUMNS
    assert list(model.loss_curve_) == ["data"]
    assert model.strength_path_.shape == (5, 0)


def test_plain_network_fits_any_number_of_columns():
    X = np.random.RandomState(0).standard_normal((40, 5))
    assert regressor(None, rep_in=None).fit(X, X[:, 0]).predict(X).shape == (40,)


def test_verbose_shows_losses_and_strengths(capsys, monkeypatch):
    for name in ("COLUMNS", "LINES"):  # early versions of tqdm want both
        monkeypatch.setenv(name, "200")
    regressor(max_iter=13, early_stopping=True, verbose=True).fit(*table())
    shown = capsys.readouterr().err
    assert "13/13" in shown
    assert "loss=" in shown
    assert "validation=" in shown
    assert "strengths=" in shown


def test_silent_by_default(capsys):
    regressor(strengths=1.0).fit(*table())
    assert capsys.readouterr() == ("", "")


def test_diverging_fit_says_so():
    with pytest.raises(ValueError, match=r"training loss became .* lower learning_rate_init"):
        regressor(strengths=0.0, learning_rate_init=1e150).fit(*table())


def test_user_callbacks_are_cloned_and_called(recorder):
    model = regressor(strengths=1.0, callbacks=[recorder]).fit(*table())
    assert len(recorder.seen) == 5
    assert equal(recorder.seen[-1], state(model))


def test_batch_size_auto_is_at_most_200():
    X, y = table(250)
    by_200 = regressor(strengths=1.0, batch_size=200).fit(X, y)
    assert equal(state(regressor(strengths=1.0).fit(X, y)), state(by_200))
    assert not equal(state(regressor(strengths=1.0, batch_size=250).fit(X, y)), state(by_200))


# ------------------------------------------------------------------ it learns, and finds out


def test_it_learns_a_simple_symmetric_task():
    X, y = table(500)
    X = X[:, :3]
    model = regressor(rep_in="vector", max_iter=30, learning_rate_init=0.03, batch_size=50)
    model.fit(X[:300], y[:300])
    assert model.score(X[300:], y[300:]) > 0.8
    assert model.regularizer_strengths_[BROKEN] < 0.1 * model.regularizer_strengths_[KEPT]


def test_it_finds_the_symmetry_of_the_inertia_tensor():
    X, y = make_inertia(400, n_points=2, random_state=0)
    settings = {"hidden_layer_sizes": (32,), "max_iter": 60, "learning_rate_init": 0.03}
    model = regressor(batch_size=100, **settings, **INERTIA).fit(X, y)
    strengths = model.regularizer_strengths_
    assert strengths[BROKEN] < 0.1 * strengths[KEPT]
    report = model.symmetry_report()
    assert report.loc[BROKEN, "verdict"] == "broken"
    assert report.loc[KEPT, "verdict"] in ("holds", "approximate")
