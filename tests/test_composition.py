"""Estimators inside pipelines, other estimators and scikit-learn's inspection."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import pytest
from estimators_kit import BROKEN, KEPT, regressor, table
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import BaggingRegressor, StackingRegressor
from sklearn.impute import SimpleImputer
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sksofteq import AugmentedRegressor, EquivariantScaler, SoftEquivariantRidge
from sksofteq.groups import SO

NAMES = ["ax", "ay", "az", "bx", "by", "bz"]
VECTORS = {("ax", "ay", "az"): "vector", ("bx", "by", "bz"): "vector"}
MODELS = {
    "network": regressor(strengths=1.0, max_iter=2),
    "ridge": SoftEquivariantRidge((KEPT, BROKEN), rep_in="2*vector"),
    "around": AugmentedRegressor(Ridge(), (KEPT,), rep_in="2*vector", random_state=0),
}


@pytest.fixture(params=list(MODELS))
def model(request):
    return clone(MODELS[request.param])


def frame(n=60) -> tuple[pd.DataFrame, np.ndarray]:
    X, y = table(n)
    return pd.DataFrame(X, columns=NAMES), y


# ------------------------------------------------------------------ pipelines


def test_a_notebook_shows_a_fitted_pipeline_with_short_names(model):
    X, y = table(60)
    model.set_params(symmetries={"turns": SO(3), "plane": SO(2).embed("yz")})
    pipeline = make_pipeline(EquivariantScaler((SO(3),), "2*vector"), model).fit(X, y)
    shown = html.unescape(pipeline._repr_html_())
    assert "{'plane': SO(2)@y,z, 'turns': SO(3)}" in " ".join(shown.split())
    assert "array([" not in shown  # of generators
    assert "<class" not in shown  # of the net


def test_scaler_in_front(model):
    X, y = table(60)
    scaler = EquivariantScaler((KEPT, BROKEN), "2*vector")
    pipeline = make_pipeline(scaler, model).fit(X, y)
    scaled = clone(scaler).fit_transform(X)
    np.testing.assert_array_equal(pipeline.predict(X), clone(model).fit(scaled, y).predict(scaled))


def test_names_reach_the_last_step(model):
    X, y = frame()
    steps = EquivariantScaler((KEPT, BROKEN), VECTORS), model.set_params(rep_in=VECTORS)
    pipeline = make_pipeline(*steps).set_output(transform="pandas").fit(X, y)
    assert list(pipeline[-1].feature_names_in_) == NAMES


def test_lost_names_are_told_with_the_cure(model):
    X, y = frame()
    pipeline = make_pipeline(StandardScaler(), model.set_params(rep_in=VECTORS))
    with pytest.raises(ValueError, match=r"a DataFrame is needed.*set_output\(transform='pandas'"):
        pipeline.fit(X, y)


def test_recipe_of_the_error_about_words(model):
    X, y = frame()
    X["side"] = ["left", "right"] * 30
    encode = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["side"]),
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    model.set_params(rep_in={**VECTORS, "side_*": "scalar"})
    with pytest.raises(ValueError, match="OneHotEncoder"):
        clone(model).set_params(rep_in={**VECTORS, "side": "scalar"}).fit(X, y)
    assert make_pipeline(encode, model).fit(X, y).predict(X).shape == (60,)


def test_recipe_of_the_error_about_missing_values(model):
    X, y = frame()
    X.loc[3, "ax"] = np.nan
    model.set_params(rep_in=VECTORS)
    with pytest.raises(ValueError, match="SimpleImputer"):
        clone(model).fit(X, y)
    impute = SimpleImputer().set_output(transform="pandas")
    assert make_pipeline(impute, model).fit(X, y).predict(X).shape == (60,)


# ------------------------------------------------------------------ around the estimators


def test_transformed_target(model):
    X, y = table(60)
    cubed = TransformedTargetRegressor(model, func=np.cbrt, inverse_func=lambda v: v**3)
    expected = clone(model).fit(X, np.cbrt(y)).predict(X) ** 3
    np.testing.assert_allclose(cubed.fit(X, y).predict(X), expected, rtol=1e-6)


def test_transformed_vector_target():
    X, _ = table(60)
    y = 3.0 * X[:, :3] + X[:, 3:]
    model = SoftEquivariantRidge((KEPT,), rep_in="2*vector", rep_out="vector")
    scaled = TransformedTargetRegressor(model, transformer=EquivariantScaler((KEPT,), "vector"))
    assert scaled.fit(X, y).score(X, y) > 0.99


def test_stacking(model):
    X, y = table(60)
    stack = StackingRegressor([("soft", model), ("plain", Ridge())], cv=2).fit(X, y)
    assert np.isfinite(stack.predict(X)).all()


def test_bagging(model):
    X, y = table(60)
    bag = BaggingRegressor(model, n_estimators=2, random_state=0).fit(X, y)
    members = [member.predict(X) for member in bag.estimators_]
    assert not np.array_equal(*members)
    np.testing.assert_allclose(bag.predict(X), np.mean(members, axis=0), rtol=1e-6)


# ------------------------------------------------------------------ inspection


@pytest.mark.parametrize("names", [False, True])
def test_permutation_importance_sees_what_matters(names):
    X, y = frame() if names else table(60)
    model = SoftEquivariantRidge((KEPT,), rep_in=VECTORS if names else "2*vector").fit(X, y)
    found = permutation_importance(model, X, y, n_repeats=3, random_state=0).importances_mean
    assert found.argmax() == 2  # y is x^2 + y^2 + z, of which a linear map sees z


def test_partial_dependence(model):
    X, y = frame()
    model.set_params(rep_in=VECTORS).fit(X, y)
    found = partial_dependence(model, X, ["az"], grid_resolution=5)
    assert found["average"].shape == (1, 5)
    assert found["average"][0, -1] > found["average"][0, 0]


def test_a_step_that_makes_vectors():
    """Columns may be computed in a pipeline: here positions relative to each other."""
    X, y = frame()
    relative = FunctionTransformer(
        lambda X: X.assign(**{f"d{axis}": X[f"b{axis}"] - X[f"a{axis}"] for axis in "xyz"})
    )
    rep_in = {("dx", "dy", "dz"): "vector", "*": "drop"}
    model = SoftEquivariantRidge((KEPT,), rep_in=rep_in)
    assert make_pipeline(relative, model).fit(X, y)[-1].rep_in_.dim == 3
