"""How both faces word things."""

from __future__ import annotations

import time

import pytest

from engine import catalogue, wording
from engine.record.events import Message, Progress, Results, StateChanged


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (62, "1:02"), (3723, "1:02:03"), (-1, "0:00")]
)
def test_clock(seconds, text):
    assert wording.clock(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.97159, "0.9716"), (7465, "7465"), (138_357_544.0, "138,357,544"), (1.5e7 + 0.5, "1.500e+07")]
)
def test_figure(value, text):
    assert wording.figure(value) == text


@pytest.mark.parametrize(
    ("step", "total", "text"), [(0, 0, "running"), (0, 400, "0 %"), (399, 400, "99 %"), (400, 400, "last figures")]
)
def test_a_running_run_is_at_100_percent_never(step, total, text):
    assert wording.running(step, total) == text


def test_what_goes_on_and_what_waits_is_said_apart():
    come = "; come back with: phosphene, or: phosphene follow "
    assert wording.going_on(["a"], []) == f"a goes on{come}a"
    assert wording.going_on(["a", "b"], ["c"]) == f"a, b go on, c waits in the queue{come}a"
    assert wording.going_on([], ["c", "d"]) == f"2 runs wait in the queue{come}c"


def test_events_as_lines():
    assert wording.line_of(StateChanged(1.0, "failed", "no such file")).level == "error"
    assert wording.line_of(StateChanged(1.0, "queued", "behind x")).text == "queued: behind x"
    assert wording.line_of(Message(1.0, "look", "alarm")).level == "alarm"
    assert wording.line_of(Results(1.0, {"test/accuracy": 0.5})).text == "test/accuracy 0.5"
    assert wording.line_of(Results(1.0, {})) is None
    assert wording.line_of(Progress(1.0, 1, 2)) is None


def test_a_form_as_a_command_is_quoted_for_a_shell():
    cnn = catalogue.experiment("cnn")
    assert wording.command_line(cnn, {"lr": "0.1", "name": "it's"}) == "phosphene run cnn --lr 0.1 --name 'it'\"'\"'s'"
    dann = catalogue.experiment("dann")
    assert wording.command_line(dann, {"batch_norm": "off"}) == "phosphene run dann --no-batch-norm"


@pytest.mark.parametrize(("number", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (1022, "1,022nd")])
def test_a_place_in_the_queue_is_worded_and_read_again(number, text):
    reason = wording.place(number, "1122-0831-dcgan-k3f")
    assert reason == f"{text}, behind 1122-0831-dcgan-k3f"
    assert wording.position(reason) == text
    assert wording.waiting(reason, time.time() - 300) == "behind k3f · 5 min"
    assert wording.position("starting") == ""
    assert wording.waiting("starting", 0.0) == "starting"


def test_what_steers_a_terminal_is_not_printed():
    assert wording.printable("a\x1b[31mb\nc") == "a [31mb\nc"


def test_the_time_that_is_left_is_told_where_there_is_some():
    assert [wording.left(eta) for eta in (0.0, 0.2, 65.0)] == ["", "", "1:05 left"]
