"""Models that are kept in tests/data, for later versions to load.

``python tests/saved_kit.py`` fits them and writes them anew, with inputs and predictions. Do that
only where a release cannot read earlier files, and say so in the changelog.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from sksofteq import (
    AugmentedRegressor,
    EquivariantScaler,
    FrameAveragingRegressor,
    ResidualPathwayRegressor,
    SoftEquivariantRegressor,
    SoftEquivariantRidge,
)
from sksofteq.groups import SO
from sksofteq.tuning import ProcessTuner

DATA = Path(__file__).parent / "data"
MODELS, PREDICTIONS = DATA / "models.skops", DATA / "predictions.npz"

CANDIDATES = {"turns": SO(2).embed("xy"), "moves": "Translation(3)"}
REPS = {"rep_in": "scalar + 2*point", "rep_out": "vector"}
NETWORK = REPS | {"hidden_layer_sizes": (6,), "max_iter": 2, "random_state": 0}
AVERAGED = {"average": ["turns"], "augment": False, "tuner": ProcessTuner()}


def table(n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.RandomState(0).standard_normal((n, 7))
    return X, X[:, :1] * (X[:, 1:4] - X[:, 4:]) + [0.0, 0.0, 1.0]


def fitted_models() -> dict:
    """One fit of every way to be saved.

    None of them holds an estimator of scikit-learn's, which warn in any other version.
    """
    X, y = table()
    straight = X[:, 1:4] - X[:, 4:]  # for which pilots choose a linear map
    fitted = {name: model.fit(X, y) for name, model in models().items()}
    return fitted | {"linear": SoftEquivariantRegressor(CANDIDATES, **NETWORK).fit(X, straight)}


def models() -> dict:
    """Those that are fitted to one table, not fitted."""
    inner = SoftEquivariantRidge()
    return {
        "typed": SoftEquivariantRegressor(CANDIDATES, network="typed", **AVERAGED, **NETWORK),
        "plain": SoftEquivariantRegressor(CANDIDATES, network="plain", **NETWORK),
        "pathways": ResidualPathwayRegressor(CANDIDATES, **NETWORK),
        "ridge": SoftEquivariantRidge(CANDIDATES, degree=2, random_state=0, **REPS),
        "augmented": AugmentedRegressor(
            inner, {"turns": "SO(2)@x,y"}, average=True, random_state=0, **REPS
        ),
        "frames": FrameAveragingRegressor(inner, ["SE(3)"], random_state=0, **REPS),
        "scaler": EquivariantScaler(CANDIDATES, rep=REPS["rep_in"]),
    }


def predictions(fitted: dict, X: np.ndarray) -> dict[str, np.ndarray]:
    return {
        name: (model.predict if hasattr(model, "predict") else model.transform)(X)
        for name, model in fitted.items()
    }


def main() -> None:
    """Fit and write."""
    from skops import io

    (X, _), fitted = table(), fitted_models()
    DATA.mkdir(exist_ok=True)
    io.dump(fitted, MODELS, compression=zipfile.ZIP_DEFLATED, compresslevel=9)
    np.savez_compressed(PREDICTIONS, X=X[:8], **predictions(fitted, X[:8]))


if __name__ == "__main__":
    main()
