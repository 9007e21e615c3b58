"""The wire format of a tf.Example: named lists of bytes, floats or integers.

A tf.Example is a protobuf message: Example{1: Features}, Features{1: entry, ...},
entry{1: name, 2: Feature}, Feature{1: bytes list | 2: float list | 3: int64 list}, and a list has
its values in field 1. Fields of other numbers or types are skipped, as protobuf asks of readers.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT = 10  # bytes of a varint of 64 bits


def parse_example(
    record: bytes, names: Container[str] | None = None
) -> dict[str, NDArray | list[bytes]]:
    """Return the features of a serialized tf.Example.

    Parameters
    ----------
    record : bytes
    names : container of str, default=None
        The features to decode; None for all.

    Returns
    -------
    features : dict
        By name a float32 array, an int64 array or a list of bytes. A feature without a list is
        left out.

    Raises
    ------
    ValueError
        If the bytes are not such a message.
    """
    features = {}
    for message in _messages(memoryview(record), 1):
        for entry in _messages(message, 1):
            name, feature = _entry(entry)
            value = _feature(feature) if names is None or name in names else None
            if value is not None:
                features[name] = value
    return features


def _messages(message: memoryview, wanted: int) -> Iterator[memoryview]:
    for number, wire_type, value in _fields(message):
        if number == wanted and wire_type == _BYTES:
            yield value


def _entry(message: memoryview) -> tuple[str, memoryview]:
    """Name and feature; a field that is absent is empty, of one that repeats the last counts."""
    parts = {1: memoryview(b""), 2: memoryview(b"")}
    for number, wire_type, value in _fields(message):
        if number in parts and wire_type == _BYTES:
            parts[number] = value
    try:
        return str(parts[1], "utf-8"), parts[2]
    except UnicodeDecodeError:
        raise ValueError("not a tf.Example: the name of a feature is not text.") from None


def _feature(message: memoryview) -> NDArray | list[bytes] | None:
    kind, parts = 0, []
    for number, wire_type, value in _fields(message):
        if number in _LISTS and wire_type == _BYTES:
            parts = parts if number == kind else []  # the last kind counts
            kind = number
            parts.append(value)
    # Messages of one kind that are joined end to end are one message.
    return _LISTS[kind](memoryview(b"".join(parts))) if kind else None


def _bytes_list(message: memoryview) -> list[bytes]:
    return [bytes(value) for value in _messages(message, 1)]


def _float_list(message: memoryview) -> NDArray:
    # Packed values and single ones have the same four bytes, so that all may be joined.
    chunks = []
    for number, wire_type, value in _fields(message):
        if number == 1 and wire_type in (_BYTES, _FIXED32):
            if len(value) % 4:
                raise ValueError(f"not a tf.Example: {len(value)} bytes of float32 values.")
            chunks.append(value)
    return np.frombuffer(b"".join(chunks), dtype="<f4").astype(np.float32)


def _int64_list(message: memoryview) -> NDArray:
    chunks = [np.empty(0, dtype=np.uint64)]
    for number, wire_type, value in _fields(message):
        if number == 1 and wire_type == _BYTES:
            chunks.append(_varints(value))
        elif number == 1 and wire_type == _VARINT:
            chunks.append(np.array([value], dtype=np.uint64))
    return np.concatenate(chunks).view(np.int64)


_LISTS = {1: _bytes_list, 2: _float_list, 3: _int64_list}


def _fields(message: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    """Yield number, wire type and value of every field: an integer for a varint, else bytes."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, wire_type = tag >> 3, tag & 7
        if number == 0:
            raise ValueError("not a tf.Example: a field has number 0.")
        if wire_type == _VARINT:
            value, position = _varint(message, position)
            yield number, wire_type, value
            continue
        if wire_type == _BYTES:
            length, position = _varint(message, position)
        elif wire_type in (_FIXED32, _FIXED64):
            length = 4 if wire_type == _FIXED32 else 8
        else:
            raise ValueError(f"not a tf.Example: a field has wire type {wire_type}.")
        if position + length > len(message):
            raise ValueError(
                f"not a tf.Example: field {number} of {length} bytes runs past the end of its "
                "message."
            )
        yield number, wire_type, message[position : position + length]
        position += length


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """The integer of seven bits a byte, lowest first, that starts there, and where it ends."""
    value = 0
    for i, octet in enumerate(message[position : position + _MAX_VARINT]):
        value |= (octet & 0x7F) << (7 * i)
        if octet < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position + i + 1
    raise ValueError("not a tf.Example: an integer does not end.")


def _varints(message: memoryview) -> NDArray:
    """All integers of a packed list at once."""
    octets = np.frombuffer(message, dtype=np.uint8)
    if not len(octets):
        return np.empty(0, dtype=np.uint64)
    ends = np.flatnonzero(octets < 0x80) + 1
    starts = np.r_[0, ends[:-1]]
    lengths = ends - starts
    if not len(ends) or ends[-1] != len(octets) or lengths.max() > _MAX_VARINT:
        raise ValueError("not a tf.Example: an integer does not end.")
    places = np.arange(len(octets)) - np.repeat(starts, lengths)
    parts = (octets & 0x7F).astype(np.uint64) << (7 * places).astype(np.uint64)
    return np.bitwise_or.reduceat(parts, starts)
