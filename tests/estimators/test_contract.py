"""What every estimator of the package promises; further ones are added to one list."""

from __future__ import annotations

import pickle
import random

import numpy as np
import pandas as pd
import pytest
import torch
from contract_kit import CANDIDATES, ESTIMATORS, ON_ALL_ROWS, assert_same_fit, table
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer


@pytest.fixture(params=list(ESTIMATORS.values()), ids=list(ESTIMATORS))
def make(request):
    return request.param


@pytest.fixture(params=[ESTIMATORS[name] for name in ON_ALL_ROWS], ids=ON_ALL_ROWS)
def make_on_all_rows(request):
    return request.param


# ------------------------------------------------------------------ scikit-learn's parameters


def test_clone_keeps_parameters_and_drops_the_fit(make):
    model = make().fit(*table())
    twin = clone(model)
    assert repr(twin) == repr(model)
    assert twin.get_params().keys() == model.get_params().keys()
    with pytest.raises(NotFittedError):
        twin.predict(table()[0])


def test_get_and_set_params(make):
    model = make()
    assert model.get_params()["symmetries"] in (CANDIDATES, CANDIDATES[:1])
    model.set_params(random_state=7, symmetries=None)
    assert model.get_params()["random_state"] == 7
    assert model.symmetries is None
    with pytest.raises(ValueError, match="Invalid parameter 'no_such'"):
        model.set_params(no_such=1)


def test_pickle_round_trip(make):
    X, y = table()
    model = make().fit(X, y)
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    assert_same_fit(twin, model)


# ------------------------------------------------------------------ randomness and side effects


def test_equal_random_state_gives_equal_fits(make):
    X, y = table()
    first, second = make(batch_size=16).fit(X, y), make(batch_size=16).fit(X, y)
    assert_same_fit(first, second)
    np.testing.assert_array_equal(first.predict(X), second.predict(X))


def test_equal_random_state_objects_give_equal_fits(make):
    X, y = table()
    first = make(random_state=np.random.RandomState(5)).fit(X, y)
    assert_same_fit(first, make(random_state=np.random.RandomState(5)).fit(X, y))


def test_global_generators_are_untouched(make):
    X, y = table()
    before = np.random.get_state(), torch.get_rng_state(), random.getstate()
    make(random_state=3).fit(X, y).predict(X)
    after = np.random.get_state(), torch.get_rng_state(), random.getstate()
    np.testing.assert_array_equal(after[0][1], before[0][1])
    assert after[0][2:] == before[0][2:]
    assert torch.equal(after[1], before[1])
    assert after[2] == before[2]


def test_global_generators_are_untouched_without_random_state(make):
    X, y = table()
    before = torch.get_rng_state()
    make(random_state=None).fit(X, y)
    assert torch.equal(torch.get_rng_state(), before)


def test_fit_leaves_data_and_parameters_alone(make):
    X, y = table()
    weight = np.linspace(0.5, 1.5, len(X))
    kept = X.copy(), y.copy(), weight.copy()
    model = make()
    parameters = pickle.dumps(model.get_params())
    model.fit(X, y, sample_weight=weight).predict(X)
    for now, then in zip((X, y, weight), kept, strict=True):
        np.testing.assert_array_equal(now, then)
    assert pickle.dumps(model.get_params()) == parameters


def test_read_only_data(make):
    X, y = table()
    expected = make().fit(X, y).predict(X)
    X.flags.writeable = y.flags.writeable = False
    np.testing.assert_array_equal(make().fit(X, y).predict(X), expected)


def test_memory_order_does_not_matter(make):
    X, y = table()
    model, plain = make().fit(np.asfortranarray(X), y), make().fit(X, y)
    assert_same_fit(model, plain)
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))


def test_refit_forgets(make):
    X, y = table()
    model = make().fit(100 * X[:40] + 5, -y[:40])
    assert_same_fit(model.fit(X, y), make().fit(X, y))


def test_a_fit_that_fails_leaves_the_last_one_usable(make):
    X, y = table()
    model = make().fit(X, y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="9 features"):
        model.fit(np.hstack([X, X[:, :3]]), y)
    np.testing.assert_array_equal(model.predict(X), before)


def test_predict_twice_is_the_same(make):
    X, y = table()
    model = make().fit(X, y)
    np.testing.assert_array_equal(model.predict(X), model.predict(X))


# ------------------------------------------------------------------ shapes and types


def test_fit_returns_self(make):
    model = make()
    assert model.fit(*table()) is model


def test_one_dimensional_y(make):
    X, y = table()
    assert make().fit(X, y).predict(X).shape == (60,)


def test_two_dimensional_y(make):
    X, y = table()
    model = make().fit(X, np.column_stack([y, X[:, 0]]))
    assert model.predict(X).shape == (60, 2)


def test_column_vector_y_warns_and_counts_as_one_dimensional(make):
    X, y = table()
    with pytest.warns(DataConversionWarning, match="column-vector"):
        model = make().fit(X, y[:, None])
    assert_same_fit(model, make().fit(X, y))
    assert model.predict(X).shape == (60,)


def test_table_y_with_one_column_stays_a_column(make):
    X, y = table()
    assert make().fit(X, pd.DataFrame({"height": y})).predict(X).shape == (60, 1)


def test_vector_output(make):
    X, _ = table()
    assert make(rep_out="vector").fit(X, X[:, :3]).predict(X).shape == (60, 3)


def test_predicting_in_another_dtype(make):
    X, y = table()
    model = make().fit(X, y)
    predicted = model.predict(X.astype(np.float32))
    assert predicted.dtype == np.float32
    np.testing.assert_allclose(predicted, model.predict(X), rtol=1e-4, atol=1e-4)


def test_integers_become_floats(make):
    X = np.random.RandomState(0).randint(-3, 4, (60, 6))
    predicted = make().fit(X, X[:, 0]).predict(X)
    assert predicted.dtype == np.float64
    np.testing.assert_array_equal(
        predicted, make().fit(X.astype(float), X[:, 0].astype(float)).predict(X.astype(float))
    )


def test_lists_are_accepted(make):
    X, y = table()
    np.testing.assert_array_equal(
        make().fit(X.tolist(), y.tolist()).predict(X.tolist()), make().fit(X, y).predict(X)
    )


# ------------------------------------------------------------------ tables with names

NAMES = ["ax", "ay", "az", "bx", "by", "bz"]
SHUFFLED = ["bz", "ax", "by", "az", "bx", "ay"]
MEANING = {("ax", "ay", "az"): "vector", ("bx", "by", "bz"): "vector"}


def test_column_mapping_in_shuffled_order_equals_the_array(make):
    X, y = table()
    frame = pd.DataFrame(X, columns=NAMES)[SHUFFLED]
    model = make(rep_in=MEANING).fit(frame, y)
    plain = make(rep_in="vector + vector").fit(X, y)
    assert_same_fit(model, plain)
    np.testing.assert_array_equal(model.predict(frame), plain.predict(X))
    assert list(model.feature_names_in_) == SHUFFLED


def test_output_mapping_in_shuffled_order_equals_the_array(make):
    X, _ = table()
    names = ["u", "v", "w", "mass"]
    y = X[:, :4] ** 2
    frame = pd.DataFrame(y, columns=names)[["w", "u", "mass", "v"]]
    meaning = {("u", "v", "w"): "vector", "mass": "scalar"}
    model = make(rep_out=meaning).fit(X, frame)
    plain = make(rep_out="vector + scalar").fit(X, y)
    assert_same_fit(model, plain)
    np.testing.assert_array_equal(model.predict(X), plain.predict(X)[:, [2, 0, 3, 1]])


def test_columns_in_another_order_at_predict_are_refused(make):
    X, y = table()
    frame = pd.DataFrame(X, columns=NAMES)
    model = make().fit(frame, y)
    with pytest.raises(ValueError, match="same order"):
        model.predict(frame[SHUFFLED])


def test_column_mapping_without_names_is_refused(make):
    with pytest.raises(ValueError, match="a DataFrame is needed"):
        make(rep_in=MEANING).fit(*table())


def test_column_without_a_meaning_is_named(make):
    X, y = table()
    frame = pd.DataFrame(X, columns=NAMES).assign(colour=1.0)
    with pytest.raises(ValueError, match=r"no meaning to the columns \['colour'\]"):
        make(rep_in=MEANING).fit(frame, y)


# ------------------------------------------------------------------ weights


def test_zero_weight_equals_removal(make_on_all_rows):
    X, y = table()
    weight = np.linspace(0.5, 2.0, len(X))
    weight[::3] = 0.0
    kept = weight > 0
    model = make_on_all_rows(batch_size=60).fit(X, y, sample_weight=weight)
    removed = make_on_all_rows(batch_size=60).fit(X[kept], y[kept], sample_weight=weight[kept])
    np.testing.assert_allclose(model.predict(X), removed.predict(X), rtol=1e-8)


def test_whole_weights_equal_repetition(make_on_all_rows):
    X, y = table(40)
    times = np.arange(40) % 3 + 1
    model = make_on_all_rows(batch_size=200).fit(X, y, sample_weight=times)
    repeated = make_on_all_rows(batch_size=200).fit(np.repeat(X, times, 0), np.repeat(y, times))
    np.testing.assert_allclose(model.predict(X), repeated.predict(X), rtol=1e-8, atol=1e-8)


def test_weights_matter(make):
    X, y = table()
    weighted = make().fit(X, y, sample_weight=np.where(X[:, 0] > 0, 10.0, 0.1))
    assert np.abs(weighted.predict(X) - make().fit(X, y).predict(X)).max() > 1e-3


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(7), "sample_weight.shape"),
        (-np.ones(60), "Negative values"),
        (np.zeros(60), "at least one non-zero|positive sum"),
        (np.full(60, np.nan), "NaN"),
    ],
    ids=["length", "negative", "zero", "nan"],
)
def test_wrong_weights_are_refused(make, weight, message):
    with pytest.raises(ValueError, match=message):
        make().fit(*table(), sample_weight=weight)


# ------------------------------------------------------------------ wrong data


def test_predict_before_fit_is_refused(make):
    with pytest.raises(NotFittedError):
        make().predict(table()[0])


def test_other_number_of_features_at_predict_is_refused(make):
    X, y = table()
    model = make().fit(X, y)
    with pytest.raises(ValueError, match=r"X has 3 features.*expecting 6 features"):
        model.predict(X[:, :3])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["X", "y", "predict"])
def test_missing_and_infinite_values_are_refused(make, where, value):
    X, y = table()
    model = make().fit(X, y) if where == "predict" else make()
    (y if where == "y" else X)[3:4] = value
    with pytest.raises(ValueError, match=r"Input [Xy] contains (NaN|infinity)"):
        if where == "predict":
            model.predict(X)
        else:
            model.fit(X, y)


def test_one_sample_is_refused(make):
    X, y = table()
    with pytest.raises(ValueError, match=r"1 sample.* minimum of 2"):
        make().fit(X[:1], y[:1])


def test_one_row_at_predict(make):
    X, y = table()
    model = make().fit(X, y)
    np.testing.assert_allclose(model.predict(X[:1]), model.predict(X)[:1], rtol=1e-10)


def test_no_rows_at_predict_are_refused(make):
    X, y = table()
    with pytest.raises(ValueError, match="0 sample"):
        make().fit(X, y).predict(X[:0])


def test_rows_that_do_not_match_are_refused(make):
    X, y = table()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        make().fit(X, y[:-1])


def test_sparse_input_is_refused(make):
    X, y = table()
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        make().fit(sparse.csr_array(X), y)


def test_strings_are_refused(make):
    X, y = table()
    words = np.array([["left", "right"] * 3] * len(X), dtype=object)
    with pytest.raises(ValueError, match="could not convert string to float"):
        make().fit(words, y)


def test_complex_input_is_refused(make):
    X, y = table()
    with pytest.raises(ValueError, match="Complex data not supported"):
        make().fit(X + 0j, y)


# ------------------------------------------------------------------ inside scikit-learn


def test_in_a_pipeline(make):
    X, y = table()
    half = FunctionTransformer(lambda X: X / 2)
    pipeline = make_pipeline(half, make()).fit(X, y)
    np.testing.assert_array_equal(pipeline.predict(X), make().fit(X / 2, y).predict(X / 2))


def test_grid_search_over_symmetries(make):
    X, y = table()
    choices = [None, ("O(2)@x,y",), {"my label": "O(2)@y,z"}]
    search = GridSearchCV(make(), {"symmetries": choices}, cv=2, error_score="raise").fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert len(set(search.cv_results_["mean_test_score"])) == 3
    best = search.best_params_["symmetries"]
    assert list(search.best_estimator_.regularizer_strengths_) == list(best or ())


def test_cross_val_score(make):
    X, y = table()
    scores = cross_val_score(make(), X, y, cv=3, error_score="raise")
    expected = make().fit(X[20:], y[20:]).score(X[:20], y[:20])
    assert scores.shape == (3,)
    assert scores[0] == pytest.approx(expected, rel=1e-9)


def test_score_is_r_squared(make):
    X, y = table()
    model = make().fit(X, y)
    expected = 1 - np.sum((y - model.predict(X)) ** 2) / np.sum((y - y.mean()) ** 2)
    assert model.score(X, y) == pytest.approx(expected)
