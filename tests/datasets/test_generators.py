"""What all generated datasets share."""

import numpy as np
import pytest

from sksofteq.datasets import make_cosine_similarity, make_inertia, make_projectiles


@pytest.fixture(params=[make_inertia, make_cosine_similarity, make_projectiles])
def make(request):
    """Every generator."""
    return request.param


def test_same_seed_gives_the_same_data(make):
    first, second = (make(9, noise=0.1, random_state=3) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_other_seed_gives_other_data(make):
    (X, y), (X_other, y_other) = make(9, random_state=3), make(9, random_state=4)
    assert not np.isclose(X, X_other).any()
    assert np.abs(y - y_other).max() > 0.1


def test_generator_object_is_drawn_from(make):
    rng = np.random.RandomState(3)
    X, _ = make(9, random_state=rng)
    np.testing.assert_array_equal(X, make(9, random_state=3)[0])
    assert not np.isclose(make(9, random_state=rng)[0], X).any()


def test_integer_seed_leaves_the_global_generator_alone(make):
    before = np.random.get_state()[1].copy()
    make(9, noise=0.1, random_state=3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_truth_comes_on_request_only(make):
    assert len(make(3, random_state=0)) == 2
    assert isinstance(make(3, random_state=0, return_truth=True)[2], dict)


def test_thousand_rows_by_default(make):
    X, y = make(random_state=0)
    assert len(X) == len(y) == 1000


def test_only_the_number_of_rows_is_positional(make):
    with pytest.raises(TypeError, match="positional"):
        make(10, 3)


def test_seed_that_is_no_seed_is_an_error(make):
    with pytest.raises(ValueError, match="cannot be used to seed"):
        make(10, random_state="seed")
