"""The shelf of studies and the screen of one: counted beside the event loop, run, looked at live, and taken home."""

from __future__ import annotations

import json
import shutil

import pytest
from textual.widgets import Input

from engine import Run, provenance
from tests.synthetic_study import COUNTING, write_runs, write_study
from tests.tui.screens.conftest import curve, notes, opened
from tui.actions import ACTS
from tui.limits import READ_ONLY, Limits
from tui.screens.compare import CompareScreen
from tui.screens.questions import ChooseScreen, TextScreen
from tui.screens.shelf import ShelfScreen
from tui.screens.study_plan import StudyPlanScreen
from tui.screens.sweep import SweepScreen
from tui.widgets.study.look import LAST

WIDE, NARROW = (160, 48), (80, 24)


ANATOMY = """\
title = "Sizes"
question = "How many parameters have the small networks?"
experiment = "anatomy"
layout = "bars"
shows = "parameters/total"
metric = "parameters/total"
seeds = 1

[over]
model = ["cnn:digits", "cnn:digits:0-4"]

[[published]]
where = { model = "cnn:digits" }
metric = "parameters/total"
value = 7465
source = "A report, exercise 1"
"""


def text_of(screen) -> str:
    return " ".join(str(screen.query_one("#study-text Static").render()).split())


def head_of(screen) -> str:
    return str(screen.query_one("#study-head").render())


# -- a study ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [NARROW, pytest.param(WIDE, marks=pytest.mark.slow)], ids=["narrow", "wide"])
def test_a_study_says_what_it_asks_and_judges_the_full_tier(drive, own, size):
    write_runs(own, tier="full", more=curve)

    async def scenario(pilot, until):
        screen = await opened(pilot, until)
        assert "quick 0/2  full 6/6" in head_of(screen)
        said = text_of(screen)
        assert "At which rate does it count best" in said
        assert "full tier: count over lr=0.1,0.2, 3 seeds; 6 of 6 runs are there" in said
        assert "all of its runs are there" in said
        await pilot.press("2")
        await until(lambda: screen._published.grid.has_focus)
        rows = screen.seen.sheet.rows
        assert [row[5] for row in rows] == ["outside", "inside"]
        assert screen.seen.published.table.columns == ("where", "published", "measured", "verdict", *LAST)
        assert str(screen._published.border_title) == "published beside measured: test/accuracy"
        await pilot.press("4")
        await until(lambda: screen._figure.part == "charts" and screen._figure.display)
        assert not screen.query_one("#study-said").display
        chart = screen._figure.charts.chosen[1]
        assert [line.label for line in chart.lines] == ["lr 0.1 (3)", "lr 0.2 (3)"]
        await pilot.press("T")
        await until(lambda: screen.seen.progress.tier == "quick")
        await until(lambda: "The quick tier counts to four" in text_of(screen) and "plan: r runs it" in text_of(screen))
        assert screen._figure.part == ""
        await pilot.press("escape")
        await until(lambda: isinstance(pilot.app.screen, ShelfScreen))

    drive(scenario, size=size)


def test_what_is_missing_is_said_with_how_to_get_it_and_the_plan_launches_nothing(drive, own, monkeypatch):
    study = COUNTING.replace('experiment = "count"', 'experiment = "predict"').replace("lr = [0.1, 0.2]", "")
    study = study.replace("fixed = { steps = 4 }", "").replace('"test/accuracy"\nseeds', '"top1/probability"\nseeds')
    write_study(own, study.partition("[[published]]")[0] + "\n[full.fixed]\nimages = 'nowhere.jpg'\n")

    async def scenario(pilot, until):
        app, screen = pilot.app, await opened(pilot, until)
        await pilot.press("T")
        await until(lambda: screen.seen.progress.tier == "full")
        await until(lambda: "✗ cannot be run here: images: " in text_of(screen))
        assert "nowhere.jpg" in text_of(screen)
        assert "full missing" in head_of(screen)
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, StudyPlanScreen))
        await until(lambda: "nowhere.jpg" in str(app.screen.query_one("#plan-problems").render()))
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, StudyPlanScreen)
        assert not (own / "sweeps").exists()

    drive(scenario)


def test_a_study_is_run_from_its_plan_and_watched_to_its_finished_figure(drive, own):
    gate = own / "gate"
    write_study(own, COUNTING.replace("fixed = { steps = 4 }", f'fixed = {{ steps = 4, gate = "{gate}" }}'))

    async def scenario(pilot, until):
        app, screen = pilot.app, await opened(pilot, until)
        assert "2 runs" in text_of(screen)
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, StudyPlanScreen) and app.screen.planned)
        plan = app.screen
        assert plan.command == "phosphene study run counting --quick"
        plan.query_one("#option-seeds", Input).value = "2"
        plan.query_one("#option-parallel", Input).value = "2"
        await until(lambda: plan.planned and plan.planned.runs == 4)
        assert plan.command == "phosphene study run counting --quick --seeds 2 --parallel 2"
        await pilot.press("enter")
        await until(lambda: app.screen is screen and screen.seen.under_way, 60)
        await until(lambda: "running" in head_of(screen) and "0/4" in head_of(screen), 60)
        assert screen.reason_against(next(act for act in ACTS if act.id == "study.stop")) == ""
        gate.touch()
        await until(lambda: screen.seen.sweep.status.state == "finished" and "quick 4/4" in head_of(screen), 60)
        await until(lambda: "all of its runs are there" in text_of(screen))
        await until(lambda: screen._figure.part == "charts")
        assert [line.label for line in screen._figure.charts.chosen[1].lines] == ["lr 0.1 (2)", "lr 0.2 (2)"]
        await pilot.press("S")
        await until(lambda: isinstance(app.screen, SweepScreen))
        await pilot.press("escape")
        await until(lambda: app.screen is screen)

    drive(scenario, size=WIDE)
    (sweep,) = (own / "sweeps").iterdir()
    assert json.loads((sweep / "sweep.json").read_text())["name"] == "counting (quick)"


@pytest.mark.slow
def test_a_combination_leads_to_its_run_and_all_of_them_to_their_comparison(drive, own):
    runs = write_runs(own, lambda setting, seed: setting["lr"], more=curve)

    async def scenario(pilot, until):
        app, bench = pilot.app, pilot.app.screen
        screen = await opened(pilot, until)
        await pilot.press("C")
        await until(lambda: isinstance(app.screen, CompareScreen) and app.screen.seen is not None)
        assert app.screen.seen.runs == 2
        await pilot.press("escape")
        await until(lambda: app.screen is screen)
        await pilot.press("3")
        await until(lambda: screen._combinations.table.grid.has_focus)
        assert screen.seen.body.outcomes[0].setting == {"lr": 0.2}
        await pilot.press("enter")
        await until(lambda: app.screen is bench)
        await until(lambda: bench.shown is not None and bench.shown.run.id == runs[1])

    drive(scenario)


PICTURES = COUNTING.replace("train/loss", "samples").replace('"curves"', '"pictures"\ncolumns = "lr"')
GRID = COUNTING.replace("train/loss", "samples").replace('"curves"', '"pictures"\ncolumns = "lr"\nrows = "series"')
GRID = GRID.replace("lr = [0.1, 0.2]", "lr = [0.1, 0.2]\nseries = [1, 2]")
BARS = COUNTING.replace("train/loss", "test/accuracy").replace('"curves"', '"bars"')


@pytest.mark.parametrize(
    ("study", "part", "name", "start"),
    [
        (COUNTING, "charts", "f.svg", b"<?xml"),
        pytest.param(PICTURES, "kept", "f.png", b"\x89PNG", marks=pytest.mark.slow),
        pytest.param(GRID, "grid", "f.png", b"\x89PNG", marks=pytest.mark.slow),
        pytest.param(BARS, "plot", "f.pdf", b"%PDF", marks=pytest.mark.slow),
    ],
    ids=["charts", "kept", "grid", "plot"],
)
def test_figure_and_tables_are_written_with_where_they_come_from(drive, own, tmp_path, study, part, name, start):
    write_study(own, study)
    runs = write_runs(own, more=curve)

    async def scenario(pilot, until):
        app, screen = pilot.app, await opened(pilot, until)
        await until(lambda: screen._figure.part == part)
        await pilot.press("4")
        await until(lambda: screen._figure.has_focus_within)
        for key in ("left", "right", "b", "d", "y", "i", "left"):
            await pilot.press(key)
        for view, file in (("4", name), ("2", "p.csv"), ("3", "c.md")):
            await pilot.press(view)
            await until(lambda view=view: screen.view == screen_view(view))
            await pilot.pause()
            await pilot.press("e")
            await until(lambda: isinstance(app.screen, TextScreen) and app.screen.query("Input"))
            app.screen.query_one(Input).value = str(tmp_path / file)
            await pilot.press("enter")
            await until(lambda file=file: f"{tmp_path / file}" in notes(app))
        await pilot.press("c")
        await until(lambda: isinstance(app.screen, ChooseScreen))
        await pilot.press("m")
        await until(lambda: app.screen is screen and app.clipboard.startswith("| "))

    def screen_view(key):
        return {"2": "published", "3": "combinations", "4": "figure"}[key]

    drive(scenario, size=WIDE)
    assert (tmp_path / name).read_bytes().startswith(start)
    origin = provenance.carried(tmp_path / name)
    assert origin is not None
    assert {*origin.runs} == {*runs}
    assert (tmp_path / "p.csv").read_text().startswith("where,metric,published,measured")
    assert (tmp_path / "c.md").read_text().startswith("|")


@pytest.mark.slow
def test_the_report_of_the_tier_is_written(drive, own, tmp_path):
    write_runs(own, more=curve)

    async def scenario(pilot, until):
        app, screen = pilot.app, await opened(pilot, until)
        await pilot.press("p")
        await until(lambda: isinstance(app.screen, TextScreen) and app.screen.query("Input"))
        assert app.screen.query_one(Input).value == "counting.html"
        app.screen.query_one(Input).value = str(tmp_path / "r.html")
        await pilot.press("enter")
        await until(lambda: f"{tmp_path / 'r.html'}" in notes(app), 60)
        assert app.screen is screen

    drive(scenario)
    page = (tmp_path / "r.html").read_text()
    assert "At which rate does it count best" in page
    assert "phosphene study run counting --quick" in page


def test_esc_leaves_other_values_as_they_are_and_nothing_takes_them_back(drive, own):
    async def scenario(pilot, until):
        app, screen = pilot.app, await opened(pilot, until)

        async def answer(text, key):
            await pilot.press("equals_sign")
            await until(lambda: isinstance(app.screen, TextScreen) and app.screen.query("Input"))
            app.screen.query_one(Input).value = text
            await pilot.press(key)
            await until(lambda: app.screen is screen)

        await answer("steps=7", "enter")
        await until(lambda: screen.seen.asked.changed == {"steps": "7"})
        await answer("steps=9", "escape")
        assert screen.asked.changed == {"steps": "7"}
        await answer("", "enter")
        await until(lambda: screen.seen.asked.changed == {})

    drive(scenario)


@pytest.mark.slow
def test_other_values_than_the_studys_are_looked_at_and_planned(drive, own):
    async def scenario(pilot, until):
        app, screen = pilot.app, await opened(pilot, until)
        await pilot.press("equals_sign")
        await until(lambda: isinstance(app.screen, TextScreen) and app.screen.query("Input"))
        app.screen.query_one(Input).value = "steps=7 seeds=4"
        await pilot.press("enter")
        await until(lambda: "with steps = 7" in text_of(screen) and "quick 0/8" in head_of(screen))
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, StudyPlanScreen) and app.screen.planned)
        assert app.screen.planned.record.fixed["steps"] == 7
        assert app.screen.command == "phosphene study run counting --quick --set steps=7 --seeds 4"
        await pilot.press("escape")
        await until(lambda: app.screen is screen)
        await pilot.press("equals_sign")
        await until(lambda: isinstance(app.screen, TextScreen) and app.screen.query("Input"))
        assert app.screen.query_one(Input).value == "steps=7 seeds=4"
        app.screen.query_one(Input).value = "steps=-7"
        await pilot.press("enter")
        await until(lambda: "steps: " in notes(app))

    drive(scenario)


@pytest.mark.slow
def test_a_run_that_was_removed_is_missed_and_one_that_comes_is_shown(drive, own):
    runs = write_runs(own, more=curve)

    async def scenario(pilot, until):
        screen = await opened(pilot, until)
        assert "quick 2/2" in head_of(screen)
        shutil.rmtree(Run(own / "runs" / runs[0]).path)
        await until(lambda: "quick 1/2" in head_of(screen))
        await until(lambda: len(screen.seen.body.outcomes) == 1 and "plan: r runs it" in text_of(screen))
        assert "1 exist already" in text_of(screen)

    drive(scenario)


def test_every_action_of_shelf_and_study_has_a_handler_and_says_why_it_cannot_be_done(drive, own):
    async def scenario(pilot, until):
        screen = await opened(pilot, until)
        for act in ACTS:
            holder = {"study": screen, "shelf": ShelfScreen}.get(act.scope)
            name = act.name.partition("(")[0]
            assert holder is None or "." in name or hasattr(holder, f"action_{name}"), act
        reasons = {act.id: screen.reason_against(act) for act in ACTS if act.scope in screen.scopes}
        assert reasons["study.stop"] == "its sweep does not run"
        assert reasons["study.sweep"] == "no sweep has run it yet"
        assert reasons["study.blink"] == "the figure has no pictures"
        assert reasons["charts.zoom"] == "no chart is shown"
        for key in ("s", "S", "C", "e", "enter", "left", "b", "y", "p", "tab", "shift+tab"):
            await pilot.press(key)
        assert pilot.app.screen is screen
        assert "no sweep has run it yet" in notes(pilot.app)

    drive(scenario)


@pytest.mark.slow
def test_where_one_only_looks_nothing_is_run(drive, own):
    from tui.app import PhospheneApp

    async def scenario(pilot, until):
        screen = await opened(pilot, until)
        await pilot.press("r")
        await until(lambda: READ_ONLY in notes(pilot.app))
        assert pilot.app.screen is screen

    drive(scenario, over=PhospheneApp(own, images="halfcell", limits=Limits(read_only=True)))


@pytest.mark.slow
def test_a_study_of_the_user_is_run_by_real_workers_to_the_bars_of_its_networks(drive, own):
    write_study(own, ANATOMY)

    async def scenario(pilot, until):
        app, screen = pilot.app, await opened(pilot, until)
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, StudyPlanScreen) and app.screen.planned, 60)
        await pilot.press("enter")
        await until(lambda: app.screen is screen and "quick 2/2" in head_of(screen), 300)
        await until(lambda: screen._figure.part == "plot")
        bars = screen.seen.figure.plot.content
        assert len(bars.names) == 2
        assert bars.values == pytest.approx((7465, 7335))
        assert [row[5] for row in screen.seen.sheet.rows] == ["not judged"]

    drive(scenario, size=WIDE)
