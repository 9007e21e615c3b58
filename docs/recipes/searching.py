"""A search over candidates, which knows nothing of where it runs."""

from sklearn.model_selection import GridSearchCV

from sksofteq import SoftEquivariantRegressor
from sksofteq.datasets import make_inertia


def search() -> GridSearchCV:
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
    return GridSearchCV(model, {"symmetries": candidates}, cv=2, n_jobs=-1).fit(X, y)
