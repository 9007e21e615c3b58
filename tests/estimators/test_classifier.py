"""The classifier: what it finds, what it predicts, and what it refuses."""

from __future__ import annotations

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_classifier
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from skops import io as skops_io

from sksofteq import SoftEquivariantClassifier, equivariance_error
from sksofteq.groups import GeneratedGroup
from sksofteq.metrics import REPORT_COLUMNS
from sksofteq.persistence import TRUSTED_TYPES

QUICK = {"hidden_layer_sizes": (16,), "max_iter": 30, "random_state": 0}
VIEW = {"symmetries": ("SO(2)@x,y", "SO(2)@y,z"), "rep_in": "2*vector"}


def table(n=300, seed=0):
    """Two vectors, of which the class is the sign of a number; turns of x and y leave it alone."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, 6))
    odds = X[:, 0] * X[:, 3] + X[:, 1] * X[:, 4] + X[:, 2]
    return X, np.where(odds > 0, "up", "down")


def classifier(**parameters) -> SoftEquivariantClassifier:
    return SoftEquivariantClassifier(**(VIEW | QUICK | parameters))


def test_symmetries_are_found_and_pay():
    X, y = table(400)
    X_test, y_test = table(2000, 1)
    model = classifier(hidden_layer_sizes=(64,), max_iter=100).fit(X, y)
    report = model.symmetry_report()
    assert list(report.columns) == REPORT_COLUMNS
    assert report.verdict.to_dict() == {"SO(2)@x,y": "holds", "SO(2)@y,z": "broken"}
    plain = SoftEquivariantClassifier(hidden_layer_sizes=(64,), max_iter=100, random_state=0)
    losses = [log_loss(y_test, m.predict_proba(X_test)) for m in (model, plain.fit(X, y))]
    assert losses[0] < 0.8 * losses[1]
    assert "linear" not in set(model.pilots_.network)


def test_probabilities_are_those_of_the_classes():
    X, y = table()
    model = classifier(strengths=1.0).fit(X, y)
    found = model.predict_proba(X)
    assert found.shape == (300, 2)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert model.classes_.tolist() == ["down", "up"]
    np.testing.assert_array_equal(model.predict(X), model.classes_[found.argmax(axis=1)])
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(found))
    assert model.score(X, y) > 0.8
    assert is_classifier(model)


def test_hard_candidates_hold_exactly():
    X, y = table()
    model = classifier(strengths={"SO(2)@x,y": np.inf, "SO(2)@y,z": 0.0}, network="typed")
    assert equivariance_error(model.fit(X, y), X, "SO(2)@x,y", "2*vector") < 1e-6


def test_classes_may_be_permuted_with_the_rows():
    """Which of two numbers is larger: with the numbers the answers change places."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((300, 2))
    model = classifier(
        symmetries=("Permutation(2) on side",),
        rep_in="side",
        rep_out="side",
        spaces={"side": 2},
        strengths=np.inf,
        network="typed",
    ).fit(X, X.argmax(axis=1))
    assert model.score(X, X.argmax(axis=1)) > 0.95
    np.testing.assert_allclose(
        model.predict_proba(X[:, ::-1]), model.predict_proba(X)[:, ::-1], atol=1e-6
    )


def test_digits_and_their_mirror_images():
    """Images are what mirrors break: 3 and its mirror image are not written alike."""
    X, y = load_digits(return_X_y=True)
    X_fit, X_test, y_fit, y_test = train_test_split(X, y, train_size=600, random_state=0)
    mirror = GeneratedGroup(discrete_generators=[np.eye(8)[::-1]], name="mirror")
    model = SoftEquivariantClassifier(
        {"left and right": mirror.on_space("column"), "up and down": mirror.on_space("row")},
        rep_in="row*column",
        spaces={"row": 8, "column": 8},
        hidden_layer_sizes=(64,),
        max_iter=40,
        random_state=0,
    ).fit(X_fit, y_fit)
    assert model.score(X_test, y_test) > 0.93
    assert (model.symmetry_report().verdict == "broken").all()


def test_weights_of_classes():
    X, y = table(200)
    rare = np.r_[np.flatnonzero(y == "up")[:10], np.flatnonzero(y == "down")]
    X, y = X[rare], y[rare]
    shares = [
        (classifier(strengths=0.0, class_weight=weight, max_iter=5).fit(X, y).predict(X) == "up")
        for weight in (None, "balanced", {"up": 100.0, "down": 1.0})
    ]
    counts = [share.sum() for share in shares]
    assert counts[0] <= counts[1] <= counts[2]
    assert counts[0] < counts[2]


def test_weights_of_rows_are_on_top_of_those_of_classes():
    X, y = table(100)
    keep = np.arange(100) < 60
    settings = {"strengths": 0.0, "max_iter": 3, "batch_size": 200, "class_weight": "balanced"}
    weighted = classifier(**settings).fit(X, y, sample_weight=keep.astype(float))
    assert np.isfinite(weighted.predict_proba(X)).all()
    other = np.where(keep, y, np.where(y == "up", "down", "up"))
    again = classifier(**settings | {"class_weight": None}).fit(X, other, keep.astype(float))
    alike = classifier(**settings | {"class_weight": None}).fit(X, y, keep.astype(float))
    np.testing.assert_allclose(again.predict_proba(X), alike.predict_proba(X))


def test_chunks_and_warm_starts():
    X, y = table()
    model = classifier(strengths=1.0)
    with pytest.raises(ValueError, match="classes must be given"):
        model.partial_fit(X, y)
    for _ in range(3):
        model.partial_fit(X, y, classes=["down", "level", "up"])
    assert model.n_iter_ == 3
    assert model.predict_proba(X).shape == (300, 3)
    model = classifier(strengths=1.0, warm_start=True).fit(X, y)
    before = log_loss(y, model.predict_proba(X))
    assert log_loss(y, model.fit(X, y).predict_proba(X)) < before
    with pytest.raises(ValueError, match="must hold the labels"):
        model.fit(X, np.where(y == "up", "up", "other"))
    assert model.classes_.tolist() == ["down", "up"]


def test_one_class_is_an_error():
    with pytest.raises(ValueError, match="at least two classes, got one class: 'up'"):
        classifier().fit(np.ones((4, 6)), ["up"] * 4)


def test_a_failed_fit_leaves_the_last_one():
    X, y = table()
    model = classifier(strengths=1.0, max_iter=2, warm_start=True).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="features"):
        model.set_params(average=["SO(2)@x,y"]).fit(X[:, :5], y)
    assert model.network_.average == "auto"
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_early_stopping_goes_by_log_loss():
    X, y = table(400)
    model = classifier(strengths=1.0, early_stopping=True, tol=0.5, max_iter=60).fit(X, y)
    assert model.loss_curve_.validation.min() < np.log(2)


def test_searches_and_tables():
    X, y = table(120)
    frame = pd.DataFrame(X, columns=[*"abcdef"])
    view = {("a", "b", "c"): "vector", ("d", "e", "f"): "vector"}
    model = classifier(rep_in=view, strengths=1.0, max_iter=2)
    search = GridSearchCV(model, {"symmetries": [None, ("SO(2)@x,y",)]}, cv=2).fit(frame, y)
    assert search.best_estimator_.feature_names_in_.tolist() == list("abcdef")
    scores = cross_val_score(model, frame, y, cv=2, scoring="neg_log_loss")
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("labels", [np.array(["down", "up"]), np.array([3, 7])])
def test_models_are_kept(labels, tmp_path):
    X, y = table()
    model = classifier(strengths=1.0, max_iter=2).fit(X, labels[(y == "up").astype(int)])
    joblib.dump(model, tmp_path / "model.joblib")
    skops_io.dump(model, tmp_path / "model.skops")
    for again in (
        joblib.load(tmp_path / "model.joblib"),
        skops_io.load(tmp_path / "model.skops", trusted=TRUSTED_TYPES),
    ):
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        assert again.symmetry_report().equals(model.symmetry_report())
