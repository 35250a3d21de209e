"""The one fold of events: what a resumed run overrules, durations, and that columns say what events say."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.record.columns import decode_columns
from engine.record.events import (
    Begun,
    CheckpointSaved,
    DeviceTaken,
    HyperparameterChanged,
    ImageLogged,
    Message,
    Metrics,
    PlotLogged,
    Progress,
    Pulse,
    Results,
    StateChanged,
    TableLogged,
    decode,
    encode,
)
from engine.record.history import History


def history_of(*events):
    history = History()
    history.take(events)
    return history


def test_a_resumed_run_overrules_what_came_after_its_checkpoint_and_nothing_else():
    history = history_of(
        StateChanged(0.0, "running", attempt=1),
        Metrics(1.0, 1, {"train/loss": 1.0}, attempt=1),
        ImageLogged(1.0, "samples", 1, "images/samples/1.png", attempt=1),
        HyperparameterChanged(1.0, "lr", 0.1, 0.2, 1, attempt=1),
        CheckpointSaved(1.0, 1, "checkpoints/1", attempt=1),
        Metrics(2.0, 2, {"train/loss": 2.0}, attempt=1),
        ImageLogged(2.0, "samples", 2, "images/samples/2.png", attempt=1),
        PlotLogged(2.0, "C", 2, "plots/C/2.json", attempt=1),
        HyperparameterChanged(2.0, "lr", 0.01, 0.1, 2, attempt=1),
        Message(2.0, "said", attempt=1),
        TableLogged(2.0, "classes", "tables/classes.csv", attempt=1),
        Results(2.0, {"test/accuracy": 0.5}, attempt=1),
        Progress(2.0, 2, 9, "batch", 1.0, 7.0, attempt=1),
        StateChanged(3.0, "running", step=1, attempt=2),
        Metrics(4.0, 2, {"train/loss": -2.0}, attempt=2),
    )
    assert history.curves.series["train/loss"].value.tolist() == [1.0, -2.0]
    assert list(history.images["samples"]) == [1]
    assert not history.plots["C"]
    assert history.live == {"lr": 0.1}
    assert (history.attempt, history.step, history.state) == (2, 1, "running")
    assert history.checkpoint.step == 1
    assert [message.text for message in history.messages] == ["said"]
    assert history.tables.keys() == {"classes"}
    assert history.results == {"test/accuracy": 0.5}
    assert [change.value for change in history.changes_to_repeat()] == [0.1, 0.01]


def test_waiting_and_running_are_counted_apart_and_time_between_attempts_is_nobodys():
    history = history_of(
        StateChanged(100.0, "queued", "starting", attempt=1),
        StateChanged(101.0, "queued", "behind another", attempt=1),
        DeviceTaken(110.0, "cuda:1", "H100", attempt=1),
        StateChanged(110.0, "running", attempt=1),
        Begun(115.0, attempt=1),
        Metrics(130.0, 1, {"train/loss": 1.0}, attempt=1),
        Pulse(140.0, 5, 9, 70, attempt=1),
        StateChanged(150.0, "stopped", step=1, attempt=1),
        StateChanged(1000.0, "queued", "starting", attempt=2),
        StateChanged(1002.0, "running", step=1, attempt=2),
        Metrics(1005.0, 2, {"train/loss": 1.0}, attempt=2),
    )
    assert history.waiting() == 9.0
    assert history.starting() == 1.0 + 5.0 + 2.0
    assert history.running() == 35.0 + 3.0
    assert history.running(now=1010.0) == 43.0
    assert history.device.device == "cuda:1"
    history.take([Pulse(1011.0, 6, 8, 80, attempt=2)])
    assert (history.memory, history.peak_memory, history.peak_device_memory) == (6, 9, 80)


def test_a_log_that_does_not_say_when_the_program_began_counts_all_of_its_work():
    history = history_of(StateChanged(1.0, "queued", "starting"), StateChanged(2.0, "running"), Pulse(6.0, 5))
    assert (history.starting(), history.running()) == (1.0, 4.0)


def test_a_crash_counts_until_the_last_sign_of_life():
    history = history_of(
        StateChanged(0.5, "queued", attempt=1),
        StateChanged(1.0, "running", attempt=1),
        Metrics(5.0, 1, {"train/loss": 1.0}, attempt=1),
        StateChanged(500.0, "crashed", "killed", attempt=1),
    )
    assert (history.state, history.running(), history.running(now=900.0)) == ("crashed", 4.0, 4.0)


def test_a_killed_worker_that_logged_no_end_is_counted_until_its_last_event():
    history = history_of(
        StateChanged(1.0, "running", attempt=1),
        Metrics(5.0, 1, {"train/loss": 1.0}, attempt=1),
        StateChanged(900.0, "queued", attempt=2),
        StateChanged(901.0, "running", attempt=2),
        StateChanged(903.0, "finished", attempt=2),
    )
    assert (history.waiting(), history.running()) == (1.0, 6.0)


names = st.sampled_from(["train/loss", "a", 'quote"d', "ü", "back\\slash", "{values}", "nan"])
numbers = st.floats(allow_nan=True, allow_infinity=True)
metrics = st.builds(
    Metrics,
    t=st.floats(1.0, 2e9),
    step=st.integers(1, 10**6),
    values=st.dictionaries(names, numbers, min_size=1, max_size=4),
    epoch=st.none() | st.floats(0, 100),
)
others = st.sampled_from(
    [Message(1.0, "file \udce4.png"), Progress(1.0, 1, 2), StateChanged(1.0, "running"), Results(1.0, {"a": math.inf})]
)
damage = st.tuples(st.integers(0, 200), st.integers(0, 255))


@settings(max_examples=300)
@given(st.lists(metrics | others, max_size=12), st.lists(damage, max_size=3), st.integers(1, 3))
def test_columns_say_what_events_say_damaged_lines_included(events, damages, repeats):
    lines = [encode(event)[:-1] for event in events for _ in range(repeats)]
    for at, byte in damages:
        if lines:
            line = bytearray(lines[at % len(lines)])
            line[at % len(line)] = byte if byte != 10 else 11
            lines[at % len(lines)] = bytes(line)
    one_by_one = [decode(line, 1) for line in lines]
    found, damaged = decode_columns(lines, 1)
    assert damaged == one_by_one.count(None)
    ours, theirs = History(), History()
    ours.take(found)
    theirs.take(event for event in one_by_one if event is not None)
    assert list(ours.curves.series) == list(theirs.curves.series)
    for name, series in ours.curves.series.items():
        other = theirs.curves.series[name]
        for column in ("step", "epoch", "t", "value"):
            assert getattr(series, column).tolist() == pytest.approx(getattr(other, column).tolist(), nan_ok=True)
    assert ours.messages == theirs.messages
    assert (ours.state, ours.step, ours.results) == (theirs.state, theirs.step, theirs.results)


def test_an_append_costs_what_was_appended(tmp_path):
    from engine.record.log import LogReader

    folder = tmp_path / "attempts" / "0001"
    folder.mkdir(parents=True)
    log = folder / "events.jsonl"
    log.write_bytes(b"".join(encode(Metrics(float(i), i, {"a": 1.0})) for i in range(1, 5001)))
    reader, history = LogReader(tmp_path / "attempts"), History()
    history.read(reader)
    with log.open("ab") as file:
        file.write(encode(Metrics(5001.0, 5001, {"a": 2.0})))
    batch = reader.poll_points()
    assert sum(len(points.step) if hasattr(points, "names") else 1 for points in batch) == 1
    history.take(batch)
    assert history.curves.series["a"].length == 5001
    assert not history.read(reader)
