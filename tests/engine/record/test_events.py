"""Events as lines: everything comes back as it was, and no damage ever yields an event."""

from __future__ import annotations

import json
import math
import zlib
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.record.events import (
    KINDS,
    Begun,
    CheckpointSaved,
    DeviceTaken,
    HyperparameterChanged,
    ImageLogged,
    Message,
    Metrics,
    Progress,
    Pulse,
    Results,
    StateChanged,
    TableLogged,
    decode,
    encode,
)

# Every code point there is, lone surrogates included: file names that are no UTF-8 have them.
TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
NUMBER = st.floats(width=64)
FIGURES = st.dictionaries(TEXT, NUMBER, max_size=5)
STEP = st.integers(0, 2**53)
TIME = st.floats(0, 4e9)
EVENTS = st.one_of(
    st.builds(
        StateChanged, TIME, st.sampled_from(["queued", "running", "finished", "failed"]), TEXT, STEP, STEP, FIGURES
    ),
    st.builds(Progress, TIME, STEP, STEP, TEXT, NUMBER, NUMBER),
    st.builds(Metrics, TIME, STEP, FIGURES, st.none() | NUMBER),
    st.builds(ImageLogged, TIME, TEXT, STEP, TEXT),
    st.builds(TableLogged, TIME, TEXT, TEXT),
    st.builds(CheckpointSaved, TIME, STEP, TEXT, STEP),
    st.builds(
        HyperparameterChanged,
        TIME,
        TEXT,
        TEXT | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
        TEXT | st.integers(),
        STEP,
    ),
    st.builds(Results, TIME, FIGURES),
    st.builds(Message, TIME, TEXT, st.sampled_from(["info", "alarm"])),
    st.builds(Pulse, TIME, STEP, STEP, STEP),
    st.builds(DeviceTaken, TIME, TEXT, TEXT, TEXT),
    st.builds(Begun, TIME),
)


def values(event):
    """Return an event as plain values in which NaN equals NaN."""

    def comparable(value):
        if isinstance(value, dict):
            return {key: comparable(entry) for key, entry in value.items()}
        return "NaN" if isinstance(value, float) and math.isnan(value) else value

    return type(event), {item.name: comparable(getattr(event, item.name)) for item in fields(event)}


@given(EVENTS, st.integers(1, 9999))
def test_every_event_comes_back_as_it_was(event, attempt):
    line = encode(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    found = decode(line[:-1], attempt)
    assert found is not None
    assert found.attempt == attempt
    assert values(found)[1] | {"attempt": 0} == values(event)[1]
    assert type(found) is type(event)


@given(EVENTS)
def test_every_line_is_json_that_other_programs_read(event):
    document = json.loads(encode(event), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert document["kind"] == event.kind
    assert list(document)[:3] == ["crc", "t", "kind"]


@given(EVENTS, st.data())
def test_a_line_with_any_byte_changed_yields_nothing(event, data):
    line = bytearray(encode(event)[:-1])
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= data.draw(st.integers(1, 255))
    assert decode(bytes(line)) is None


@given(EVENTS, st.data())
def test_a_cut_line_yields_nothing(event, data):
    line = encode(event)[:-1]
    assert decode(line[: data.draw(st.integers(0, len(line) - 1))]) is None


@given(EVENTS, EVENTS, st.data())
def test_two_lines_grown_together_yield_nothing(first, second, data):
    line, other = encode(first)[:-1], encode(second)[:-1]
    assert decode(line[: data.draw(st.integers(1, len(line) - 1))] + other) is None
    assert decode(line + other) is None


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(line):
    assert decode(line) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["values", "t", "x"]), inner),
        max_leaves=5,
    ),
    st.sampled_from([*KINDS, "another"]),
)
def test_lines_of_other_versions_never_make_the_reader_fail(value, kind):
    body = json.dumps({"kind": kind, "values": value, "t": value, "step": 1, "result": value}).encode()[1:]
    found = decode(b'{"crc":"%08x",%s' % (zlib.crc32(body), body))
    assert found is None or found.kind == kind


@given(st.binary(max_size=60))
def test_a_right_checksum_over_anything_never_makes_the_reader_fail(body):
    decode(b'{"crc":"%08x",%s' % (zlib.crc32(body), body))


def test_a_changed_line_is_not_taken_for_another_event():
    """The checksum covers the kind and the names, not only the values."""
    line = encode(Message(1.0, "loss"))[:-1]
    assert decode(line) == Message(1.0, "loss")
    assert decode(line.replace(b'"loss"', b'"boss"')) is None
    assert decode(line.replace(b"message", b"results")) is None
