"""What sets each of the rival networks apart; what they share is in the contract."""

import math
import pickle

import numpy as np
import pytest
import torch
from estimators_kit import BROKEN, KEPT, table
from sklearn.model_selection import GridSearchCV

from sksofteq import (
    EquivariantRegressor,
    MixedResidualPathwayRegressor,
    ResidualPathwayRegressor,
    SampledEquivariantRegressor,
    SoftEquivariantRegressor,
)
from sksofteq.datasets import make_inertia
from sksofteq.estimators import fit_together
from sksofteq.metrics import REPORT_COLUMNS

QUICK = {"rep_in": "2*vector", "hidden_layer_sizes": (16,), "max_iter": 5, "random_state": 0}
RIVALS = [
    EquivariantRegressor,
    ResidualPathwayRegressor,
    MixedResidualPathwayRegressor,
    SampledEquivariantRegressor,
]


@pytest.fixture(params=RIVALS, ids=lambda rival: rival.__name__)
def rival(request):
    return request.param


# ------------------------------------------------------------------ all of them


def test_without_candidates_each_is_the_plain_network(rival):
    X, y = table()
    settings = {**QUICK, "rep_in": None}
    plain = SoftEquivariantRegressor(**settings).fit(X, y)
    model = rival(**settings).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))
    assert model.regularizer_strengths_ == {}
    assert list(model.symmetry_report().columns) == REPORT_COLUMNS


def test_the_report_has_the_candidates_in_order(rival):
    model = rival({"flat": KEPT, "upright": BROKEN}, **QUICK).fit(*table())
    report = model.symmetry_report()
    assert list(report.index) == list(model.regularizer_strengths_) == ["flat", "upright"]
    assert list(report.columns) == REPORT_COLUMNS
    assert (report["verdict"] == "cannot tell").all()
    assert list(model.strength_path_.columns) == ["flat", "upright"]


def test_the_docstring_is_whole(rival):
    assert "<" + "candidates>" not in rival.__doc__
    for name in rival().get_params():
        assert f"\n    {name} : " in rival.__doc__ or f"{name}, " in rival.__doc__, name
    for title in ("Assumes", "Costs", "Prefer it", "References\n", "Examples\n"):
        assert title in rival.__doc__


def test_candidates_can_be_searched(rival):
    search = GridSearchCV(rival(**QUICK), {"symmetries": [None, (KEPT,), (KEPT, BROKEN)]}, cv=2)
    search.fit(*table())
    assert len(search.cv_results_["params"]) == 3


# ------------------------------------------------------------------ equivariant


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "symmetries", [("O(3)",), ("O(2)@x,y", "O(2)@y,z"), ("Scaling(3)", "SO(3)")]
)
def test_hard_networks_are_equivariant_to_rounding(symmetries, dtype):
    X, y = make_inertia(80, random_state=0)
    meaning = {"rep_in": "5*scalar + 5*vector", "rep_out": "tensor(2)"}
    model = EquivariantRegressor(symmetries, **{**QUICK, **meaning, "hidden_layer_sizes": (64,)})
    model.fit(X.astype(dtype), y.astype(dtype))
    limit = 1e-4 if dtype == np.float32 else 1e-12
    assert all(error < limit for error in model.equivariance_errors_.values())
    assert model.predict(X.astype(dtype)).std(axis=0).min() > 1e-3
    assert set(model.regularizer_strengths_.values()) == {math.inf}


def test_hard_networks_are_the_soft_ones_with_infinite_strengths():
    X, y = table()
    hard = EquivariantRegressor((KEPT,), **QUICK).fit(X, y)
    soft = SoftEquivariantRegressor((KEPT,), strengths=math.inf, **QUICK).fit(X, y)
    np.testing.assert_array_equal(hard.predict(X), soft.predict(X))


def test_several_candidates_impose_the_group_that_they_generate():
    X, y = table()
    model = EquivariantRegressor((KEPT, BROKEN), **QUICK).fit(X, y)
    lengths = np.linalg.norm(X.reshape(len(X), 2, 3), axis=2)
    turned = X.copy()
    turned[:, 0::3], turned[:, 2::3] = X[:, 2::3], -X[:, 0::3]  # about y, which is neither's axis
    assert np.ptp(lengths) > 0
    np.testing.assert_allclose(model.predict(turned), model.predict(X), atol=1e-10)


# ------------------------------------------------------------------ residual pathways


def pathways(model):
    layer = model.net_.module_.core.output
    return layer.residual, list(layer.pathways)


def test_one_pathway_for_all_candidates_or_one_for_each():
    X, y = table()
    one = ResidualPathwayRegressor((KEPT, BROKEN), **QUICK).fit(X, y)
    each = MixedResidualPathwayRegressor((KEPT, BROKEN), **QUICK).fit(X, y)
    assert len(pathways(one)[1]) == 1
    assert len(pathways(each)[1]) == 2


@pytest.mark.parametrize("mixed", [ResidualPathwayRegressor, MixedResidualPathwayRegressor])
def test_a_tight_prior_leaves_the_equivariant_pathways_alone(mixed):
    X, y = table()
    model = mixed((KEPT,), alpha_residual=1e9, **QUICK).fit(X, y)
    assert model.equivariance_errors_[KEPT] < 1e-6
    assert model.symmetry_report().loc[KEPT, "residual"] < 1e-10
    free = mixed((KEPT,), alpha_residual=0.0, **QUICK).fit(X, y)
    assert free.equivariance_errors_[KEPT] > 1e-3
    assert free.symmetry_report().loc[KEPT, "residual"] > 1e-6


@pytest.mark.parametrize("alpha", [0.0, 1e-4, 0.5])
def test_strength_is_what_the_two_priors_amount_to(alpha):
    model = ResidualPathwayRegressor((KEPT,), alpha=alpha, alpha_residual=2.0, **QUICK)
    # one weight inside: min over a of alpha a^2 + (alpha + 2) (w - a)^2, by a fine grid
    grid = np.linspace(0, 1, 100_001)
    inside = (alpha * grid**2 + (alpha + 2) * (1 - grid) ** 2).min()
    strength = model.fit(*table()).regularizer_strengths_[KEPT]
    assert strength == pytest.approx(alpha + 2 - inside, abs=1e-6)


def test_pathways_are_fitted_together_as_alone():
    X, y = table(60)
    settings = [{"random_state": 0}, {"random_state": 1, "alpha_residual": 0.1}]
    models = [ResidualPathwayRegressor((KEPT,), **{**QUICK, **s}) for s in settings]
    for model, own in zip(fit_together(models, X, y), settings, strict=True):
        alone = ResidualPathwayRegressor((KEPT,), **{**QUICK, **own}).fit(X, y)
        np.testing.assert_allclose(model.predict(X), alone.predict(X), rtol=1e-8)


# ------------------------------------------------------------------ sampled


@pytest.mark.parametrize("against", ["prediction", "target"])
def test_a_strong_penalty_makes_predictions_more_equivariant(against):
    X, y = table(200)
    settings = {**QUICK, "max_iter": 60, "against": against}
    errors = [
        SampledEquivariantRegressor((BROKEN,), strengths=s, **settings)
        .fit(X, y)
        .equivariance_errors_[BROKEN]
        for s in (0.0, 10.0)
    ]
    assert errors[1] < 0.5 * errors[0]


def test_without_strength_the_sampled_network_is_the_plain_one_on_typed_scales():
    X, y = table()
    zero = SampledEquivariantRegressor((KEPT,), strengths=0.0, **QUICK).fit(X, y)
    again = SampledEquivariantRegressor((KEPT,), strengths={KEPT: 0.0}, **QUICK).fit(X, y)
    np.testing.assert_array_equal(zero.predict(X), again.predict(X))
    kinds = {kind.rank for _, kind in zero.net_.module_.core.output.rep_in.terms}
    assert kinds == {0}


def test_sampled_curves_and_report():
    model = SampledEquivariantRegressor((KEPT, BROKEN), strengths=0.5, **QUICK).fit(*table())
    assert (model.penalty_path_ > 0).all(axis=None)
    np.testing.assert_allclose(model.loss_curve_[KEPT], 0.5 * model.penalty_path_[KEPT])
    assert model.symmetry_report()["residual"].isna().all()


@pytest.mark.parametrize("strengths", [{KEPT: math.inf}, {KEPT: -1.0}, {KEPT: "much"}])
def test_sampled_strengths_are_finite(strengths):
    with pytest.raises(ValueError, match="must be a finite number >= 0"):
        SampledEquivariantRegressor((KEPT,), strengths=strengths, **QUICK).fit(*table())


def test_sampled_networks_are_fitted_one_by_one():
    models = [SampledEquivariantRegressor((KEPT,), **QUICK) for _ in range(2)]
    with pytest.raises(ValueError, match="fit them one by one"):
        fit_together(models, *table())


def test_sampled_penalty_goes_on_after_a_warm_start():
    X, y = table()
    model = SampledEquivariantRegressor((KEPT,), warm_start=True, **QUICK).fit(X, y)
    before = model.net_.module_.core.output.weight.detach().clone()
    model.fit(X, y)
    assert not torch.equal(model.net_.module_.core.output.weight, before)


@pytest.mark.parametrize("sizes", [("8*scalar + 4*vector",), ("vector",)])
def test_sampled_networks_have_scalars_alone(sizes):
    with pytest.raises(ValueError, match="hidden_layer_sizes must hold widths, or scalars"):
        SampledEquivariantRegressor((KEPT,), **{**QUICK, "hidden_layer_sizes": sizes}).fit(
            *table()
        )


def test_a_pickle_goes_on_without_the_elements():
    model = SampledEquivariantRegressor((KEPT, BROKEN), **QUICK).fit(*table())
    restored = pickle.loads(pickle.dumps(model))
    assert restored.net_.penalty is None
    X, y = table()
    np.testing.assert_array_equal(restored.predict(X), model.predict(X))
    restored.partial_fit(X, y)


def test_groups_are_checked_whether_rows_are_held_out_or_not(rival):
    X, y = table()
    with pytest.raises(ValueError, match="one value per row"):
        rival((KEPT,), **QUICK).fit(X, y, groups=[1, 2])


def test_rows_without_weight_do_not_stop_the_skip_from_starting():
    X, y = table(40_000)
    weight = np.arange(40_000) % 2
    model = EquivariantRegressor(**{**QUICK, "rep_in": None, "max_iter": 1})
    start = model.begin_fit(X, y, weight, None).net.module.core.skip.weight
    assert start.abs().max() > 0.1
