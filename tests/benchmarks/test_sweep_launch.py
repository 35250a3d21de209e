"""What a sweep of many small runs costs beside its programs' own time, and one controller that only watches."""

from __future__ import annotations

import asyncio
import statistics
import time

import psutil
import pytest

from engine import Histories, Run, SweepAsked, Sweeps


def swept(sweeps: Sweeps, until, runs: int, **asked) -> tuple[float, list[float]]:
    """Play a sweep of so many runs to its end; return its seconds, and those of each run's program."""
    values = ",".join(f"{1e-3 * (1 + place / 1000):.6f}" for place in range(runs))
    wanted = SweepAsked("cnn", {"epochs": 3}, {"lr": values}, {}, options={"device": "cpu"}, **asked)
    planned = asyncio.run(sweeps.plan(wanted))
    began = time.perf_counter()
    sweep = asyncio.run(sweeps.launch(planned))
    until(lambda: sweep.status().ended, 3_600)
    took = time.perf_counter() - began
    assert sweep.status().state == "finished", sweep.status()
    histories = Histories()
    trials = sweeps.trials(sweep, sweep.record()).read()
    return took, [histories.of(Run(sweeps.workspace.runs / trial.run)).running() for trial in trials]


def test_many_small_runs(home, full, report, until):
    pytest.importorskip("torch")
    runs = 100 if full else 3
    took, ran = swept(Sweeps(home), until, runs)
    # The first worker imports torch itself, while the server that forks the others does so, too.
    later = ran[2:]
    report(
        f"{runs} runs of {statistics.median(later):.2f} s: {took:.1f} s, {took / sum(ran):.2f} times what the programs "
        f"took, {took / (runs * statistics.median(later)):.2f} times the median run as often; goal 1.3 times"
    )


def test_a_controller_that_waits(home, full, report, until):
    """CPU time of a controller while one run goes on."""
    sweeps = Sweeps(home)
    fixed = {"steps": "100000", "pause": "0.01"}
    wanted = SweepAsked("count", fixed, {"lr": "0.1,0.2"}, {}, options={"device": "cpu"})
    sweep = asyncio.run(sweeps.launch(asyncio.run(sweeps.plan(wanted))))
    until(lambda: any(trial.state == "running" for trial in sweeps.trials(sweep, sweep.record()).read()))
    controller = psutil.Process(sweep.status().worker.pid)
    seconds = 20.0 if full else 1.0
    before, until_then = sum(controller.cpu_times()[:2]), time.monotonic() + seconds
    until(lambda: time.monotonic() > until_then, 60)
    spent = sum(controller.cpu_times()[:2]) - before
    asyncio.run(sweeps.stop(sweep, kill=True))
    report(f"{100 * spent / seconds:.1f} % of a core")
