"""Strengths by pilots, with a survey that makes losses up."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sksofteq.orbits import CRITICAL_Z
from sksofteq.tuning import PilotTuner


class Survey:
    """Imposing `costly` candidates costs; among strengths, `best` is best."""

    has_pilots, held_out_together = True, None

    def __init__(self, costly=(), best=3.0):
        self.costly, self.best, self.asked = costly, best, []

    def pilot_losses(self, strengths, share):
        self.asked.append((dict(strengths), share))
        hard = [label for label, value in strengths.items() if math.isinf(value)]
        base = np.linspace(0.9, 1.1, 50)
        if hard:  # row by row a little different, or no spread would tell
            return base * (1.5 if hard[0] in self.costly else 0.99)
        largest = max(strengths.values())
        return base + abs(math.log(largest / self.best)) if largest else base


def tuned(survey, labels=("a", "b"), **options):
    tuner = PilotTuner(**options)
    tuner.begin(list(labels), 100)
    return tuner, tuner.survey(survey)


def test_candidates_that_cost_nothing_are_kept():
    tuner, strengths = tuned(Survey(costly=("b",)))
    assert tuner.supported() == ["a"]
    assert strengths == {"a": 3.0, "b": 1e-3}


def test_nothing_is_kept_where_all_cost():
    survey = Survey(costly=("a", "b"))
    tuner, strengths = tuned(survey)
    assert strengths == {"a": 1e-3, "b": 1e-3}
    assert tuner.supported() == []
    assert len(survey.asked) == 3  # free and one per candidate; no grid


@pytest.mark.parametrize("best", [0.3, 3.0, 30.0])
def test_the_best_strength_of_the_grid_wins(best):
    assert tuned(Survey(best=best))[1] == {"a": best, "b": best}


def test_the_better_half_trains_for_twice_as_long():
    survey = Survey(best=2.0)
    _, strengths = tuned(survey, grid=(1.0, 2.0, 4.0, 8.0), share=0.2)
    rounds = [share for values, share in survey.asked[3:]]
    assert rounds == [0.2] * 4 + [0.4] * 2
    assert strengths["a"] == 2.0


def test_each_candidate_is_imposed_alone():
    survey = Survey()
    tuned(survey, share=0.3)
    assert survey.asked[:3] == [
        ({"a": 0.0, "b": 0.0}, 0.3),
        ({"a": math.inf, "b": 0.0}, 0.3),
        ({"a": 0.0, "b": math.inf}, 0.3),
    ]


def test_the_grid_is_tried_on_what_is_kept():
    survey = Survey(costly=("a",))
    tuned(survey, grid=(0.5, 5.0), low=0.01)
    assert [values for values, _ in survey.asked[3:]] == [
        {"a": 0.01, "b": 0.5},
        {"a": 0.01, "b": 5.0},
    ]


def test_one_strength_needs_no_grid():
    survey = Survey()
    _, strengths = tuned(survey, grid=(7.0,))
    assert strengths == {"a": 7.0, "b": 7.0}
    assert len(survey.asked) == 3


def test_no_pilot_trains_for_longer_than_the_fit():
    survey = Survey()
    tuned(survey, grid=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0), share=0.4)
    shares = [share for _, share in survey.asked[3:]]
    assert shares == [0.4] * 8 + [0.8] * 4 + [1.0] * 2


@pytest.mark.parametrize(("z", "kept"), [(0.95 * CRITICAL_Z, ["a"]), (1.05 * CRITICAL_Z, [])])
def test_what_costs_no_more_than_chance_would_is_kept(z, kept):
    spread = math.sqrt(99) * np.resize([1.0, -1.0], 100)  # the mean's error is 1

    class Chance(Survey):
        def pilot_losses(self, strengths, share):
            hard = math.inf in strengths.values()
            return 50.0 + (z + spread if hard else np.zeros(100))

    tuner, _ = tuned(Chance(), labels=("a",), grid=(1.0,))
    assert tuner.supported() == kept


def test_rows_that_belong_together_say_less():
    class Groups(Survey):
        def pilot_losses(self, strengths, share):
            costly = math.inf in strengths.values()
            return np.ones(100) + costly * np.repeat([1.0, 2.0, -1.0, 0.5], 25)

    survey = Groups()
    assert tuned(survey, labels=("a",), grid=(1.0,))[0].supported() == []
    survey.held_out_together = np.repeat(np.arange(4), 25)
    assert tuned(survey, labels=("a",), grid=(1.0,))[0].supported() == ["a"]


def test_nothing_is_supported_while_pilots_run():
    tuner, seen = PilotTuner(), []

    class Watching(Survey):
        def pilot_losses(self, strengths, share):
            seen.append(tuner.supported())
            return super().pilot_losses(strengths, share)

    tuner.begin(["a", "b"], 100)
    tuner.survey(Watching())
    assert len(seen) > 3
    assert not any(seen)
    assert tuner.supported() == ["a", "b"]


def test_a_warm_start_goes_by_the_rows_at_hand():
    tuner, strengths = tuned(Survey(costly=("b",)))
    assert tuner.resume({"a": 0.5, "b": 0.5}) == strengths


def test_there_are_no_tests_to_report():
    tuner, _ = tuned(Survey())
    assert tuner.evidence is None
    assert tuner.on_epoch_end(1, None) is None


@pytest.mark.parametrize(
    ("grid", "middle"), [((5.0, 1.0, 2.0), 2.0), ((4.0,), 4.0), ((1.0, 2.0), 2.0)]
)
def test_all_begin_in_the_middle_of_the_grid(grid, middle):
    tuner = PilotTuner(grid=grid)
    assert tuner.begin(["a", "b"], 10) == {"a": middle, "b": middle}
    assert tuner.supported() == []


def test_without_rows_for_pilots_all_keep_the_middle_of_the_grid():
    survey = Survey()
    survey.has_pilots = False
    tuner = PilotTuner()
    assert tuner.begin(["a"], 10) == {"a": 3.0}
    assert tuner.survey(survey) is None
    assert survey.asked == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"share": 0.0}, "PilotTuner.share must be in"),
        ({"share": 1.5}, "PilotTuner.share must be in"),
        ({"low": -1.0}, "PilotTuner.low must be"),
        ({"low": math.inf}, "PilotTuner.low must be"),
        ({"grid": (1.0, math.inf)}, "PilotTuner.grid must hold"),
        ({"grid": ((1.0,), (2.0,))}, "PilotTuner.grid must hold"),
        ({"grid": ()}, "PilotTuner.grid must hold at least one positive number"),
        ({"grid": (1.0, -1.0)}, "PilotTuner.grid must hold"),
    ],
)
def test_wrong_parameters(wrong, message):
    with pytest.raises(ValueError, match=message):
        PilotTuner(**wrong).begin(["a"], 10)
