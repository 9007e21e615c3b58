"""The sampled rival: a plain network, and a penalty on its predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from sklearn.utils._param_validation import Interval, StrOptions
from skorch.callbacks import Callback

from sksofteq.candidates import Candidates
from sksofteq.estimators._checks import check_hidden_sizes, check_strengths
from sksofteq.estimators._docs import with_shared_docs
from sksofteq.estimators._network import NetworkRegressor
from sksofteq.tuning import FixedStrengths, Tuner


@with_shared_docs
class SampledEquivariantRegressor(NetworkRegressor):
    """Plain network with a sampled equivariance penalty per candidate (REMUL, arXiv 2410.17878).

    The loss is the mean squared error, y standardised, + sum_G strength_G R_G, where R_G is the
    mean square of f(rho_in(g) x) - rho_out(g) y over the rows (x, y) of a batch, or of
    f(rho_in(g) x) - rho_out(g) f(x), with one random element g of the candidate per step. Hidden
    features have no types: all of them are scalars, whatever the candidates do.

    **Assumes** nothing of the network, and that equivariance is wanted where the group takes the
    data. **Costs** one more pass of the network per candidate and step, and the strengths are
    yours to choose. **Prefer it** when the network cannot be built of typed layers, or a group
    acts so that its equivariant maps say nothing; the result is equivariant roughly, never
    exactly.

    Parameters
    ----------
    <candidates>
    strengths : float or mapping of str to float, default=1.0
        Weight >= 0 of each candidate's penalty beside the mean squared error, y standardised.
    against : {"target", "prediction"}, default="target"
        Whether the prediction at a moved input is compared with the moved target, which weighs
        augmented rows beside the data, or with the moved prediction.
    <training>
    <computing>

    Attributes
    ----------
    <attributes>

    See Also
    --------
    SoftEquivariantRegressor : Penalties on weights, which need no samples, with tuned strengths.
    AugmentedRegressor : Moved rows alone, around any regressor.

    Notes
    -----
    The column residual of the report is NaN: weights between features without types have no
    equivariant part. Early stopping and the column "data" of `loss_curve_` count the data's error
    alone; `penalty_path_` holds means over the steps of each epoch. `max_rank` counts for
    nothing, as hidden features are scalars, and other ones are an error.

    References
    ----------
    Elhag, Rusch, Di Giovanni, Bronstein: Relaxed Equivariance via Multitask Learning
    (arXiv 2410.17878).

    Examples
    --------
    >>> from sksofteq import SampledEquivariantRegressor
    >>> from sksofteq.datasets import make_inertia
    >>> X, y = make_inertia(n_samples=100, random_state=0)
    >>> model = SampledEquivariantRegressor(
    ...     ("O(3)",), rep_in="5*scalar + 5*vector", rep_out="tensor(2)",
    ...     hidden_layer_sizes=(32,), max_iter=5, random_state=0)
    >>> model.fit(X, y).predict(X[:2]).shape
    (2, 9)
    """

    _parameter_constraints: dict = {  # noqa: RUF012 - scikit-learn's convention
        **NetworkRegressor._parameter_constraints,
        "strengths": [Interval(Real, 0, None, closed="left"), Mapping],
        "against": [StrOptions({"target", "prediction"})],
    }
    network, penalty = "plain", "sampled"

    def __init__(
        self,
        symmetries: Any = None,
        *,
        rep_in: Any = None,
        rep_out: Any = None,
        spaces: Mapping[str, int] | None = None,
        strengths: float | Mapping[str, float] = 1.0,
        against: str = "target",
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
        self.against = against

    def _make_tuner(self, labels: list[str]) -> Tuner:
        check_strengths(self.strengths, labels, finite=True)
        return FixedStrengths(self.strengths)

    def _architecture(self, candidates: Candidates) -> dict[str, Any]:
        """Widths of scalars.

        Raises
        ------
        ValueError
            If hidden features have other types.
        """
        sizes = check_hidden_sizes(self.hidden_layer_sizes, candidates.rep_in.dims)
        for size in sizes:
            if not isinstance(size, int) and any(kind.rank for _, kind in size.terms):
                raise ValueError(
                    "hidden_layer_sizes must hold widths, or scalars, as a sampled penalty is for "
                    f"networks without types; got {str(size)!r}."
                )
        return {"hidden_layer_sizes": sizes, "max_rank": 0}
