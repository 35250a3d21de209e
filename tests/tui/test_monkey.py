"""Keys, clicks, pastes and resizes at random: nothing breaks, nothing starts or goes by mistake, answers are quick."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import string
import time

import pytest
from textual import events
from textual.errors import NoWidget
from textual.widgets import Input

from tui.actions import ACTS
from tui.app import PhospheneApp
from tui.preloading import load_the_rest
from tui.screens.workbench import Workbench
from tui.widgets.runs import RunList
from tui.workbench.requests import RunRequests

from .conftest import until

LEAVES = ("quit", "suspend", "export", "animat", "save(")
"""Parts of the names of actions that end or halt the app, or write files into the current folder."""
LEAVING = {key for act in ACTS if any(part in act.name for part in LEAVES) for key in act.keys.split(",")}
KEYS = sorted(
    {key for act in ACTS for key in act.keys.split(",")}
    | {"up", "down", "left", "right", "home", "end", "pageup", "pagedown", "enter", "escape", "tab", "shift+tab"}
    | {"backspace", "delete", "space", "shift+up", "shift+down", "f1", "ctrl+a", "alt+1", "alt+6"}
)
LETTERS = [*string.ascii_letters, *string.digits, *".,:-_/*+#<>{}()[]?!'=~@", "é", "雪", "🙂"]
SIZES = ((160, 48), (120, 32), (104, 30), (103, 30), (80, 24), (60, 15), (40, 10), (20, 5), (220, 60))
PASTES = ("digits", "3e-4", "last", "[red]no[/]", "two\nlines", "雪" * 50, "x" * 2000, "")
ANSWER_SECONDS = 0.1
"""Within which the app should have answered a key."""
LOADED = 20
"""How many times as long the slowest answers may take where the machine is busy with other things."""


class Monkey:
    """Plays with an app, and remembers what it did.

    Args:
        pilot: of the app.
        seed: of the random numbers; the same one plays the same.
    """

    def __init__(self, pilot, seed: int) -> None:
        self.pilot = pilot
        self.app: PhospheneApp = pilot.app
        self.random = random.Random(seed)
        self.done: list[str] = []
        self.seconds: list[float] = []

    async def play(self, count: int) -> None:
        """Do something so many times."""
        for _ in range(count):
            await self.act()
            assert self.app._exception is None, f"{self.app._exception!r} after {self.done[-12:]}"
            assert self.app.is_running, f"it ended after {self.done[-12:]}"

    async def act(self) -> None:
        """Press a key mostly; sometimes click, paste, or change the size."""
        luck = self.random.random()
        if luck < 0.02:
            size = self.random.choice(SIZES)
            self.done.append(f"resize {size}")
            await self.pilot.resize_terminal(*size)
            await until(lambda: self.app.screen.size == size)  # the next key is timed alone
            await self.pilot._wait_for_screen()
        elif luck < 0.06:
            width, height = self.app.size
            where = self.random.randrange(width), self.random.randrange(height)
            self.done.append(f"click {where}")
            with contextlib.suppress(NoWidget):  # after a resize that the screen has not followed yet
                if getattr(self.app.screen.get_widget_at(*where)[0], "key", "") not in LEAVING:
                    await self.pilot.click(offset=where)
                    await self.settled()
        elif luck < 0.08:
            text = self.random.choice(PASTES)
            self.done.append(f"paste {text[:20]!r}")
            self.app.post_message(events.Paste(text))
            await self.pilot.pause()
            await self.settled()
        else:
            await self.press(self.random.choice(KEYS if luck < 0.7 else LETTERS))

    async def settled(self) -> None:
        """Wait until the keys that wait for their turn have had it."""
        await until(lambda: self.app.settled, pause=0.001)
        await self.pilot._wait_for_screen()

    async def press(self, key: str) -> None:
        """Press a key and take the time until it has done what it does and all widgets have answered what followed."""
        if key in LEAVING:
            return
        self.done.append(f"{key} in {self.app.focused!r:.40} of {self.app.screen!r:.20}")
        begun = time.perf_counter()
        await self.pilot.press(key)
        await self.settled()
        self.seconds.append(time.perf_counter() - begun)


@pytest.fixture
def play(crowd, monkeypatch, tmp_path):
    """Let a monkey play: ``play(seed, count)`` returns it; what it asked of the engine is in ``asked``."""
    monkeypatch.chdir(tmp_path)
    before = sorted(path.name for path in (crowd / "runs").iterdir())
    asked: list[tuple[str, object, str]] = []
    monkeys: list[Monkey] = []

    def ask(name: str):
        def stub(*arguments, **options) -> None:
            if monkeys and monkeys[-1].done:
                asked.append((name, monkeys[-1].app.focused, monkeys[-1].done[-1]))

        return stub

    # Not until the processor is idle, as the pilot does: the time of the answer is what is measured.
    for module in ("textual.app", "textual.pilot"):
        monkeypatch.setattr(f"{module}.wait_for_idle", lambda *_: asyncio.sleep(0))

    for name in [name for name in vars(RunRequests) if not name.startswith("_") and name[0].islower()]:
        if name not in {"warm", "check"}:  # neither starts or changes a run
            monkeypatch.setattr(RunRequests, name, ask(name))

    monkeypatch.setattr("tui.screens.study.StudyScreen._start", ask("study"))

    def start(seed: int, count: int) -> Monkey:
        async def scenario() -> None:
            app = PhospheneApp(crowd, images="halfcell")
            app.animation_level = "none"
            async with app.run_test(size=(160, 48)) as pilot:
                await until(lambda: app.screen.query("#experiments") and app.screen.catalogue)
                await until(lambda: app.screen.shown is not None)
                load_the_rest().join()  # as in a terminal, and
                gc.freeze()
                monkeys.append(Monkey(pilot, seed))
                await monkeys[-1].play(count)
                while not isinstance(app.screen, Workbench):
                    await pilot.press("escape")

        try:
            asyncio.run(scenario())
        finally:
            gc.unfreeze()
        judge(monkeys[-1])
        return monkeys[-1]

    def judge(monkey: Monkey) -> None:
        for name, focused, key in asked:
            typed = isinstance(focused, Input) and not key.startswith(("ctrl+", "alt+", "click"))
            assert not typed, f"{name} was asked for from within a field, by {key}"
            assert name != "remove" or isinstance(focused, RunList), (focused, key)
        assert sorted(path.name for path in (crowd / "runs").iterdir()) == before
        in_order = sorted(monkey.seconds)
        median, most, slowest = (in_order[int(part * len(in_order))] for part in (0.5, 0.95, 0.99))
        figures = (f"{1000 * seconds:.0f}" for seconds in (median, most, slowest, in_order[-1]))
        print("{} keys, ms: {} median, {} of 95 %, {} of 99 %, {} at most".format(len(in_order), *figures))
        assert median < ANSWER_SECONDS
        assert slowest < ANSWER_SECONDS * LOADED

    return start


def test_two_hundred_keys(play):
    play(seed=1, count=200)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_ten_thousand_keys(play, seed):
    play(seed, 1_000)
