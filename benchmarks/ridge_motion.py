"""How well does linear regression predict recorded motion, as recorded and at any heading?

    python -m benchmarks.ridge_motion

The published task (`benchmarks._motion`): about 200 windows for training. All recordings head the
same way, so test rows are predicted as recorded and turned about the vertical, each by an angle
of its own. Mean squared errors x 100 in the archive's units.
"""

from __future__ import annotations

import time
from itertools import product
from typing import Any

import numpy as np

from benchmarks import _motion
from benchmarks._common import save, table
from sksofteq import SoftEquivariantRidge

#: Columns of the vectors and of all features, and what they mean.
FEATURES = {"vectors": (186, "2*joint*xyz"), "and lengths": (248, "2*joint*xyz + 2*joint")}
#: Criterion, and whether the trials are left out whole.
CRITERIA = {"evidence": ("evidence", False), "rows": ("loo", False), "trials": ("loo", True)}


def measure(motion: str, features: str, strength: float | None, chosen_by: str) -> dict[str, Any]:
    """Fit once; errors on test rows as recorded and turned."""
    n_columns, rep_in = FEATURES[features]
    criterion, grouped = CRITERIA[chosen_by]
    X, y, trial = _motion.windows(motion, "train")
    model = SoftEquivariantRidge(
        {"turns": _motion.TURNS},
        **(_motion.VIEW | {"rep_in": rep_in}),
        strengths=strength,
        criterion=criterion,
        random_state=0,
    )
    start = time.perf_counter()
    model.fit(X[:, :n_columns], y, groups=trial if grouped else None)
    seconds = time.perf_counter() - start
    X, y, _ = _motion.windows(motion, "test")
    errors = {}
    for name, rows in (("recorded", (X, y)), ("turned", _motion.turned(X, y))):
        predicted = model.predict(rows[0][:, :n_columns])
        errors[name] = 100 * float(np.mean((predicted - rows[1]) ** 2))
    horizontal, vertical = model.alpha_[:2]
    return {
        "motion": motion,
        "features": features,
        "strength": "chosen" if strength is None else f"{strength:g}",
        "by": chosen_by,
        **errors,
        "chosen": model.regularizer_strengths_["turns"],
        "alpha horizontal": horizontal,
        "alpha vertical": vertical,
        "verdict": model.symmetry_report().loc["turns", "verdict"],
        "seconds": seconds,
    }


def main() -> None:
    """Measure, print, save."""
    cases = product(_motion.FILES, FEATURES, (0.0, np.inf, None), CRITERIA)
    rows = [measure(*case) for case in cases]
    print(table(rows))
    print(save("ridge_motion", "python -m benchmarks.ridge_motion", {}, rows, None))


if __name__ == "__main__":
    main()
