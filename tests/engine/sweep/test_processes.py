"""Real controllers, workers and terminals: killed, interrupted, cut off, on a full disk and with a clock set back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import time

import pytest

from engine import SweepAsked, Sweeps, Widening
from engine.record.claim import write_claim
from engine.record.run_directory import RunDirectory
from engine.sweep import controller
from tests.engine.sweep.conftest import identity_of_the_dead

GRID = {"lr": "0.1,0.2,0.3", "series": "1,2"}
STEPS = {"steps": "12", "pause": "0.01"}


@pytest.fixture
def sweeps(home):
    """Return the sweeps of a workspace; what a test has left running is ended."""
    found = Sweeps(home)
    yield found
    for sweep in found.directories():
        kill(sweep.controller)


def kill(directory):
    """End the last worker of a run, or the last controller of a sweep, the hard way; return whether it lived."""
    attempts = directory.attempts()
    claim = attempts[-1].claim() if attempts else None
    if claim is not None and claim.worker.presence() == "alive":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(claim.worker.pid, signal.SIGKILL)
            return True
    return False


def launch(sweeps, over=None, experiment="count", fixed=None, **asked):
    options = {"device": "cpu"}
    wanted = SweepAsked(experiment, fixed or STEPS, over or GRID, {}, options=options, **asked)
    return asyncio.run(sweeps.launch(asyncio.run(sweeps.plan(wanted))))


def trials(sweeps, sweep):
    return sweeps.trials(sweep, sweep.record()).read()


def results(sweeps, sweep):
    """Return what came of a sweep: the curves of its runs by setting and seed."""
    found = {}
    for trial in trials(sweeps, sweep):
        curves = RunDirectory(sweeps.workspace.runs / trial.run).history().curves.series
        plain = {name: [*map(repr, series.value.tolist())] for name, series in curves.items()}
        found[json.dumps([dict(trial.setting), trial.seed])] = (trial.state, plain)
    return found


def storm(sweeps, sweep, until, victims, kills, generator):
    """Kill controllers and workers at random moments, so many times; then let the sweep end.

    A sweep that has ended before all kills were made is widened by a seed.
    """
    done = 0
    while done < kills or sweep.status().state != "finished":
        status = sweep.status()
        if status.ended:
            if status.state == "finished":
                asyncio.run(sweeps.widen(sweep, Widening(seeds=1)))
            asyncio.run(sweeps.resume(sweep))
        if done >= kills:
            until(lambda: sweep.status().ended, 120, "the sweep has ended")
            continue
        # Somewhere between the lines that the controllers write.
        log = sweep.controller.attempts()[-1].events
        lines = generator.randrange(9)
        latest = time.monotonic() + generator.random() * 0.02

        def far_enough(log=log, lines=lines):
            return sweep.status().ended or (log.exists() and log.read_bytes().count(b"\n") >= lines)

        until(far_enough, 60)
        until(lambda latest=latest: time.monotonic() > latest)
        victim = generator.choice(victims)
        killed = victim != "workers" and kill(sweep.controller)
        for trial in trials(sweeps, sweep) if victim != "controller" else ():
            killed |= trial.state in {"queued", "running"} and kill(RunDirectory(sweeps.workspace.runs / trial.run))
        done += killed
        if victim != "workers":
            until(lambda: sweep.status().ended, 30, "a killed controller is seen to be dead")


def check_storm(sweeps, until, victims, kills, parallel, experiment="count", over=None, fixed=None):
    sweep = launch(sweeps, over, experiment, fixed, parallel=parallel, seeds=2, reuse=False)
    storm(sweeps, sweep, until, victims, kills, random.Random(f"{victims}{kills}{parallel}"))
    there = {run.id for run in sweeps.workspace.directories()}
    assert there == {trial.run for trial in trials(sweeps, sweep)}, (
        "each configuration has one run, and none is left over"
    )
    seeds = len(sweep.record().seeds)
    quiet = launch(sweeps, over, experiment, fixed, parallel=parallel, seeds=seeds, reuse=False)
    until(lambda: quiet.status().ended, 240)
    assert results(sweeps, sweep) == results(sweeps, quiet)
    assert len(results(sweeps, sweep)) == len(trials(sweeps, sweep)) == len(there)
    return sweep


@pytest.mark.slow
def test_killed_controllers_and_workers_change_no_result(sweeps, until):
    sweep = check_storm(sweeps, until, ["controller", "workers", "all"], 6, 2, over={"lr": "0.1,0.2,0.3"})
    assert len(sweep.controller.attempts()) > 1


@pytest.mark.slow
@pytest.mark.parametrize("parallel", [1, 4])
@pytest.mark.parametrize("victim", ["controller", "workers", "all"])
def test_fifty_kills_change_no_result(sweeps, until, victim, parallel):
    check_storm(sweeps, until, [victim], 50, parallel)


@pytest.mark.slow
def test_kills_change_no_trained_weight(sweeps, until):
    fixed = {"steps": "40", "pause": "0.02"}
    check_storm(sweeps, until, ["controller", "workers", "all"], 20, 2, "walk", {"lr": "0.05,0.1"}, fixed)


def test_it_is_stopped_and_goes_on(sweeps, until):
    sweep = launch(sweeps, {"lr": "0.1,0.2,0.3"}, fixed={"steps": "400", "pause": "0.01"}, parallel=2)
    until(lambda: sum(trial.state == "running" for trial in trials(sweeps, sweep)) == 2)
    asyncio.run(sweeps.stop(sweep))
    until(lambda: sweep.status().ended)
    assert (sweep.status().state, sweep.status().reason) == ("stopped", "by you")
    assert [trial.state for trial in trials(sweeps, sweep)] == ["stopped"] * 2
    asyncio.run(sweeps.resume(sweep))
    until(lambda: any(trial.state == "running" for trial in trials(sweeps, sweep)))
    asyncio.run(sweeps.stop(sweep, kill=True))
    until(lambda: sweep.status().ended)
    until(lambda: not any(trial.state in {"running", "queued"} for trial in trials(sweeps, sweep)))
    assert sweep.status().state == "stopped"


def test_ctrl_c_leaves_a_sweep_a_second_one_stops_it_and_a_lost_terminal_does_nothing(sweeps, terminal, until, home):
    values = ["--steps", "120", "--pause", "0.01", "--device", "cpu"]
    shown = terminal("sweep", "count", "--over", "lr=0.1,0.2", *values)
    shown.expect("0/2")
    shown.send("\x03")
    shown.expect("the sweep goes on; watch it: phosphene sweep follow")
    shown.send("\x03")
    shown.expect("it saves and stops; go on with it: phosphene sweep resume")
    assert shown.wait() == 130
    (sweep,) = sweeps.directories()
    until(lambda: sweep.status().ended)
    assert sweep.status().reason == "by you"
    shown = terminal("sweep", "resume", sweep.id)
    until(lambda: sweep.status().state == "running")
    until(lambda: any(trial.state == "running" for trial in trials(sweeps, sweep)))
    shown.hang_up()
    until(lambda: shown.process.poll() is not None)
    until(lambda: sweep.status().ended)
    assert sweep.status().state == "finished"
    assert [trial.state for trial in trials(sweeps, sweep)] == ["finished"] * 2


def test_two_controllers_at_once_are_one(sweeps, until):
    sweep = launch(sweeps, {"lr": "0.1,0.2"})
    until(lambda: sweep.status().ended)
    asyncio.run(sweeps.widen(sweep, sweeps.widening(sweep, {"lr": "0.3,0.4"})))

    async def both():
        return await asyncio.gather(*(sweeps.resume(sweep) for _ in range(4)), return_exceptions=True)

    answers = asyncio.run(both())
    assert sum(not isinstance(answer, Exception) for answer in answers) == 1, answers
    until(lambda: sweep.status().ended)
    assert len(sweep.controller.attempts()) == 2
    assert sorted(trial.setting["lr"] for trial in trials(sweeps, sweep)) == [0.1, 0.2, 0.3, 0.4]


def test_a_clock_that_is_set_back_does_not_matter(bench, monkeypatch):
    now = iter(range(2_000_000_000, 0, -1000))
    monkeypatch.setattr(controller.time, "time", lambda: float(next(now)))
    sweep = bench.begin(GRID, budget=3600)
    assert bench.play(sweep) == 0
    assert [trial.state for trial in bench.trials(sweep)] == ["finished"] * 6


@pytest.fixture
def disk(tmp_path):
    """Return a small file system of its own."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder]
    if (mount := subprocess.run(command, capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"no file system can be mounted here: {mount.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def check_full_disk(bench, disk, room):
    """Play a sweep on a disk with so many bytes left, then again with more."""
    sweep = bench.begin({"lr": "0.1,0.2"}, reuse=False)
    write_claim(sweep.controller.attempts()[-1].path, identity_of_the_dead())
    filler = disk / "filler"
    with filler.open("wb") as file:
        free = os.statvfs(disk)
        os.posix_fallocate(file.fileno(), 0, max(1, free.f_bavail * free.f_bsize - room))
    status = bench.play(sweep)
    filler.unlink()
    if status:
        assert "full" in sweep.status().reason, sweep.status()
        assert bench.again(sweep) == 0
    assert [trial.state for trial in bench.trials(sweep)] == ["finished"] * 2
    assert len(bench.sweeps.workspace.directories()) == 2
    shutil.rmtree(bench.sweeps.workspace.home)
    return status


def test_a_disk_that_is_full_at_any_page_costs_no_run(bench, disk, monkeypatch):
    monkeypatch.setattr("engine.record.workspace.ROOM", 0)
    bench.move(disk / "home")
    failed = []
    for room in range(0, 600_000, 4_096):
        failed.append(check_full_disk(bench, disk, room))
        if not any(failed[-4:]):
            break
    assert sum(failed) > 20, "pages at which the sweep did not come through"
    assert not failed[-1]
