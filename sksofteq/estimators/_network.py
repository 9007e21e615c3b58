"""What all network estimators share: a fit through skorch, predictions, the report."""

from __future__ import annotations

import contextlib
import math
import warnings
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from skorch.callbacks import Callback, LRScheduler

from sksofteq.candidates import Candidates
from sksofteq.estimators._outcome import curves, equivariance_errors, report
from sksofteq.estimators._probe import FitProbe
from sksofteq.estimators._rows import (
    RowMover,
    predict_rows,
    prepare_rows,
    split_rows,
    standardise_module,
)
from sksofteq.estimators._table import Table, check_table, features_kept_on_error
from sksofteq.nn import SoftEMLP
from sksofteq.orbits import orbit_average, sample_products
from sksofteq.penalties import ProjectionPenalty
from sksofteq.training import (
    Augmentation,
    BestWeights,
    PenalizedNet,
    ProgressBar,
    StrengthTuning,
)
from sksofteq.tuning import FixedStrengths, Tuner

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor

#: Group elements of averaged predictions, and the rows averaged at a time.
_AVERAGE_ELEMENTS, _AVERAGE_CHUNK = 8, 4096


class NetworkRegressor(RegressorMixin, BaseEstimator):
    """Base of the estimators that train a network through skorch.

    A subclass has the parameters of `SoftEquivariantRegressor` that are used here, builds a
    module and says which rule sets the strengths.
    """

    @abstractmethod
    def _build_module(self, candidates: Candidates) -> SoftEMLP:
        """The network, weights at random."""

    @abstractmethod
    def _make_tuner(self, labels: list[str]) -> Tuner:
        """A fresh rule for the strengths."""

    # ------------------------------------------------------------------ scikit-learn's methods

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> NetworkRegressor:
        """Fit the network.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
        groups : array-like of shape (n_samples,), default=None
            Rows with one value stay together when a validation part is split off.

        Returns
        -------
        self : estimator
        """
        again = self.warm_start and hasattr(self, "net_")
        with features_kept_on_error(self):
            table = check_table(self, X, y, sample_weight, reset=not again)
            tuner = self._make_tuner(list(table.candidates.groups))
            seeds = check_random_state(self.random_state).randint(2**31 - 1, size=3)
            train, valid, together = self._split(table, tuner, groups, seeds[0])
            with _seeded(int(seeds[1]), self.device):
                self._run(table, train, valid, together, tuner, seeds[2], again)
        return self

    def _split(
        self, table: Table, tuner: Tuner, groups: ArrayLike | None, seed: int
    ) -> tuple[Table, Table | None, NDArray | None]:
        """Training part, validation part if one is needed, and the groups of its rows."""
        if not (self.early_stopping or (tuner.needs_validation and table.candidates.groups)):
            return table, None, None
        together = None if groups is None else _checked_groups(groups, len(table))
        train, valid = split_rows(
            len(table), self.validation_fraction, together, np.random.RandomState(seed)
        )
        together = None if together is None else together[valid]
        return table.take(train), table.take(valid), together

    def _run(
        self,
        table: Table,
        train: Table,
        valid: Table | None,
        together: NDArray | None,
        tuner: Tuner,
        seed: int,
        again: bool,
    ) -> None:
        candidates = table.candidates
        strengths = tuner.begin(list(candidates.groups), self.max_iter)
        module = self.net_.module_ if again else self._make_module(table)
        y_scale = self._y_scale if again else _standardise(module, train)
        penalty = ProjectionPenalty(module.core, candidates.groups)
        held_out = (None, None) if valid is None else (valid.X, valid.y)
        probe = FitProbe(
            module,
            penalty,
            candidates,
            *held_out,
            y_scale.cpu().numpy(),
            together,
            np.random.RandomState(seed),
        )
        if self.untestable == "drop" and not isinstance(tuner, FixedStrengths):
            strengths |= dict.fromkeys(probe.untestable(), 0.0)
        if again:
            strengths = dict(self.regularizer_strengths_)
        _set_start(penalty, strengths, again)
        rows = prepare_rows(module, train.X, train.y, train.weight, y_scale)
        rows_valid = (
            None
            if valid is None
            else prepare_rows(module, valid.X, valid.y, valid.weight, y_scale)
        )
        callbacks = self._fit_callbacks(tuner, probe, valid is not None)
        if self.augment is not False and candidates.groups:
            mover = RowMover(module, train, y_scale, np.random.RandomState(seed))
            supported = self._moved_by(candidates, tuner)
            callbacks.append(("augmentation", Augmentation(rows, mover, supported)))
        net = self._make_net(module, penalty, callbacks, self.max_iter)
        net.batch_size = self._batch_size(len(rows))
        net.fit((rows, rows_valid), None)
        self._keep(net, table, y_scale)
        self._measure(probe, table.X if valid is None else valid.X)
        self._average_elements = self._choose_average(probe, train.X)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> NetworkRegressor:
        """Train for one epoch on a chunk of rows.

        The first call fixes standardisation and strengths (those chosen, or what the rule begins
        with); they stay as they are afterwards, and nothing is tuned.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : estimator
        """
        again = hasattr(self, "net_")
        table = check_table(self, X, y, sample_weight, reset=not again)
        rng = check_random_state(self.random_state)
        with _seeded(int(rng.randint(2**31 - 1)), self.device):
            net, y_scale = (self.net_, self._y_scale) if again else self._first_net(table)
            rows = prepare_rows(net.module_, table.X, table.y, table.weight, y_scale)
            net.batch_size = self._batch_size(len(rows))
            net.train_split = None
            net.partial_fit((rows, None), None)
        probe = FitProbe(
            net.module_,
            net.penalty,
            table.candidates,
            None,
            None,
            y_scale.cpu().numpy(),
            None,
            rng,
        )
        self._keep(net, table, y_scale)
        self._measure(probe, table.X)
        self._average_elements = self._choose_average(probe, table.X)
        return self

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict targets.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        y_pred : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the dtype of X, with the shape of y in `fit`.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        order_in, order_out = self._order
        rows = X if order_in is None else X[:, order_in]
        predicted = self._predict_rows(rows).astype(X.dtype, copy=False)
        if order_out is not None:
            predicted = predicted[:, np.argsort(order_out)]
        return predicted.ravel() if self._y_is_1d else predicted

    def symmetry_report(self) -> pd.DataFrame:
        """Return what was found out about every candidate.

        Returns
        -------
        report : DataFrame indexed by the candidates in the order given
            Columns strength (as used), residual (sum |C_G W|^2 / sum |W|^2),
            equivariance_error, support (evidence of the orbit-average test on held-out rows that
            averaging over the candidate does not hurt, in [0, 1]) and verdict: "holds",
            "approximate", "broken", or "cannot tell" (support is 0.5 then): the orbit leaves the
            data, no rows were held out, or the network is equivariant by construction.
        """
        check_is_fitted(self)
        return self._report.copy()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _predict_rows(self, rows: NDArray) -> NDArray:
        """Predictions in the representations' order, averaged over orbits if asked for."""

        def network(rows: NDArray) -> NDArray:
            return predict_rows(self.net_.module_, rows)

        if not self._average_elements:
            return network(rows)
        chunks = [
            orbit_average(
                network,
                rows[start : start + _AVERAGE_CHUNK],
                self._average_elements,
                self.rep_in_,
                self.rep_out_,
            )
            for start in range(0, len(rows), _AVERAGE_CHUNK)
        ]
        return np.concatenate(chunks)

    # ------------------------------------------------------------------ steps of a fit

    def _make_module(self, table: Table) -> SoftEMLP:
        """The network on the device, in the dtype of the table."""
        dtype = torch.from_numpy(np.empty(0, table.X.dtype)).dtype
        return self._build_module(table.candidates).to(device=self.device, dtype=dtype)

    def _first_net(self, table: Table) -> tuple[PenalizedNet, Tensor]:
        """What the first call of `partial_fit` starts from."""
        groups = table.candidates.groups
        module = self._make_module(table)
        y_scale = _standardise(module, table)
        penalty = ProjectionPenalty(module.core, groups)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one epoch leaves no room for updates
            strengths = self._make_tuner(list(groups)).begin(list(groups), 1)
        _set_start(penalty, strengths, again=False)
        net = self._make_net(module, penalty, self._user_callbacks(), 1)
        net.initialize()
        return net, y_scale

    def _fit_callbacks(
        self, tuner: Tuner, probe: FitProbe, validate: bool
    ) -> list[tuple[str, Callback]]:
        cosine = LRScheduler(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=self.max_iter)
        callbacks = [("tuning", StrengthTuning(tuner, probe)), ("schedule", cosine)]
        if self.early_stopping and validate:
            stopping = BestWeights(tuner.settled_after, self.n_iter_no_change, self.tol)
            callbacks.append(("best_weights", stopping))
        if self.verbose:
            callbacks.append(("progress", ProgressBar(self.max_iter)))
        return callbacks + self._user_callbacks()

    def _user_callbacks(self) -> list[tuple[str, Callback]]:
        given = self.callbacks or []
        return [(f"user_{i}", clone(callback, safe=False)) for i, callback in enumerate(given)]

    def _make_net(
        self,
        module: SoftEMLP,
        penalty: ProjectionPenalty,
        callbacks: list[tuple[str, Callback]],
        max_epochs: int,
    ) -> PenalizedNet:
        return PenalizedNet(
            module,
            torch.nn.MSELoss,
            penalty=penalty,
            form=self.penalty,
            optimizer=torch.optim.AdamW,
            optimizer__weight_decay=self.alpha,
            lr=self.learning_rate_init,
            max_epochs=max_epochs,
            train_split=None,
            callbacks=callbacks,
            verbose=0,
            device=self.device,
            compile=self.compile,
        )

    def _batch_size(self, n_rows: int) -> int:
        return min(200, n_rows) if self.batch_size == "auto" else min(self.batch_size, n_rows)

    def _moved_by(self, candidates: Candidates, tuner: Tuner) -> Any:
        """What tells, epoch by epoch, the candidates to augment by."""
        if self.augment is True:
            return tuner.supported
        named = _known(self.augment, candidates, "augment")
        return lambda: named

    # ------------------------------------------------------------------ fitted attributes

    def _keep(self, net: PenalizedNet, table: Table, y_scale: Tensor) -> None:
        """Set the fitted attributes; the net lets go of the data."""
        candidates = table.candidates
        if hasattr(net, "callbacks_"):
            net.callbacks_ = []
        net.callbacks = None
        self.net_, self._y_scale = net, y_scale
        self._y_is_1d = table.y_is_1d
        self._order = (candidates.order_in, candidates.order_out)
        self.groups_ = dict(candidates.groups)
        self.rep_in_, self.rep_out_ = candidates.rep_in, candidates.rep_out
        self.n_iter_ = len(net.history)
        self.regularizer_strengths_ = {k: net.penalty.strengths[k] for k in candidates.groups}
        vars(self).update(curves(net, self.regularizer_strengths_))

    def _measure(self, probe: FitProbe, X: NDArray) -> None:
        self.equivariance_errors_ = equivariance_errors(probe, X)
        self._report = report(probe, self.regularizer_strengths_, self.equivariance_errors_)

    def _choose_average(self, probe: FitProbe, X: NDArray) -> list:
        """The group elements to average predictions over; none if that is not asked for."""
        if self.average is False or not self.groups_:
            return []
        if isinstance(self.average, (bool, str)):
            labels = [k for k, v in self._report["verdict"].items() if v == "holds"]
        else:
            labels = _known(self.average, probe.candidates, "average")
        if not labels:
            return []
        chosen = [self.groups_[label] for label in labels]
        elements = sample_products(chosen, _AVERAGE_ELEMENTS, X, self.rep_in_, probe.random_state)
        if self.average == "auto" and not probe.average_pays(elements):
            return []
        return elements


def _standardise(module: SoftEMLP, table: Table) -> Tensor:
    groups = list(table.candidates.groups.values())
    return standardise_module(module, table.X, table.y, groups, table.weight)


def _set_start(penalty: ProjectionPenalty, strengths: Mapping[str, float], again: bool) -> None:
    """Set the strengths; weights start inside the common subspace of hard candidates."""
    penalty.set_strengths(strengths)
    hard = [label for label, value in strengths.items() if math.isinf(value)]
    if hard:
        if not again:
            penalty.start_inside_(hard)
        penalty.project_(hard)


def _known(labels: Sequence[str], candidates: Candidates, parameter: str) -> list[str]:
    unknown = [label for label in labels if label not in candidates.groups]
    if unknown or isinstance(labels, str):
        raise ValueError(
            f"{parameter} must name candidates, got {labels!r}; the candidates are "
            f"{list(candidates.groups)}."
        )
    return list(labels)


def _checked_groups(groups: ArrayLike, n_samples: int) -> NDArray:
    groups = np.asarray(groups)
    if groups.shape != (n_samples,):
        raise ValueError(
            f"groups must have one entry per row, shape ({n_samples},), got {groups.shape}."
        )
    return groups


@contextlib.contextmanager
def _seeded(seed: int, device: str) -> Iterator[None]:
    """Seed torch inside, leave its global generators as they were."""
    kind = torch.device(device)
    cuda = kind.type == "cuda"
    devices = [kind.index or 0] if cuda else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
