"""Nothing that happens to whoever launched a run harms it: 100 tries, each of a run that somebody could see."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine import Engine, Metrics, Workspace
from engine.record.run_directory import RunDirectory

STEPS = 60
ASKED = ["run", "count", "--steps", str(STEPS), "--pause", "0.004", "--device", "cpu", "--slots", "64"]
WARM = """
import asyncio, sys, time
from engine import Engine

async def main():
    engine = Engine()
    await engine.warm()
    print("warming", flush=True)
    sys.stdin.readline()
    await engine.launch("count", {"steps": %d, "pause": 0.004}, {"slots": 64, "device": "cpu"})
    print("launched", flush=True)
    await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""

OFTEN = pytest.mark.parametrize("times", [6, pytest.param(32, marks=pytest.mark.slow)])
"""A few moments by default, and many in the slow tests."""


def complete(run: RunDirectory) -> None:
    """Follow a run as a new reader does: something is shown within two seconds, and at the end no point is missing."""
    began = time.monotonic()
    first = None
    steps = []

    async def follow():
        nonlocal first
        async for event in Engine(run.path.parents[1]).follow(run):
            first = first or time.monotonic()
            if isinstance(event, Metrics):
                steps.append(event.step)

    asyncio.run(asyncio.wait_for(follow(), 30))
    status = run.status()
    assert status.state == "finished", status
    assert steps == list(range(1, STEPS + 1))
    assert first - began < 2.0, f"the first event was shown after {first - began:.1f} s"


def tries(count, attempt, workers=3):
    """Make attempts, several at a time, until so many of them brought forth a run; follow every one."""
    done = 0
    with ThreadPoolExecutor(workers) as pool:
        for seen in range(0, 4 * count, workers):
            chances = [random.Random(seed) for seed in range(seen, seen + workers)]
            for run in pool.map(attempt, chances):
                done += run is not None
            if done >= count:
                return done
    return done


@pytest.fixture
def one_of_its_own(home):
    """Return the run of one launcher, each of which has its own workspace, or None if it got nowhere."""

    def find(number, within=0.5) -> RunDirectory | None:
        workspace = Workspace(home / str(number))
        deadline = time.monotonic() + within
        while not (runs := workspace.directories()) and time.monotonic() < deadline:
            time.sleep(0.005)
        return runs[0] if runs else None

    yield find
    for folder in home.glob("*/runs/*"):
        for attempt in RunDirectory(folder).attempts():
            claim = attempt.claim()
            if claim and claim.worker.presence() == "alive":
                os.killpg(claim.worker.pid, signal.SIGKILL)


@OFTEN
@pytest.mark.parametrize("end", ["hang up", pytest.param("kill", marks=pytest.mark.slow)])
def test_a_run_outlives_the_terminal_and_the_command_that_started_it(home, terminal, one_of_its_own, end, times):
    def attempt(chance: random.Random):
        mine = chance.random()
        place = home / str(mine)
        window = terminal(*ASKED, PHOSPHENE_HOME=str(place))
        if chance.random() < 0.5:
            # At a moment around the launch: after it has got as far as to make the workspace.
            while not (place / "runs").exists() and window.process.poll() is None:
                window.drain(0.002)
            window.drain(chance.uniform(0.0, 0.12))
        else:
            window.expect("running")
            window.drain(chance.uniform(0.0, 0.2))
        if end == "hang up":
            window.hang_up()
        else:
            window.process.kill()
        assert window.wait() != 0 or end == "hang up"
        if run := one_of_its_own(mine):
            complete(run)
        return run

    assert tries(times, attempt) >= times


@OFTEN
def test_a_run_outlives_the_cancellation_of_its_launch(home, one_of_its_own, times):
    def attempt(chance: random.Random):
        mine = chance.random()

        async def cancelled():
            engine = Engine(home / str(mine))
            values = {"steps": STEPS, "pause": 0.004}
            task = asyncio.create_task(engine.launch("count", values, {"slots": 64, "device": "cpu"}))
            await asyncio.sleep(chance.uniform(0.0, 0.03))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(cancelled())
        if run := one_of_its_own(mine):
            complete(run)
        return run

    assert tries(times, attempt, workers=4) >= times


@pytest.mark.slow
def test_a_run_of_a_warm_worker_outlives_its_launcher(home, one_of_its_own):
    def attempt(chance: random.Random):
        mine = chance.random()
        process = subprocess.Popen(
            [sys.executable, "-c", WARM % STEPS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PHOSPHENE_HOME": str(home / str(mine))},
        )
        with process:
            process.stdout.readline()
            process.stdin.write(b"\n")
            process.stdin.flush()
            if chance.random() < 0.5:
                process.stdout.readline()
            else:
                # Killed while it launches, often between the order and the publication of the run.
                time.sleep(chance.uniform(0.0, 0.05))
            process.kill()
        # The warm worker may still be starting when its order comes.
        if run := one_of_its_own(mine, within=2.0 if (home / str(mine)).exists() else 0.5):
            complete(run)
        return run

    assert tries(2, attempt, workers=2) >= 2


@pytest.mark.parametrize("end", ["hang up", pytest.param("kill", marks=pytest.mark.slow)])
def test_a_run_outlives_the_workbench(home, terminal, one_of_its_own, end):
    def attempt(chance: random.Random):
        mine = chance.random()
        place = home / str(mine)
        place.mkdir(parents=True)
        form = {"steps": str(STEPS), "pause": "0.004", "device": "cpu", "slots": "64"}
        (place / "workbench.json").write_text(json.dumps({"experiment": "count", "forms": {"count": form}}))
        window = terminal(size=(40, 140), PHOSPHENE_HOME=str(place))
        window.expect("4 changed")  # the form is filled
        window.send("r")
        while not list(place.glob("runs/[!.]*")) and window.process.poll() is None:
            window.drain(0.01)
        window.drain(chance.uniform(0.0, 0.3))
        if end == "hang up":
            window.hang_up()
        else:
            window.process.kill()
        window.wait()
        if run := one_of_its_own(mine):
            complete(run)
        return run

    assert tries(1, attempt, workers=1) >= 1


def test_follow_shows_a_run_in_progress_within_two_seconds(launch):
    """Also over the command line, in a process of its own; what it waits for a core that others have does not count."""
    run = launch("count", {"steps": 400, "pause": 0.005})
    began = time.monotonic()
    command = [sys.executable, "-m", "phosphene", "follow", run.id, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as follower:
        first = json.loads(follower.stdout.readline())
        seconds = time.monotonic() - began
        crowded = int(Path(f"/proc/{follower.pid}/schedstat").read_text().split()[1]) / 1e9
        assert first["kind"] == "state"
        events = [json.loads(line) for line in follower.stdout]
    assert follower.returncode == 0
    assert [event["step"] for event in events if event["kind"] == "metrics"] == list(range(1, 401))
    assert events[-1]["state"] == "finished"
    assert seconds - crowded < 2.0
