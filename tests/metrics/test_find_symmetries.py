"""Symmetries of a table, without a model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sksofteq import find_symmetries

COLUMNS = ["delta", "standard_error", "z", "support", "verdict"]


def rows(n=40, dim=3, seed=0):
    """Standard normal rows."""
    return np.random.default_rng(seed).standard_normal((n, dim))


# ------------------------------------------------------------------ without a regressor


def test_without_a_regressor_a_process_is_fitted():
    X = rows(200, 6)
    frame = pd.DataFrame(X, columns=["bz", "ax", "by", "az", "bx", "ay"])
    meaning = {("ax", "ay", "az"): "vector", ("bx", "by", "bz"): "vector"}
    y = frame["az"] * frame["bz"] + np.hypot(frame["ax"], frame["ay"])
    table = find_symmetries(frame, y, ("O(2)@x,y", "O(2)@y,z"), meaning, random_state=0)
    assert list(table.columns) == COLUMNS
    assert table["verdict"].tolist() == ["holds", "broken"]
    plain = find_symmetries(
        frame[["ax", "ay", "az", "bx", "by", "bz"]].to_numpy(),
        y,
        ("O(2)@x,y", "O(2)@y,z"),
        "2*vector",
        random_state=0,
    )
    pd.testing.assert_frame_equal(table, plain)


def test_without_a_regressor_groups_count():
    X = np.repeat(rows(40, 3), 4, axis=0) + 1e-3 * rows(160, 3)
    y = np.linalg.norm(X, axis=1) + 0.1 * np.repeat(rows(40, 1, seed=1)[:, 0], 4)
    alone = find_symmetries(X, y, ("SO(3)",), "vector", random_state=0)
    groups = np.repeat(np.arange(40), 4)
    together = find_symmetries(X, y, ("SO(3)",), "vector", groups=groups, random_state=0)
    assert alone.verdict["SO(3)"] == "broken"  # neighbours predict rows, and orbits leave them
    assert together.verdict["SO(3)"] != "broken"


@pytest.mark.parametrize("centre", [(100.0, -50.0, 3.0), (1e4, 0.0, 0.0)])
@pytest.mark.parametrize(
    ("target", "verdicts"),
    [
        (lambda X: np.linalg.norm(X[:, :3] - X[:, 3:], axis=1), ["holds", "holds"]),
        (lambda X: X[:, 2] - X[:, 5], ["broken", "holds"]),
    ],
    ids=["a distance", "a height"],
)
def test_motions_of_points_are_found_wherever_these_are(target, verdicts, centre):
    X = rows(200, 6)
    for shift in (np.zeros(6), np.tile(centre, 2)):
        names = ("SE(3)", "SE(2)@x,y")
        table = find_symmetries(X + shift, target(X), names, "2*point", random_state=0)
        assert table.verdict.tolist() == verdicts


# ------------------------------------------------------------------ groups of rows


def test_groups_without_a_value_are_refused():
    X, y = rows(60, 3), rows(60, 1)[:, 0]
    for groups in (np.where(np.arange(60) == 7, np.nan, 1.0), ["a"] * 7 + [None] + ["b"] * 52):
        with pytest.raises(ValueError, match=r"groups must hold a value.* in row 7"):
            find_symmetries(X, y, ("SO(3)",), "vector", groups=groups)


def test_names_and_numbers_of_groups_are_the_same():
    X = rows(90, 3)
    y = np.linalg.norm(X, axis=1)
    numbers = np.arange(90) // 3
    tables = [
        find_symmetries(X, y, ("SO(3)",), "vector", groups=groups, random_state=0)
        for groups in (numbers, [f"trial {n:02d}" for n in numbers])
    ]
    pd.testing.assert_frame_equal(*tables)


def test_few_rows_say_little():
    said = []
    for seed in range(40):
        X = rows(4, 3, seed)
        said.append(
            find_symmetries(X, np.linalg.norm(X, axis=1), ("SO(3)",), "vector").verdict["SO(3)"]
        )
    assert said.count("broken") <= 4
