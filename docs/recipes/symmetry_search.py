"""The same search on one machine, its networks trained together."""

from sksofteq import SoftEquivariantRegressor, SymmetrySearchCV
from sksofteq.datasets import make_inertia


def search() -> SymmetrySearchCV:
    """Which candidates predict best."""
    X, y = make_inertia(n_samples=120, axis="z", random_state=0)
    model = SoftEquivariantRegressor(
        rep_in="5*scalar + 5*vector",
        rep_out="tensor(2)",
        strengths=1.0,
        hidden_layer_sizes=(16,),
        max_iter=5,
        random_state=0,
    )
    candidates = [("O(2)@x,y",), ("O(2)@y,z",), ("O(3)",)]
    return SymmetrySearchCV(model, {"symmetries": candidates}, cv=2).fit(X, y)


if __name__ == "__main__":
    found = search()
    print(found.best_params_["symmetries"], found.cv_results_["mean_test_score"].round(6).tolist())
