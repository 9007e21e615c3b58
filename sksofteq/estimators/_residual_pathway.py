"""The relaxed rivals: equivariant pathways with a free, residual one beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from sklearn.utils._param_validation import Interval
from skorch.callbacks import Callback

from sksofteq.candidates import Candidates
from sksofteq.estimators._docs import with_shared_docs
from sksofteq.estimators._network import NetworkRegressor
from sksofteq.estimators._plans import Plan
from sksofteq.estimators._table import Table
from sksofteq.nn import SoftEMLP
from sksofteq.penalties import PathwayPenalty, Penalty
from sksofteq.tuning import FixedStrengths, Tuner


@with_shared_docs
class ResidualPathwayRegressor(NetworkRegressor):
    """Network whose layers add a free pathway to an equivariant one (RPP, arXiv 2112.01388).

    Every linear layer is the sum of a pathway that is equivariant to all candidates and of a
    residual one, each with a Gaussian prior. The residual one starts a thousand times smaller
    and has the tighter prior, so that the network departs from the symmetry where data ask for
    it. The two priors together are one on the weights themselves, of precision
    1 / (1 / alpha + 1 / (alpha + alpha_residual)) within the candidates' common subspace and
    alpha + alpha_residual outside of it; their difference is reported as the strength.

    **Assumes** that all candidates hold together, roughly; a single number says how roughly, and
    you choose it. **Costs** about a step of `SoftEquivariantRegressor` and twice the weights.
    **Prefer it** as a yardstick; `SoftEquivariantRegressor` finds one number per candidate.

    Parameters
    ----------
    <candidates>
    <training>
    alpha_residual : float, default=1.0
        Further decay of the residual pathway: its weights shrink by
        1 / (1 + learning rate * alpha_residual) per step. `alpha` is the prior of all weights.
    <computing>

    Attributes
    ----------
    <attributes>

    See Also
    --------
    MixedResidualPathwayRegressor : One pathway per candidate.
    SoftEquivariantRegressor : One tuned penalty per candidate.

    Notes
    -----
    The authors add both priors to the loss that Adam sees; here they act after its step, which is
    stable for any decay. Their gate has a free part as well, ours has none.

    References
    ----------
    Finzi, Benton, Wilson: Residual Pathway Priors for Soft Equivariance Constraints, NeurIPS 2021
    (arXiv 2112.01388).

    Examples
    --------
    >>> from sksofteq import ResidualPathwayRegressor
    >>> from sksofteq.datasets import make_inertia
    >>> X, y = make_inertia(n_samples=100, random_state=0)
    >>> model = ResidualPathwayRegressor(
    ...     ("O(3)",), rep_in="5*scalar + 5*vector", rep_out="tensor(2)",
    ...     hidden_layer_sizes=(32,), max_iter=5, random_state=0)
    >>> model.fit(X, y).predict(X[:2]).shape
    (2, 9)
    """

    _parameter_constraints: dict = {  # noqa: RUF012 - scikit-learn's convention
        **NetworkRegressor._parameter_constraints,
        "alpha_residual": [Interval(Real, 0, None, closed="left")],
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
        loss: str = "squared_error",
        alpha: float = 1e-4,
        alpha_residual: float = 1.0,
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
        self.alpha_residual = alpha_residual

    def _make_tuner(self, labels: list[str]) -> Tuner:
        return FixedStrengths(prior_strength(self.alpha, self.alpha_residual))

    def _build_module(self, candidates: Candidates, plan: Plan) -> SoftEMLP:
        if not candidates.groups:
            return super()._build_module(candidates, plan)
        pathways = self._pathways(list(candidates.groups))
        module = SoftEMLP(
            candidates.rep_in,
            candidates.rep_out,
            tuple(candidates.groups.values()),
            n_pathways=len(pathways),
            **self._architecture(candidates),
        )
        PathwayPenalty(module.core, candidates.groups, pathways).start_inside_()
        return module

    def _make_penalty(self, module: SoftEMLP, table: Table, seed: int) -> Penalty:
        groups = table.candidates.groups
        if not groups:
            return super()._make_penalty(module, table, seed)
        pathways = self._pathways(list(groups))
        return PathwayPenalty(module.core, groups, pathways, self.alpha_residual)

    def _start_strengths(self, penalty: Penalty) -> dict[str, float]:
        return dict.fromkeys(penalty.strengths, math.inf)

    def _pathways(self, labels: list[str]) -> list[list[str]]:
        """The candidates of every equivariant pathway."""
        return [labels]


@with_shared_docs
class MixedResidualPathwayRegressor(ResidualPathwayRegressor):
    """Network with one equivariant pathway per candidate and a free one (Mixed-RPP).

    `ResidualPathwayRegressor` with a pathway for each candidate, as the paper of the projection
    penalty (arXiv 2306.00356) extends RPP (arXiv 2112.01388) to compare with.

    **Assumes** that some sum of maps, each with one of the symmetries, is near the truth; such a
    sum has none of them, so little tells which candidates hold. The strength that is reported is
    that of one pathway beside the residual one, the same for all. **Costs** one set of weights
    per candidate and a projection each. **Prefer it** as a yardstick.

    Parameters
    ----------
    <candidates>
    <training>
    alpha_residual : float, default=1.0
        Further decay of the residual pathway: its weights shrink by
        1 / (1 + learning rate * alpha_residual) per step. `alpha` is the prior of all weights.
    <computing>

    Attributes
    ----------
    <attributes>

    See Also
    --------
    ResidualPathwayRegressor : One pathway, equivariant to all candidates at once.

    References
    ----------
    Kim, Lee, Yang, Lee: Regularizing Towards Soft Equivariance Under Mixed Symmetries, ICML 2023
    (arXiv 2306.00356). Finzi, Benton, Wilson: Residual Pathway Priors for Soft Equivariance
    Constraints, NeurIPS 2021 (arXiv 2112.01388).

    Examples
    --------
    >>> from sksofteq import MixedResidualPathwayRegressor
    >>> from sksofteq.datasets import make_inertia
    >>> X, y = make_inertia(n_samples=100, axis="z", random_state=0)
    >>> model = MixedResidualPathwayRegressor(
    ...     ("O(2)@x,y", "O(2)@y,z"), rep_in="5*scalar + 5*vector", rep_out="tensor(2)",
    ...     hidden_layer_sizes=(32,), max_iter=5, random_state=0)
    >>> model.fit(X, y).predict(X[:2]).shape
    (2, 9)
    """

    def _pathways(self, labels: list[str]) -> list[list[str]]:
        return [[label] for label in labels]


def prior_strength(alpha: float, alpha_residual: float) -> float:
    """How much tighter the two priors are outside of the equivariant subspace than within."""
    outside = alpha + alpha_residual
    return outside - (alpha * outside / (alpha + outside) if alpha else 0.0)
