"""From columns of a table to a representation."""

import numpy as np
import pandas as pd
import pytest

from sksofteq.reps import Scalar, Vector, parse_rep, resolve_columns

NAMES = ["m1", "px", "py", "pz", "m2", "vx", "vy", "vz"]
POSITION, VELOCITY = ("px", "py", "pz"), ("vx", "vy", "vz")


def resolve(rep, names=NAMES, **kwargs):
    """Resolve against a table with the columns `names`."""
    return resolve_columns(rep, len(names), names=names, **kwargs)


def test_nothing_makes_every_column_a_scalar():
    layout = resolve_columns(None, 4)
    assert layout.rep == 4 * Scalar
    assert layout.order is None


@pytest.mark.parametrize("rep", ["scalar + vector", Scalar + Vector])
def test_text_and_objects_leave_columns_where_they_are(rep):
    layout = resolve_columns(rep, 4)
    assert layout.rep == Scalar + Vector
    assert layout.order is None


def test_tuple_names_the_components_of_a_feature():
    layout = resolve({POSITION: "vector", VELOCITY: "vector", "m1": "scalar", "m2": "scalar"})
    assert str(layout.rep) == "vector + vector + scalar + scalar"
    np.testing.assert_array_equal(layout.order, [1, 2, 3, 5, 6, 7, 0, 4])


def test_order_within_a_tuple_is_kept():
    layout = resolve({("z", "x", "y"): "vector"}, names=["x", "y", "z"])
    np.testing.assert_array_equal(layout.order, [2, 0, 1])


def test_pattern_gives_every_matching_column_the_type():
    layout = resolve({"m*": "scalar", POSITION: "point", VELOCITY: "vector"})
    assert layout.rep == parse_rep("scalar + scalar + point + vector")
    np.testing.assert_array_equal(layout.order, [0, 4, 1, 2, 3, 5, 6, 7])


def test_pattern_takes_columns_in_the_order_of_the_table():
    layout = resolve({"m*": "scalar"}, names=["m2", "m1", "m3"])
    np.testing.assert_array_equal(layout.order, [0, 1, 2])


def test_pattern_minds_upper_case():
    with pytest.raises(ValueError, match="names the column 'M\\*'"):
        resolve({"M*": "scalar"}, names=["m1"])


@pytest.mark.parametrize("name", ["a[0]", "speed (m/s)", "a b"])
def test_name_with_special_characters_is_found(name):
    np.testing.assert_array_equal(resolve({name: "scalar"}, names=[name]).order, [0])


def test_names_need_not_be_strings():
    layout = resolve({(0, 1): "vector", 2: "scalar"}, names=[2, 1, 0])
    np.testing.assert_array_equal(layout.order, [2, 1, 0])


def test_tuple_may_hold_several_copies():
    layout = resolve({(*POSITION, *VELOCITY): "2*vector", "m*": Scalar})
    assert layout.rep.bind(3).dim == 8


def test_named_spaces_are_bound():
    names = [f"j{joint}{axis}" for joint in range(2) for axis in "xyz"]
    layout = resolve({tuple(names): "joint*xyz"}, names, spaces={"joint": 2, "xyz": 3})
    assert layout.rep.dim == 6


def test_columns_index_of_a_table_will_do():
    frame = pd.DataFrame(np.zeros((2, 3)), columns=list("xyz"))
    layout = resolve_columns({("x", "y", "z"): "vector"}, 3, names=frame.columns)
    np.testing.assert_array_equal(layout.order, [0, 1, 2])


def test_mapping_without_names_is_an_error():
    with pytest.raises(ValueError, match=r"rep_in is a mapping .* a DataFrame is needed"):
        resolve_columns({"a": "scalar"}, 1)


@pytest.mark.parametrize(
    ("rep", "missing"),
    [
        ({"q": "scalar"}, "'q'"),
        ({"q*": "scalar"}, r"'q\*'"),
        ({("px", "q"): "vector"}, r"\['q'\]"),
    ],
)
def test_column_that_is_not_there_is_an_error(rep, missing):
    with pytest.raises(ValueError, match=f"rep_in names the columns? {missing}, which X does not"):
        resolve(rep)


@pytest.mark.parametrize(
    "rep",
    [
        {"m*": "scalar", "m1": "scalar"},
        {"m*": "scalar", ("m1", "m2"): "vector"},
        {"*": "scalar", ("m1", "m1"): "vector"},
    ],
)
def test_column_with_two_meanings_is_an_error(rep):
    with pytest.raises(ValueError, match=r"rep_in gives the columns \['m1'.* more than one"):
        resolve(rep)


def test_column_without_a_meaning_is_an_error():
    with pytest.raises(ValueError, match=r"rep_in gives no meaning to the columns \['m2'\]"):
        resolve({"m1": "scalar", POSITION: "vector", VELOCITY: "vector"})


def test_type_of_another_size_is_an_error():
    with pytest.raises(ValueError, match=r"gives 'm\*' the type 'xyz' of 3 columns, but names 1"):
        resolve({"m*": "xyz"}, spaces={"xyz": 3})


def test_vector_of_one_column_is_an_error():
    with pytest.raises(ValueError, match=r"type 'vector' of 3 columns, but names 1; name all"):
        resolve({"*": "vector"}, spaces={"": 3})


def test_errors_call_the_parameter_by_its_name():
    with pytest.raises(ValueError, match="rep_out names the column 'q'"):
        resolve({"q": "scalar"}, parameter="rep_out")


@pytest.mark.parametrize(
    ("rep", "where"), [("vektor", "rep_in"), ({"*": "vektor"}, r"rep_in\['\*'\]")]
)
def test_unknown_type_is_an_error_that_names_the_parameter(rep, where):
    with pytest.raises(ValueError, match=f"^{where}: Cannot read 'vektor'"):
        resolve(rep)


def test_neither_text_nor_representation_is_an_error_that_names_the_parameter():
    with pytest.raises(TypeError, match=r"^rep_in: A representation must be a string .* got 3"):
        resolve(3)


# ------------------------------------------------------------------ what no other key names


@pytest.mark.parametrize("first", [True, False])
def test_star_takes_what_no_other_key_names(first):
    rep = {"*": "scalar", POSITION: "vector"} if first else {POSITION: "vector", "*": "scalar"}
    layout = resolve(rep)
    others, vector = [0, 4, 5, 6, 7], [1, 2, 3]
    np.testing.assert_array_equal(layout.order, others + vector if first else vector + others)


def test_star_may_find_nothing_left():
    layout = resolve({"m*": "scalar", POSITION: "vector", VELOCITY: "vector", "*": "drop"})
    assert layout.rep == parse_rep("scalar + scalar + vector + vector")


def test_columns_are_dropped_by_name_pattern_and_tuple():
    layout = resolve({"m1": "drop", "v*": "drop", POSITION: "vector", "m2": "scalar"})
    np.testing.assert_array_equal(layout.order, [1, 2, 3, 4])
    layout = resolve({POSITION: "drop", "*": "scalar"})
    np.testing.assert_array_equal(layout.order, [0, 4, 5, 6, 7])


def test_dropping_what_has_a_meaning_is_an_error():
    with pytest.raises(ValueError, match=r"\['m1'\] more than one meaning"):
        resolve({"m*": "drop", "m1": "scalar", "*": "scalar"})


def test_dropping_everything_is_an_error():
    with pytest.raises(ValueError, match="leaves out all columns"):
        resolve({"*": "drop"})


def test_error_about_columns_without_a_meaning_tells_the_choice():
    with pytest.raises(ValueError, match=r"\['m1', 'm2'\].*'\*': 'scalar'.*'\*': 'drop'"):
        resolve({POSITION: "vector", VELOCITY: "vector"})
