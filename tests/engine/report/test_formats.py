"""Framing and wire format by themselves, against their definitions and against the packages that define them."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.report import tfrecord, wire

RECORDS = st.lists(st.binary(max_size=80), max_size=6)


def test_the_checksum_is_that_of_castagnoli():
    # The examples of RFC 3720, B.4.
    assert tfrecord.crc32c(bytes(32)) == 0x8A9136AA
    assert tfrecord.crc32c(b"\xff" * 32) == 0x62A8AB43
    assert tfrecord.crc32c(bytes(range(32))) == 0x46DD794E
    assert tfrecord.crc32c(b"123456789") == 0xE3069283


@given(RECORDS)
def test_what_is_framed_is_read_again(found):
    assert [*tfrecord.records(b"".join(map(tfrecord.framed, found)))] == found


@given(RECORDS.filter(bool), st.data())
def test_of_a_file_that_is_cut_off_the_whole_records_are_read(found, data):
    framed = [*map(tfrecord.framed, found)]
    stream = b"".join(framed)
    cut = data.draw(st.integers(0, len(stream) - 1))
    ends = [sum(map(len, framed[: number + 1])) for number in range(len(framed))]
    whole = sum(end <= cut for end in ends)
    at_a_seam = cut in {0, *ends}
    assert [*tfrecord.records(stream[:cut])] == [*found[:whole], *([] if at_a_seam else [None])]


@given(RECORDS.filter(bool), st.data())
def test_no_flipped_bit_passes_for_data(found, data):
    stream = bytearray(b"".join(map(tfrecord.framed, found)))
    stream[data.draw(st.integers(0, len(stream) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    read = [*tfrecord.records(bytes(stream))]
    assert None in read
    kept = [record for record in read if record is not None]
    rest = iter(found)
    assert all(record in rest for record in kept)  # in their order


@given(st.integers(-(1 << 63), (1 << 63) - 1), st.floats(), st.binary(), st.floats(width=32))
def test_fields_are_read_as_they_were_written(whole, number, data, short):
    message = wire.integer(1, whole) + wire.double(2000, number) + wire.chunk(3, data) + wire.single(4, short)
    (one, first), (two, second), (three, third), (four, fourth) = wire.fields(message)
    assert (one, two, three, four) == (1, 2000, 3, 4)
    assert (first, third) == (whole, data)
    assert repr((second, fourth)) == repr((number, short))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_refused(data):
    with contextlib.suppress(ValueError):
        assert all(number > 0 for number, _ in wire.fields(data))


def test_what_is_too_large_for_a_float_is_infinite():
    assert [value for _, value in wire.fields(wire.single(2, 1e300) + wire.single(2, -1e300))] == [math.inf, -math.inf]


@given(st.integers(-(1 << 63), (1 << 63) - 1), st.floats(), st.floats(width=32), st.text())
def test_the_messages_are_those_of_the_package(step, t, value, tag):
    event_pb2 = pytest.importorskip("tensorboard.compat.proto.event_pb2", reason="needs tensorboard (extra test)")
    summary = wire.chunk(1, wire.chunk(1, tag) + wire.single(2, value))
    event = event_pb2.Event.FromString(wire.double(1, t) + wire.integer(2, step) + wire.chunk(5, summary))
    (read,) = event.summary.value
    assert (event.step, read.tag) == (step, tag)
    assert repr((event.wall_time, read.simple_value)) == repr((t, value))
