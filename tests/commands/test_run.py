"""``phosphene run``: documents, exit statuses, Ctrl-C, and what is refused before anything is written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


def document(done):
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout)


def test_a_run_prints_its_results_and_narrates_on_the_other_stream(phosphene):
    done = phosphene("run", "count", "--steps", "5", "--name", "mine")
    assert done.returncode == 0
    assert done.stdout == "test/accuracy  0.5\n"
    assert "mine" in done.stderr
    assert "step 5/5" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_run_json_is_one_document_when_the_run_ends(phosphene):
    found = document(phosphene("run", "count", "--json"))
    assert found.keys() == {"id", "state", "result", "reason"}
    assert (found["state"], found["result"]) == ("finished", {"test/accuracy": 0.5})


def test_run_json_of_a_failure_tells_it_and_the_status_is_1(phosphene):
    done = phosphene("run", "trouble", "--json")
    assert done.returncode == 1
    found = document(done)
    assert found["state"] == "failed"
    assert "third" in found["reason"]
    assert phosphene("run", "trouble", "--trouble", "segfault").returncode == 1


def test_a_program_that_raises_shows_where_and_the_way_to_the_traceback(phosphene):
    done = phosphene("run", "trouble")
    *_, place, failed, way = done.stderr.splitlines()
    assert "phosphene_test_programs.py, line " in place
    assert failed == "failed: ZeroDivisionError: the [red]third[/] step divides by zero"
    assert "Traceback (most recent call last)" in Path(way.rpartition(": ")[2]).read_text()


def test_detached_it_returns_at_once_and_prints_the_id(home, phosphene, finish, visible):
    gate = home / "gate"
    done = phosphene("run", "count", "--gate", str(gate), "--detach")
    (run,) = visible()
    assert (done.returncode, done.stdout) == (0, f"{run.id}\n")
    assert f"phosphene follow {run.id}" in done.stderr
    gate.touch()
    assert finish(run).state == "finished"
    found = document(phosphene("run", "count", "--detach", "--json"))
    assert found.keys() == {"id", "state"}
    assert found["state"] in {"queued", "running", "finished"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["count", "--steps", "many"], ["steps", "whole number", "'many'"]),
        (["count", "--steps", "0"], ["steps", "greater than or equal to 1", "'0'"]),
        (["count", "--lr", "1.5"], ["lr", "less than or equal to 1"]),
        (["count", "--lr", "nan"], ["lr", "finite"]),
        (["count", "--seed", "-1"], ["seed", "greater than or equal to 0"]),
        (["count", "--seed", "4294967296"], ["seed", "less than 4294967296"]),
        (["count", "--device", "gpu"], ["device", "cuda"]),
        (["count", "--slots", "0"], ["slots", "greater than or equal to 1"]),
        (["count", "--name", "x" * 201], ["name", "200"]),
        (["count", "--steps", "0", "--lr", "7"], ["steps", "lr"]),
        (["trouble", "--trouble", "none"], ["trouble", "'raise'"]),
        (["cnn", "--dataset", "faces"], ["dataset", "'faces'", "digits, digits-m, mnist"]),
        (["count", "--stepps", "3"], ["--stepps", "--steps"]),
        (["cuont"], ["cuont", "did you mean count?"]),
        (["zzz"], ["zzz", "phosphene experiments"]),
        (["count", "extra"], ["extra"]),
        (["count", "--steps"], ["--steps", "argument"]),
    ],
)
def test_what_is_refused_is_named_with_its_bound_before_anything_is_written(home, phosphene, arguments, words):
    done = phosphene("run", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert all(word in done.stderr for word in words), done.stderr
    assert "Traceback" not in done.stderr
    assert not home.exists()


def test_help_shows_bounds_units_and_defaults(phosphene):
    text = " ".join(phosphene("run", "count", "--help", env=os.environ | {"COLUMNS": "200"}).stdout.split())
    assert "--lr NUMBER logged as it is (> 0, <= 1, live) [0.1]" in text
    assert "--pause NUMBER time per step (>= 0 s) [0]" in text
    assert "raise|print|nan" in phosphene("run", "trouble", "--help", env=os.environ | {"COLUMNS": "200"}).stdout


def test_ctrl_c_detaches_and_says_how_to_follow(home, terminal, visible, finish):
    window = terminal("run", "count", "--gate", str(home / "gate"))
    window.expect("at the gate")
    window.send("\x03")
    (run,) = visible()
    window.expect(rf"the run goes on; watch it: phosphene follow {run.id}")
    assert window.wait() == 130
    assert run.status().state == "running"
    (home / "gate").touch()
    assert finish(run).state == "finished"


def test_a_second_ctrl_c_stops_it(terminal, visible, finish):
    window = terminal("run", "count", "--steps", "100000", "--pause", "0.005")
    window.expect(r"step [1-9]")
    window.send("\x03")
    window.expect("the run goes on")
    window.send("\x03")
    (run,) = visible()
    window.expect(f"phosphene resume {run.id}")
    assert window.wait() == 130
    assert finish(run).state == "stopped"


def test_ctrl_c_while_a_script_follows_in_json_ends_in_130(home, launch, until):
    run = launch("count", {"gate": str(home / "gate")})
    command = [sys.executable, "-m", "phosphene", "follow", run.id, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follower:
        follower.stdout.readline()
        follower.send_signal(signal.SIGINT)
        assert follower.wait(20) == 130
        assert "Traceback" not in follower.stderr.read()
    assert not run.status().ended


@pytest.mark.parametrize("delay", [0.05, 0.2, 0.3])
def test_ctrl_c_at_any_moment_leaves_no_traceback(terminal, visible, delay):
    window = terminal("run", "count", "--steps", "1000", "--pause", "0.01")
    window.drain(delay)
    window.process.send_signal(signal.SIGINT)
    # At the very beginning, before there is any handler, Python itself ends the process.
    assert window.wait() in {130, -signal.SIGINT, 1}
    if visible() or delay >= 0.2:
        assert "Traceback" not in window.text


def test_options_may_be_written_as_their_fields_are_called(phosphene):
    done = phosphene("run", "dcgan", "--preview_every", "never")
    assert (done.returncode, done.stderr.startswith("phosphene: preview_every: must be")) == (2, True)


@pytest.mark.parametrize(
    "command",
    [
        ["runs", "--all"],
        pytest.param(["runs", "--json"], marks=pytest.mark.slow),
        pytest.param(["show", "last"], marks=pytest.mark.slow),
        ["follow", "last", "--json"],
        pytest.param(["run", "count", "--help"], marks=pytest.mark.slow),
        ["--help"],
    ],
)
def test_a_reader_that_leaves_gets_no_traceback(launch, finish, command):
    finish(launch("count", {"steps": 2000, "series": 5}))
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "phosphene", *command], stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    os.read(reading, 1)
    os.close(reading)
    _, narration = process.communicate(timeout=60)
    assert "Traceback" not in narration
    assert "Exception" not in narration
    assert "BrokenPipe" not in narration
