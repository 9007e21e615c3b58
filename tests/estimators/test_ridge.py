"""Soft equivariant ridge regression, as a user meets it."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_estimator,
    check_param_validation,
    parametrize_with_checks,
)

from sksofteq import SoftEquivariantRidge, equivariance_error
from sksofteq.metrics import REPORT_COLUMNS

BODY = {"joint": 4, "xyz": 3}
TURN = np.array([[2.0, -1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 5.0]])
KEPT, BROKEN = "SO(2)@x,y", "SO(2)@y,z"
VECTORS = {"rep_in": "2*vector", "rep_out": "vector", "random_state": 0}


def table(n=80, noise=0.3, seed=0):
    """Two vectors to one; turns in the x-y plane hold, those in the y-z plane do not."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, 6))
    return X, X[:, :3] @ TURN.T + X[:, 3:] + noise * rng.standard_normal((n, 3))


def random_table(n, n_features, n_outputs, seed=0):
    """Nothing holds, and everything varies."""
    rng = np.random.RandomState(seed)
    X = 1.0 + rng.standard_normal((n, n_features)) * rng.uniform(0.5, 2.0, n_features)
    y = X @ rng.standard_normal((n_features, n_outputs)) + rng.standard_normal(n_outputs)
    return X, y + 0.1 * np.abs(X[:, :1]) ** 1.5


# ------------------------------------------------------------------ scikit-learn


@parametrize_with_checks([SoftEquivariantRidge(), SoftEquivariantRidge(criterion="loo", degree=2)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_defaults_pass_with_nothing_failed():
    results = check_estimator(SoftEquivariantRidge(), on_fail=None, on_skip=None)
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []


def test_checks_outside_the_battery():
    check_param_validation("SoftEquivariantRidge", SoftEquivariantRidge())
    check_dataframe_column_names_consistency("SoftEquivariantRidge", SoftEquivariantRidge())


def test_clone_and_pickle():
    X, y = table()
    model = SoftEquivariantRidge((KEPT, "Translation(3)"), **VECTORS | {"rep_in": "2*point"})
    model.fit(X, y)
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    assert clone(model).get_params() == model.get_params()
    again = clone(model).fit(X, y)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    pd.testing.assert_frame_equal(again.symmetry_report(), model.symmetry_report())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_keep_dtype_and_shape(dtype):
    X, y = table()
    X, y = X.astype(dtype), y.astype(dtype)
    predicted = SoftEquivariantRidge((KEPT,), **VECTORS).fit(X, y).predict(X)
    assert predicted.dtype == dtype
    assert predicted.shape == y.shape
    assert SoftEquivariantRidge().fit(X, y[:, 0]).predict(X).shape == (80,)


# ------------------------------------------------------------------ plain ridge


@pytest.mark.parametrize("shape", [(40, 5), (10, 20), (8, 1)])
def test_without_candidates_it_is_ridge_on_standardised_columns(shape):
    X, y = random_table(*shape, 2)
    X = np.hstack([X, np.full((len(X), 1), 3.0)])
    model = SoftEquivariantRidge(alpha=2.0).fit(X, y)
    scaler = StandardScaler().fit(X)
    ridge = Ridge(alpha=2.0).fit(scaler.transform(X), y)
    np.testing.assert_allclose(model.predict(X), ridge.predict(scaler.transform(X)), rtol=1e-6)
    np.testing.assert_allclose(X @ model.coef_.T + model.intercept_, model.predict(X))
    assert model.regularizer_strengths_ == {}
    assert list(model.symmetry_report().columns) == REPORT_COLUMNS


def test_strengths_of_zero_are_plain_ridge():
    X, y = table()
    X -= X.mean(axis=0)
    free = SoftEquivariantRidge((KEPT, BROKEN), strengths=0, alpha=1e-6, **VECTORS).fit(X, y)
    ridge = Ridge(alpha=1e-6).fit(X, y)
    np.testing.assert_allclose(free.predict(X), ridge.predict(X), atol=1e-5)
    assert free.regularizer_strengths_ == {KEPT: 0.0, BROKEN: 0.0}


def test_constant_y_is_learned():
    X, y = random_table(20, 3, 2)
    with pytest.warns(UserWarning, match="y is constant"):
        model = SoftEquivariantRidge().fit(X, np.full(20, 7.0))
    np.testing.assert_allclose(model.predict(X), 7.0)
    y[:, 1] = -3.0
    np.testing.assert_allclose(SoftEquivariantRidge().fit(X, y).predict(X)[:, 1], -3.0)


def test_noise_variance_is_in_units_of_y():
    X, y = table(2000, noise=0.3)
    model = SoftEquivariantRidge((KEPT,), **VECTORS)
    np.testing.assert_allclose(model.fit(X, y).noise_variance_, [0.09] * 3, rtol=0.1)
    np.testing.assert_allclose(model.fit(X, 10 * y).noise_variance_, [9.0] * 3, rtol=0.1)


# ------------------------------------------------------------------ hard candidates


HARD = {
    "SO(3)": (("SO(3)",), "scalar + 3*vector", "vector + tensor(2)", None),
    "O(2)@x,y": (("O(2)@x,y",), "scalar + 3*vector", "vector + scalar", None),
    "two": (("O(2)@x,y", "Reflection(3)"), "2*vector + tensor(2)", "vector", None),
    "turns": (("SO(2)@x,z on xyz",), "joint + 2*joint*xyz", "joint*xyz", BODY),
    "permutations": (("Permutation(4) on joint",), "joint*xyz + 2*joint", "joint*xyz", BODY),
    "mirror and exchange": (
        ("Reflection(3) on xyz & Permutation(2)@0,1 in R^4 on joint",),
        "joint*xyz",
        "joint*xyz",
        BODY,
    ),
    "Translation": (("Translation(3)",), "4*point + vector", "point", None),
    "SE": (("SE(3)",), "4*point + scalar", "point + vector", None),
    "Scaling": (("Scaling(3)",), "3*vector + scalar", "vector + scalar", None),
}
COLUMNS = {"scalar": 1, "vector": 3, "point": 3, "tensor(2)": 9, "joint": 4, "joint*xyz": 12}


def width(rep):
    total = 0
    for term in rep.split(" + "):
        count, _, kind = term.partition("*") if term[0].isdigit() else ("1", "", term)
        total += int(count) * COLUMNS[kind]
    return total


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("name", HARD)
def test_hard_candidates_are_exactly_equivariant(name, degree):
    symmetries, rep_in, rep_out, spaces = HARD[name]
    if degree == 2 and spaces:
        symmetries = symmetries[:1]
    X, y = random_table(50, width(rep_in), width(rep_out))
    model = SoftEquivariantRidge(
        symmetries,
        rep_in=rep_in,
        rep_out=rep_out,
        spaces=spaces,
        strengths=np.inf,
        degree=degree,
        random_state=0,
    ).fit(X, y)
    for symmetry in symmetries:
        error = equivariance_error(
            model, X, symmetry, rep_in, rep_out, spaces=spaces, random_state=1
        )
        assert error < 1e-8
    assert model.predict(X).std(axis=0).max() > 1e-2
    report = model.symmetry_report()
    assert (report.strength == np.inf).all()
    assert (report.residual < 1e-15).all()


@pytest.mark.parametrize("name", ["SO(3)", "turns", "SE", "Scaling"])
def test_strong_is_nearly_hard(name):
    symmetries, rep_in, rep_out, spaces = HARD[name]
    X, y = random_table(50, width(rep_in), width(rep_out))
    hard, strong = (
        SoftEquivariantRidge(
            symmetries,
            rep_in=rep_in,
            rep_out=rep_out,
            spaces=spaces,
            strengths=strengths,
            alpha=1.0,
            random_state=0,
        )
        .fit(X, y)
        .predict(X)
        for strengths in (np.inf, 1e8)
    )
    np.testing.assert_allclose(strong, hard, atol=1e-4)


def test_a_frame_has_no_coefficients():
    X, y = random_table(30, 6, 3)
    parameters = {"rep_in": "2*point", "rep_out": "point"}
    model = SoftEquivariantRidge((KEPT,), **parameters).fit(X, y)
    assert model.coef_.shape == (3, 6)
    model.set_params(symmetries=("Translation(3)",)).fit(X, y)
    assert not hasattr(model, "coef_")
    assert not hasattr(model, "intercept_")


# ------------------------------------------------------------------ chosen strengths


@pytest.mark.parametrize("criterion", ["evidence", "loo"])
@pytest.mark.parametrize("seed", range(3))
def test_the_candidate_that_holds_gets_the_strength(criterion, seed):
    X, y = table(60, noise=1.0, seed=seed)
    model = SoftEquivariantRidge((KEPT, BROKEN), criterion=criterion, **VECTORS).fit(X, y)
    strengths, report = model.regularizer_strengths_, model.symmetry_report()
    assert strengths[KEPT] > 20 * strengths[BROKEN]
    assert report.verdict[BROKEN] == "broken"
    assert report.verdict[KEPT] in ("holds", "approximate")
    assert report.residual[KEPT] < report.residual[BROKEN]
    assert report.equivariance_error[KEPT] < report.equivariance_error[BROKEN]
    X_test, y_test = table(2000, noise=0.0, seed=100 + seed)
    free = SoftEquivariantRidge().fit(X, y)
    assert np.mean((model.predict(X_test) - y_test) ** 2) < 1.1 * np.mean(
        (free.predict(X_test) - y_test) ** 2
    )


@pytest.mark.parametrize("scale", [1e-2, 1e2])
def test_units_do_not_matter(scale):
    X, y = table(60)
    base = SoftEquivariantRidge((KEPT, BROKEN), **VECTORS).fit(X, y)
    for X_unit, y_unit in ((1.0, scale), (scale, 1.0)):
        other = clone(base).fit(X * X_unit, y * y_unit)
        for label, strength in base.regularizer_strengths_.items():
            assert other.regularizer_strengths_[label] == pytest.approx(strength, rel=1e-3)
        assert other.log_evidence_ == pytest.approx(base.log_evidence_)
        np.testing.assert_allclose(
            other.predict(X * X_unit), y_unit * base.predict(X), rtol=1e-4, atol=1e-4 * y_unit
        )


def test_fixed_strengths_and_alpha_are_used():
    X, y = table()
    given = {KEPT: np.inf, BROKEN: 3.0}
    model = SoftEquivariantRidge((KEPT, BROKEN), strengths=given, alpha=2.0, **VECTORS).fit(X, y)
    assert model.regularizer_strengths_ == given
    assert (model.alpha_ == 2.0).all()


def test_groups_are_left_out_together():
    rng = np.random.RandomState(0)
    trials = np.repeat(np.arange(10), 12)
    X = np.repeat(rng.standard_normal((10, 30)), 12, axis=0)
    X += 0.02 * rng.standard_normal(X.shape)
    y = X[:, 0] + np.repeat(rng.standard_normal(10), 12)  # noise by trial
    alone = SoftEquivariantRidge(criterion="loo").fit(X, y)
    together = SoftEquivariantRidge(criterion="loo").fit(X, y, groups=trials)
    assert (together.alpha_ > 10 * alone.alpha_).all()
    automatic = SoftEquivariantRidge().fit(X, y, groups=trials)
    assert automatic.alpha_ == pytest.approx(together.alpha_)
    by_evidence = SoftEquivariantRidge(criterion="evidence")
    assert SoftEquivariantRidge().fit(X, y).alpha_ == pytest.approx(by_evidence.fit(X, y).alpha_)


def test_untestable_candidates():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((200, 6)) * [1, 0.01, 1, 1, 0.01, 1]  # turned, they would leave
    y = X[:, :3] + 0.1 * rng.standard_normal((200, 3))
    kept = SoftEquivariantRidge((KEPT,), **VECTORS).fit(X, y)
    assert kept.symmetry_report().verdict[KEPT] == "cannot tell"
    assert kept.symmetry_report().support[KEPT] == 0.5
    assert kept.regularizer_strengths_[KEPT] > 0
    dropped = SoftEquivariantRidge((KEPT,), untestable="drop", **VECTORS).fit(X, y)
    assert dropped.regularizer_strengths_ == {KEPT: 0.0}
    fixed = SoftEquivariantRidge((KEPT,), strengths=2.0, untestable="drop", **VECTORS).fit(X, y)
    assert fixed.regularizer_strengths_ == {KEPT: 2.0}


@pytest.mark.parametrize("criterion", ["evidence", "loo"])
def test_weights_count_as_rows(criterion):
    X, y = table(30)
    weight = np.random.RandomState(0).randint(0, 4, 30)
    weighted = SoftEquivariantRidge((KEPT,), criterion=criterion, **VECTORS)
    repeated = clone(weighted).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight, axis=0))
    weighted.fit(X, y, sample_weight=weight)
    assert weighted.log_evidence_ == pytest.approx(repeated.log_evidence_, rel=1e-5)
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), atol=1e-4)


# ------------------------------------------------------------------ degree two


def test_degree_two_reads_lengths_and_products():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((200, 7))
    first, second = X[:, 1:4], X[:, 4:]
    y = np.c_[(first**2).sum(axis=1), np.cross(first, second) + X[:, :1] * first]
    model = SoftEquivariantRidge(
        ("SO(3)",), rep_in="scalar + 2*vector", rep_out="scalar + vector", degree=2, random_state=0
    ).fit(X[:150], y[:150])
    assert model.score(X[150:], y[150:]) > 0.9999
    assert model.regularizer_strengths_["SO(3)"] > 150
    assert not hasattr(model, "coef_")


def test_degree_two_of_named_spaces():
    X, y = random_table(30, 12, 4)
    model = SoftEquivariantRidge(
        ("SO(3) on xyz",), rep_in="joint*xyz", rep_out="joint", spaces=BODY, degree=2
    )
    assert model.fit(X, y).predict(X).shape == (30, 4)


def test_too_many_products():
    X, y = random_table(5, 130, 1)
    with pytest.raises(ValueError, match=r"8645 features.* beyond the limit of 8000.*degree=1"):
        SoftEquivariantRidge(degree=2).fit(X, y[:, 0])


# ------------------------------------------------------------------ tables and errors


def test_columns_of_a_data_frame_by_name():
    X, y = table()
    names = ["ax", "bx", "ay", "by", "az", "bz"]
    frame = pd.DataFrame(X[:, [0, 3, 1, 4, 2, 5]], columns=names)
    outputs = pd.DataFrame(y[:, [2, 0, 1]], columns=["z", "x", "y"])
    model = SoftEquivariantRidge(
        (KEPT, BROKEN),
        rep_in={("ax", "ay", "az"): "vector", ("bx", "by", "bz"): "vector"},
        rep_out={("x", "y", "z"): "vector"},
        random_state=0,
    ).fit(frame, outputs)
    plain = SoftEquivariantRidge((KEPT, BROKEN), **VECTORS).fit(X, y)
    predicted = model.predict(frame)
    np.testing.assert_allclose(predicted, plain.predict(X)[:, [2, 0, 1]], atol=1e-6)
    np.testing.assert_allclose(frame.to_numpy() @ model.coef_.T + model.intercept_, predicted)
    np.testing.assert_allclose(model.noise_variance_, plain.noise_variance_[[2, 0, 1]])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"strengths": {KEPT: 1.0}}, "strengths must name every candidate"),
        ({"strengths": {KEPT: -1.0, BROKEN: 1.0}}, "must be a number >= 0"),
        ({"strengths": -1.0}, "strengths"),
        ({"alpha": -1.0}, "alpha"),
        ({"criterion": "aic"}, "criterion"),
        ({"degree": 3}, "degree"),
        ({"untestable": "ask"}, "untestable"),
        ({"rep_in": None}, "needs rep_in"),
        ({"rep_in": "vector"}, "dimension 3"),
    ],
)
def test_errors_of_use(parameters, message):
    with pytest.raises(ValueError, match=message):
        SoftEquivariantRidge((KEPT, BROKEN), **VECTORS | parameters).fit(*table())


def test_one_group_cannot_be_left_out():
    X, y = table()
    with pytest.raises(ValueError, match="at least two groups"):
        SoftEquivariantRidge(criterion="loo").fit(X, y, groups=np.zeros(80))
    with pytest.raises(ValueError, match="one value per row"):
        SoftEquivariantRidge().fit(X, y, groups=np.zeros(3))


def test_a_failed_fit_leaves_the_last_one():
    X, y = table()
    model = SoftEquivariantRidge((KEPT,), **VECTORS).fit(X, y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(X * np.nan, y)
    np.testing.assert_array_equal(model.predict(X), before)
