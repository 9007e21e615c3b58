"""Cosine similarity of vectors."""

import numpy as np
import pytest

from sksofteq import equivariance_error
from sksofteq.datasets import make_cosine_similarity

SUBSETS = [(), ("SO(3)",), ("Scaling(3)",), ("SO(3)", "Scaling(3)")]


def target(X, broken, size=1.0):
    """The documented target, row by row."""
    values = []
    for vectors in X.reshape(len(X), -1, 3):
        lengths = [np.linalg.norm(v) for v in vectors]
        k = len(vectors)
        value = np.mean(
            [
                vectors[i] @ vectors[(i + 1) % k] / lengths[i] / lengths[(i + 1) % k]
                for i in range(k)
            ]
        )
        if "Scaling(3)" in broken:
            value -= size * np.mean(lengths)
        if "SO(3)" in broken:
            norms = [np.abs(v).sum() for v in vectors]
            value -= size * norms[0] / sum(norms[1:])
        values.append(value)
    return np.array(values)


@pytest.mark.parametrize("n_vectors", [2, 3, 5])
def test_shapes(n_vectors):
    X, y = make_cosine_similarity(7, n_vectors=n_vectors, random_state=0)
    assert X.shape == (7, 3 * n_vectors)
    assert y.shape == (7,)


@pytest.mark.parametrize("n_vectors", [2, 4])
@pytest.mark.parametrize("broken", SUBSETS)
def test_target_follows_its_formula(broken, n_vectors):
    X, y = make_cosine_similarity(
        15, n_vectors=n_vectors, broken=broken, symmetry_break=0.6, random_state=0
    )
    np.testing.assert_allclose(y, target(X, broken, 0.6), atol=1e-12)


@pytest.mark.parametrize("broken", SUBSETS)
def test_truth_says_what_the_target_breaks(broken):
    X, _, truth = make_cosine_similarity(
        30, broken=broken, symmetry_break=-2.0, random_state=0, return_truth=True
    )
    assert truth == {name: 2.0 * (name in broken) for name in ("SO(3)", "Scaling(3)")}
    for name, size in truth.items():
        error = equivariance_error(
            lambda rows: target(rows, broken, -2.0), X, name, "3*vector", random_state=0
        )
        assert (error > 0.01) if size else (error < 1e-12)


def test_default_breaks_scaling_alone():
    *_, truth = make_cosine_similarity(2, random_state=0, return_truth=True)
    assert truth == {"SO(3)": 0.0, "Scaling(3)": 1.0}


def test_cosines_stay_within_one():
    _, y = make_cosine_similarity(500, broken=(), random_state=0)
    assert np.abs(y).max() <= 1.0


def test_noise_has_its_size():
    X, y = make_cosine_similarity(3000, noise=0.3, random_state=0)
    assert np.std(y - target(X, ("Scaling(3)",))) == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_samples": -1},
        {"n_vectors": 1},
        {"n_vectors": 2.0},
        {"broken": "SO(3)"},
        {"broken": ("O(3)",)},
        {"symmetry_break": np.inf},
        {"noise": -1.0},
        {"noise": None},
    ],
)
def test_bad_parameter_is_an_error_that_names_it(parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"^{name} must be"):
        make_cosine_similarity(**parameters)


@pytest.mark.parametrize("broken", [None, 3, [["SO(3)"]]])
def test_broken_that_is_no_sequence_of_names_is_an_error_that_names_it(broken):
    with pytest.raises(ValueError, match="broken must be"):
        make_cosine_similarity(5, broken=broken)
