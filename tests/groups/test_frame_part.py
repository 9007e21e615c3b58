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
