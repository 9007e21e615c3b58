"""What all network estimators share: a fit through skorch, predictions, the report."""

from __future__ import annotations

import copy
import warnings
from abc import abstractmethod
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sklearn.base import _fit_context
from sklearn.utils import check_random_state

from sksofteq.candidates import Candidates
from sksofteq.estimators._base import CandidateRegressor
from sksofteq.estimators._checks import (
    check_continues,
    check_device,
    check_hidden_sizes,
    check_labels,
    named_candidates,
)
from sksofteq.estimators._moves import RowMover, movers, moving_callbacks
from sksofteq.estimators._net import fit_callbacks, make_net, user_callbacks
from sksofteq.estimators._outcome import (
    ERROR_ROWS,
    ERROR_ROWS_CHUNK,
    curves,
    equivariance_errors,
    holding,
    report,
)
from sksofteq.estimators._own import check_pulled
from sksofteq.estimators._parameters import NetworkParameters
from sksofteq.estimators._pilots import average_elements, pilot_losses
from sksofteq.estimators._plans import Plan, check_hard, is_planned, kind_of
from sksofteq.estimators._probe import FitProbe
from sksofteq.estimators._rows import predict_rows, prepare_rows, standardise_module
from sksofteq.estimators._run import FitRun, Parts, split_table
from sksofteq.estimators._start import seeded, set_start, start_linear_, take_over
from sksofteq.estimators._survey import FitSurvey
from sksofteq.estimators._table import Table, check_table, kept_on_error
from sksofteq.metrics import check_row_groups
from sksofteq.nn import FramedNetwork, OwnNetwork, SoftEMLP
from sksofteq.orbits import Element, orbit_average
from sksofteq.penalties import Penalty, ProjectionPenalty, SampledPenalty
from sksofteq.training import ALL_LOSSES, StrengthTuning
from sksofteq.tuning import FixedStrengths, Tuner

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from torch import Tensor


class NetworkRegressor(CandidateRegressor, NetworkParameters):
    """Base of the estimators that train a network through skorch.

    A subclass says which rule sets the strengths, and may have a network, a penalty or a net of
    its own.
    """

    @abstractmethod
    def _make_tuner(self, labels: list[str]) -> Tuner:
        """A fresh rule for the strengths."""

    def _architecture(self, candidates: Candidates) -> dict[str, Any]:
        """The checked parameters that shape the network, which a warm start cannot change."""
        if kind_of(self.network) == "own":
            return {}
        sizes = check_hidden_sizes(self.hidden_layer_sizes, candidates.rep_in.dims)
        return {"hidden_layer_sizes": sizes, "max_rank": self.max_rank}

    def _build_module(self, candidates: Candidates, plan: Plan) -> FramedNetwork:
        """The network, weights at random; samples are of raw rows, so there is no frame then."""
        groups = () if self.penalty == "sampled" else tuple(candidates.groups.values())
        sides, logits = (candidates.rep_in, candidates.rep_out), ALL_LOSSES[self.loss].of_logits
        if plan.network == "own":
            return OwnNetwork(*sides, groups, self.network, logits)
        shape = self._architecture(candidates)
        if plan.network == "linear":
            shape["hidden_layer_sizes"] = ()
        shape["typed"] = plan.network == "typed"
        return SoftEMLP(*sides, groups, **shape, probabilities=logits)

    def _make_penalty(self, module: FramedNetwork, table: Table, seed: int) -> Penalty:
        """What pulls a standardised network towards the candidates."""
        groups = table.candidates.groups
        if self.penalty == "sampled":
            loss = ALL_LOSSES[self.loss]  # of classes: squares compare no logits with targets
            of_rows = loss.of_rows if loss.of_logits else None
            return SampledPenalty(module, groups, table.X, self.against, seed, of_rows)
        return ProjectionPenalty(module.core, groups)

    def _make_plan(
        self, tuner: Tuner, survey: FitSurvey, strengths: dict[str, float], network: str
    ) -> Plan:
        """Which network to fit, with which strengths; "auto" leaves the network to the plan."""
        return Plan(kind_of(network), (), strengths)

    def _start_strengths(self, penalty: Penalty) -> dict[str, float]:
        """How strongly the candidates hold for a linear map in place of the network."""
        if self.penalty == "sampled":
            return dict.fromkeys(penalty.strengths, 0.0)
        return penalty.strengths

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

        An interrupt (Ctrl-C) while the network trains ends the fit: the model is then what it had
        become, with a ConvergenceWarning. Before the first epoch is complete, and while pilots
        train, an interrupt leaves the estimator as it was.

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
        with kept_on_error(self):
            run = self.begin_fit(X, y, sample_weight, groups)
            with seeded(run.seed, self.device):
                run.train()
            self.finish_fit(run)
        return self

    def begin_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, groups: ArrayLike | None
    ) -> FitRun:
        """Everything that comes before the training."""
        again = self.warm_start and hasattr(self, "net_")
        table = check_table(self, X, y, sample_weight, reset=not again)
        self._check_requests(table.candidates, again)
        labels = list(table.candidates.groups)
        tuner = self._make_tuner(labels)
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=4)
        together = check_row_groups(groups, len(table))
        tunes = tuner.needs_validation and bool(labels)
        parts = split_table(self, table, together, tunes, seeds[0])
        with seeded(int(seeds[1]), self.device):
            plan = self._plan_fit(parts, tuner, int(seeds[3]), again)
            return self.prepare(parts, tuner, plan, seeds, again)

    def _plan_fit(self, parts: Parts, tuner: Tuner, seed: int, again: bool) -> Plan:
        """What the rule, and pilots, make of the rows before the network is trained."""
        pilot = partial(pilot_losses, self, tuner, seed=seed)
        network = self._fitted_architecture["network"] if again else self.network
        kind = kind_of(network)
        survey = FitSurvey(
            parts.train, parts.together, self.validation_fraction, pilot, seed, kind
        )
        strengths = tuner.begin(list(parts.train.candidates.groups), self.max_iter)
        strengths = tuner.survey(survey) or strengths
        if again:
            strengths = tuner.resume(self.regularizer_strengths_)
        plan = self._make_plan(tuner, survey, strengths, kind if kind == "own" else network)
        check_hard(plan, parts.train.candidates.groups)
        return plan

    def prepare(
        self, parts: Parts, tuner: Tuner, plan: Plan, seeds: NDArray, again: bool
    ) -> FitRun:
        """A network at its start, with what trains it."""
        train, valid = parts.train, parts.valid
        module, y_scale = self._start(train, plan, again)
        penalty = self._make_penalty(module, train, int(seeds[2]))
        random_state = np.random.RandomState(seeds[2])
        probe = FitProbe(
            module,
            penalty,
            train,
            valid,
            y_scale,
            parts.valid_together,
            random_state,
            tuner.evidence,
        )
        dropped = self._dropped(tuner, probe)
        rule, strengths = self._trains_with(tuner, plan, again)
        set_start(penalty, strengths | dict.fromkeys(dropped, 0.0), again)
        rows = prepare_rows(module, train, y_scale)
        solved = plan.network == "linear"
        if solved or not again:
            strengths = self._start_strengths(penalty)
            groups = train.candidates.groups
            start_linear_(module, rows, groups, strengths, parts.together, self.loss)
        rows_valid = None if valid is None else prepare_rows(module, valid, y_scale)
        tuning = StrengthTuning(rule, probe, dropped)
        epochs, rate = (1, 0.0) if solved else (self.max_iter, self.learning_rate_init)
        callbacks = fit_callbacks(self, tuning, epochs, valid is not None)
        moved = movers(self.augment, plan, tuner, dropped, train.candidates.groups)
        mover = RowMover(module, train, y_scale, int(seeds[2]), plan.shares)
        callbacks += moving_callbacks(moved, rows, mover)
        seed = int(seeds[1])
        net = make_net(self, module, penalty, callbacks, epochs, rate, seed, len(rows))
        return FitRun(net, (rows, rows_valid), probe, tuner, plan, parts, y_scale, seed, moved)

    def finish_fit(self, run: FitRun) -> None:
        """Everything that comes after the training."""
        self._keep(run)
        self._plan = run.found
        self._average_elements = self._choose_average(run)
        self._measure(run)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> NetworkRegressor:
        """Train for one epoch on a chunk of rows.

        The first call fixes standardisation and strengths (those chosen, or what the rule begins
        with); they stay as they are afterwards, and nothing is tuned. After `fit` all that it has
        found out stays: strengths, the candidates that moved its rows move those of chunks, and
        predictions are averaged over the same group elements. Where there was no `fit`, candidates
        move rows and predictions if they are named, as neither tests nor pilots choose any.

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
        with kept_on_error(self):
            table = check_table(self, X, y, sample_weight, reset=not again)
            self._check_requests(table.candidates, again)
            random_state = check_random_state(self.random_state)
            # An integer seed gives every call its own order of rows all the same.
            seed = int(random_state.randint(2**31 - 1)) + (self.n_iter_ if again else 0)
            with seeded(seed, self.device):
                self._run_chunk(table, random_state, seed, again)
        return self

    def _run_chunk(
        self, table: Table, random_state: np.random.RandomState, seed: int, again: bool
    ) -> None:
        """One epoch, at the learning rate of the start and with fixed strengths."""
        tuner, plan = self._plan_chunk(table, seed, again)
        module, y_scale = self._start(table, plan, again)
        penalty = self._make_penalty(module, table, seed)
        probe = FitProbe(module, penalty, table, None, y_scale, None, random_state)
        dropped = set() if again else self._dropped(tuner, probe)
        strengths = dict(plan.strengths) | dict.fromkeys(dropped, 0.0)
        set_start(penalty, strengths, again)
        rows = prepare_rows(module, table, y_scale)
        if not again:
            strengths_start = self._start_strengths(penalty)
            groups = table.candidates.groups
            start_linear_(module, rows, groups, strengths_start, None, self.loss)
        callbacks = [("tuning", StrengthTuning(FixedStrengths(strengths), probe))]
        rule = None if again else tuner
        moved = movers(self.augment, plan, rule, dropped, table.candidates.groups)
        mover = RowMover(module, table, y_scale, seed, plan.shares)
        callbacks += moving_callbacks(moved, rows, mover) + user_callbacks(self)
        rate = self.learning_rate_init
        net = make_net(self, module, penalty, callbacks, 1, rate, seed, len(table)).initialize()
        if again:
            take_over(net, self.net_)
        net.partial_fit((rows, None), None)
        run = FitRun(net, (rows, None), probe, tuner, plan, Parts(table), y_scale, seed, moved)
        self._keep(run)
        if not again:
            self._plan = run.found
        if not (again and is_planned(self.average)):
            self._average_elements = self._choose_average(run)
        self._measure(run, ERROR_ROWS_CHUNK)

    def _predict_ordered(self, rows: NDArray) -> NDArray:
        """Predictions in the representations' order, averaged over orbits if asked for."""
        network = partial(predict_rows, self.net_.module_)
        if not self._average_elements:
            return network(rows)
        return orbit_average(network, rows, self._average_elements, self.rep_in_, self.rep_out_)

    # ------------------------------------------------------------------ steps of a fit

    def _check_requests(self, candidates: Candidates, again: bool) -> None:
        """What does not depend on the rows, before anything is trained."""
        check_device(self.device)
        check_labels(candidates.groups)
        for parameter in ("augment", "average"):
            named_candidates(getattr(self, parameter), candidates.groups, parameter)
        shape = self._architecture(candidates)
        if again:
            fitted = self._fitted_architecture
            if self.network != "auto" or kind_of(fitted["network"]) == "own":
                shape = {"network": self.network, **shape}
            if "sampled" in (self.penalty, fitted.get("penalty")):  # which has no frame
                shape = {**shape, "penalty": self.penalty}
            check_continues(self, candidates, shape)

    def _start(self, table: Table, plan: Plan, again: bool) -> tuple[FramedNetwork, Tensor]:
        """The network to train and the scale of y; a fitted one is copied, lest a fit fail."""
        if again:
            module = copy.deepcopy(self.net_.module_)
            return module.to(self.device), torch.tensor(self._y_scale, device=self.device)
        dtype = torch.from_numpy(np.empty(0, table.X.dtype)).dtype
        module = self._build_module(table.candidates, plan)
        module = module.to(device=self.device, dtype=dtype)
        groups = list(table.candidates.groups.values())
        y_scale = standardise_module(module, table.X, table.y, groups, table.weight)
        if plan.network == "own":
            module.check(torch.tensor(table.X[:2], device=self.device))
            if self.penalty != "sampled":
                check_pulled(module, self.penalty, plan.strengths)
        return module, y_scale

    def _dropped(self, tuner: Tuner, probe: FitProbe) -> set[str]:
        """Candidates that get no strength because the data cannot test them."""
        if self.untestable == "keep" or isinstance(tuner, FixedStrengths):
            return set()
        return probe.untestable() if tuner.evidence is None else tuner.evidence.untestable()

    def _trains_with(
        self, tuner: Tuner, plan: Plan, again: bool
    ) -> tuple[Tuner, dict[str, float]]:
        """The rule in force during the training, and what it begins with."""
        strengths = dict(plan.strengths)
        if tuner.evidence is None:
            return tuner, strengths
        relaxes = plan.network == "typed" and not again
        rule = tuner.settle(strengths) if relaxes else FixedStrengths(strengths)
        return rule, rule.begin(list(strengths), self.max_iter)

    def _plan_chunk(self, table: Table, seed: int, again: bool) -> tuple[Tuner, Plan]:
        """Typed layers with what the rule begins with; afterwards what there is, unchanged."""
        if again:
            tuner = FixedStrengths(self.regularizer_strengths_)
            tuner.begin(list(self.regularizer_strengths_), 1)
            return tuner, replace(self._plan, strengths=self.regularizer_strengths_)
        labels = list(table.candidates.groups)
        tuner = self._make_tuner(labels)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one epoch leaves no room for updates
            strengths = tuner.begin(labels, 1)
        survey = FitSurvey(table, None, self.validation_fraction, None, seed)
        strengths = tuner.survey(survey) or strengths
        shares = {} if tuner.evidence is None else tuner.evidence.shares
        plan = Plan(kind_of(self.network), (), strengths, shares)
        check_hard(plan, table.candidates.groups)
        return tuner, plan

    # ------------------------------------------------------------------ fitted attributes

    def _keep(self, run: FitRun) -> None:
        """Set the fitted attributes; the net lets go of the data."""
        net, table = run.net, run.parts.train
        self._keep_table(table)
        net.callbacks, net.callbacks_ = None, []
        self.net_, self._y_scale = net, run.y_scale.cpu().numpy()
        self._fitted_architecture = {
            **self._architecture(table.candidates),
            "network": self.network if run.plan.network == "own" else run.plan.network,
            "penalty": self.penalty,
        }
        self.n_iter_ = len(net.history)
        self.regularizer_strengths_ = {k: net.penalty.strengths[k] for k in self.groups_}
        vars(self).update(curves(net, list(self.groups_)))

    def _measure(self, run: FitRun, n_rows: int = ERROR_ROWS) -> None:
        """Report, of predictions that are averaged if that is asked for."""
        probe, X = run.probe, run.parts.to_measure.X
        self.equivariance_errors_ = equivariance_errors(
            self._predict_ordered, X, probe.candidates, probe.random_state, n_rows
        )
        errors = self.equivariance_errors_
        self._report = report(probe, self.regularizer_strengths_, errors, run.plan)

    def _choose_average(self, run: FitRun) -> list[Element]:
        """The group elements to average predictions over; none if that is not asked for."""
        labels = named_candidates(self.average, self.groups_, "average")
        pays = True
        if is_planned(self.average):
            if run.tuner.evidence is not None:
                labels = list(run.plan.moved)
            else:
                labels, pays = holding(run.probe), labels is True
        if not labels:
            return []
        random_state = np.random.RandomState(run.seed)
        elements = average_elements(labels, run.plan.shares, run.parts.train, random_state)
        return elements if pays or run.probe.average_pays(elements) else []
