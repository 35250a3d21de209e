"""The report that is put together in the app: added to from all that shows runs, reordered, annotated, written."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from functools import partial

import pytest
from textual.widgets import Footer, Input, TextArea

from engine import Workspace, provenance, report_edits
from tests.tui.conftest import until
from tests.tui.screens.conftest import CNN, HOSTILE, notes, part
from tui.actions import ACTS
from tui.app import PhospheneApp
from tui.keymap import Keymap
from tui.limits import READ_ONLY, Limits
from tui.screens.choosing import ChooseReportScreen
from tui.screens.questions import TextScreen
from tui.screens.report import ReportScreen
from tui.widgets.report.editor import Editor
from tui.widgets.report.outline import Spot


@pytest.fixture
def open_report(home, rates, monkeypatch):
    """Run a scenario on the screen of the report: ``open_report(scenario, size)``, scenario(pilot, screen, until).

    The workbench, which is not looked at, stays closed.
    """
    monkeypatch.setattr(PhospheneApp, "on_mount", lambda self: None)

    def run(scenario, size=(160, 48), limits=Limits()):  # noqa: B008 - it is frozen
        async def play():
            app = PhospheneApp(home, images="halfcell", limits=limits)
            async with app.run_test(size=size) as pilot:
                screen = ReportScreen(app.reporting, Workspace(home), Keymap())
                await app.push_screen(screen)
                await until(lambda: screen.seen is not None and screen.seen.read is not None)
                await scenario(pilot, screen, until)

        asyncio.run(play())

    return run


def headings(kept, name="Rates"):
    return [one.heading for one in kept.read(name).outline.parts]


async def at(pilot, screen, until, spot):
    """Put the highlight on a line of the outline."""
    screen._list.go_to(spot)
    await until(lambda: screen._list.spot == spot)


def test_another_report_is_taken_or_begun(open_report, kept):
    kept.begin("Others")

    async def scenario(pilot, screen, until):
        app = pilot.app
        for keys, name in ((("up", "enter"), "Others"), ((*"New", "enter"), "New"), ((*"Rates", "enter"), "Rates")):
            await pilot.press("o")
            await until(lambda: isinstance(app.screen, ChooseReportScreen) and app.screen.focused)
            await pilot.press(*keys)
            await until(lambda name=name: screen.seen is not None and screen.seen.kept.name == name)
            assert app.settings.report == name
        assert kept.names() == ["New", "Others", "Rates"]
        assert headings(kept) == ["Curves", "Pictures and plots", "The end"]

    open_report(scenario)


# -- order ------------------------------------------------------------------------------------------------------------


def test_parts_and_items_move_under_keys_and_every_step_is_undone(open_report, kept):
    before = kept.read("Rates").text

    async def scenario(pilot, screen, until):
        await at(pilot, screen, until, Spot("part", 0))
        await pilot.press("J", "shift+down")  # the second one before the first is written
        await until(lambda: headings(kept) == ["Pictures and plots", "The end", "Curves"])
        assert screen._list.spot == Spot("part", 2)
        await pilot.press("J")
        assert "it is the last one already" in notes(pilot.app)
        await at(pilot, screen, until, Spot("item", 2, 1))
        await pilot.press("K")
        await until(lambda: next(map(str, kept.read("Rates").outline.parts[2].show)) == "curves train/accuracy")
        assert screen._list.spot == Spot("item", 2, 0)
        await pilot.press("x")
        await until(lambda: [*map(str, kept.read("Rates").outline.parts[2].show)] == ["curves train/loss"])
        await at(pilot, screen, until, Spot("note", 1))
        await pilot.press("delete")
        await until(lambda: kept.read("Rates").outline.parts[1].note == "")
        await at(pilot, screen, until, Spot("part", 0))
        await pilot.press("x")
        await until(lambda: headings(kept) == ["The end", "Curves"])
        after = kept.read("Rates").text
        await pilot.press(*["ctrl+z"] * 6)
        await until(lambda: kept.read("Rates").text == before)
        await until(lambda: screen.outline is not None and len(screen.outline.parts) == 3)
        await pilot.press("ctrl+z")
        await until(lambda: "nothing more to undo" in notes(pilot.app))
        await pilot.press(*["ctrl+y"] * 6)
        await until(lambda: kept.read("Rates").text == after)

    open_report(scenario)


def test_what_somebody_else_does_meanwhile_is_shown_and_not_undone(open_report, kept):
    async def scenario(pilot, screen, until):
        await at(pilot, screen, until, Spot("part", 2))
        await pilot.press("K")
        await until(lambda: headings(kept) == ["Curves", "The end", "Pictures and plots"])
        kept.change("Rates", partial(report_edits.added, part=part("results")))
        await until(lambda: len(screen.outline.parts) == 4)
        await pilot.press("ctrl+z")
        await until(lambda: "cannot be undone any more" in notes(pilot.app))
        assert headings(kept)[-1] == "Results"

    open_report(scenario)


def test_items_are_typed_and_what_is_wrong_is_said_beside_them(open_report, kept):
    async def scenario(pilot, screen, until):
        await at(pilot, screen, until, Spot("part", 2))
        await pilot.press("i")
        assert "this part is of no runs" in notes(pilot.app)
        await at(pilot, screen, until, Spot("item", 1, 0))
        await pilot.press("i")
        await until(lambda: screen.focused is not None and screen.focused.id == "answer")
        await pilot.press(*"axes", "enter")
        assert "axes is of a sweep" in str(screen.query_one("#ask #problem").render())
        screen.focused.value = "results; table C"
        await pilot.press("enter")
        await until(lambda: len(kept.read("Rates").outline.parts[1].show) == 3)
        await at(pilot, screen, until, Spot("item", 1, 0))
        await pilot.press("enter")
        await until(lambda: screen.focused is not None and screen.focused.id == "answer")
        assert screen.focused.value == "pictures batch"
        screen.focused.value = "pictures confusion"
        await pilot.press("enter")
        await until(lambda: str(kept.read("Rates").outline.parts[1].show[0]) == "pictures confusion")
        await until(lambda: screen.seen.of(screen.outline.parts[1]) is not None)
        assert "no run has a table 'C'" in screen.seen.of(screen.outline.parts[1]).problems[2]

    open_report(scenario)


def test_a_part_shows_the_same_of_other_runs(open_report, kept):
    async def scenario(pilot, screen, until):
        await at(pilot, screen, until, Spot("part", 2))
        await pilot.press("r")
        assert "a part that shows something of runs" in notes(pilot.app)
        await at(pilot, screen, until, Spot("part", 1))
        before = kept.read("Rates").outline.parts[1]
        await pilot.press("r")
        await until(lambda: screen.focused is not None and screen.focused.id == "answer")
        assert screen.focused.value == before.source.text
        screen.focused.value = "nosuch"
        await pilot.press("enter")
        await until(lambda: "no run is named 'nosuch'" in notes(pilot.app))
        await pilot.press("r")
        await until(lambda: screen.focused is not None and screen.focused.id == "answer")
        screen.focused.value = "experiment=count"
        await pilot.press("enter")
        await until(lambda: kept.read("Rates").outline.parts[1].source != before.source)
        assert kept.read("Rates").outline.parts[1].show == before.show

    open_report(scenario)


# -- words ------------------------------------------------------------------------------------------------------------


def test_a_note_is_kept_with_ctrl_s_and_what_esc_takes_back_is_offered_again(open_report, kept, home):
    async def scenario(pilot, screen, until):
        await at(pilot, screen, until, Spot("item", 0, 0))
        await pilot.press("n")
        await until(lambda: isinstance(screen.focused, TextArea))
        assert screen.focused.text == "A *note*.\nMore."
        await pilot.press("enter", *"1. é", "q")
        assert screen.is_attached
        await pilot.press("escape")
        await until(lambda: not screen.query_one(Editor).display and screen._list.has_focus)
        assert kept.read("Rates").outline.parts[0].note == "A *note*.\nMore."
        pilot.app._save_settings()
        assert "1. \\u00e9q" in (home / "workbench.json").read_text()
        await pilot.press("n")
        await until(lambda: isinstance(screen.focused, TextArea))
        assert screen.focused.text == "A *note*.\nMore.\n1. éq"
        await pilot.press("ctrl+z")
        assert screen.focused.text == "A *note*.\nMore."
        await pilot.press("ctrl+y", "ctrl+s")
        await until(lambda: kept.read("Rates").outline.parts[0].note == "A *note*.\nMore.\n1. éq")
        await until(lambda: not pilot.app.settings.drafts["Rates"])
        await until(lambda: "1. éq" in (getattr(screen.seen.of(screen.outline.parts[0]), "text", "")))

    open_report(scenario, size=(80, 24))


@pytest.mark.slow
def test_headings_the_title_and_new_parts_are_typed(open_report, kept):
    async def scenario(pilot, screen, until):
        await at(pilot, screen, until, Spot("part", 1))
        await pilot.press("enter")
        await until(lambda: isinstance(screen.focused, Input))
        screen.focused.value = HOSTILE
        await pilot.press("enter")
        await until(lambda: headings(kept)[1] == HOSTILE)
        await pilot.press("a")
        await until(lambda: isinstance(screen.focused, Input))
        await pilot.press(*"Why", "tab", *"So.", "ctrl+s")
        await until(lambda: headings(kept) == ["Curves", HOSTILE, "Why", "The end"])
        assert kept.read("Rates").outline.parts[2].note == "So."
        assert screen._list.spot == Spot("part", 2)
        await at(pilot, screen, until, Spot())
        await pilot.press("enter")
        await until(lambda: isinstance(screen.focused, Input))
        await pilot.press(*" 2", "tab", *"A. Student", "enter")
        await until(lambda: kept.read("Rates").outline.author == "A. Student")
        assert kept.read("Rates").outline.title == "Rates 2"

    open_report(scenario, size=(80, 24))


@pytest.mark.parametrize("gone", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_words_of_a_part_that_somebody_changes_meanwhile_are_kept_by_a_second_ctrl_s(open_report, kept, gone):
    def theirs(outline):
        first = replace(outline.parts[0], note="theirs")
        return report_edits.replaced(outline, 0, *([] if gone else [first]))

    async def scenario(pilot, screen, until):
        await at(pilot, screen, until, Spot("part", 0))
        await pilot.press("n")
        await until(lambda: isinstance(screen.focused, TextArea))
        await pilot.press(*" mine")
        kept.change("Rates", theirs)
        await until(lambda: screen.outline.parts[0].note in {"theirs", ""})
        await pilot.press("ctrl+s")
        said = str(screen.query_one("#edit-problem").render())
        await until(lambda: screen.query_one("#edit-problem").display)
        said = str(screen.query_one("#edit-problem").render())
        assert ("adds it anew" if gone else "puts your words in place") in said
        assert "mine" not in kept.read("Rates").text
        await pilot.press("ctrl+s")
        await until(lambda: "More. mine" in kept.read("Rates").outline.parts[0].note)
        assert len(headings(kept)) == 3

    open_report(scenario)


# -- what is wrong ----------------------------------------------------------------------------------------------------


def test_what_cannot_be_shown_any_more_is_marked_and_writing_says_it(open_report, home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def scenario(pilot, screen, until):
        assert "cannot be shown" not in str(screen.query_one("#report-head").render())
        shutil.rmtree(home / "runs" / CNN)
        await until(lambda: "3 items cannot be shown" in str(screen.query_one("#report-head").render()))
        line = screen._list.get_option("item 0 0").prompt
        assert f"✗ curves train/loss  no run is named '{CNN}'" in str(line)
        await pilot.press("e")
        await until(lambda: isinstance(pilot.app.screen, TextScreen) and pilot.app.screen.query("Input"))
        await pilot.press("enter")
        await until(lambda: "curves train/loss: no run is named" in notes(pilot.app))
        assert "Rates.toml, part in line" in notes(pilot.app)
        assert [path.name for path in tmp_path.iterdir()] == ["home"]

    open_report(scenario)


def test_a_mistake_in_the_file_is_shown_with_its_line_and_nothing_is_written_over_it(open_report, kept):
    async def scenario(pilot, screen, until):
        right = kept.path("Rates").read_text()
        wrong = right.replace("heading =", "headnig =", 1)
        kept.path("Rates").write_text(wrong)
        await until(lambda: screen.outline is None)
        assert "did you mean heading?: mend the file" in str(screen._list.get_option_at_index(0).prompt)
        for key in ("J", "x", "n", "enter", "a", "i", "ctrl+z", "e"):
            await pilot.press(key)
        assert "did you mean heading?" in notes(pilot.app)
        assert pilot.app.screen is screen
        assert kept.path("Rates").read_text() == wrong
        kept.path("Rates").write_text(right)
        await until(lambda: screen.outline is not None and len(screen.outline.parts) == 3)

    open_report(scenario)


# -- writing ----------------------------------------------------------------------------------------------------------


def test_the_report_is_written_and_holds_everything(open_report, kept, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def scenario(pilot, screen, until):
        for name in ("", "r.md", "r.toml", "r.doc"):
            await pilot.press("e")
            await until(lambda: isinstance(pilot.app.screen, TextScreen) and pilot.app.screen.query("Input"))
            field = pilot.app.screen.query_one(Input)
            assert field.value == "Rates.html"
            field.value = name or field.value
            await pilot.press("enter")
            said = str(tmp_path / (name or "Rates.html")) if name != "r.doc" else "must end in .html, .md, .tex, .pdf"
            await until(lambda said=said: said in notes(pilot.app))
        page = (tmp_path / "Rates.html").read_text()
        assert "&lt;script&gt;_x_ 50 % 😀" in page
        assert "<em>note</em>" in page
        assert page.index("Curves") < page.index("Pictures and plots") < page.index("The end")
        assert page.count("<figure") == 3
        known = provenance.found(tmp_path / "Rates.html").origin
        assert (known.runs, known.command) == ((CNN,), "phosphene report Rates --to html")
        assert (tmp_path / "r.toml").read_text() == kept.read("Rates").text
        assert len([*(tmp_path / "r-figures").iterdir()]) == 3
        assert "reading" not in str(screen.query_one("#report-head").render())

    open_report(scenario)


# -- keys -------------------------------------------------------------------------------------------------------------


def test_every_action_has_a_handler_and_the_palette_says_why_one_cannot_be_done(open_report):
    async def scenario(pilot, screen, until):
        for act in ACTS:
            holder = {"report": screen, "part": screen.query_one(Editor)}.get(act.scope)
            name = act.name.partition("(")[0]
            assert holder is None or "." in name or hasattr(holder, f"action_{name}"), act
            if act.scope == "part":
                assert screen.refusal(act) == "nothing is typed: enter or n edits a part"
        for key in ("question_mark", "escape", "2", "tab", "escape", "c"):
            await pilot.press(key)
        await until(lambda: screen.view == "outline" and screen._list.has_focus)
        assert pilot.app.clipboard == "phosphene report Rates -o Rates.html"
        await pilot.press("escape")
        await until(lambda: not screen.is_attached)

    open_report(scenario, size=(80, 24))


def test_where_one_only_looks_the_report_is_shown_and_stays(open_report, kept):
    before = kept.read("Rates").text

    async def scenario(pilot, screen, until):
        await until(lambda: len(screen.query_one(Footer).query("FooterKey")) > 3)
        for key in ("enter", "n", "J", "K", "a", "i", "x", "ctrl+z"):
            await pilot.press(key)
        assert pilot.app.screen is screen
        assert not screen.query_one(Editor).display
        assert READ_ONLY in notes(pilot.app)
        assert kept.read("Rates").text == before

    open_report(scenario, limits=Limits(read_only=True))
