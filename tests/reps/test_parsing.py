"""Representation strings: what they mean, round trips and errors."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksofteq.reps import (
    Axis,
    Point,
    Representation,
    Scalar,
    Space,
    T,
    TensorType,
    Vector,
    parse_rep,
)

SPACES = {"joint": 2, "xyz": 3}
JOINT, XYZ = Space("joint", 2), Space("xyz", 3)


def _no_product_with_a_point(axes: list[Axis]) -> bool:
    names = [axis.space for axis in axes]
    return not any(axis.point and names.count(axis.space) > 1 for axis in axes)


def _representations() -> st.SearchStrategy[Representation]:
    """Sums of any types over the unnamed space and two named ones."""
    axes = st.builds(
        lambda space, kind: Axis(space, dual=kind == "dual", point=kind == "point"),
        st.sampled_from(["", *SPACES]),
        st.sampled_from(["plain", "dual", "point"]),
    )
    types = st.lists(axes, max_size=3).filter(_no_product_with_a_point)
    terms = st.tuples(st.integers(1, 3), types.map(tuple).map(TensorType))
    return st.lists(terms, max_size=4).map(lambda terms: Representation(terms, SPACES))


@pytest.mark.parametrize(
    ("text", "rep"),
    [
        ("scalar", Scalar),
        ("vector", Vector),
        ("point", Point),
        ("tensor(0)", Scalar),
        ("tensor(1)", Vector),
        ("tensor(2)", T(2)),
        ("tensor(0,1)", T(0, 1)),
        ("tensor( 2 , 1 )", T(2, 1)),
        ("5*scalar + 5*vector", 5 * Scalar + 5 * Vector),
        ("3*point+3*vector", 3 * Point + 3 * Vector),
        ("vector*vector", T(2)),
        ("2*vector*tensor(0,1)", 2 * T(1, 1)),
        ("0*scalar", 0 * Scalar),
    ],
)
def test_unnamed_text_means(text, rep):
    assert parse_rep(text) == rep


@pytest.mark.parametrize(
    ("text", "rep"),
    [
        ("joint + joint*xyz", JOINT + JOINT * XYZ),
        ("2*xyz*joint", 2 * (XYZ * JOINT)),
        ("joint*point(xyz)", JOINT * Point(XYZ)),
        ("dual(xyz)*xyz", T(0, 1)(XYZ) * XYZ),
        ("vector*joint", Vector * JOINT),
    ],
)
def test_named_text_means(text, rep):
    assert parse_rep(text, SPACES) == rep.bind(SPACES)


@pytest.mark.parametrize(
    "text",
    [
        "scalar",
        "point",
        "tensor(2)",
        "tensor(1,1)",
        "tensor(0,1)",
        "tensor(0,2)",
        "tensor(0,1)*vector",
        "5*scalar + 5*vector",
        "vector + 2*scalar + vector",
        "joint + joint*xyz",
        "3*joint*point(xyz) + dual(xyz)",
        "vector*joint",
        "0*scalar",
    ],
)
def test_text_is_printed_as_it_was_read(text):
    assert str(parse_rep(text, SPACES)) == text


@settings(deadline=None, derandomize=True)
@given(_representations())
def test_printed_representation_reads_back(rep):
    assert parse_rep(str(rep), SPACES) == rep


def test_space_called_tensor_reads_back():
    spaces = {"tensor": 3}
    assert parse_rep(str(parse_rep("tensor*tensor", spaces)), spaces).dim == 9


def test_parsing_a_representation_binds_it():
    assert parse_rep(JOINT * XYZ, SPACES) == (JOINT * XYZ).bind(SPACES)


def test_parsing_a_representation_without_spaces_returns_it():
    rep = T(2)
    assert parse_rep(rep) is rep


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Cannot read ''"),
        ("vektor", "Cannot read 'vektor'"),
        ("scalar +", "Cannot read ''"),
        ("scalar * 3", "Cannot read '3'"),
        ("2*3*scalar", "Cannot read '3'"),
        ("-1*scalar", "Cannot read '-1'"),
        ("1.5*scalar", "Cannot read '1.5'"),
        ("²*scalar", "Cannot read '²'"),
        ("tensor(-1)", r"Cannot read 'tensor\(-1\)'"),
        ("tensor(1,2,3)", r"Cannot read 'tensor\(1,2,3\)'"),
        ("5", r"has a number and no type; write for example '5\*scalar'"),
        ("scalar + 2", "has a number and no type"),
        ("point*vector", r"A point has no product .*point\*vector"),
        ("point*point", "A point has no product"),
    ],
)
def test_text_outside_the_grammar_is_an_error(text, message):
    with pytest.raises(ValueError, match=message):
        parse_rep(text)


@pytest.mark.parametrize("text", ["joints*xyz", "point(abc)", "dual(abc)"])
def test_unknown_space_is_an_error_that_lists_the_spaces(text):
    with pytest.raises(ValueError, match=r"spaces are \['joint', 'xyz'\]"):
        parse_rep(text, SPACES)


@pytest.mark.parametrize("text", [None, 3, ["scalar"]])
def test_neither_text_nor_representation_is_an_error(text):
    with pytest.raises(TypeError, match="must be a string or a Representation"):
        parse_rep(text)


@pytest.mark.parametrize("name", ["scalar", "vector", "point", "dual"])
def test_space_named_like_a_type_is_an_error(name):
    with pytest.raises(ValueError, match=f"cannot be called '{name}'"):
        parse_rep("scalar", {name: 3})


@pytest.mark.parametrize("name", ["a b", "3d", "x*y", 3, None])
def test_space_name_that_is_no_identifier_is_an_error(name):
    with pytest.raises(ValueError, match="must be an identifier"):
        parse_rep("scalar", {name: 3})


def test_unnamed_space_may_be_bound_but_not_left_blank():
    assert parse_rep("vector", {"": 3}).dim == 3
    with pytest.raises(ValueError, match="Cannot read ''"):
        parse_rep("vector + ", {"": 3})


@pytest.mark.parametrize("dim", [0, -1, 1.5, "3", None])
def test_dimension_that_is_no_positive_integer_is_an_error(dim):
    with pytest.raises(ValueError, match="dimension of space 'xyz' must be a positive integer"):
        parse_rep("xyz", {"xyz": dim})
