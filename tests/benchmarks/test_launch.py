"""What a launch costs: from the launch to the first point, and many small runs beside their programs' own time."""

from __future__ import annotations

import asyncio
import statistics
import time

import pytest

from engine import Engine, Metrics, StateChanged


async def launched(engine: Engine, values: dict) -> tuple[float, float]:
    """Launch a run of ``cnn`` and wait for its end; return the seconds to its first point, and those it ran."""
    began = time.perf_counter()
    run = await engine.launch("cnn", values, {"device": "cpu"})
    first, states = 0.0, {}
    async for event in engine.follow(run):
        if isinstance(event, Metrics):
            first = first or time.perf_counter() - began
        elif isinstance(event, StateChanged):
            states[event.state] = event.t
    return first, states["finished"] - states["running"]


async def ready(engine: Engine, until) -> None:
    """Wait until the server of an engine forks workers."""
    await engine.warm()
    await asyncio.to_thread(until, engine._executor.local._server.is_ready)


def test_from_launch_to_the_first_point(home, full, report, until):
    """Cold; with the process that served one order, here one that still imports; with the fork server."""
    pytest.importorskip("torch")

    async def measure() -> list[list[float]]:
        engine = Engine(home)
        cold, early, forked = [], [], []
        for _ in range(5 if full else 1):
            cold.append((await launched(engine, {"epochs": 1}))[0])
            await engine.warm()
            early.append((await launched(engine, {"epochs": 1}))[0])
            await ready(engine, until)
            forked.append((await launched(engine, {"epochs": 1}))[0])
            engine.close()
        return [cold, early, forked]

    cold, early, forked = map(statistics.median, asyncio.run(measure()))
    report(f"cold {cold:.2f} s, while torch is imported {early:.2f} s, forked {forked:.2f} s; goal 1 s")


def test_small_runs_one_after_the_other(home, full, report, until):
    pytest.importorskip("torch")
    times = 30 if full else 2

    async def measure() -> tuple[float, list[float]]:
        engine = Engine(home)
        await ready(engine, until)
        began = time.perf_counter()
        ran = [(await launched(engine, {"epochs": 3}))[1] for _ in range(times)]
        took = time.perf_counter() - began
        engine.close()
        return took, ran

    took, ran = asyncio.run(measure())
    report(
        f"{times} runs of {statistics.median(ran):.2f} s: {took:.1f} s, {took / sum(ran):.2f} times what the "
        "programs took; goal 1.3 times"
    )
