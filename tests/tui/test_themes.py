"""Colours as the terminal shows them: every character of the real app against its background, as WCAG measures it."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import pty
import select
import subprocess
import sys
import typing
from functools import cache

import pytest
from rich.color import Color
from rich.style import Style

from engine import State
from engine.record.workspace import Workspace
from tests.tui.conftest import focus
from tui import themes
from tui.app import PhospheneApp
from tui.keymap import Keymap
from tui.plots.colours import GROUPS, confusion, contrast, css, difference, nearest, on, ramp, seen
from tui.screens.help import HelpScreen
from tui.screens.page import PageScreen
from tui.screens.workbench import Workbench
from tui.settings import Settings
from tui.terminal import QUERY, depth
from tui.widgets.console import Console
from tui.widgets.machine import MachineLine
from tui.widgets.pictures import PicturePanel
from tui.widgets.runs import RunList
from tui.workbench.listing import RunListing

STATES: tuple[State, ...] = typing.get_args(State)
TERMINALS = {
    "truecolor": {"COLORTERM": "truecolor", "TERM": "xterm-256color"},
    "256": {"COLORTERM": "", "TERM": "tmux-256color"},
    "16": {"COLORTERM": "", "TERM": "xterm"},
    "none": {"COLORTERM": "truecolor", "TERM": "xterm-256color", "NO_COLOR": "1"},
}
PICTURE = "▀"
"""Two pixels of a picture, whose colours are its own."""


def be(monkeypatch, terminal: str) -> None:
    """Let the environment be that of a terminal."""
    for name, value in TERMINALS[terminal].items():
        monkeypatch.setenv(name, value)
    assert depth() == terminal


def is_drawn(character: str) -> bool:
    """Tell whether it is part of a line, a bar, a mark or a curve, for which WCAG asks for a contrast of 3."""
    return "─" <= character <= "◿" or "⠀" <= character <= "⣿"


@cache
def ratio(colour, background, terminal: str) -> float:
    """Return the contrast of two colours once the terminal has been sent what it knows of them."""
    shown = [seen(nearest(css(c.triplet) if c.triplet else c.name, terminal)) for c in (colour, background)]
    return contrast(*shown)


def segments(app):
    """Return text, style and place of every piece of text on the screen that is no picture."""
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        x = 0
        for segment in strip:
            if segment.text.strip() and PICTURE not in segment.text:
                yield segment.text, segment.style, (x, y)
            x += segment.cell_length


def faint(app, terminal: str) -> set[tuple[str, str, str, float]]:
    """Return text, colour, background and contrast of every piece of text that stands out too little."""
    found = set()
    for text, style, _ in segments(app):
        if terminal != depth() and style.color.name in {"#000000", "#ffffff"}:
            continue  # the number of a shade, chosen for the terminal that there is
        assert not style.dim, text
        assert not style.color.is_default, text
        least = 3.0 if all(map(is_drawn, text.replace(" ", ""))) else 4.5
        if (contrast_ := ratio(style.color, style.bgcolor, terminal)) < least:
            found.add((text.strip(), style.color.name, style.bgcolor.name, round(contrast_, 2)))
    return found


@pytest.fixture
def still(monkeypatch):
    """Let nothing come from outside into the app: no listing of runs, no measurement."""
    monkeypatch.setattr(MachineLine, "on_mount", lambda self: None)
    monkeypatch.setattr(RunListing, "start", lambda self: None)


@pytest.fixture
def visit(crowd, still, monkeypatch):
    """Open the app over runs of all states in a terminal, and have every view of it judged in every theme."""

    async def views(app, judge, until) -> None:
        screen = app.screen
        panel, runs = screen.query_one(PicturePanel), screen.query_one(RunList)
        for kind in screen.shown.album:
            await until(lambda kind=kind: panel.kind == kind)
            judge(app)
            panel.action_next_name()
        for selector in ("#fields", "#pictures", "#console", "Chart", "#experiments"):
            focus(screen.query(selector).first())
            await until(lambda: True)
            judge(app)
        for focused in (runs, screen.query_one("#experiments")):
            focus(focused)
            for number in range(len(STATES)):
                with runs.prevent(RunList.OptionHighlighted):
                    runs.highlighted = number
                await until(lambda: True)
                judge(app)

    def go(terminal: str, judge, chosen=None) -> None:
        be(monkeypatch, terminal)

        async def play() -> None:
            app = PhospheneApp(crowd, images="halfcell")

            async def until(condition) -> None:
                await pilot.pause()
                while not condition():
                    await pilot.pause(0.01)

            async with app.run_test(size=(160, 48)) as pilot:
                await until(lambda: app.screen.query("#experiments") and app.screen.catalogue)
                screen: Workbench = app.screen
                run = next(run for run in Workspace(crowd).list() if run.id == "1122-1400-cnn-n4w")
                screen._greeted = True
                screen.on_run_listing_changed(RunListing.Changed(in_every_state(run)))
                screen._follower.follow(run.id)
                await until(lambda: screen.shown is not None and screen.shown.history.ended)
                await pilot.press("plus")
                for name, text in {"error": "no!", "alarm": "look", "output": "a line"}.items():
                    screen.query_one(Console).say(text, name)
                for theme in chosen or list(app.available_themes):
                    app.theme = theme
                    await views(app, judge, until)
                    app.push_screen(HelpScreen("pictures", Keymap()))
                    await until(lambda: isinstance(app.screen, HelpScreen))
                    judge(app)
                    app.pop_screen()
                    app.push_screen(PageScreen(screen.catalogue["dann"]))
                    await until(lambda: isinstance(app.screen, PageScreen))
                    judge(app)
                    app.pop_screen()
                    await until(lambda: app.screen is screen)
                    screen._panes.go_to("tables", enlarged=True)
                    await until(lambda: app.screen.query_one("TableGrid").has_focus)
                    judge(app)

        asyncio.run(play())

    return go


def in_every_state(run):
    """Return a run as it would be listed in each state."""
    return [
        dataclasses.replace(
            run,
            status=dataclasses.replace(run.status, state=state),
            directory=dataclasses.replace(run.directory, path=run.directory.path.with_name(f"1122-1400-cnn-{state}")),
        )
        for state in STATES
    ]


def test_every_text_of_our_themes_stands_out_in_millions_of_colours_and_in_256(visit):
    judged = []

    def judge(app) -> None:
        judged.append(app.theme)
        for terminal in ("truecolor", "256"):
            assert faint(app, terminal) == set(), (app.theme, terminal, app.screen)

    visit("256", judge)
    assert set(judged) == {themes.DARK.name, themes.LIGHT.name}
    assert len(judged) > 2 * 20


@pytest.mark.slow
@pytest.mark.parametrize("name", themes.READABLE)
def test_every_text_of_the_other_themes_stands_out(visit, name):
    def judge(app) -> None:
        assert faint(app, "truecolor") == set(), app.screen

    visit("truecolor", judge, [name])


@pytest.mark.slow
def test_every_text_stands_out_in_16_colours(visit):
    def judge(app) -> None:
        assert app.theme == themes.SIXTEEN.name
        assert faint(app, "16") == set(), app.screen

    visit("16", judge)


def line_of(app, text: str):
    """Return the style of a text on the screen."""
    return next(style for own, style, _ in segments(app) if text in own)


@pytest.mark.slow
def test_without_colours_focus_and_highlight_are_told_by_reverse_bold_and_underline(visit):
    reversed_titles = set()

    def judge(app) -> None:
        for text, style, _ in segments(app):
            assert style.color is None or style.color.is_default, text
            assert style.bgcolor is None or style.bgcolor.is_default, text
        if not isinstance(app.screen, Workbench) or app.screen._panes.enlarged:
            return
        runs = app.screen.query_one(RunList)
        chosen = runs.chosen.rpartition("-")[2]
        if chosen and chosen in STATES:
            style = line_of(app, f" {chosen} cnn")
            assert style.reverse if runs.has_focus else style.underline
        reversed_titles.update(text.strip() for text, style, _ in segments(app) if style.reverse and "─" not in text)

    visit("none", judge)
    assert {"experiments", "runs", "console"} <= reversed_titles


@pytest.mark.parametrize("terminal", ["truecolor", "256", "16"])
def test_numbers_of_heatmaps_can_be_read_on_every_shade(monkeypatch, terminal):
    be(monkeypatch, terminal)
    shades = [ramp(n / 200) for n in range(201)]
    shades += [confusion(n / 200, right=right) for n in range(201) for right in (True, False)]
    shades += [difference(n / 200) for n in range(201)]
    for shade in shades:
        style = Style.parse(on(shade))
        assert ratio(style.color, style.bgcolor, terminal) >= 4.5, shade


@pytest.mark.parametrize(
    ("background", "terminal"),
    [("#121212", "truecolor"), ("#121212", "256"), ("#ffffff", "truecolor"), ("#ffffff", "256"), ("black", "16")],
)
def test_groups_stand_out_from_dark_and_from_light(background, terminal):
    assert all(ratio(Color.parse(group), Color.parse(background), terminal) >= 3 for group in GROUPS)


def test_our_colours_are_sent_as_they_are_to_a_terminal_of_256():
    for theme in (themes.DARK, themes.LIGHT):
        own = [theme.foreground, theme.background, *theme.variables.values()]
        for colour in {text for text in own if text.startswith("#")}:
            sent = seen(nearest(colour, "256"))
            assert max(abs(a - b) for a, b in zip(sent, Color.parse(colour).get_truecolor(), strict=True)) <= 7, colour


@pytest.mark.parametrize(
    ("terminal", "light", "expected"),
    [
        ("truecolor", False, "phosphene-dark"),
        ("truecolor", True, "phosphene-light"),
        ("256", True, "phosphene-light"),
        ("16", True, "phosphene-16"),
        ("none", False, "phosphene-mono"),
    ],
)
def test_the_theme_is_chosen_by_what_the_terminal_can_show(home, monkeypatch, terminal, light, expected):
    be(monkeypatch, terminal)
    app = PhospheneApp(home, light=light)
    assert app.theme == expected
    assert set(app.available_themes) == set(themes.offered(terminal))


def test_a_wanted_and_a_remembered_theme_win_where_they_can_be_shown(home, monkeypatch):
    be(monkeypatch, "truecolor")
    assert PhospheneApp(home, theme="dracula").theme == "dracula"
    Settings(theme="rose-pine").save(home / "workbench.json")
    assert PhospheneApp(home).theme == "rose-pine"
    assert PhospheneApp(home, theme="dracula").theme == "dracula"
    be(monkeypatch, "256")
    app = PhospheneApp(home, light=True)
    assert app.theme == "phosphene-light"
    assert app.settings.theme == "rose-pine"
    with pytest.raises(ValueError, match="no theme 'pink'; there are: phosphene-dark, phosphene-light"):
        PhospheneApp(home, theme="pink")


def test_the_key_cycles_through_what_can_be_shown_and_the_choice_is_remembered(drive, home, monkeypatch):
    be(monkeypatch, "256")
    app = PhospheneApp(home, images="halfcell")

    async def scenario(pilot, until):
        await pilot.press("t")
        await until(lambda: app.theme == "phosphene-light")
        app._save_settings()
        assert Settings.load(home / "workbench.json").theme == "phosphene-light"
        await pilot.press("t")
        await until(lambda: app.theme == "phosphene-dark")

    drive(scenario, over=app)
    assert Settings.load(home / "workbench.json").theme == "phosphene-dark"


def test_a_theme_that_nobody_chose_is_not_remembered(drive, home, monkeypatch):
    be(monkeypatch, "256")

    async def scenario(pilot, until):
        await pilot.press("l")

    drive(scenario, over=PhospheneApp(home, images="halfcell"))
    assert Settings.load(home / "workbench.json").theme == ""


def test_it_opens_with_the_theme_that_was_remembered_textuals_own_default_too(home, monkeypatch):
    be(monkeypatch, "truecolor")

    async def scenario(app):
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            assert app.get_line_filters()
            assert app._exception is None

    for name in ("textual-dark", "phosphene-light"):
        Settings(theme=name).save(home / "workbench.json")
        app = PhospheneApp(home, images="halfcell")
        assert app.theme == name
        asyncio.run(scenario(app))


ASKER = """
import sys, os, json, tty, termios
from tui.terminal import asked
before = termios.tcgetattr(0)
with asked() as told:
    light, sixel = told()
after = termios.tcgetattr(0)
print(f"light={light} sixel={sixel} restored={before == after}", flush=True)
tty.setraw(0)
import select
print("left=" + repr(os.read(0, 99) if select.select([0], [], [], 0)[0] else b""), flush=True)
"""


def ask(answers: bytes | None, **environment: str) -> bytes:
    """Ask in a terminal that answers so, or not at all; return what the program wrote."""
    master, slave = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name not in {"COLORFGBG", "NO_COLOR"}}
    env |= {"TERM": "xterm-256color", "COLORTERM": ""} | environment
    program = subprocess.Popen([sys.executable, "-c", ASKER], stdin=slave, stdout=slave, stderr=slave, env=env)
    os.close(slave)
    written = b""
    try:
        while b"left=" not in written or not written.endswith(b"\n"):
            if not select.select([master], [], [], 20)[0]:
                break
            try:
                written += os.read(master, 4096)
            except OSError:
                break
            if answers is not None and QUERY in written:
                os.write(master, answers)
                answers = None
    finally:
        program.wait(20)
        os.close(master)
    return written


@pytest.mark.parametrize(
    ("answers", "light", "sixel"),
    [
        (b"\x1b]11;rgb:ffff/ffff/dddd\x1b\\\x1b[?62;22c", True, False),
        (b"\x1b]11;rgb:1e/1e/2e\x07\x1b[?1;2c", False, False),
        (b"\x1b[?62;4;22c", False, True),
        (b"\x1b[?4;6c", False, False),
        (b"\x1b[?62c", False, False),
    ],
)
def test_background_and_sixels_are_asked_for_and_nothing_of_the_answer_is_left(answers, light, sixel):
    written = ask(answers)
    assert f"light={light} sixel={sixel} restored=True".encode() in written
    assert b"left=b''" in written
    assert written.count(b"rgb:") == 0, "the answer was echoed"


def test_a_terminal_that_says_nothing_is_not_waited_for_and_the_environment_is_believed():
    written = ask(None, COLORFGBG="0;15")
    assert QUERY in written
    assert b"light=True sixel=False restored=True" in written


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": "linux"}, {"TERM": "xterm"}, {"NO_COLOR": "1"}])
def test_a_terminal_that_knows_no_answer_or_has_no_light_theme_is_not_asked(environment):
    written = ask(None, **environment)
    assert b"\x1b" not in written
    assert b"light=False" in written
