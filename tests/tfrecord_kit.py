"""A small writer of TFRecord files and tf.Examples, which shares no code with the reader."""

import struct


def crc32c(message):
    """The checksum bit by bit."""
    register = 0xFFFFFFFF
    for octet in message:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def masked(message):
    """The stored form of the checksum, four bytes."""
    checksum = crc32c(message)
    turned = (checksum >> 15) | (checksum << 17)
    return struct.pack("<I", (turned + 0xA282EAD8) % 2**32)


def record(data):
    """A record of a TFRecord file."""
    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + masked(data)


def varint(value):
    """An integer of 64 bits, negative ones as two's complement."""
    value %= 2**64
    octets = []
    while value >= 0x80:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*octets, value])


def field(number, content):
    """A field: an integer as a varint, bytes with their length, a float as four bytes."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    if isinstance(content, float):
        return varint(number << 3 | 5) + struct.pack("<f", content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def float_feature(values, packed=True):
    """A Feature of floats."""
    values = [float(value) for value in values]
    if packed:
        return field(2, field(1, struct.pack(f"<{len(values)}f", *values)))
    return field(2, b"".join(field(1, value) for value in values))


def int64_feature(values, packed=True):
    """A Feature of integers."""
    values = [int(value) for value in values]
    if packed:
        return field(3, field(1, b"".join(varint(value) for value in values)))
    return field(3, b"".join(field(1, value) for value in values))


def bytes_feature(values):
    """A Feature of byte strings."""
    return field(1, b"".join(field(1, value) for value in values))


def entry(name, feature):
    """A name and its Feature, as a field of Features."""
    return field(1, field(1, name.encode()) + field(2, feature))


def example(features):
    """A tf.Example of Features by name."""
    return field(1, b"".join(entry(name, feature) for name, feature in features.items()))
