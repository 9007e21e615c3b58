"""Texts that the docstrings of several estimators share."""

from __future__ import annotations

from typing import TypeVar

_CANDIDATES = """\
symmetries : sequence or mapping of group names or groups, default=None
        The candidates, such as ``("O(2)@x,y", "O(2)@y,z")``; a mapping gives them labels.
        Without any this is an ordinary regressor that knows no symmetry.
    <representations>"""

_REPRESENTATIONS = """\
rep_in : str, Representation or mapping, default=None
        What the columns of X mean, such as ``"5*scalar + 5*vector"``; a mapping from column
        names (tuples for the components of one feature, ``*`` patterns) for a DataFrame. Its key
        ``"*"`` stands for all columns not named otherwise, and the type "drop" leaves columns
        out. Needed with candidates.
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
    loss : {"squared_error", "distance"}, default="squared_error"
        What the fit makes small: the mean over outputs of the squared error, or its root, which
        is the distance between prediction and target (of one output, the absolute error) and
        heeds rows that are far off less. y is standardised. Tests of candidates compare squares.
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
        the last change of strengths do not count. A ConvergenceWarning tells if the loss still
        fell by more than `tol` an epoch at the end of `max_iter` epochs. Without early stopping
        nothing is said: the learning rate falls to zero over `max_iter` epochs, however many.
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
        skorch's own do. With a `sksofteq.training.Checkpoint` a fit that is killed can go on.
    device : str, default="cpu"
        Where torch computes, such as "cuda".
    compile : bool, default=False
        On CUDA, whether steps of training are recorded as graphs and replayed, which is several
        times faster and takes a fraction of a second to set up. On the CPU, and for networks of
        your own and sampled penalties on CUDA, whether the network is compiled by
        ``torch.compile``, which needs a compiler and some seconds.
    random_state : int, RandomState instance or None, default=None
        Seed of everything; the global generators are left alone.
    verbose : bool, default=False
        Show a progress bar with losses and strengths. The logger "sksofteq" tells of tests and
        pilots before the fit (level INFO), and of a fit that will take long (WARNING)."""

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

#: By the word that stands for each; a text may hold a later one.
_SHARED = {
    "candidates": _CANDIDATES,
    "representations": _REPRESENTATIONS,
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
