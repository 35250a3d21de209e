"""Decoding many lines of an event log at once: consecutive metrics become columns, all else becomes events."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import orjson

from engine.record.events import HEAD, TAIL, Event, event_of, is_intact
from engine.record.series import Points

if TYPE_CHECKING:
    from collections.abc import Sequence

_AT_ONCE = 250
"""Lines that are parsed together: few enough for what they become to stay in the processor's cache.

A metrics record becomes two dictionaries, and 700 new ones are when Python looks for cyclic garbage; there is none.
"""
_PREFIX = len(HEAD) + 8 + len(TAIL)
_FRONT, _PAYLOAD = itemgetter(slice(_PREFIX)), itemgetter(slice(_PREFIX, None))


def decode_columns(lines: Sequence[bytes], attempt: int) -> tuple[list[Event | Points], int]:
    """Decode the lines (without line feeds) of one attempt; return what they say, and how many are damaged."""
    found: list[Event | Points] = []
    damaged = 0
    for start in range(0, len(lines), _AT_ONCE):
        intact = _intact(lines[start : start + _AT_ONCE])
        damaged += len(lines[start : start + _AT_ONCE]) - len(intact)
        damaged += _decode(_parsed(intact), attempt, found)
    return found, damaged


def _decode(payloads: Sequence[dict[str, Any]], attempt: int, found: list[Event | Points]) -> int:
    """Append what records say; return how many of them have a form that this version does not know."""
    unknown = start = 0
    while start < len(payloads):
        stop = _same_series(payloads, start)
        points = _points(payloads[start:stop], attempt) if stop > start else None
        if points is not None:
            found.append(points)
            start = stop
            continue
        event = event_of(payloads[start], attempt)
        if event is None:
            unknown += 1
        else:
            found.append(event)
        start += 1
    return unknown


def _intact(lines: Sequence[bytes]) -> Sequence[bytes]:
    """Return the lines that `is_intact` would, with all checksums compared at once if every line is."""
    try:
        heads = b"".join(map(_FRONT, lines))
        rows = np.frombuffer(heads, np.uint8).reshape(len(lines), _PREFIX)
        hexadecimal = rows[:, len(HEAD) : -len(TAIL)].tobytes().decode("ascii")
        named = np.frombuffer(bytes.fromhex(hexadecimal), ">u4")
        right = (
            (rows[:, : len(HEAD)] == _HEAD).all()
            and (rows[:, -len(TAIL) :] == _TAIL).all()
            and (named == np.fromiter(map(crc32, map(_PAYLOAD, lines)), np.uint32, len(lines))).all()
        )
    except ValueError:
        right = False
    return lines if right else [line for line in lines if is_intact(line)]


_HEAD, _TAIL = np.frombuffer(HEAD, np.uint8), np.frombuffer(TAIL, np.uint8)


def _parsed(lines: Sequence[bytes]) -> list[dict[str, Any]]:
    """Parse lines, all at once if that can be: it takes a third of the time."""
    try:
        return orjson.loads(b"[%s]" % b",".join(lines))  # type: ignore[no-any-return]
    except orjson.JSONDecodeError:
        # A line that the checksum vouches for holds what orjson refuses, as a lone surrogate in a file name.
        return [_one(line) for line in lines]


def _one(line: bytes) -> dict[str, Any]:
    try:
        return json.loads(line)  # type: ignore[no-any-return]
    except ValueError:
        return {}


def _same_series(payloads: Sequence[dict[str, Any]], start: int) -> int:
    """Return the index after the last of the metrics records from ``start`` on that hold the same series."""
    first = payloads[start].get("values")
    if payloads[start].get("kind") != "metrics" or not isinstance(first, dict) or not first:
        return start
    names = [*first]
    for index in range(start + 1, len(payloads)):
        payload = payloads[index]
        if payload.get("kind") != "metrics" or [*payload.get("values", ())] != names:
            return index
    return len(payloads)


def _points(payloads: Sequence[dict[str, Any]], attempt: int) -> Points | None:
    """Return metrics records of the same series as columns; None if one of them has another form."""
    names = tuple(payloads[0]["values"])
    try:
        values = np.array([value for one in payloads for value in one["values"].values()], dtype=np.float64)
        return Points(
            names=names,
            step=np.array([one["step"] for one in payloads], dtype=np.float64),
            epoch=np.array([one.get("epoch", np.nan) for one in payloads], dtype=np.float64),
            t=np.array([one["t"] for one in payloads], dtype=np.float64),
            values=values.reshape(len(payloads), len(names)),
            attempt=attempt,
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
