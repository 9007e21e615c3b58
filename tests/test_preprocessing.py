"""The scaler that breaks no symmetry."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch

from sksofteq import EquivariantScaler
from sksofteq.datasets import waymo_windows
from sksofteq.groups import parse_group
from sksofteq.orbits import inverse
from sksofteq.reps import parse_rep

NAMED = {"joint": 4, "xyz": 3}
LINEAR = [
    ("2*scalar + 2*vector + tensor(2)", ("SO(3)",), None),
    ("2*scalar + 2*vector + tensor(2)", ("O(3)", "O(2)@x,y"), None),
    ("scalar + vector", ("Reflection(3)", "SO(2)@y,z"), None),
    ("scalar + 2*vector + tensor(1,1)", ("SL(3)",), None),
    ("vector + tensor(0,1)", ("SO(1,2)",), None),
    ("2*vector + tensor(2)", ("Permutation(3)",), None),
    ("vector + tensor(2)", ("Scaling(3, frame=False)",), None),
    ("joint + joint*xyz", ("SO(3) on xyz", "Permutation(4) on joint"), NAMED),
    (
        "joint*xyz + xyz",
        ("Reflection(3) on xyz & Permutation(2)@0,1 in R^4 on joint",),
        NAMED,
    ),
]


def table(dim, n=40, seed=0):
    """Columns of different means and spreads."""
    rng = np.random.default_rng(seed)
    return rng.uniform(1, 9, dim) + rng.uniform(0.5, 2, dim) * rng.standard_normal((n, dim))


def bound(rep, spaces, dim=3):
    """The representation over a space of three dimensions, or named ones."""
    return parse_rep(rep, spaces).bind(spaces or dim)


def elements(name, n=4):
    """Group elements."""
    drawn = parse_group(name).sample_on_spaces(n, 0)
    return [{space: matrices[i] for space, matrices in drawn.items()} for i in range(n)]


@pytest.mark.parametrize(("rep", "names", "spaces"), LINEAR)
def test_transform_commutes_with_the_group(rep, names, spaces):
    bound_rep = bound(rep, spaces)
    X = table(bound_rep.dim)
    scaler = EquivariantScaler(names, rep, spaces).fit(X)
    for name in names:
        for g in elements(name):
            np.testing.assert_allclose(
                scaler.transform(bound_rep.transform(X, g)),
                bound_rep.transform(scaler.transform(X), g),
                atol=1e-8,
            )


def test_transform_commutes_with_frame_scalings():
    X = table(3)
    scaler = EquivariantScaler(("Scaling(3)",), "vector").fit(X)
    np.testing.assert_allclose(scaler.transform(2 * X), 2 * scaler.transform(X))


@pytest.mark.parametrize("name", ["Translation(3)", "SE(3)", "E(3)"])
def test_affine_groups_still_act_affinely_after_scaling(name):
    """What moves raw points moves scaled ones by the same rotation and a scaled translation."""
    rep = bound("point + vector", None)
    X = table(6)
    scaler = EquivariantScaler((name,), "point + vector").fit(X)
    for g in elements(name):
        moved = scaler.transform(rep.transform(X, g))
        turned = rep.transform(scaler.transform(X), {None: g[None][:3, :3]})
        gap = moved - turned
        np.testing.assert_allclose(gap[:, 3:], 0.0, atol=1e-10)
        np.testing.assert_allclose(gap, np.tile(gap[0], (len(X), 1)), atol=1e-10)


@pytest.mark.parametrize("name", ["Translation(3)", "SE(3)"])
def test_points_of_one_space_share_their_scale(name):
    X = table(6) * [1, 1, 1, 10, 10, 10]
    scaler = EquivariantScaler((name,), "2*point").fit(X)
    np.testing.assert_allclose(scaler.scale_, scaler.scale_[0])


@pytest.mark.parametrize(("rep", "names", "spaces"), LINEAR)
def test_inverse_undoes_transform(rep, names, spaces):
    X = table(bound(rep, spaces).dim)
    scaler = EquivariantScaler(names, rep, spaces).fit(X)
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(X)), X)


def test_without_candidates_columns_are_standardised_one_by_one():
    X = table(5)
    np.testing.assert_allclose(
        EquivariantScaler().fit_transform(X), StandardScaler().fit_transform(X)
    )


def test_result_does_not_depend_on_how_the_data_were_turned():
    """Fitting on turned data gives the turned result."""
    rep, X = bound("scalar + 2*vector", None), table(7)
    (g,) = elements("SO(3)", 1)
    scaler = EquivariantScaler(("SO(3)",), "scalar + 2*vector")
    turned = scaler.fit_transform(rep.transform(X, g))
    np.testing.assert_allclose(
        rep.transform(turned, inverse(g)), scaler.fit_transform(X), atol=1e-10
    )


def test_scaled_tensors_have_unit_mean_square():
    X = EquivariantScaler(("SO(3)",), "scalar + vector").fit_transform(table(4))
    assert (X[:, 0] ** 2).mean() == pytest.approx(1.0)
    assert (X[:, 1:] ** 2).mean() == pytest.approx(1.0)


def test_constant_tensor_is_not_divided():
    X = np.hstack([table(1), np.zeros((40, 3))])
    scaler = EquivariantScaler(("SO(3)",), "scalar + vector").fit(X)
    np.testing.assert_array_equal(scaler.scale_[1:], 1.0)
    np.testing.assert_array_equal(scaler.transform(X)[:, 1:], 0.0)


def test_weights_count_as_repetitions():
    X, weights = table(4, n=5), np.array([1, 3, 2, 2, 1])
    scaler = EquivariantScaler(("SO(3)",), "scalar + vector")
    weighted = scaler.fit(X, sample_weight=weights).transform(X)
    repeated = scaler.fit(np.repeat(X, weights, axis=0)).transform(X)
    np.testing.assert_allclose(weighted, repeated)


def test_table_may_have_its_columns_in_any_order():
    X = pd.DataFrame(table(4), columns=["z", "m", "x", "y"])
    by_name = EquivariantScaler(("SO(3)",), {("x", "y", "z"): "vector", "m": "scalar"}).fit(X)
    in_order = EquivariantScaler(("SO(3)",), "vector + scalar").fit(X[["x", "y", "z", "m"]])
    np.testing.assert_allclose(by_name.mean_, in_order.mean_[[2, 3, 0, 1]])
    np.testing.assert_allclose(by_name.scale_, in_order.scale_[[2, 3, 0, 1]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(dtype):
    X = table(3).astype(dtype)
    scaler = EquivariantScaler(("SO(3)",), "vector").fit(X)
    scaled = scaler.transform(X)
    assert (scaled.dtype, scaler.inverse_transform(scaled).dtype) == (dtype, dtype)


def test_transform_leaves_its_input_alone():
    X = table(3)
    EquivariantScaler(("SO(3)",), "vector").fit_transform(X)
    np.testing.assert_array_equal(X, table(3))


def test_clone_has_the_same_parameters_and_is_not_fitted():
    scaler = EquivariantScaler(("SO(3)", parse_group("O(2)@x,y")), "vector").fit(table(3))
    twin = clone(scaler)
    assert twin.get_params() == scaler.get_params()
    with pytest.raises(NotFittedError):
        twin.transform(table(3))


def test_pickle_transforms_alike():
    scaler = EquivariantScaler(("SO(3)",), "vector").fit(table(3))
    twin = pickle.loads(pickle.dumps(scaler))
    np.testing.assert_array_equal(twin.transform(table(3)), scaler.transform(table(3)))


def test_pipeline_scales_before_it_fits():
    X, y = table(4), np.arange(40.0)
    scaler = EquivariantScaler(("SO(3)",), "scalar + vector")
    pipeline = make_pipeline(scaler, Ridge()).fit(X, y)
    expected = Ridge().fit(clone(scaler).fit_transform(X), y).predict(scaler.transform(X))
    np.testing.assert_allclose(pipeline.predict(X), expected)


def test_pipeline_sets_parameters():
    pipeline = make_pipeline(EquivariantScaler(("SO(3)",), "vector"), Ridge())
    pipeline.set_params(equivariantscaler__symmetries=()).fit(table(3), np.arange(40.0))
    np.testing.assert_allclose(pipeline[0].mean_, table(3).mean(axis=0))


def test_table_comes_back_as_a_table():
    X = pd.DataFrame(table(3), columns=list("xyz"), index=range(5, 45))
    scaled = (
        EquivariantScaler(("SO(3)",), "vector").set_output(transform="pandas").fit_transform(X)
    )
    pd.testing.assert_index_equal(scaled.columns, X.columns)
    pd.testing.assert_index_equal(scaled.index, X.index)


def test_feature_names_are_those_of_the_table():
    X = pd.DataFrame(table(3), columns=list("xyz"))
    scaler = EquivariantScaler(("SO(3)",), "vector").fit(X)
    assert scaler.get_feature_names_out().tolist() == ["x", "y", "z"]
    assert scaler.n_features_in_ == 3


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_scaler_must_be_fitted_first(method):
    with pytest.raises(NotFittedError):
        getattr(EquivariantScaler(), method)(table(3))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"symmetries": ("SO(3)",)}, "needs rep"),
        ({"symmetries": ("SO(3)",), "rep": "scalar"}, "rep='scalar' has dimension 1"),
        ({"symmetries": ("SO(2)",), "rep": "vector"}, "rep='vector' has dimension 2"),
        ({"symmetries": ("SO(3)",) * 2, "rep": "vector"}, "symmetries holds duplicate"),
        ({"symmetries": ("Foo(3)",), "rep": "vector"}, "Unknown group 'Foo'"),
        ({"symmetries": ("SO(3)",), "rep": "vektor"}, "Cannot read 'vektor'"),
        ({"symmetries": ("SO(3)",), "rep": {"x": "scalar"}}, "rep is a mapping"),
        ({"spaces": 3}, "'spaces' parameter of EquivariantScaler"),
        ({"scaling": "axis"}, "'scaling' parameter of EquivariantScaler"),
    ],
)
def test_bad_parameter_is_an_error(parameters, message):
    with pytest.raises(ValueError, match=message):
        EquivariantScaler(**parameters).fit(table(3))


@pytest.mark.parametrize("method", ["fit", "transform"])
def test_missing_values_are_an_error(method):
    X = table(3)
    scaler = EquivariantScaler(("SO(3)",), "vector").fit(X)
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        getattr(scaler, method)(X)


def test_table_of_another_width_is_an_error():
    scaler = EquivariantScaler(("SO(3)",), "vector").fit(table(3))
    with pytest.raises(ValueError, match="X has 4 features, but EquivariantScaler is expecting 3"):
        scaler.transform(table(4))


def test_inverse_of_a_table_of_another_width_is_an_error():
    scaler = EquivariantScaler(("SO(3)",), "vector").fit(table(3))
    with pytest.raises(ValueError, match="3"):
        scaler.inverse_transform(table(1))


def test_points_and_vectors_of_a_space_that_is_scaled_and_moved():
    names, X = ("Scaling(3)", "Translation(3)"), table(9)
    scaler = EquivariantScaler(names, "2*point + vector").fit(X)
    np.testing.assert_array_equal(scaler.mean_, 0.0)
    np.testing.assert_allclose(scaler.scale_[:6], scaler.scale_[0])
    assert scaler.scale_[6] != scaler.scale_[0]


def test_points_share_their_scale_wherever_their_columns_are():
    X = pd.DataFrame(table(5) * [1, 7, 1, 7, 3], columns=["ax", "bx", "ay", "by", "m"])
    rep = {("ax", "ay"): "point", "m": "scalar", ("bx", "by"): "point"}
    scale = EquivariantScaler(("SE(2)",), rep).fit(X).scale_
    np.testing.assert_allclose(scale[:4], scale[0])
    assert scale[4] != scale[0]


def test_points_that_nothing_translates_have_scales_of_their_own():
    X = table(6) * [1, 1, 1, 10, 10, 10]
    scale = EquivariantScaler(("SO(3)",), "2*point").fit(X).scale_
    assert scale[3] > 5 * scale[0]


# ---------------------------------------------------------------------- what shares a number


SCALINGS = ("tensor", "isotropic", "per axis")


def test_isotropic_keeps_proportions_of_tensors_of_one_type():
    X = table(8) * [1, 5, 1, 1, 1, 10, 10, 10]
    scale = EquivariantScaler(("O(3)",), "2*scalar + 2*vector", scaling="isotropic").fit(X).scale_
    np.testing.assert_allclose(scale[:2], X[:, :2].std(axis=0))
    np.testing.assert_allclose(scale[2:], np.sqrt((X[:, 2:] ** 2).mean()))


def test_isotropic_looks_for_a_type_in_all_terms():
    X = table(7) * [1, 1, 1, 4, 10, 10, 10]
    scaler = EquivariantScaler(("O(3)",), "vector + scalar + vector", scaling="isotropic")
    np.testing.assert_allclose(scaler.fit(X).scale_[[0, 1, 2, 4, 5, 6]], scaler.scale_[0])
    assert scaler.scale_[3] == pytest.approx(X[:, 3].std())


@pytest.mark.parametrize(("rep", "names", "spaces"), LINEAR)
def test_isotropic_commutes_with_the_group(rep, names, spaces):
    bound_rep = bound(rep, spaces)
    X = table(bound_rep.dim)
    scaler = EquivariantScaler(names, rep, spaces, scaling="isotropic").fit(X)
    for name in names:
        for g in elements(name):
            np.testing.assert_allclose(
                scaler.transform(bound_rep.transform(X, g)),
                bound_rep.transform(scaler.transform(X), g),
                atol=1e-8,
            )


def test_per_axis_divides_an_axis_of_all_vectors_by_one_number():
    X = table(6) * [1, 2, 9, 1, 2, 9]
    scaler = EquivariantScaler(("O(3)",), "2*vector", scaling="per axis").fit(X)
    expected = np.sqrt((X.reshape(40, 2, 3) ** 2).mean(axis=(0, 1)))
    np.testing.assert_allclose(scaler.scale_, np.tile(expected, 2))
    np.testing.assert_array_equal(scaler.mean_, 0.0)


def test_per_axis_breaks_rotations_and_keeps_mirrors_of_an_axis():
    rep, X = bound("vector", None), table(3) * [1, 2, 9]
    scaler = EquivariantScaler(("O(3)",), "vector", scaling="per axis").fit(X)

    def gap(name):
        (g,) = elements(name, 1)
        return np.abs(
            scaler.transform(rep.transform(X, g)) - rep.transform(scaler.transform(X), g)
        ).max()

    assert gap("SO(3)") > 0.1
    assert gap("Reflection(3)") < 1e-12


@pytest.mark.parametrize("scaling", ["isotropic", "per axis"])
def test_scalings_are_those_of_the_motion_task(scaling):
    """The numbers of `waymo_windows`, which sees past and future."""
    n_steps = np.arange(24.0)[:, None]
    way = np.random.default_rng(0).uniform(-0.3, 0.3, (30, 1, 3)) * n_steps
    way[..., 2] = np.random.default_rng(1).uniform(0.02, 0.05, (30, 1)) * n_steps[:, 0]
    tracks = Bunch(
        positions=way,
        valid=np.ones((30, 24), dtype=bool),
        kind=np.array(["vehicle"] * 30),
        scenario=np.arange(30),
    )
    raw, scaled = (waymo_windows(tracks, normalization=name) for name in (None, scaling))
    X = np.hstack([raw.X, raw.y])
    scaler = EquivariantScaler(("O(3)",), "12*vector", scaling=scaling)
    np.testing.assert_allclose(scaler.fit_transform(X), np.hstack([scaled.X, scaled.y]))
    np.testing.assert_allclose(scaler.scale_[:3], scaled.scale)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scaling", SCALINGS)
def test_inverse_undoes_every_scaling(scaling, dtype):
    X = (1e3 + table(13)).astype(dtype)
    rep = "scalar + vector + tensor(2)"
    scaler = EquivariantScaler(("SO(3)",), rep, scaling=scaling).fit(X)
    back = scaler.inverse_transform(scaler.transform(X))
    assert back.dtype == dtype
    np.testing.assert_allclose(back, X, rtol=2e-6 if dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("scaling", SCALINGS)
def test_weights_count_as_repetitions_whatever_the_scaling(scaling):
    X, weights = table(7, n=6), np.array([1, 3, 2, 0, 2, 1])
    scaler = EquivariantScaler(("SO(3)",), "scalar + 2*vector", scaling=scaling)
    weighted = scaler.fit_transform(X, sample_weight=weights)
    repeated = scaler.fit(np.repeat(X, weights, axis=0)).transform(X)
    np.testing.assert_allclose(weighted, repeated)


@pytest.mark.parametrize(
    ("weight", "message"),
    [(0.0, "(?i)sample.weights? must"), (-1.0, "Negative values")],
)
def test_weights_must_be_positive_somewhere(weight, message):
    with pytest.raises(ValueError, match=message):
        EquivariantScaler(("SO(3)",), "vector").fit(table(3), sample_weight=np.full(40, weight))


def test_without_candidates_scaling_changes_nothing():
    X = table(4)
    for scaling in SCALINGS:
        scaled = EquivariantScaler(scaling=scaling).fit_transform(X)
        np.testing.assert_allclose(scaled, StandardScaler().fit_transform(X))


def test_per_axis_finds_the_axes_by_name():
    X = pd.DataFrame(table(4) * [1, 2, 9, 3], columns=["z", "x", "m", "y"])
    rep = {("x", "y", "z"): "vector", "m": "scalar"}
    scaler = EquivariantScaler(("O(3)",), rep, scaling="per axis").fit(X)
    expected = np.sqrt((X**2).mean())
    np.testing.assert_allclose(scaler.scale_[[0, 1, 3]], expected.iloc[[0, 1, 3]])
    scaled = scaler.set_output(transform="pandas").transform(X)
    assert list(scaled.columns) == ["z", "x", "m", "y"]


@pytest.mark.parametrize("scaling", ["isotropic", "tensor"])
def test_default_turns_its_mean_with_the_data(scaling):
    """What the group moves of the mean stays; what it leaves alone goes."""
    rep, X = bound("scalar + vector", None), table(4)
    scaler = EquivariantScaler(("O(2)@x,y",), "scalar + vector", scaling=scaling).fit(X)
    np.testing.assert_allclose(scaler.mean_, X.mean(axis=0) * [1, 0, 0, 1], atol=1e-12)
    for g in elements("O(2)@x,y"):
        turned = clone(scaler).fit(rep.transform(X, g))
        np.testing.assert_allclose(turned.scale_, scaler.scale_)
        np.testing.assert_allclose(turned.mean_, scaler.mean_, atol=1e-12)
