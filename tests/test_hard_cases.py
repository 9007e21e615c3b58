"""Data that a symmetry cannot be read from, or hardly: what a user sees (docs/hard-cases.md)."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.neighbors import KNeighborsRegressor

from sksofteq import SoftEquivariantRegressor, find_symmetries, symmetry_test

TURNS, SCALING = "SO(3)", "Scaling(3)"
NAMES = (TURNS, SCALING)
LEAVES = "moved rows leave the data, so the regressor would have to guess there"
NO_SKILL = "predictions are no better than a constant, so there is nothing to read it from"
RIGHT = {TURNS: "holds", SCALING: "broken"}


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


def neighbours(X, y, names=NAMES, rep_in="2*vector", **options):
    """`symmetry_test` of nearest neighbours, fitted to the first half of the rows."""
    half = len(X) // 2
    model = KNeighborsRegressor(min(5, half)).fit(X[:half], y[:half])
    return symmetry_test(
        model, X[half:], y[half:], names, rep_in, random_state=0, detail=True, **options
    )


def noise(seed, n=100):
    """A vector, and a target that has nothing to do with it."""
    columns = np.random.RandomState(seed).standard_normal((n, 4))
    return columns[:, :3], columns[:, 3]


def both(X, y, **options):
    """The table of `find_symmetries` and the report of a fit."""
    return found(X, y, **options), fitted(X, y, **options).symmetry_report()


def test_too_few_rows():
    for report in both(*table(9)):
        assert (report.verdict == "cannot tell").all()
        assert (report.support == 0.5).all()
        assert (report.reason == "only 9 rows to judge by").all()


def test_one_row():
    assert (found(*table(1)).reason == "only 1 row to judge by").all()
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        fitted(*table(1))


def test_few_clean_rows():
    for report in both(*table(12)):
        assert report.verdict[TURNS] == "holds"
        assert report.verdict[SCALING] != "holds"
    for report in (*both(*table(20)), *both(*table(50))):
        assert report.verdict.to_dict() == RIGHT


def test_few_noisy_rows():
    X, y = table(20)
    report = found(X, y + 3.0 * np.random.RandomState(9).standard_normal(20))
    assert report.verdict[TURNS] == "approximate"
    assert report.reason[TURNS].endswith("averaging costs nothing that 20 rows could show")
    assert report.support_high[TURNS] - report.support_low[TURNS] > 0.5


def test_few_groups_of_rows():
    for report in both(*table(), groups=np.repeat(np.arange(4), 50)):
        assert report.reason.str.startswith("only 4 groups of rows to judge by").all()
        assert (report.verdict == "cannot tell").all()
    assert "; kept, with " in report.reason[TURNS]
    assert report.strength.to_dict() == {TURNS: 3.0, SCALING: 1e-3}  # the one is clearly broken
    one = np.zeros(200)
    assert (found(*table(), groups=one).reason == "only 1 group of rows to judge by").all()
    with pytest.raises(ValueError, match="at least two groups"):
        fitted(*table(), groups=one, early_stopping=True)


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


def test_scalars_declared_as_a_vector():
    X, _ = table()
    y = np.exp(0.5 * X[:, 0]) + X[:, 1]
    for report in both(X[:, :3], y, names=(TURNS,), rep_in="vector"):
        assert report.verdict.tolist() == ["broken"]


def test_too_many_or_too_few_columns():
    with pytest.raises(ValueError, match=r"rep_in='3\*vector' has dimension 9 .* 6 features"):
        found(*table(), rep_in="3*vector")
    with pytest.raises(ValueError, match=r"rep_out='vector' has dimension 3 .* 1 output"):
        found(*table(), rep_out="vector")


def test_candidates_within_each_other():
    for report in both(*table(), names=("O(3)", "SO(3)", "SO(2)@x,y")):
        assert (report.verdict == "holds").all()
        assert report.implied.tolist() == [False, True, True]
        assert report.reason["SO(3)"] == "O(3) holds and contains it"


def test_one_candidate_twice():
    for function in (found, fitted):
        with pytest.raises(ValueError, match="'a' and 'b' are the same group"):
            function(*table(), names={"a": TURNS, "b": TURNS})


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


def test_a_constant_vector():
    X, _ = table()
    report = found(X, np.tile([1.0, 2.0, 3.0], (len(X), 1)), (TURNS,), rep_out="vector")
    assert report.verdict.tolist() == ["broken"]


def test_one_constant_output():
    X, y = table()
    for report in both(X, np.c_[y, np.full(len(X), 3.0)], rep_out="2*scalar"):
        assert report.verdict.to_dict() == RIGHT


@pytest.mark.parametrize("size", [1e3, 1e6])
def test_an_outlier_in_y(size):
    X, y = table()
    y[0] *= size
    for report in (*both(X, y), neighbours(X[::-1], y[::-1])):
        assert (report.verdict == "cannot tell").all()
        assert (report.reason == NO_SKILL).all()


def test_an_outlier_in_x():
    X, y = table()
    X[0] *= 1e6
    for report in both(X, y):
        assert report.verdict.to_dict() == RIGHT


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_missing_and_infinite_values(bad):
    X, y = table()
    for name, values in {"X": X, "y": y}.items():
        before, values[3] = values[3].copy(), bad
        for function in (found, fitted, first_column):
            with pytest.raises(ValueError, match=rf"Input {name} contains (NaN|infinity)"):
                function(X, y)
        values[3] = before


def first_column(X, y):
    return symmetry_test(lambda X: X[:, 0], X, y, NAMES, "2*vector")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_predictions_that_are_not_finite(bad):
    X, y = table()
    report = symmetry_test(lambda X: np.full(len(X), bad), X, y, NAMES, "2*vector", detail=True)
    assert (report.verdict == "cannot tell").all()
    assert (report.reason == "the errors are not finite numbers").all()


def test_predictions_of_another_shape():
    X, y = table()
    with pytest.raises(ValueError, match="predicts 2 outputs, but y has 1"):
        symmetry_test(lambda X: X[:, :2], X, y, NAMES, "2*vector")
    with pytest.raises(ValueError, match=r"for each of \d+ rows, got predictions of shape \(3,\)"):
        symmetry_test(lambda X: np.zeros(3), X, y, NAMES, "2*vector")


def test_a_candidate_on_a_space_without_columns():
    with pytest.raises(ValueError, match=r"acts on a space .* that no column uses"):
        found(*table(), names=("SO(3) on body",), rep_in="2*xyz", spaces={"xyz": 3, "body": 3})
    for function in (found, fitted):
        with pytest.raises(ValueError, match=r"'SO\(3\)' acts on a space .* that no column uses"):
            function(*table(), names=(TURNS,), rep_in="6*scalar")


def test_a_translation_without_points():
    for function in (found, fitted):
        with pytest.raises(ValueError, match="write the columns that hold positions as 'point'"):
            function(*table(), names=("Translation(3)",))
    report = neighbours(*table(), names=("Translation(3)",))
    assert report.reason.tolist() == ["it moves no column"]


def test_a_candidate_that_moves_nothing():
    for report in both(*table(), names=("Trivial(3)", TURNS)):
        assert report.verdict["Trivial(3)"] == "cannot tell"
        assert report.reason["Trivial(3)"] == "it moves no column"
        assert report.verdict[TURNS] == "holds"
    for report in both(*table(), names=("Permutation(1)",), rep_in="6*vector"):
        assert report.reason.tolist() == ["it moves no column"]


def test_rows_that_all_head_the_same_way():
    X, y = table()
    X = 0.05 * X + [3, 0, 0, 3, 0, 0]
    assert found(X, y).reason[TURNS] == LEAVES
    model = fitted(X, y)
    report = model.symmetry_report()
    assert report.verdict[TURNS] == "cannot tell"
    assert report.reason[TURNS].startswith(f"{LEAVES}; kept, with ")
    assert model.regularizer_strengths_[TURNS] == 3.0


def test_a_constant_column():
    X, _ = table()
    X[:, 2] = 1.0
    for report in both(X, (X**2).sum(axis=1), names=(TURNS, "SO(2)@x,y")):
        assert report.verdict.tolist() == ["cannot tell", "holds"]
        assert report.reason[TURNS].startswith(LEAVES)


def test_repeated_rows():
    X, y = (np.repeat(part, 10, axis=0) for part in table(20))
    for report in both(X, y):
        assert report.verdict.to_dict() == RIGHT
        assert "20 rows" in report.reason[TURNS]
    tested = neighbours(np.r_[table(200, 1)[0], X], np.r_[table(200, 1)[1], y])
    assert (tested.support_high - tested.support_low).min() > 0.5


def test_rows_that_are_all_alike():
    X, y = table()
    for report in both(np.tile(X[:1], (50, 1)), y[:50]):
        assert (report.verdict == "cannot tell").all()
    assert (found(np.tile(X[:1], (50, 1)), y[:50]).reason == "only 1 row to judge by").all()


def test_a_target_that_is_all_noise():
    options = {"names": (TURNS,), "rep_in": "vector"}
    told = [found(*noise(seed), **options).verdict[TURNS] for seed in range(40)]
    tested = [neighbours(*noise(seed), **options).reason[TURNS] for seed in range(10)]
    assert told.count("holds") <= 2
    assert told.count("cannot tell") >= 36
    assert tested.count(NO_SKILL) >= 9
    assert fitted(*noise(0), **options).symmetry_report().reason[TURNS] == NO_SKILL


def test_a_signal_in_strong_noise():
    X, _ = table(400)
    error = 2.0 * np.random.RandomState(1).standard_normal(400)  # a fifth of y is signal
    names = (TURNS, "SO(2)@x,y")
    report = found(X[:, :3], X[:, 2] + error, names, "vector")
    assert report.verdict.tolist() == ["broken", "holds"]


@pytest.mark.parametrize("unit", [1e-8, 1e8])
def test_units_do_not_matter(unit):
    X, y = table()
    for report in both(unit * X, unit * y):
        assert report.verdict.to_dict() == RIGHT
    assert found(X, y + 1e8).verdict.to_dict() == RIGHT


def test_single_precision():
    X, y = (v.astype(np.float32) for v in table())
    for report in both(X, y):
        assert report.verdict.to_dict() == RIGHT


def test_no_candidates():
    for report in (*both(*table(), names=()), neighbours(*table(), names=())):
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
