"""Embedded and paired groups."""

import numpy as np
import pytest

from sksofteq.groups import (
    SE,
    SO,
    EmbeddedGroup,
    GeneratedGroup,
    O,
    PairedGroup,
    Permutation,
    Reflection,
    Scaling,
    Translation,
    parse_group,
)


def test_embedding_places_the_generators():
    group = SO(2).embed((3, 1), 5)
    expected = np.zeros((5, 5))
    expected[np.ix_([3, 1], [3, 1])] = SO(2).lie_algebra[0]
    np.testing.assert_array_equal(group.lie_algebra[0], expected)
    mirror = Reflection(2).embed("zx")
    np.testing.assert_array_equal(mirror.discrete_generators[0], np.diag([1.0, 1.0, -1.0]))
    assert (group.dim, str(group)) == (5, "SO(2)@3,1 in R^5")
    assert isinstance(group, EmbeddedGroup)


def test_embedding_keeps_other_axes_fixed():
    g = O(2).embed("xz").sample(20, 0)
    np.testing.assert_array_equal(g[:, 1], np.broadcast_to([0.0, 1.0, 0.0], (20, 3)))
    np.testing.assert_array_equal(g[:, :, 1], np.broadcast_to([0.0, 1.0, 0.0], (20, 3)))


def test_embedding_affine_groups():
    group = Translation(1).embed("y")
    g = group.sample(20, 0)
    assert group.dim == 3
    np.testing.assert_array_equal(g[:, :3, :3], np.broadcast_to(np.eye(3), (20, 3, 3)))
    np.testing.assert_array_equal(g[:, [0, 2], 3], 0)
    assert np.abs(g[:, 1, 3]).min() > 0
    assert SE(3).embed("xyz") == SE(3)


def test_embedding_twice():
    line = O(1).embed((1,), 2)
    twice = line.embed((4, 2), 5)
    assert str(twice) == "O(1)@2 in R^5"
    assert parse_group(str(twice)) == twice == O(1).embed((2,), 5)


def test_names_use_letters_in_three_dimensions():
    assert str(SO(2).embed((0, 2), 3)) == "SO(2)@x,z"
    assert str(SO(2).embed("xy", 2)) == "SO(2)@0,1 in R^2"
    assert SO(2).embed(("x", 1), 4) == SO(2).embed((0, 1), 4)


def test_embedding_keeps_space_and_frame():
    group = Scaling(2).on_space("xyz").embed("xy")
    assert group.space == "xyz"
    assert group.scales_frame
    assert str(group) == "Scaling(2)@x,y on xyz"
    assert group == parse_group(str(group)) == Scaling(2).embed("xy").on_space("xyz")
    assert not Scaling(2, frame=False).embed("xy").scales_frame


@pytest.mark.parametrize(
    ("axes", "dim", "message"),
    [
        (("x", "w"), None, "letters of 'xyz'"),
        ((0, 1), None, "dim is needed to embed"),
        ((0, "y"), None, "dim is needed to embed"),
        (("x",), None, r"needs 2 axes, got \('x',\)"),
        (("x", "y", "z"), None, "needs 2 axes"),
        ((), 3, "needs 2 axes"),
        (("x", "x"), None, "axes must be distinct"),
        ((0, 5), 5, r"in 0\.\.4"),
        ((-1, 0), 3, r"in 0\.\.2"),
        (("x", "z"), 2, r"in 0\.\.1"),
    ],
)
def test_bad_axes(axes, dim, message):
    with pytest.raises(ValueError, match=message):
        SO(2).embed(axes, dim)


def test_on_space():
    group = SO(3).on_space("xyz")
    assert group.spaces == {"xyz": 3}
    assert str(group) == "SO(3) on xyz"
    assert group.on_space("other").space == "other"
    assert SO(3).space is None
    for name in ("two words", "1st", "", 3, None):
        with pytest.raises(ValueError, match="must be an identifier"):
            SO(3).on_space(name)


def test_pairs():
    pair = Reflection(3).on_space("xyz") & Permutation(2).on_space("joint")
    assert isinstance(pair, PairedGroup)
    assert str(pair) == "Reflection(3) on xyz & Permutation(2) on joint"
    assert not pair.affine
    three = pair & O(1).on_space("sign")
    assert three.spaces == {"xyz": 3, "joint": 2, "sign": 1}
    assert three == Reflection(3).on_space("xyz") & (
        Permutation(2).on_space("joint") & O(1).on_space("sign")
    )
    drawn = three.sample(40, 0)
    signs = drawn["sign"][:, 0, 0]
    np.testing.assert_array_equal(signs, drawn["xyz"][:, 0, 0])
    np.testing.assert_array_equal(signs, 2 * drawn["joint"][:, 0, 0] - 1)
    unnamed = Reflection(3) & Permutation(2).on_space("joint")
    assert parse_group(str(unnamed)) == unnamed


def test_pairs_of_lie_groups_of_different_families():
    boost = GeneratedGroup([[[0.0, 1.0], [1.0, 0.0]]])
    pair = SO(2).on_space("plane") & boost.on_space("line")
    drawn = pair.sample(30, 0)
    # all factors of one word commute here, so angle and rapidity are the same number
    angle = np.arctan2(drawn["plane"][:, 0, 1], drawn["plane"][:, 0, 0])
    rapidity = np.arcsinh(drawn["line"][:, 0, 1])
    np.testing.assert_allclose(np.sin(angle), np.sin(rapidity), atol=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("SO(3)", "SO(3)", "must act on different spaces"),
        ("SO(3) on a", "O(2)@x,y on a", "must act on different spaces"),
        ("SE(3) on a", "SE(3) on b", "translations and frame scalings cannot be paired"),
        ("Reflection(2) on a", "Translation(2) on b", "cannot be paired"),
        ("Scaling(3) on a", "Scaling(2) on b", "list them as candidates of their own"),
        ("SO(3) on a", "SO(2) on b", r"both need equally many; got \[3, 0\] and \[1, 0\]"),
        ("O(2) on a", "SO(2) on b", r"got \[1, 1\] and \[1, 0\]"),
    ],
)
def test_bad_pairs(first, second, message):
    with pytest.raises(ValueError, match=message):
        parse_group(first) & parse_group(second)
    with pytest.raises(ValueError, match=message):
        parse_group(f"{first} & {second}")


def test_pairs_refuse_what_needs_one_space():
    pair = O(1).on_space("a") & O(1).on_space("b")
    with pytest.raises(ValueError, match="several spaces"):
        pair.on_space("c")
    with pytest.raises(ValueError, match="several spaces"):
        pair.embed((0,), 3)
    with pytest.raises(TypeError):
        SO(3) & "SO(3)"
