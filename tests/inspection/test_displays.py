"""Pictures of a fit: where they draw, what they draw, and what they refuse."""

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from sksofteq import SoftEquivariantRegressor
from sksofteq.inspection import StrengthPathDisplay, SymmetryDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

COLUMNS = ["strength", "equivariance_error", "support", "verdict"]
LABELS = [
    "O(2)@x,y",
    "O(2)@y,z",
    "SO(3)",
    "a candidate with a label too long to show",
]


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def report(strengths=(3.0, 1e-3, 0.5, 3.0)) -> pd.DataFrame:
    rows = [
        (strengths[0], 0.1, 0.99, "holds"),
        (strengths[1], 0.5, 0.001, "broken"),
        (strengths[2], 0.2, 0.3, "approximate"),
        (strengths[3], 0.2, 0.5, "cannot tell"),
    ]
    return pd.DataFrame(rows, index=LABELS, columns=COLUMNS)


def path(*columns) -> pd.DataFrame:
    epochs = pd.RangeIndex(1, len(columns[0]) + 1, name="epoch")
    return pd.DataFrame(dict(zip(LABELS, columns, strict=False)), index=epochs, dtype=float)


def markers(axis) -> list[float]:
    """Values of the rows of an axis, from the top."""
    points = [line for line in axis.lines if line.get_marker() not in ("None", "", None)]
    return [float(line.get_xdata()[0]) for line in points]


@pytest.fixture(scope="module")
def fitted():
    X = np.random.RandomState(0).standard_normal((60, 3))
    model = SoftEquivariantRegressor(
        ("O(2)@x,y", "SO(3)"),
        rep_in="vector",
        strengths={"O(2)@x,y": 2.0, "SO(3)": 0.0},
        hidden_layer_sizes=(16,),
        max_iter=3,
        random_state=0,
    )
    return model.fit(X, X[:, 2])


# ------------------------------------------------------------------ the report


def test_report_has_a_row_per_candidate_on_three_axes():
    display = SymmetryDisplay(report=report()).plot()
    assert display.axes_.shape == (3,)
    assert [len(markers(axis)) for axis in display.axes_] == [4, 4, 4]
    assert display.figure_ is display.axes_[0].figure


def test_report_shows_its_values():
    strengths, errors, support = map(markers, SymmetryDisplay(report=report()).plot().axes_)
    assert strengths == [3.0, 1e-3, 0.5, 3.0]
    assert errors == [0.1, 0.5, 0.2, 0.2]
    assert support == [0.99, 0.001, 0.3, 0.5]


def test_first_candidate_is_on_top():
    axis = SymmetryDisplay(report=report()).plot().axes_[0]
    bottom, top = axis.get_ylim()
    assert top < 0 < 3 < bottom
    assert [label.get_text() for label in axis.get_yticklabels()][:3] == LABELS[:3]


def test_long_labels_are_cut():
    label = SymmetryDisplay(report=report()).plot().axes_[0].get_yticklabels()[3].get_text()
    assert len(label) == 34
    assert label.endswith("…")


def test_legend_names_the_verdicts_that_occur():
    display = SymmetryDisplay(report=report().iloc[:2]).plot()
    texts = [text.get_text() for text in display.axes_[2].get_legend().get_texts()]
    assert texts == ["holds", "broken"]


def test_verdicts_differ_in_colour_and_marker():
    lines = SymmetryDisplay(report=report()).plot().axes_[1].lines
    points = [line for line in lines if line.get_marker() not in ("None", "", None)]
    assert len({line.get_color() for line in points}) == 4
    assert len({line.get_marker() for line in points}) == 4


def test_hard_candidate_is_drawn_beyond_the_others_and_named():
    axis = SymmetryDisplay(report=report((3.0, 1e-3, 0.5, math.inf))).plot().axes_[0]
    values = markers(axis)
    assert np.isfinite(values).all()
    assert values[3] > 3.0
    assert [text.get_text() for text in axis.texts] == ["hard"]
    low, high = axis.get_xlim()
    assert low < min(values) <= max(values) < high


def test_hard_candidates_alone():
    axis = SymmetryDisplay(report=report((math.inf,) * 4)).plot().axes_[0]
    assert len(set(markers(axis))) == 1
    assert [text.get_text() for text in axis.texts] == ["hard"] * 4
    axis.figure.canvas.draw()


def test_strength_0_is_drawn_at_the_edge():
    axis = SymmetryDisplay(report=report((3.0, 0.0, 0.5, 3.0))).plot().axes_[0]
    assert axis.get_xscale() == "log"
    assert markers(axis)[1] == pytest.approx(1e-4)
    axis.figure.canvas.draw()


def test_report_draws_on_given_axes():
    figure, axes = plt.subplots(1, 3)
    display = SymmetryDisplay(report=report()).plot(axes=axes)
    assert list(display.axes_) == list(axes)
    assert display.figure_ is figure
    assert len(plt.get_fignums()) == 1


def test_report_draws_on_a_grid_of_axes():
    _, axes = plt.subplots(3, 1)
    assert SymmetryDisplay(report=report()).plot(axes=axes[:, None]).axes_.shape == (3,)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_report_needs_three_axes(n):
    axes = [plt.figure().subplots() for _ in range(n)]
    with pytest.raises(ValueError, match=f"axes must hold three Axes, got {n}"):
        SymmetryDisplay(report=report()).plot(axes=axes)


def test_report_lacking_columns():
    with pytest.raises(ValueError, match=r"lacks the columns \['support', 'verdict'\]"):
        SymmetryDisplay(report=report().drop(columns=["verdict", "support"]))


def test_report_of_an_estimator(fitted):
    display = SymmetryDisplay.from_estimator(fitted)
    pd.testing.assert_frame_equal(display.report, fitted.symmetry_report())
    assert markers(display.axes_[0]) == [2.0, pytest.approx(1e-4)]


def test_report_of_an_estimator_on_given_axes(fitted):
    _, axes = plt.subplots(1, 3)
    assert list(SymmetryDisplay.from_estimator(fitted, axes=axes).axes_) == list(axes)


def test_empty_report():
    SymmetryDisplay(report=report().iloc[:0]).plot().figure_.canvas.draw()


# ------------------------------------------------------------------ the path


def test_path_has_a_line_per_candidate():
    display = StrengthPathDisplay(
        strengths=path([1, 2, 3], [3, 2, 1]), penalties=path([9, 8, 7], [6, 5, 4])
    ).plot()
    assert [len(axis.lines) for axis in display.axes_] == [2, 2]
    assert display.axes_[0].lines[1].get_ydata().tolist() == [3, 2, 1]
    assert display.axes_[1].lines[0].get_ydata().tolist() == [9, 8, 7]
    assert display.axes_[0].lines[0].get_xdata().tolist() == [1, 2, 3]
    assert [axis.get_yscale() for axis in display.axes_] == ["log", "log"]


def test_path_has_a_legend_in_order():
    display = StrengthPathDisplay(strengths=path([1], [2]), penalties=path([1], [2])).plot()
    texts = [text.get_text() for text in display.axes_[1].get_legend().get_texts()]
    assert texts == LABELS[:2]


@pytest.mark.parametrize("value", [0.0, math.inf])
def test_path_of_strengths_that_are_0_or_infinite(value):
    display = StrengthPathDisplay(
        strengths=path([1, 2, 3], [value] * 3), penalties=path([9, 8, 7], [0, 0, 0])
    ).plot()
    assert len(display.axes_[0].lines) == 2
    display.figure_.canvas.draw()


@pytest.mark.parametrize("value", [0.0, math.inf])
def test_path_of_nothing_but_0_or_infinite_strengths(value):
    display = StrengthPathDisplay(strengths=path([value] * 3), penalties=path([0, 0, 0])).plot()
    assert display.axes_[1].get_yscale() == "linear"
    display.figure_.canvas.draw()


def test_path_of_a_plain_network():
    empty = pd.DataFrame(index=pd.RangeIndex(1, 4, name="epoch"))
    display = StrengthPathDisplay(strengths=empty, penalties=empty).plot()
    assert [len(axis.lines) for axis in display.axes_] == [0, 0]
    assert display.axes_[1].get_legend() is None
    display.figure_.canvas.draw()


def test_path_draws_on_given_axes():
    figure, axes = plt.subplots(2, 1)
    display = StrengthPathDisplay(strengths=path([1]), penalties=path([1])).plot(axes=axes)
    assert list(display.axes_) == list(axes)
    assert display.figure_ is figure
    assert len(plt.get_fignums()) == 1


def test_path_needs_two_axes():
    _, axes = plt.subplots(1, 3)
    with pytest.raises(ValueError, match="axes must hold two Axes, got 3"):
        StrengthPathDisplay(strengths=path([1]), penalties=path([1])).plot(axes=axes)


def test_path_of_an_estimator(fitted):
    display = StrengthPathDisplay.from_estimator(fitted)
    pd.testing.assert_frame_equal(display.strengths, fitted.strength_path_)
    pd.testing.assert_frame_equal(display.penalties, fitted.penalty_path_)
    assert [len(axis.lines) for axis in display.axes_] == [2, 2]


# ------------------------------------------------------------------ both


@pytest.mark.parametrize("display", [SymmetryDisplay, StrengthPathDisplay])
def test_estimator_that_is_not_fitted(display):
    with pytest.raises(NotFittedError):
        display.from_estimator(SoftEquivariantRegressor())


def test_matplotlib_is_imported_only_to_draw():
    code = "import sys, sksofteq.inspection; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
