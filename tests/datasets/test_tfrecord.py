"""Records of a TFRecord file, and their checksum."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tfrecord_kit import crc32c as crc32c_by_bits
from tfrecord_kit import masked, record

from sksofteq.datasets._crc32c import crc32c
from sksofteq.datasets._tfrecord import masked_crc32c, read_records


@pytest.mark.parametrize(
    ("message", "checksum"),
    [
        (b"", 0x00000000),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),  # this and the next three: RFC 3720, appendix B.4
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_checksum_of_published_messages(message, checksum):
    assert crc32c(message) == checksum


@settings(deadline=None, derandomize=True)
@given(st.binary(max_size=70))
def test_checksum_is_that_by_bits(message):
    assert crc32c(message) == crc32c_by_bits(message)


def test_checksum_of_a_long_message_is_that_by_bits():
    message = np.random.default_rng(0).bytes(10_007)
    assert crc32c(message) == crc32c_by_bits(message)


def test_checksum_is_stored_masked():
    assert struct.pack("<I", masked_crc32c(b"123456789")) == masked(b"123456789")


@pytest.fixture
def saved(tmp_path):
    """Save bytes and give the path."""

    def save(content):
        path = tmp_path / "file.tfrecord"
        path.write_bytes(content)
        return path

    return save


def test_records_are_read_in_order_with_their_offsets(saved):
    path = saved(record(b"one") + record(b"") + record(b"three"))
    assert list(read_records(path)) == [(0, b"one"), (19, b""), (35, b"three")]


@settings(deadline=None, derandomize=True, max_examples=30)
@given(contents=st.lists(st.binary(max_size=40), max_size=4))
def test_what_was_written_is_read(contents, tmp_path_factory):
    path = tmp_path_factory.mktemp("records") / "file"
    path.write_bytes(b"".join(map(record, contents)))
    assert [data for _, data in read_records(path)] == contents


def test_empty_file_has_no_records(saved):
    assert list(read_records(saved(b""))) == []


@pytest.mark.parametrize("kept", [1, 11, 12, 14, 15, 18])
def test_truncated_record_is_an_error_that_says_where(saved, kept):
    path = saved(record(b"first") + record(b"two")[:kept])
    records = read_records(path)
    assert next(records) == (0, b"first")
    with pytest.raises(ValueError, match=r"path='.*file.tfrecord', record at byte 21: truncated"):
        next(records)


@pytest.mark.parametrize("place", range(19))
def test_damaged_record_is_an_error_that_says_what(saved, place):
    content = bytearray(record(b"first") + record(b"two"))
    content[21 + place] ^= 0x10
    what = "the checksum of its length" if place < 12 else "the checksum of its 3 bytes of data"
    records = read_records(saved(bytes(content)))
    next(records)
    with pytest.raises(ValueError, match=f"record at byte 21: {what} is wrong"):
        next(records)


def test_a_length_beyond_the_file_is_not_read(saved):
    length = struct.pack("<Q", 2**62)
    with pytest.raises(ValueError, match=r"truncated, it ends at byte \d{19}, the file at 20"):
        list(read_records(saved(length + masked(length) + bytes(8))))


def test_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(read_records(tmp_path / "nothing"))
