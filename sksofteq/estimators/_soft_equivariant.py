"""The estimator: a soft equivariant network with strengths that tune themselves."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context, clone
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
from skorch.callbacks import Callback, LRScheduler

from sksofteq.candidates import Candidates, resolve_candidates
from sksofteq.estimators._probe import FitProbe
from sksofteq.estimators._rows import (
    RowMover,
    predict_rows,
    prepare_rows,
    split_rows,
    standardise_module,
)
from sksofteq.inspection import build_report
from sksofteq.metrics import mean_equivariance_error
from sksofteq.nn import SoftEMLP
from sksofteq.orbits import orbit_average, sample_elements, sample_products
from sksofteq.penalties import ProjectionPenalty
from sksofteq.training import (
    Augmentation,
    BestWeights,
    PenalizedNet,
    ProgressBar,
    StrengthTuning,
)
from sksofteq.tuning import FixedStrengths, Tuner, make_tuner

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: Rows and group elements that measure the equivariance errors.
_ERROR_ROWS, _ERROR_ELEMENTS = 1000, 8
#: Group elements of the tests in the report.
_REPORT_ELEMENTS = 24
#: Group elements of averaged predictions, and the rows averaged at a time.
_AVERAGE_ELEMENTS, _AVERAGE_CHUNK = 8, 4096


class SoftEquivariantRegressor(RegressorMixin, BaseEstimator):
    """Neural network that finds out which candidate symmetries the data have, while it fits.

    One projection-based penalty per candidate pulls the weights towards its equivariant subspace
    (PER, arXiv 2306.00356). The loss is the mean squared error over samples and outputs, y
    standardised, + sum_G strength_G R_G + weight decay, with R_G = sum over layers of
    1/2 |W - P_G W|^2 + 1/2 |b - P_G b|^2. The strengths are tuned during the fit.

    Parameters
    ----------
    symmetries : sequence or mapping of group names or groups, default=None
        The candidates, such as ``("O(2)@x,y", "O(2)@y,z")``; a mapping gives them labels.
        Without candidates this is a plain network.
    rep_in : str, Representation or mapping, default=None
        What the columns of X mean, such as ``"5*scalar + 5*vector"``; a mapping from column
        names (tuples for the components of one feature, ``*`` patterns) for a DataFrame. Needed
        with candidates.
    rep_out : str, Representation or mapping, default=None
        What the columns of y mean; None for scalars.
    spaces : mapping of str to int, default=None
        Dimensions of named spaces, such as ``{"joint": 31, "xyz": 3}``.
    strengths : float or mapping of str to float, default=None
        Fixed strengths >= 0, ``inf`` meaning hard; None lets `tuner` set them.
    tuner : {"orbit", "paper"} or Tuner, default="orbit"
        The rule that sets strengths during the fit.
    penalty : {"proximal", "gradient"}, default="proximal"
        Whether the penalty is a proximal step after the optimizer's, stable for any strength, or
        part of the gradient that Adam normalises, as published. A strength of one form is not
        the same as one of the other.
    hidden_layer_sizes : sequence of int or Representation, default=(128, 128)
        Widths of the hidden layers, gates not counted, or their features.
    max_rank : int, default=2
        Highest rank of hidden tensors.
    alpha : float, default=1e-4
        Decoupled weight decay.
    learning_rate_init : float, default=3e-3
        Adam's learning rate at the start; it falls to zero along a cosine.
    batch_size : int or "auto", default="auto"
        Rows per step; "auto" is min(200, n_samples).
    max_iter : int, default=200
        Number of epochs.
    early_stopping : bool, default=False
        Stop when the validation loss stops improving and restore the best weights. Epochs before
        the last change of strengths do not count.
    validation_fraction : float, default=0.2
        Share of the rows set aside if early stopping or the tuner needs a validation part.
    n_iter_no_change : int, default=20
        Patience of early stopping, in epochs.
    tol : float, default=1e-4
        Smallest relative improvement of the validation loss that counts.
    warm_start : bool, default=False
        Continue from the weights and strengths of the last fit, with its standardisation.
    augment : bool or sequence of str, default=False
        Move the training rows by random elements of candidates, anew in every epoch: of those
        that the rule takes to hold (True), or of the ones named.
    average : bool, "auto" or sequence of str, default=False
        Average predictions over 8 group elements, which makes `predict` 8 times as dear: of the
        candidates whose verdict is "holds" (True), of those if that lowers the validation error
        ("auto"), or of the ones named.
    untestable : {"keep", "drop"}, default="keep"
        Whether a candidate that the data cannot test keeps its strength or gets none.
    callbacks : list of skorch callbacks, default=None
        Cloned in `fit`.
    device : str, default="cpu"
        Where torch computes.
    compile : bool, default=False
        Whether the network is compiled by ``torch.compile``.
    random_state : int, RandomState instance or None, default=None
        Seed of everything; the global generators are left alone.
    verbose : bool, default=False
        Show a progress bar with losses and strengths.

    Attributes
    ----------
    regularizer_strengths_ : dict of str to float
        The strengths as used, by candidate, in the order given.
    equivariance_errors_ : dict of str to float
        Equivariance error of the fitted network by candidate, on validation rows if there are
        any.
    strength_path_ : DataFrame of shape (n_iter_, n_candidates)
        Strengths over epochs.
    penalty_path_ : DataFrame of shape (n_iter_, n_candidates)
        R_G over epochs.
    loss_curve_ : DataFrame of shape (n_iter_, 1 + n_candidates or more)
        Terms of the loss over epochs: "data", each candidate's strength * R_G, and "validation".
    groups_ : dict of str to MatrixGroup
        The candidates.
    rep_in_, rep_out_ : Representation
        The representations, with dimensions.
    net_ : skorch.NeuralNet
        The fitted net; ``net_.module_`` maps raw rows to raw predictions.
    n_iter_ : int
        Number of epochs run.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features seen during `fit`, if they are strings.

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
        "symmetries": "no_validation",
        "rep_in": "no_validation",
        "rep_out": "no_validation",
        "spaces": [Mapping, None],
        "strengths": [Interval(Real, 0, None, closed="both"), Mapping, None],
        "tuner": [StrOptions({"orbit", "paper"}), Tuner],
        "penalty": [StrOptions({"proximal", "gradient"})],
        "hidden_layer_sizes": ["array-like"],
        "max_rank": [Interval(Integral, 0, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "augment": ["boolean", "array-like"],
        "average": ["boolean", StrOptions({"auto"}), "array-like"],
        "untestable": [StrOptions({"keep", "drop"})],
        "callbacks": [list, None],
        "device": [str],
        "compile": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        symmetries: Any = None,
        *,
        rep_in: Any = None,
        rep_out: Any = None,
        spaces: Mapping[str, int] | None = None,
        strengths: float | Mapping[str, float] | None = None,
        tuner: str | Tuner = "orbit",
        penalty: str = "proximal",
        hidden_layer_sizes: Sequence = (128, 128),
        max_rank: int = 2,
        alpha: float = 1e-4,
        learning_rate_init: float = 3e-3,
        batch_size: int | str = "auto",
        max_iter: int = 200,
        early_stopping: bool = False,
        validation_fraction: float = 0.2,
        n_iter_no_change: int = 20,
        tol: float = 1e-4,
        warm_start: bool = False,
        augment: bool | Sequence[str] = False,
        average: bool | str | Sequence[str] = False,
        untestable: str = "keep",
        callbacks: list[Callback] | None = None,
        device: str = "cpu",
        compile: bool = False,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.symmetries = symmetries
        self.rep_in = rep_in
        self.rep_out = rep_out
        self.spaces = spaces
        self.strengths = strengths
        self.tuner = tuner
        self.penalty = penalty
        self.hidden_layer_sizes = hidden_layer_sizes
        self.max_rank = max_rank
        self.alpha = alpha
        self.learning_rate_init = learning_rate_init
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.augment = augment
        self.average = average
        self.untestable = untestable
        self.callbacks = callbacks
        self.device = device
        self.compile = compile
        self.random_state = random_state
        self.verbose = verbose

    # ------------------------------------------------------------------ scikit-learn's methods

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> SoftEquivariantRegressor:
        """Fit network and strengths.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None
        groups : array-like of shape (n_samples,), default=None
            Rows with one value stay together when a validation part is split off.

        Returns
        -------
        self : SoftEquivariantRegressor
        """
        again = self.warm_start and hasattr(self, "net_")
        X, y, weight, candidates = self._check_data(X, y, sample_weight, reset=not again)
        tuner = self._make_tuner(candidates)
        rng = check_random_state(self.random_state)
        seeds = rng.randint(np.iinfo(np.int32).max, size=3)
        needs_validation = self.early_stopping or (tuner.needs_validation and candidates.groups)
        if needs_validation:
            rows_together = None if groups is None else np.asarray(groups)
            train, valid = split_rows(
                len(X), self.validation_fraction, rows_together, np.random.RandomState(seeds[0])
            )
            rows_together = None if rows_together is None else rows_together[valid]
        else:
            train, valid, rows_together = np.arange(len(X)), np.arange(0), None
        strengths = tuner.begin(list(candidates.groups), self.max_iter)
        with _seeded(int(seeds[1]), self.device):
            module = self.net_.module_ if again else self._make_module(candidates, X.dtype)
            if again:
                y_scale = self._y_scale
            else:
                y_scale = standardise_module(
                    module, X[train], y[train], list(candidates.groups.values()), weight[train]
                )
            penalty = ProjectionPenalty(module.core, candidates.groups)
            probe = FitProbe(
                module,
                penalty,
                candidates,
                X[valid] if needs_validation else None,
                y[valid] if needs_validation else None,
                y_scale.cpu().numpy(),
                rows_together,
                np.random.RandomState(seeds[2]),
            )
            if self.untestable == "drop" and isinstance(tuner, FixedStrengths) is False:
                strengths |= dict.fromkeys(probe.untestable(), 0.0)
            if again:
                strengths = dict(self.regularizer_strengths_)
            self._set_start(penalty, strengths, again)
            rows = prepare_rows(module, X[train], y[train], weight[train], y_scale)
            net = self._make_net(module, penalty, tuner, probe, needs_validation)
            if self.augment is not False and candidates.groups:
                named = (
                    None if self.augment is True else _known(self.augment, candidates, "augment")
                )
                data = (X[train], y[train], weight[train], y_scale)
                mover = RowMover(module, candidates, *data, np.random.RandomState(seeds[2]))
                supported = tuner.supported if named is None else lambda: named
                net.callbacks.append(("augmentation", Augmentation(rows, mover, supported)))
            rows_valid = (
                prepare_rows(module, X[valid], y[valid], weight[valid], y_scale)
                if needs_validation
                else None
            )
            net.batch_size = self._batch_size(len(rows))
            net.fit((rows, rows_valid), None)
        self._keep(net, probe, candidates, y_scale)
        self._measure(probe, X[valid] if needs_validation else X)
        self._average_elements = self._choose_average(probe, X[train])
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> SoftEquivariantRegressor:
        """Train for one epoch on a chunk of rows.

        The first call fixes standardisation and strengths (`strengths`, or what the tuner begins
        with); they stay as they are afterwards, and nothing is tuned.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : SoftEquivariantRegressor
        """
        again = hasattr(self, "net_")
        X, y, weight, candidates = self._check_data(X, y, sample_weight, reset=not again)
        rng = check_random_state(self.random_state)
        seed = int(rng.randint(np.iinfo(np.int32).max))
        with _seeded(seed, self.device):
            if again:
                net, y_scale = self.net_, self._y_scale
            else:
                module = self._make_module(candidates, X.dtype)
                groups = list(candidates.groups.values())
                y_scale = standardise_module(module, X, y, groups, weight)
                penalty = ProjectionPenalty(module.core, candidates.groups)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # one epoch leaves no room for updates
                    strengths = self._make_tuner(candidates).begin(list(candidates.groups), 1)
                self._set_start(penalty, strengths, False)
                net = self._make_net(module, penalty, FixedStrengths(), None, False)
                net.initialize()
            rows = prepare_rows(net.module_, X, y, weight, y_scale)
            net.batch_size = self._batch_size(len(rows))
            net.train_split = None
            net.partial_fit((rows, None), None)
        probe = FitProbe(
            net.module_, net.penalty, candidates, None, None, y_scale.cpu().numpy(), None, rng
        )
        self._keep(net, probe, candidates, y_scale)
        self._measure(probe, X)
        self._average_elements = self._choose_average(probe, X)
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

    def _check_data(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, reset: bool
    ) -> tuple[NDArray, NDArray, NDArray, Candidates]:
        """Validated X, y in the representations' order, weights, and the candidates."""
        names_out = list(y.columns) if isinstance(y, pd.DataFrame) else None
        X, y = validate_data(
            self,
            X,
            y,
            dtype=(np.float64, np.float32),
            multi_output=True,
            y_numeric=True,
            ensure_min_samples=2,
            reset=reset,
        )
        if y.ndim == 2 and y.shape[1] == 1 and names_out is None:
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected. Please change the "
                "shape of y to (n_samples,), for example using ravel().",
                DataConversionWarning,
                stacklevel=3,
            )
        one_dimensional = y.ndim == 1 or (y.shape[1] == 1 and names_out is None)
        y = y.reshape(len(y), -1).astype(X.dtype, copy=False)
        weight = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
        if not weight.sum() > 0:
            raise ValueError("sample_weight must have a positive sum, got zeros only.")
        if np.ptp(y, axis=0).max() == 0:
            warnings.warn(
                "y is constant: the fit will learn that constant and can tell nothing about "
                "symmetries.",
                UserWarning,
                stacklevel=3,
            )
        names = getattr(self, "feature_names_in_", None)
        candidates = resolve_candidates(
            self.symmetries,
            self.rep_in,
            self.rep_out,
            n_features=X.shape[1],
            n_outputs=y.shape[1],
            spaces=self.spaces,
            names=None if names is None else list(names),
            names_out=names_out,
        )
        if not reset and y.shape[1] != self.rep_out_.dim:
            raise ValueError(
                f"y has {y.shape[1]} outputs, but the model was fitted with {self.rep_out_.dim}."
            )
        self._y_is_1d = one_dimensional
        self._order = (candidates.order_in, candidates.order_out)
        if candidates.order_in is not None:
            X = X[:, candidates.order_in]
        if candidates.order_out is not None:
            y = y[:, candidates.order_out]
        return X, y, weight, candidates

    def _make_tuner(self, candidates: Candidates) -> Tuner:
        labels = list(candidates.groups)
        if self.strengths is None:
            return make_tuner(self.tuner) if labels else FixedStrengths()
        if isinstance(self.strengths, Mapping):
            _check_mapping(self.strengths, labels)
        elif math.isnan(self.strengths):
            raise ValueError("strengths must be a number >= 0, got nan.")
        return FixedStrengths(self.strengths)

    def _make_module(self, candidates: Candidates, dtype: np.dtype) -> SoftEMLP:
        module = SoftEMLP(
            candidates.rep_in,
            candidates.rep_out,
            tuple(candidates.groups.values()),
            self.hidden_layer_sizes,
            self.max_rank,
        )
        return module.to(device=self.device, dtype=torch.from_numpy(np.empty(0, dtype)).dtype)

    @staticmethod
    def _set_start(
        penalty: ProjectionPenalty, strengths: Mapping[str, float], again: bool
    ) -> None:
        """Set the strengths; weights start inside the common subspace of hard candidates."""
        penalty.set_strengths(strengths)
        hard = [label for label, value in strengths.items() if math.isinf(value)]
        if hard:
            if not again:
                penalty.start_inside_(hard)
            penalty.project_(hard)

    def _make_net(
        self,
        module: SoftEMLP,
        penalty: ProjectionPenalty,
        tuner: Tuner,
        probe: FitProbe | None,
        validate: bool,
    ) -> PenalizedNet:
        callbacks: list[tuple[str, Callback]] = []
        if probe is not None:
            callbacks.append(("tuning", StrengthTuning(tuner, probe)))
            cosine = LRScheduler(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=self.max_iter)
            callbacks.append(("schedule", cosine))
        if self.early_stopping and validate:
            stopping = BestWeights(tuner.settled_after, self.n_iter_no_change, self.tol)
            callbacks.append(("best_weights", stopping))
        if self.verbose and probe is not None:
            callbacks.append(("progress", ProgressBar(self.max_iter)))
        for i, callback in enumerate(self.callbacks or []):
            callbacks.append((f"user_{i}", clone(callback, safe=False)))
        return PenalizedNet(
            module,
            torch.nn.MSELoss,
            penalty=penalty,
            form=self.penalty,
            optimizer=torch.optim.AdamW,
            optimizer__weight_decay=self.alpha,
            lr=self.learning_rate_init,
            max_epochs=self.max_iter if probe is not None else 1,
            train_split=None,
            callbacks=callbacks,
            verbose=0,
            device=self.device,
            compile=self.compile,
        )

    def _batch_size(self, n_rows: int) -> int:
        return min(200, n_rows) if self.batch_size == "auto" else min(self.batch_size, n_rows)

    # ------------------------------------------------------------------ fitted attributes

    def _keep(
        self, net: PenalizedNet, probe: FitProbe, candidates: Candidates, y_scale: torch.Tensor
    ) -> None:
        """Set the fitted attributes; the net lets go of the data."""
        labels = list(candidates.groups)
        if hasattr(net, "callbacks_"):
            net.callbacks_ = []
        net.callbacks = None
        self.net_, self._y_scale = net, y_scale
        self.groups_ = dict(candidates.groups)
        self.rep_in_, self.rep_out_ = candidates.rep_in, candidates.rep_out
        self.n_iter_ = len(net.history)
        self.regularizer_strengths_ = {label: net.penalty.strengths[label] for label in labels}
        epochs = pd.RangeIndex(1, self.n_iter_ + 1, name="epoch")
        rows = list(net.history)
        strengths = [row.get("strengths", self.regularizer_strengths_) for row in rows]
        penalties = [row.get("penalties", dict.fromkeys(labels, np.nan)) for row in rows]
        self.strength_path_ = pd.DataFrame(strengths, index=epochs, columns=labels, dtype=float)
        self.penalty_path_ = pd.DataFrame(penalties, index=epochs, columns=labels, dtype=float)
        finite = self.strength_path_.replace(np.inf, 0.0)  # a hard candidate's penalty is 0
        terms = {"data": [row["train_loss"] for row in rows]}
        curve = pd.DataFrame(terms, index=epochs).join(finite * self.penalty_path_)
        if rows and "valid_loss" in rows[0]:
            curve["validation"] = [row["valid_loss"] for row in rows]
        self.loss_curve_ = curve

    def _measure(self, probe: FitProbe, X: NDArray) -> None:
        """Equivariance errors and the report."""
        rows = X[:: max(1, len(X) // _ERROR_ROWS)][:_ERROR_ROWS]
        self.equivariance_errors_ = {
            label: mean_equivariance_error(
                probe.predict,
                rows,
                sample_elements(group, _ERROR_ELEMENTS, rows, self.rep_in_, probe.random_state),
                self.rep_in_,
                self.rep_out_,
            )
            for label, group in self.groups_.items()
        }
        residuals = probe.penalty.relative_residuals() if self.groups_ else []
        self._report = build_report(
            self.regularizer_strengths_,
            dict(zip(self.groups_, residuals, strict=True)),
            self.equivariance_errors_,
            probe.orbit_tests(_REPORT_ELEMENTS),
            probe.untestable() if self.groups_ else set(),
        )

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


def _known(labels: Sequence[str], candidates: Candidates, parameter: str) -> list[str]:
    unknown = [label for label in labels if label not in candidates.groups]
    if unknown or isinstance(labels, str):
        raise ValueError(
            f"{parameter} must name candidates, got {labels!r}; the candidates are "
            f"{list(candidates.groups)}."
        )
    return list(labels)


def _check_mapping(strengths: Mapping[str, float], labels: list[str]) -> None:
    if set(strengths) != set(labels):
        raise ValueError(
            f"strengths must name every candidate; got {sorted(map(str, strengths))}, the "
            f"candidates are {labels}."
        )
    for label, value in strengths.items():
        if isinstance(value, bool) or not isinstance(value, Real) or not value >= 0:
            raise ValueError(f"strengths[{label!r}] must be a number >= 0, got {value!r}.")


@contextlib.contextmanager
def _seeded(seed: int, device: str) -> Iterator[None]:
    """Seed torch inside, leave its global generators as they were."""
    kind = torch.device(device)
    cuda = kind.type == "cuda"
    devices = [kind.index or 0] if cuda else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
