"""Whether orbits stay where there are data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import joblib
import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score

from sksofteq.groups import MatrixGroup
from sksofteq.orbits._elements import sample_elements
from sksofteq.reps import Representation

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: An orbit leaves the data when a classifier tells x from g x with at least this AUC.
REACH_AUC = 0.9
#: Fewest rows on which the classifier is asked, and most that it is given; of fewer than the one
#: in the middle, every row is moved several times.
REACH_ROWS = (10, 40, 600)


def orbit_auc(
    X: NDArray, group: MatrixGroup, rep: Representation, random_state: np.random.RandomState
) -> float:
    """How well a classifier tells rows from rows moved by the group, as an AUC.

    0.5 means that the orbit stays within the data, 1 that it leaves them: a predictor is then
    asked to extrapolate, and a true symmetry looks broken. Two folds; a row and its moved copy
    are always in the same one.
    """
    fewest, few, most = REACH_ROWS
    if len(X) < fewest:
        return 0.5
    X = X[random_state.permutation(len(X))[:most]]
    _, first = np.unique(X, axis=0, return_index=True)
    X = X[np.sort(first)]  # a row seen twice gives itself away
    if len(X) < fewest:
        return 0.5
    fold = np.arange(len(X)) % 2
    n_copies = -(-few // len(X))
    X, fold = np.tile(X, (n_copies, 1)), np.tile(fold, n_copies)
    elements = sample_elements(group, len(X), X, rep, random_state)
    moved = np.concatenate(
        [rep.transform(row[None], g) for row, g in zip(X, elements, strict=True)]
    )
    rows = np.concatenate([X, moved])
    label, folds = np.repeat([0, 1], len(X)), np.r_[fold, fold]
    scores = np.zeros(len(rows))
    for part in (0, 1):
        forest = ExtraTreesClassifier(
            50, min_samples_leaf=5, random_state=random_state.randint(2**31 - 1)
        )
        # Trees grow here, wherever joblib would send them: a search on a cluster waits for ever
        # for workers that wait for each other's trees.
        with joblib.parallel_config("sequential"):
            forest.fit(rows[folds != part], label[folds != part])
            scores[folds == part] = forest.predict_proba(rows[folds == part])[:, 1]
    return float(roc_auc_score(label, scores))
