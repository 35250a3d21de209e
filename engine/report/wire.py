"""The wire format of protocol buffers: messages as bytes and back, without their declarations."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5
"""How a field is written: an integer, a double, a length with as many bytes, a float."""
_MOST_BYTES = 10
"""Of an integer of 64 bits, seven of them in each."""


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # negative integers are written as their two's complement
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(field: int, value: int) -> bytes:
    """Return a field that holds an integer of 64 bits, a boolean or the number of an enumeration."""
    return _varint(field << 3 | VARINT) + _varint(value)


def double(field: int, value: float) -> bytes:
    """Return a field that holds a double."""
    return _varint(field << 3 | EIGHT_BYTES) + struct.pack("<d", value)


def single(field: int, value: float) -> bytes:
    """Return a field that holds a float of 32 bits, the nearest one; infinity beyond its range."""
    try:
        packed = struct.pack("<f", value)
    except OverflowError:
        packed = struct.pack("<f", float("inf") if value > 0 else float("-inf"))
    return _varint(field << 3 | FOUR_BYTES) + packed


def chunk(field: int, value: bytes | str) -> bytes:
    """Return a field that holds bytes, a text or another message."""
    data = value.encode("utf-8", "backslashreplace") if isinstance(value, str) else value
    return _varint(field << 3 | BYTES) + _varint(len(data)) + data


def fields(data: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """Yield the number and the value of every field of a message.

    Raises:
        ValueError: if the bytes are no message.
    """
    place = 0
    while place < len(data):
        key, place = _read_varint(data, place)
        number, form = key >> 3, key & 7
        if number == 0:
            raise ValueError("there is no field 0")
        if form == VARINT:
            value, place = _read_varint(data, place)
            yield number, _signed(value)
            continue
        if form == BYTES:
            length, place = _read_varint(data, place)
        elif form in {EIGHT_BYTES, FOUR_BYTES}:
            length = 8 if form == EIGHT_BYTES else 4
        else:
            raise ValueError(f"there is no wire type {form}")
        part, place = data[place : place + length], place + length
        if place > len(data):
            raise ValueError("a field ends beyond its message")
        yield number, part if form == BYTES else struct.unpack("<d" if length == 8 else "<f", part)[0]


def integers(data: bytes) -> Iterator[int]:
    """Yield the integers of 64 bits that a field holds one after the other.

    Raises:
        ValueError: if the bytes are no such field.
    """
    place = 0
    while place < len(data):
        value, place = _read_varint(data, place)
        yield _signed(value)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for number, byte in enumerate(data[place : place + _MOST_BYTES]):
        value |= (byte & 0x7F) << 7 * number
        if byte < 0x80:
            return value & (1 << 64) - 1, place + number + 1
    raise ValueError("an integer has no end")
