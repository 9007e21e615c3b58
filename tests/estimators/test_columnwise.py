"""The warning about vectors and tensors that were scaled column by column."""

import warnings

import numpy as np
import pandas as pd
import pytest
from estimators_kit import INERTIA, regressor, table
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sksofteq import (
    AugmentedRegressor,
    EquivariantRegressor,
    EquivariantScaler,
    FrameAveragingRegressor,
    SoftEquivariantRidge,
)
from sksofteq.candidates import resolve_candidates
from sksofteq.estimators._columnwise import warn_if_columnwise
from sksofteq.reps import parse_rep

SCALERS = {"StandardScaler": StandardScaler(), "MinMaxScaler": MinMaxScaler()}
by_scaler = pytest.mark.parametrize("name", SCALERS)


def columns(dim, n=60, seed=0):
    """Of different means and spreads."""
    rng = np.random.default_rng(seed)
    return rng.uniform(1, 9, dim) + rng.uniform(0.5, 2, dim) * rng.standard_normal((n, dim))


def complaint(X, rep, names, weight=None, spaces=None, columns_called=None):
    """What the check says, or None."""
    X = np.asarray(X)
    candidates = resolve_candidates(
        names,
        rep,
        None,
        n_features=X.shape[1],
        n_outputs=1,
        spaces=spaces,
        names=columns_called,
    )
    X = X if candidates.order_in is None else X[:, candidates.order_in]
    weight = np.ones(len(X)) if weight is None else weight
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_if_columnwise(X, weight, candidates, columns_called)
    assert len(caught) <= 1
    return str(caught[0].message) if caught else None


def ridge(**parameters):
    return SoftEquivariantRidge(("O(2)@x,y",), rep_in="2*vector", strengths=1.0, **parameters)


# ---------------------------------------------------------------------- in pipelines


@by_scaler
@pytest.mark.parametrize(
    "estimator",
    [
        regressor(strengths=1.0, max_iter=1),
        EquivariantRegressor(
            ("O(2)@x,y",), rep_in="2*vector", hidden_layer_sizes=(8,), max_iter=1
        ),
        ridge(),
        AugmentedRegressor(Ridge(), ("O(2)@x,y",), rep_in="2*vector"),
        FrameAveragingRegressor(Ridge(), ("SO(3)",), rep_in="2*vector"),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_pipelines_with_a_scaler_of_columns_warn_once(name, estimator):
    with pytest.warns(UserWarning, match=rf"{name}\. .*EquivariantScaler\(symmet") as caught:
        make_pipeline(SCALERS[name], estimator).fit(*table())
    assert len(caught) == 1


def test_raw_columns_and_the_equivariant_scaler_are_fine():
    X, y = table()
    ridge().fit(X, y)
    for scaling in ("tensor", "isotropic"):
        scaler = EquivariantScaler(("O(2)@x,y",), "2*vector", scaling=scaling)
        make_pipeline(scaler, ridge()).fit(X, y)


@by_scaler
def test_an_estimator_without_candidates_may_have_any_scaler(name):
    plain = SoftEquivariantRidge()
    make_pipeline(SCALERS[name], plain).fit(*table())


@by_scaler
def test_partial_fit_warns_as_well(name):
    X, y = table()
    with pytest.warns(UserWarning, match=name):
        regressor(strengths=1.0).partial_fit(SCALERS[name].fit_transform(X), y)


# ---------------------------------------------------------------------- what is mixed


@by_scaler
@pytest.mark.parametrize(
    ("rep", "names", "spaces"),
    [
        (INERTIA["rep_in"], ("SO(3)",), None),
        ("scalar + tensor(2)", ("O(3)",), None),
        ("2*vector", ("SO(1,2)",), None),
        ("vector", ("Permutation(3)",), None),
        ("2*point", ("SE(3)",), None),
        ("2*vector", ("Reflection(3)", "O(2)@y,z"), None),
        (
            "joint*xyz",
            ("Reflection(3) on xyz & Permutation(2)@0,1 in R^4 on joint",),
            {"joint": 4, "xyz": 3},
        ),
    ],
)
def test_columns_that_a_candidate_mixes_count(name, rep, names, spaces):
    dims = spaces or 3
    X = columns(parse_rep(rep, spaces).bind(dims).dim)
    assert complaint(X, rep, names, spaces=spaces) is None
    assert name in complaint(SCALERS[name].fit_transform(X), rep, names, spaces=spaces)
    equivariant = EquivariantScaler(names, rep, spaces).fit_transform(X)
    assert complaint(equivariant, rep, names, spaces=spaces) is None


@by_scaler
@pytest.mark.parametrize(
    ("rep", "names"),
    [
        ("3*scalar + vector", ("Reflection(3)",)),
        ("3*scalar + vector", ("Scaling(3)",)),
        ("3*scalar + point", ("Translation(3)",)),
        ("3*scalar + vector", ("Trivial(3)",)),
    ],
)
def test_candidates_that_mix_no_columns_do_not_count(name, rep, names):
    assert complaint(SCALERS[name].fit_transform(columns(6)), rep, names) is None


def test_scalars_may_be_scaled_one_by_one():
    X = columns(7)
    X[:, :4] = StandardScaler().fit_transform(X[:, :4])
    assert complaint(X, "4*scalar + vector", ("SO(3)",)) is None


def test_only_columns_that_are_mixed_need_have_been_scaled():
    X = columns(6)
    mixed = [0, 1, 3, 4]
    X[:, mixed] = StandardScaler().fit_transform(X[:, mixed])
    said = complaint(X, "2*vector", ("O(2)@x,y", "O(2)@y,z"))
    assert "columns 0, 1, 3, 4 (" in said
    assert "candidates ['O(2)@x,y'] mix" in said
    assert complaint(X, "2*vector", ("O(2)@y,z",)) is None


def test_a_constant_column_stays_what_it_is():
    X = columns(6)
    X[:, [2, 5]] = 0.0
    assert complaint(X, "2*vector", ("O(3)",)) is None
    assert "columns 0, 1, 3, 4 (" in complaint(
        StandardScaler().fit_transform(X), "2*vector", ("O(3)",)
    )


# ---------------------------------------------------------------------- how exactly


@by_scaler
def test_single_precision_counts_as_well(name):
    X = SCALERS[name].fit_transform(columns(6, n=500).astype(np.float32))
    assert X.dtype == np.float32
    assert name in complaint(X, "2*vector", ("O(3)",))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_isotropic_samples_are_no_scaled_columns(dtype):
    for seed in range(20):
        X = np.random.default_rng(seed).standard_normal((20_000, 6)).astype(dtype)
        assert complaint(X, "2*vector", ("O(3)",)) is None


def test_deviations_by_n_minus_1_count():
    frame = pd.DataFrame(columns(6))
    assert complaint((frame - frame.mean()) / frame.std(), "2*vector", ("O(3)",)) is not None


@pytest.mark.parametrize("scaler_weighted", [False, True])
def test_weights_may_have_been_known_to_the_scaler_or_not(scaler_weighted):
    X, weight = columns(6), np.random.default_rng(1).uniform(0, 2, 60)
    scaled = StandardScaler().fit(X, sample_weight=weight if scaler_weighted else None)
    assert complaint(scaled.transform(X), "2*vector", ("O(3)",), weight) is not None
    unknown = np.random.default_rng(2).uniform(0, 2, 60)
    found = complaint(scaled.transform(X), "2*vector", ("O(3)",), unknown)
    assert (found is None) == scaler_weighted
    equivariant = EquivariantScaler(("O(3)",), "2*vector").fit(X, sample_weight=weight)
    assert complaint(equivariant.transform(X), "2*vector", ("O(3)",), weight) is None


@by_scaler
def test_few_rows_tell_nothing(name):
    few_rows = SCALERS[name].fit_transform(columns(6, n=9))
    assert complaint(few_rows, "2*vector", ("O(3)",)) is None


def test_one_vector_in_the_plane_is_enough_unless_it_runs_from_0_to_1():
    X = columns(2)
    assert "columns 0, 1 (" in complaint(StandardScaler().fit_transform(X), "vector", ("SO(2)",))
    assert complaint(MinMaxScaler().fit_transform(X), "vector", ("SO(2)",)) is None


# ---------------------------------------------------------------------- no false alarms


def test_rows_that_a_candidate_makes_alike_have_such_columns_by_right():
    X = columns(6)
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    turns = [np.kron(np.eye(2), np.linalg.matrix_power(turn, k)) for k in range(4)]
    closed = np.concatenate([X @ g.T for g in turns])
    names, rep = ("Rotation(4)@x,y",), "2*vector"
    assert complaint(StandardScaler().fit_transform(closed), rep, names) is None


def test_designs_and_indicators_are_what_they_are():
    corners = np.array(np.meshgrid(*[[-1.0, 1.0]] * 4)).reshape(4, -1).T
    assert complaint(corners, "vector", ("Permutation(4)",)) is None
    edges = (np.random.default_rng(0).random((200, 9)) < 0.5).astype(float)
    assert complaint(edges, "tensor(2)", ("Permutation(3)",)) is None
    pixels = np.random.default_rng(0).uniform(-1, 2, (200, 9)).clip(0, 1)
    assert complaint(pixels, "tensor(2)", ("Cyclic(3)",)) is None


# ---------------------------------------------------------------------- what is said


def test_columns_are_called_as_in_the_table():
    X = pd.DataFrame(columns(4), columns=["z", "m", "x", "y"])
    rep = {("x", "y", "z"): "vector", "m": "scalar"}
    model = SoftEquivariantRidge(("O(2)@x,y",), rep_in=rep, strengths=1.0)
    scaler = StandardScaler().set_output(transform="pandas")
    with pytest.warns(UserWarning, match=r"columns 'z', 'x', 'y' \(rep_in: vector \+ scalar\)"):
        SoftEquivariantRidge(("O(3)",), rep_in=rep, strengths=1.0).fit(
            scaler.fit_transform(X), np.arange(60.0)
        )
    with pytest.warns(UserWarning, match=r"columns 'x', 'y' \("):
        model.fit(scaler.fit_transform(X), np.arange(60.0))


def test_a_long_list_of_columns_is_cut():
    said = complaint(StandardScaler().fit_transform(columns(12)), "4*vector", ("O(3)",))
    assert "columns 0, 1, 2, 3, 4, 5 and 6 more (" in said
