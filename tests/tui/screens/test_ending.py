"""Work that a panel has begun when its screen is left."""

from __future__ import annotations

import asyncio

import pytest
from textual import work
from textual.app import App
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import WorkerFailed

from tui.screens.ending import Ending


class Leaf(Static):
    def __init__(self):
        super().__init__()
        self.gone = asyncio.Event()

    def on_unmount(self):
        self.gone.set()


class Panel(Container):
    """Draws as late as it can: when the part that it draws on has just gone."""

    def compose(self):
        yield Leaf()

    def on_mount(self):
        self.draw(self.query_one(Leaf).gone)

    @work
    async def draw(self, gone):
        await gone.wait()
        self.query_one(Leaf).update("late")


class PlainScreen(Screen):
    def compose(self):
        yield Panel()


class LeftScreen(Ending, Screen):
    def compose(self):
        yield Panel()


def leave(screen):
    async def play():
        async with App().run_test() as pilot:
            await pilot.app.push_screen(screen)
            await pilot.pause()
            await pilot.app.pop_screen()
            await pilot.pause()

    asyncio.run(play())


def test_it_ends_before_the_parts_it_would_draw_on_go():
    leave(LeftScreen())
    with pytest.raises(WorkerFailed):
        leave(PlainScreen())
