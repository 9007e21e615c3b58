"""Names of groups, both ways."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksofteq.groups import (
    SE,
    SO,
    Lorentz,
    O,
    Permutation,
    Reflection,
    Scaling,
    parse_group,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SO(3)", SO(3)),
        ("  SO ( 3 )  ", SO(3)),
        ("SO(1,3)", SO(1, 3)),
        ("SO(1, 3)", SO(1, 3)),
        ("O(1,3)", Lorentz()),
        ("Lorentz()", Lorentz()),
        ("O(2)@x,y", O(2).embed("xy")),
        ("O(2) @ x , y", O(2).embed("xy")),
        ("O(2)@0,1 in R^5", O(2).embed((0, 1), 5)),
        ("O(2)@0,1 in R^3", O(2).embed("xy")),
        ("O(2)@x,y in R^4", O(2).embed((0, 1), 4)),
        ("Permutation(31) on joint", Permutation(31).on_space("joint")),
        ("SE(2)@x,z on body_axes", SE(2).embed("xz").on_space("body_axes")),
        ("Scaling(3)", Scaling(3)),
        ("Scaling(3, frame=True)", Scaling(3)),
        ("Scaling(3,frame=False)", Scaling(3, frame=False)),
        ("Scaling(3, frame = False)", Scaling(3, frame=False)),
        (
            "Reflection(3) on xyz & Permutation(2) on joint",
            Reflection(3).on_space("xyz") & Permutation(2).on_space("joint"),
        ),
    ],
)
def test_names(text, expected):
    assert parse_group(text) == expected


def test_a_group_is_returned_as_it_is():
    group = SO(3)
    assert parse_group(group) is group


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Permuation(3)", "Unknown group 'Permuation'. Did you mean 'Permutation'"),
        ("so(3)", "Unknown group 'so'"),
        ("Qwzxk(3)", r"Unknown group 'Qwzxk'\. Known: Cyclic, Dihedral"),
        ("SO3", "Cannot read the group 'SO3'; write NAME"),
        ("SO(3", "Cannot read"),
        ("", "Cannot read"),
        ("SO(3) &", "Cannot read"),
        ("SO(3) at xyz", "Cannot read"),
        ("SO(3) on two words", "Cannot read"),
        ("SO(3) on 3d", "Cannot read"),
        ("SO(2)@x,y in 5", "letters of 'xyz'|Cannot read"),
        ("SO()", r"SO takes its size, as in SO\(3\)"),
        ("SO(1,2,3)", "SO takes its size"),
        ("SO(3,)", "must be integers"),
        ("SO(,3)", "must be integers"),
        ("GL(1,2)", "GL takes its size"),
        ("Lorentz(4)", r"Lorentz\(\) takes no size"),
        ("SO(n)", "must be integers"),
        ("SO(-3)", "must be integers"),
        ("SO(2.5)", "must be integers"),
        ("SO(0)", "needs an integer n >= 1, got 0"),
        ("O(2)@x,w", "letters of 'xyz'"),
        ("O(2)@x", r"needs 2 axes, got \('x',\)"),
        ("O(2)@x,y,z", "needs 2 axes"),
        ("O(2)@x,y,", "needs 2 axes|letters"),
        ("O(2)@", "letters|needs 2 axes"),
        ("O(2)@x,x", "must be distinct"),
        ("O(2)@0,1", "dim is needed"),
        ("O(2)@0,7 in R^5", r"in 0\.\.4"),
        ("SO(3, frame=False)", "Only Scaling takes a keyword"),
        ("Scaling(3, frame=maybe)", "Only Scaling takes a keyword, frame=True or frame=False"),
        ("Scaling(3, scale=2)", "Only Scaling takes a keyword"),
        ("Scaling(frame=False)", "Scaling takes its size"),
    ],
)
def test_bad_names(text, message):
    with pytest.raises(ValueError, match=message):
        parse_group(text)


@pytest.mark.parametrize("value", [3, None, ["SO(3)"]])
def test_not_a_name(value):
    with pytest.raises(TypeError, match="must be a name or a group"):
        parse_group(value)


# ---------------------------------------------------------------------- round trips

SIZED = ["SO", "O", "GL", "Sp", "Permutation", "Cyclic", "Reflection", "Trivial", "Translation"]


@st.composite
def names(draw):
    kind = draw(st.sampled_from([*SIZED, "SE", "E", "Scaling", "plane", "indefinite"]))
    if kind == "plane":
        text = f"{draw(st.sampled_from(['Rotation', 'Dihedral']))}({draw(st.integers(1, 7))})"
    elif kind == "indefinite":
        p, q = draw(st.integers(1, 2)), draw(st.integers(1, 3))
        text = f"{draw(st.sampled_from(['SO', 'O']))}({p},{q})"
    elif kind == "Scaling":
        text = f"Scaling({draw(st.integers(1, 3))}{draw(st.sampled_from(['', ', frame=False']))})"
    else:
        text = f"{kind}({draw(st.integers(1, 3))})"
    dim = parse_group(text).dim
    if draw(st.booleans()):
        larger = draw(st.integers(max(dim, 3), dim + 3))
        axes = draw(st.permutations(range(larger)))[:dim]
        text = str(parse_group(f"{text}@{','.join(map(str, axes))} in R^{larger}"))
    if draw(st.booleans()):
        text += f" on {draw(st.sampled_from(['a', 'joint', '_x1']))}"
    return text


@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=names())
def test_round_trips(text):
    group = parse_group(text)
    assert str(group) == text
    assert parse_group(str(group)) == group


@settings(max_examples=20, deadline=None, derandomize=True)
@given(family=st.sampled_from(["SO", "O", "Permutation", "Sp"]), n=st.integers(1, 3))
def test_round_trips_of_pairs(family, n):
    dim = parse_group(f"{family}({n})").dim
    axes = ",".join(map(str, reversed(range(dim))))
    group = parse_group(f"{family}({n}) on a & {family}({n})@{axes} in R^{dim + 3} on b")
    assert parse_group(str(group)) == group
