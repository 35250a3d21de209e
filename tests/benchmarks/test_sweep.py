"""How quickly thousands of trials are listed and shown."""

from __future__ import annotations

import asyncio
import math
import time

from engine import Sweeps, Workspace
from engine.sweep.axes import Axis, Range
from tests.synthetic_sweep import write_sweep
from tui.app import PhospheneApp
from tui.screens.sweep import SweepScreen
from tui.widgets.runs import RunList


def value(setting, seed):
    return 0.5 + 0.1 * math.sin(setting["lr"] * 7 + setting["steps"])


def test_5_000_trials_are_listed_and_shown(home, full, report):
    count = 50 if full else 3
    lr = Axis(("lr",), (), Range(1e-3, 1, log=True, step=1000 ** (1 / 99)))
    record = write_sweep(home, [lr, Axis(("steps",), tuple((n,) for n in range(1, count + 1)))], value)
    trials = 100 * count
    began = time.perf_counter()
    listed = Workspace(home).list()
    runs = time.perf_counter() - began
    assert len(listed) == trials
    took: dict[str, float] = {}

    async def play() -> None:
        app = PhospheneApp(home, images="halfcell")
        began = time.perf_counter()
        async with app.run_test(size=(160, 48)) as pilot:

            async def until(what, condition) -> None:
                while not condition():
                    await pilot.pause(0.005)
                took[what] = time.perf_counter() - began

            await until("listed", lambda: app.screen.query("#runs") and app.screen.query_one(RunList)._drawn)
            pane = app.screen.query_one(RunList)
            pane.focus()
            pane.highlighted = pane.get_option_index(f"sweep/{record.id}")
            await pilot.pause(1)
            began = time.perf_counter()
            await pilot.press("enter")
            await until("shown", lambda: isinstance(app.screen, SweepScreen) and app.screen.seen)
            assert len(app.screen.seen.body.trials) == trials
            await until("charts", lambda: app.screen.seen.body.charts is not None)
            await until("remarks", lambda: app.screen.seen.body.remarks is not None)
            app.exit([])

    asyncio.run(play())
    sweeps = Sweeps(home)
    began = time.perf_counter()
    sweeps.trials(sweeps.directories()[0], record).read()
    read = time.perf_counter() - began
    report(
        f"{trials:,} trials: the workspace lists their runs in {runs:.2f} s; the app lists them {took['listed']:.2f} s "
        f"after its start, the sweep is shown {took['shown']:.2f} s after enter, its charts {took['charts']:.2f} s, "
        f"its remarks {took['remarks']:.2f} s; read without a list {read:.2f} s; goal 2 s"
    )
