"""Every estimator of the package, made for columns that are two vectors, and comparisons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import Ridge

from sksofteq import (
    AugmentedRegressor,
    EquivariantRegressor,
    FrameAveragingRegressor,
    MixedResidualPathwayRegressor,
    ResidualPathwayRegressor,
    SampledEquivariantRegressor,
    SoftEquivariantRegressor,
    SoftEquivariantRidge,
)

CANDIDATES = ("O(2)@x,y", "O(2)@y,z")
#: What is set where an estimator has such a parameter; the columns are two vectors.
QUICK = {
    "rep_in": "2*vector",
    "hidden_layer_sizes": (16,),
    "max_iter": 3,
    "random_state": 0,
}


def factory(estimator, *first, **settings):
    """Makes the estimator from parameters, of which it is given those that it has."""
    known = set(estimator().get_params(deep=False))

    def make(**parameters):
        chosen = QUICK | settings | parameters
        return estimator(*first, **{k: v for k, v in chosen.items() if k in known})

    return make


#: Every estimator; further ones are added here.
NETWORKS = {
    "soft, fixed": factory(SoftEquivariantRegressor, CANDIDATES, strengths=1.0),
    "soft, tuned": factory(SoftEquivariantRegressor, CANDIDATES, max_iter=13),
    "equivariant": factory(EquivariantRegressor, CANDIDATES),
    "residual pathway": factory(ResidualPathwayRegressor, CANDIDATES),
    "mixed pathways": factory(MixedResidualPathwayRegressor, CANDIDATES),
    "sampled": factory(SampledEquivariantRegressor, CANDIDATES),
}
OTHERS = {
    "ridge": factory(SoftEquivariantRidge, CANDIDATES),
    "augmented": factory(AugmentedRegressor, Ridge(0.1), CANDIDATES, average=True),
    "frames": factory(FrameAveragingRegressor, Ridge(0.1), CANDIDATES[:1]),
}
ESTIMATORS = NETWORKS | OTHERS
#: Those that fit all rows as they are, so that a single row's weight is all that it counts for.
ON_ALL_ROWS = [name for name in ESTIMATORS if name not in ("soft, tuned", "augmented")]


def table(n=60, seed=0):
    X = np.random.RandomState(seed).standard_normal((n, 6))
    return X, X[:, 0] ** 2 + X[:, 1] ** 2 + X[:, 5]


def weights(model) -> dict[str, torch.Tensor]:
    return model.net_.module_.state_dict()


def assert_same_fit(first, second) -> None:
    """Bit-equal weights, where there are any, and strengths."""
    if hasattr(first, "net_"):
        ours, theirs = weights(first), weights(second)
        assert ours.keys() == theirs.keys()
        for name in ours:
            assert torch.equal(ours[name], theirs[name]), name
    assert first.regularizer_strengths_ == second.regularizer_strengths_
    assert first.equivariance_errors_ == second.equivariance_errors_
    pd.testing.assert_frame_equal(first.symmetry_report(), second.symmetry_report())


def same_weights(first, second) -> bool:
    ours, theirs = weights(first), weights(second)
    alike = ours.keys() == theirs.keys()
    return alike and all(torch.equal(ours[name], theirs[name]) for name in ours)
