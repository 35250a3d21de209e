"""The console: blocks under their time, wrapped sentences, unwrapped tables, levels, copying."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App
from textual.screen import Screen

from tests.tui.conftest import focus, until
from tui.widgets.console import Console

NOON = 1_795_262_400.0
TRACEBACK = (
    "Traceback (most recent call last):",
    '  File "/home/somebody/with/a/long/name/programs/that/fail/and/fail/again.py", line 3, in <module>',
    "    main(everything=True)",
    "ValueError: no",
)


@pytest.fixture
def console():
    """Run a scenario in a console of 40 columns: ``console(scenario)`` with ``async def scenario(pilot, console)``."""

    class ConsoleApp(App[None]):
        def compose(self):
            yield Console()

    def run(scenario) -> None:
        async def play() -> None:
            app = ConsoleApp()
            async with app.run_test(size=(40, 12)) as pilot:
                await pilot.pause()
                focus(app.query_one(Console))
                await scenario(pilot, app.query_one(Console))

        asyncio.run(play())

    return run


def lines_of(console: Console) -> list[str]:
    """Return what the console holds, line by line."""
    return [line.text.rstrip() for line in console.lines]


def test_a_traceback_is_one_block_under_one_time_and_is_not_wrapped(console):
    async def scenario(pilot, console):
        console.say("loading", "output", NOON)
        for number, line in enumerate(TRACEBACK):
            console.say(line, "output", NOON + 5 + number)
        console.say("ready", "output", NOON + 60)
        await pilot.pause()
        lines = lines_of(console)
        assert [line[9:] for line in lines] == ["loading", *TRACEBACK, "ready"]
        assert [number for number, line in enumerate(lines) if line[:8].strip()] == [0, 1, 5]
        assert console.max_scroll_x > 0

    console(scenario)


def test_a_table_keeps_its_columns_and_a_sentence_is_folded_under_itself(console):
    async def scenario(pilot, console):
        console.say("class accuracy of many things recall\n    0      0.93              0.91   0.90", "output", NOON)
        console.say("seven images were left out since nobody could read them", "alarm", NOON)
        await pilot.pause()
        lines = lines_of(console)
        assert lines[1].endswith("    0      0.93              0.91   0.90")
        folded = lines[2:]
        assert len(folded) > 1
        assert " ".join(" ".join(line[9:] for line in folded).split()).startswith("seven images were left out")
        assert all(len(line) <= 40 and not line[:8].strip() for line in folded[1:])

    console(scenario)


def test_fewer_lines_are_shown_by_level_and_more_again(console):
    async def scenario(pilot, console):
        for level in ("output", "info", "alarm", "error"):
            console.say(f"an {level}", level, NOON)
        for shown, border in ((3, "info and louder"), (2, "warnings and errors"), (1, "errors"), (1, "errors")):
            await pilot.press("left_square_bracket")
            assert len(lines_of(console)) == shown
            assert str(console.border_subtitle) == border
        console.say("not seen", "info", NOON)
        assert len(lines_of(console)) == 1
        await pilot.press(*["right_square_bracket"] * 3)
        assert [line[9:] for line in lines_of(console)] == ["an output", "an info", "an alarm", "an error", "not seen"]
        assert not console.border_subtitle

    console(scenario)


def test_what_is_shown_is_copied_without_folds(console):
    async def scenario(pilot, console):
        console.say("printed", "output", NOON)
        console.say("seven images were left out since nobody could read them", "alarm", NOON)
        await pilot.press("left_square_bracket", "c")
        text = pilot.app.clipboard
        assert text.endswith(" seven images were left out since nobody could read them\n")
        assert "printed" not in text

    console(scenario)


def test_newer_lines_do_not_carry_away_one_who_reads_back(console):
    async def scenario(pilot, console):
        for number in range(50):
            console.say(f"line {number}")
        await until(lambda: console.scroll_offset.y == console.max_scroll_y > 0)
        await pilot.press("home")
        await pilot.pause()
        console.scroll_to(y=0, animate=False)
        await pilot.pause()
        console.say("newer")
        await pilot.pause()
        assert console.scroll_offset.y == 0

    console(scenario)


def test_another_console_begins_with_the_same_lines_and_shows_as_many(console):
    async def scenario(pilot, console):
        console.say("printed", "output", NOON)
        console.say("an alarm", "alarm", NOON)
        await pilot.press("left_square_bracket")
        await pilot.app.push_screen(Screen())
        other = Console(console, id="larger")
        await pilot.app.screen.mount(other)
        await until(lambda: [line[9:] for line in lines_of(other)] == ["an alarm"])
        assert str(other.border_subtitle) == "info and louder"
        other.say("more", "alarm", NOON)
        await until(lambda: len(lines_of(other)) == 2)
        assert len(lines_of(console)) == 1

    console(scenario)
