"""fit, predict and report from the command line, as a user runs them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skops import io

from sksofteq import SoftEquivariantRegressor
from sksofteq.__main__ import main
from sksofteq.datasets import make_inertia

KEPT, BROKEN = "O(2)@x,y", "O(2)@y,z"
REP_IN = {"m*": "scalar", ("x1", "y1", "z1"): "vector", ("x2", "y2", "z2"): "vector"}
MEANING = [
    *("--target", "I_*", "--rep-out", "tensor(2)", "--symmetry", KEPT, "--symmetry", BROKEN),
    *("--rep-in", "m*=scalar", "--rep-in", "x1,y1,z1=vector", "--rep-in", "x2,y2,z2=vector"),
]


@pytest.fixture
def data(tmp_path):
    """A table of two bodies, shuffled columns, and where it is."""
    X, y = make_inertia(60, n_points=2, axis="z", random_state=0)
    columns = ["m1", "m2", "x1", "y1", "z1", "x2", "y2", "z2"]
    table = pd.DataFrame(X, columns=columns)
    table = table[columns[::-1]].join(pd.DataFrame(y, columns=[f"I_{k}" for k in range(9)]))
    table["trial"] = np.arange(60) // 3
    table["count"] = 1.0 + np.arange(60) % 2
    path = tmp_path / "bodies.csv"
    table.to_csv(path, index=False)
    return table, path


def fit(path, *options):
    return main(["fit", str(path), "--max-iter", "2", *options])


def columns(table, prefix):
    return [name for name in table.columns if name.startswith(prefix)]


def test_a_fit_is_that_of_the_estimator(data, tmp_path, capsys):
    table, path = data
    extra = ["--groups", "trial", "--weight", "count", "--output", str(tmp_path / "model")]
    assert fit(path, *MEANING, *extra) == 0
    shown = capsys.readouterr().out
    assert KEPT in shown
    assert "model.joblib" in shown
    inputs = [name for name in table.columns if name[0] in "mxyz"]
    model = SoftEquivariantRegressor(
        (KEPT, BROKEN), rep_in=REP_IN, rep_out="tensor(2)", max_iter=2, random_state=0
    )
    read = pd.read_csv(path)
    model.fit(read[inputs], read[columns(read, "I_")], read["count"], read["trial"])
    assert main(["predict", str(tmp_path / "model"), str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == ",".join(columns(table, "I_"))
    predicted = np.array([list(map(float, line.split(","))) for line in lines[1:]])
    np.testing.assert_allclose(predicted, model.predict(read[inputs]))


def test_a_fit_leaves_model_report_and_picture(data, tmp_path, capsys):
    _, path = data
    assert fit(path, *MEANING, "--drop", "trial", "--drop", "count") == 0
    folder = tmp_path / "bodies"  # the data's name
    report = pd.read_csv(folder / "report.csv", index_col=0)
    assert report.index.tolist() == [KEPT, BROKEN]
    assert (folder / "symmetries.png").stat().st_size > 5000
    first = capsys.readouterr().out
    assert main(["report", str(folder)]) == 0
    assert capsys.readouterr().out.strip() in first


def test_a_model_that_runs_no_code(data, tmp_path, capsys):
    _, path = data
    folder = tmp_path / "bodies"
    shown = []
    for kept, other in (("skops", "joblib"), ("joblib", "skops")):
        assert fit(path, *MEANING, "--drop", "trial", "--drop", "count", "--format", kept) == 0
        assert f"model.{kept}" in capsys.readouterr().out
        assert not (folder / f"model.{other}").exists()
        assert main(["predict", str(folder), str(path)]) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]


def test_a_model_that_asks_for_more_than_its_types_is_not_loaded(data, tmp_path, capsys):
    _, path = data
    fit(path, *MEANING, "--drop", "trial", "--drop", "count", "--format", "skops")
    capsys.readouterr()
    io.dump(Path("harmless"), tmp_path / "bodies" / "model.skops")
    assert main(["report", str(tmp_path / "bodies")]) == 2
    error = capsys.readouterr().err
    assert "Untrusted types found in the file" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("kept", ["joblib", "skops"])
def test_a_damaged_file_is_named(kept, tmp_path, capsys):
    (tmp_path / f"model.{kept}").write_bytes(b"junk, and more of it")
    assert main(["report", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert f"model.{kept} cannot be read: " in error
    assert error.count("\n") == 1


def test_a_file_in_place_of_the_folder_is_said_before_the_fit(data, capsys):
    assert fit(data[1], *MEANING, "--output", str(data[1])) == 2
    shown = capsys.readouterr()
    assert "bodies.csv is a file; --output must be a folder." in shown.err
    assert shown.out == ""


def test_a_format_that_is_not_installed(data, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "skops", None)
    assert fit(data[1], *MEANING, "--format", "skops") == 2
    assert "error: a model.skops needs skops: pip install skops." in capsys.readouterr().err


def test_predictions_to_a_file(data, tmp_path, capsys):
    table, path = data
    fit(path, *MEANING, "--drop", "trial", "--drop", "count")
    capsys.readouterr()
    few = tmp_path / "few.csv"
    table.drop(columns=columns(table, "I_")).head(4).to_csv(few, index=False)
    out = tmp_path / "out.csv"
    assert main(["predict", str(tmp_path / "bodies"), str(few), "--output", str(out)]) == 0
    assert capsys.readouterr().out == ""
    assert pd.read_csv(out).shape == (4, 9)


def test_one_type_for_all_columns_and_one_target(tmp_path, capsys):
    X = np.random.RandomState(0).standard_normal((40, 6))
    table = pd.DataFrame(X, columns=list("abcdef")).assign(t=(X**2).sum(axis=1))
    table.to_csv(tmp_path / "plain.csv", index=False)
    options = ["--target", "t", "--rep-in", "2*vector", "--symmetry", "SO(3)"]
    assert fit(tmp_path / "plain.csv", *options) == 0
    assert "SO(3)" in capsys.readouterr().out


def test_named_spaces(tmp_path, capsys):
    X = np.random.RandomState(0).standard_normal((40, 6))
    table = pd.DataFrame(X, columns=list("abcdef")).assign(t=X.sum(axis=1))
    table.to_csv(tmp_path / "swarm.csv", index=False)
    options = ["--target", "t", "--rep-in", "bird*xy", "--symmetry", "Permutation(3) on bird"]
    assert fit(tmp_path / "swarm.csv", *options, "--space", "bird=3", "--space", "xy=2") == 0
    assert "Permutation(3) on bird" in capsys.readouterr().out


def test_without_candidates_it_says_so(tmp_path, capsys):
    table = pd.DataFrame(np.random.RandomState(0).standard_normal((20, 3)), columns=list("abt"))
    table.to_csv(tmp_path / "plain.csv", index=False)
    assert fit(tmp_path / "plain.csv", "--target", "t") == 0
    assert "no candidate symmetries" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "J_*"], "--target 'J_*' is none of"),
        (["--target", "I_*", "--symmetry", KEPT], "needs rep_in"),
        (["--target", "I_*", "--groups", "walk"], "there is no column 'walk'"),
        ([*MEANING, "--rep-in", "2*vector"], "--rep-in must be COLUMNS=TYPE throughout"),
        ([*MEANING, "--symmetry", "SO(x)"], "SO(x)"),
        (MEANING, "gives no meaning to the columns ['trial', 'count']"),
    ],
)
def test_errors_of_use_are_one_line(data, options, message, capsys):
    assert fit(data[1], *options) == 2
    error = capsys.readouterr().err
    assert error.startswith("python -m sksofteq fit: error: ")
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "no.csv", "--target", "t"], "no.csv"),
        (["fit", "no.xlsx", "--target", "t"], "must end in .csv or .parquet"),
        (["report", "nothing"], "no folder that 'fit' has written"),
        (["predict", "nothing", "no.csv"], "no folder that 'fit' has written"),
    ],
)
def test_files_that_are_not_there(arguments, message, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_columns_that_a_model_misses(data, tmp_path, capsys):
    table, path = data
    fit(path, *MEANING, "--drop", "trial", "--drop", "count")
    capsys.readouterr()
    table.drop(columns=["m1"]).to_csv(tmp_path / "few.csv", index=False)
    assert main(["predict", str(tmp_path / "bodies"), str(tmp_path / "few.csv")]) == 2
    assert "lacks the columns ['m1']" in capsys.readouterr().err


def test_a_space_needs_a_size(capsys):
    with pytest.raises(SystemExit) as end:
        main(["fit", "no.csv", "--target", "t", "--space", "joint"])
    assert end.value.code == 2
    assert "argument --space" in capsys.readouterr().err


def test_parquet(data, tmp_path, capsys):
    table, _ = data
    table.to_parquet(tmp_path / "bodies.parquet")
    assert fit(tmp_path / "bodies.parquet", *MEANING, "--drop", "trial", "--drop", "count") == 0
    out = tmp_path / "out.parquet"
    given = [str(tmp_path / "bodies"), str(tmp_path / "bodies.parquet"), "--output", str(out)]
    assert main(["predict", *given]) == 0
    assert pd.read_parquet(out).shape == (60, 9)
    capsys.readouterr()
