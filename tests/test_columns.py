"""What a table may hold, and what an error says about columns that are not numbers."""

import numpy as np
import pandas as pd
import pytest

from sksofteq.columns import check_numbers

WORDS = {
    "category": pd.Categorical(["left", "right", "left"]),
    "category of numbers": pd.Categorical([1, 2, 1]),
    "string": pd.array(["a", "b", None], dtype="string"),
    "object": np.array(["a", 1.0, None], dtype=object),
    "digits": ["1", "2", "3"],
}
TIMES = {
    "dates": pd.date_range("2020-01-01", periods=3),
    "dates in a zone": pd.date_range("2020-01-01", periods=3, tz="UTC"),
    "durations": pd.to_timedelta([1, 2, 3], unit="s"),
}
NUMBERS = {
    "Int64": pd.array([1, 2, 3], dtype="Int64"),
    "boolean": pd.array([True, False, True], dtype="boolean"),
    "bool": [True, False, True],
    "float32": np.ones(3, np.float32),
    "objects": np.array([1, 2.5, 3], dtype=object),
}
MISSING = {
    "Int64": pd.array([1, None, 3], dtype="Int64"),
    "boolean": pd.array([True, None, True], dtype="boolean"),
    "objects": np.array([1.0, pd.NA, 2], dtype=object),
    "floats": [1.0, np.nan, 2.0],
    "nothing": [None, None, None],
}


def frame(column) -> pd.DataFrame:
    return pd.DataFrame({"x": [1.0, 2.0, 3.0], "kind": column})


@pytest.mark.parametrize("column", NUMBERS.values(), ids=NUMBERS)
def test_numbers_of_all_sorts_pass(column):
    table = frame(column)
    assert check_numbers(table, "X") is table


@pytest.mark.parametrize("column", WORDS.values(), ids=WORDS)
def test_words_are_named_with_what_encodes_them(column):
    with pytest.raises(ValueError, match=r"^X must hold numbers.*'kind' \(.*OneHotEncoder.*kind"):
        check_numbers(frame(column), "X")


@pytest.mark.parametrize("column", TIMES.values(), ids=TIMES)
def test_times_are_named_with_what_makes_them_numbers(column):
    with pytest.raises(ValueError, match=r"'kind' \((date|time).*total_seconds") as error:
        check_numbers(frame(column), "X")
    assert "OneHotEncoder" not in str(error.value)


@pytest.mark.parametrize("column", MISSING.values(), ids=MISSING)
def test_missing_values_are_named_by_their_column(column):
    with pytest.raises(ValueError, match=r"missing values in the columns \['kind'\].*Imputer"):
        check_numbers(frame(column), "X")


def test_leaving_out_is_offered_where_it_can_be_done():
    with pytest.raises(ValueError, match=r"rep_in=\{\.\.\., 'kind': 'drop'\}"):
        check_numbers(frame(list("abc")), "X", parameter="rep_in")


@pytest.mark.parametrize("column", [*WORDS.values(), *TIMES.values(), *MISSING.values()])
def test_columns_that_are_left_out_may_hold_anything(column):
    table = frame(column)
    kept = table.copy()
    checked = check_numbers(table, "X", left_out=[1])
    assert list(checked) == list(table)
    assert (checked["kind"] == 0).all()
    pd.testing.assert_frame_equal(table, kept)


def test_leaving_out_widens_no_dtype():
    table = pd.DataFrame({"x": np.ones(2, np.float32), "kind": ["a", "b"]})
    assert check_numbers(table, "X", left_out=[1]).to_numpy().dtype == np.float32


def test_targets_are_checked_without_recipes_for_features():
    for y in (pd.Series(["a", "b"], name="side"), pd.DataFrame({"side": ["a", "b"]})):
        with pytest.raises(ValueError, match=r"^y must hold numbers.*'side'") as error:
            check_numbers(y, "y")
        assert "OneHotEncoder" not in str(error.value)
    with pytest.raises(ValueError, match=r"'y' .*datetime"):
        check_numbers(pd.Series(TIMES["dates"]), "y")


def test_arrays_and_lists_pass_as_they_are():
    words = np.array([["a"]], dtype=object)
    assert check_numbers(words, "X") is words
