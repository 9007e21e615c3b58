"""The classifier: the same network, with probabilities of classes as its outputs."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted
from skorch.callbacks import Callback

from sksofteq._plain import SavedPlainly
from sksofteq.estimators._docs import with_shared_docs
from sksofteq.estimators._run import FitRun
from sksofteq.estimators._soft_equivariant import SoftEquivariantRegressor
from sksofteq.estimators._start import seeded
from sksofteq.estimators._table import kept_on_error
from sksofteq.tuning import Tuner

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: Fitted attributes of the network that are the classifier's, too.
FOUND = (
    "regularizer_strengths_",
    "equivariance_errors_",
    "strength_path_",
    "penalty_path_",
    "loss_curve_",
    "pilots_",
    "groups_",
    "rep_in_",
    "rep_out_",
    "net_",
    "n_iter_",
    "n_features_in_",
    "feature_names_in_",
)


class ProbabilityNetwork(SoftEquivariantRegressor):
    """A regressor of probabilities, from columns that are 1 for the class and 0 for others."""

    _parameter_constraints: dict = {  # noqa: RUF012 - scikit-learn's convention
        **SoftEquivariantRegressor._parameter_constraints,
        "loss": [StrOptions({"log_loss"})],
    }


@with_shared_docs
class SoftEquivariantClassifier(ClassifierMixin, SavedPlainly, BaseEstimator):
    """Classifier that finds out which candidate symmetries the data have, while it fits.

    The network of `SoftEquivariantRegressor`, with its penalties, rules, tests and pilots, whose
    outputs are logits. The loss is minus the mean logarithm of the probability of the right class.
    Symmetries are tested on the columns that are 1 for a class and 0 for others, by squared
    errors; predictions that are averaged over a group are averaged as probabilities.

    Parameters
    ----------
    symmetries : sequence or mapping of group names or groups, default=None
        The candidates, such as ``("O(2)@x,y", "O(2)@y,z")``; a mapping gives them labels.
        Without any this is an ordinary classifier that knows no symmetry.
    rep_in : str, Representation or mapping, default=None
        What the columns of X mean; as for `SoftEquivariantRegressor`.
    rep_out : str or Representation, default=None
        What the classes mean, in the order of `classes_`; None for invariant probabilities. A
        named space that a candidate permutes, such as ``"side"`` with ``spaces={"side": 2}``,
        lets moved rows change their class. Other types than scalars and entries of such spaces
        make no sense for probabilities.
    spaces : mapping of str to int, default=None
        Dimensions of named spaces.
    class_weight : mapping, "balanced" or None, default=None
        Weights of classes by label; "balanced" makes all classes count alike.
    strengths, tuner, network, penalty, augment, average, untestable
        As for `SoftEquivariantRegressor`; ``network="auto"`` tries no linear map.
    <training>
    <computing>

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    network_ : estimator
        The fitted network, a regressor of probabilities.
    pilots_ : DataFrame
        What ``network="auto"`` compared, by log loss.
    <attributes>

    See Also
    --------
    SoftEquivariantRegressor : The same for numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sksofteq import SoftEquivariantClassifier
    >>> X = np.random.RandomState(0).standard_normal((200, 2))
    >>> y = np.where(np.hypot(X[:, 0], X[:, 1]) > 1.2, "far", "near")
    >>> model = SoftEquivariantClassifier(
    ...     ("SO(2)",), rep_in="vector", hidden_layer_sizes=(16,), max_iter=20, random_state=0)
    >>> model.fit(X, y).predict([[0.1, 0.2], [3.0, 0.0]])
    array(['near', 'far'], dtype='<U4')
    """

    _parameter_constraints: dict = {  # noqa: RUF012 - scikit-learn's convention
        **SoftEquivariantRegressor._parameter_constraints,
        "class_weight": [Mapping, StrOptions({"balanced"}), None],
    }
    del _parameter_constraints["loss"]
    net_class = SoftEquivariantRegressor.net_class  # what trains the network inside

    def __init__(
        self,
        symmetries: Any = None,
        *,
        rep_in: Any = None,
        rep_out: Any = None,
        spaces: Mapping[str, int] | None = None,
        class_weight: Mapping[Any, float] | str | None = None,
        strengths: float | Mapping[str, float] | None = None,
        tuner: str | Tuner = "process",
        network: str = "auto",
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
        augment: bool | str | Sequence[str] = "auto",
        average: bool | str | Sequence[str] = "auto",
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
        self.class_weight = class_weight
        self.strengths = strengths
        self.tuner = tuner
        self.network = network
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

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> SoftEquivariantClassifier:
        """Fit the network.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Labels of two classes or more.
        sample_weight : array-like of shape (n_samples,), default=None
            On top of `class_weight`.
        groups : array-like of shape (n_samples,), default=None
            Rows with one value stay together when a validation part is split off.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            If y holds one class only, or, in a warm start, other ones than before.
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
        again = self.warm_start and hasattr(self, "network_")
        y = _check_labels(X, y)
        classes = self.classes_ if again else np.unique(y)
        columns, weight = self._columns(y, classes, sample_weight)
        network = self._network(again)
        run = network.begin_fit(X, columns, weight, groups)
        self._begun = network, classes
        return run

    def finish_fit(self, run: FitRun) -> None:
        """Everything that comes after the training."""
        network, classes = vars(self).pop("_begun")
        network.finish_fit(run)
        self._keep(network, classes)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> SoftEquivariantClassifier:
        """Train for one epoch on a chunk of rows; nothing is tuned.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed in the first call.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self : estimator
        """
        again = hasattr(self, "network_")
        if not again and classes is None:
            raise ValueError("classes must be given in the first call of partial_fit, got None.")
        y = _check_labels(X, y)
        known = self.classes_ if again else np.unique(classes)
        columns, weight = self._columns(y, known, sample_weight)
        self._keep(self._network(again).partial_fit(X, columns, weight), known)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray:
        """Predict the probabilities of classes.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        return self.network_.predict(X)

    def predict_log_proba(self, X: ArrayLike) -> NDArray:
        """Predict the logarithms of the probabilities; shapes as of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict labels, shape (n_samples,)."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def symmetry_report(self) -> pd.DataFrame:
        """Return what was found out about every candidate, as a regressor's report."""
        check_is_fitted(self)
        return self.network_.symmetry_report()

    def _columns(
        self, y: NDArray, classes: NDArray, sample_weight: ArrayLike | None
    ) -> tuple[NDArray, NDArray]:
        """A column for each class, and weights."""
        if len(classes) < 2:
            found = f"one class: {classes.tolist()[0]!r}" if len(classes) else "no rows"
            raise ValueError(f"y must hold at least two classes, got {found}.")
        strange = np.setdiff1d(y, classes)
        if len(strange):
            known, other = classes.tolist(), strange.tolist()
            raise ValueError(f"y must hold the labels {known}, got {other} too.")
        weight = compute_sample_weight(self.class_weight, y)
        if sample_weight is not None:
            weight = weight * _check_sample_weight(sample_weight, y, ensure_non_negative=True)
        return (y[:, None] == classes).astype(np.float64), weight

    def _network(self, again: bool) -> ProbabilityNetwork:
        """A network with these parameters; in a warm start a copy, lest a fit fail."""
        given = {k: v for k, v in self.get_params(deep=False).items() if k != "class_weight"}
        if again:
            return copy.copy(self.network_).set_params(**given)
        return ProbabilityNetwork(**given, loss="log_loss")

    def _keep(self, network: ProbabilityNetwork, classes: NDArray) -> None:
        self.network_, self.classes_ = network, classes
        found = {name: getattr(network, name) for name in FOUND if hasattr(network, name)}
        vars(self).update(found)


def _check_labels(X: ArrayLike, y: ArrayLike) -> NDArray:
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None.")
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name="y")
    check_classification_targets(y)
    check_consistent_length(X, y)
    return y
