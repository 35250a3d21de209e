"""Children that are replaced in work that is ended half-way, as it is by a newer picture."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App
from textual.screen import Screen
from textual.widgets import Static

from tui.widgets.refilled import Refilled


class Slow(Static):
    """Goes only when it may."""

    going: asyncio.Event
    may: asyncio.Event

    async def on_unmount(self):
        self.going.set()
        await self.may.wait()


class Shown(Screen):
    def compose(self):
        yield Refilled()


def play(refill):
    """Cancel a refill half-way, refill again, leave the screen; return what stood there, and whether the app lives."""

    async def scenario():
        Slow.going, Slow.may = asyncio.Event(), asyncio.Event()
        async with App().run_test() as pilot:
            await pilot.app.push_screen(Shown())
            panel = pilot.app.screen.query_one(Refilled)
            await panel.mount_all([Slow("a"), Slow("b")])
            first = asyncio.create_task(refill(panel, [Static("first")]))
            await Slow.going.wait()
            first.cancel()
            second = asyncio.create_task(refill(panel, [Static("second")]))
            await asyncio.sleep(0)
            Slow.may.set()
            await second
            there = [str(child.render()) for child in panel.children]
            await pilot.app.pop_screen()
            await asyncio.sleep(0)
            return there, pilot.app.is_running

    return asyncio.run(scenario())


def test_what_is_ended_half_way_ends_neither_the_children_nor_the_app():
    assert play(Refilled.refill) == (["second"], True)


def test_textuals_own_way_does():
    async def plain(panel, children):
        await panel.remove_children()
        await panel.mount_all(children)

    with pytest.raises((asyncio.CancelledError, AssertionError)):
        assert play(plain) == (["second"], True)
