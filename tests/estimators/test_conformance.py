"""scikit-learn's own checks, for the defaults and for a fixed-size representation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_estimator,
    check_param_validation,
    parametrize_with_checks,
)

import sksofteq

QUICK = {"hidden_layer_sizes": (32,), "max_iter": 200, "random_state": 0}
#: Estimators of several networks have smaller ones.
SMALL = {
    "SoftEquivariantEnsemble": {
        "estimator": sksofteq.SoftEquivariantRegressor(hidden_layer_sizes=(32,), max_iter=20),
        "n_estimators": 4,
    }
}


def _instances() -> list:
    names = [name for name in sksofteq.__all__ if isinstance(getattr(sksofteq, name), type)]
    made = []
    for name in names:
        estimator = getattr(sksofteq, name)()
        quick = {k: v for k, v in QUICK.items() if k in estimator.get_params()}
        made.append(estimator.set_params(**quick, **SMALL.get(name, {})))
    return made


@parametrize_with_checks(_instances())
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_defaults_pass_with_nothing_failed():
    results = check_estimator(sksofteq.SoftEquivariantRegressor(), on_fail=None, on_skip=None)
    failed = [r["check_name"] for r in results if r["status"] == "failed"]
    assert failed == []


@pytest.mark.parametrize("estimator", _instances(), ids=lambda e: type(e).__name__)
def test_checks_outside_the_battery(estimator):
    name = type(estimator).__name__
    check_param_validation(name, clone(estimator))
    check_dataframe_column_names_consistency(name, clone(estimator))


def test_predictions_keep_dtype():
    X = np.random.RandomState(0).standard_normal((30, 4))
    for dtype in (np.float32, np.float64):
        model = sksofteq.SoftEquivariantRegressor(**QUICK).fit(X.astype(dtype), X[:, 0])
        assert model.predict(X.astype(dtype)).dtype == dtype
