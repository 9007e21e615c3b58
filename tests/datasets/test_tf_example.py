"""The wire format of a tf.Example."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tfrecord_kit import (
    bytes_feature,
    entry,
    example,
    field,
    float_feature,
    int64_feature,
    varint,
)

from sksofteq.datasets._tf_example import parse_example

INT64 = st.integers(-(2**63), 2**63 - 1)
FLOAT32 = st.floats(width=32)
VALUES = st.one_of(
    st.tuples(st.just(int64_feature), st.lists(INT64, max_size=6), st.booleans()),
    st.tuples(st.just(float_feature), st.lists(FLOAT32, max_size=6), st.booleans()),
    st.tuples(st.just(bytes_feature), st.lists(st.binary(max_size=5), max_size=6)),
)


@settings(deadline=None, derandomize=True)
@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=4))
def test_what_was_written_is_read(written):
    features = parse_example(
        example({name: write(*content) for name, (write, *content) in written.items()})
    )
    assert features.keys() == written.keys()
    for name, (write, values, *_) in written.items():
        if write is bytes_feature:
            assert features[name] == values
        else:
            kind = np.int64 if write is int64_feature else np.float32
            assert features[name].dtype == kind
            np.testing.assert_array_equal(features[name], np.array(values, dtype=kind))


@pytest.mark.parametrize("packed", [True, False])
def test_integers_of_every_length(packed):
    values = [v for power in range(63) for v in (2**power, 2**power - 1, -(2**power))]
    features = parse_example(example({"a": int64_feature([*values, -(2**63)], packed)}))
    assert features["a"].tolist() == [*values, -(2**63)]


def test_minus_one_takes_ten_bytes():
    assert len(varint(-1)) == 10
    assert parse_example(example({"a": int64_feature([-1])}))["a"].tolist() == [-1]


@pytest.mark.parametrize(("write", "number"), [(int64_feature, 3), (float_feature, 2)])
def test_packed_and_single_values_may_follow_each_other(write, number):
    first, second = write([1, 2]), write([3, 4], packed=False)
    inner = first[2:] + second[2:]  # less tag and length, both of one byte
    assert parse_example(example({"a": field(number, inner)}))["a"].tolist() == [1, 2, 3, 4]


def test_list_that_comes_in_two_messages_is_joined():
    feature = int64_feature([1]) + int64_feature([2, 3])
    assert parse_example(example({"a": feature}))["a"].tolist() == [1, 2, 3]


def test_last_kind_of_list_counts():
    feature = int64_feature([1]) + float_feature([0.5])
    assert parse_example(example({"a": feature}))["a"].tolist() == [0.5]


def test_last_entry_of_a_name_counts():
    record = example({"a": int64_feature([1])}) + example({"a": int64_feature([2])})
    assert parse_example(record)["a"].tolist() == [2]


def test_unknown_fields_are_skipped():
    unknown = field(9, 7) + field(10, b"skip") + field(11, 1.5) + varint(12 << 3 | 1) + bytes(8)
    list_ = unknown + field(1, varint(5)) + unknown
    feature = unknown + field(3, list_) + unknown
    entry_ = unknown + field(2, feature) + unknown + field(1, b"a")
    record = unknown + field(1, unknown + field(1, entry_) + unknown) + unknown
    assert parse_example(record)["a"].tolist() == [5]


def test_known_numbers_of_another_type_are_skipped():
    feature = field(3, 4) + int64_feature([5])
    record = field(1, 3) + field(1, field(1, 2) + entry("a", feature))
    assert parse_example(record)["a"].tolist() == [5]


def test_only_wanted_features_are_decoded():
    damaged = field(2, field(1, b"123"))
    features = parse_example(example({"a": int64_feature([1]), "b": damaged}), {"a", "c"})
    assert list(features) == ["a"]


def test_feature_without_a_list_is_left_out():
    assert parse_example(example({"a": b""})) == {}


def test_empty_lists_keep_their_kind():
    features = parse_example(example({"i": field(3, b""), "f": field(2, b""), "b": field(1, b"")}))
    assert (features["i"].dtype, features["f"].dtype) == (np.int64, np.float32)
    assert len(features["i"]) == len(features["f"]) == len(features["b"]) == 0


def test_empty_record_has_no_features():
    assert parse_example(b"") == {}


@pytest.mark.parametrize(
    ("record", "what"),
    [
        (b"\x80", "an integer does not end"),
        (field(1, b"abc")[:-1], "field 1 of 3 bytes runs past the end"),
        (varint(3 << 3 | 5) + b"12", "field 3 of 4 bytes runs past the end"),
        (varint(2 << 3 | 3), "wire type 3"),
        (b"\x02\x00", "number 0"),
        (field(2, 0)[:1] + b"\x80" * 11, "an integer does not end"),
        (example({"a": field(3, field(1, b"\x01\x80"))}), "an integer does not end"),
        (example({"a": field(3, field(1, b"\x80" * 10 + b"\x01"))}), "an integer does not end"),
        (example({"a": field(2, field(1, b"12345"))}), "5 bytes of float32"),
        (field(1, field(1, field(1, b"\xff"))), "name of a feature is not text"),
    ],
)
def test_other_bytes_are_an_error(record, what):
    with pytest.raises(ValueError, match=f"not a tf.Example: .*{what}"):
        parse_example(record)


@settings(deadline=None, derandomize=True)
@given(st.binary(max_size=40))
def test_no_bytes_raise_another_error(record):
    try:
        parse_example(record)
    except ValueError as error:
        assert "not a tf.Example" in str(error)
