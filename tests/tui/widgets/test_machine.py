"""The line at the top: a dash for what a driver does not say."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from engine import GpuLoad, MachineLoad
from tui.widgets.machine import MachineLine

GIB = 1 << 30


class Line(App):
    def compose(self) -> ComposeResult:
        yield MachineLine()


@pytest.mark.parametrize(
    ("gpus", "trouble", "says"),
    [
        ((), "", "· cpu 12 % · 2.0/8.0 GiB"),
        ((GpuLoad("H100", 93, 3 * GIB, 80 * GIB),), "", "· H100 93 % 3.0/80.0 GiB · cpu"),
        ((GpuLoad("A100 MIG 3g.20gb", None, GIB, 20 * GIB),), "", "· A100 MIG 3g.20gb - 1.0/20.0 GiB · cpu"),
        ((GpuLoad("GB10", 7, None, None), GpuLoad("T4", None, None, None)), "", "· GB10 7 % - · T4 - · cpu"),
        ((), "the NVIDIA driver is too old: update it", "· gpu - · cpu"),
    ],
)
def test_the_load_of_gpus_with_dashes_where_the_driver_is_silent(gpus, trouble, says):
    async def shown() -> str:
        app = Line()
        async with app.run_test():
            app.query_one(MachineLine).show_load(MachineLoad(12.0, 2 * GIB, 8 * GIB, gpus, trouble))
            return str(app.query_one("#machine", Static).render())

    assert says in asyncio.run(shown())
