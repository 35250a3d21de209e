"""The event log on real files: many readers, torn lines, forks."""

from __future__ import annotations

import os
import random
import threading

import pytest

from engine.errors import WorkspaceError
from engine.record import log as log_module
from engine.record.events import Message, Metrics, Progress, StateChanged, encode
from engine.record.history import History
from engine.record.log import RESERVE, EventLog, LogReader, last_event


@pytest.fixture
def attempts(tmp_path):
    (tmp_path / "attempts" / "0001").mkdir(parents=True)
    return tmp_path / "attempts"


def metrics(step, attempt=0):
    return Metrics(float(step), step, {"train/loss": 1 / step}, attempt=attempt)


def test_readers_that_come_at_any_time_see_every_event_once_and_in_order(attempts):
    log = EventLog(attempts / "0001/events.jsonl")
    seen: list[list[int]] = [[] for _ in range(4)]
    done = threading.Event()

    def read(number):
        reader = LogReader(attempts)
        while True:
            last = done.is_set()
            seen[number] += [event.step for event in reader.poll()]
            if last:
                return

    readers = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for step in range(1, 3001):
        if step % 700 == 1 and step < 2800:
            readers[step // 700].start()
        log.append(metrics(step))
    done.set()
    for reader in readers:
        reader.join()
    log.close()
    assert seen == [list(range(1, 3001))] * 4


def test_a_line_that_is_still_being_written_is_left_for_later(attempts):
    path = attempts / "0001/events.jsonl"
    line = encode(metrics(2))
    reader = LogReader(attempts)
    path.write_bytes(encode(metrics(1)) + line[:20])
    assert [event.step for event in reader.poll()] == [1]
    with path.open("ab") as file:
        file.write(line[20:])
    assert [event.step for event in reader.poll()] == [2]
    assert reader.damaged == 0


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_a_long_log_is_read_in_pieces_that_no_line_is_lost_between(attempts, monkeypatch, size):
    monkeypatch.setattr(log_module, "PIECE", size)
    path = attempts / "0001/events.jsonl"
    path.write_bytes(b"".join(encode(metrics(step)) for step in range(1, 40)) + encode(metrics(40))[:30])
    events, points = LogReader(attempts), LogReader(attempts)
    for first in (1, 40):
        last = 39 if first == 1 else 40
        assert [event.step for event in events.poll()] == [*range(first, last + 1)]
        assert [step for one in points.poll_points() for step in one.step] == [*range(first, last + 1)]
        with path.open("ab") as file:
            file.write(encode(metrics(40))[30:])
    assert (events.damaged, points.damaged) == (0, 0)


@pytest.mark.parametrize("damage", ["cut", "nul", "ones", "bit", "line feed", "swap"])
@pytest.mark.parametrize("seed", range(5))
def test_damage_in_the_last_records_costs_these_and_no_others(attempts, damage, seed):
    chance = random.Random(f"{damage}{seed}")
    lines = [encode(metrics(step)) for step in range(1, 101)]
    start = sum(map(len, lines[:90]))
    data = bytearray(b"".join(lines))
    place = chance.randrange(start, len(data) - 1)
    match damage:
        case "cut":
            del data[place:]
        case "nul" | "ones":
            length = chance.randrange(1, len(data) - place)
            data[place : place + length] = (b"\0" if damage == "nul" else b"\xff") * length
        case "bit":
            data[place] ^= 1 << chance.randrange(8)
        case "line feed":
            data[place:place] = b"\n"
        case "swap":
            data[place : place + 2] = data[place : place + 2][::-1] if data[place] != data[place + 1] else b"~~"
    path = attempts / "0001/events.jsonl"
    path.write_bytes(data)
    reader = LogReader(attempts)
    events = reader.poll()
    steps = [event.step for event in events]
    assert steps[:90] == list(range(1, 91))
    assert steps == sorted(set(steps))
    assert all(event == metrics(event.step, attempt=1) for event in events)
    assert last_event(path, (Metrics,)) == metrics(steps[-1])
    if damage not in {"cut", "line feed"}:
        assert len(steps) < 100


def test_a_torn_write_does_not_spoil_the_next_record(attempts, monkeypatch):
    log = EventLog(attempts / "0001/events.jsonl")
    log.append(metrics(1))
    write = os.write

    def torn(descriptor, data):
        monkeypatch.undo()
        write(descriptor, data[:15])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", torn)
    with pytest.raises(OSError, match="No space"):
        log.append(metrics(2))
    log.append(metrics(3))
    log.close()
    reader = LogReader(attempts)
    assert [event.step for event in reader.poll()] == [1, 3]
    assert reader.damaged == 1


def test_a_forked_child_writes_nothing(attempts):
    log = EventLog(attempts / "0001/events.jsonl")
    child = os.fork()
    if child == 0:
        log.append(metrics(1))
        log.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert (attempts / "0001/reserve").stat().st_size == RESERVE
    log.append(metrics(2))
    log.close()
    assert [event.step for event in LogReader(attempts).poll()] == [2]
    assert not (attempts / "0001/reserve").exists()


def test_the_last_event_is_found_behind_megabytes_of_others(attempts):
    path = attempts / "0001/events.jsonl"
    state = StateChanged(1.0, "running")
    path.write_bytes(encode(state) + b"".join(encode(metrics(step)) for step in range(1, 20_000)) + b"half a li")
    assert last_event(path, (StateChanged,)) == state
    assert last_event(path, (Metrics,)) == metrics(19_999)
    assert last_event(path, (Message,)) is None


def test_later_attempts_win_where_steps_are_repeated(attempts):
    (attempts / "0002").mkdir()
    first = [StateChanged(0.0, "running"), *map(metrics, range(1, 8)), Progress(0.0, 7, 9)]
    second = [
        StateChanged(1.0, "running", step=4),
        *(Metrics(9.0, step, {"train/loss": -1.0}) for step in range(5, 10)),
    ]
    for name, events in (("0001", first), ("0002", second)):
        (attempts / name / "events.jsonl").write_bytes(b"".join(map(encode, events)))
    events, columns = History(), History()
    events.take(LogReader(attempts).poll())
    assert columns.read(LogReader(attempts))
    for history in (events, columns):
        series = history.curves.series["train/loss"]
        assert series.step.tolist() == list(range(1, 10))
        assert series.value.tolist() == [1, 1 / 2, 1 / 3, 1 / 4, -1, -1, -1, -1, -1]


def test_a_log_that_cannot_be_read_is_one_sentence(attempts):
    (attempts / "0001/events.jsonl").mkdir()
    with pytest.raises(WorkspaceError, match="cannot be read"):
        LogReader(attempts).poll()
    with pytest.raises(WorkspaceError, match="cannot be read"):
        last_event(attempts / "0001/events.jsonl", (Message,))
