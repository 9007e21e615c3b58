"""What a frame takes care of."""

from __future__ import annotations

import numpy as np
import pytest

from sksofteq.groups import SE, SO, E, Permutation, Scaling, Translation, parse_group


@pytest.mark.parametrize("group", [SO(3), Permutation(4), Scaling(3, frame=False)], ids=str)
def test_nothing_of_groups_without_a_frame(group):
    assert group.frame_part().is_trivial


def test_scalings_are_all_frame():
    assert Scaling(3).frame_part() == Scaling(3)


@pytest.mark.parametrize("group", [SE(3), E(3), Translation(3)], ids=str)
def test_translations_of_affine_groups(group):
    part = group.frame_part()
    assert part.linear_part().is_trivial
    assert part.translations[None].shape == (3, 3)
    assert len(part.lie_algebra) == 3


def test_only_directions_that_are_translated():
    part = parse_group("SE(2)@x,y").frame_part()
    directions = part.translations[None]
    assert directions.shape == (3, 2)
    np.testing.assert_allclose(directions[2], 0.0, atol=1e-12)


def test_it_stays_on_its_space():
    assert set(parse_group("SE(3) on xyz").frame_part().translations) == {"xyz"}


@pytest.mark.parametrize("name", ["SE(3)", "Translation(3)", "Scaling(3)", "SO(3)"])
def test_its_own_frame_part_is_itself(name):
    part = parse_group(name).frame_part()
    again = part.frame_part()
    assert (again.spaces, again.affine) == (part.spaces, part.affine)
    assert again.is_trivial == part.is_trivial
    for space, directions in part.translations.items():
        kept = again.translations[space]
        np.testing.assert_allclose(kept @ kept.T, directions @ directions.T, atol=1e-12)


@pytest.mark.parametrize("name", ["SE(3)", "E(2)@x,z", "Translation(3)", "Translation(1)@y"])
def test_it_translates_as_the_group_does(name):
    group = parse_group(name)
    ours, theirs = group.frame_part().translations[None], group.translations[None]
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=1e-12)
    assert not group.frame_part().discrete_generators.size


def test_nothing_of_a_product_without_a_frame():
    pair = parse_group("Reflection(3) on xyz & Permutation(2) on side")
    part = pair.frame_part()
    assert part.is_trivial
    assert part.spaces == {"xyz": 3, "side": 2}


def test_the_group_itself_is_left_alone():
    group = SE(3)
    group.frame_part()
    assert group == SE(3)
    assert not group.linear_part().is_trivial


def test_its_generators_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        SE(3).frame_part().lie_algebra[0] = 1.0
