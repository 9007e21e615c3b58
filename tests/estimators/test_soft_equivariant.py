"""The soft equivariant regressor: strengths, tuning, report, augmentation, averaging, errors."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from skorch.callbacks import Callback, EarlyStopping

from sksofteq import SoftEquivariantRegressor, equivariance_error
from sksofteq.datasets import make_inertia
from sksofteq.estimators._probe import FitProbe
from sksofteq.groups import GeneratedGroup, O, Reflection, parse_group
from sksofteq.metrics import REPORT_COLUMNS
from sksofteq.reps import Scalar, Vector
from sksofteq.tuning import OrbitTuner, PaperTuner, Tuner

KEPT, BROKEN = "O(2)@x,y", "O(2)@y,z"
INERTIA = {"rep_in": "2*scalar + 2*vector", "rep_out": "tensor(2)"}
#: With a hidden tensor(3), without which vectors give an exact network no tensor but the identity.
WIDE = {"hidden_layer_sizes": (128,), "max_rank": 3}


def regressor(symmetries=(KEPT, BROKEN), **parameters) -> SoftEquivariantRegressor:
    """Tiny; on data of `table`, unless told otherwise."""
    quick = {"rep_in": "2*vector", "hidden_layer_sizes": (16,), "max_iter": 5, "random_state": 0}
    return SoftEquivariantRegressor(symmetries, **(quick | parameters))


def table(n=100, noise=0.0, seed=0):
    """Six columns, two vectors; rotations and mirrors in the x-y plane hold, y-z is broken."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, 6))
    return X, X[:, 0] ** 2 + X[:, 1] ** 2 + X[:, 2] + noise * rng.standard_normal(n)


def state(model) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.net_.module_.state_dict().items()}


def equal(first, second) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


class Recorder(Callback):
    """Keeps the weights after every epoch, for the fit that runs now."""

    seen: list = []  # noqa: RUF012 - shared with the clone that the fit makes

    def on_epoch_end(self, net, **kwargs):
        self.seen.append({k: v.clone() for k, v in net.module_.state_dict().items()})


@pytest.fixture
def recorder():
    Recorder.seen.clear()
    yield Recorder()
    Recorder.seen.clear()


# ------------------------------------------------------------------ strengths that the user sets


def test_one_number_for_all():
    model = regressor(strengths=2.5).fit(*table())
    assert model.regularizer_strengths_ == {KEPT: 2.5, BROKEN: 2.5}


def test_mapping_of_numbers_in_any_order():
    model = regressor(strengths={BROKEN: 0, KEPT: 3.0}).fit(*table())
    assert list(model.regularizer_strengths_.items()) == [(KEPT, 3.0), (BROKEN, 0.0)]


@pytest.mark.parametrize("penalty", ["proximal", "gradient"])
def test_stronger_means_a_smaller_penalty(penalty):
    X, y = table()
    settings = {"penalty": penalty, "max_iter": 30, "learning_rate_init": 0.03}
    weak = regressor(strengths=0.0, **settings).fit(X, y)
    strong = regressor(strengths={KEPT: 30.0, BROKEN: 0.0}, **settings).fit(X, y)
    ratio = strong.penalty_path_.iloc[-1] / weak.penalty_path_.iloc[-1]
    assert ratio[KEPT] < 0.5 * min(1.0, ratio[BROKEN])


def test_the_two_forms_of_the_penalty_differ():
    X, y = table()
    fits = [regressor(strengths=1.0, penalty=form).fit(X, y) for form in ("proximal", "gradient")]
    assert not equal(*map(state, fits))


def test_hard_candidate_is_exact_and_the_network_is_not_constant():
    X, y = make_inertia(100, n_points=2, axis=None, random_state=0)
    model = regressor(("O(3)",), strengths=math.inf, max_iter=10, **WIDE, **INERTIA).fit(X, y)
    assert model.equivariance_errors_["O(3)"] < 1e-8
    assert equivariance_error(model, X, "O(3)", **INERTIA, random_state=7) < 1e-8
    predicted = model.predict(X)
    assert predicted.std(axis=0).min() > 1e-3
    assert np.abs(predicted[:, 1]).max() > 1e-3  # not only multiples of the identity


def test_hard_network_of_default_rank_sees_more_than_the_trace():
    X, y = make_inertia(100, n_points=2, axis=None, random_state=0)
    model = regressor(("O(3)",), strengths=math.inf, hidden_layer_sizes=(128,), **INERTIA)
    assert np.abs(model.fit(X, y).predict(X)[:, 1]).max() > 1e-3


def test_hard_candidate_in_single_precision():
    X, y = make_inertia(100, n_points=2, axis=None, random_state=0)
    model = regressor(("O(3)",), strengths=math.inf, **WIDE, **INERTIA)
    model.fit(X.astype(np.float32), y.astype(np.float32))
    assert model.equivariance_errors_["O(3)"] < 1e-4


def test_hard_fit_starts_with_weights_of_the_usual_size():
    X, y = table()
    still = {"learning_rate_init": 1e-12, "alpha": 0.0, "max_iter": 1}
    sizes = []
    for strength in (0.0, math.inf):
        model = regressor((KEPT,), strengths=strength, **still).fit(X, y)
        weights = [layer.weight.detach().norm() for layer in model.net_.penalty.layers]
        sizes.append(float(torch.stack(weights).norm()))
    assert sizes[1] == pytest.approx(sizes[0], rel=0.1)  # a mere projection halves it


def test_hard_beside_soft():
    X, y = table()
    model = regressor(strengths={KEPT: math.inf, BROKEN: 0.0}, max_iter=10).fit(X, y)
    assert model.regularizer_strengths_ == {KEPT: math.inf, BROKEN: 0.0}
    assert model.equivariance_errors_[KEPT] < 1e-8
    assert model.equivariance_errors_[BROKEN] > 1e-2
    assert model.predict(X).std() > 1e-2


def test_hard_candidate_in_the_report():
    report = regressor(strengths=math.inf).fit(*table()).symmetry_report()
    assert (report["strength"] == math.inf).all()
    assert (report["residual"] < 1e-12).all()
    assert (report["verdict"] == "cannot tell").all()


def test_hard_candidate_costs_nothing_in_the_loss_curve():
    model = regressor((KEPT,), strengths=math.inf).fit(*table())
    assert (model.loss_curve_[KEPT] == 0).all()


def test_hard_candidate_is_exact_with_the_gradient_form():
    model = regressor((KEPT,), strengths=math.inf, penalty="gradient").fit(*table())
    assert model.equivariance_errors_[KEPT] < 1e-8


@pytest.mark.parametrize(
    ("strengths", "message"),
    [
        ({KEPT: 1.0}, "strengths must name every candidate"),
        ({KEPT: 1.0, BROKEN: 1.0, "SO(3)": 1.0}, "strengths must name every candidate"),
        ({KEPT: 1.0, BROKEN: -1.0}, r"strengths\['O\(2\)@y,z'\] must be a number >= 0, got -1.0"),
        ({KEPT: 1.0, BROKEN: math.nan}, r"strengths\['O\(2\)@y,z'\].*got nan"),
        ({KEPT: 1.0, BROKEN: "1"}, r"strengths\['O\(2\)@y,z'\].*got '1'"),
        (-0.5, "'strengths' parameter.*Got -0.5"),
        (math.nan, "'strengths' parameter.*Got nan"),
        ("strong", "'strengths' parameter.*Got 'strong'"),
    ],
)
def test_wrong_strengths(strengths, message):
    with pytest.raises(ValueError, match=message):
        regressor(strengths=strengths).fit(*table())


# ------------------------------------------------------------------ candidates and their labels


def test_labels_are_the_users_strings_in_the_order_given():
    symmetries = ("O(2)@y,z", "SO(3)", O(3), "O(2)@x,y")
    model = regressor(symmetries, strengths=1.0).fit(*table())
    labels = ["O(2)@y,z", "SO(3)", "O(3)", "O(2)@x,y"]
    assert list(model.regularizer_strengths_) == labels
    assert list(model.equivariance_errors_) == labels
    assert list(model.groups_) == labels
    assert list(model.symmetry_report().index) == labels
    assert list(model.strength_path_) == list(model.penalty_path_) == labels


def test_mapping_of_symmetries_gives_the_labels():
    symmetries = {"turns": "SO(2)@x,y", "a mirror": Reflection(3)}
    model = regressor(symmetries, strengths={"a mirror": 1.0, "turns": 2.0}).fit(*table())
    assert list(model.regularizer_strengths_.items()) == [("turns", 2.0), ("a mirror", 1.0)]
    assert model.groups_ == {"turns": parse_group("SO(2)@x,y"), "a mirror": Reflection(3)}


def test_labels_of_a_mapping_are_free():
    X, y = table()
    by_label = regressor({"a": KEPT, "b": BROKEN}, strengths=1.0).fit(X, y)
    assert equal(state(by_label), state(regressor(strengths=1.0).fit(X, y)))


@pytest.mark.parametrize("label", ["data", "validation"])
def test_labels_that_clash_with_columns_of_the_loss_curve_are_refused(label):
    with pytest.raises(ValueError, match=f"symmetries must not label .*got \\['{label}'\\]"):
        regressor({label: KEPT}, strengths=1.0).fit(*table())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"rep_in": None}, r"needs rep_in: .*rep_in='2\*vector'"),
        ({"symmetries": (KEPT, BROKEN, KEPT)}, "duplicate candidates"),
        ({"symmetries": {"a": KEPT, "b": KEPT}}, "'a' and 'b' are the same group"),
        ({"rep_in": "3*vector"}, "dimension 9 .*X has 6 features"),
        ({"rep_out": "vector"}, "dimension 3 .*y has 1 outputs"),
        ({"symmetries": ("SU(3)",)}, "Unknown group 'SU'"),
        ({"symmetries": ("SO(3)", "SO(2)")}, r"'SO\(2\)' acts on R\^2.*'SO\(3\)' has dimension 3"),
        ({"rep_in": "2*arrow"}, "arrow"),
        ({"penalty": "hard"}, "'penalty' parameter"),
        ({"untestable": "ask"}, "'untestable' parameter"),
        ({"tuner": "grid"}, "'tuner' parameter.*Got 'grid'"),
        ({"tuner": OrbitTuner}, "'tuner' parameter"),
        ({"hidden_layer_sizes": 16}, "'hidden_layer_sizes' parameter"),
        ({"max_iter": 0}, "'max_iter' parameter"),
        ({"batch_size": 0}, "'batch_size' parameter"),
        ({"validation_fraction": 1.0}, "'validation_fraction' parameter"),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        regressor(**parameters).fit(*table())


@pytest.mark.parametrize("symmetries", [KEPT, O(3), 3, {KEPT}])
def test_symmetries_that_are_no_list(symmetries):
    with pytest.raises(TypeError, match="symmetries must be a sequence or a mapping"):
        regressor(symmetries).fit(*table())


@pytest.mark.parametrize("size", [0, -5, 2.5, True, None, "4*spinor", "0*scalar"])
def test_wrong_hidden_layer_sizes_are_named(size):
    with pytest.raises(ValueError, match="hidden_layer_sizes must hold positive integers"):
        regressor(hidden_layer_sizes=(size,), strengths=1.0).fit(*table())


def test_hidden_layer_sizes_may_be_features():
    X, y = table()
    by_name = regressor(hidden_layer_sizes=("4*scalar + 4*vector",), strengths=1.0).fit(X, y)
    features = 4 * Scalar + 4 * Vector
    by_object = regressor(hidden_layer_sizes=[features], strengths=1.0).fit(X, y)
    assert equal(state(by_name), state(by_object))


def test_column_mapping_of_numbered_columns():
    X, y = table()
    meaning = {(0, 1, 2): "vector", (3, 4, 5): "vector"}
    numbered = regressor(rep_in=meaning, strengths=1.0).fit(pd.DataFrame(X), y)
    plain = regressor(rep_in="vector + vector", strengths=1.0).fit(X, y)
    assert equal(state(numbered), state(plain))


# ------------------------------------------------------------------ named spaces

SPACES = {"joint": 4, "xyz": 3}
SWAP = GeneratedGroup(discrete_generators=[np.eye(4)[[1, 0, 3, 2]]], name="swap").on_space("joint")


def test_candidates_on_two_spaces_and_on_both_at_once():
    X = np.random.RandomState(0).standard_normal((60, 12))
    y = X.reshape(60, 4, 3).sum(axis=1)
    candidates = {
        "turns": parse_group("SO(3) on xyz"),
        "exchange": parse_group("Permutation(4) on joint"),
        "mirror and swap": Reflection(3).on_space("xyz") & SWAP,
    }
    view = {"spaces": SPACES, "rep_in": "joint*xyz", "rep_out": "xyz"}
    model = regressor(candidates, strengths=math.inf, hidden_layer_sizes=(64,), **view).fit(X, y)
    assert max(model.equivariance_errors_.values()) < 1e-8
    assert list(model.equivariance_errors_) == list(candidates)
    assert model.predict(X).std(axis=0).min() > 1e-2


def test_soft_candidates_on_named_spaces_are_tuned():
    X = np.random.RandomState(0).standard_normal((80, 12))
    y = X.reshape(80, 4, 3).sum(axis=1)
    candidates = ("SO(3) on xyz", "Permutation(4) on joint")
    view = {"spaces": SPACES, "rep_in": "joint*xyz", "rep_out": "xyz"}
    model = regressor(
        candidates, tuner=OrbitTuner(initial=0.1), hidden_layer_sizes=(64,), max_iter=13, **view
    ).fit(X, y)
    assert list(model.regularizer_strengths_) == list(candidates)
    assert min(model.regularizer_strengths_.values()) > 0.1  # both hold


def test_group_on_a_space_of_another_size():
    X, y = np.zeros((20, 12)), np.arange(20.0)
    with pytest.raises(ValueError, match=r"acts on R\^5.*'joint': 4.*has dimension 4"):
        regressor(("Permutation(5) on joint",), spaces=SPACES, rep_in="joint*xyz").fit(X, y)


def test_group_on_an_undeclared_space():
    X, y = np.zeros((20, 12)), np.arange(20.0)
    with pytest.raises(ValueError, match=r"'SO\(3\) on room'.*'room'.*does not declare"):
        regressor(("SO(3) on room",), spaces=SPACES, rep_in="joint*xyz").fit(X, y)


# ------------------------------------------------------------------ what a fit leaves behind


def test_report_columns_order_and_index():
    model = regressor(max_iter=13).fit(*table())
    report = model.symmetry_report()
    assert list(report.columns) == REPORT_COLUMNS
    assert REPORT_COLUMNS == ["strength", "residual", "equivariance_error", "support", "verdict"]
    assert list(report.index) == [KEPT, BROKEN]
    assert report["strength"].to_dict() == model.regularizer_strengths_
    assert report["equivariance_error"].to_dict() == model.equivariance_errors_
    assert report["support"].between(0, 1).all()


def test_report_is_a_copy():
    model = regressor(strengths=1.0).fit(*table())
    report = model.symmetry_report()
    report.loc[KEPT, "strength"] = -1.0
    assert model.symmetry_report().loc[KEPT, "strength"] == 1.0


def test_residual_is_the_share_of_the_weights_outside():
    model = regressor(strengths=1.0).fit(*table())
    penalties = model.net_.penalty.values().detach().numpy()
    linear = model.net_.penalty.layers
    total = sum(float(p.detach().square().sum()) for layer in linear for p in layer.parameters())
    np.testing.assert_allclose(model.symmetry_report()["residual"], 2 * penalties / total)


def test_without_a_validation_part_nothing_can_be_told():
    report = regressor(strengths=1.0).fit(*table()).symmetry_report()
    assert (report["support"] == 0.5).all()
    assert (report["verdict"] == "cannot tell").all()


def test_with_a_validation_part_something_can_be_told():
    model = regressor(strengths=0.0, early_stopping=True, validation_fraction=0.5)
    report = model.set_params(max_iter=20).fit(*table(200)).symmetry_report()
    assert (report["support"] != 0.5).all()


def test_equivariance_errors_lie_between_0_and_1_and_agree_with_the_metric():
    X, y = table()
    model = regressor(strengths=0.0, max_iter=20).fit(X, y)
    for name, error in model.equivariance_errors_.items():
        measured = equivariance_error(model, X, name, "2*vector", n_elements=64, random_state=1)
        assert 0 < error < 1
        assert error == pytest.approx(measured, rel=0.5)


def test_paths_have_a_row_per_epoch():
    model = regressor(max_iter=13).fit(*table())
    assert model.n_iter_ == 13
    for path in (model.strength_path_, model.penalty_path_, model.loss_curve_):
        assert list(path.index) == list(range(1, 14))
        assert path.index.name == "epoch"
    assert model.strength_path_.iloc[-1].to_dict() == model.regularizer_strengths_
    assert (model.penalty_path_ > 0).all(axis=None)


def test_last_row_of_the_penalty_path_is_the_penalty_of_the_network():
    model = regressor(strengths=1.0).fit(*table())
    now = model.net_.penalty.values().detach().numpy()
    np.testing.assert_allclose(model.penalty_path_.iloc[-1], now)


def test_columns_of_the_loss_curve():
    X, y = table()
    fixed, tuned = regressor(strengths=2.0).fit(X, y), regressor(max_iter=13).fit(X, y)
    assert list(fixed.loss_curve_) == ["data", KEPT, BROKEN]
    assert list(tuned.loss_curve_) == ["data", KEPT, BROKEN, "validation"]
    np.testing.assert_allclose(fixed.loss_curve_[KEPT], 2.0 * fixed.penalty_path_[KEPT])


def test_data_term_is_the_standardised_error():
    X, y = table()
    # the rate is too small to move anything, so that the loss of the epoch is that of the end
    model = regressor(strengths=0.0, learning_rate_init=1e-12, max_iter=1, alpha=0.0).fit(X, y)
    expected = np.mean((model.predict(X) - y) ** 2) / y.var()
    assert model.loss_curve_["data"].iloc[0] == pytest.approx(expected, rel=1e-6)


def test_network_maps_raw_rows_to_raw_predictions():
    X, y = table()
    model = regressor(strengths=1.0).fit(X, y)
    with torch.no_grad():
        raw = model.net_.module_(torch.from_numpy(X)).numpy()[:, 0]
    np.testing.assert_allclose(model.predict(X), raw)


def test_fitted_representations_have_dimensions():
    model = regressor(strengths=1.0).fit(*table())
    assert (str(model.rep_in_), model.rep_in_.dim) == ("2*vector", 6)
    assert (str(model.rep_out_), model.rep_out_.dim) == ("scalar", 1)


def test_constant_y_warns_and_fits():
    X, _ = table()
    model = regressor(strengths=1.0, max_iter=30, learning_rate_init=0.03)
    with pytest.warns(UserWarning, match="y is constant"):
        model.fit(X, np.full(len(X), 40.0))
    np.testing.assert_allclose(model.predict(X), 40.0, rtol=1e-8)


@pytest.mark.filterwarnings("ignore:y is constant")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("constant", [1e-6, -0.1, 3e8, 0.0])
def test_constant_y_of_any_size(constant, dtype):
    X, _ = table()
    y = np.full((len(X), 2), constant, dtype)
    model = regressor(strengths=1.0, max_iter=3).fit(X.astype(dtype), y)
    np.testing.assert_allclose(model.predict(X.astype(dtype)), y, rtol=1e-6)


def test_constant_output_beside_another_one():
    X, y = table()
    settings = {"max_iter": 20, "learning_rate_init": 0.03, "strengths": 0.0}
    model = regressor(**settings).fit(X, np.column_stack([np.full(len(X), 1e-6), y]))
    predicted = model.predict(X)
    np.testing.assert_allclose(predicted[:, 0], 1e-6, rtol=1e-6)
    assert np.corrcoef(predicted[:, 1], y)[0, 1] > 0.8


@pytest.mark.filterwarnings("ignore:y is constant")
def test_a_constant_start_can_be_unlearned():
    X, y = table()
    model = regressor(strengths=0.0, learning_rate_init=0.03).partial_fit(X, 0 * y)
    for _ in range(40):
        model.partial_fit(X, y)
    assert model.score(X, y) > 0.5


@pytest.mark.parametrize("none", [None, (), {}])
def test_plain_network(none):
    X, y = table()
    model = regressor(none, rep_in=None).fit(X, y)
    assert model.regularizer_strengths_ == model.equivariance_errors_ == {}
    report = model.symmetry_report()
    assert report.shape == (0, 5)
    assert list(report.columns) == REPORT_COLUMNS
    assert list(model.loss_curve_) == ["data"]
    assert model.strength_path_.shape == (5, 0)


def test_plain_network_fits_any_number_of_columns():
    X = np.random.RandomState(0).standard_normal((40, 5))
    assert regressor(None, rep_in=None).fit(X, X[:, 0]).predict(X).shape == (40,)


def test_verbose_shows_losses_and_strengths(capsys):
    regressor(max_iter=13, verbose=True).fit(*table())
    shown = capsys.readouterr().err
    assert "13/13" in shown
    assert "loss=" in shown
    assert "validation=" in shown
    assert "strengths=" in shown


def test_silent_by_default(capsys):
    regressor(strengths=1.0).fit(*table())
    assert capsys.readouterr() == ("", "")


def test_diverging_fit_says_so():
    with pytest.raises(ValueError, match=r"training loss became .* lower learning_rate_init"):
        regressor(strengths=0.0, learning_rate_init=1e150).fit(*table())


def test_user_callbacks_are_cloned_and_called(recorder):
    model = regressor(strengths=1.0, callbacks=[recorder]).fit(*table())
    assert len(recorder.seen) == 5
    assert equal(recorder.seen[-1], state(model))


def test_batch_size_auto_is_at_most_200():
    X, y = table(250)
    by_200 = regressor(strengths=1.0, batch_size=200).fit(X, y)
    assert equal(state(regressor(strengths=1.0).fit(X, y)), state(by_200))
    assert not equal(state(regressor(strengths=1.0, batch_size=250).fit(X, y)), state(by_200))


# ------------------------------------------------------------------ rules


def test_few_epochs_warn_that_there_are_few_updates():
    with pytest.warns(UserWarning, match="max_iter=5 leaves room for 4 updates"):
        regressor(max_iter=5).fit(*table())


def test_orbit_tuner_object_and_its_bounds():
    tuner = OrbitTuner(initial=0.5, low=0.4, high=0.6, rate=1.0)
    model = regressor(tuner=tuner, max_iter=20).fit(*table())
    path = model.strength_path_
    assert path.min(axis=None) >= 0.4
    assert path.max(axis=None) <= 0.6
    assert (path.iloc[0] == 0.5).all()
    assert path.iloc[1].isin([0.4, 0.6]).any()  # cut at a bound
    assert (path.iloc[-1] != 0.5).all()


def test_tuner_object_is_left_alone():
    tuner = OrbitTuner()
    kept = dict(vars(tuner))
    regressor(tuner=tuner, max_iter=13).fit(*table())
    assert vars(tuner) == kept


def test_orbit_name_and_object_are_the_same():
    X, y = table()
    by_name = regressor(tuner="orbit", max_iter=13).fit(X, y)
    assert equal(state(by_name), state(regressor(tuner=OrbitTuner(), max_iter=13).fit(X, y)))


@pytest.mark.parametrize("penalty", ["proximal", "gradient"])
def test_paper_rule_adjusts_once(penalty):
    model = regressor(tuner="paper", penalty=penalty, max_iter=20).fit(*table())
    path = model.strength_path_
    assert (path.loc[:5] == 1.0).all(axis=None)
    assert (path.loc[6:] == path.loc[6]).all(axis=None)
    best = model.penalty_path_.loc[5].idxmin()
    assert path.loc[6, best] == 1.0
    assert path.loc[6].drop(best).max() < 1.0


def test_paper_rule_follows_its_formula():
    tuner = PaperTuner(strength_0=2.0, exponent=3.0, adjust_at=0.5)
    model = regressor(tuner=tuner, max_iter=6).fit(*table())
    window = model.penalty_path_.loc[:3]
    lowest = window.loc[window.min(axis=1).idxmin()]
    expected = 2.0 / (lowest / lowest.min()) ** 3
    np.testing.assert_allclose(model.strength_path_.loc[4], expected)


def test_paper_rule_needs_no_validation_part():
    X, y = table()
    model = regressor(tuner="paper", max_iter=8).fit(X, y)
    assert "validation" not in model.loss_curve_


def test_paper_rule_with_a_largest_candidate():
    model = regressor(("O(3)", KEPT, BROKEN), tuner=PaperTuner(largest="O(3)"), max_iter=8).fit(
        *table()
    )
    assert (model.strength_path_["O(3)"] == 0).all()
    assert model.regularizer_strengths_[KEPT] > 0


def test_paper_rule_with_an_unknown_largest_candidate():
    with pytest.raises(ValueError, match=r"largest='SO\(3\)' is not a candidate"):
        regressor(tuner=PaperTuner(largest="SO(3)")).fit(*table())


def test_paper_rule_with_nothing_but_the_largest_candidate():
    model = regressor(("O(3)",), tuner=PaperTuner(largest="O(3)"), max_iter=8).fit(*table())
    assert model.regularizer_strengths_ == {"O(3)": 0.0}


@pytest.mark.parametrize("wrong", [{"n_updates": 0}, {"n_elements": 0}, {"span": 2.0}])
def test_wrong_parameters_of_the_orbit_rule_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        regressor(tuner=OrbitTuner(**wrong), max_iter=13).fit(*table())


def test_fixed_strengths_are_not_tuned():
    model = regressor(strengths=1.0, tuner="orbit", max_iter=13).fit(*table())
    assert (model.strength_path_ == 1.0).all(axis=None)
    assert "validation" not in model.loss_curve_


class Switch(Tuner):
    """Weak until `epoch`, then `after`."""

    def __init__(self, epoch=6, after=1e6):
        self.epoch = epoch
        self.after = after

    def begin(self, labels, n_epochs):
        self.labels_ = list(labels)
        return dict.fromkeys(labels, 0.0)

    def on_epoch_end(self, epoch, probe):
        return dict.fromkeys(self.labels_, self.after) if epoch == self.epoch else None

    @property
    def settled_after(self):
        return self.epoch


def test_a_rule_of_ones_own():
    path = regressor((BROKEN,), tuner=Switch(epoch=3), max_iter=5).fit(*table()).strength_path_
    assert path[BROKEN].tolist() == [0, 0, 0, 1e6, 1e6]  # changed at the end of epoch 3


def test_loss_curve_has_the_strengths_that_were_in_force():
    model = regressor((BROKEN,), tuner=Switch(epoch=3, after=5.0), max_iter=5).fit(*table())
    terms = model.penalty_path_[BROKEN] * [0, 0, 0, 5.0, 5.0]
    np.testing.assert_allclose(model.loss_curve_[BROKEN], terms)


def test_strengths_changed_at_the_very_end_are_those_of_the_fit():
    model = regressor((BROKEN,), tuner=Switch(epoch=5), max_iter=5).fit(*table())
    assert model.regularizer_strengths_ == {BROKEN: 1e6}
    assert (model.strength_path_ == 0).all(axis=None)


def test_warm_start_keeps_fixed_strengths():
    X, y = table()
    model = regressor(strengths=1.0, warm_start=True).fit(X, y).fit(X, y)
    assert model.regularizer_strengths_ == {KEPT: 1.0, BROKEN: 1.0}


def test_warm_start_goes_on_from_the_strengths_of_the_last_fit():
    X, y = table(300)
    model = regressor(warm_start=True, max_iter=30, learning_rate_init=0.03, batch_size=40)
    last = model.fit(X, y).regularizer_strengths_[BROKEN]
    assert last < 0.1
    path = model.fit(X, y).strength_path_[BROKEN]
    assert path.iloc[0] == last
    assert path.iloc[2] <= last * math.exp(1.4) + 1e-9


def test_warm_start_with_other_candidates_is_refused_by_name():
    X, y = table()
    model = regressor(strengths=1.0, warm_start=True).fit(X, y)
    before = state(model)
    for train in ("fit", "partial_fit"):
        model.set_params(symmetries=("SO(3)",))
        with pytest.raises(ValueError, match=r"symmetries differs .*warm_start.*SO\(3\)"):
            getattr(model, train)(X, y)
    assert list(model.groups_) == [KEPT, BROKEN]
    assert equal(before, state(model))


@pytest.mark.parametrize(
    "changed",
    [{"hidden_layer_sizes": (8,)}, {"max_rank": 1}, {"rep_in": "3*scalar + vector"}],
    ids=lambda changed: next(iter(changed)),
)
def test_warm_start_with_another_network_is_refused_by_name(changed):
    X, y = table()
    model = regressor(strengths=1.0, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=rf"{next(iter(changed))} differs .*warm_start"):
        model.set_params(**changed).fit(X, y)


def test_warm_start_takes_new_strengths():
    X, y = table()
    model = regressor(strengths=1.0, warm_start=True).fit(X, y)
    model.set_params(strengths={KEPT: 2.0, BROKEN: 0.0}).fit(X, y)
    assert model.regularizer_strengths_ == {KEPT: 2.0, BROKEN: 0.0}
    assert (model.strength_path_[KEPT] == 2.0).all()


class Interruption(Callback):
    """Ctrl-C in the middle of the third epoch."""

    def on_batch_end(self, net, training=None, **kwargs):
        if len(net.history) == 3:
            raise KeyboardInterrupt


def test_interrupted_fit_leaves_nothing():
    model = regressor(strengths=1.0, callbacks=[Interruption()])
    with pytest.raises(KeyboardInterrupt):
        model.fit(*table())
    assert [name for name in vars(model) if name.endswith("_")] == []


@pytest.mark.parametrize("warm_start", [False, True])
def test_interrupted_fit_leaves_the_last_one(warm_start):
    X, y = table()
    model = regressor(strengths=1.0, warm_start=warm_start).fit(X, y)
    before, net = state(model), model.net_
    with pytest.raises(KeyboardInterrupt):
        model.set_params(callbacks=[Interruption()]).fit(X, 2 * y)
    assert model.net_ is net
    assert equal(before, state(model))


def test_interrupted_chunk_leaves_the_last_one():
    X, y = table()
    model = regressor(strengths=1.0, batch_size=20).partial_fit(X, y).partial_fit(X, y)
    before, predicted = state(model), model.predict(X)
    with pytest.raises(KeyboardInterrupt):
        model.set_params(callbacks=[Interruption()]).partial_fit(X, y)
    assert equal(before, state(model))
    assert model.n_iter_ == 2
    # the optimizer is as it was, too
    twin = regressor(strengths=1.0, batch_size=20).partial_fit(X, y).partial_fit(X, y)
    model.set_params(callbacks=None).partial_fit(X, y)
    assert equal(state(model), state(twin.partial_fit(X, y)))
    assert np.abs(model.predict(X) - predicted).max() > 0


def test_callbacks_of_skorch_end_a_fit():
    stopping = EarlyStopping(monitor="train_loss", patience=2, threshold=10.0, sink=lambda _: None)
    model = regressor(strengths=1.0, callbacks=[stopping], max_iter=30).fit(*table())
    assert 1 < model.n_iter_ < 30
    assert len(model.loss_curve_) == model.n_iter_


# ------------------------------------------------------------------ the validation part


def test_early_stopping_restores_the_best_weights(recorder):
    model = regressor(
        strengths=0.0,
        early_stopping=True,
        n_iter_no_change=100,
        max_iter=60,
        learning_rate_init=0.1,
        batch_size=10,
        callbacks=[recorder],
    ).fit(*table(40, noise=2.0))
    best = int(model.loss_curve_["validation"].argmin())
    assert best < 59
    assert equal(state(model), recorder.seen[best])
    assert not equal(state(model), recorder.seen[-1])


def test_early_stopping_never_restores_weights_from_before_the_last_change(recorder):
    model = regressor(
        (BROKEN,),
        tuner=Switch(epoch=12),
        early_stopping=True,
        n_iter_no_change=100,
        max_iter=18,
        learning_rate_init=0.03,
        batch_size=20,
        callbacks=[recorder],
    ).fit(*table(120))
    validation = model.loss_curve_["validation"].to_numpy()
    assert validation[:12].min() < validation[12:].min()  # the change has a price
    assert equal(state(model), recorder.seen[12 + int(validation[12:].argmin())])


def test_early_stopping_stops():
    X, y = table()
    stopping = {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.99}
    model = regressor((KEPT,), tuner=Switch(epoch=6, after=1.0), max_iter=30, **stopping)
    assert model.fit(X, y).n_iter_ == 9  # six do not count, one improves, two do not
    assert model.loss_curve_.shape == (9, 3)


def test_without_early_stopping_the_last_weights_stay(recorder):
    model = regressor(max_iter=13, callbacks=[recorder]).fit(*table())
    assert equal(state(model), recorder.seen[-1])


class Parts(Callback):
    """Keeps the training and the validation rows of the fit that ran last."""

    seen: list = []  # noqa: RUF012 - shared with the clone that the fit makes

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.seen[:] = X


@pytest.fixture
def parts():
    Parts.seen.clear()
    yield Parts()
    Parts.seen.clear()


@pytest.mark.parametrize(
    ("parameters", "held_out"),
    [
        ({"strengths": 1.0}, None),
        ({"strengths": 1.0, "early_stopping": True}, 20),
        ({"tuner": "orbit", "max_iter": 13}, 20),
        ({"tuner": "orbit", "max_iter": 13, "validation_fraction": 0.4}, 40),
        ({"symmetries": None, "rep_in": None}, None),
        ({"symmetries": None, "rep_in": None, "early_stopping": True}, 20),
    ],
)
def test_rows_are_held_out_only_where_they_are_needed(parameters, held_out, parts):
    model = regressor(callbacks=[parts], **parameters).fit(*table())
    train, valid = parts.seen
    assert (None if valid is None else len(valid)) == held_out
    assert len(train) == 100 - (held_out or 0)
    assert ("validation" in model.loss_curve_) == (held_out is not None)


def test_rows_of_a_group_stay_together(parts):
    X, y = table(10)
    X, y = np.tile(X, (10, 1)), np.tile(y, 10)  # the rows of a group are one row, ten times
    trial = np.array([f"trial {i % 10}" for i in range(100)])
    settings = {"strengths": 1.0, "early_stopping": True, "callbacks": [parts]}

    def common() -> set:
        train, valid = ({tuple(row) for row in part.inputs.tolist()} for part in parts.seen)
        return train & valid

    regressor(**settings).fit(X, y, groups=trial)
    assert [len(part) for part in parts.seen] == [80, 20]
    assert not common()
    regressor(**settings).fit(X, y)
    assert common()


def test_groups_change_the_standard_errors():
    X, y = table(120)
    X, y = np.tile(X[:12], (10, 1)), np.tile(y[:12], 10)  # every row ten times
    fits = {"early_stopping": True, "strengths": 0.0, "max_iter": 10, "validation_fraction": 0.5}
    together = regressor(**fits).fit(X, y, groups=np.tile(np.arange(12), 10))
    loose = regressor(**fits).fit(X, y)
    certain = (loose.symmetry_report()["support"] - 0.5).abs()
    assert ((together.symmetry_report()["support"] - 0.5).abs() < certain).all()


def test_a_single_group_cannot_be_split():
    X, y = table()
    with pytest.raises(ValueError, match="at least two groups"):
        regressor(max_iter=13).fit(X, y, groups=np.zeros(100))


def test_groups_of_another_length():
    X, y = table()
    with pytest.raises(ValueError, match=r"shape \(100,\), got shape \(50,\)"):
        regressor(max_iter=13).fit(X, y, groups=np.arange(50))


def test_training_part_without_any_weight_is_refused():
    X, y = table()
    half = np.arange(100) % 2
    model = regressor(strengths=1.0, early_stopping=True, validation_fraction=0.5)
    with pytest.raises(ValueError, match="sample_weight"):
        for weighted in (0, 1):  # one of them is the validation part
            model.fit(X, y, sample_weight=(half == weighted).astype(float), groups=half)


# ------------------------------------------------------------------ augmentation and averaging


def test_augmentation_lowers_the_equivariance_error():
    X, _ = table()
    y = 3 * X[:, 0] + X[:, 2]  # broken in the plane that is moved
    plain = regressor((KEPT,), strengths=0.0, max_iter=30, learning_rate_init=0.03)
    still = plain.fit(X, y).equivariance_errors_[KEPT]
    moved = plain.set_params(augment=[KEPT]).fit(X, y).equivariance_errors_[KEPT]
    assert moved < 0.7 * still


def test_augment_true_moves_by_what_the_rule_supports():
    X, y = table()
    settings = {"strengths": {KEPT: 1.0, BROKEN: 0.0}}
    supported = state(regressor(augment=True, **settings).fit(X, y))
    assert equal(supported, state(regressor(augment=[KEPT], **settings).fit(X, y)))
    assert not equal(supported, state(regressor(augment=[BROKEN], **settings).fit(X, y)))
    assert not equal(supported, state(regressor(**settings).fit(X, y)))


def test_augment_true_without_support_moves_nothing():
    X, y = table()
    augmented = regressor(augment=True, strengths=0.0).fit(X, y)
    assert equal(state(augmented), state(regressor(strengths=0.0).fit(X, y)))


def test_augment_leaves_the_data_alone():
    X, y = table()
    kept = X.copy(), y.copy()
    regressor(augment=[KEPT], strengths=1.0).fit(X, y)
    np.testing.assert_array_equal(X, kept[0])
    np.testing.assert_array_equal(y, kept[1])


@pytest.mark.parametrize("parameter", ["augment", "average"])
def test_unknown_labels(parameter):
    model = regressor(strengths=1.0, **{parameter: [KEPT, "SO(3)"]})
    with pytest.raises(ValueError, match=rf"{parameter} must name candidates.*O\(2\)@y,z"):
        model.fit(*table())


@pytest.mark.parametrize("parameter", ["augment", "average"])
def test_a_bare_string_is_no_list_of_labels(parameter):
    with pytest.raises(ValueError, match=f"'{parameter}' parameter"):
        regressor(strengths=1.0, **{parameter: KEPT}).fit(*table())


def test_unknown_labels_of_average_are_found_before_the_training(recorder):
    with pytest.raises(ValueError, match="average"):
        regressor(strengths=1.0, average=["SO(3)"], callbacks=[recorder]).fit(*table())
    assert recorder.seen == []


def test_average_over_an_array_of_labels():
    X, y = table()
    by_list = regressor(strengths=1.0, average=[KEPT, BROKEN]).fit(X, y)
    by_array = regressor(strengths=1.0, average=np.array([KEPT, BROKEN])).fit(X, y)
    np.testing.assert_array_equal(by_array.predict(X), by_list.predict(X))


def test_averaging_over_a_label_lowers_its_equivariance_error():
    X, y = table()
    plain, averaged = regressor(strengths=0.0), regressor(strengths=0.0, average=[KEPT])
    settings = {"group": KEPT, "rep_in": "2*vector", "random_state": 1}
    before = equivariance_error(plain.fit(X, y), X, **settings)
    after = equivariance_error(averaged.fit(X, y), X, **settings)
    assert equal(state(plain), state(averaged))
    assert after < 0.7 * before


def test_averaging_a_vector_turns_predictions_back():
    X, _ = table()
    y = X[:, :3] * (X[:, 3:] ** 2).sum(axis=1, keepdims=True)
    settings = {"strengths": 0.0, "rep_out": "vector", "max_iter": 20, "learning_rate_init": 0.03}
    plain = regressor(("SO(3)",), **settings).fit(X, y)
    averaged = regressor(("SO(3)",), average=["SO(3)"], **settings).fit(X, y)
    errors = [
        equivariance_error(f, X, "SO(3)", "2*vector", "vector", random_state=1)
        for f in (plain, averaged)
    ]
    assert errors[1] < 0.8 * errors[0]
    assert averaged.predict(X).std(axis=0).min() > 0.1


def test_averaged_predictions_do_not_depend_on_the_other_rows():
    X, y = table()
    model = regressor(strengths=0.0, average=[KEPT]).fit(X, y)
    np.testing.assert_allclose(model.predict(X[:3]), model.predict(X)[:3], rtol=1e-10)


def test_averaging_over_no_labels_changes_nothing():
    X, y = table()
    plain = regressor(strengths=0.0).fit(X, y)
    averaged = regressor(strengths=0.0, average=[]).fit(X, y)
    np.testing.assert_array_equal(averaged.predict(X), plain.predict(X))


@pytest.mark.parametrize("average", [True, "auto"])
def test_average_without_a_validation_part_changes_nothing(average):
    X, y = table()
    plain = regressor(strengths=0.0).fit(X, y)
    averaged = regressor(strengths=0.0, average=average).fit(X, y)
    np.testing.assert_array_equal(averaged.predict(X), plain.predict(X))


def noisy_fit(**parameters):
    """One candidate of this fit holds, the other one is broken, beyond doubt."""
    model = regressor(
        strengths=0.0,
        early_stopping=True,
        n_iter_no_change=100,
        validation_fraction=0.5,
        learning_rate_init=0.03,
        batch_size=20,
        max_iter=20,
        **parameters,
    )
    return model.fit(*table(300, noise=1.0))


@pytest.fixture(scope="module")
def plain_fit():
    return noisy_fit()


def test_verdicts_of_a_validation_part(plain_fit):
    report = plain_fit.symmetry_report()
    assert report["verdict"].tolist() == ["holds", "broken"]
    assert report.loc[KEPT, "support"] > 0.95
    assert report.loc[BROKEN, "support"] < 0.05


def test_average_true_takes_what_holds(plain_fit):
    X, _ = table(50, seed=1)
    averaged = noisy_fit(average=True).predict(X)
    np.testing.assert_array_equal(averaged, noisy_fit(average=[KEPT]).predict(X))
    assert np.abs(averaged - plain_fit.predict(X)).max() > 1e-3


@pytest.mark.parametrize("pays", [True, False])
def test_average_auto_asks_whether_it_pays(plain_fit, pays, monkeypatch):
    X, _ = table(50, seed=1)
    monkeypatch.setattr(FitProbe, "average_pays", lambda probe, elements: pays)
    gap = np.abs(noisy_fit(average="auto").predict(X) - plain_fit.predict(X)).max()
    assert gap > 1e-3 if pays else gap == 0


# ------------------------------------------------------------------ candidates out of reach


def out_of_reach(untestable, tuner="orbit"):
    """Rows far from the axis, always in one direction: turning them leaves the data."""
    X, y = table(200)
    return regressor(
        ("SO(2)@x,y", "SO(2)@y,z"), untestable=untestable, tuner=tuner, max_iter=13
    ).fit(X + [10, 0, 0, 10, 0, 0], y)


def test_untestable_candidate_keeps_its_strength():
    model = out_of_reach("keep", OrbitTuner(initial=0.7))
    assert (model.strength_path_["SO(2)@x,y"] == 0.7).all()
    assert model.strength_path_["SO(2)@y,z"].nunique() > 1
    report = model.symmetry_report().loc["SO(2)@x,y"]
    assert (report["support"], report["verdict"]) == (0.5, "cannot tell")


def test_untestable_candidate_is_dropped():
    model = out_of_reach("drop", OrbitTuner(initial=0.7))
    assert (model.strength_path_["SO(2)@x,y"] == 0).all()
    assert model.strength_path_["SO(2)@y,z"].nunique() > 1


@pytest.mark.parametrize("tuner", ["orbit", PaperTuner(adjust_at=0.5), Switch(epoch=3)])
def test_every_rule_drops_what_is_untestable(tuner):
    model = out_of_reach("drop", tuner)
    assert model.regularizer_strengths_["SO(2)@x,y"] == 0
    assert (model.strength_path_["SO(2)@x,y"] == 0).all()
    assert model.regularizer_strengths_["SO(2)@y,z"] > 0


# ------------------------------------------------------------------ it learns, and finds out


def test_it_learns_a_simple_symmetric_task():
    X, y = table(500)
    X = X[:, :3]
    model = regressor(rep_in="vector", max_iter=30, learning_rate_init=0.03, batch_size=50)
    model.fit(X[:300], y[:300])
    assert model.score(X[300:], y[300:]) > 0.8
    assert model.regularizer_strengths_[BROKEN] < 0.1 * model.regularizer_strengths_[KEPT]


def test_it_finds_the_symmetry_of_the_inertia_tensor():
    X, y = make_inertia(400, n_points=2, random_state=0)
    settings = {"hidden_layer_sizes": (32,), "max_iter": 60, "learning_rate_init": 0.03}
    model = regressor(batch_size=100, **settings, **INERTIA).fit(X, y)
    strengths = model.regularizer_strengths_
    assert strengths[BROKEN] < 0.1 * strengths[KEPT]
    report = model.symmetry_report()
    assert report.loc[BROKEN, "verdict"] == "broken"
    assert report.loc[KEPT, "verdict"] in ("holds", "approximate")
