"""The command line and the helpers of the demo (the demo itself is run by hand)."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sksofteq import _demo
from sksofteq.__main__ import main
from sksofteq.datasets import load_mocap_walk
from sksofteq.reps import parse_rep

REP_IN = parse_rep(_demo.REP_IN, _demo.SPACES)
REP_OUT = parse_rep(_demo.REP_OUT, _demo.SPACES)


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "sksofteq", *arguments], capture_output=True, text=True, check=False
    )


# ------------------------------------------------------------------ the command line


def test_help():
    done = run("--help")
    assert done.returncode == 0
    assert "usage: python -m sksofteq" in done.stdout
    assert "demo" in done.stdout
    assert done.stderr == ""


def test_help_of_the_demo(capsys):
    with pytest.raises(SystemExit) as end:
        main(["demo", "--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert "--output" in shown
    assert "--max-iter" in shown


def test_unknown_command():
    done = run("dance")
    assert done.returncode == 2
    assert "invalid choice: 'dance'" in done.stderr
    assert "demo" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_command(capsys):
    with pytest.raises(SystemExit) as end:
        main([])
    assert end.value.code == 2
    assert "required: command" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--max-iter", "many"], ["--colour"]])
def test_wrong_options(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(["demo", *arguments])
    assert end.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_help_needs_no_torch():
    code = (
        "import sys\n"
        "from sksofteq.__main__ import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "except SystemExit:\n"
        "    sys.exit('torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0


@pytest.fixture
def calls(monkeypatch):
    """What the demo would have been called with."""
    seen = []
    monkeypatch.setattr(_demo, "run_demo", lambda *args, max_iter: seen.append((*args, max_iter)))
    return seen


def test_defaults_of_the_demo(calls):
    assert main(["demo"]) == 0
    assert calls == [(Path("demo"), None)]


def test_options_of_the_demo(calls):
    assert main(["demo", "--output", "there", "--max-iter", "7"]) == 0
    assert calls == [(Path("there"), 7)]


@pytest.mark.parametrize("number", ["0", "-3"])
def test_number_of_epochs_must_be_positive(calls, number):
    with pytest.raises(SystemExit):
        main(["demo", "--max-iter", number])


# ------------------------------------------------------------------ helpers of the demo


def windows(n=5, seed=0):
    rng = np.random.RandomState(seed)
    return rng.standard_normal((n, REP_IN.dim)), rng.standard_normal((n, REP_OUT.dim))


def turn(angle) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def test_turning_preserves_lengths_and_heights():
    X, _ = windows()
    turned = _demo._turned(X, np.linspace(0, 6, 5), REP_IN)
    before, after = X.reshape(-1, 3), turned.reshape(-1, 3)
    np.testing.assert_allclose(np.linalg.norm(after, axis=1), np.linalg.norm(before, axis=1))
    np.testing.assert_array_equal(after[:, 1], before[:, 1])
    assert np.abs(after[93 * 3 :] - before[93 * 3 :]).max() > 0.1


def test_turning_is_the_rotation_of_the_candidate():
    X, _ = windows(2)
    angles = np.array([0.3, 2.0])
    turned = _demo._turned(X, angles, REP_IN)
    for row, angle, expected in zip(X, angles, turned, strict=True):
        by_rep = REP_IN.transform(row[None], {"xyz": turn(angle)})[0]
        np.testing.assert_allclose(by_rep, expected)


def test_turning_by_nothing():
    X, _ = windows()
    np.testing.assert_array_equal(_demo._turned(X, np.zeros(5), REP_IN), X)


def test_turning_keeps_the_dtype():
    X, _ = windows()
    assert _demo._turned(X.astype(np.float32), np.ones(5), REP_IN).dtype == np.float32


def test_compare_measures_centimetres_per_joint():
    X, y = windows()
    shifted = y.copy()
    shifted[:, 1::3] += 0.02  # two centimetres up, which turns leave alone

    def knows(rows):
        angles = np.random.RandomState(0).uniform(0, 2 * np.pi, len(X))
        is_turned = not np.allclose(rows, X)
        return _demo._turned(shifted, angles, REP_OUT) if is_turned else shifted

    errors = _demo.compare({"knows": knows}, X, y)
    assert list(errors.columns) == ["as recorded", "turned about the vertical"]
    np.testing.assert_allclose(errors.loc["knows"], 2.0)


def test_compare_has_a_row_per_predictor_in_order():
    X, y = windows()
    errors = _demo.compare({"b": lambda X: 0 * X, "a": lambda X: X}, X, y)
    assert list(errors.index) == ["b", "a"]


def test_compare_tells_equivariant_predictors_from_others():
    X, y = windows()
    predictors = {
        "equivariant": _demo._constant_velocity,
        "not": lambda X: np.tile([1.0, 0.0, 0.0], (len(X), 93)),
    }
    errors = _demo.compare(predictors, X, y)
    gaps = (errors["as recorded"] - errors["turned about the vertical"]).abs()
    assert gaps["equivariant"] < 1e-9
    assert gaps["not"] > 0.1


def test_constant_velocity_goes_on():
    start, velocity = np.random.RandomState(0).standard_normal((2, 4, 1, 93))
    steps = np.arange(_demo.N_PAST + _demo.N_FUTURE)[None, :, None]
    walk = start + steps * velocity
    X, y = walk[:, : _demo.N_PAST], walk[:, _demo.N_PAST :]
    np.testing.assert_allclose(
        _demo._constant_velocity(X.reshape(4, -1)), y.reshape(4, -1), atol=1e-12
    )


def test_relative_positions_have_their_centre_at_the_last_step():
    X, _ = windows()
    relative, centre = _demo._relative(X)
    last = relative.reshape(5, _demo.N_PAST, 31, 3)[:, -1]
    np.testing.assert_allclose(last.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(relative + np.tile(centre, (1, 93)), X)


def test_predictors_on_relative_positions_follow_translations():
    X, _ = windows()
    shift = np.tile([1.0, -2.0, 5.0], (1, 93))
    predict = _demo._on_relative(lambda relative: relative**2)
    np.testing.assert_allclose(predict(X + shift), predict(X) + shift)


def test_candidates_of_the_demo_leave_a_walk_a_walk():
    walk = load_mocap_walk()
    groups = _demo.candidates(walk)
    assert all(set(group.spaces) <= set(_demo.SPACES) for group in groups.values())
    mirror = groups["mirror, left and right exchanged"].sample_on_spaces(8, 0)
    for name, matrices in mirror.items():
        size = _demo.SPACES[name]
        np.testing.assert_allclose(matrices @ matrices, np.tile(np.eye(size), (8, 1, 1)))
