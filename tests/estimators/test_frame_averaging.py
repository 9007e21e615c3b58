"""Frame averaging: equivariant to rounding, around any regressor, and better for it."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVR
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    parametrize_with_checks,
)

from sksofteq import SoftEquivariantRegressor, equivariance_error
from sksofteq.candidates import resolve_candidates
from sksofteq.estimators._frame_averaging import FrameAveragingRegressor
from sksofteq.estimators._frames_of_rows import RowFrames
from sksofteq.groups import SO, GeneratedGroup, MatrixGroup, parse_group
from sksofteq.metrics import REPORT_COLUMNS
from sksofteq.orbits import sample_elements
from sksofteq.reps import parse_rep

QUICK_NETWORK = SoftEquivariantRegressor(hidden_layer_sizes=(32,), max_iter=200)
INSTANCES = [
    FrameAveragingRegressor(Ridge(), random_state=0),
    FrameAveragingRegressor(QUICK_NETWORK, random_state=0),
    FrameAveragingRegressor(random_state=0),
]


@parametrize_with_checks(INSTANCES)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", INSTANCES, ids=lambda e: type(e.estimator).__name__)
def test_checks_outside_the_battery(estimator):
    check_param_validation("FrameAveragingRegressor", clone(estimator))
    check_dataframe_column_names_consistency("FrameAveragingRegressor", clone(estimator))


# ------------------------------------------------------------------ exactly equivariant

XYZ = {"xyz": 3, "joint": 2}
#: Candidates, input, output, spaces: between them every kind of candidate and of feature.
CASES = {
    "scalar": (("SO(3)",), "scalar + 3*vector", None, None),
    "vector": (("SO(3)",), "scalar + 3*vector", "vector", None),
    "reflections": (("O(3)",), "scalar + 3*vector", "2*vector + scalar", None),
    "tensor": (("SO(3)",), "3*vector", "tensor(2)", None),
    "tensors in and out": (("O(3)",), "tensor(2) + vector", "tensor(2) + tensor(0,1)", None),
    "some axes": (("O(2)@x,y",), "3*vector", "vector + tensor(2)", None),
    "axes in any order": (("SO(2)@z,x",), "2*vector", "vector", None),
    "named space": (("SO(2)@x,z on xyz",), "joint + joint*xyz", "joint*xyz", XYZ),
    "three axes of a named space": (("O(3) on xyz",), "2*joint*xyz", "xyz*xyz", XYZ),
    "two spaces": (("SO(3) on xyz", "O(2) on joint"), "2*xyz*joint", "xyz + joint", XYZ),
    "axes apart": (
        ("SO(2)@0,1 in R^5", "O(2)@3,4 in R^5", "Reflection(1)@2 in R^5"),
        "2*vector",
        "vector + tensor(2)",
        None,
    ),
    "rigid": (("SE(3)",), "4*point", "point", None),
    "rigid with vectors": (("E(3)",), "3*point + vector", "point + tensor(2) + scalar", None),
    "rigid in a plane": (("SE(2)@x,y",), "3*point", "point + vector", None),
    "rigid, named": (("SE(3) on xyz",), "3*point(xyz) + joint", "point(xyz) + joint", XYZ),
    "shifts": (("Translation(3)",), "3*point + vector", "point", None),
    "shifts and turns apart": (("Translation(3)", "SO(2)@x,y"), "3*point", "point", None),
    "points of a space that stays": (
        ("Translation(3) on xyz", "O(2) on joint"),
        "2*point(xyz) + point(joint)*xyz + joint",
        "point(xyz) + joint",
        XYZ,
    ),
    "a mirror": (("Reflection(3)",), "2*vector", "vector + scalar", None),
    "nothing": (("Trivial(3)",), "2*vector", "vector", None),
}


def case(name, dtype=np.float64, n=60, seed=0):
    """Rows, targets without any symmetry, and an estimator."""
    symmetries, rep_in, rep_out, spaces = CASES[name]
    parts = [parse_rep(rep or "scalar", spaces) for rep in (rep_in, rep_out)]
    first = parse_group(symmetries[0])
    dims = [rep.bind(spaces or first.dim).dim for rep in parts]
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, dims[0])).astype(dtype)
    y = np.cos(X @ rng.normal(size=dims).astype(dtype)) + X[:, :1]
    model = FrameAveragingRegressor(
        KNeighborsRegressor(3), symmetries, rep_in=rep_in, rep_out=rep_out, spaces=spaces
    )
    return model, X, (y[:, 0] if dims[1] == 1 else y).astype(dtype)


def largest_gap(model, X) -> float:
    """Largest difference of f(rho_in(g) x) and rho_out(g) f(x), relative to the predictions."""
    at_rest = model.predict(X).reshape(len(X), -1)
    gaps = [0.0]
    for group in model.groups_.values():
        for element in sample_elements(group, 5, X, model.rep_in_, 1):
            moved = model.predict(model.rep_in_.transform(X, element)).reshape(at_rest.shape)
            turned = model.rep_out_.transform(at_rest, element)
            gaps.append(np.abs(moved - turned).max() / np.abs(turned).max())
    return max(gaps)


@pytest.mark.parametrize("name", CASES)
def test_equivariant_to_rounding_and_not_constant(name):
    model, X, y = case(name)
    fresh = np.random.default_rng(9).normal(size=(20, X.shape[1]))
    model.fit(X, y)
    assert largest_gap(model, fresh) < 1e-10
    assert np.min(model.predict(fresh).std(axis=0)) > 1e-3
    assert max(model.equivariance_errors_.values()) < 1e-10


@pytest.mark.parametrize("name", CASES)
def test_equivariant_to_rounding_in_single_precision(name):
    model, X, y = case(name, np.float32)
    predicted = model.fit(X, y).predict(X)
    assert predicted.dtype == np.float32
    errors = [
        equivariance_error(
            model, X, group, model.rep_in, model.rep_out, spaces=model.spaces, random_state=0
        )
        for group in model.symmetries
    ]
    assert max(errors) < 1e-3  # on average: a neighbour may change where frames are nearly open


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), name=st.sampled_from(["tensor", "rigid with vectors"]))
def test_any_element_moves_predictions_as_it_should(seed, name):
    model, X = FITTED[name]
    rows = np.random.RandomState(seed).standard_normal((4, X.shape[1]))
    (group,) = model.groups_.values()
    (element,) = sample_elements(group, 1, X, model.rep_in_, seed)
    moved = model.predict(model.rep_in_.transform(rows, element))
    turned = model.rep_out_.transform(model.predict(rows), element)
    np.testing.assert_allclose(moved, turned, rtol=1e-8, atol=1e-8)


def _fitted(name):
    model, X, y = case(name)
    return model.set_params(estimator=Ridge()).fit(X, y), X


FITTED = {name: _fitted(name) for name in ("tensor", "rigid with vectors")}


def test_a_network_inside():
    model, X, y = case("vector")
    network = SoftEquivariantRegressor(hidden_layer_sizes=(16,), max_iter=5)
    model.set_params(estimator=network, random_state=0).fit(X, y)
    assert largest_gap(model, X) < 1e-9


def test_units_do_not_matter():
    model, X, y = case("vector")
    frames = RowFrames(_candidates(model, X, y), X, np.ones(len(X)))
    scaled = X * np.repeat([1.0, 1e3, 1e-3, 7.0], [1, 3, 3, 3])
    other = RowFrames(_candidates(model, X, y), scaled, np.ones(len(X)))
    np.testing.assert_allclose(
        np.abs(frames.pose(X).turns[""]), np.abs(other.pose(scaled).turns[""]), atol=1e-10
    )


def _candidates(model, X, y):
    return resolve_candidates(
        model.symmetries, model.rep_in, model.rep_out, n_features=X.shape[1], n_outputs=y.shape[1]
    )


def test_leaving_a_frame_undoes_entering_it():
    model, X, y = case("rigid with vectors")
    frames = model.fit(X, y)._frames
    pose = frames.pose(X)
    for rows, rep in ((X, model.rep_in_), (y, model.rep_out_)):
        np.testing.assert_allclose(pose.leave(pose.enter(rows, rep), rep), rows, atol=1e-12)
    assert [len(frames.signs_in), len(frames.signs_out)] == [8, 8]


def test_frames_keep_the_orientation():
    model, X, y = case("vector")
    frames = model.fit(X, y)._frames
    np.testing.assert_allclose(np.linalg.det(frames.pose(X).turns[""]), 1.0)
    assert len(frames.signs_in) == 4


# ------------------------------------------------------------------ rows without a single frame


def test_one_vector_has_exact_scalars_and_vectors():
    X = np.random.default_rng(0).normal(size=(80, 3))
    y = X * np.linalg.norm(X, axis=1, keepdims=True)
    model = FrameAveragingRegressor(
        KNeighborsRegressor(3), ("SO(3)",), rep_in="vector", rep_out="vector + scalar"
    )
    model.fit(X, np.column_stack([y, X[:, 0] ** 2]))
    assert largest_gap(model, X) < 1e-10
    assert model.predict(X).std(axis=0).min() > 1e-2


def test_equal_eigenvalues_are_told_by_the_error():
    corners = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    sizes = np.random.default_rng(0).uniform(1, 2, size=(50, 1))
    X = (sizes[:, :, None] * corners).reshape(50, 8)
    model = FrameAveragingRegressor(
        KNeighborsRegressor(3), ("SO(2)",), rep_in="4*vector", rep_out="scalar"
    )
    turned = X.reshape(50, 4, 2) @ SO(2).sample(1, 0)[0].T
    X = np.vstack([X, turned.reshape(50, 8)])
    model.fit(X, X[:, 0])
    assert model.equivariance_errors_["SO(2)"] > 1e-3


def test_vectors_without_any_vector_to_point_along_are_zero():
    X = np.random.default_rng(0).normal(size=(30, 2))
    model = FrameAveragingRegressor(Ridge(), ("O(3)",), rep_in="2*scalar", rep_out="vector")
    predicted = model.fit(X, X @ np.ones((2, 3)) + 1).predict(X)
    np.testing.assert_allclose(predicted, 0.0, atol=1e-12)


def test_rows_of_zeros_have_predictions():
    model, X, y = case("rigid with vectors")
    assert np.isfinite(model.fit(X, y).predict(np.zeros((3, X.shape[1])))).all()


# ------------------------------------------------------------------ learning


@pytest.mark.parametrize(
    "inner", [KNeighborsRegressor(), ExtraTreesRegressor(30, random_state=0)], ids=["knn", "trees"]
)
def test_better_than_the_inner_estimator_on_turned_rows(inner):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 6))
    y = np.cross(X[:, :3], X[:, 3:])
    turn = SO(3).sample(1, 3)[0]
    X_test, y_test = (parse_rep(rep).bind(3) for rep in ("2*vector", "vector"))
    X_test, y_test = X_test.transform(X[200:], turn), y_test.transform(y[200:], turn)
    plain = clone(inner).fit(X[:200], y[:200]).score(X_test, y_test)
    model = FrameAveragingRegressor(inner, ("SO(3)",), rep_in="2*vector", rep_out="vector")
    assert model.fit(X[:200], y[:200]).score(X_test, y_test) > plain + 0.1


# ------------------------------------------------------------------ attributes and data


def test_attributes_and_report():
    model, X, y = case("axes apart")
    model.fit(X, y)
    labels = list(model.symmetries)
    assert model.regularizer_strengths_ == dict.fromkeys(labels, np.inf)
    assert list(model.equivariance_errors_) == list(model.groups_) == labels
    report = model.symmetry_report()
    assert list(report.columns) == REPORT_COLUMNS
    assert list(report.index) == labels
    assert report["residual"].isna().all()
    assert report["support"].eq(0.5).all()
    assert report["verdict"].eq("cannot tell").all()
    assert report["reason"].eq("predictions obey it exactly, so errors say nothing").all()
    assert (str(model.rep_in_), str(model.rep_out_)) == ("2*vector", "vector + tensor(2)")
    assert model.n_features_in_ == 10
    assert len(model.estimator_._fit_X) == len(X) * 2 * 4 * 2


def test_without_candidates_it_is_the_inner_estimator():
    _, X, y = case("vector")
    model = FrameAveragingRegressor(KNeighborsRegressor(3)).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), KNeighborsRegressor(3).fit(X, y).predict(X))
    assert model.regularizer_strengths_ == model.equivariance_errors_ == {}
    report = model.symmetry_report()
    assert report.empty
    assert list(report.columns) == REPORT_COLUMNS


def test_works_without_arguments():
    X = np.random.default_rng(0).normal(size=(20, 2))
    model = FrameAveragingRegressor(random_state=0).fit(X, X[:, 0])
    assert isinstance(model.estimator_, SoftEquivariantRegressor)
    assert model.predict(X).shape == (20,)
    again = FrameAveragingRegressor(random_state=0).fit(X, X[:, 0])
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_columns_by_name_in_any_order():
    model, X, y = case("rigid", n=40)
    names = [f"{point}{axis}" for point in "abcd" for axis in "xyz"]
    shuffled = np.random.RandomState(0).permutation(12)
    frame = pd.DataFrame(X, columns=names).iloc[:, shuffled]
    targets = pd.DataFrame(y, columns=["x", "y", "z"])[["z", "x", "y"]]
    by_name = clone(model).set_params(
        rep_in={tuple(f"{point}{axis}" for axis in "xyz"): "point" for point in "abcd"},
        rep_out={("x", "y", "z"): "point"},
    )
    by_name.fit(frame, targets)
    expected = model.fit(X, y).predict(X)
    np.testing.assert_array_equal(by_name.predict(frame), expected[:, [2, 0, 1]])
    assert list(by_name.feature_names_in_) == list(frame.columns)


def test_whole_weights_equal_repetition():
    model, X, y = case("tensor", n=30)
    model.set_params(estimator=Ridge())
    times = np.arange(30) % 3
    weighted = clone(model).fit(X, y, sample_weight=times)
    repeated = clone(model).fit(np.repeat(X, times, 0), np.repeat(y, times, 0))
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-6, atol=1e-9)
    assert np.abs(weighted.predict(X) - clone(model).fit(X, y).predict(X)).max() > 1e-3


def test_a_single_frame_for_translations_only():
    model, X, y = case("shifts")
    assert len(model.fit(X, y).estimator_._fit_X) == len(X)


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("symmetries", "message"),
    [
        (("Permutation(3)",), r"symmetries must be rotations.*SO\(n\).*got 'Permutation\(3\)'"),
        (("Scaling(3)",), r"symmetries must be rotations.*got 'Scaling\(3\)'"),
        (("SO(1,2)",), r"symmetries must be rotations.*got 'SO\(1,2\)'"),
        (("Rotation(4)@x,y",), r"symmetries must be rotations.*got 'Rotation\(4\)@x,y'"),
        (("SO(3)", "O(2)@x,y"), r"symmetries: 'SO\(3\)' and 'O\(2\)@x,y' turn axes.*in common"),
        (("Translation(1)@0 in R^3", "SO(3)"), r"symmetries: 'SO\(3\)' turns.*only \(0,\)"),
        (("SE(3)",), r"symmetries=\('SE\(3\)',\) translate.*'2\*vector' has no 'point'"),
        ({"my label": "SL(3)"}, r"symmetries must be rotations.*got 'my label'"),
    ],
)
def test_candidates_without_frames_are_refused(symmetries, message):
    X = np.random.default_rng(0).normal(size=(20, 6))
    model = FrameAveragingRegressor(Ridge(), symmetries, rep_in="2*vector")
    with pytest.raises(ValueError, match=message):
        model.fit(X, X[:, 0])


def test_a_pair_of_groups_is_refused():
    X = np.random.default_rng(0).normal(size=(20, 6))
    model = FrameAveragingRegressor(
        Ridge(),
        ("Reflection(3) on xyz & Reflection(2) on side",),
        rep_in="side*xyz",
        spaces={"xyz": 3, "side": 2},
    )
    with pytest.raises(ValueError, match="one space each; got 'Reflection"):
        model.fit(X, X[:, 0])


@pytest.mark.parametrize(
    ("symmetries", "rep_in"),
    [
        (("Translation(3) on xyz", "O(2) on joint"), "joint*point(xyz)"),
        (("Translation(3) on xyz", "Translation(2) on joint"), "point(joint)*point(xyz)"),
    ],
)
def test_points_that_another_space_moves_are_refused(symmetries, rep_in):
    X = np.random.default_rng(0).normal(size=(20, 6))
    model = FrameAveragingRegressor(Ridge(), symmetries, rep_in=rep_in, spaces=XYZ)
    with pytest.raises(ValueError, match=r"translate space '\w+' and move another space"):
        model.fit(X, X[:, 0])


def test_too_many_frames_are_refused():
    X = np.random.default_rng(0).normal(size=(20, 12))
    model = FrameAveragingRegressor(Ridge(), ("O(12)",), rep_in="vector")
    with pytest.raises(ValueError, match=r"4096 frames.*at most 1024"):
        model.fit(X, X[:, 0])


def test_generators_tell_the_kind():
    lie = 2.0 * SO(3).lie_algebra[[2, 0, 1]]
    model, X, y = case("vector")
    names = ("SO(3)", {"mine": GeneratedGroup(lie)}, {"mine": MatrixGroup(lie, [-np.eye(3)])})
    frames = []
    for symmetries in (("SO(3)",), *names[1:]):
        model.set_params(symmetries=symmetries)
        frames.append(len(model.fit(X, y)._frames.signs_in))
    assert frames == [4, 4, 8]


def test_wrong_inner_estimators_are_refused():
    _, X, y = case("vector")
    with pytest.raises(ValueError, match="estimator must be a regressor, got LogisticRegression"):
        FrameAveragingRegressor(LogisticRegression()).fit(X, y)
    with pytest.raises(ValueError, match="sample_weight was given, but estimator=KNeighbors"):
        FrameAveragingRegressor(KNeighborsRegressor()).fit(X, y, sample_weight=np.ones(len(X)))


def test_a_fit_that_fails_leaves_the_last_one_usable():
    model, X, y = case("vector")
    before = model.fit(X, y).predict(X)
    with pytest.raises(ValueError, match="n_neighbors"):
        model.set_params(estimator=KNeighborsRegressor(10**6)).fit(X, y).predict(X)
    np.testing.assert_array_equal(model.predict(X), before)
    with pytest.raises(ValueError, match="13 features"):
        model.fit(np.hstack([X, X[:, :3]]), y)
    np.testing.assert_array_equal(model.predict(X), before)


# ------------------------------------------------------------------ inside scikit-learn


def test_pickle_and_clone():
    model, X, y = case("rigid with vectors")
    model.fit(X, y)
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    with pytest.raises(NotFittedError):
        clone(model).predict(X)
    assert not hasattr(model.estimator, "_fit_X")  # the user's estimator stays unfitted


def test_grid_search():
    model, X, y = case("vector")
    grid = {"symmetries": [None, ("SO(3)",), ("O(2)@x,y",)], "estimator__alpha": [0.1, 100.0]}
    model.set_params(estimator=Ridge())
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)
    assert len(set(search.cv_results_["mean_test_score"])) == 6


def test_multi_output_is_what_the_inner_estimator_can():
    assert get_tags(FrameAveragingRegressor()).target_tags.multi_output
    assert get_tags(FrameAveragingRegressor(DummyRegressor())).target_tags.multi_output
    assert not get_tags(FrameAveragingRegressor(SVR())).target_tags.multi_output
