"""What A adds to a report: what has the focus, as it is looked at, wherever that is."""

from __future__ import annotations

import json

import pytest
from textual.widgets import Input

from engine import Reports, ReportSource, Workspace
from engine.sweep.axes import Axis
from tests.synthetic_study import write_runs
from tests.synthetic_sweep import write_sweep
from tests.tui.conftest import focus, write_picture
from tests.tui.screens.conftest import HOSTILE, curve, notes, opened
from tui.app import PhospheneApp
from tui.screens.choosing import ChooseReportScreen
from tui.screens.compare import CompareScreen
from tui.screens.picture import PictureScreen
from tui.screens.questions import TextScreen
from tui.screens.report import ReportScreen
from tui.screens.sweep import SweepScreen
from tui.widgets.runs import RunList
from tui.widgets.table import TableView


def test_charts_pictures_and_tables_of_the_shown_run_are_added_as_they_are_looked_at(drive, crowd, kept):
    run = "1122-1400-cnn-n4w"

    async def scenario(pilot, until):
        app, bench = pilot.app, pilot.app.screen
        runs = bench.query_one(RunList)
        await until(lambda: run in runs._drawn)
        await pilot.press("A")
        assert "only charts, pictures, tables and the list of runs" in notes(app)
        focus(runs)
        runs.highlighted = runs.get_option_index(run)
        await until(lambda: bench.shown is not None and bench.shown.run.id == run and bench.shown.history.ended)
        focus(bench.query("Chart").first())
        await until(lambda: bench.query("Chart").first().has_focus)
        await pilot.press("plus", "x", "y", "A")
        await until(lambda: isinstance(app.screen, ChooseReportScreen) and app.screen.query("Input"))
        app.screen.query_one(Input).value = HOSTILE
        await pilot.press("enter")
        await until(lambda: f"part 1 (Curves) of {HOSTILE}; W shows it" in notes(app))
        [name] = kept.names()
        await until(lambda: bench.query_one("#pictures").kind)
        focus(bench.query_one("#pictures"))
        await pilot.press("A")
        await until(lambda: "part 2 (Pictures and plots)" in notes(app))
        await pilot.press("A")
        await until(lambda: "in the report already" in notes(app))
        await pilot.press("6")
        await until(lambda: bench.query_one(TableView).grid.has_focus and bench.query_one(TableView).grid.model)
        await pilot.press("A")
        await until(lambda: "part 3 (Tables)" in notes(app))
        looked_at = bench.query_one("#charts").smoothing, bench.query_one("#pictures").kind
        names = [curve.name for curve, _ in bench.query("Chart").first().lines]
        table = bench.query_one(TableView).shown
        focus(runs)
        await pilot.press("space", "space", "A")
        await until(lambda: "part 4 (Results)" in notes(app))
        charts, pictures, tables, results = kept.read(name).outline.parts
        assert [*map(str, charts.show)] == [f"curves {name}" for name in names]
        assert (charts.source.runs, charts.x, charts.log_y) == ((run,), "epoch", True)
        assert (charts.smooth, str(pictures.show[0])) == (looked_at[0], f"pictures {looked_at[1]}")
        assert charts.smooth > 0
        assert (pictures.smooth, pictures.x, pictures.log_y) == (0, "", False)
        assert str(tables.show[0]) == f"table {table}"
        assert results.source.runs == tuple(runs.selected)
        assert len(runs.selected) == 2
        assert app.settings.report == name

    drive(scenario, size=(160, 48), over=PhospheneApp(crowd, images="halfcell"))


@pytest.mark.slow
def test_a_picture_on_the_whole_screen_is_added(drive, home, rates, kept):
    async def scenario(pilot, until):
        app, bench = pilot.app, pilot.app.screen
        await until(lambda: bench.shown is not None and bench.shown.album)
        focus(bench.query_one("#pictures"))
        await pilot.press("down", "F")
        await until(lambda: isinstance(app.screen, PictureScreen))
        await pilot.press("A")
        await until(lambda: "pictures confusion: part 2" in notes(app))
        assert [*map(str, kept.read(rates).outline.parts[1].show)] == ["pictures batch", "pictures confusion"]

    drive(scenario, over=PhospheneApp(home, images="halfcell"))


def test_a_comparison_adds_its_runs_with_baseline_axis_and_smoothing(drive, crowd, kept):
    kept.begin("Rates")
    (crowd / "workbench.json").write_text(json.dumps({"report": "Rates"}))

    async def scenario(pilot, until):
        app, bench = pilot.app, pilot.app.screen
        runs = bench.query_one(RunList)
        await until(lambda: "1122-1400-cnn-n4w" in runs._drawn)
        runs._selected = {"1122-1400-cnn-n4w", "1122-1500-cnn-n5w"}
        focus(runs)
        await pilot.press("C")
        await until(lambda: isinstance(app.screen, CompareScreen) and app.screen.seen is not None)
        screen = app.screen
        await pilot.press("D")
        await until(lambda: screen.seen.baseline)
        await pilot.press("2", "A")
        await until(lambda: "part 1 (Results)" in notes(app))
        await pilot.press("1", "plus", "x", "y")
        await until(lambda: screen._charts.log_y and screen.seen.axis == screen._charts.axis)
        await pilot.press("A")
        await until(lambda: "part 2 (Curves)" in notes(app))
        await pilot.press("3")
        await until(lambda: screen._pictures.has_focus and screen._pictures.kind)
        await pilot.press("A")
        await until(lambda: "part 3 (Pictures and plots)" in notes(app))
        results, curves, pictures = kept.read("Rates").outline.parts
        assert results.source.runs == curves.source.runs == pictures.source.runs == screen.seen.ids
        assert len(screen.seen.ids) == 2
        assert results.baseline == screen.asked.baseline != ""
        assert (curves.baseline, curves.smooth, curves.log_y) == ("", screen.asked.weight, True)
        assert curves.x == screen.asked.axis
        assert str(pictures.show[0]) == f"pictures {screen._pictures.kind}"

    drive(scenario, size=(160, 48), over=PhospheneApp(crowd, images="halfcell"))


@pytest.mark.slow
def test_a_sweep_adds_its_combinations_axes_and_pictures(drive, home, kept):
    rate = Axis(("lr",), ((0.001,), (0.01,)), None, log=True)
    record = write_sweep(
        home, [rate], lambda setting, seed: setting["lr"], more=lambda path, *_: [write_picture(path, "samples", 10)]
    )
    kept.begin("Rates")
    (home / "workbench.json").write_text(json.dumps({"report": "Rates"}))

    async def scenario(pilot, until):
        app, bench = pilot.app, pilot.app.screen
        runs = bench.query_one(RunList)
        await until(lambda: f"sweep/{record.id}" in runs._drawn)
        focus(runs)
        await until(lambda: runs.has_focus)
        runs.highlighted = runs.get_option_index(f"sweep/{record.id}")
        await pilot.press("A")
        await until(lambda: "combinations: part 1 (Combinations)" in notes(app))
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, SweepScreen) and app.screen.seen is not None)
        screen = app.screen
        await until(lambda: screen.seen.body.remarks is not None)
        await pilot.press("A")
        await until(lambda: "in the report already: combinations" in notes(app))
        await pilot.press("4")
        await until(lambda: screen._parallel.has_focus_within)
        await pilot.press("A")
        await until(lambda: "parallel: part 2 (All axes)" in notes(app))
        await pilot.press("2")
        await until(lambda: screen._axes.has_focus_within)
        await pilot.press("A")
        await until(lambda: "axes: part 3 (Over the axes)" in notes(app))
        await pilot.press("3")
        await until(lambda: screen._pictures.has_focus and screen.seen.grid is not None)
        await pilot.press("A")
        await until(lambda: "pictures samples: part 4" in notes(app))
        assert [one.source.sweep for one in kept.read("Rates").outline.parts] == [record.id] * 4
        await pilot.press("W")
        await until(lambda: isinstance(app.screen, ReportScreen))
        await until(lambda: app.screen.seen is not None and app.screen.seen.read is not None)
        assert not any(read.problems for read in app.screen.seen.read.values())

    drive(scenario, size=(80, 24), over=PhospheneApp(home, images="halfcell"))


@pytest.mark.slow
def test_tables_and_figure_of_a_study_are_added(drive, own, kept):
    write_runs(own, more=curve)
    kept.begin("Rates")
    (own / "workbench.json").write_text(json.dumps({"report": "Rates"}))

    def shown():
        return [str(item) for one in kept.read("Rates").outline.parts for item in one.show]

    async def scenario(pilot, until):
        app, screen = pilot.app, await opened(pilot, until)
        for key, item in (("2", "published"), ("3", "studied"), ("4", "figure")):
            await pilot.press(key)
            await until(lambda: screen.offer() is not None and screen.offer().part is not None)
            await until(lambda item=item: str(screen.offer().part.show[0]) == item)
            await pilot.press("A")
            await until(lambda item=item: item in shown())
        parts = kept.read("Rates").outline.parts
        assert {one.source for one in parts} == {ReportSource(study="counting:quick")}
        Reports(Workspace(own)).document(kept.read("Rates").outline)
        await pilot.press("equals_sign")
        await until(lambda: isinstance(app.screen, TextScreen) and app.screen.query("Input"))
        app.screen.query_one(Input).value = "seeds=2"
        await pilot.press("enter")
        await until(lambda: app.screen is screen and screen.seen.asked.seeds == 2)
        await until(lambda: screen.offer() is not None and "seeds=2" in screen.offer().part.source.study)
        await pilot.press("A")
        await until(lambda: len(kept.read("Rates").outline.parts) > len(parts))
        assert kept.read("Rates").outline.parts[-1].source == ReportSource(study="counting:quick seeds=2")

    drive(scenario, size=(160, 48), over=PhospheneApp(own, images="halfcell"))
