"""DataFrames: columns by name, those left out, and what every estimator says of wrong ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contract_kit import CANDIDATES, ESTIMATORS, assert_same_fit, table
from sklearn.base import clone
from sklearn.linear_model import Ridge

from sksofteq import (
    EquivariantScaler,
    SoftEquivariantRidge,
    equivariance_error,
    find_symmetries,
    symmetry_test,
)

NAMES = ["ax", "ay", "az", "bx", "by", "bz"]
VECTORS = {("ax", "ay", "az"): "vector", ("bx", "by", "bz"): "vector"}
KEPT_ONLY = {**VECTORS, "*": "drop"}


@pytest.fixture(params=list(ESTIMATORS.values()), ids=list(ESTIMATORS))
def make(request):
    return request.param


def frame(n=60) -> tuple[pd.DataFrame, np.ndarray]:
    """Two vectors, their columns shuffled, among them a name and a time with gaps."""
    X, y = table(n)
    rows = pd.DataFrame(X, columns=NAMES)[["bz", "ax", "by", "az", "bx", "ay"]]
    rows.insert(2, "person", ["ann", "bob", None] * (n // 3))
    rows["when"] = pd.date_range("2020-01-01", periods=n).where(np.arange(n) % 2 == 0)
    return rows, y


# ------------------------------------------------------------------ columns that nothing names


def test_columns_left_out_change_nothing(make):
    X, y = frame()
    model = make(rep_in=KEPT_ONLY).fit(X, y)
    plain = make(rep_in="vector + vector").fit(*table())
    assert_same_fit(model, plain)
    np.testing.assert_array_equal(model.predict(X), plain.predict(table()[0]))
    assert list(model.feature_names_in_) == list(X)


def test_columns_left_out_are_not_read_at_predict(make):
    X, y = frame()
    model = make(rep_in=KEPT_ONLY).fit(X, y)
    other = X.assign(person=7.0, when="never")
    np.testing.assert_array_equal(model.predict(other), model.predict(X))


def test_columns_left_out_are_still_expected_at_predict(make):
    X, y = frame()
    with pytest.raises(ValueError, match=r"feature names.*(\n.*)*person"):
        make(rep_in=KEPT_ONLY).fit(X, y).predict(X.drop(columns="person"))


def test_columns_not_named_otherwise_can_be_kept(make):
    X, y = frame()
    X = X.drop(columns="when").assign(person=np.arange(60.0))
    named = make(rep_in={**VECTORS, "person": "scalar"}).fit(X, y)
    others = make(rep_in={**VECTORS, "*": "scalar"}).fit(X, y)
    assert_same_fit(others, named)


def test_columns_without_a_meaning_are_named_with_the_choice(make):
    X, y = frame()
    with pytest.raises(ValueError, match=r"\['person', 'when'\].*'\*': 'scalar'.*'\*': 'drop'"):
        make(rep_in=VECTORS).fit(X.assign(person=1.0, when=1.0), y)


def test_leaving_out_works_without_candidates(make):
    X, y = frame()
    model = make(rep_in=KEPT_ONLY).set_params(symmetries=None).fit(X, y)
    assert np.isfinite(model.predict(X)).all()


def test_columns_of_y_cannot_be_left_out(make):
    X, y = frame()
    targets = pd.DataFrame({"height": y, "noise": y})
    with pytest.raises(ValueError, match="leaves out columns, but a regressor predicts all"):
        make(rep_in=KEPT_ONLY, rep_out={"height": "scalar", "*": "drop"}).fit(X, targets)


def test_left_out_columns_have_no_coefficient():
    X, y = frame()
    model = SoftEquivariantRidge(CANDIDATES, rep_in=KEPT_ONLY).fit(X, y)
    assert model.coef_.shape == (1, 8)
    np.testing.assert_array_equal(model.coef_[:, [2, 7]], 0.0)
    values = X.drop(columns=["person", "when"]).to_numpy()
    kept = np.delete(model.coef_, [2, 7], axis=1)
    np.testing.assert_allclose(values @ kept[0] + model.intercept_, model.predict(X))


def test_a_warm_start_leaves_out_the_same_columns():
    X, y = frame()
    model = ESTIMATORS["soft, fixed"](rep_in=KEPT_ONLY, warm_start=True).fit(X, y)
    assert np.isfinite(model.fit(X, y).predict(X)).all()


# ------------------------------------------------------------------ metrics and the scaler


def test_metrics_hand_left_out_columns_to_the_model_as_they_are():
    X, y = frame()
    seen = []

    def predict(rows):
        seen.append(rows)
        return rows["ax"].to_numpy()

    assert equivariance_error(predict, X, "O(2)@x,y", KEPT_ONLY, random_state=0) > 0.1
    symmetry_test(predict, X, y, CANDIDATES, KEPT_ONLY, random_state=0)
    for rows in seen:
        copies = len(rows) // len(X)
        assert rows["person"].tolist() == X["person"].tolist() * copies
        assert list(rows) == list(X)


def test_a_fitted_model_is_tested_with_its_own_mapping():
    X, y = frame()
    model = ESTIMATORS["ridge"](rep_in=KEPT_ONLY).fit(X, y)
    plain = ESTIMATORS["ridge"]().fit(*table())
    pd.testing.assert_frame_equal(
        symmetry_test(model, X, y, CANDIDATES, KEPT_ONLY, random_state=0),
        symmetry_test(plain, *table(), CANDIDATES, "2*vector", random_state=0),
    )


def test_symmetries_are_found_without_the_left_out_columns():
    X, y = frame()
    pd.testing.assert_frame_equal(
        find_symmetries(X, y, CANDIDATES, KEPT_ONLY, random_state=0),
        find_symmetries(*table(), CANDIDATES, "2*vector", random_state=0),
    )


def test_a_scaler_returns_all_columns_so_leaves_none_out():
    X = frame()[0].drop(columns=["person", "when"])
    rep = {("ax", "ay", "az"): "vector", "*": "drop"}
    with pytest.raises(ValueError, match="a scaler returns all of them"):
        EquivariantScaler(CANDIDATES, rep).fit(X)
    rep["*"] = "scalar"
    assert EquivariantScaler(CANDIDATES, rep).fit_transform(X).shape == (60, 6)


# ------------------------------------------------------------------ what the columns hold


def test_columns_that_are_no_numbers_are_named(make):
    X, y = frame()
    with pytest.raises(ValueError, match=r"X must hold .*'person' .*'when' .*'person': 'drop'"):
        make(rep_in={**VECTORS, "*": "scalar"}).fit(X, y)


def test_wrong_columns_at_predict_are_named(make):
    X, y = frame()
    model = make(rep_in=KEPT_ONLY).fit(X, y)
    with pytest.raises(ValueError, match=r"missing values in the columns \['ax'\]"):
        model.predict(X.assign(ax=pd.array([None, *range(59)], dtype="Int64")))


def test_nullable_columns_without_gaps_are_numbers(make):
    X, y = frame()
    whole = X.assign(**{name: (9 * X[name]).round() for name in NAMES})
    model = make(rep_in=KEPT_ONLY)
    nullable = whole.astype(dict.fromkeys(NAMES, "Int64"))
    np.testing.assert_array_equal(
        clone(model).fit(nullable, y).predict(nullable), model.fit(whole, y).predict(whole)
    )


def test_metrics_name_wrong_columns():
    X, y = frame()
    everything = {**VECTORS, "*": "scalar"}
    with pytest.raises(ValueError, match=r"X must hold numbers.*'person'"):
        find_symmetries(X, y, CANDIDATES, everything)
    with pytest.raises(ValueError, match=r"y must hold numbers.*'side'"):
        symmetry_test(Ridge(), X, pd.Series(["a"] * 60, name="side"), CANDIDATES, KEPT_ONLY)


def test_a_scaler_names_wrong_columns():
    with pytest.raises(ValueError, match=r"X must hold numbers.*'person'.*OneHotEncoder"):
        EquivariantScaler().fit(frame()[0])


# ------------------------------------------------------------------ names


def test_names_that_are_no_strings_are_checked_too(make):
    X, y = table()
    model = make(rep_in={(0, 1, 2): "vector", (3, 4, 5): "vector"}).fit(pd.DataFrame(X), y)
    assert np.isfinite(model.predict(pd.DataFrame(X))).all()
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(pd.DataFrame(X)[[5, 4, 3, 2, 1, 0]])


def test_targets_by_name_in_any_order(make):
    X, _ = table()
    targets = pd.DataFrame(X[:, :4] ** 2, columns=["u", "v", "w", "mass"])
    model = make(rep_out={"*": "scalar", ("u", "v", "w"): "vector"})
    predicted = model.fit(X, targets).predict(X)
    assert isinstance(predicted, np.ndarray)
    assert str(model.rep_out_) == "scalar + vector"
    shuffled = clone(model).fit(X, targets[["w", "mass", "v", "u"]]).predict(X)
    np.testing.assert_array_equal(shuffled, predicted[:, [2, 3, 1, 0]])


def test_unknown_targets_are_named(make):
    X, y = table()
    targets = pd.DataFrame({"u": y, "v": y})
    with pytest.raises(ValueError, match="rep_out names the column 'q', which y does not have"):
        make(rep_out={"u": "scalar", "q": "scalar"}).fit(X, targets)
    with pytest.raises(ValueError, match=r"rep_out gives no meaning to the columns \['v'\]"):
        make(rep_out={"u": "scalar"}).fit(X, targets)


def test_a_series_has_a_name_as_well(make):
    X, y = table()
    model = make(rep_out={"height": "scalar"}).fit(X, pd.Series(y, name="height"))
    assert model.predict(X).shape == (60,)
