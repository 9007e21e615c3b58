"""Strengths that begin alike and end as they have been found."""

from __future__ import annotations

import pytest

from sksofteq.tuning import RelaxedStrengths


def path(strengths, n_epochs=10, **options) -> list[dict[str, float]]:
    """Strengths in force in each epoch."""
    rule = RelaxedStrengths(strengths, **options)
    in_force = [rule.begin(list(strengths), n_epochs)]
    for epoch in range(1, n_epochs):
        in_force.append(rule.on_epoch_end(epoch, None) or in_force[-1])
    return in_force


def test_a_weak_candidate_is_relaxed_evenly_in_the_logarithm():
    values = [row["a"] for row in path({"a": 0.03}, start=3.0, span=0.4)]
    assert values == pytest.approx([3.0 * 0.01 ** (min(i, 4) / 4) for i in range(10)])


def test_others_stay_where_they_end():
    for row in path({"hard": float("inf"), "strong": 70.0, "off": 0.0}):
        assert row == {"hard": float("inf"), "strong": 70.0, "off": 0.0}


def test_it_is_settled_after_its_span():
    rule = RelaxedStrengths({"a": 0.1}, span=0.6)
    rule.begin(["a"], 10)
    assert rule.settled_after == 6
    assert rule.on_epoch_end(6, None) == pytest.approx({"a": 0.1})
    assert rule.on_epoch_end(7, None) is None


def test_one_epoch_is_enough_to_end():
    rule = RelaxedStrengths({"a": 0.1})
    assert rule.begin(["a"], 1) == {"a": 30.0}
    assert rule.on_epoch_end(1, None) == pytest.approx({"a": 0.1})


def test_it_supports_what_is_not_relaxed():
    rule = RelaxedStrengths({"a": 0.1, "b": 30.0})
    rule.begin(["a", "b"], 5)
    assert rule.supported() == ["b"]
