"""Records of a TFRecord file: length, checksum of the length, data, checksum of the data."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from os import PathLike

from sksofteq.datasets._crc32c import crc32c

_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")


def read_records(path: str | PathLike) -> Iterator[tuple[int, bytes]]:
    """Yield the byte offset and the data of every record; errors name the file and the offset."""
    with open(path, "rb") as file:
        end = os.fstat(file.fileno()).st_size
        offset = 0
        while offset < end:
            where = f"path={str(path)!r}, record at byte {offset}"
            header = file.read(_HEADER.size)
            if len(header) < _HEADER.size:
                raise ValueError(f"{where}: truncated, the file ends at byte {end}.")
            length, checksum = _HEADER.unpack(header)
            if checksum != masked_crc32c(header[:8]):
                raise ValueError(f"{where}: the checksum of its length is wrong.")
            # The length is compared before anything of that size is read.
            after = offset + _HEADER.size + length + _FOOTER.size
            if after > end:
                raise ValueError(
                    f"{where}: truncated, it ends at byte {after}, the file at {end}."
                )
            data = file.read(length)
            (checksum,) = _FOOTER.unpack(file.read(_FOOTER.size))
            if checksum != masked_crc32c(data):
                raise ValueError(f"{where}: the checksum of its {length} bytes of data is wrong.")
            yield offset, data
            offset = after


def masked_crc32c(data: bytes) -> int:
    """The checksum that the format stores: CRC-32C turned by 15 bits, plus a constant."""
    checksum = crc32c(data)
    turned = checksum >> 15 | checksum << 17 & 0xFFFFFFFF
    return (turned + 0xA282EAD8) & 0xFFFFFFFF
