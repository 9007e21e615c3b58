"""The interface between a rule and a fit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Protocol

import numpy as np
from sklearn.base import BaseEstimator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sksofteq.discovery import Evidence
    from sksofteq.orbits import OrbitTest


class Survey(Protocol):
    """What a rule may ask of the rows before anything is trained."""

    @property
    def has_pilots(self) -> bool:
        """Whether there are rows enough for pilots."""

    @property
    def held_out_together(self) -> NDArray | None:
        """Group of each row that pilots are judged by, None if rows stand alone."""

    def evidence(self, n_elements: int) -> Evidence:
        """Tests of every candidate with a Gaussian process, on rows that it has not seen."""

    def pilot_losses(self, strengths: Mapping[str, float], share: float) -> NDArray:
        """Losses on rows held out, by row, of a network trained for a share of the epochs."""


class Probe(Protocol):
    """What a rule may ask of a fit in progress."""

    def penalties(self) -> dict[str, float]:
        """R_G of every candidate, now."""

    def orbit_tests(self, n_elements: int) -> dict[str, OrbitTest]:
        """Orbit-average test of every candidate on the validation part, now."""

    def untestable(self) -> set[str]:
        """Candidates whose orbit leaves the data."""


class Tuner(ABC, BaseEstimator):
    """Base class of the rules that set regularizer strengths during a fit.

    A rule is cloned at the start of every fit, so it may keep state in attributes that
    `begin` sets.
    """

    #: Whether the rule needs a validation part.
    needs_validation = False

    @abstractmethod
    def begin(self, labels: Sequence[str], n_epochs: int) -> dict[str, float]:
        """Return the strengths to start with.

        Parameters
        ----------
        labels : sequence of str
            The candidates.
        n_epochs : int
            Length of the fit.
        """

    def survey(self, survey: Survey) -> dict[str, float] | None:
        """Look at the rows before training; return strengths to start with, None for `begin`'s.

        Called once, after `begin`.

        Parameters
        ----------
        survey : Survey
            Gives access to tests and pilots.
        """
        return None

    @property
    def evidence(self) -> Evidence | None:
        """The tests that the rule went by in `survey`, which the report then shows, or None."""
        return None

    @abstractmethod
    def on_epoch_end(self, epoch: int, probe: Probe) -> dict[str, float] | None:
        """Return new strengths, or None to leave them as they are.

        Parameters
        ----------
        epoch : int
            Number of epochs done.
        probe : Probe
            Gives access to penalties and tests of the network as it is now.
        """

    def settle(self, strengths: Mapping[str, float]) -> Tuner:
        """Return the rule to train typed layers with, once it is settled where to end.

        Called with what `survey` returned, less what did not stand up to pilots, if there is
        `evidence`; after it, `begin` of the rule that is returned.

        Parameters
        ----------
        strengths : mapping of str to float
        """
        return FixedStrengths(dict(strengths))

    def firmer(self, strengths: Mapping[str, float]) -> dict[str, float]:
        """Return strengths for typed layers to compare with these in pilots; by default these.

        Parameters
        ----------
        strengths : mapping of str to float
            What `survey` returned.
        """
        return dict(strengths)

    def resume(self, strengths: Mapping[str, float]) -> dict[str, float]:
        """Return the strengths to go on from in a warm start; called after `survey`.

        Parameters
        ----------
        strengths : mapping of str to float
            Where the last fit ended.
        """
        return dict(strengths)

    def supported(self) -> list[str]:
        """Return the candidates that the rule, as of now, takes to hold; valid after `begin`."""
        return []

    @property
    def settled_after(self) -> int:
        """Number of epochs after which the strengths change no more; valid after `begin`."""
        return 0


class FixedStrengths(Tuner):
    """Strengths that the user has chosen.

    Parameters
    ----------
    strengths : float or mapping of str to float
        One number for all candidates, or one for each; `inf` is hard.
    """

    def __init__(self, strengths: float | Mapping[str, float] = 1.0) -> None:
        self.strengths = strengths

    def begin(self, labels: Sequence[str], n_epochs: int) -> dict[str, float]:
        """Return the chosen strengths."""
        if isinstance(self.strengths, Mapping):
            self.strengths_ = {label: float(self.strengths[label]) for label in labels}
        else:
            self.strengths_ = {label: float(self.strengths) for label in labels}
        return dict(self.strengths_)

    def resume(self, strengths: Mapping[str, float]) -> dict[str, float]:
        """Return the chosen strengths, whatever the last fit had."""
        return dict(self.strengths_)

    def supported(self) -> list[str]:
        """Candidates that were given a strength."""
        return [label for label, value in self.strengths_.items() if value > 0]

    def on_epoch_end(self, epoch: int, probe: Probe) -> None:
        """Change nothing."""


def check_parameter(
    tuner: Tuner, name: str, allowed: Callable[[float], bool], right: str, kind: type = Real
) -> None:
    """Check a number that a rule was given.

    Parameters
    ----------
    tuner : Tuner
    name : str
        The parameter.
    allowed : callable
        Tells whether a number is allowed.
    right : str
        What would be right, for the error.
    kind : type, default=Real
        Type of the number.

    Raises
    ------
    ValueError
        If the value is not such a number.
    """
    value = getattr(tuner, name)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, kind) or not allowed(value):
        raise ValueError(f"{type(tuner).__name__}.{name} must be {right}, got {value!r}.")
