"""The skorch net: the loss, one step of either form, epochs."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sksofteq.groups import parse_group
from sksofteq.nn import SoftEMLP
from sksofteq.penalties import ProjectionPenalty
from sksofteq.reps import parse_rep
from sksofteq.training import LOSSES, PenalizedNet, Rows

GROUP = parse_group("SO(3)")


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def rows(n=12, weight=None) -> Rows:
    """Six inputs, three outputs."""
    draw = np.random.RandomState(0).standard_normal
    tables = [torch.as_tensor(draw((n, width))) for width in (6, 3)]
    factor = torch.as_tensor(np.exp(0.3 * draw((n, 3))))
    weight = torch.ones(n).double() if weight is None else torch.as_tensor(weight).double()
    return Rows(*tables, factor, weight)


def make_net(form="proximal", strength=0.0, hidden=(8,), optimizer=torch.optim.SGD, **settings):
    rep_in, rep_out = parse_rep("2*vector").bind(3), parse_rep("vector").bind(3)
    module = SoftEMLP(rep_in, rep_out, [GROUP], hidden).double()
    penalty = ProjectionPenalty(module.core, [GROUP])
    penalty.set_strengths({"SO(3)": strength})
    settings = {"lr": 0.1, "batch_size": 100, "max_epochs": 1, "shuffle_seed": 0, **settings}
    net = PenalizedNet(
        module,
        LOSSES["squared_error"],
        penalty=penalty,
        form=form,
        optimizer=optimizer,
        train_split=None,
        verbose=0,
        **settings,
    )
    return net.initialize()


def parameters(net) -> list[torch.Tensor]:
    return [p.detach().clone() for p in net.module_.parameters()]


def by_hand(net, data) -> float:
    """Weighted mean over rows of the mean squared error over outputs."""
    with torch.no_grad():
        output = net.module_.core(data.inputs).numpy()
    error = data.factor.numpy() * output - data.target.numpy()
    return float(np.average((error**2).mean(axis=1), weights=data.weight.numpy()))


def gradients(net, loss) -> list[torch.Tensor]:
    found = torch.autograd.grad(loss, list(net.module_.parameters()), allow_unused=True)
    return [
        torch.zeros_like(p) if g is None else g
        for g, p in zip(found, net.module_.parameters(), strict=True)
    ]


def data_gradients(net, data) -> list[torch.Tensor]:
    error = data.factor * net.module_.core(data.inputs) - data.target
    losses = error.square().mean(dim=1)
    return gradients(net, (losses * data.weight).sum() / data.weight.sum())


def test_loss_is_the_weighted_mean_squared_error():
    data = rows(weight=np.arange(12.0))
    net = make_net()
    assert net.validation_step(data)["loss"].item() == pytest.approx(by_hand(net, data))
    assert by_hand(net, data) != pytest.approx(by_hand(net, rows()))


def test_one_factor_for_all_rows():
    data = rows()
    data.factor = torch.full((1, 3), 2.0).double()
    net = make_net()
    assert net.validation_step(data)["loss"].item() == pytest.approx(by_hand(net, data))


def test_rows_without_weight_have_no_loss_and_no_gradient():
    net, data = make_net(), rows(weight=np.zeros(12))
    before = parameters(net)
    assert net.train_step(data)["loss"].item() == 0.0
    for old, new in zip(before, parameters(net), strict=True):
        assert torch.equal(old, new)


def test_a_step_without_penalty_follows_the_gradient():
    for form in ("proximal", "gradient"):
        net, data = make_net(form), rows()
        expected = [
            p - 0.1 * g for p, g in zip(parameters(net), data_gradients(net, data), strict=True)
        ]
        net.train_step(data)
        for new, aim in zip(parameters(net), expected, strict=True):
            torch.testing.assert_close(new, aim)


def test_gradient_form_adds_the_penalty_to_the_gradient():
    net, data = make_net("gradient", strength=0.7), rows()
    pull = gradients(net, net.penalty.values().sum())  # C w, by autograd
    assert max(g.abs().max() for g in pull) > 0.01
    expected = [
        p - 0.1 * (g + 0.7 * c)
        for p, g, c in zip(parameters(net), data_gradients(net, data), pull, strict=True)
    ]
    net.train_step(data)
    for new, aim in zip(parameters(net), expected, strict=True):
        torch.testing.assert_close(new, aim)


def test_proximal_form_shrinks_after_the_step():
    net, data = make_net("proximal", strength=0.7), rows()
    free = make_net("proximal", strength=0.0)
    free.module_.load_state_dict(net.module_.state_dict())
    free.train_step(data)
    outside = gradients(free, free.penalty.values().sum())  # C w
    expected = [
        p - c + c / (1 + 0.1 * 0.7) for p, c in zip(parameters(free), outside, strict=True)
    ]
    net.train_step(data)
    for new, aim in zip(parameters(net), expected, strict=True):
        torch.testing.assert_close(new, aim)


def test_proximal_form_uses_the_rate_as_it_is_now():
    net, data = make_net("proximal", strength=5.0), rows()
    net.optimizer_.param_groups[0]["lr"] = 0.0
    before = parameters(net)
    net.train_step(data)
    for old, new in zip(before, parameters(net), strict=True):
        torch.testing.assert_close(new, old)


def test_proximal_form_is_stable_for_huge_strengths():
    net, data = make_net("proximal", strength=1e12), rows()
    net.train_step(data)
    assert net.penalty.values().item() < 1e-18


def test_hard_proximal_form_stays_exact():
    net, data = make_net("proximal", strength=math.inf, optimizer=torch.optim.AdamW), rows()
    for _ in range(5):
        net.train_step(data)
    assert net.penalty.values().item() < 1e-24


def test_hard_gradient_form_stays_exact():
    net, data = make_net("gradient", strength=math.inf, optimizer=torch.optim.AdamW), rows()
    net.penalty.project_()
    for _ in range(5):
        net.train_step(data)
    assert net.penalty.values().item() < 1e-24


def test_train_step_reports_the_loss_before_the_step():
    net, data = make_net(), rows()
    expected = by_hand(net, data)
    assert net.train_step(data)["loss"].item() == pytest.approx(expected)
    assert by_hand(net, data) < expected


def test_validation_step_changes_nothing():
    net = make_net(strength=1.0)
    before = parameters(net)
    loss = net.validation_step(rows())["loss"]
    assert not loss.requires_grad
    for old, new in zip(before, parameters(net), strict=True):
        assert torch.equal(old, new)


# ------------------------------------------------------------------ epochs


def test_loss_of_an_epoch_weighs_its_batches_by_their_weight():
    data = rows(weight=np.arange(1.0, 13.0))
    net = make_net(lr=0.0, batch_size=5)
    net.fit((data, None), None)
    assert net.history[-1, "train_loss"] == pytest.approx(by_hand(net, data))


def test_loss_of_an_epoch_without_any_weight_is_0():
    net = make_net()
    net.fit((rows(weight=np.zeros(12)), None), None)
    assert net.history[-1, "train_loss"] == 0.0


def test_losses_of_both_parts_are_recorded():
    train, valid = rows(), rows(5)
    net = make_net(lr=0.0, max_epochs=3)
    net.fit((train, valid), None)
    assert net.history[:, "train_loss"] == pytest.approx([by_hand(net, train)] * 3)
    assert net.history[:, "valid_loss"] == pytest.approx([by_hand(net, valid)] * 3)


def test_no_validation_loss_without_validation_rows():
    net = make_net()
    net.fit((rows(), None), None)
    assert "valid_loss" not in net.history[-1]


def test_several_epochs_learn():
    data = rows()
    net = make_net(max_epochs=30, lr=0.02)
    start = by_hand(net, data)
    net.fit((data, None), None)
    assert len(net.history) == 30
    assert by_hand(net, data) < 0.7 * start


class Modes(Callback):
    def initialize(self):
        self.seen = []
        return self

    def on_batch_begin(self, net, training=None, **kwargs):
        self.seen.append((training, *{module.training for module in net.module_.modules()}))


def test_the_module_is_told_whether_it_is_trained():
    modes = Modes()
    net = make_net(max_epochs=2, callbacks=[modes])
    net.fit((rows(), rows()), None)
    assert modes.seen == [(True, True), (False, False)] * 2


class Batches(Callback):
    def initialize(self):
        self.seen = []
        return self

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        self.seen.append((training, batch.inputs[:, 0].tolist()))


def test_training_rows_are_shuffled_anew_and_validation_rows_are_not():
    data, spy = rows(), Batches()
    net = make_net(lr=0.0, batch_size=5, max_epochs=2, callbacks=[spy])
    net.fit((data, data), None)
    in_order = data.inputs[:, 0].tolist()
    training = [numbers for is_training, numbers in spy.seen if is_training]
    held_out = [numbers for is_training, numbers in spy.seen if not is_training]
    assert held_out == [in_order, in_order]
    assert [len(numbers) for numbers in training] == [5, 5, 2] * 2
    first, second = (list(itertools.chain(*part)) for part in (training[:3], training[3:]))
    assert sorted(first) == sorted(second) == sorted(in_order)
    assert in_order != first != second


class Interruption(Callback):
    def __init__(self, event):
        self.event = event

    def on_batch_end(self, net, **kwargs):
        self.interrupt("batch")

    def on_epoch_end(self, net, **kwargs):
        self.interrupt("epoch")

    def interrupt(self, event):
        if event == self.event:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("name", "event"), [("user_0", "batch"), ("ours", "batch"), ("ours", "epoch")]
)
def test_an_interrupt_comes_through(name, event):
    net = make_net(max_epochs=3, callbacks=[(name, Interruption(event))])
    with pytest.raises(KeyboardInterrupt):
        net.fit((rows(), None), None)


def test_a_callback_of_the_user_may_end_the_fit():
    net = make_net(max_epochs=3, callbacks=[("user_0", Interruption("epoch"))])
    net.fit((rows(), None), None)
    assert len(net.history) == 1


def test_shuffling_follows_its_seed():
    orders = []
    for seed in (1, 1, 2):
        spy = Batches()
        net = make_net(lr=0.0, batch_size=5, callbacks=[spy], shuffle_seed=seed)
        net.fit((rows(), None), None)
        orders.append(spy.seen)
    assert orders[0] == orders[1] != orders[2]


def test_no_default_callbacks():
    assert make_net().callbacks_ == []


# ------------------------------------------------------------------ compilation


def test_training_and_validation_use_the_compiled_core(monkeypatch):
    shapes = []

    def compiled(function, **settings):
        assert settings == {"dynamic": True}

        def counted(x):
            shapes.append(tuple(x.shape))
            return function(x)

        return counted

    monkeypatch.setattr(torch, "compile", compiled)
    plain = make_net(batch_size=8)
    net = make_net(batch_size=8, compile=True, compile__dynamic=True)
    net.module_.load_state_dict(plain.module_.state_dict())
    with torch.random.fork_rng(devices=[]):
        plain.fit((rows(), rows(5)), None)
    net.fit((rows(), rows(5)), None)
    assert shapes == [(8, 6), (4, 6), (5, 6)]
    net.module_(rows().inputs)
    assert shapes[3:] == [(12, 6)]  # raw predictions, too
    for old, new in zip(parameters(plain), parameters(net), strict=True):
        assert torch.equal(old, new)


def test_compilation_leaves_the_names_of_parameters(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda function, **settings: function)
    names = list(make_net().module_.state_dict())
    assert list(make_net(compile=True).module_.state_dict()) == names


@pytest.mark.parametrize(
    ("device", "asked", "mode"),
    [("cpu", {}, None), ("cuda", {}, "reduce-overhead"), ("cuda", {"mode": "default"}, "default")],
)
def test_compiled_into_graphs_on_cuda(monkeypatch, device, asked, mode):
    seen = []
    monkeypatch.setattr(PenalizedNet, "records", False)  # as if it were a network of the user's
    monkeypatch.setattr(torch, "compile", lambda function, **settings: seen.append(settings))
    net = make_net(compile=True, **{f"compile__{name}": value for name, value in asked.items()})
    net.device = device  # no more is needed to choose how to compile
    net.torch_compile(net.module_, "module")
    assert seen[-1] == ({} if mode is None else {"mode": mode})


def test_nothing_is_compiled_where_steps_are_recorded(monkeypatch):
    net = make_net()
    monkeypatch.setattr(torch, "compile", lambda *args, **settings: pytest.fail("compiled"))
    net.compile, net.device = True, "cuda"
    assert net.records
    net.torch_compile(net.module_, "module")


def test_nothing_is_compiled_unless_asked_for(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda *args, **settings: pytest.fail("compiled"))
    make_net().fit((rows(), None), None)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_torch_can_trace_the_core():
    plain, net = make_net(), make_net(compile=True, compile__backend="eager")
    net.module_.load_state_dict(plain.module_.state_dict())
    assert net.validation_step(rows())["loss"].item() == pytest.approx(by_hand(plain, rows()))
    for one in (plain, net):
        one.train_step(rows())
    for old, new in zip(parameters(plain), parameters(net), strict=True):
        torch.testing.assert_close(old, new)


def test_validation_batches_are_large():
    net = make_net(batch_size=2)
    assert net.get_iterator(SimpleNamespace()).batch_size == 4096
