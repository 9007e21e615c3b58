"""The estimator: a soft equivariant network with strengths that tune themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from numbers import Real
from typing import Any

from sklearn.utils._param_validation import Interval, StrOptions
from skorch.callbacks import Callback

from sksofteq.candidates import Candidates
from sksofteq.estimators._checks import check_strengths
from sksofteq.estimators._docs import with_shared_docs
from sksofteq.estimators._network import NetworkRegressor
from sksofteq.estimators._own import check_sampled
from sksofteq.estimators._plans import Plan, Planner, is_planned, kind_of, moving, pilot_table
from sksofteq.estimators._run import FitRun
from sksofteq.estimators._survey import FitSurvey
from sksofteq.training import ALL_LOSSES
from sksofteq.tuning import RULES, FixedStrengths, Tuner, make_tuner

#: Pilots run for this share of the epochs.
PILOT_SHARE = 0.5


@with_shared_docs
class SoftEquivariantRegressor(NetworkRegressor):
    """Neural network that finds out which candidate symmetries the data have, while it fits.

    One projection-based penalty per candidate pulls the weights towards its equivariant subspace
    (PER, arXiv 2306.00356). The loss is the mean squared error over samples and outputs, y
    standardised (or what `loss` names), + sum_G strength_G R_G + weight decay, with R_G = sum over
    layers of 1/2 |W - P_G W|^2 + 1/2 |b - P_G b|^2. The strengths are tuned during the fit.

    Parameters
    ----------
    <candidates>
    strengths : float or mapping of str to float, default=None
        Fixed strengths >= 0, ``inf`` meaning hard, which but for translations and scalings needs
        typed layers; None lets `tuner` set them. A sampled penalty needs finite ones.
    tuner : {"process", "orbit", "paper", "pilots", "dual"} or Tuner, default="process"
        The rule that sets strengths (`sksofteq.tuning`): "process" by tests before the fit, on
        rows that a Gaussian process left out; "pilots" by short fits before it; "orbit", "paper"
        and "dual" during it. docs/discovery.md compares them. "paper" needs
        ``penalty="gradient"`` to tell candidates apart (docs/performance.md).
    network : {"auto", "typed", "plain"}, torch module or callable, default="auto"
        Hidden layers: typed features, which the penalties pull towards the candidates, or those
        of a perceptron ("plain"), where strengths act through the frame and on the linear skip
        alone and candidates work through `augment` and `average`. "auto" compares both, and a
        linear map, which is solved for, in pilots of half the epochs, on rows held out, and fits
        the best one to all rows; it is "typed" where there are no tests to go by (strengths that
        are given, other rules), hidden features are given, or there are fewer than 40 rows. A
        warm start keeps the network that there is.

        A torch module of your own takes the place of all layers, between the frame and
        standardisation and their inverses; `hidden_layer_sizes` and `max_rank` do not apply. A
        class (or function, or `functools.partial`) is called with the representations of what
        the module is to read and to predict, columns in this order, and makes one with widths
        ``rep_in.dim`` and ``rep_out.dim``; an instance is copied in each fit. Penalties pull the
        `sksofteq.nn.SoftEquivariantLinear` layers anywhere in it, and pilots tell whether moved
        rows pay (docs/own-networks.md).
    penalty : {"proximal", "gradient", "sampled"}, default="proximal"
        Whether the penalty is a proximal step after the optimizer's, stable for any strength, or
        part of the gradient that Adam normalises, as published. A strength of one form is not
        the same as one of the other. "sampled" is for networks without types, "plain" or your
        own: R_G is then the mean square of f(rho_in(g) x) - rho_out(g) y, y standardised, over
        the rows of a batch, with one random g per step (REMUL, arXiv 2410.17878); for classes
        it is the log loss at the moved rows. It takes one more pass of the network per candidate
        and step and makes symmetries hold roughly, never exactly. There is no frame then:
        translations and scalings are sampled, too.
    <training>
    augment : bool, "auto" or sequence of str, default="auto"
        Move the training rows by random elements of candidates, anew in every epoch: of those
        that hold by tests before the fit and pay in the pilots, if there are such tests
        ("auto"), of those that the rule takes to hold, whichever rule (True), or of those named.
    average : bool, "auto" or sequence of str, default="auto"
        Average predictions over 8 group elements, which makes `predict` 8 times as dear: of the
        same candidates as `augment` ("auto" and True) if there are tests before the fit; without,
        of those whose verdict is "holds" (True), if that lowers the validation error ("auto"); or
        of those named.
    untestable : {"keep", "drop"}, default="keep"
        Whether a candidate that the data cannot test keeps the strength that the tuner starts with
        and moves rows, or neither. Where there are pilots, one that raises the error on rows held
        out by more than half, beyond chance, is let go all the same; the report tells what keeping
        it costs.
    <computing>

    Attributes
    ----------
    <attributes>
    pilots_ : DataFrame
        What ``network="auto"``, or a network of your own, compared: columns network, moved_by
        (candidates that moved rows or averaged predictions, where `augment` or `average` leaves it
        to the fit which do), held (whether candidates kept some strength although none holds),
        error (the loss on the rows held out, y standardised) and chosen. Empty if there was no
        choice.

    See Also
    --------
    sksofteq.symmetry_test : Test candidates with any fitted regressor.
    sksofteq.equivariance_error : Measure equivariance of any regressor.

    Notes
    -----
    With sample weights, standardisation and loss are weighted; a fit is equivalent to repeating
    rows only with a full batch, as any stochastic fit.

    References
    ----------
    Kim, Lee, Yang, Lee: Regularizing Towards Soft Equivariance Under Mixed Symmetries, ICML 2023
    (arXiv 2306.00356). Finzi, Welling, Wilson: A Practical Method for Constructing Equivariant
    Multilayer Perceptrons for Arbitrary Matrix Groups, ICML 2021 (arXiv 2104.09459).

    Examples
    --------
    >>> from sksofteq import SoftEquivariantRegressor
    >>> from sksofteq.datasets import make_inertia
    >>> X, y = make_inertia(n_samples=200, axis="z", random_state=0)
    >>> model = SoftEquivariantRegressor(
    ...     symmetries=("O(2)@x,y", "O(2)@y,z"), rep_in="5*scalar + 5*vector",
    ...     rep_out="tensor(2)", strengths=1.0, hidden_layer_sizes=(32,), max_iter=5,
    ...     random_state=0)
    >>> model.fit(X, y).predict(X[:2]).shape
    (2, 9)
    >>> model.regularizer_strengths_
    {'O(2)@x,y': 1.0, 'O(2)@y,z': 1.0}
    """

    _parameter_constraints: dict = {  # noqa: RUF012 - scikit-learn's convention
        **NetworkRegressor._parameter_constraints,
        "strengths": [Interval(Real, 0, None, closed="both"), Mapping, None],
        "tuner": [StrOptions(set(RULES)), Tuner],
        "network": [StrOptions({"auto", "typed", "plain"}), callable],
        "penalty": [StrOptions({"proximal", "gradient", "sampled"})],
        "augment": ["boolean", StrOptions({"auto"}), "array-like"],
        "average": ["boolean", StrOptions({"auto"}), "array-like"],
        "untestable": [StrOptions({"keep", "drop"})],
    }

    def __init__(
        self,
        symmetries: Any = None,
        *,
        rep_in: Any = None,
        rep_out: Any = None,
        spaces: Mapping[str, int] | None = None,
        strengths: float | Mapping[str, float] | None = None,
        tuner: str | Tuner = "process",
        network: str = "auto",
        penalty: str = "proximal",
        hidden_layer_sizes: Sequence = (128, 128),
        max_rank: int = 2,
        loss: str = "squared_error",
        alpha: float = 1e-4,
        learning_rate_init: float = 1e-2,
        batch_size: int | str = "auto",
        max_iter: int = 200,
        early_stopping: bool = False,
        validation_fraction: float = 0.2,
        n_iter_no_change: int = 20,
        tol: float = 1e-4,
        warm_start: bool = False,
        augment: bool | str | Sequence[str] = "auto",
        average: bool | str | Sequence[str] = "auto",
        untestable: str = "keep",
        callbacks: list[Callback] | None = None,
        device: str = "cpu",
        compile: bool = False,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            symmetries,
            rep_in=rep_in,
            rep_out=rep_out,
            spaces=spaces,
            hidden_layer_sizes=hidden_layer_sizes,
            max_rank=max_rank,
            loss=loss,
            alpha=alpha,
            learning_rate_init=learning_rate_init,
            batch_size=batch_size,
            max_iter=max_iter,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            warm_start=warm_start,
            callbacks=callbacks,
            device=device,
            compile=compile,
            random_state=random_state,
            verbose=verbose,
        )
        self.strengths = strengths
        self.tuner = tuner
        self.network = network
        self.penalty = penalty
        self.augment = augment
        self.average = average
        self.untestable = untestable

    def _make_tuner(self, labels: list[str]) -> Tuner:
        sampled = self.penalty == "sampled"
        check_strengths(self.strengths, labels, finite=sampled)
        tuner = FixedStrengths(1.0 if self.strengths is None else self.strengths)
        if labels and self.strengths is None:
            tuner = make_tuner(self.tuner)
        if sampled:
            check_sampled(self.network, tuner)
        return tuner

    def _architecture(self, candidates: Candidates) -> dict[str, Any]:
        """As of any network; features with types need typed layers.

        Raises
        ------
        ValueError
            If a plain network is asked for with typed features.
        """
        shape = super()._architecture(candidates)
        if self.network == "plain" and not _are_widths(shape["hidden_layer_sizes"]):
            raise ValueError(
                'hidden_layer_sizes must be widths where network="plain"; got '
                f'{self.hidden_layer_sizes!r}. Set network to "typed".'
            )
        return shape

    def _make_plan(
        self, tuner: Tuner, survey: FitSurvey, strengths: dict[str, float], network: str
    ) -> Plan:
        """What was found decides which candidates move rows; pilots decide on the layers."""
        self._pilots = pilot_table()
        evidence = tuner.evidence
        if evidence is None:
            return Plan(kind_of(network), (), strengths)
        keeps = self.untestable == "keep"
        kept = sorted(evidence.untestable()) if keeps else []
        if not keeps:
            strengths = strengths | dict.fromkeys(evidence.untestable(), 0.0)
        groups = survey.table.candidates.groups
        planned = is_planned(self.augment) or is_planned(self.average)
        planner = Planner(
            evidence,
            strengths,
            tuner.firmer(strengths),
            kept,
            moving(list(groups), groups) if planned else [],
            partial(survey.losses, share=PILOT_SHARE),
            survey.held_out_together,
            None if network == "auto" else network,
            solvable=not ALL_LOSSES[self.loss].of_logits,
        )
        if self._has_choice(survey, network):
            plan, self._pilots = planner.choose()
            return plan
        return planner.plan("typed" if network == "auto" else network, evidence.supported())

    def _has_choice(self, survey: FitSurvey, network: str) -> bool:
        """Whether pilots choose a network, or what moves the rows of the user's."""
        if network == "own":
            return survey.has_pilots
        shape = self._architecture(survey.table.candidates)
        widths = _are_widths(shape["hidden_layer_sizes"])
        return self.network == "auto" and survey.has_pilots and widths

    def _keep(self, run: FitRun) -> None:
        super()._keep(run)
        known = getattr(self, "pilots_", pilot_table())  # a chunk has none of its own
        self.pilots_ = vars(self).pop("_pilots", known)


def _are_widths(sizes: Sequence) -> bool:
    return all(isinstance(size, int) for size in sizes)
