"""The parameters that all network estimators share, with their documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, TypeVar

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions
from skorch.callbacks import Callback

from sksofteq.training import PenalizedNet

_CANDIDATES = """\
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
        Dimensions of named spaces, such as ``{"joint": 31, "xyz": 3}``."""

_TRAINING = """\
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
        must be the same."""

_COMPUTING = """\
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
        Show a progress bar with losses and strengths."""

_ATTRIBUTES = """\
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
        Names of features seen during `fit`, if they are strings."""

_SHARED = {
    "candidates": _CANDIDATES,
    "training": _TRAINING,
    "computing": _COMPUTING,
    "attributes": _ATTRIBUTES,
}

Estimator = TypeVar("Estimator", bound=type)


def with_shared_docs(estimator: Estimator) -> Estimator:
    """Put the shared parts of the documentation where a class's docstring names them."""
    for name, text in _SHARED.items():
        if estimator.__doc__:  # python -OO has none
            estimator.__doc__ = estimator.__doc__.replace(f"<{name}>", text)
    return estimator


class NetworkParameters(BaseEstimator):
    """What every network estimator lets a user choose, and what only some of them do."""

    #: What trains a network.
    net_class = PenalizedNet
    # What is fixed unless an estimator has a parameter of that name.
    penalty, untestable, augment, average = "proximal", "keep", False, False

    _parameter_constraints: dict = {  # noqa: RUF012 - scikit-learn's convention
        "symmetries": "no_validation",
        "rep_in": "no_validation",
        "rep_out": "no_validation",
        "spaces": [Mapping, None],
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
        self.callbacks = callbacks
        self.device = device
        self.compile = compile
        self.random_state = random_state
        self.verbose = verbose
