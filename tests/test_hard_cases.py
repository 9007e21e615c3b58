"""Data that a symmetry cannot be read from, or hardly: what a user sees (docs/hard-cases.md)."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from sksofteq import SoftEquivariantRegressor, find_symmetries, symmetry_test

TURNS, SCALING = "SO(3)", "Scaling(3)"
NAMES = (TURNS, SCALING)
LEAVES = "moved rows leave the data, so the regressor would have to guess there"


def table(n=200, seed=0):
    """Two vectors; the sum of their squares, so all turns hold and scaling does not."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, 6))
    return X, (X**2).sum(axis=1) + 0.1 * rng.standard_normal(n)


def found(X, y, names=NAMES, rep_in="2*vector", rep_out=None, **options):
    return find_symmetries(X, y, names, rep_in, rep_out, random_state=0, detail=True, **options)


def fitted(X, y, names=NAMES, rep_in="2*vector", groups=None, **options):
    quick = {"hidden_layer_sizes": (16,), "max_iter": 5, "random_state": 0}
    return SoftEquivariantRegressor(names, rep_in=rep_in, **(quick | options)).fit(
        X, y, groups=groups
    )


def both(X, y, **options):
    """The table of `find_symmetries` and the report of a fit."""
    return found(X, y, **options), fitted(X, y, **options).symmetry_report()


def test_too_few_rows():
    for report in both(*table(9)):
        assert (report.verdict == "cannot tell").all()
        assert (report.support == 0.5).all()
        assert (report.reason == "only 9 rows to judge by").all()


def test_few_noisy_rows_are_not_sure():
    X, y = table(20)
    report = found(X, y + 3.0 * np.random.RandomState(9).standard_normal(20))
    assert report.verdict[TURNS] == "approximate"
    assert report.reason[TURNS].endswith("averaging costs nothing that 20 rows could show")
    assert report.support_high[TURNS] - report.support_low[TURNS] > 0.5


def test_few_groups_of_rows():
    for report in both(*table(), groups=np.repeat(np.arange(4), 50)):
        assert (report.reason == "only 4 groups of rows to judge by").all()
        assert (report.verdict == "cannot tell").all()


def test_columns_in_the_wrong_order():
    X, _ = table()
    y = X[:, 0] * X[:, 4] - X[:, 1] * X[:, 3]  # of x cross y, which turns about z leave alone
    turns = ("SO(2)@x,y",)
    assert found(X, y, turns).verdict.tolist() == ["holds"]
    shuffled = found(X[:, [0, 3, 1, 4, 2, 5]], y, turns)
    assert shuffled.verdict.tolist() == ["broken"]


def test_a_vector_declared_as_scalars():
    X, _ = table()
    y = np.cross(X[:, :3], X[:, 3:])
    assert found(X, y, (TURNS,), rep_out="vector").verdict.tolist() == ["holds"]
    assert found(X, y, (TURNS,), rep_out="3*scalar").verdict.tolist() == ["broken"]


def test_candidates_within_each_other():
    for report in both(*table(), names=("O(3)", "SO(3)", "SO(2)@x,y")):
        assert (report.verdict == "holds").all()
        assert report.implied.tolist() == [False, True, True]
        assert report.reason["SO(3)"] == "O(3) holds and contains it"


def test_one_candidate_twice():
    with pytest.raises(ValueError, match="'a' and 'b' are the same group"):
        found(*table(), names={"a": TURNS, "b": TURNS})


def test_all_broken():
    X, _ = table()
    y = X @ np.arange(1.0, 7.0) + X[:, 0] ** 2
    for report in both(X, y):
        assert (report.verdict == "broken").all()
        assert report.reason.str.contains("of y's deviation").all()
    model = fitted(X, y)
    assert max(model.regularizer_strengths_.values()) <= 1e-3
    assert model.pilots_.query("chosen").moved_by.tolist() == [()]


def test_a_constant_target():
    X, _ = table()
    report = found(X, np.full(len(X), 7.0))
    assert (report.verdict == "cannot tell").all()
    assert report.reason[TURNS] == "predictions obey it exactly, so errors say nothing"
    with pytest.warns(UserWarning, match="y is constant"):
        model = fitted(X, np.full(len(X), 7.0))
    assert (model.symmetry_report().verdict == "cannot tell").all()
    np.testing.assert_allclose(model.predict(X), 7.0)


def test_one_constant_output():
    X, y = table()
    assert found(X, np.c_[y, np.full(len(X), 3.0)], (TURNS,), rep_out="2*scalar").verdict[
        TURNS
    ] == ("holds")


def test_an_outlier_in_y():
    X, y = table()
    y[0] = 1e6
    report = found(X, y)
    assert report.verdict[TURNS] != "broken"
    assert report.verdict[SCALING] != "holds"
    assert np.isfinite(report[["z", "delta", "support"]]).all(axis=None)


def test_an_outlier_in_x():
    X, y = table()
    X[0] *= 1e4
    assert found(X, y).verdict.to_dict() == {TURNS: "holds", SCALING: "broken"}


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_missing_and_infinite_values(bad):
    X, y = table()
    y[3] = bad
    with pytest.raises(ValueError, match=r"Input y contains (NaN|infinity)"):
        found(X, y)
    with pytest.raises(ValueError, match=r"Input y contains (NaN|infinity)"):
        fitted(X, y)


def test_a_candidate_on_a_space_without_columns():
    with pytest.raises(ValueError, match=r"acts on a space .* that no column uses"):
        found(*table(), names=("SO(3) on body",), rep_in="2*xyz", spaces={"xyz": 3, "body": 3})


def test_a_candidate_that_moves_nothing():
    for report in both(*table(), names=("Trivial(3)", TURNS)):
        assert report.verdict["Trivial(3)"] == "cannot tell"
        assert report.reason["Trivial(3)"] == "it moves no column"
        assert report.verdict[TURNS] == "holds"


def test_rows_that_all_head_the_same_way():
    X, y = table()
    X = 0.05 * X + [3, 0, 0, 3, 0, 0]
    assert found(X, y).reason[TURNS] == LEAVES
    model = fitted(X, y)
    report = model.symmetry_report()
    assert report.verdict[TURNS] == "cannot tell"
    assert report.reason[TURNS].startswith(f"{LEAVES}; kept, with ")
    assert model.regularizer_strengths_[TURNS] == 3.0


def test_repeated_rows_say_no_more():
    X, y = table(20)
    report = found(np.repeat(X, 10, axis=0), np.repeat(y, 10))
    assert report.verdict[TURNS] == "cannot tell"
    grouped = found(
        np.repeat(X, 10, axis=0), np.repeat(y, 10), groups=np.repeat(np.arange(20), 10)
    )
    assert grouped.verdict[TURNS] != "holds"


def test_a_target_that_is_all_noise_is_not_broken():
    said = [
        found(
            np.random.RandomState(seed).standard_normal((60, 3)),
            np.random.RandomState(1000 + seed).standard_normal(60),
            (TURNS,),
            "vector",
        ).verdict[TURNS]
        for seed in range(20)
    ]
    assert said.count("broken") <= 2
    assert said.count("approximate") >= 12


@pytest.mark.parametrize("unit", [1e-8, 1e8])
def test_units_do_not_matter(unit):
    X, y = table()
    assert found(unit * X, unit * y).verdict.to_dict() == {TURNS: "holds", SCALING: "broken"}


def test_single_precision():
    X, y = (v.astype(np.float32) for v in table())
    for report in both(X, y):
        assert report.verdict.to_dict() == {TURNS: "holds", SCALING: "broken"}


def test_no_candidates():
    report = fitted(*table(), names=()).symmetry_report()
    assert report.empty
    assert list(report)[-1] == "reason"


def test_a_regressor_that_sees_no_small_break():
    X, y = table(600)
    y = y + 0.5 * X[:, 2]  # a fiftieth of the variance
    forest = RandomForestRegressor(random_state=0).fit(X[:400], y[:400])
    options = {"rep_in": "2*vector", "random_state": 0}
    seen = symmetry_test(forest, X[400:], y[400:], (TURNS,), **options)
    assert seen.verdict[TURNS] == "holds"
    report = found(X, y, (TURNS,))
    assert report.verdict[TURNS] == "approximate"
    assert "small, but beyond chance" in report.reason[TURNS]
