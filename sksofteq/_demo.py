"""The demo: which symmetries does recorded human motion have, and what is knowing them worth?"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV

from sksofteq._commands import told
from sksofteq.datasets import load_mocap_walk, trajectory_windows
from sksofteq.estimators import SoftEquivariantRegressor
from sksofteq.groups import GeneratedGroup, MatrixGroup, Reflection, parse_group
from sksofteq.reps import Representation, parse_rep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray
    from sklearn.utils import Bunch

N_PAST, N_FUTURE, STEP = 3, 3, 4
SPACES = {"joint": 31, "xyz": 3}
REP_IN, REP_OUT = f"{N_PAST}*joint*point(xyz)", f"{N_FUTURE}*joint*point(xyz)"
TEST_TRIALS = range(16, 23)
MAX_ITER = 200

CANNOT_TELL = """
"Cannot tell": moved by such a candidate, the windows look like none that were recorded (every
trial heads the same way, along the middle of the room), so nothing held out can speak for or
against it. It is kept all the same, as you named it: it moves rows while a network trains,
and predictions are averaged over it. What that costs on trials as recorded stands beside it,
what it gains on turned ones is shown below. untestable="drop" leaves it out.
"""

Predict = Callable[["NDArray"], "NDArray"]


def candidates(walk: Bunch) -> dict[str, MatrixGroup]:
    """The candidate symmetries of a walking body, by label."""
    exchange = GeneratedGroup(
        discrete_generators=[np.eye(len(walk.mirror))[walk.mirror]], name="exchange"
    ).on_space("joint")
    return {
        "mirror, left and right exchanged": Reflection(3).on_space("xyz") & exchange,
        "turns about the vertical": parse_group("SO(2)@x,z on xyz"),
        "scaling": parse_group("Scaling(3) on xyz"),
        "translation": parse_group("Translation(3) on xyz"),
    }


def run_demo(output: Path, max_iter: int | None = None) -> pd.DataFrame:
    """Fit, print the report and the errors, draw the picture.

    Parameters
    ----------
    output : Path
        Folder for ``symmetries.png``.
    max_iter : int, default=None
        Epochs; the demo's own number by default.

    Returns
    -------
    errors : DataFrame
        Mean distance per joint in centimetres, a row per model, plain and on turned data.
    """
    start = time.perf_counter()
    walk = load_mocap_walk()
    X, y, trial = trajectory_windows(
        walk.positions, n_past=N_PAST, n_future=N_FUTURE, step=STEP, stride=2
    )
    X, y = X.astype(np.float32), y.astype(np.float32)
    test = np.isin(trial, TEST_TRIALS)
    _introduce(walk, X, test)
    groups = candidates(walk)
    view = {"rep_in": REP_IN, "rep_out": REP_OUT, "spaces": SPACES}
    settings = {
        "max_iter": max_iter or MAX_ITER,
        "validation_fraction": 0.3,
        "early_stopping": True,
        "random_state": 0,
        "verbose": True,
    }
    print("1. A network with all candidates.")
    model = SoftEquivariantRegressor(groups, **view, **settings)
    model.fit(X[~test], y[~test], groups=trial[~test])
    print("2. A plain network of the same width, on positions relative to the body.")
    relative, centre = _relative(X)
    plain = SoftEquivariantRegressor(**settings).fit(
        relative[~test], (y - _tiled(centre, y))[~test], groups=trial[~test]
    )
    ridge = RidgeCV(np.logspace(-4, 4, 17)).fit(relative[~test], (y - _tiled(centre, y))[~test])
    predictors = {
        "with candidates": model.predict,
        "plain network": _on_relative(plain.predict),
        "ridge regression": _on_relative(ridge.predict),
        "constant velocity": _constant_velocity,
    }
    errors = compare(predictors, X[test], y[test])
    _print_report(model, errors)
    path = _draw(model, errors, output)
    print(f"\nPicture: {path}\nTime: {time.perf_counter() - start:.0f} s")
    return errors


def compare(predictors: dict[str, Predict], X: NDArray, y: NDArray) -> pd.DataFrame:
    """Mean distance per joint in centimetres, on test data as recorded and turned about y."""
    angles = np.random.RandomState(0).uniform(0, 2 * np.pi, len(X))
    rep_in, rep_out = parse_rep(REP_IN, SPACES), parse_rep(REP_OUT, SPACES)
    turned = (_turned(X, angles, rep_in), _turned(y, angles, rep_out))
    rows = {
        name: {
            "as recorded": _distance(predict(X), y),
            "turned about the vertical": _distance(predict(turned[0]), turned[1]),
        }
        for name, predict in predictors.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def _turned(X: NDArray, angles: NDArray, rep: Representation) -> NDArray:
    """Every row turned about the vertical axis y by an angle of its own."""
    cosine, sine = np.cos(angles), np.sin(angles)
    points = X.reshape(len(X), -1, 3)
    x, z = points[..., 0], points[..., 2]
    c, s = cosine[:, None], sine[:, None]
    turned = np.stack([c * x + s * z, points[..., 1], c * z - s * x], axis=-1)
    return turned.reshape(len(X), rep.dim).astype(X.dtype)


def _distance(predicted: NDArray, y: NDArray) -> float:
    gaps = (predicted - y).reshape(len(y), -1, 3)
    return 100 * float(np.linalg.norm(gaps, axis=2).mean())


def _centre(X: NDArray) -> NDArray:
    """Centroid of the joints at the last step, shape (n, 3)."""
    return X.reshape(len(X), N_PAST, -1, 3)[:, -1].mean(axis=1)


def _tiled(centre: NDArray, like: NDArray) -> NDArray:
    return np.tile(centre, (1, like.shape[1] // 3))


def _relative(X: NDArray) -> tuple[NDArray, NDArray]:
    centre = _centre(X)
    return X - _tiled(centre, X), centre


def _on_relative(predict: Predict) -> Predict:
    """A predictor of relative positions as one of absolute positions."""

    def absolute(X: NDArray) -> NDArray:
        relative, centre = _relative(X)
        predicted = predict(relative)
        return predicted + _tiled(centre, predicted)

    return absolute


def _constant_velocity(X: NDArray) -> NDArray:
    steps = X.reshape(len(X), N_PAST, -1)
    velocity = steps[:, -1] - steps[:, -2]
    ahead = np.arange(1, N_FUTURE + 1)[:, None]
    return (steps[:, -1][:, None] + ahead * velocity[:, None]).reshape(len(X), -1)


def _introduce(walk: Bunch, X: NDArray, test: NDArray) -> None:
    step = STEP / walk.rate
    print(
        f"Recorded walks (CMU motion capture, subject 35): {len(walk.trials)} trials, "
        f"{len(walk.joint_names)} joints.\n"
        f"Task: from {N_PAST} body poses {step:.2f} s apart predict the next {N_FUTURE}; "
        f"{(~test).sum()} windows to learn from, {test.sum()} from other trials to test on.\n"
    )


def _print_report(model: SoftEquivariantRegressor, errors: pd.DataFrame) -> None:
    print(f"\nWhich symmetries do these recordings have?\n\n{told(model)}")
    print(f"\nWhat pilots chose between:\n\n{_pilots(model).to_string(index=False)}")
    if "cannot tell" in set(model.symmetry_report()["verdict"]):
        print(CANNOT_TELL)
    print("\nMean distance per joint on trials held out, in centimetres:\n")
    print(errors.round(2).to_string())


def _pilots(model: SoftEquivariantRegressor) -> pd.DataFrame:
    """The table of pilots, fit to print."""
    shown = model.pilots_.assign(moved_by=model.pilots_.moved_by.map(", ".join))
    return shown.assign(error=shown.error.map("{:.3g}".format))


def _draw(model: SoftEquivariantRegressor, errors: pd.DataFrame, output: Path) -> Path | str:
    """Draw report, path and errors on one sheet."""
    try:
        import matplotlib
    except ImportError:
        return "none (install matplotlib: pip install 'sksofteq[plot]')"
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from sksofteq.inspection import SymmetryDisplay

    output.mkdir(parents=True, exist_ok=True)
    figure = plt.figure(figsize=(12, 6.4), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(1.1, 1))
    top.suptitle("Symmetries found in recorded walks", fontsize=13, fontweight="bold")
    axes = top.subplots(1, 3, sharey=True)
    SymmetryDisplay.from_estimator(model, axes=axes)
    left, right = bottom.subplots(1, 2, width_ratios=(1, 1.2))
    _draw_pilots(left, model.pilots_)
    errors.plot.barh(ax=right, color=["#4575b4", "#d73027"], width=0.75, logx=True)
    right.invert_yaxis()
    for bars in right.containers:
        right.bar_label(bars, fmt="%.1f", padding=3, fontsize=9)
    right.set_xlim(right=4 * errors.to_numpy().max())
    right.set_xlabel("mean distance per joint in cm (log scale)")
    right.set_title("Test error on other trials", fontsize=11)
    right.legend(frameon=False, fontsize=9)
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
    path = output / "symmetries.png"
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path


def _draw_pilots(axes: Axes, pilots: pd.DataFrame) -> None:
    """A bar per pilot, the one that was chosen dark."""
    names = pilots.network.where(~pilots.held, pilots.network + ", all held softly")
    colours = np.where(pilots.chosen, "#4575b4", "#b3c3dc")
    bars = axes.barh(names, pilots.error, color=colours, height=0.6)
    axes.bar_label(bars, fmt="%.3g", padding=3, fontsize=9)
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.set_xlim(right=1.2 * pilots.error.max())
    axes.set_xlabel("error of pilots on rows held out, over the variance")
    axes.set_title("Layers that pilots chose between", fontsize=11)
