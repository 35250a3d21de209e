"""What becomes of a run whose program goes wrong: its state and reason tell which way it was."""

from __future__ import annotations

import asyncio
import importlib
import os
import re
import signal

import pytest

from engine import Engine, Message, Metrics, StateChanged
from engine.control.worker import last_own_line


@pytest.mark.parametrize(
    ("trouble", "state", "reason"),
    [
        ("raise", "failed", "ZeroDivisionError: the [red]third[/] step divides by zero"),
        ("print", "finished", ""),
        ("nan", "finished", ""),
        ("exit", "crashed", "the program ended the process itself with os._exit(7)"),
        ("sys-exit", "failed", "the program called sys.exit(9)"),
        ("segfault", "crashed", "Fatal Python error: Segmentation fault"),
        ("memory", "failed", "out of memory"),
        ("kill", "crashed", "killed, or crashed in compiled code"),
        ("fork", "finished", ""),
        ("fork-return", "finished", ""),
    ],
)
def test_state_and_reason_tell_what_went_wrong(home, launch, finish, trouble, state, reason):
    run = launch("trouble", {"trouble": trouble}, slots=64)
    status = finish(run)
    assert status.state == state, status
    assert reason in status.reason
    events = run.reader().poll()
    steps = [event.step for event in events if isinstance(event, Metrics)]
    assert steps == [1, 2, 3, 4, 5] if state == "finished" else steps in ([1, 2, 3], [1, 2], [1], [])
    if state == "failed":
        assert steps == [1, 2, 3], "what a failing program logged is kept"
    messages = [event.text for event in events if isinstance(event, Message)]
    match trouble:
        case "raise":
            output = "\n".join(run.attempts()[0].output_tail(50))
            assert "Traceback" in output
            assert "phosphene_test_programs.py" in output
            (place,) = messages
            assert re.fullmatch(r"/.*/phosphene_test_programs\.py, line \d+, in trouble: raise ZeroDiv.*", place)
        case "print":
            assert run.attempts()[0].output.stat().st_size >= 5_000_000
        case "nan":
            assert messages == ["train/loss is nan since step 3"]
            values = [event.values["train/loss"] for event in events if isinstance(event, Metrics)]
            assert values[2] != values[2]
        case "fork":
            assert any("forked" in text for text in messages)
        case "fork-return":
            assert [e.state for e in events if isinstance(e, StateChanged)].count("finished") == 1


def test_the_reason_of_a_worker_ended_for_want_of_memory_says_so(home, launch, until, monkeypatch):
    run = launch("count", {"gate": str(home / "never")})
    until(lambda: run.status().state == "running")
    os.killpg(run.status().worker.pid, signal.SIGKILL)
    until(lambda: run.status().state == "crashed")
    assert "memory" not in run.status().reason
    import engine.record.ends as module

    before = module.kills_for_memory()
    monkeypatch.setattr(module, "kills_for_memory", lambda: before + 1)
    assert "memory ran out" in run.status().reason


def test_a_run_that_its_user_kills_is_ended_by_the_user_for_every_reader(home, launch, until):
    """While it is followed, and afterwards; it did not crash, and can be resumed."""
    run = launch("count", {"gate": str(home / "never")})
    until(lambda: run.status().state == "running")
    engine = Engine(home)

    async def follow_and_kill():
        following = asyncio.create_task(collect())
        await engine.stop(run, kill=True)
        return await following

    async def collect():
        return [event async for event in engine.follow(run)]

    for events in (asyncio.run(follow_and_kill()), asyncio.run(collect())):
        assert (events[-1].state, events[-1].reason) == ("stopped", "ended by you at once, without saving")
    assert run.status().state == "stopped"
    asyncio.run(engine.resume(run))
    (home / "never").touch()
    until(lambda: run.status().state == "finished")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_gracefully(home, launch, finish, until, number):
    run = launch("count", {"steps": 100_000, "pause": 0.002})
    until(lambda: any(isinstance(event, Metrics) for event in run.reader().poll()))
    os.kill(run.status().worker.pid, number)
    status = finish(run)
    assert status.state == "stopped"
    steps = [event.step for event in run.reader().poll() if isinstance(event, Metrics)]
    assert steps == list(range(1, status.step + 1))
    assert status.reason == f"after step {status.step:,}"


def test_a_worker_ignores_the_hang_up(home, launch, finish, until):
    run = launch("count", {"steps": 300, "pause": 0.002})
    until(lambda: run.status().state == "running")
    os.kill(run.status().worker.pid, signal.SIGHUP)
    assert finish(run).state == "finished"


def test_a_stopped_run_saves_and_goes_on_where_it_was(home, launch, finish, until):
    run = launch("walk", {"steps": 400, "pause": 0.005, "every": 1000.0})
    until(lambda: sum(isinstance(event, Metrics) for event in run.reader().poll()) > 5)
    asyncio.run(Engine(home).stop(run))
    status = finish(run)
    assert status.state == "stopped"
    assert run.last_checkpoint().step == status.step
    asyncio.run(Engine(home).resume(run))
    until(lambda: run.status().state == "running")
    until(lambda: any(event.attempt == 2 for event in run.reader().poll() if isinstance(event, Metrics)))
    again = [event.step for event in run.reader().poll() if isinstance(event, Metrics) and event.attempt == 2]
    assert again[0] == status.step + 1
    asyncio.run(Engine(home).stop(run, kill=True))
    finish(run)


def test_of_a_traceback_the_last_line_in_the_programs_own_files_is_told(tmp_path, monkeypatch):
    """Of a package every file is its own; of a module the module alone. Libraries are not."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/__init__.py").touch()
    (tmp_path / "mine/losses.py").write_text("import json\n\ndef loss():\n    return json.loads('{')\n")
    (tmp_path / "mine/program.py").write_text("from mine.losses import loss\n\ndef train():\n    return loss()\n")
    (tmp_path / "alone.py").write_text("from mine.program import train\n\ndef run():\n    return train()\n")
    (tmp_path / "broken.py").write_text("import json\njson.gone\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for program, place in (
        ("mine.program:train", "mine/losses.py, line 4, in loss: return json.loads('{')"),
        ("alone:run", "alone.py, line 4, in run: return train()"),
        ("broken:run", "broken.py, line 2, in <module>: json.gone"),
        ("nowhere:run", ""),
    ):
        module, _, function = program.partition(":")
        with pytest.raises(Exception) as caught:
            getattr(importlib.import_module(module), function)()
        assert last_own_line(caught.value, program) == (place and f"{tmp_path}/{place}")
