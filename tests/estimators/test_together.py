"""Estimators fitted side by side end up as single fits would leave them."""

import math

import numpy as np
import pytest
import torch
from sklearn.model_selection import KFold
from skorch.callbacks import Callback

from sksofteq import SoftEquivariantRegressor
from sksofteq.datasets import make_inertia
from sksofteq.estimators import fit_together
from sksofteq.tuning import PaperTuner

PLANES = ("O(2)@x,y", "O(2)@y,z")
N = 90


def regressor(**settings):
    small = {"hidden_layer_sizes": (24,), "batch_size": 20, "max_iter": 4}
    return SoftEquivariantRegressor(
        **{"symmetries": PLANES, "rep_in": "5*scalar + 5*vector", "rep_out": "tensor(2)"}
        | small
        | settings
    )


def data(dtype=np.float64):
    return tuple(part.astype(dtype) for part in make_inertia(N, random_state=0))


def weights(estimator) -> dict[str, torch.Tensor]:
    return estimator.net_.module_.state_dict()


def assert_as_alone(settings, rows=None, dtype=np.float64, **columns):
    """Fit together and one by one; compare all that a user can see."""
    X, y = data(dtype)
    together = fit_together([regressor(**s) for s in settings], X, y, rows, **columns)
    for number, (fitted, own) in enumerate(zip(together, settings, strict=True)):
        index = slice(None) if rows is None else rows[number]
        part = {name: column[index] for name, column in columns.items()}
        alone = regressor(**own).fit(X[index], y[index], **part)
        tolerance = 1e-9 if dtype == np.float64 else 2e-3
        for name, value in weights(alone).items():
            torch.testing.assert_close(
                weights(fitted)[name], value, rtol=tolerance, atol=tolerance, msg=name
            )
        assert fitted.n_iter_ == alone.n_iter_
        assert fitted.regularizer_strengths_ == pytest.approx(alone.regularizer_strengths_)
        np.testing.assert_allclose(fitted.predict(X), alone.predict(X), rtol=1e-2, atol=tolerance)
        assert list(fitted.symmetry_report()["verdict"]) == list(
            alone.symmetry_report()["verdict"]
        )
        np.testing.assert_allclose(fitted.loss_curve_, alone.loss_curve_, rtol=1e-4)
    return together


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_seeds(dtype):
    fitted = assert_as_alone(
        [{"random_state": i, "strengths": 1.0} for i in range(3)], None, dtype
    )
    first, second = (weights(e)["core.output.weight"] for e in fitted[:2])
    assert not torch.equal(first, second)


@pytest.mark.parametrize("penalty", ["proximal", "gradient"])
def test_strengths_and_hard_candidates(penalty):
    strengths = [0.0, 2.0, math.inf, {PLANES[0]: math.inf, PLANES[1]: 0.1}]
    fitted = assert_as_alone(
        [{"random_state": 0, "strengths": s, "penalty": penalty} for s in strengths]
    )
    assert fitted[2].equivariance_errors_[PLANES[0]] < 1e-10
    assert fitted[3].equivariance_errors_[PLANES[1]] > 1e-3


def test_candidates_that_need_the_same_layers():
    candidates = [(), ("SO(3)",), PLANES[::-1], ("O(2)@x,z", "Reflection(3)", "O(3)")]
    settings = [{"symmetries": chosen, "strengths": 1.0} for chosen in candidates]
    assert_as_alone([{**s, "network": "plain", "random_state": 0} for s in settings])
    assert_as_alone([{**s, "network": "typed", "random_state": 0} for s in settings[1:]])


def test_folds_of_different_lengths():
    rows = [train for train, _ in KFold(4).split(np.zeros(N))]
    assert len({len(index) for index in rows}) == 2
    assert_as_alone([{"random_state": i, "strengths": 1.0} for i in range(4)], rows)


def test_sample_weights_and_groups():
    random_state = np.random.RandomState(1)
    columns = {"sample_weight": random_state.rand(N), "groups": np.arange(N) % 18}
    rows = [np.arange(0, 72), np.arange(18, 90)]
    settings = [{"random_state": 0, "early_stopping": True, "strengths": 1.0}] * 2
    assert_as_alone(settings, rows, **columns)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_rules_of_their_own():
    settings = [{"random_state": 0, "tuner": rule} for rule in ("orbit", "paper", PaperTuner())]
    # the paper's rule splits off no validation rows by itself
    shared = {"max_iter": 12, "early_stopping": True}
    fitted = assert_as_alone([{**s, **shared} for s in settings])
    assert fitted[0].regularizer_strengths_ != fitted[1].regularizer_strengths_


def test_one_stops_early():
    settings = [
        {"early_stopping": True, "n_iter_no_change": n, "tol": 0.5, "random_state": 3}
        for n in (1, 2, 50)
    ]
    fitted = assert_as_alone([{**s, "strengths": 1.0, "max_iter": 25} for s in settings])
    assert fitted[0].n_iter_ < fitted[1].n_iter_ < fitted[2].n_iter_ == 25


class StopAfter(Callback):
    """Ends the fit after some epochs."""

    def __init__(self, epochs):
        self.epochs = epochs

    def on_epoch_end(self, net, **_):
        if len(net.history) == self.epochs:
            raise KeyboardInterrupt


def test_all_are_stopped_by_the_user():
    settings = [{"callbacks": [StopAfter(n)], "strengths": 1.0, "random_state": 0} for n in (2, 1)]
    fitted = assert_as_alone(settings)
    assert [e.n_iter_ for e in fitted] == [2, 1]


def test_augmentation():
    settings = {"augment": [PLANES[0]], "strengths": 1.0}
    assert_as_alone([{**settings, "random_state": i} for i in range(2)])


def test_warm_start_goes_on():
    X, y = data()
    apart, together = (
        [regressor(warm_start=True, strengths=1.0, random_state=i) for i in (0, 1)]
        for _ in range(2)
    )
    for _ in range(2):
        fit_together(together, X, y)
        for estimator in apart:
            estimator.fit(X, y)
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one.predict(X), other.predict(X), rtol=1e-8)
        one.partial_fit(X, y)
        other.partial_fit(X, y)
        np.testing.assert_allclose(one.predict(X), other.predict(X), rtol=1e-8)


def test_networks_share_no_memory_afterwards():
    X, y = data()
    first, second = fit_together([regressor(strengths=1.0, random_state=i) for i in (0, 1)], X, y)
    before = second.predict(X)
    with torch.no_grad():
        for parameter in first.net_.module_.parameters():
            assert parameter.untyped_storage().nbytes() == parameter.nbytes
            parameter.zero_()
    np.testing.assert_array_equal(second.predict(X), before)


def test_global_generators_are_left_alone():
    X, y = data()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit_together([regressor(strengths=1.0, random_state=i) for i in (0, 1)], X, y)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"hidden_layer_sizes": (12,)}, r"have the same layers, and theirs differ in blocks\.0"),
        ({"symmetries": ("Permutation(3)",)}, "theirs differ in blocks"),
        ({"max_rank": 0}, "theirs differ in blocks"),
        ({"network": "plain"}, r"have one network, got \['plain', 'typed'\]"),
        ({"max_iter": 5}, "agree on max_iter, got 4 and 5"),
        ({"batch_size": 30}, "agree on batch_size, got 20 and 30"),
    ],
)
def test_shapes_differ(other, message):
    X, y = data()
    with pytest.raises(ValueError, match=message):
        fit_together([regressor(strengths=1.0), regressor(**{"strengths": 1.0} | other)], X, y)


def test_numbers_of_batches_differ():
    X, y = data()
    models = [regressor(strengths=1.0), regressor(strengths=1.0)]
    with pytest.raises(ValueError, match=r"equally many batches, got \[5, 3\]"):
        fit_together(models, X, y, rows=[np.arange(90), np.arange(50)])
    assert not any(hasattr(model, "net_") for model in models)


def test_misuse():
    X, y = data()
    model = regressor()
    with pytest.raises(ValueError, match="at least one estimator"):
        fit_together([], X, y)
    with pytest.raises(ValueError, match="different objects"):
        fit_together([model, model], X, y)
    with pytest.raises(ValueError, match="one entry per estimator, so 2, got 1"):
        fit_together([model, regressor()], X, y, rows=[np.arange(5)])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fit_together([model], X, y[:-1])
    with pytest.raises(ValueError, match="'max_iter' parameter"):
        fit_together([regressor(max_iter=0), regressor(max_iter=0)], X, y)
    with pytest.raises(ValueError, match="compile=False"):
        fit_together([regressor(compile=True)], X, y)


def test_an_error_leaves_all_as_they_were():
    X, y = data()
    models = fit_together([regressor(strengths=1.0, random_state=i) for i in (0, 1)], X, y)
    before = [model.predict(X) for model in models]
    models[1].set_params(strengths={"no such": 1.0})
    with pytest.raises(ValueError, match="strengths must name"):
        fit_together(models, X, y)
    for model, expected in zip(models, before, strict=True):
        np.testing.assert_array_equal(model.predict(X), expected)
