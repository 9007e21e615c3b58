"""The bar, and the estimate of a long training's time, on a net of a history alone."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
from skorch.history import History

from sksofteq.training import ProgressBar, TimeEstimate, _progress


def net() -> SimpleNamespace:
    return SimpleNamespace(history=History())


def epoch(net, train_loss=1.0, valid_loss=None) -> None:
    """Record an epoch."""
    net.history.new_epoch()
    net.history.record("train_loss", train_loss)
    if valid_loss is not None:
        net.history.record("valid_loss", valid_loss)


def test_bar_shows_epochs_losses_and_strengths_in_order(capsys):
    fitted, bar = net(), ProgressBar(2)
    bar.on_train_begin(fitted)
    for _ in range(2):
        epoch(fitted, train_loss=0.12345, valid_loss=6.789)
        fitted.history.record("strengths", {"b": 3.0, "a": 0.001})
        bar.on_epoch_end(fitted)
    bar.on_train_end(fitted)
    shown = capsys.readouterr().err
    assert "2/2" in shown
    assert "loss=0.123" in shown
    assert "validation=6.79" in shown
    assert "strengths=3 0.001" in shown


def test_bar_without_validation_and_candidates(capsys):
    fitted, bar = net(), ProgressBar(1)
    bar.on_train_begin(fitted)
    epoch(fitted, train_loss=0.5)
    fitted.history.record("strengths", {})
    bar.on_epoch_end(fitted)
    bar.on_train_end(fitted)
    shown = capsys.readouterr().err
    assert "loss=0.5" in shown
    assert "validation" not in shown
    assert "strengths" not in shown


def test_bar_is_dropped_when_the_fit_ends():
    fitted, bar = net(), ProgressBar(1)
    bar.on_train_begin(fitted)
    bar.on_train_end(fitted)
    assert not hasattr(bar, "bar_")


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    times = [0.0]
    monkeypatch.setattr(_progress.time, "perf_counter", lambda: times[0])
    return times


def told(clock, seconds, n_epochs, caplog) -> list[str]:
    estimate = TimeEstimate(n_epochs)
    estimate.on_train_begin(net())
    clock[0] += seconds
    estimate.on_epoch_end(net())
    clock[0] += 1e6
    estimate.on_epoch_end(net())
    return [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]


def test_a_long_training_is_announced_once(clock, caplog):
    (message,) = told(clock, 7.5, 200, caplog)
    assert "200 epochs of 7.5 s each will take about 25 minutes" in message
    assert "max_iter" in message


def test_a_short_training_is_not(clock, caplog):
    assert told(clock, 1.0, 200, caplog) == []
