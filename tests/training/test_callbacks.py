"""What happens between epochs, on a net of a history and a few weights."""

import contextlib
import math
from types import SimpleNamespace

import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.history import History

from sksofteq.training import (
    Augmentation,
    BestWeights,
    Rows,
    StopTraining,
    StrengthTuning,
)


class FakePenalty:
    """Remembers the strengths."""

    def __init__(self, strengths):
        self.strengths = strengths

    def set_strengths(self, strengths):
        self.strengths = dict(strengths)


def net(strengths=None) -> SimpleNamespace:
    module = torch.nn.Linear(1, 1, bias=False)
    penalty = FakePenalty(dict(strengths or {}))
    return SimpleNamespace(history=History(), module_=module, penalty=penalty, max_epochs=99)


def epoch(net, train_loss=1.0, valid_loss=None, weight=None) -> None:
    """Record an epoch."""
    net.history.new_epoch()
    net.history.record("train_loss", train_loss)
    if valid_loss is not None:
        net.history.record("valid_loss", valid_loss)
    if weight is not None:
        torch.nn.init.constant_(net.module_.weight, weight)


# ------------------------------------------------------------------ tuning


class Rule:
    """Doubles the strength after epoch 2."""

    def __init__(self):
        self.calls = []

    def on_epoch_end(self, epoch, probe):
        self.calls.append((epoch, probe))
        return {"a": 2.0} if epoch == 2 else None


class PenaltyProbe:
    def __init__(self, net):
        self.net = net

    def penalties(self):
        return {"a": 10 * self.net.penalty.strengths["a"]}


def test_the_rule_is_asked_after_every_epoch_and_obeyed():
    fitted, rule = net({"a": 1.0}), Rule()
    probe = PenaltyProbe(fitted)
    callback = StrengthTuning(rule, probe)
    seen = []
    for _ in range(3):
        epoch(fitted)
        callback.on_epoch_end(fitted)
        seen.append(fitted.penalty.strengths["a"])
    assert rule.calls == [(1, probe), (2, probe), (3, probe)]
    assert seen == [1.0, 2.0, 2.0]


def test_strengths_and_penalties_are_recorded():
    fitted = net({"a": 1.0})
    callback = StrengthTuning(Rule(), PenaltyProbe(fitted))
    for _ in range(3):
        epoch(fitted)
        callback.on_epoch_end(fitted)
    # those in force during the epoch; the rule changes them at the end of the second one
    assert fitted.history[:, "strengths"] == [{"a": 1.0}, {"a": 1.0}, {"a": 2.0}]
    assert fitted.history[:, "penalties"] == [{"a": 10.0}, {"a": 10.0}, {"a": 20.0}]


def test_dropped_candidates_have_no_strength_whatever_the_rule_says():
    fitted = net({"a": 0.0})
    callback = StrengthTuning(Rule(), PenaltyProbe(fitted), dropped={"a"})
    for _ in range(3):
        epoch(fitted)
        callback.on_epoch_end(fitted)
    assert fitted.penalty.strengths == {"a": 0.0}


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_ends_the_fit(loss):
    fitted, rule = net({"a": 1.0}), Rule()
    epoch(fitted)
    epoch(fitted, train_loss=loss)
    with pytest.raises(ValueError, match=rf"became {loss} in epoch 2; lower learning_rate_init"):
        StrengthTuning(rule, PenaltyProbe(fitted)).on_epoch_end(fitted)
    assert rule.calls == []


# ------------------------------------------------------------------ augmentation


def rows(value) -> Rows:
    return Rows(*(torch.full((2, 1), float(value)) for _ in range(3)), torch.ones(2))


def test_rows_are_moved_by_what_is_supported_now():
    data, asked = rows(0), []
    supported = iter([["a"], [], ["a", "b"]])

    def move(labels):
        asked.append(list(labels))
        return rows(len(asked))

    callback = Augmentation(data, move, lambda: next(supported))
    seen = []
    for _ in range(3):
        callback.on_epoch_begin(net())
        seen.append(data.inputs[0, 0].item())
    assert asked == [["a"], ["a", "b"]]
    assert seen == [1.0, 1.0, 2.0]


# ------------------------------------------------------------------ best weights


def stopped_after(callback, fitted, losses) -> int:
    """Run epochs with these validation losses and the weights 1, 2, ...; where it stopped."""
    callback.on_train_begin(fitted)
    number = 0
    for number, loss in enumerate(losses, start=1):
        epoch(fitted, valid_loss=loss, weight=number)
        try:
            callback.on_epoch_end(fitted)
        except StopTraining:
            break
    callback.on_train_end(fitted)
    return number


def test_best_weights_are_restored():
    fitted = net()
    stopped_after(BestWeights(0, patience=10, tol=0.0), fitted, [5.0, 3.0, 4.0, 3.5])
    assert fitted.module_.weight.item() == 2.0


def test_epochs_before_the_strengths_have_settled_do_not_count():
    fitted = net()
    stopped_after(BestWeights(2, patience=10, tol=0.0), fitted, [0.1, 0.2, 4.0, 3.5, 3.7])
    assert fitted.module_.weight.item() == 4.0


def test_the_best_weights_of_many_are_restored():
    fitted, callback = net(), BestWeights(0, patience=10, tol=0.0)
    callback.on_train_begin(fitted)
    for weight, loss in enumerate([3.0, 2.0, 2.5, 1.0, 4.0, 1.5]):
        epoch(fitted, valid_loss=loss, weight=float(weight))
        callback.on_epoch_end(fitted)
    callback.on_train_end(fitted)
    assert fitted.module_.weight.item() == 3.0
    assert fitted.module_.weight.requires_grad


def test_last_weights_stay_where_nothing_has_settled():
    fitted = net()
    assert stopped_after(BestWeights(9, patience=1, tol=0.0), fitted, [1.0, 2.0, 3.0]) == 3
    assert fitted.module_.weight.item() == 3.0


def test_it_stops_when_patience_runs_out():
    fitted = net()
    losses = [3.0, 2.0, 2.1, 2.2, 2.3, 0.0]
    assert stopped_after(BestWeights(0, patience=3, tol=0.0), fitted, losses) == 5
    assert fitted.module_.weight.item() == 2.0


def test_patience_begins_after_the_strengths_have_settled():
    losses = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    # two epochs do not count, the third is the first reference, two are waited
    assert stopped_after(BestWeights(2, patience=2, tol=0.0), net(), losses) == 5


def test_an_improvement_resets_the_patience():
    losses = [4.0, 4.1, 3.0, 3.1, 2.0, 2.1, 2.2]
    assert stopped_after(BestWeights(0, patience=2, tol=0.0), net(), losses) == 7


def test_small_improvements_are_kept_but_do_not_count():
    fitted = net()
    losses = [1.0, 0.99, 0.98, 0.97, 0.5]
    assert stopped_after(BestWeights(0, patience=3, tol=0.1), fitted, losses) == 4
    assert fitted.module_.weight.item() == 4.0


def test_small_improvements_add_up():
    # 0.95, 0.89: more than a tenth below the reference of 1
    losses = [1.0, 0.95, 0.89, 0.88, 0.87]
    assert stopped_after(BestWeights(0, patience=2, tol=0.1), net(), losses) == 5


def test_weights_that_are_kept_are_a_copy():
    fitted = net()
    callback = BestWeights(0, patience=9, tol=0.0)
    callback.on_train_begin(fitted)
    epoch(fitted, valid_loss=1.0, weight=1.0)
    callback.on_epoch_end(fitted)
    with torch.no_grad():
        fitted.module_.weight.mul_(5)
    callback.on_train_end(fitted)
    assert fitted.module_.weight.item() == 1.0


def test_a_loss_of_nan_is_never_the_best():
    fitted = net()
    stopped_after(BestWeights(0, patience=9, tol=0.0), fitted, [math.nan, 2.0, math.nan])
    assert fitted.module_.weight.item() == 2.0


@pytest.mark.parametrize(
    ("last", "warns"),
    [(0.79, True), (0.81, False)],  # two epochs of a tenth each are asked for
)
def test_a_loss_that_still_falls_at_the_end_is_told(last, warns):
    fitted = net()
    fitted.max_epochs = 4
    callback = BestWeights(0, patience=2, tol=0.1)
    told = pytest.warns(ConvergenceWarning, match="raise max_iter")
    with told if warns else contextlib.nullcontext():
        stopped_after(callback, fitted, [2.0, 1.0, 0.9, last])


@pytest.mark.parametrize("max_epochs", [3, 5])
def test_too_few_epochs_to_judge_or_an_end_before_the_last_are_not(max_epochs):
    fitted = net()
    fitted.max_epochs = max_epochs
    stopped_after(BestWeights(0, patience=3, tol=0.01), fitted, [3.0, 2.0, 1.0])


def test_a_new_fit_forgets_the_last_one():
    callback, fitted = BestWeights(0, patience=9, tol=0.0), net()
    stopped_after(callback, fitted, [0.1])
    stopped_after(callback, fitted, [5.0, 4.0])
    assert fitted.module_.weight.item() == 2.0
