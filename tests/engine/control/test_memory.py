"""How much memory of a GPU a run is taken to need, and what it is told while strangers have it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from engine import Engine, MachineFailure, Workspace, wording
from engine.control import memory, nvml
from engine.control.memory import CONTEXT, UNKNOWN, free_memory, needed, wish_of
from engine.control.queue import Queue, Wish
from engine.control.ticket import Ticket
from engine.record.events import DeviceTaken, Pulse, StateChanged
from engine.record.identity import Identity
from engine.record.log import EventLog
from engine.record.run_directory import RunRecord

GIB = 1 << 30


@pytest.fixture
def earlier(home):
    """Write a run that has ended: ``earlier("cnn", 3 * GIB, {"epochs": 2})``; return its record."""

    def write(experiment, peak, hyperparameters=None, state="finished", device="auto"):
        workspace = Workspace(home)
        record = RunRecord("", experiment, hyperparameters or {}, 0, device, 1.0)
        record, staged = workspace.prepare(record)
        staged.rename(workspace.runs / record.id)
        log = EventLog(workspace.runs / record.id / "attempts/0001/events.jsonl")
        log.append(Pulse(1.0, 1, 2, peak // 2), Pulse(2.0, 1, 2, peak), StateChanged(3.0, state))
        log.close()
        return record

    return write


def test_a_run_needs_what_the_last_of_its_experiment_took_or_better_one_of_equal_hyperparameters(home, earlier):
    workspace = Workspace(home)
    asked = RunRecord("new", "cnn", {"batch": 8}, 1, "auto", 2.0)
    assert needed(workspace, asked) == UNKNOWN
    earlier("dcgan", 9 * GIB)
    earlier("cnn", 8 * GIB, state="failed")
    assert needed(workspace, asked) == UNKNOWN
    earlier("cnn", 2 * GIB, {"batch": 4})
    assert needed(workspace, asked) == 2 * GIB + CONTEXT
    earlier("cnn", 3 * GIB, {"batch": 8})
    earlier("cnn", 0, {"batch": 8}, device="cpu")
    assert needed(workspace, asked) == 3 * GIB + CONTEXT


def test_devices_that_are_too_small_altogether_are_left_out_unless_all_are(home, gpus, earlier):
    workspace = Workspace(home)
    earlier("cnn", 30 * GIB)

    def wish(device):
        return wish_of(workspace, RunRecord("new", "cnn", {}, 1, device, 2.0, slots=2))

    gpus({"total": 16 * GIB}, {"total": 80 * GIB, "used": 79 * GIB}, {"total": 0})
    assert wish("auto") == Wish(("GPU-11", "GPU-22"), 2, 30 * GIB + CONTEXT)
    assert wish("cuda:0") == Wish(("GPU-00",), 2, CONTEXT)
    assert wish("cpu") == Wish(("cpu",), 2)
    gpus({"total": 16 * GIB}, {"total": 24 * GIB})
    assert wish("any") == Wish(("GPU-00", "GPU-11"), 2, CONTEXT)


def test_what_a_run_of_ours_has_not_taken_yet_is_not_left(home, gpus):
    with Queue(home).door():
        Queue(home).draw("first", Wish(("GPU-00",), 2, 10 * GIB), Identity.own())
    first = Ticket(home, "first", Wish(("GPU-00",), 2, 10 * GIB))
    gpus({"used": 3 * GIB})
    assert first.start()
    Ticket(home, "second", Wish(("GPU-00", "GPU-11"), 2, 30 * GIB))

    def left():
        with Queue(home).door():
            return free_memory(Queue(home).living())

    assert left() == {"GPU-00": 27 * GIB}
    gpus({"used": 7 * GIB, "processes": [[os.getpid(), 4 * GIB], [1, 3 * GIB]]}, {"total": 0})
    assert left() == {"GPU-00": 27 * GIB}
    gpus({"used": 13 * GIB, "processes": [[os.getpid(), 12 * GIB]]}, {"errors": {"nvmlDeviceGetMemoryInfo": nvml.LOST}})
    assert left() == {"GPU-00": 27 * GIB, "GPU-11": 0}


def test_a_run_that_waits_for_memory_says_who_has_it_and_starts_once_it_is_free(home, gpus, until, monkeypatch):
    monkeypatch.setattr("engine.control.ticket.MEMORY_SECONDS", 0.0)
    with subprocess.Popen(["sleep", "60"]) as process:
        _check_waiting(home, gpus, process.pid)
        process.kill()


def _check_waiting(home, gpus, stranger):
    gpus({"used": 40 * GIB, "processes": [[stranger, 38 * GIB], [4_000_000, None]]}, {"used": 39 * GIB})
    ticket = Ticket(home, "run", Wish(("GPU-00", "GPU-11"), 1, 4 * GIB))
    assert not ticket.start()
    other = psutil.Process(stranger)
    assert ticket.reason == (
        f"waits for 4.0 GiB of memory: cuda:0 has 0 MiB free (38.0 GiB by sleep of {other.username()} "
        f"(pid {stranger})); cuda:1 has 1.0 GiB free"
    )
    behind = Ticket(home, "behind", Wish(("GPU-00",), 1, 4 * GIB))
    assert not behind.start()
    assert behind.reason == wording.place(2, "run")
    told = os.environ["STANDIN_GPUS"]
    Path(told).write_text(Path(told).read_text().replace(str(39 * GIB), "0"))
    assert ticket.start()
    assert ticket.device == "GPU-11"


def test_a_run_whose_only_gpus_fall_off_while_it_waits_fails_with_one_line(home, gpus, monkeypatch):
    monkeypatch.setattr("engine.control.ticket.MEMORY_SECONDS", 0.0)
    gpus({"used": 40 * GIB})
    ticket = Ticket(home, "run", Wish(("GPU-00",), 1, GIB))
    assert not ticket.start()
    told = Path(os.environ["STANDIN_GPUS"])
    told.write_text(told.read_text().replace('"used"', '"errors": {"nvmlDeviceGetMemoryInfo": 15}, "used"'))
    with pytest.raises(MachineFailure, match="cuda:0 has fallen off the bus: restart the machine"):
        ticket.start()


def test_runs_take_the_devices_of_their_sets_in_turn_and_again_when_they_are_resumed(home, launch, finish, until, gpus):
    gpus({}, {"used": 39.8 * GIB}, {})
    gate = home.parent / "gate"
    values = {"steps": 5, "pause": 0.01, "gate": str(gate)}
    runs = [launch("count", values, device=device) for device in ("auto", "cuda:0,2", "any", "cuda:2")]
    states = ["running", "running", "queued", "queued"]
    until(lambda: [run.status().state for run in runs] == states)
    until(lambda: [run.status().reason for run in runs[2:]] == ["1st", wording.place(2, runs[2].id)])
    places = asyncio.run(Engine(home).queue())
    assert [(place.device, place.run, place.position) for place in places] == [
        ("cuda:0", runs[0].id, 0),
        ("cuda:2", runs[1].id, 0),
        ("any", runs[2].id, 1),
        ("cuda:2", runs[3].id, 2),
    ]
    os.kill(runs[0].status().worker.pid, signal.SIGKILL)
    until(lambda: runs[2].status().state == "running")
    gate.touch()
    assert {finish(run).state for run in runs[1:]} == {"finished"}
    asyncio.run(Engine(home).resume(runs[0]))
    assert finish(runs[0]).state == "finished"
    took = [[e for e in run.reader().poll() if isinstance(e, DeviceTaken)] for run in runs]
    assert [[each.device for each in own] for own in took][1:] == [["cuda:2"], ["cuda:0"], ["cuda:2"]]
    assert took[0][0] == DeviceTaken(took[0][0].t, "cuda:0", "Test", "GPU-00", attempt=1)
    assert [record.device for record in (run.record() for run in runs)] == ["auto", "cuda:0,2", "any", "cuda:2"]
    assert runs[0].history().device == took[0][1]
    assert memory.needed(Workspace(home), runs[0].record()) == UNKNOWN


def test_the_record_tells_the_most_memory_and_the_time_until_the_program_began(launch, finish, gpus, phosphene):
    gpus({"processes": []}, {})
    run = launch("count", {"steps": 3}, device="any")
    assert finish(run).state == "finished"
    history = run.history()
    assert history.peak_memory > 5 << 20
    assert history.peak_device_memory == 0
    assert history.starting() > 0
    assert history.running() >= 0
    kinds = [event.kind for event in run.reader().poll()]
    assert kinds.index("device") < kinds.index("begun") < kinds.index("metrics")
    shown = phosphene("show", run.id).stdout
    assert "count on cuda:0 (Test), seed 0" in shown
    assert "MiB" in shown
    (listed,) = json.loads(
        phosphene("runs", "--where", "device=cuda:0", "--columns", "device,memory,starting", "--json").stdout
    )
    columns = {"device": "cuda:0", "memory": history.peak_memory, "starting": history.starting()}
    assert listed["columns"] == columns
