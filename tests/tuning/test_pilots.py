"""Strengths by pilots, with a survey that makes losses up."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sksofteq.tuning import PilotTuner


class Survey:
    """Imposing `costly` candidates costs; among strengths, `best` is best."""

    has_pilots = True

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
        ({"low": -1.0}, "PilotTuner.low must be"),
        ({"grid": ()}, "PilotTuner.grid must hold at least one positive number"),
        ({"grid": (1.0, -1.0)}, "PilotTuner.grid must hold"),
    ],
)
def test_wrong_parameters(wrong, message):
    with pytest.raises(ValueError, match=message):
        PilotTuner(**wrong).begin(["a"], 10)
