"""Strengths that the user sets, candidates and their labels, named spaces."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from estimators_kit import BROKEN, INERTIA, KEPT, WIDE, equal, regressor, state, table

from sksofteq import equivariance_error
from sksofteq.datasets import make_inertia
from sksofteq.groups import GeneratedGroup, O, Reflection, parse_group
from sksofteq.reps import Scalar, Vector
from sksofteq.tuning import OrbitTuner

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
