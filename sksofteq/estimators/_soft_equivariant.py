"""The estimator: a soft equivariant network with strengths that tune themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import Interval, StrOptions
from skorch.callbacks import Callback

from sksofteq.candidates import Candidates
from sksofteq.estimators._checks import check_hidden_sizes
from sksofteq.estimators._network import NetworkRegressor
from sksofteq.nn import SoftEMLP
from sksofteq.tuning import FixedStrengths, Tuner, make_tuner


class SoftEquivariantRegressor(NetworkRegressor):
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
        The rule that sets strengths during the fit. "paper" needs ``penalty="gradient"`` to tell
        candidates apart (docs/performance.md).
    penalty : {"proximal", "gradient"}, default="proximal"
        Whether the penalty is a proximal step after the optimizer's, stable for any strength, or
        part of the gradient that Adam normalises, as published. A strength of one form is not
        the same as one of the other.
    hidden_layer_sizes : sequence of int, Representation or str, default=(128, 128)
        Widths of the hidden layers, gates not counted, or their features, such as
        ``"16*scalar + 8*vector"``.
    max_rank : int, default=2
        Highest rank of hidden tensors.
    alpha : float, default=1e-4
        Decoupled weight decay.
    learning_rate_init : float, default=1e-2
        Adam's learning rate at the start; it falls to zero along a cosine. The weights of a layer
        with more than 64 inputs get 64 / inputs of it.
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
        Continue from the weights and strengths of the last fit, with its standardisation;
        strengths that are given take effect anew. Candidates, representations and hidden layers
        must be the same.
    augment : bool or sequence of str, default=False
        Move the training rows by random elements of candidates, anew in every epoch: of those
        that the rule takes to hold (True), or of the ones named.
    average : bool, "auto" or sequence of str, default=False
        Average predictions over 8 group elements, which makes `predict` 8 times as dear: of the
        candidates whose verdict is "holds" (True), of those if that lowers the validation error
        ("auto"), or of the ones named.
    untestable : {"keep", "drop"}, default="keep"
        Whether a candidate that the data cannot test keeps the strength that the tuner starts with
        or gets none.
    callbacks : list of skorch callbacks, default=None
        Cloned in `fit`. A callback may end the fit by a KeyboardInterrupt in ``on_epoch_end``, as
        skorch's own do; any other interrupt leaves the estimator as it was.
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
        The strengths in force at the end, by candidate, in the order given.
    equivariance_errors_ : dict of str to float
        Equivariance error of the fitted network by candidate, on validation rows if there are
        any.
    strength_path_ : DataFrame of shape (n_iter_, n_candidates)
        Strengths in force during each epoch; a change at the end of an epoch counts from the
        next one.
    penalty_path_ : DataFrame of shape (n_iter_, n_candidates)
        R_G at the end of each epoch.
    loss_curve_ : DataFrame of shape (n_iter_, 1 + n_candidates or more)
        Terms of the loss over epochs: "data", each candidate's strength * R_G, and "validation",
        NaN in epochs without a validation part.
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
        learning_rate_init: float = 1e-2,
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

    def _make_tuner(self, labels: list[str]) -> Tuner:
        if self.strengths is None:
            return make_tuner(self.tuner) if labels else FixedStrengths()
        if isinstance(self.strengths, Mapping):
            _check_mapping(self.strengths, labels)
        return FixedStrengths(self.strengths)

    def _architecture(self, candidates: Candidates) -> dict[str, Any]:
        sizes = check_hidden_sizes(self.hidden_layer_sizes, candidates.rep_in.dims)
        return {"hidden_layer_sizes": sizes, "max_rank": self.max_rank}

    def _build_module(self, candidates: Candidates) -> SoftEMLP:
        return SoftEMLP(
            candidates.rep_in,
            candidates.rep_out,
            tuple(candidates.groups.values()),
            **self._architecture(candidates),
        )


def _check_mapping(strengths: Mapping[str, float], labels: list[str]) -> None:
    if set(strengths) != set(labels):
        raise ValueError(
            f"strengths must name every candidate; got {sorted(map(str, strengths))}, the "
            f"candidates are {labels}."
        )
    for label, value in strengths.items():
        if isinstance(value, bool) or not isinstance(value, Real) or not value >= 0:
            raise ValueError(f"strengths[{label!r}] must be a number >= 0, got {value!r}.")
