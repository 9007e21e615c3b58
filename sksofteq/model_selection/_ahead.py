"""The fits of a search, made ahead of it, so that those of one shape train together."""

from __future__ import annotations

import contextlib
import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import _safe_indexing, check_consistent_length

from sksofteq.estimators._shapes import Begun, join_alike, train_alike

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: Fits begin at most so many times `n_together` ahead of the search, whatever their shapes.
LOOK_AHEAD = 4


class FitsAhead:
    """Every candidate on every split, in the order of a search: its n-th fit is the n-th of these.

    A fit begins (which may choose its network by pilots), waits for others of its shape, and
    trains with them. One that fails is left for the search to fit, so that it fails there.

    Parameters
    ----------
    estimator : estimator
        Has `begin_fit` and `finish_fit`.
    candidates : sequence of mapping
        Parameters to set.
    X, y : array-like of n_samples
    fit_params : mapping of str to array-like of n_samples, or None
        What else `fit` gets.
    n_together : int
        Most fits to train as one network.

    Attributes
    ----------
    seconds : dict of int to float
        What each fit took, by number: its own steps, and its share of those taken together.
    """

    def __init__(
        self,
        estimator: BaseEstimator,
        candidates: Sequence[Mapping[str, Any]],
        X: ArrayLike,
        y: ArrayLike,
        fit_params: Mapping[str, ArrayLike | None],
        n_together: int,
    ) -> None:
        self.estimator, self.candidates = estimator, candidates
        self.X, self.y, self.fit_params = X, y, fit_params
        self.n_together = n_together
        self.seconds: dict[int, float] = {}
        self._splits: list[tuple] = []
        self._asked = self._next = 0
        self._waiting: list[list[Begun]] = []
        self._fitted: dict[int, BaseEstimator] = {}

    # ------------------------------------------------------------------ what the search is given

    @contextlib.contextmanager
    def watching(self, cv: Any) -> Iterator[Any]:
        """A splitter as given, whose splits are noted for a while."""
        twin = copy.copy(cv)

        def split(*args: Any, **kwargs: Any) -> list[tuple]:
            self._splits = list(cv.split(*args, **kwargs))
            return self._splits

        twin.split = split
        try:
            yield twin
        finally:
            del twin.split

    def stand_in(self, estimator: BaseEstimator) -> BaseEstimator:
        """A clone, as are its own clones, whose `fit` takes over what was fitted ahead.

        From then on it is an estimator like any other.
        """
        twin = BaseEstimator.__sklearn_clone__(estimator)
        twin.__sklearn_clone__ = partial(self.stand_in, twin)
        twin.fit = partial(self._fit, twin)
        return twin

    def timed(self, results: dict[str, Any]) -> dict[str, Any]:
        """Results of the search with what the fits took."""
        shape = len(self.candidates), len(self._splits)
        seconds = np.reshape([self.seconds[i] for i in range(math.prod(shape))], shape)
        times = {"mean_fit_time": seconds.mean(axis=1), "std_fit_time": seconds.std(axis=1)}
        return {**results, **times}

    def timing(self, refit: Callable) -> Callable:
        """A rule for the best candidate, which gets to know what the fits took."""
        return lambda results: refit(self.timed(results))

    def _fit(self, twin: BaseEstimator, *args: Any, **kwargs: Any) -> BaseEstimator:
        del twin.fit, twin.__sklearn_clone__
        number, self._asked = self._asked, self._asked + 1
        fitted = self._take(number)
        if fitted is not None:
            vars(twin).update(vars(fitted))
            return twin
        start = time.perf_counter()
        try:
            return twin.fit(*args, **kwargs)
        finally:
            self.seconds[number] = time.perf_counter() - start

    # ------------------------------------------------------------------ fits

    def _take(self, number: int) -> BaseEstimator | None:
        """The fitted estimator of a number; None if it failed, or is the refit."""
        last = min(len(self.candidates) * len(self._splits), number + LOOK_AHEAD * self.n_together)
        while self._next < last and (self._next <= number or self._waits_for(number)):
            self._begin_next()
        group = self._waits_for(number)
        if group:
            self._train(group)
        return self._fitted.pop(number, None)

    def _waits_for(self, number: int) -> list[Begun]:
        """The group in which a fit waits for others of its shape, if it does."""
        for group in self._waiting:
            if any(fit.number == number for fit in group):
                return group
        return []

    def _begin_next(self) -> None:
        number, self._next = self._next, self._next + 1
        start = time.perf_counter()
        try:
            fit = self._begin(number)
        except Exception:  # the search comes to it, and meets the same error
            return
        self.seconds[number] = time.perf_counter() - start
        group = join_alike(self._waiting, fit)
        if fit.trains_alone or len(group) == self.n_together:
            self._train(group)

    def _begin(self, number: int) -> Begun:
        candidate, split = divmod(number, len(self._splits))
        train, _ = self._splits[split]
        check_consistent_length(self.X, self.y, *self.fit_params.values())
        parameters = clone(self.candidates[candidate], safe=False)
        estimator = clone(self.estimator).set_params(**parameters)
        estimator._validate_params()
        columns = {
            name: None if column is None else _safe_indexing(column, train)
            for name, column in {"X": self.X, "y": self.y, **self.fit_params}.items()
        }
        absent = {"sample_weight": None, "groups": None}
        return Begun(number, estimator, estimator.begin_fit(**absent | columns))

    def _train(self, group: list[Begun]) -> None:
        """Train and finish fits of one shape."""
        self._waiting = [other for other in self._waiting if other is not group]
        start = time.perf_counter()
        try:
            train_alike(group)
        except Exception:  # each is fitted by itself, and the one to blame fails by itself
            return
        share = (time.perf_counter() - start) / len(group)
        for fit in group:
            start = time.perf_counter()
            try:
                fit.estimator.finish_fit(fit.run)
            except Exception:
                continue
            self._fitted[fit.number] = fit.estimator
            self.seconds[fit.number] += share + time.perf_counter() - start
