"""Networks of the user's inside the estimators: soft layers, or none and a sampled penalty."""

from __future__ import annotations

import copy
import pickle
from functools import partial

import numpy as np
import pytest
import torch
from estimators_kit import BROKEN, KEPT, equal, regressor, state, table
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from skops import io as skops_io
from skorch.callbacks import Callback
from torch import nn

from sksofteq import (
    AugmentedRegressor,
    SoftEquivariantClassifier,
    SoftEquivariantEnsemble,
    SymmetrySearchCV,
    equivariance_error,
)
from sksofteq.estimators import fit_together
from sksofteq.groups import parse_group
from sksofteq.nn import CandidateSet, GatedNonlinearity, SoftEquivariantLinear
from sksofteq.persistence import TRUSTED_TYPES
from sksofteq.reps import parse_rep
from sksofteq.training import Checkpoint

STILL = {"augment": False, "average": False}
STRENGTHS = {KEPT: 10.0, BROKEN: 0.0}


class Soft(nn.Module):
    """Soft layers in a module of the user's, one of them deep inside, on two vectors."""

    def __init__(self, rep_in, rep_out, width=16):
        super().__init__()
        hidden = parse_rep(f"{width}*scalar + 4*vector").bind(3)
        self.gate = GatedNonlinearity(hidden, CandidateSet([parse_group("O(3)")]))
        products = parse_rep("2*vector + 2*tensor(2)").bind(3)
        self.body = nn.Sequential(SoftEquivariantLinear(products, self.gate.rep_in), self.gate)
        self.last = SoftEquivariantLinear(hidden, rep_out)

    def forward(self, x):
        vectors = x.unflatten(1, (2, 3))
        products = vectors[..., :, None] * vectors[..., None, :]
        return self.last(self.body(torch.cat([x, products.flatten(1)], dim=1)))


class Perceptron(nn.Sequential):
    """An ordinary module."""

    def __init__(self, rep_in, rep_out, width=16):
        super().__init__(nn.Linear(rep_in.dim, width), nn.SiLU(), nn.Linear(width, rep_out.dim))


def perceptron(width=16):
    """An instance, whose weights come from the user's own generator."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        return nn.Sequential(nn.Linear(6, width), nn.SiLU(), nn.Linear(width, 1))


def soft(**parameters):
    return regressor(**({"network": Soft} | parameters))


def sampled(**parameters):
    return regressor(**({"network": Perceptron, "penalty": "sampled"} | parameters))


BOTH = [soft, sampled]


# ------------------------------------------------------------------ what is found, and helps


@pytest.mark.parametrize("make", BOTH)
def test_candidates_are_told_apart(make):
    model = make(max_iter=4).fit(*table(200))
    strengths = model.regularizer_strengths_
    assert strengths[BROKEN] < 0.1 * strengths[KEPT]
    report = model.symmetry_report()
    assert report.verdict.to_dict() == {KEPT: "holds", BROKEN: "broken"}
    assert np.isnan(report.residual).all() == (make is sampled)


@pytest.mark.parametrize("make", BOTH)
def test_a_known_symmetry_helps(make):
    (X, y), (X_new, y_new) = table(100), table(1000, seed=1)
    settings = {"batch_size": 50, "max_iter": 100, **STILL}
    free, pulled = (make(strengths=s, **settings).fit(X, y) for s in (0.0, STRENGTHS))
    errors = [np.mean((model.predict(X_new) - y_new) ** 2) for model in (free, pulled)]
    assert errors[1] < 0.8 * errors[0]
    assert pulled.equivariance_errors_[KEPT] < 0.7 * free.equivariance_errors_[KEPT]
    assert pulled.penalty_path_[KEPT].iloc[-1] < 0.7 * free.penalty_path_[KEPT].iloc[-1]


@pytest.mark.parametrize("penalty", ["proximal", "gradient"])
def test_hard_candidates_hold_for_soft_layers(penalty):
    X, y = table()
    strengths = {KEPT: np.inf, BROKEN: 0.0}
    model = soft(network=SoftEquivariantLinear, strengths=strengths, penalty=penalty, **STILL)
    model.fit(X, y)
    assert equivariance_error(model, X, KEPT, "2*vector", random_state=0) < 1e-6
    assert model.symmetry_report().residual[KEPT] < 1e-10
    assert np.ptp(model.predict(X)) > 0.1


def test_a_plain_network_may_have_a_sampled_penalty_that_is_tuned():
    model = sampled(network="plain", max_iter=3).fit(*table(200))
    assert model.regularizer_strengths_[BROKEN] < 0.1 * model.regularizer_strengths_[KEPT]
    assert model.pilots_.empty


def test_the_frame_of_a_translation_is_around_the_network():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((80, 6)) + 5.0
    y = X[:, :3] - 0.5 * X[:, 3:]
    model = soft(
        symmetries=["Translation(3)"],
        rep_in="2*point",
        rep_out="point",
        network=SoftEquivariantLinear,
        strengths=np.inf,
        **STILL,
    ).fit(X, y)
    assert model.net_.module_.core_in.dim == 9
    np.testing.assert_allclose(model.predict(X + 7.0), model.predict(X) + 7.0, atol=1e-9)


def test_samples_of_translations_move_raw_rows():
    X, y = table(80)
    model = sampled(symmetries=["Translation(3)"], rep_in="2*point", strengths=1.0, **STILL)
    model.fit(X + 5.0, y)
    assert model.net_.module_.frame.is_trivial
    assert (model.penalty_path_ > 0).all(axis=None)


@pytest.mark.parametrize("make", BOTH)
def test_pilots_tell_what_moves_the_rows(make):
    pilots = make(max_iter=4).fit(*table(200)).pilots_
    assert list(pilots.network) == ["own", "own"]
    assert list(pilots.moved_by) == [(), (KEPT,)]
    assert pilots.chosen.sum() == 1


@pytest.mark.parametrize("tuner", ["orbit", "paper", "dual"])
@pytest.mark.parametrize("make", BOTH)
def test_rules_set_the_strengths_of_any_network(make, tuner):
    model = make(tuner=tuner, max_iter=13).fit(*table())
    assert model.strength_path_.nunique().max() > 1


def test_pilots_of_a_rule_train_the_network_that_was_given():
    model = soft(tuner="pilots", max_iter=4).fit(*table())
    assert type(model.net_.module_.core) is Soft
    assert set(model.regularizer_strengths_) == {KEPT, BROKEN}


# ------------------------------------------------------------------ ways to give a network


@pytest.mark.parametrize(
    "network",
    [Perceptron, partial(Perceptron, width=8), perceptron(), lambda a, b: Perceptron(a, b)],
    ids=["class", "partial", "instance", "function"],
)
def test_without_candidates_any_module_is_fitted(network):
    X, y = table()
    model = regressor((), network=network, max_iter=50).fit(X, y)
    assert model.score(X, y) > 0.5
    assert model.symmetry_report().empty
    again = clone(model).fit(X, y)
    assert equal(state(model), state(again))


def test_another_seed_is_another_start_of_a_class_but_not_of_an_instance():
    X, y = table()
    for network, differs in ((Perceptron, True), (perceptron(), False)):
        starts = [
            regressor((), network=network, random_state=seed).begin_fit(X, y, None, None)
            for seed in range(2)
        ]
        first, second = (run.net.module.core.state_dict() for run in starts)
        assert equal(first, second) != differs


def test_an_instance_is_never_changed():
    network = perceptron()
    before = copy.deepcopy(network.state_dict())
    model = sampled(network=network, strengths=1.0).fit(*table())
    assert model.network is network
    assert model.get_params()["network"] is network
    assert equal(before, network.state_dict())
    assert network[0].weight.dtype == torch.float32
    assert not torch.equal(model.net_.module_.core[0].weight.float(), before["0.weight"])


def test_widths_and_ranks_are_not_for_own_networks():
    X, y = table()
    one, other = (
        soft(hidden_layer_sizes=sizes, max_rank=0, strengths=1.0).fit(X, y)
        for sizes in ((16,), ("3*vector",))
    )
    assert equal(state(one), state(other))


def test_a_search_over_networks():
    networks = [Soft, partial(Soft, width=4)]
    found = GridSearchCV(soft(strengths=1.0, max_iter=2), {"network": networks}, cv=2).fit(
        *table()
    )
    assert np.isfinite(found.cv_results_["mean_test_score"]).all()
    assert found.best_params_["network"] in networks


def test_layers_that_draw_numbers_and_keep_statistics():
    X, y = table()
    network = nn.Sequential(nn.BatchNorm1d(6), nn.Dropout(0.1), perceptron())
    settings = {"network": network, "strengths": 1.0, "early_stopping": True}
    fits = [sampled(**settings, **STILL).fit(X, y) for _ in range(2)]
    assert equal(*map(state, fits))
    np.testing.assert_array_equal(fits[0].predict(X), fits[0].predict(X))
    assert fits[0].net_.module_.core[0].running_mean.abs().max() > 0


def test_wide_layers_take_smaller_steps():
    X = np.random.RandomState(0).standard_normal((50, 128))
    model = regressor((), rep_in=None, network=Perceptron, max_iter=1)
    run = model.begin_fit(X, X[:, 0], None, None)
    assert run.net.initialize().optimizer_.param_groups[0]["lr"] == 0.5 * 1e-2


# ------------------------------------------------------------------ going on, and keeping


@pytest.mark.parametrize("network", [Perceptron, perceptron()], ids=["class", "instance"])
def test_a_fit_that_was_pickled_goes_on(network):
    X, y = table()
    model = sampled(network=network, strengths=1.0, warm_start=True).fit(X, y)
    restored = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(restored.predict(X), model.predict(X))
    for each in (model, restored):
        each.partial_fit(X, y).fit(X, y)
    assert equal(state(model), state(restored))


@pytest.mark.parametrize("network", [perceptron(), nn.Sequential(nn.LazyLinear(1))])
def test_copies_of_a_fit_hold_the_instance_itself(network):
    X, y = table()
    model = sampled(network=network, strengths=1.0).fit(X, y)
    for restored in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert type(restored.network) is nn.Sequential
        np.testing.assert_array_equal(restored.predict(X), model.predict(X))


@pytest.mark.parametrize("network", [Soft, partial(Soft, width=8)], ids=["class", "partial"])
def test_a_class_is_saved_as_plain_values(network):
    X, y = table()
    model = soft(network=network, strengths=1.0).fit(X, y)
    file = skops_io.dumps(model)
    needed = set(skops_io.get_untrusted_types(data=file)) - set(TRUSTED_TYPES)
    assert needed - {"functools.partial"} == {f"{__name__}.Soft"}
    restored = skops_io.loads(file, trusted=[*TRUSTED_TYPES, *needed])
    np.testing.assert_array_equal(restored.predict(X), model.predict(X))


def test_an_instance_is_not_and_the_error_says_what_to_do():
    model = sampled(network=perceptron(), strengths=1.0)
    with pytest.raises(TypeError, match=r"only pickle and joblib save.* give the module's class"):
        skops_io.dumps(model)
    with pytest.raises(TypeError, match="only pickle and joblib save"):
        skops_io.dumps(model.fit(*table()).net_)


@pytest.mark.parametrize("other", [Soft, "auto", "plain", perceptron()])
def test_another_network_is_no_warm_start(other):
    model = sampled(warm_start=True, strengths=0.0).fit(*table())
    before = state(model)
    settings = {} if other == "auto" else {"penalty": "sampled"}
    with pytest.raises(ValueError, match=r"network differs from the last fit.*Perceptron"):
        model.set_params(**({"penalty": "proximal"} | settings), network=other).fit(*table())
    assert equal(before, state(model))


def test_an_own_network_is_no_warm_start_of_another():
    model = regressor(network="typed", strengths=1.0, warm_start=True).fit(*table())
    with pytest.raises(ValueError, match="network differs from the last fit"):
        model.set_params(network=Soft).fit(*table())


@pytest.mark.parametrize("change", [("proximal", "sampled"), ("sampled", "gradient")])
def test_samples_are_no_warm_start_of_other_penalties(change):
    X, y = table()
    model = soft(strengths=1.0, penalty=change[0], warm_start=True, **STILL).fit(X, y)
    with pytest.raises(ValueError, match="penalty differs from the last fit"):
        model.set_params(penalty=change[1]).fit(X, y)
    model.set_params(penalty=change[0]).fit(X, y)


@pytest.mark.parametrize("make", BOTH)
def test_chunks(make):
    model = make().partial_fit(*table(200))
    strengths = model.regularizer_strengths_
    assert strengths[BROKEN] < 0.1 * strengths[KEPT]
    model.partial_fit(*table(200, seed=1))
    assert model.n_iter_ == 2
    assert model.regularizer_strengths_ == strengths


class Fault(Callback):
    """Fails once an epoch is done."""

    def on_epoch_begin(self, net, **kwargs):
        1 / (2 - len(net.history))


@pytest.mark.parametrize("make", BOTH)
def test_a_fit_that_was_killed_goes_on_from_a_checkpoint(make, tmp_path):
    X, y = table()
    path = tmp_path / "fit"
    settings = {"strengths": 1.0, "augment": [KEPT]}
    if make is sampled:
        settings["network"] = nn.Sequential(nn.BatchNorm1d(6), nn.Dropout(0.1), perceptron())
    with pytest.raises(ZeroDivisionError):
        make(callbacks=[Checkpoint(path), Fault()], **settings).fit(X, y)
    assert path.exists()
    resumed = make(callbacks=[Checkpoint(path)], **settings).fit(X, y)
    assert equal(state(resumed), state(make(**settings).fit(X, y)))


# ------------------------------------------------------------------ frozen weights


def partly_frozen(rep_in, rep_out):
    network = Soft(rep_in, rep_out)
    network.body.requires_grad_(False)
    return network


@pytest.mark.parametrize("penalty", ["proximal", "gradient"])
def test_no_penalty_moves_frozen_weights(penalty):
    network = partly_frozen(*(parse_rep(rep).bind(3) for rep in ("2*vector", "scalar")))
    model = soft(network=network, penalty=penalty, strengths=10.0, **STILL).fit(*table())
    fitted = model.net_.module_.core
    assert torch.equal(fitted.body[0].weight, network.body[0].weight.to(torch.float64))
    assert not torch.equal(fitted.last.weight, network.last.weight.to(torch.float64))


def test_frozen_soft_layers_are_nothing_to_pull():
    network = Soft(*(parse_rep(rep).bind(3) for rep in ("2*vector", "scalar")))
    for layer in (network.body[0], network.last):
        layer.weight.requires_grad_(False)
    with pytest.raises(ValueError, match="frozen ones alone"):
        soft(network=network, strengths=1.0).fit(*table())


# ------------------------------------------------------------------ several fits


def test_networks_of_one_class_are_fitted_together():
    X, y = table()
    models = [soft(strengths=1.0, random_state=seed, **STILL) for seed in range(2)]
    alone = [clone(model).fit(X, y) for model in models]
    for model, other in zip(fit_together(models, X, y), alone, strict=True):
        np.testing.assert_allclose(model.predict(X), other.predict(X), rtol=1e-6, atol=1e-9)


def statistical(rep_in, rep_out):
    return nn.Sequential(nn.BatchNorm1d(rep_in.dim), Perceptron(rep_in, rep_out))


def drawing(rep_in, rep_out):
    return nn.Sequential(nn.Dropout(), Perceptron(rep_in, rep_out))


def frozen(rep_in, rep_out):
    return Perceptron(rep_in, rep_out).requires_grad_(False).append(nn.Linear(rep_out.dim, 1))


class Counting(Perceptron):
    """Keeps a statistic that vmap has nothing against."""

    def __init__(self, rep_in, rep_out):
        super().__init__(rep_in, rep_out)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += self.training
        return super().forward(x)


class Buffered(Perceptron):
    def __init__(self, rep_in, rep_out):
        super().__init__(rep_in, rep_out)
        self.register_buffer("noise", torch.randn(3))


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (statistical, "what vmap can do"),
        (drawing, "what vmap can do"),
        (Counting, "must keep no statistics"),
        (frozen, "frozen weights"),
    ],
)
def test_networks_with_more_than_weights_are_fitted_one_by_one(network, said):
    X, y = table()
    models = [regressor((), network=network, random_state=seed) for seed in range(2)]
    with pytest.raises(ValueError, match=rf"(?s){said}.*Fit them one by one"):
        fit_together(models, X, y)
    assert not any(hasattr(model, "net_") for model in models)
    models[0].fit(X, y)


@pytest.mark.parametrize("network", [Perceptron, drawing, frozen, perceptron()])
def test_a_search_finds_the_same(network):
    model, (X, y) = regressor((), network=network), table()
    grid = {"learning_rate_init": [1e-3, 1e-2]}
    ours, theirs = (
        kind(model, grid, cv=2, refit=False).fit(X, y) for kind in (SymmetrySearchCV, GridSearchCV)
    )
    scores = (search.cv_results_["mean_test_score"] for search in (ours, theirs))
    np.testing.assert_allclose(*scores, rtol=1e-6)


@pytest.mark.parametrize("network", [Perceptron, drawing, frozen, statistical, perceptron()])
def test_an_ensemble(network):
    X, y = table()
    model = SoftEquivariantEnsemble(regressor((), network=network), n_estimators=4, random_state=0)
    first, *others = (member.predict(X) for member in model.fit(X, y).estimators_)
    assert not any(np.array_equal(first, other) for other in others)
    assert np.isfinite(model.predict(X, return_std=True)).all()


class Directions(nn.Linear):
    """Looks at directions alone, and has no answer to a row of zeros."""

    def __init__(self, rep_in, rep_out):
        super().__init__(rep_in.dim, rep_out.dim)

    def forward(self, x):
        return super().forward(x / x.norm(dim=1, keepdim=True))


def test_batches_of_different_lengths():
    X, y = table(60)
    rows = [np.arange(50), np.arange(51)]
    models = [regressor((), network=Directions, batch_size=16) for _ in rows]
    alone = [clone(m).fit(X[r], y[r]) for m, r in zip(models, rows, strict=True)]
    for model, other in zip(fit_together(models, X, y, rows=rows), alone, strict=True):
        np.testing.assert_allclose(model.predict(X), other.predict(X), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("penalties", [("sampled",) * 2, ("proximal", "sampled")])
def test_a_sampled_penalty_is_not_fitted_together(penalties):
    models = [soft(penalty=penalty, strengths=1.0) for penalty in penalties]
    with pytest.raises(ValueError, match="one by one"):
        fit_together(models, *table())


def test_instances_are_fitted_together_if_their_layers_are_alike():
    X, y = table()
    alone = regressor((), network=perceptron()).fit(X, y)
    models = [regressor((), network=perceptron(), random_state=seed) for seed in range(2)]
    together = fit_together(models, X, y)[0]
    np.testing.assert_allclose(together.predict(X), alone.predict(X), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("other", [perceptron(8), Buffered])
def test_networks_of_other_layers_are_not_fitted_together(other):
    models = [regressor((), network=network) for network in (Buffered, other)]
    models[1].random_state = 1
    with pytest.raises(ValueError, match="must have the same layers"):
        fit_together(models, *table())


# ------------------------------------------------------------------ classes, and other estimators


@pytest.mark.parametrize(("network", "penalty"), [(Soft, "proximal"), (Perceptron, "sampled")])
def test_a_classifier(network, penalty):
    X, y = table(200)
    model = SoftEquivariantClassifier(
        (KEPT, BROKEN),
        rep_in="2*vector",
        network=network,
        penalty=penalty,
        max_iter=40,
        batch_size=50,
        random_state=0,
        **STILL,
    ).fit(X, y > 2)
    assert model.score(X, y > 2) > 0.85
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    assert model.regularizer_strengths_[BROKEN] < model.regularizer_strengths_[KEPT]
    restored = pickle.loads(pickle.dumps(model)).set_params(warm_start=True, max_iter=1)
    assert restored.fit(X, y > 2).network is network


def test_a_sampled_penalty_helps_a_classifier():
    (X, y), (X_new, y_new) = table(100), table(1000, seed=1)
    model = SoftEquivariantClassifier(
        (KEPT, BROKEN),
        rep_in="2*vector",
        network=Perceptron,
        penalty="sampled",
        batch_size=50,
        max_iter=100,
        random_state=0,
        **STILL,
    )
    losses = [
        log_loss(
            y_new > 2, clone(model).set_params(strengths=s).fit(X, y > 2).predict_proba(X_new)
        )
        for s in (0.0, STRENGTHS)
    ]
    assert losses[1] < 0.8 * losses[0]


def test_moved_rows_alone_ask_nothing_of_a_network():
    X, y = table()
    model = regressor(network=Perceptron, strengths=0.0, augment=[KEPT]).fit(X, y)
    assert np.isnan(model.symmetry_report().residual).all()
    inner = regressor((), network=Perceptron)
    augmented = AugmentedRegressor(inner, (KEPT,), rep_in="2*vector", random_state=0).fit(X, y)
    assert augmented.predict(X).shape == y.shape


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize("strengths", [None, 1.0, STRENGTHS])
def test_without_soft_layers_the_error_names_the_choices(strengths):
    model = regressor(network=Perceptron, strengths=strengths)
    with pytest.raises(ValueError, match=r"SoftEquivariantLinear.*or set penalty=\"sampled\""):
        model.fit(*table())
    assert not hasattr(model, "net_")
    with pytest.raises(ValueError, match="Perceptron without any"):
        model.partial_fit(*table())


@pytest.mark.parametrize("network", ["auto", "typed"])
def test_typed_layers_have_no_sampled_penalty(network):
    with pytest.raises(ValueError, match='penalty="sampled" needs network="plain" or a torch'):
        sampled(network=network).fit(*table())


@pytest.mark.parametrize("strengths", [np.inf, {KEPT: np.inf, BROKEN: 1.0}])
def test_a_sampled_penalty_is_never_hard(strengths):
    with pytest.raises(ValueError, match="finite"):
        sampled(strengths=strengths).fit(*table())


def test_a_sampled_penalty_needs_a_rule_that_imposes_nothing():
    with pytest.raises(ValueError, match='tuner="pilots" imposes'):
        sampled(tuner="pilots").fit(*table())


@pytest.mark.parametrize("network", [Ridge(), 3, None])
def test_what_is_no_network_is_refused(network):
    with pytest.raises(ValueError, match="'network' parameter"):
        regressor(network=network).fit(*table())


def test_wrong_widths_are_told():
    model = sampled(network=nn.Linear(5, 1))
    with pytest.raises(ValueError, match=r"network must map tables of shape \(n, 6\), 2\*vector"):
        model.fit(*table())
    assert not hasattr(model, "net_")


def test_what_makes_no_module_is_told():
    with pytest.raises(TypeError, match="make one when called with two representations"):
        sampled(network=nn.Linear).fit(*table())
