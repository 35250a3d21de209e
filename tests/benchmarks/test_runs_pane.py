"""How quickly the list of runs answers a key while many runs are listed."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import numpy as np  # noqa: F401 - the charts beside the list have imported it before the first key
import pytest
from textual.app import App

from engine import Listed, Run, RunRecord, Status
from tui.widgets.runs import RunList


class Alone(App[None]):
    """The list of runs and nothing else."""

    def compose(self):
        yield RunList()


def listed(number: int) -> Listed:
    """Return a finished run as it is listed."""
    run = f"1121-{number // 1000:04d}-count-{number:05d}"
    record = RunRecord(run, "count", {"nz": number % 20, "lr": 0.1}, number // 20, "cpu", 1e9 + number)
    status = Status("finished", result={"test/accuracy": number / 10_000}, changed=2e9)
    return Listed(Run(Path("/nowhere") / run), record, status)


@pytest.mark.parametrize("width", [26, 120])
def test_a_key_filters_10_000_listed_runs(full, report, width):
    runs = [listed(number) for number in range(10_000 if full else 100)]
    took: dict[str, float] = {}

    async def play() -> None:
        app = Alone()
        async with app.run_test(size=(width, 48)) as pilot:
            pane = app.query_one(RunList)
            for text in ("", "n", "nz", "nz>=1", "nz>=1 ", "nz>=1 seed=3", "count", "0001"):
                began = time.perf_counter()
                if text:
                    pane.narrow(text)
                else:
                    pane.show(runs)
                for _ in ("the lines", "the scrollbar, which they ask for"):
                    painted = asyncio.Event()
                    pane.call_after_refresh(painted.set)
                    await painted.wait()
                took[text] = time.perf_counter() - began
                await pilot.pause()

    asyncio.run(play())
    report(", ".join(f"{text or 'all'} {1000 * one:.0f}" for text, one in took.items()) + " ms; goal 100 ms")
