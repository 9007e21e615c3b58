"""Equivariance errors and symmetry tests of any regressor."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksofteq import equivariance_error, symmetry_test
from sksofteq.groups import SO
from sksofteq.metrics import CRITICAL_Z, mean_equivariance_error
from sksofteq.reps import Scalar, Vector

BODY = {"joint": 4, "xyz": 3}
COLUMNS = ["delta", "standard_error", "z", "support", "verdict"]


def rows(n=40, dim=3, seed=0):
    """Standard normal rows."""
    return np.random.default_rng(seed).standard_normal((n, dim))


def length(X):
    """Length of the row."""
    return np.linalg.norm(X, axis=1)


def height(X):
    """Third column."""
    return np.asarray(X)[:, 2]


def cross(X):
    """Cross product of two vectors."""
    return np.cross(X[:, :3], X[:, 3:])


def square(X):
    """Outer product of a vector with itself."""
    return np.einsum("ni,nj->nij", X, X).reshape(len(X), -1)


def interval(X):
    """The form that Lorentz transformations keep."""
    return X**2 @ np.array([1.0, -1.0, -1.0, -1.0])


def joint_lengths(X):
    """Length of the vector of each of four joints."""
    return np.linalg.norm(X.reshape(-1, 4, 3), axis=2)


# (predictor, columns, candidate, rep_in, rep_out, spaces)
EXACT = [
    (length, 3, "SO(3)", "vector", None, None),
    (length, 3, "O(2)@x,y", "vector", "scalar", None),
    (height, 3, "O(2)@x,y", "vector", None, None),
    (cross, 6, "SO(3)", "2*vector", "vector", None),
    (square, 3, "O(3)", "vector", "tensor(2)", None),
    (square, 3, "GL(3)", "vector", "tensor(2)", None),
    (square, 3, "Scaling(3)", "vector", "tensor(2)", None),
    (interval, 4, "SO(1,3)", "vector", None, None),
    (lambda X: np.sort(X, axis=1), 4, "Permutation(4)", "vector", "4*scalar", None),
    (lambda X: X - X.mean(axis=1, keepdims=True), 4, "Cyclic(4)", "vector", "vector", None),
    (lambda X: (X[:, :3] + X[:, 3:]) / 2, 6, "E(3)", "2*point", "point", None),
    (lambda X: X[:, :3] - X[:, 3:], 6, "SE(3)", "2*point", "vector", None),
    (joint_lengths, 12, "SO(3) on xyz", "joint*xyz", "joint", BODY),
    (joint_lengths, 12, "Permutation(4) on joint", "joint*xyz", "joint", BODY),
]
# The same predictors and candidates that they break.
BROKEN = [
    (height, 3, "SO(3)", "vector", None, None),
    (length, 3, "Scaling(3)", "vector", None, None),
    (cross, 6, "O(3)", "2*vector", "vector", None),
    (cross, 6, "SO(3)", "2*vector", "3*scalar", None),
    (interval, 4, "SO(4)", "vector", None, None),
    (length, 3, "Translation(3)", "point", None, None),
    (lambda X: X[:, :3] - X[:, 3:], 6, "SE(3)", "2*point", "point", None),
    (joint_lengths, 12, "Permutation(4) on joint", "joint*xyz", "4*scalar", BODY),
]


# ------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("relative_to", ["norm", "deviation"])
@pytest.mark.parametrize(("predict", "dim", "group", "rep_in", "rep_out", "spaces"), EXACT)
def test_exactly_equivariant_predictor_has_no_error(
    predict, dim, group, rep_in, rep_out, spaces, relative_to
):
    error = equivariance_error(
        predict,
        rows(dim=dim),
        group,
        rep_in,
        rep_out,
        spaces=spaces,
        relative_to=relative_to,
        random_state=0,
    )
    assert error < 1e-10


@pytest.mark.parametrize(("predict", "dim", "group", "rep_in", "rep_out", "spaces"), BROKEN)
def test_predictor_that_breaks_the_symmetry_has_an_error(
    predict, dim, group, rep_in, rep_out, spaces
):
    error = equivariance_error(
        predict, rows(dim=dim), group, rep_in, rep_out, spaces=spaces, random_state=0
    )
    assert 0.05 < error <= 1


@given(
    weights=arrays(float, (3, 3), elements=st.floats(-1e3, 1e3)),
    offset=arrays(float, 3, elements=st.floats(-1e3, 1e3)),
    group=st.sampled_from(["SO(3)", "GL(3)", "Permutation(3)", "Scaling(3)"]),
    rep_out=st.sampled_from(["vector", "3*scalar", "tensor(0,1)"]),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_error_lies_between_zero_and_one(weights, offset, group, rep_out):
    error = equivariance_error(
        lambda X: X @ weights + offset, rows(8), group, "vector", rep_out, random_state=0
    )
    assert 0 <= error <= 1 + 1e-12


def test_opposite_predictions_have_error_one():
    error = mean_equivariance_error(
        lambda X: X[:, :1], rows(), [{None: -np.eye(3)}], Vector.bind(3), Scalar.bind(3)
    )
    assert error == pytest.approx(1.0)


def test_error_is_the_mean_over_rows_and_elements():
    f = lambda X: X[:, :1] + 2.0  # noqa: E731
    X, elements = rows(5), [{None: np.diag(d)} for d in ([-1.0, 1, 1], [0.5, 2, 1])]
    ratios = []
    for g in elements:
        moved, rest = f(X @ g[None].T), f(X)
        ratios.append(np.abs(moved - rest) / (np.abs(moved) + np.abs(rest)))
    error = mean_equivariance_error(f, X, elements, Vector.bind(3), Scalar.bind(3))
    assert error == pytest.approx(np.mean(ratios))


def test_no_prediction_at_all_is_equivariant():
    error = equivariance_error(
        lambda X: 0 * X, rows(), "GL(3)", "vector", "vector", random_state=0
    )
    assert error == 0.0


def test_large_constant_hides_from_the_norm_but_not_from_the_deviation():
    def predict(X):
        return 1e6 + X[:, 0]

    norm, deviation = (
        equivariance_error(
            predict, rows(200), "SO(3)", "vector", relative_to=relative_to, random_state=0
        )
        for relative_to in ("norm", "deviation")
    )
    assert norm < 1e-5
    assert deviation == pytest.approx(np.sqrt(2), rel=0.2)


def test_deviation_is_the_root_mean_square_over_the_standard_deviation():
    X = rows()
    error = mean_equivariance_error(
        lambda X: X[:, :1],
        X,
        [{None: -np.eye(3)}],
        Vector.bind(3),
        Scalar.bind(3),
        relative_to="deviation",
    )
    assert error == pytest.approx(2 * np.sqrt(np.mean(X[:, 0] ** 2)) / X[:, 0].std())


@pytest.mark.parametrize(("rep_out", "expected"), [("3*scalar", 0.0), ("vector", np.inf)])
def test_deviation_of_a_constant(rep_out, expected):
    error = equivariance_error(
        np.ones_like, rows(), "SO(3)", "vector", rep_out, relative_to="deviation", random_state=0
    )
    assert error == expected


def test_error_is_reproducible():
    first, second, other = (
        equivariance_error(height, rows(), "SO(3)", "vector", random_state=seed)
        for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other


def test_more_elements_are_used():
    calls = []

    def predict(X):
        calls.append(len(X))
        return X[:, 0]

    equivariance_error(predict, rows(10), "SO(3)", "vector", n_elements=5, random_state=0)
    assert max(calls) == 50


@pytest.mark.parametrize("group", ["SO(3)", SO(3)])
def test_candidate_may_be_a_name_or_a_group(group):
    assert equivariance_error(length, rows(), group, Vector, Scalar, random_state=0) < 1e-12


# ------------------------------------------------------------------------------- models


def test_error_of_a_random_forest():
    X = rows(200)
    forest = RandomForestRegressor(10, random_state=0).fit(X, length(X))
    error = equivariance_error(forest, X, "SO(3)", "vector", random_state=0)
    assert 0.001 < error < 0.5


def test_error_of_a_pipeline():
    X = rows(200, 6)
    pipeline = make_pipeline(StandardScaler(), KNeighborsRegressor()).fit(X, cross(X))
    error = equivariance_error(pipeline, X, "SO(3)", "2*vector", "vector", random_state=0)
    assert 0.05 < error < 0.9


def test_error_of_a_pipeline_on_a_table():
    X = pd.DataFrame(rows(200, 4), columns=["z", "m", "x", "y"])
    forest = make_pipeline(StandardScaler(), RandomForestRegressor(5, random_state=0))
    forest.fit(X, length(X.to_numpy()))
    by_name = equivariance_error(
        forest, X, "SO(3)", {("x", "y", "z"): "vector", "m": "scalar"}, random_state=0
    )
    assert 0.001 < by_name < 0.5


def test_model_of_a_table_is_given_the_table():
    X = pd.DataFrame(rows(20, 4), columns=["z", "m", "x", "y"])
    rep = {("x", "y", "z"): "vector", "m": "scalar"}
    error = equivariance_error(
        lambda X: X["m"] * np.sqrt(X["x"] ** 2 + X["y"] ** 2 + X["z"] ** 2),
        X,
        "SO(3)",
        rep,
        random_state=0,
    )
    assert error < 1e-12


def test_columns_by_name_and_in_order_agree():
    X = pd.DataFrame(rows(20), columns=list("zxy"))
    by_name = equivariance_error(
        lambda X: X["z"], X, "SO(3)", {("x", "y", "z"): "vector"}, random_state=0
    )
    in_order = equivariance_error(
        height, X[["x", "y", "z"]].to_numpy(), "SO(3)", "vector", random_state=0
    )
    assert by_name == pytest.approx(in_order)


def test_single_precision_stays_single():
    seen = set()

    def predict(X):
        seen.add(X.dtype)
        return length(X)

    equivariance_error(predict, rows().astype(np.float32), "SO(3)", "vector", random_state=0)
    assert seen == {np.dtype(np.float32)}


# ------------------------------------------------------------------------------- tests


def test_table_has_its_rows_and_columns_in_order():
    names = ("O(2)@y,z", "SO(3)", "O(2)@x,y")
    table = symmetry_test(height, rows(), height(rows()), names, "vector", random_state=0)
    assert list(table.index) == list(names)
    assert list(table.columns) == COLUMNS


def test_labels_are_those_of_the_mapping():
    table = symmetry_test(
        height, rows(), height(rows()), {"turns": "SO(3)"}, "vector", random_state=0
    )
    assert list(table.index) == ["turns"]


def test_no_candidates_give_an_empty_table():
    table = symmetry_test(height, rows(), height(rows()), (), None)
    assert table.shape == (0, 5)
    assert list(table.columns) == COLUMNS


def nearest(X, y):
    """A regressor fitted on the first half."""
    half = len(X) // 2
    return KNeighborsRegressor().fit(X[:half], y[:half]), X[half:], y[half:]


def test_symmetry_of_the_target_holds():
    X = rows(600)
    row = symmetry_test(*nearest(X, length(X)), ("SO(3)",), "vector", random_state=0).loc["SO(3)"]
    assert row.verdict == "holds"
    assert row.delta < 0
    assert row.support > 0.95


def test_strong_break_is_broken_and_what_is_left_holds():
    X = rows(600)
    y = height(X)
    table = symmetry_test(*nearest(X, y), ("SO(3)", "O(2)@x,y"), "vector", random_state=0)
    assert table.verdict.to_dict() == {"SO(3)": "broken", "O(2)@x,y": "holds"}
    assert table.support["SO(3)"] < 0.05
    assert table.delta["SO(3)"] > 0


def test_vector_targets_are_turned_back():
    X = rows(800, 6)
    table = symmetry_test(*nearest(X, cross(X)), ("SO(3)",), "2*vector", "vector", random_state=0)
    assert table.verdict["SO(3)"] == "holds"


def test_translated_points_hold():
    X = np.random.default_rng(0).uniform(-2, 2, (800, 6))
    X[:, 3:] = X[:, :3] + 0.3 * X[:, 3:]
    y = X[:, :3] - X[:, 3:]
    table = symmetry_test(
        lambda X: X[:, :3] - X[:, 3:] + 0.2 * np.sin(3 * X[:, :3]),
        X,
        y,
        ("Translation(3)",),
        "2*point",
        "vector",
        random_state=0,
    )
    assert table.delta["Translation(3)"] < 0
    assert table.z["Translation(3)"] < -CRITICAL_Z


def test_orbit_that_leaves_the_data_cannot_be_told():
    X = [5.0, 0.0, 0.0] + 0.2 * rows(400)
    table = symmetry_test(*nearest(X, length(X)), ("SO(3)",), "vector", random_state=0)
    assert table.verdict["SO(3)"] == "cannot tell"
    assert table.support["SO(3)"] == 0.5
    assert table.z["SO(3)"] > CRITICAL_Z


def test_exactly_equivariant_model_cannot_tell():
    X = rows(100)
    y = length(X) + 0.1 * rows(100, 1, seed=1)[:, 0]
    row = symmetry_test(length, X, y, ("SO(3)",), "vector", random_state=0).loc["SO(3)"]
    assert (row.z, row.support, row.verdict) == (0.0, 0.5, "cannot tell")


def test_delta_is_in_units_of_the_variance_of_the_target():
    X = rows(100)

    def delta(unit):
        y = 7.0 + unit * X[:, 0]
        return symmetry_test(
            lambda X: 7.0 + unit * X[:, 0], X, y, ("SO(3)",), "vector", random_state=0
        ).delta["SO(3)"]

    assert delta(1000.0) == pytest.approx(delta(1.0))


def test_standard_errors_are_taken_over_groups():
    X = rows(60)
    y = length(X)

    def predict(X):
        return length(X) + 0.3 * X[:, 0]

    once = symmetry_test(predict, X, y, ("SO(3)",), "vector", random_state=0).loc["SO(3)"]
    many = symmetry_test(
        predict,
        np.tile(X, (5, 1)),
        np.tile(y, 5),
        ("SO(3)",),
        "vector",
        groups=np.tile(np.arange(60), 5),
        random_state=0,
    ).loc["SO(3)"]
    assert many.delta == pytest.approx(once.delta)
    assert many.standard_error == pytest.approx(once.standard_error)


def test_table_is_reproducible():
    X = rows(100)
    first, second = (
        symmetry_test(height, X, length(X), ("SO(3)", "O(3)"), "vector", random_state=5)
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(first, second)


def test_table_of_a_pipeline_on_a_table():
    X = pd.DataFrame(rows(300), columns=list("zxy"))
    y = pd.Series(length(X.to_numpy()))
    pipeline = make_pipeline(StandardScaler(), RandomForestRegressor(20, random_state=0))
    pipeline.fit(X[:150], y[:150])
    table = symmetry_test(
        pipeline, X[150:], y[150:], ("SO(3)",), {("x", "y", "z"): "vector"}, random_state=0
    )
    assert table.verdict["SO(3)"] == "holds"


def test_targets_of_a_table_are_found_by_name():
    X = pd.DataFrame(rows(50), columns=list("xyz"))
    table = symmetry_test(
        lambda X: X.to_numpy(),
        X,
        pd.DataFrame(rows(50), columns=list("uvw")),
        ("SO(3)",),
        "vector",
        {("u", "v", "w"): "vector"},
        random_state=0,
    )
    assert table.verdict["SO(3)"] == "cannot tell"


# ------------------------------------------------------------------------------- details


def test_details_are_those_of_a_report():
    X = rows(600)
    arguments = (*nearest(X, height(X)), ("SO(3)", "O(2)@x,y", "SO(2)@x,y"), "vector")
    table = symmetry_test(*arguments, random_state=0, detail=True)
    plain = symmetry_test(*arguments, random_state=0)
    pd.testing.assert_frame_equal(table[COLUMNS], plain)
    assert list(table.columns) == [*COLUMNS, "support_low", "support_high", "implied", "reason"]
    assert table["implied"].tolist() == [False, False, True]
    assert "raises the error" in table.reason["SO(3)"]
    assert "lowers the error" in table.reason["O(2)@x,y"]
    assert table.reason["SO(2)@x,y"] == "O(2)@x,y holds and contains it"


def test_subgroup_holds_with_its_group_without_details():
    X = rows(600)
    names = ("SO(3)", "Reflection(3)", "O(3)")
    table = symmetry_test(*nearest(X, length(X)), names, "vector", random_state=0)
    assert table["verdict"].tolist() == ["holds"] * 3
    assert table["support"].min() >= min(table.support["O(3)"], table.support["SO(3)"])


def test_reasons_of_what_cannot_be_told():
    X = [5.0, 0.0, 0.0] + 0.2 * rows(400)
    away = symmetry_test(*nearest(X, length(X)), ("SO(3)",), "vector", random_state=0, detail=True)
    assert away.reason["SO(3)"].startswith("moved rows leave the data")
    exact = symmetry_test(
        length, rows(), height(rows()), ("SO(3)",), "vector", random_state=0, detail=True
    )
    assert exact.reason["SO(3)"] == "predictions obey it exactly, so errors say nothing"
    few = symmetry_test(
        height,
        rows(),
        length(rows()),
        ("SO(3)",),
        "vector",
        groups=np.arange(len(rows())) % 4,
        random_state=0,
        detail=True,
    )
    assert few.reason["SO(3)"] == "only 4 groups of rows to judge by"


def test_no_candidates_give_an_empty_table_with_details():
    table = symmetry_test(height, rows(), height(rows()), (), None, detail=True)
    assert table.shape == (0, 9)
    assert table["implied"].dtype == bool


# ------------------------------------------------------------------------------- bad input


def error_of(**changes):
    """`equivariance_error` of the length, with some arguments replaced."""
    arguments = {
        "estimator_or_predict": length,
        "X": rows(),
        "group": "SO(3)",
        "rep_in": "vector",
        "random_state": 0,
    }
    return equivariance_error(**(arguments | changes))


def table_of(**changes):
    """`symmetry_test` of the length, with some arguments replaced."""
    arguments = {
        "estimator_or_predict": length,
        "X": rows(),
        "y": length(rows()),
        "symmetries": ("SO(3)",),
        "rep_in": "vector",
        "random_state": 0,
    }
    return symmetry_test(**(arguments | changes))


BAD = [
    ({"rep_in": None}, "needs rep_in"),
    ({"rep_in": "2*vector"}, r"rep_in='2\*vector' has dimension 6 .* X has 3 features"),
    ({"rep_out": "vector"}, "rep_out='vector' has dimension 3 .* y has 1 outputs"),
    ({"rep_in": "vektor"}, "Cannot read 'vektor' in the representation"),
    ({"rep_in": {"x": "scalar"}}, "rep_in is a mapping of column names, so a DataFrame"),
    ({"rep_in": "xyz"}, "Cannot read 'xyz' .* given in spaces="),
    ({"spaces": {"xyz": 0}}, r"spaces\['xyz'\] must be a positive integer"),
    ({"n_elements": 0}, "n_elements must be a positive integer, got 0"),
    ({"n_elements": 2.5}, "n_elements must be a positive integer, got 2.5"),
    ({"X": rows()[0]}, "Expected 2D array"),
]


@pytest.mark.parametrize("function", [error_of, table_of])
@pytest.mark.parametrize(("changes", "message"), BAD)
def test_bad_argument_is_an_error(function, changes, message):
    with pytest.raises(ValueError, match=message):
        function(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"relative_to": "mean"}, "relative_to must be 'norm' or 'deviation', got 'mean'"),
        ({"group": "Foo(3)"}, "^group: Unknown group 'Foo'"),
        ({"group": "SO(2)"}, r"rep_in='vector' has dimension 2 .* X has 3 features"),
    ],
)
def test_bad_argument_of_the_error_is_an_error(changes, message):
    with pytest.raises(ValueError, match=message):
        error_of(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"symmetries": ("SO(3)", "SO(3)")}, "symmetries holds duplicate candidates"),
        ({"symmetries": ("SO(3)", "Foo(3)")}, "^symmetries: Unknown group 'Foo'"),
        ({"symmetries": ("SO(3)", "SO(2)")}, r"'SO\(2\)' acts on R\^2"),
        ({"y": length(rows(7))}, r"inconsistent numbers of samples: \[40, 7\]"),
    ],
)
def test_bad_argument_of_the_test_is_an_error(changes, message):
    with pytest.raises(ValueError, match=message):
        table_of(**changes)


@pytest.mark.parametrize("function", [error_of, table_of])
@pytest.mark.parametrize("model", [3, None, "SO(3)"])
def test_model_that_cannot_predict_is_an_error(function, model):
    with pytest.raises(TypeError, match="estimator_or_predict must have a predict method"):
        function(estimator_or_predict=model)


def test_mapping_of_predictions_is_an_error_as_they_have_no_names():
    with pytest.raises(ValueError, match="rep_out must be a string or a Representation, as pred"):
        error_of(rep_out={"y": "scalar"})


def test_single_candidate_must_be_in_a_sequence():
    with pytest.raises(TypeError, match=r"write symmetries=\('SO\(3\)',\)"):
        table_of(symmetries="SO(3)")


def with_nan(values):
    """The same with its first entry missing."""
    values = values.copy()
    values.flat[0] = np.nan
    return values


@pytest.mark.parametrize(
    ("function", "changes"),
    [(error_of, {"X": with_nan(rows())}), (table_of, {"y": with_nan(length(rows()))})],
)
def test_missing_values_are_an_error(function, changes):
    with pytest.raises(ValueError, match="contains NaN"):
        function(**changes)


@pytest.mark.parametrize(
    ("function", "changes"),
    [
        (error_of, {"X": with_nan(rows())}),
        (table_of, {"X": with_nan(rows())}),
        (table_of, {"y": with_nan(length(rows()))}),
    ],
)
def test_missing_values_are_an_error_that_names_the_table(function, changes):
    (name,) = changes
    with pytest.raises(ValueError, match=f"Input {name} contains NaN"):
        function(**changes)


@pytest.mark.parametrize("groups", [np.zeros(7, dtype=int), np.zeros((40, 1)), 3])
def test_groups_of_another_length_are_an_error_that_names_them(groups):
    with pytest.raises(ValueError, match=r"groups must hold one value .*\(40,\), got shape"):
        table_of(estimator_or_predict=height, groups=groups)


@pytest.mark.parametrize("n_elements", [None, np.nan, np.inf, True, "8"])
def test_number_of_elements_that_is_no_number_is_an_error_that_names_it(n_elements):
    with pytest.raises(ValueError, match="n_elements must be a positive integer"):
        error_of(n_elements=n_elements)


def test_classifiers_are_tested_by_their_probabilities():
    X = np.random.RandomState(0).standard_normal((1200, 2))
    y = np.where(X[:, 0] ** 2 + X[:, 1] ** 2 > 1.4, "far", "near")
    model = KNeighborsClassifier(3).fit(X[:600], y[:600])
    table = symmetry_test(model, X[600:], y[600:], ("SO(2)",), "vector", random_state=0)
    assert table.verdict.tolist() == ["holds"]
    mirror = X[:, 0] > 0
    model = KNeighborsClassifier(25).fit(X[:600], mirror[:600])
    table = symmetry_test(model, X[600:], mirror[600:], ("SO(2)",), "vector", random_state=0)
    assert table.verdict.tolist() == ["broken"]
    assert equivariance_error(model, X, "SO(2)", "vector", random_state=0) > 0.3
    with pytest.raises(TypeError, match="predict_proba"):
        symmetry_test(RidgeClassifier().fit(X, y), X, y, ("SO(2)",), "vector")
