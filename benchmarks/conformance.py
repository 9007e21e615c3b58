"""scikit-learn's checks on every public estimator: how many pass, fail and are skipped.

    OMP_NUM_THREADS=1 python -m benchmarks.conformance

Default parameters but for narrower layers and a fixed seed, as in
`tests/estimators/test_conformance.py`, where a failure is an error.
"""

from __future__ import annotations

from collections import Counter

import pandas as pd
import sklearn
from sklearn.utils.estimator_checks import check_estimator

import sksofteq
from benchmarks._common import table

QUICK = {"hidden_layer_sizes": (32,), "random_state": 0}


def main() -> None:
    """Run all checks and print a table."""
    rows = []
    for name in sksofteq.__all__:
        made = getattr(sksofteq, name)
        if not isinstance(made, type):
            continue
        estimator = made()
        known = estimator.get_params()
        estimator.set_params(**{k: v for k, v in QUICK.items() if k in known})
        results = check_estimator(estimator, on_fail=None, on_skip=None)
        counts = Counter(result["status"] for result in results)
        skipped = [r["check_name"] for r in results if r["status"] == "skipped"]
        failed = [r["check_name"] for r in results if r["status"] in ("failed", "xfail")]
        found = {"estimator": name, "passed": counts["passed"], "failed": len(failed)}
        rows.append(found | {"skipped": counts["skipped"], "which": ", ".join(failed + skipped)})
    print(f"scikit-learn {sklearn.__version__}\n\n{table(pd.DataFrame(rows))}")


if __name__ == "__main__":
    main()
