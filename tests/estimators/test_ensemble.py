"""Ensembles: intervals that cover what they should, and warnings where nothing is known."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from skops import io as skops_io
from skorch.callbacks import Callback

import sksofteq.estimators._survey as survey
from sksofteq import (
    EquivariantRegressor,
    EquivariantScaler,
    MixedResidualPathwayRegressor,
    SampledEquivariantRegressor,
    SoftEquivariantEnsemble,
    SoftEquivariantRegressor,
)
from sksofteq.estimators._members import leave_out
from sksofteq.exceptions import FarFromTrainingWarning
from sksofteq.groups import parse_group
from sksofteq.orbits import sample_elements
from sksofteq.persistence import TRUSTED_TYPES
from sksofteq.reps import parse_rep
from sksofteq.training import Checkpoint

KEPT, BROKEN = "O(2)@x,y", "O(2)@y,z"
QUICK = {"hidden_layer_sizes": (16,), "max_iter": 30, "learning_rate_init": 0.02}
LEVELS = (0.5, 0.8, 0.9, 0.95)


def ensemble(*candidates, n_estimators=6, kind=SoftEquivariantRegressor, **settings):
    """Small networks, plain ones where there are no candidates."""
    network = kind(candidates, **QUICK | settings) if candidates else kind(**QUICK | settings)
    return SoftEquivariantEnsemble(network, n_estimators=n_estimators, random_state=0)


def table(n=300, noise=0.3, seed=0):
    """Two vectors; turns and mirrors in the x-y plane hold, y-z is broken."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, 6))
    errors = noise(X, rng) if callable(noise) else noise * rng.standard_normal(n)
    return X, X[:, 0] ** 2 + X[:, 1] ** 2 + X[:, 2] + errors


def growing(X, rng):
    """Noise that is larger further from the z axis."""
    return (0.1 + 0.5 * np.hypot(X[:, 0], X[:, 1])) * rng.standard_normal(len(X))


def heavy_tails(X, rng):
    return 0.3 * rng.standard_t(2.5, len(X))


def vectors(n=200, noise=0.2, seed=0):
    """A vector that turns with the two of X."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, 6))
    return X, np.cross(X[:, :3], X[:, 3:]) + noise * rng.standard_normal((n, 3))


def covered(model, X, y, coverage):
    lower, upper = model.predict_interval(X, coverage)
    return np.mean((lower <= y) & (y <= upper))


def turned(X, name=KEPT, rep="2*vector", seed=1):
    """All rows, moved by one element."""
    rep = parse_rep(rep).bind(3)
    (element,) = sample_elements(parse_group(name), 1, X, rep, seed)
    return rep.transform(X, element)


# ------------------------------------------------------------------ calibration


@pytest.mark.parametrize("noise", [0.05, 1.0, growing, heavy_tails])
def test_intervals_cover_what_they_should(noise):
    X, y = table(400, noise)
    model = ensemble().fit(X, y)
    X, y = table(3000, noise, seed=1)
    found = [covered(model, X, y, level) for level in LEVELS]
    np.testing.assert_allclose(found, LEVELS, atol=0.06)


@pytest.mark.parametrize("noise", [0.05, growing])
def test_errors_are_as_large_as_is_said(noise):
    X, y = table(400, noise, seed=1)
    model = ensemble().fit(X, y)
    X, y = table(3000, noise, seed=2)
    mean, std = model.predict(X, return_std=True)
    assert 0.5 < np.mean(((y - mean) / std) ** 2) < 1.5
    error = np.abs(y - mean)
    sure, unsure = std < np.quantile(std, 0.2), std > np.quantile(std, 0.8)
    assert error[unsure].mean() > 1.3 * error[sure].mean()


def test_more_noise_is_seen():
    stds = [
        ensemble().fit(*table(noise=noise)).predict(table(seed=1)[0], return_std=True)[1]
        for noise in (0.3, 1.0, 3.0)
    ]
    first, second, third = (np.median(std) for std in stds)
    assert 1.3 * first < second
    assert 2.0 * second < third
    assert 2.7 < third < 5.0


@pytest.mark.filterwarnings("ignore::sksofteq.exceptions.FarFromTrainingWarning")
def test_less_is_known_away_from_the_data():
    model = ensemble().fit(*table())
    X, _ = table(seed=1)
    near, far = (model.predict(rows, return_std=True)[1].mean() for rows in (X, 4 * X))
    assert far > 2 * near


def test_every_output_has_numbers_of_its_own():
    X, y = table()
    rng = np.random.RandomState(5)
    Y = np.column_stack([y, X[:, 3] + 2.0 * rng.standard_normal(len(X))])
    model = ensemble().fit(X, Y)
    mean, std = model.predict(X, return_std=True)
    assert mean.shape == std.shape == Y.shape
    assert np.median(std[:, 1]) > 2 * np.median(std[:, 0])
    lower, upper = model.predict_interval(X, 0.5)
    np.testing.assert_allclose((lower + upper) / 2, mean)


def test_wider_for_more_coverage_and_infinite_where_rows_are_too_few():
    X, y = table(40)
    model = ensemble().fit(X, y)
    widths = [np.subtract(*model.predict_interval(X, c)[::-1]) for c in (0.2, 0.6, 0.97)]
    assert (widths[0] < widths[1]).all()
    assert (widths[1] < widths[2]).all()
    assert np.isinf(model.predict_interval(X, 0.98)[1]).all()


def test_rows_of_a_group_are_left_out_together():
    """Each group has a place and a target: neighbours tell all, other groups nothing."""
    rng = np.random.RandomState(0)
    groups = np.repeat(np.arange(30), 8)
    X = rng.standard_normal((30, 6))[groups] + 0.01 * rng.standard_normal((240, 6))
    y = rng.standard_normal(30)[groups]
    settings = {"hidden_layer_sizes": (64,), "max_iter": 80}
    alone = ensemble(**settings).fit(X, y).predict(X, return_std=True)[1]
    together = ensemble(**settings).fit(X, y, groups=groups).predict(X, return_std=True)[1]
    assert np.median(together) > 2 * np.median(alone)


def test_copies_of_a_row_are_left_out_together():
    X, y = table(60, 1.0)
    X, y = np.tile(X, (4, 1)), np.tile(y, 4)
    settings = {"hidden_layer_sizes": (64,), "max_iter": 150}
    model = ensemble(**settings).fit(X, y)
    new_X, new_y = table(2000, 1.0, seed=1)
    assert covered(model, new_X, new_y, 0.9) > 0.8


def test_members_leave_out_equal_shares():
    for n_units, n_members, n_left_out in ((4, 10, 3), (101, 7, 2), (240, 10, 3)):
        out = leave_out(n_units, n_members, n_left_out, np.random.RandomState(0))
        assert (out.sum(axis=0) == n_left_out).all()
        shares = out.sum(axis=1)
        assert shares.max() - shares.min() <= n_left_out
        assert shares.max() < n_units - 1


# ------------------------------------------------------------------ symmetries


def test_turning_a_row_does_not_change_what_is_known():
    X, y = table()
    model = ensemble(KEPT, kind=EquivariantRegressor, rep_in="2*vector", max_iter=10).fit(X, y)
    at_rest, moved = (model.predict(rows, return_std=True) for rows in (X, turned(X)))
    np.testing.assert_allclose(moved, at_rest, rtol=1e-6)
    at_rest, moved = (model.predict_interval(rows) for rows in (X, turned(X)))
    np.testing.assert_allclose(moved, at_rest, rtol=1e-6)
    assert np.ptp(at_rest[1] - at_rest[0]) > 0.01
    assert model.regularizer_strengths_ == {KEPT: np.inf}


def test_components_of_a_vector_share_their_deviation():
    X, y = vectors()
    settings = {"rep_in": "2*vector", "rep_out": "vector", "max_iter": 10, "n_estimators": 4}
    model = ensemble("SO(3)", kind=EquivariantRegressor, **settings).fit(X, y)
    at_rest, moved = (model.predict(r, return_std=True)[1] for r in (X, turned(X, "SO(3)")))
    np.testing.assert_allclose(at_rest, at_rest[:, :1].repeat(3, 1))
    np.testing.assert_allclose(moved, at_rest, rtol=1e-6)
    about_z = ensemble("SO(2)@x,y", kind=EquivariantRegressor, **settings).fit(X, y)
    std = about_z.predict(X, return_std=True)[1]
    np.testing.assert_allclose(std[:, 0], std[:, 1])
    assert (std[:, 0] != std[:, 2]).all()


def test_a_broken_candidate_ties_nothing():
    X, y = vectors()
    y[:, 2] += 3.0 * np.random.RandomState(3).standard_normal(len(y))
    settings = {"rep_in": "2*vector", "rep_out": "vector", "strengths": 0.0}
    std = ensemble("SO(3)", **settings).fit(X, y).predict(X, return_std=True)[1]
    assert np.median(std[:, 2]) > 1.5 * np.median(std[:, :2])


def test_what_is_found_out_is_found_out_once(monkeypatch):
    calls = []
    gather = survey.gather_evidence
    monkeypatch.setattr(
        survey, "gather_evidence", lambda *args: calls.append(args) or gather(*args)
    )
    X, y = table()
    model = ensemble(KEPT, BROKEN, rep_in="2*vector", max_iter=6).fit(X, y)
    assert len(calls) == 1
    report = model.symmetry_report()
    assert list(report["verdict"]) == ["holds", "broken"]
    assert dict(report["strength"]) == model.regularizer_strengths_
    assert dict(report["equivariance_error"]) == model.equivariance_errors_
    assert model.regularizer_strengths_ == model.estimator_.regularizer_strengths_
    architectures = [each._fitted_architecture for each in model.estimators_]
    assert architectures == [model.estimator_._fitted_architecture] * 6
    assert model.equivariance_errors_[KEPT] < model.equivariance_errors_[BROKEN]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (SoftEquivariantRegressor, {"tuner": "orbit", "average": True}),
        (SoftEquivariantRegressor, {"early_stopping": True, "strengths": 1.0, "augment": True}),
        (SoftEquivariantRegressor, {"network": "typed"}),
        (SampledEquivariantRegressor, {}),
        (MixedResidualPathwayRegressor, {}),
    ],
)
def test_any_network_regressor(kind, settings):
    X, y = table(100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few epochs
        settings = {"rep_in": "2*vector", "max_iter": 5, "learning_rate_init": 1e-3} | settings
        model = ensemble(KEPT, BROKEN, kind=kind, n_estimators=4, **settings).fit(X, y)
    first, *others = (member.predict(X) for member in model.estimators_)
    assert not any(np.array_equal(first, other) for other in others)
    for member in model.estimators_:
        assert member.regularizer_strengths_ == pytest.approx(model.regularizer_strengths_)
    np.testing.assert_allclose(model.predict(X), np.mean([first, *others], axis=0))


def test_a_linear_map_that_pilots_chose():
    X, _ = table()
    y = X[:, 2] + 0.5 * np.random.RandomState(2).standard_normal(len(X))
    model = ensemble(KEPT, BROKEN, rep_in="2*vector", max_iter=6).fit(X, y)
    assert {each._fitted_architecture["network"] for each in model.estimators_} == {"linear"}
    assert np.median(model.predict(X, return_std=True)[1]) == pytest.approx(0.5, rel=0.15)


def test_a_checkpoint_is_the_first_fit_s_alone(tmp_path):
    X, y = table(60)
    model = ensemble(callbacks=[Checkpoint(tmp_path / "fit.pt")], max_iter=2).fit(X, y)
    assert all(member.n_iter_ == 2 for member in model.estimators_)


# ------------------------------------------------------------------ far from the training rows


def heading(n=200, seed=0):
    """Two vectors along x, more or less."""
    X = 0.3 * np.random.RandomState(seed).standard_normal((n, 6)) + [2, 0, 0, 2, 0, 0]
    return X, np.linalg.norm(X[:, :3], axis=1) * X[:, 3]


def test_rows_of_the_same_kind_are_not_far():
    model = ensemble(max_iter=2).fit(*table())
    X, _ = table(2000, seed=1)
    assert model.far_from_training(X).mean() < 0.01
    model.predict(X)  # nor warned of
    model.predict_interval(X)


def test_shifted_rows_are_far():
    model = ensemble(max_iter=2).fit(*table())
    X, _ = table(50, seed=1)
    X[:20] += 5.0
    far = model.far_from_training(X)
    assert far[:20].all()
    assert not far[20:].any()
    with pytest.warns(FarFromTrainingWarning, match=r"^20 of 50 rows are far .* up to \d"):
        model.predict(X)
    with pytest.warns(FarFromTrainingWarning):
        model.predict_interval(X)


@pytest.mark.parametrize("name", ["SO(3)", "SO(2)@x,y"])
def test_turned_rows_are_far_unless_the_turn_holds(name):
    X, y = heading()
    moved = turned(X, name, seed=3)
    knowing = ensemble(name, kind=EquivariantRegressor, rep_in="2*vector", max_iter=2).fit(X, y)
    assert not knowing.far_from_training(moved).any()
    knowing.predict(moved)
    assert knowing.far_from_training(2 * moved).mean() > 0.9
    for other in (ensemble(max_iter=2), ensemble(name, rep_in="2*vector", strengths=0.0)):
        assert other.fit(X, y).far_from_training(moved).mean() > 0.9


def test_rows_elsewhere_are_far_unless_translations_hold():
    X, y = table()
    settings = {"rep_in": "2*point", "max_iter": 2}
    knowing, other = (
        ensemble("SE(3)", kind=EquivariantRegressor, **settings).fit(X, y),
        ensemble(max_iter=2).fit(X, y),
    )
    moved = X + 100.0
    assert not knowing.far_from_training(moved).any()
    assert other.far_from_training(moved).all()
    assert knowing.far_from_training(X * 8).mean() > 0.5


def test_neighbours_of_one_group_are_no_neighbours():
    rng = np.random.RandomState(0)
    groups = np.repeat(np.arange(40), 10)
    X = rng.standard_normal((40, 6))[groups] + 0.01 * rng.standard_normal((400, 6))
    new = np.random.RandomState(1).standard_normal((400, 6))
    model = ensemble(max_iter=2)
    assert model.fit(X, X[:, 0]).far_from_training(new).mean() > 0.9
    assert model.fit(X, X[:, 0], groups=groups).far_from_training(new).mean() < 0.1


# ------------------------------------------------------------------ a scikit-learn estimator


def test_columns_by_name_and_outputs_in_the_user_s_order():
    X, y = vectors()
    frame = pd.DataFrame(X, columns=list("abcdef"))
    target = pd.DataFrame(np.column_stack([y[:, ::-1], 9.0 * X[:, 0]]), columns=list("zyxs"))
    model = ensemble(
        "SO(3)",
        kind=EquivariantRegressor,
        rep_in={("d", "e", "f"): "vector", ("a", "b", "c"): "vector"},
        rep_out={("x", "y", "z"): "vector", "s": "scalar"},
    ).fit(frame, target)
    mean, std = model.predict(frame, return_std=True)
    lower, upper = model.predict_interval(frame)
    np.testing.assert_allclose(std[:, 0], std[:, 2])
    assert np.median(std[:, 3]) > 2 * np.median(std[:, 0])
    assert np.mean((lower <= target) & (target <= upper)) > 0.8
    assert list(model.feature_names_in_) == list("abcdef")
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[list("bacdef")])
    assert mean.shape == target.shape


def test_single_precision_stays():
    X, y = (part.astype(np.float32) for part in table())
    model = ensemble(max_iter=2).fit(X, y)
    results = [*model.predict(X, return_std=True), *model.predict_interval(X)]
    assert {result.dtype for result in results} == {np.dtype(np.float32)}


def test_in_a_pipeline_and_a_search():
    X, y = table()
    scaler = EquivariantScaler((KEPT,), rep="2*vector")
    model = make_pipeline(scaler, ensemble(n_estimators=4))
    mean, std = model.fit(X, y).predict(X, return_std=True)
    assert mean.shape == std.shape == y.shape
    assert cross_val_score(model, X, y, cv=2).mean() > 0.5


def test_seeds():
    X, y = table(100)
    first, again, other = (
        ensemble(max_iter=3).set_params(random_state=seed).fit(X, y).predict(X, return_std=True)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[0], other[0])


def test_constant_targets():
    X, _ = table(50)
    with pytest.warns(UserWarning, match="y is constant") as caught:
        model = ensemble(max_iter=2).fit(X, np.full(50, 3.0))
    assert len(caught) == 1
    lower, upper = model.predict_interval(X)
    np.testing.assert_allclose([lower, upper], 3.0, atol=1e-6)


@pytest.mark.parametrize(
    "way",
    [
        lambda model: pickle.loads(pickle.dumps(model)),
        lambda model: skops_io.loads(skops_io.dumps(model), trusted=TRUSTED_TYPES),
        copy.deepcopy,
    ],
)
def test_a_fit_comes_back(way):
    X, y = table(100)
    model = ensemble(KEPT, BROKEN, rep_in="2*vector", max_iter=3, n_estimators=4).fit(X, y)
    restored = way(model)
    for rows in (X, 3 * X):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FarFromTrainingWarning)
            for ours, theirs in zip(
                model.predict_interval(rows), restored.predict_interval(rows), strict=True
            ):
                np.testing.assert_array_equal(ours, theirs)
        far = model.far_from_training(rows)
        np.testing.assert_array_equal(far, restored.far_from_training(rows))
    pd.testing.assert_frame_equal(model.symmetry_report(), restored.symmetry_report())


# ------------------------------------------------------------------ misuse


def test_errors_say_what_is_wrong():
    X, y = table(30)
    with pytest.raises(ValueError, match=r"estimator must be a network regressor .* got Ridge\("):
        SoftEquivariantEnsemble(Ridge()).fit(X, y)
    with pytest.raises(ValueError, match="'n_estimators' parameter"):
        ensemble(n_estimators=3).fit(X, y)
    with pytest.raises(ValueError, match="'max_iter' parameter"):
        ensemble(max_iter=0).fit(X, y)
    with pytest.raises(ValueError, match=r"at least 4 different rows .* got 3"):
        ensemble(max_iter=1).fit(X[:3], y[:3])
    with pytest.raises(ValueError, match=r"at least 4 different rows, or groups, .* got 2"):
        ensemble(max_iter=1).fit(X, y, groups=np.arange(30) % 2)
    for method in ("predict", "predict_interval", "far_from_training", "symmetry_report"):
        with pytest.raises(NotFittedError):
            getattr(ensemble(), method)(*([] if method == "symmetry_report" else [X]))
    model = ensemble(max_iter=1).fit(X, y)
    for coverage in (0.0, 1.0, 90, "0.9", None):
        with pytest.raises(ValueError, match="coverage must be a number between 0 and 1, got"):
            model.predict_interval(X, coverage)


def test_a_failed_fit_leaves_the_last_one():
    X, y = table(60)
    model = ensemble(max_iter=2).fit(X, y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="different rows"):
        model.fit(X[:2], y[:2])
    np.testing.assert_array_equal(model.predict(X), before)


class InterruptIn(Callback):
    """An interrupt in the middle of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_begin(self, net, **_):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("kind", [SoftEquivariantRegressor, SampledEquivariantRegressor])
def test_an_interrupted_fit_leaves_the_last_one(kind):
    X, y = table(60)
    model = ensemble(KEPT, kind=kind, rep_in="2*vector", max_iter=3).fit(X, y)
    before = model.predict(X)
    model.estimator.set_params(callbacks=[InterruptIn(1)])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    np.testing.assert_array_equal(model.predict(X), before)
