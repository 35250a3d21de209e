"""Runs that wait, in the list: their places, and the keys that move and cancel them."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from textual.widgets import OptionList

from engine import Engine
from engine.record.events import StateChanged
from engine.record.run_directory import Status
from tests.tui.conftest import focus
from tui.palette import Actions
from tui.widgets.runs import RunList


def lines(runs: RunList) -> list[str]:
    """Return what is listed, the newest first."""
    return [str(option.prompt) for option in runs.options]


def offered(app) -> set[str]:
    """Return the keys that the footer names."""
    return {str(key.description) for key in app.screen.query("FooterKey")}


@pytest.fixture
def queue(home, launch, finish, until):
    """Four runs at the CPU: one runs, until its gate is opened, the others wait."""
    gate = home.parent / "gate"
    runs = [launch("count", {"gate": str(gate)}) for _ in range(4)]
    until(lambda: runs[-1].status().reason.startswith("3rd"))
    yield runs
    gate.touch()
    for run in runs:
        with contextlib.suppress(Exception):
            finish(run)


def test_waiting_runs_are_moved_and_cancelled_by_key(drive, queue, home):
    first, a, b, c = queue

    async def scenario(pilot, until):
        app, runs = pilot.app, pilot.app.screen.query_one(RunList)

        def order() -> list[str]:
            return [place.run for place in asyncio.run(Engine(home).queue())]

        async def ordered(*wanted) -> None:
            for _ in range(500):
                if await asyncio.to_thread(order) == [run.id for run in wanted]:
                    return
                await pilot.pause(0.01)
            pytest.fail("the order is another one")

        await until(lambda: runs.option_count == 4 and runs.chosen)
        focus(runs)
        runs.highlighted = runs.get_option_index(c.id)
        await until(lambda: {"sooner", "later", "cancel"} <= offered(app))
        await pilot.press("K")
        await ordered(first, a, c, b)
        await pilot.press("K", "K")
        await ordered(first, c, a, b)
        assert runs.chosen == c.id
        await until(lambda: f"{c.id[-3:]} 1st count behind {first.id[-3:]}" in lines(runs)[0])
        await pilot.press("J")
        await ordered(first, a, c, b)
        await pilot.press("x")
        await ordered(first, a, b)
        await until(lambda: ("taken out of the queue", c.id[-3:]) in [(n.title, n.message) for n in app._notifications])
        await until(lambda: "■" in lines(runs)[0])
        assert c.status().reason == "before it started"
        # What does not wait is neither moved nor cancelled: x is the x axis again.
        await until(lambda: not {"sooner", "later", "cancel"} & offered(app))
        runs.highlighted = runs.get_option_index(first.id)
        axes: list[str] = []

        def note(action: str) -> None:
            axes.append(action)

        app.screen.action_charts = note
        await pilot.press("x", "J")
        await until(lambda: "later: only a waiting run can be moved" in [note.message for note in app._notifications])
        assert axes == ["x_axis"]
        hits = {str(hit.display): str(hit.help) async for hit in Actions(app.screen).discover()}
        assert {hits[name] for name in hits if "runs: sooner" in name} == {"only a waiting run can be moved"}
        assert {hits[name] for name in hits if "runs: cancel" in name} == {"only a waiting run can be cancelled"}
        await ordered(first, a, b)
        # Of those that are selected, those that still wait.
        for run in (first, b):
            runs.highlighted = runs.get_option_index(run.id)
            await pilot.press("space")
        await until(lambda: "cancel" in offered(app))
        await pilot.press("x")
        await ordered(first, a)
        assert axes == ["x_axis"]

    drive(scenario, size=(160, 40))


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 30), (200, 50)])
def test_the_narrowest_list_shows_the_place(drive, written, monkeypatch, size):
    reason = "12th, behind 1121-1200-cnn-k3f"
    written("1121-1300-filter-statistics-aaa", "filter-statistics", [StateChanged(1.0, "queued", reason)])
    monkeypatch.setattr("engine.record.run_directory.RunDirectory.status", lambda _: Status("queued", reason))

    async def scenario(pilot, until):
        runs = pilot.app.screen.query_one("#runs", OptionList)
        await until(lambda: runs.option_count == 1)
        await pilot.pause()
        strips = [runs.render_line(y).text for y in range(runs.size.height)]
        assert any("aaa 12th" in strip for strip in strips), strips

    drive(scenario, size=size)
