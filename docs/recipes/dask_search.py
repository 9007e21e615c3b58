"""A search on the workers of dask.distributed.

Replace ``LocalCluster`` by your cluster. Workers need the package, and one thread each.
"""

import joblib
from dask.distributed import Client, LocalCluster
from searching import search

if __name__ == "__main__":
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        LocalCluster(host="127.0.0.1", **settings) as cluster,
        Client(cluster),
        joblib.parallel_config("dask"),
    ):
        found = search()
    print(found.best_params_["symmetries"], found.cv_results_["mean_test_score"].round(6).tolist())
