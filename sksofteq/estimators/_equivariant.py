"""The strict rival: a network that is equivariant by construction."""

from __future__ import annotations

import math

from sksofteq.estimators._docs import with_shared_docs
from sksofteq.estimators._network import NetworkRegressor
from sksofteq.tuning import FixedStrengths, Tuner


@with_shared_docs
class EquivariantRegressor(NetworkRegressor):
    """Network that is exactly equivariant to all of its candidates (EMLP, arXiv 2104.09459).

    All weights stay in the common subspace of the candidates, so that the network is equivariant
    to the group that they generate, to rounding and for any weights.

    **Assumes** that every candidate holds exactly; one that does not costs accuracy that no
    amount of data brings back. **Costs** what `SoftEquivariantRegressor` with fixed strengths
    costs: a step is a plain network's of the same width and types, and a projection; no rows are
    held out unless early stopping asks for them. **Prefer it** when physics vouches for the
    symmetry, above all when new data come in poses that were never recorded: it needs no test,
    which the data could not pass or fail.

    Parameters
    ----------
    <candidates>
    <training>
    <computing>

    Attributes
    ----------
    <attributes>

    See Also
    --------
    SoftEquivariantRegressor : Finds out which candidates hold; ``strengths=inf`` is this network.
    FrameAveragingRegressor : The same promise for rotations, around any regressor.

    Notes
    -----
    The published network projects dense weights in every forward pass, ours once after every step
    of Adam: the same functions. Gates differ from the authors' in being exactly equivariant.

    References
    ----------
    Finzi, Welling, Wilson: A Practical Method for Constructing Equivariant Multilayer Perceptrons
    for Arbitrary Matrix Groups, ICML 2021 (arXiv 2104.09459).

    Examples
    --------
    >>> from sksofteq import EquivariantRegressor
    >>> from sksofteq.datasets import make_inertia
    >>> X, y = make_inertia(n_samples=100, random_state=0)
    >>> model = EquivariantRegressor(
    ...     ("O(3)",), rep_in="5*scalar + 5*vector", rep_out="tensor(2)",
    ...     hidden_layer_sizes=(32,), max_iter=5, random_state=0)
    >>> model.fit(X, y).equivariance_errors_["O(3)"] < 1e-6
    True
    """

    def _make_tuner(self, labels: list[str]) -> Tuner:
        return FixedStrengths(math.inf)
