"""The bar, and the estimate of a long training's time, on a net of a history alone."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
from skorch.history import History

from sksofteq.training import ProgressBar, TimeEstimate, _progress


def net(max_epochs=2, done=0) -> SimpleNamespace:
    return SimpleNamespace(history=History(), max_epochs=max_epochs, epochs_done_=done)


def epoch(net, train_loss=1.0, valid_loss=None) -> None:
    """Record an epoch."""
    net.history.new_epoch()
    net.history.record("train_loss", train_loss)
    if valid_loss is not None:
        net.history.record("valid_loss", valid_loss)


def test_bar_shows_epochs_losses_and_strengths_in_order(capsys, monkeypatch):
    for name in ("COLUMNS", "LINES"):  # early versions of tqdm want both
        monkeypatch.setenv(name, "200")
    fitted, bar = net(), ProgressBar()
    for _ in range(2):
        bar.on_epoch_begin(fitted)
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
    fitted, bar = net(max_epochs=1), ProgressBar()
    bar.on_epoch_begin(fitted)
    epoch(fitted, train_loss=0.5)
    fitted.history.record("strengths", {})
    bar.on_epoch_end(fitted)
    bar.on_train_end(fitted)
    shown = capsys.readouterr().err
    assert "loss=0.5" in shown
    assert "validation" not in shown
    assert "strengths" not in shown


def test_bar_of_a_fit_that_goes_on_counts_from_there(capsys):
    fitted, bar = net(max_epochs=8, done=5), ProgressBar()
    bar.on_epoch_begin(fitted)
    bar.on_train_end(fitted)
    assert "5/8" in capsys.readouterr().err


def test_a_training_that_ends_before_it_begins_has_no_bar(capsys):
    ProgressBar().on_train_end(net())
    assert capsys.readouterr().err == ""


def test_bar_is_dropped_when_the_fit_ends():
    fitted, bar = net(max_epochs=1), ProgressBar()
    bar.on_epoch_begin(fitted)
    bar.on_train_end(fitted)
    assert not hasattr(bar, "bar_")


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    times = [0.0]
    monkeypatch.setattr(_progress.time, "perf_counter", lambda: times[0])
    return times


def told(clock, seconds, caplog, done=0) -> list[str]:
    fitted, estimate = net(max_epochs=200, done=done), TimeEstimate()
    estimate.on_train_begin(fitted)
    clock[0] += seconds
    estimate.on_epoch_end(fitted)
    clock[0] += 1e6
    estimate.on_epoch_end(fitted)
    return [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]


def test_a_long_training_is_announced_once(clock, caplog):
    (message,) = told(clock, 7.5, caplog)
    assert "200 epochs of 7.5 s each will take about 25 minutes" in message
    assert "max_iter" in message


def test_epochs_that_are_done_take_no_time(clock, caplog):
    assert "100 epochs of 7.5 s each" in told(clock, 7.5, caplog, done=100)[0]


def test_a_short_training_is_not(clock, caplog):
    assert told(clock, 1.0, caplog) == []
