"""Fitted estimators come back from files as they were: pickle, joblib, skops, safetensors."""

import copy
import functools
import io
import pickle
import re
import zipfile

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from contract_kit import ESTIMATORS, NETWORKS, assert_same_fit, table, weights
from safetensors.torch import load_file, save_file
from saved_kit import MODELS, PREDICTIONS, predictions
from skops import io as skops_io
from skorch.callbacks import Callback
from skorch.exceptions import DeviceWarning

import sksofteq
from sksofteq import EquivariantScaler, groups, reps, tuning
from sksofteq.persistence import TRUSTED_TYPES
from sksofteq.training import Checkpoint


def by_pickle(model):
    return pickle.loads(pickle.dumps(model))


def by_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def by_skops(model):
    return skops_io.loads(skops_io.dumps(model), trusted=TRUSTED_TYPES)


WAYS = [by_pickle, by_joblib, by_skops, copy.deepcopy]


@functools.cache
def fitted(name):
    """To be left as it is."""
    return ESTIMATORS[name]().fit(*table())


def test_every_public_estimator_is_among_those_saved():
    kinds = {type(make()).__name__ for make in ESTIMATORS.values()}
    own = {"EquivariantScaler", "SoftEquivariantClassifier", "SoftEquivariantEnsemble"}
    kinds |= own  # in tests of their own
    assert kinds == {name for name in sksofteq.__all__ if name[0].isupper()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_fit_comes_back(name, way):
    model = fitted(name)
    restored = way(model)
    assert_same_fit(model, restored)
    assert vars(model).keys() == vars(restored).keys()
    assert str(model.get_params()) == str(restored.get_params())
    assert model.groups_ == restored.groups_
    assert (model.rep_in_, model.rep_out_) == (restored.rep_in_, restored.rep_out_)
    for attribute, value in vars(model).items():
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(value, getattr(restored, attribute))
    X, _ = table(seed=1)
    for rows in (X, X.astype(np.float32)):
        np.testing.assert_array_equal(model.predict(rows), restored.predict(rows))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_warm_start_goes_on(name, way):
    X, y = table()
    ours, theirs = (w(fitted(name)).set_params(warm_start=True) for w in (by_pickle, way))
    in_memory = NETWORKS[name]().fit(X, y).set_params(warm_start=True)
    for model in (in_memory, ours, theirs):
        model.partial_fit(X, y).fit(X, y)
    assert_same_fit(in_memory, ours)
    assert_same_fit(in_memory, theirs)


@pytest.mark.parametrize("way", WAYS)
def test_a_scaler_comes_back(way):
    X, _ = table()
    scaler = EquivariantScaler(("O(3)",), rep="2*vector").fit(X)
    np.testing.assert_array_equal(way(scaler).transform(X), scaler.transform(X))


@pytest.mark.parametrize("way", WAYS)
def test_names_of_columns_and_single_precision_stay(way):
    X, y = table()
    frame = pd.DataFrame(X.astype(np.float32), columns=list("abcdef"))
    columns = {("d", "e", "f"): "vector", ("a", "b", "c"): "vector"}
    model = NETWORKS["soft, fixed"](rep_in=columns).fit(frame, y.astype(np.float32))
    restored = way(model)
    assert list(restored.feature_names_in_) == list("abcdef")
    assert weights(restored)["mean_in"].dtype == torch.float32
    np.testing.assert_array_equal(restored.predict(frame), model.predict(frame))


@pytest.mark.parametrize("way", WAYS)
def test_frames_of_named_spaces_and_averages(way):
    X, y = table()
    symmetries = ("SE(3) on xyz", "Scaling(3) on xyz", "Permutation(2) on agent")
    settings = {"spaces": {"agent": 2, "xyz": 3}, "rep_in": "agent*point(xyz)"}
    for name, more in (("mixed pathways", {}), ("soft, fixed", {"average": [symmetries[0]]})):
        model = NETWORKS[name](**settings, **more).set_params(symmetries=symmetries).fit(X, y)
        np.testing.assert_array_equal(way(model).predict(X), model.predict(X))


@pytest.mark.parametrize("way", WAYS)
def test_a_linear_map_that_pilots_chose_comes_back_and_goes_on(way):
    X, y = table()
    models = [NETWORKS["soft, tuned"](warm_start=True).fit(X, X[:, 0]) for _ in range(2)]
    models[1] = way(models[1])
    for model in models:
        assert model.net_.module_.recipe["hidden_layer_sizes"] == []
    assert_same_fit(*models)
    assert_same_fit(*(model.fit(X, y) for model in models))


@pytest.mark.parametrize("way", WAYS)
def test_a_warm_start_that_was_killed_goes_on_from_a_checkpoint(way, tmp_path):
    X, y = table()
    path = tmp_path / "fit"
    model, killed = (
        w(fitted("soft, fixed")).set_params(warm_start=True) for w in (by_pickle, way)
    )
    with pytest.raises(ZeroDivisionError):
        killed.set_params(callbacks=[Checkpoint(path), Fault()]).fit(X, y)
    assert path.exists()
    restored = way(killed.set_params(callbacks=None))
    assert_same_fit(model.fit(X, y), restored.set_params(callbacks=[Checkpoint(path)]).fit(X, y))


class Fault(Callback):
    """Fails once an epoch is done."""

    def on_epoch_begin(self, net, **kwargs):
        1 / (2 - len(net.history))


class Recorder(Callback):
    """Records what is no plain number."""

    def on_epoch_end(self, net, **kwargs):
        net.history.record("own", np.float32(0.5))
        net.history.record("tensor", torch.ones(2))


@pytest.mark.parametrize("way", WAYS)
def test_a_warm_start_goes_on_with_its_loss(way):
    X, y = table()
    models = [NETWORKS["soft, fixed"](loss="distance", warm_start=True).fit(X, y) for _ in "12"]
    assert_same_fit(models[0].fit(X, y), way(models[1]).fit(X, y))


@pytest.mark.parametrize("way", [by_pickle, by_skops])
def test_what_callbacks_have_recorded_stays(way):
    model = NETWORKS["soft, fixed"](callbacks=[Recorder()]).fit(*table())
    history = way(model.set_params(callbacks=None)).net_.history
    assert history[:, "train_loss"] == model.net_.history[:, "train_loss"]
    assert history[-1, "own"] == 0.5
    assert history[-1, "tensor"] == [1.0, 1.0]


@pytest.mark.parametrize("way", [by_pickle, by_skops])
def test_loading_leaves_the_generators_of_random_numbers_alone(way):
    before = torch.get_rng_state()
    way(fitted("soft, fixed"))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the GPU is not missing")
def test_a_net_of_a_gpu_loads_where_there_is_none():
    X, _ = table()
    model = by_pickle(fitted("soft, fixed"))
    state = model.net_.__getstate__()
    state["settings"]["device"] = "cuda"
    with pytest.warns(DeviceWarning, match="no CUDA devices are available"):
        model.net_.__setstate__(state)
    assert model.net_.device == "cpu"
    np.testing.assert_array_equal(by_skops(model).predict(X), fitted("soft, fixed").predict(X))


def test_settings_of_a_net_are_those_that_are_saved():
    model = by_pickle(fitted("soft, fixed"))
    state = model.net_.__getstate__()
    state["settings"]["callbacks"] = [Recorder()]
    model.net_.__setstate__(state)
    assert model.net_.callbacks is None


@pytest.mark.parametrize("name", ESTIMATORS)
def test_files_hold_no_training_data(name):
    few, many = (len(pickle.dumps(ESTIMATORS[name]().fit(*table(n)))) for n in (60, 600))
    assert many - few < 3000  # 540 rows take 30,000 bytes


def test_files_are_three_times_the_weights_and_little_more():
    X, y = table()
    model = NETWORKS["equivariant"](hidden_layer_sizes=(96, 96), max_iter=1).fit(X, y)
    n_bytes = sum(value.nbytes for value in weights(model).values())
    assert len(pickle.dumps(model)) < 3 * n_bytes + 20_000  # Adam has two moments per weight
    assert len(skops_io.dumps(model, compression=zipfile.ZIP_DEFLATED)) < 3 * n_bytes + 40_000


@pytest.mark.parametrize("name", ESTIMATORS)
def test_few_types_are_to_be_trusted(name):
    needed = skops_io.get_untrusted_types(data=skops_io.dumps(fitted(name)))
    assert set(needed) <= set(TRUSTED_TYPES)
    assert len(needed) <= 8
    with pytest.raises(skops_io.exceptions.UntrustedTypesFoundException):
        skops_io.loads(skops_io.dumps(fitted(name)), trusted=[])


PARAMETERS = [
    *(groups.parse_group(n) for n in ("SO(3)", "O(1,3)", "Lorentz()", "SL(2)", "GL(2)", "Sp(1)")),
    *(groups.parse_group(n) for n in ("E(2)", "SE(2)", "Translation(2)", "Scaling(3)")),
    *(groups.parse_group(f"{n}(4)") for n in ("Permutation", "Cyclic", "Rotation", "Dihedral")),
    *(groups.parse_group(n) for n in ("Reflection(3)", "Trivial(2)", "O(2)@0,3 in R^5")),
    groups.parse_group("Reflection(3) on xyz & Reflection(2) on joint"),
    groups.Scaling(3, frame=False),
    groups.GeneratedGroup([[[0, -1], [1, 0]]]),
    groups.MatrixGroup(discrete_generators=[[[0, 1], [1, 0]]], name="swap"),
    reps.parse_rep("2*scalar + point + tensor(1,1)"),
    reps.Space("joint", 31) * reps.Vector,
]


@pytest.mark.parametrize("value", PARAMETERS, ids=str)
def test_groups_and_representations_come_back(value):
    restored = by_skops({"value": value})["value"]
    assert type(restored) is type(value)
    assert restored == value
    assert str(restored) == str(value)


def test_loaded_groups_are_as_immutable_and_random_as_before():
    group = groups.parse_group("O(2)@0,3 in R^5")
    restored = by_skops(group)
    np.testing.assert_array_equal(restored.sample(3, 0), group.sample(3, 0))
    with pytest.raises(ValueError, match="read-only"):
        restored.lie_algebra[0] = 0.0


@pytest.mark.parametrize("rule", tuning.RULES)
def test_rules_given_as_objects_come_back(rule):
    tuner = tuning.make_tuner(rule)
    restored = by_skops(sksofteq.SoftEquivariantRegressor(tuner=tuner)).tuner
    assert (type(restored), vars(restored)) == (type(tuner), vars(tuner))


def test_weights_alone(tmp_path):
    X, y = table()
    path = tmp_path / "weights.safetensors"
    model = NETWORKS["soft, fixed"]().fit(X, y)
    save_file(model.net_.module_.state_dict(), path)
    other = NETWORKS["soft, fixed"](random_state=1, max_iter=1).fit(X, y)
    assert not np.array_equal(other.predict(X), model.predict(X))
    other.net_.module_.load_state_dict(load_file(path))
    np.testing.assert_array_equal(other.predict(X), model.predict(X))


def test_a_file_of_an_earlier_version_predicts_as_it_did():
    """The files are those that ``python tests/saved_kit.py`` wrote at version 0.1.0."""
    models = skops_io.load(MODELS, trusted=TRUSTED_TYPES)
    known = np.load(PREDICTIONS)
    found = predictions(models, known["X"])
    assert found.keys() == set(known) - {"X"}
    for name, values in found.items():
        np.testing.assert_allclose(values, known[name], rtol=1e-8, atol=1e-10, err_msg=name)


def test_a_model_of_an_earlier_version_trains_on():
    models = skops_io.load(MODELS, trusted=TRUSTED_TYPES)
    X = np.load(PREDICTIONS)["X"]
    y = models["typed"].predict(X)
    before = models["typed"].n_iter_
    assert models["typed"].partial_fit(X, y).n_iter_ == before + 1
    report = models["pathways"].symmetry_report()
    assert list(report.index) == ["turns", "moves"]
    assert set(report.verdict) <= {"holds", "approximate", "broken", "cannot tell"}


def test_the_earlier_models_have_every_kind_of_network():
    models = skops_io.load(MODELS, trusted=TRUSTED_TYPES)
    shapes = {name: m.net_.module_.recipe for name, m in models.items() if hasattr(m, "net_")}
    assert [shapes[name]["typed"] for name in ("typed", "plain", "linear")] == [True, False, False]
    assert shapes["linear"]["hidden_layer_sizes"] == []
    assert shapes["pathways"]["n_pathways"] == 1


@pytest.mark.parametrize("make", [NETWORKS["soft, fixed"], EquivariantScaler])
def test_parameters_that_an_earlier_version_did_not_have_get_their_defaults(make):
    model = make(spaces={})
    state = model.__getstate__()
    del state["spaces"]
    restored = type(model).__new__(type(model))
    restored.__setstate__(state)
    assert restored.get_params() == model.set_params(spaces=None).get_params()


def test_names_of_trusted_types_are_those_of_this_package():
    assert len(set(TRUSTED_TYPES)) == len(TRUSTED_TYPES)
    assert all(re.fullmatch(r"sksofteq\.[\w.]+", name) for name in TRUSTED_TYPES)
