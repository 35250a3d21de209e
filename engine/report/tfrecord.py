"""The framing of TensorBoard's event files: records with their length, and a checksum of each of the two."""

from __future__ import annotations

import functools
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ABOUT = "phosphene"
"""Tag of the text that tells what of a run TensorBoard has no place for."""
_POLYNOMIAL = 0x82F63B78
"""Of Castagnoli, its bits in reverse order."""
_HEAD, _FOOT = struct.Struct("<QI"), struct.Struct("<I")


@functools.cache
def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        found.append(value)
    return tuple(found)


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of bytes."""
    table, value = _table(), 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def masked_crc(data: bytes) -> int:
    """Return the CRC-32C as these files hold it: rotated, plus a constant, so that checksums of checksums differ."""
    value = crc32c(data)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def framed(data: bytes) -> bytes:
    """Return a record: its length, the checksum of that, the data, the checksum of them."""
    length = struct.pack("<Q", len(data))
    return length + _FOOT.pack(masked_crc(length)) + data + _FOOT.pack(masked_crc(data))


def records(data: bytes) -> Iterator[bytes | None]:
    """Yield the records of a file from its start; None once at the place from which nothing can be read.

    A record whose data were damaged is passed over with a None as well, since its length still tells where the next
    one begins.
    """
    place = 0
    while place < len(data):
        if len(data) < place + _HEAD.size:
            yield None
            return
        length, check = _HEAD.unpack_from(data, place)
        end = place + _HEAD.size + length
        if masked_crc(data[place : place + 8]) != check or len(data) < end + _FOOT.size:
            yield None
            return
        record = data[place + _HEAD.size : end]
        yield record if masked_crc(record) == _FOOT.unpack_from(data, end)[0] else None
        place = end + _FOOT.size
