"""The same search on the workers of Ray."""

import joblib
import ray
from ray.util.joblib import register_ray
from searching import search

if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False)  # ray.init("auto") joins a cluster
    register_ray()
    with joblib.parallel_config("ray"):
        found = search()
    ray.shutdown()
    print(found.best_params_["symmetries"], found.cv_results_["mean_test_score"].round(6).tolist())
