"""The comparison screen: what differs, results, curves with bands, pictures and plots of several runs."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import tracemalloc

import pytest
from textual.command import CommandPalette

from engine import Engine, Workspace, provenance
from engine.plots import Heatmap, Lines
from engine.record.events import ImageLogged, Metrics, PlotLogged, Progress, Results, StateChanged, encode
from engine.record.plots import write_plot
from tests.tui.conftest import NOON, focus, until, write_picture, write_run
from tui import draw_plot
from tui.actions import ACTS
from tui.app import PhospheneApp
from tui.keymap import Keymap
from tui.palette import Actions
from tui.screens.compare import CompareScreen
from tui.screens.help import HelpScreen
from tui.screens.questions import TextScreen
from tui.widgets.chart import Chart
from tui.widgets.comparison.pictures import grid
from tui.widgets.runs import RunList
from tui.widgets.shot import ShotView


def write(home, run, lr, seed, *, state="finished", steps=20, extra=(), **more):
    events = [StateChanged(NOON, "running")]
    events += [
        Metrics(NOON + step, step, {"train/loss": 1 / step + lr + 0.01 * seed}, step / 10)
        for step in range(1, steps + 1)
    ]
    events += [*extra, Results(NOON + 50, {"test/accuracy": 0.9 - lr + 0.01 * seed})] if state == "finished" else []
    result = {"test/accuracy": 0.9 - lr + 0.01 * seed} if state == "finished" else {}
    events += [StateChanged(NOON + 60, state, "", steps, 20, result)]
    path = write_run(home, run, "cnn", events, hyperparameters={"lr": lr, "epochs": 2}, **more)
    record = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps(record | {"seed": seed}))
    return path


@pytest.fixture
def six(home):
    """Two learning rates with three seeds each."""
    for number, lr in enumerate((0.1, 0.3)):
        for seed in range(3):
            write(home, f"1121-1{number}0{seed}-cnn-k{number}{seed}", lr, seed)
    return home


@pytest.fixture
def compare(home, monkeypatch):
    """Run a scenario on the screen: ``compare(scenario, size)`` with ``async def scenario(pilot, screen, until)``.

    The workbench, which is not looked at, stays closed.
    """
    monkeypatch.setattr(PhospheneApp, "on_mount", lambda self: None)

    def run(scenario, size=(160, 48), runs=None):
        async def play():
            app = PhospheneApp(home, images="halfcell")
            async with app.run_test(size=size) as pilot:
                workspace = Workspace(home)
                listed = [*reversed(workspace.list())] if runs is None else runs
                screen = CompareScreen(Engine(home), listed, "halfcell", Keymap())
                await app.push_screen(screen)
                await until(lambda: screen.seen is not None)
                await scenario(pilot, screen, until)

        asyncio.run(play())

    return run


def text(screen) -> str:
    """Return the tables as they are read."""
    return str(screen.query_one("#comparison-tables Static").render())


def notes(app) -> str:
    return "\n".join(note.message for note in app._notifications)


def charts(screen):
    return [*screen.query("#comparison-charts Chart").results(Chart)]


def test_a_panel_has_the_whole_screen_until_another_view_is_gone_to(six, compare):
    async def scenario(pilot, screen, until):
        await pilot.press("2", "F")
        await until(lambda: screen.maximized is screen.focused is not None)
        await pilot.press("F")
        await until(lambda: screen.maximized is None)
        await pilot.press("F", "1")
        await until(lambda: screen.maximized is None and screen.view == "curves")
        await pilot.press("F")
        await until(lambda: screen.maximized is not None)
        await pilot.press("escape")
        await until(lambda: screen.maximized is None and pilot.app.screen is screen)

    compare(scenario)


def test_it_says_what_differs_the_results_and_what_the_seeds_prove(six, compare):
    async def scenario(pilot, screen, until):
        await until(lambda: "what differs" in text(screen))
        shown = text(screen)
        assert "lr 0.1" in shown
        assert "lr 0.3" in shown
        assert "epochs" not in shown
        assert "0.810 ± 0.025 (3) *" in shown
        assert "All 3 lie above all 3; chance alone does that once in 20." in " ".join(shown.split())
        await pilot.press("d")
        await until(lambda: "epochs" in text(screen))

    compare(scenario)


def test_a_key_makes_one_group_after_the_other_the_baseline(six, compare):
    async def scenario(pilot, screen, until):
        for caption in ("lr 0.1", "lr 0.3", ""):
            await pilot.press("D")
            await until(lambda caption=caption: screen.seen.baseline == caption)
            assert ("from " in text(screen)) == bool(caption)

    compare(scenario)


def test_damaged_unfinished_and_foreign_runs_are_said_and_shown_as_they_are_named(six, compare):
    write(six, "1121-1200-cnn-h0f", 0.1, 7, state="failed", steps=5, name="odd [bold]name[/] \x1b[31m")
    foreign = [StateChanged(NOON, "running"), StateChanged(NOON + 1, "finished", "", 1, 1, {"other": 1.0})]
    write_run(six, "1121-1300-alien-a1n", "alien", foreign)
    broken = write(six, "1121-1400-cnn-b0k", 0.1, 8)
    (broken / "run.json").write_text("{")

    async def scenario(pilot, screen, until):
        await until(lambda: "troubles" in text(screen))
        shown = " ".join(text(screen).split())
        assert "failed after 25 %" in shown
        assert "1121-1400-cnn-b0k cannot be read" in shown
        assert "experiment alien is not installed" in shown
        assert "\x1b" not in text(screen)
        for key in ("1", "m", "x", "y", "2", "d", "D", "3", "right", "down", "b", "d"):
            await pilot.press(key)
        assert screen.is_attached

    compare(scenario)


def test_a_group_is_a_mean_with_a_band_and_its_members_on_request(six, compare):
    async def scenario(pilot, screen, until):
        await until(lambda: charts(screen) and charts(screen)[0]._curves)
        curves = charts(screen)[0]._curves
        assert [curve.name for curve in curves] == ["lr 0.1 (3)", "lr 0.3 (3)"]
        low, high = curves[0].band
        assert (low < curves[0].y).all()
        assert (high > curves[0].y).all()
        assert len({curve.style for curve in curves}) == 2
        await pilot.press("m")
        await until(lambda: len(charts(screen)[0]._curves) == 8)
        assert sum(curve.faint for curve in charts(screen)[0]._curves) == 6

    compare(scenario)


def test_charts_are_smoothed_logarithmic_and_over_other_axes_by_the_keys_of_single_charts(six, compare):
    async def scenario(pilot, screen, until):
        await until(lambda: charts(screen))
        assert charts(screen)[0].x_axis.label == "step"
        before = charts(screen)[0]._curves[0].y
        await pilot.press("plus")
        await until(lambda: "smoothed 0.3" in charts(screen)[0].title)
        assert abs(charts(screen)[0]._curves[0].y - before).max() > 0
        await pilot.press("y")
        await until(lambda: charts(screen)[0].log_y)
        await pilot.press("x")
        await until(lambda: charts(screen)[0].x_axis.label == "epoch")
        assert charts(screen)[0]._curves[0].x.max() == 2
        await until(lambda: screen.focused is charts(screen)[0])  # the chart of another title is another one
        await pilot.press("z")
        await until(lambda: charts(screen)[0].view is not None)
        await pilot.press("left")
        await until(lambda: charts(screen)[0].crosshair is not None)

    compare(scenario)


def test_a_narrow_screen_shows_one_panel_at_a_time(six, compare):
    async def scenario(pilot, screen, until):
        panels = ("#comparison-charts", "#comparison-tables", "#comparison-pictures")
        for key, shown in zip("123", panels, strict=True):
            await pilot.press(key)
            await until(lambda shown=shown: [p for p in panels if screen.query_one(p).display] == [shown])

    compare(scenario, size=(80, 24))


def test_a_run_that_goes_on_is_read_on(six, compare):
    path = write(six, "1121-1500-cnn-g0n", 0.1, 9, state="running", steps=5)

    async def scenario(pilot, screen, until):
        await until(lambda: any("g0n" in run.id for run in screen._looking._runs))
        log = path / "attempts/0001/events.jsonl"
        with log.open("ab") as file:
            file.write(encode(StateChanged(NOON + 90, "finished", "", 5, 5, {"test/accuracy": 0.5})))
        await until(lambda: any("(4)" in cell for row in screen.seen.results.rows for cell in row))

    compare(scenario)


@pytest.mark.slow
def test_memory_stays_flat_beside_a_run_that_grows(six, compare):
    path = write(six, "1121-1500-cnn-g0n", 0.1, 9, state="running", steps=5)
    log = path / "attempts/0001/events.jsonl"

    async def scenario(pilot, screen, until):
        screen.workers.cancel_group(screen, "looks")

        async def leave_open(first: int, polls: int) -> int:
            """Let the run log and the screen look at it so many times; return how much memory is in use then."""
            for step in range(first, first + polls):
                with log.open("ab") as file:
                    file.write(encode(Metrics(NOON + step, step, {"train/loss": 1 / step}, step / 10)))
                    file.write(encode(Progress(NOON + step, step, 10_000, "step", 1.0)))
                seen = screen._looking.look(screen.asked)
                screen._show(seen)
                await pilot.pause()
            assert seen.charts["train/loss"].chart.lines[-1].x[-1] == first + polls - 1
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        tracemalloc.start()
        try:
            before = await leave_open(6, 50)
            middle = await leave_open(56, 100)
            after = await leave_open(156, 100)
        finally:
            tracemalloc.stop()
        # A point takes 32 bytes in the history, and as many in what is drawn of it.
        assert after - middle < 100_000, f"{before:,} {middle:,} {after:,}"

    compare(scenario, size=(120, 32))


def test_what_has_not_changed_is_not_looked_at_again(six, compare):
    async def scenario(pilot, screen, until):
        assert await asyncio.to_thread(screen._looking.look, screen.asked) is None

    compare(scenario)


def test_the_results_are_copied_as_markdown_or_latex(six, compare):
    async def scenario(pilot, screen, until):
        for key, start in (("m", "| group"), ("l", "\\begin{tabular}")):
            await pilot.press("c")
            await until(lambda: pilot.app.screen is not screen)
            await pilot.press(key)
            await until(lambda: pilot.app.screen is screen)
            assert pilot.app.clipboard.startswith(start)

    compare(scenario)


@pytest.mark.parametrize(("view", "name", "start", "command"), [
    ("1", "curves.csv", "line,step,train/loss,low,high", "chart .* --metric train/loss --x step --group=-seed"),
    ("1", "curves.svg", "<?xml", "chart .* --metric train/loss --x step --group=-seed"),
    ("2", "table.tex", "\\begin{tabular}", "compare .* --metric test/accuracy --group=-seed --format latex"),
    ("2", "table.csv", "group,runs,", "compare .* --metric test/accuracy --group=-seed --format csv"),
])  # fmt: skip
def test_what_has_the_focus_is_written_under_a_free_name(six, compare, tmp_path, view, name, start, command):
    (tmp_path / name).write_text("mine")

    async def scenario(pilot, screen, until):
        await until(lambda: charts(screen))
        await pilot.press(view)
        await until(lambda: screen.focused is not None)
        await pilot.press("e")
        await until(lambda: isinstance(pilot.app.screen, TextScreen) and pilot.app.screen.query("Input"))
        pilot.app.screen.query_one("Input").value = str(tmp_path / name)
        await pilot.press("enter")
        await until(lambda: "-2." in notes(pilot.app))

    compare(scenario)
    stem, ending = name.split(".")
    assert (tmp_path / name).read_text() == "mine"
    assert (tmp_path / f"{stem}-2.{ending}").read_text().startswith(start)
    origin = provenance.found(tmp_path / f"{stem}-2.{ending}").origin
    assert len(origin.runs) == 6
    assert re.fullmatch(f"phosphene {command}", origin.command)


def test_a_file_that_cannot_be_written_is_said(six, compare, tmp_path):
    async def scenario(pilot, screen, until):
        await pilot.press("2", "e")
        await until(lambda: isinstance(pilot.app.screen, TextScreen) and pilot.app.screen.query("Input"))
        pilot.app.screen.query_one("Input").value = str(tmp_path / "table.docx")
        await pilot.press("enter")
        await until(lambda: "must end in" in notes(pilot.app))

    compare(scenario)
    assert not [*tmp_path.glob("table*")]


@pytest.fixture
def album_of_two(home):
    """Two groups with pictures of three steps, a confusion matrix, and accuracies over C."""
    for number, lr in enumerate((0.1, 0.3)):
        run = f"1121-1{number}00-cnn-p{number}c"
        path = home / "runs" / run
        matrix = [[17 + number, 2], [1, 15]]
        plots = {
            "confusion": Heatmap(matrix, "ab", "ab", "true", "predicted", "row", True, 0),
            "C": Lines((0.1, 1.0, 10.0)[number:], {"accuracy": (0.5, 0.7, 0.6)[number:]}, x_label="C", x_scale="log"),
        }
        logged = [PlotLogged(NOON + 30, name, 20, f"plots/{name}/000000020.json") for name in plots]
        logged += [ImageLogged(NOON + step, "batch", step, f"images/batch/{step:09d}.png") for step in (5, 10, 20)]
        write(home, run, lr, 0, extra=logged)
        for step in (5, 10, 20):
            write_picture(path, "batch", step)
        for name, plot in plots.items():
            (path / "plots" / name).mkdir(parents=True)
            write_plot(path / "plots" / name / "000000020.json", plot)
    return home


def cells(screen):
    return [*screen.query("#comparison-pictures ShotView").results(ShotView)]


async def show_kind(pilot, screen, until, kind):
    await pilot.press("3")
    await until(lambda: screen._pictures.has_focus and screen._pictures.kinds)
    while screen._pictures.kind != kind:
        await pilot.press("down")
    await until(lambda: screen._pictures._built)


def test_pictures_of_one_kind_stand_in_a_row_with_what_differs_and_steps_are_linked(album_of_two, compare):
    async def scenario(pilot, screen, until):
        await show_kind(pilot, screen, until, "batch")
        await until(lambda: [str(cell.border_title) for cell in cells(screen)] == ["lr 0.1", "lr 0.3"])
        await until(lambda: len({cell.region.y for cell in cells(screen)}) == 1)
        await pilot.press("left")
        await until(lambda: [cell.border_subtitle for cell in cells(screen)] == ["step 10", "step 10"])
        await pilot.press("home")
        await until(lambda: [cell.border_subtitle for cell in cells(screen)] == ["step 5", "step 5"])
        await pilot.press("d", "d")
        await until(lambda: "less the first, x3" in screen._pictures.border_subtitle)
        await until(lambda: cells(screen)[1].picture._shot.title.endswith("x3"))
        await pilot.press("b")
        await until(lambda: cells(screen)[1].picture._shot.run == cells(screen)[0].picture._shot.run)

    compare(scenario)


def test_lines_of_the_same_name_share_a_chart(album_of_two, compare):
    async def scenario(pilot, screen, until):
        await show_kind(pilot, screen, until, "C")
        await until(lambda: screen.query("#comparison-pictures Chart"))
        chart = screen.query_one("#comparison-pictures Chart", Chart)
        await until(lambda: len(chart._curves) == 2)
        assert [curve.name for curve in chart._curves] == ["lr 0.1", "lr 0.3"]
        assert [len(curve.x) for curve in chart._curves] == [3, 2]
        assert chart.x_axis.scale == "log"

    compare(scenario)


def test_heatmaps_are_subtracted_from_each_other(album_of_two, compare):
    async def scenario(pilot, screen, until):
        await show_kind(pilot, screen, until, "confusion")
        await until(lambda: len(cells(screen)) == 2 and cells(screen)[1].plot._plot is not None)
        await pilot.press("d")
        await until(lambda: cells(screen)[1].plot._plot.values == ((1.0, 0.0), (0.0, 0.0)))
        assert cells(screen)[0].plot._plot.values == ((17.0, 2.0), (1.0, 15.0))
        shown = "\n".join(line.plain for line in draw_plot(cells(screen)[1].plot._plot, 40, 10))
        assert "lr 0.3 minus lr 0.1" in shown
        assert "+1" in shown
        assert screen._pictures.sheet.stills[1].plot().shade == "difference"

    compare(scenario)


def test_pictures_that_are_gone_are_said(album_of_two, compare):
    for file in album_of_two.glob("runs/*/images/batch/*.png"):
        file.unlink()

    async def scenario(pilot, screen, until):
        await show_kind(pilot, screen, until, "batch")
        await until(lambda: cells(screen) and cells(screen)[0].picture.query_one(".unreadable").display)

    compare(scenario)


def test_every_action_has_a_handler_and_the_help_shows_them_first(six, compare):
    async def scenario(pilot, screen, until):
        for act in ACTS:
            if act.scope == "compare" and not act.name.startswith("app."):
                assert hasattr(screen, f"action_{act.name.partition('(')[0]}"), act
        assert str(HelpScreen.page("compare", Keymap())).startswith("A comparison")

    compare(scenario)


def test_it_lies_over_the_workbench_with_help_and_a_way_back(six, drive):
    async def scenario(pilot, until):
        app, bench = pilot.app, pilot.app.screen
        workspace = Workspace(six)
        await app.push_screen(CompareScreen(Engine(workspace.home), workspace.list(), "halfcell", Keymap()))
        screen = app.screen
        await until(lambda: screen.seen is not None)
        await pilot.press("question_mark")
        await until(lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("escape")
        await until(lambda: app.screen is screen)
        await pilot.press("2", "q")
        await until(lambda: app.screen is bench)

    drive(scenario)


def test_the_palette_and_keys_of_ones_own_work_as_in_the_workbench(six, drive):
    (six / "keys.toml").write_text('compare.baseline = "f6"\ncharts.zoom = "f7"\ncharts.zoom-out = "m"\n')

    async def scenario(pilot, until):
        app, bench = pilot.app, pilot.app.screen
        await until(lambda: len(bench.runs) == 6)
        bench.on_run_list_compare_requested(RunList.CompareRequested([run.id for run in bench.runs]))
        await until(lambda: isinstance(app.screen, CompareScreen) and app.screen.seen is not None)
        screen = app.screen
        assert any("m is the key of 'compare.members' already" in problem for problem in screen.keymap.problems)
        await pilot.press("D")
        await pilot.press("f6")
        await until(lambda: screen.seen.baseline == screen.seen.results.rows[0][0])
        assert "f6" in str(HelpScreen.page("compare", screen.keymap))
        hits = {str(hit.display): hit async for hit in Actions(screen).discover()}
        assert len(hits) == sum(act.scope in screen.scopes for act in ACTS)
        [pictures] = [hit for text, hit in hits.items() if text.startswith("next kind ")]
        assert "no pictures are shown" in pictures.help
        await next(hit for text, hit in hits.items() if text.startswith("members ")).command()
        assert screen.asked.members
        await until(lambda: charts(screen))
        await next(hit for text, hit in hits.items() if text.startswith("charts: zoom  f7")).command()
        await until(lambda: charts(screen)[0].has_focus)
        assert charts(screen)[0].view is not None
        await pilot.press("ctrl+p")
        await until(lambda: isinstance(app.screen, CommandPalette))
        await pilot.press(*"more seeds", "enter")
        await until(lambda: isinstance(app.screen, TextScreen))

    drive(scenario, over=PhospheneApp(six, images="halfcell"))


@pytest.mark.slow
def test_runs_in_all_states_and_plots_of_all_kinds_are_gone_through(crowd, compare):
    async def scenario(pilot, screen, until):
        assert "stand apart" in text(screen)
        assert "running" in text(screen)
        await pilot.press("3")
        await until(lambda: screen._pictures.has_focus and screen._pictures.kinds)
        kinds = screen._pictures.kinds
        assert {"confusion", "lines", "bars", "scatter", "tiles", "batch"} <= {*kinds}
        for _ in kinds:
            await pilot.press("down", "d", "b", "b", "left")
            await until(lambda: screen._pictures._built)
        for key in ("1", "m", "plus", "x", "x", "x", "y", "2", "D", "D"):
            await pilot.press(key)
        await until(lambda: screen.seen.baseline)

    compare(scenario, size=(80, 24))


def test_runs_without_a_shared_metric_have_an_empty_chart(home, compare):
    write_run(home, "1121-1000-cnn-aaa", "cnn", [StateChanged(NOON, "finished", "", 1, 1, {"test/accuracy": 0.5})])

    async def scenario(pilot, screen, until):
        await until(lambda: [chart.title for chart in charts(screen)] == ["no shared metric over step"])
        for key in ("z", "left", "plus", "x", "e"):
            await pilot.press(key)
        assert "there is nothing to write yet" in notes(pilot.app)

    compare(scenario)


@pytest.mark.parametrize(
    ("count", "room", "columns"),
    [(1, (76, 20), 1), (3, (76, 20), 3), (4, (96, 44), 2), (3, (40, 20), 1), (0, (0, 0), 1)],
)
def test_three_pictures_stand_in_a_row_if_they_fit_and_others_as_large_as_they_can(count, room, columns):
    assert grid(max(count, 1), *room)[0] == columns


def test_no_runs_are_no_trouble(home, compare):
    async def scenario(pilot, screen, until):
        assert "the runs share no result" in text(screen)
        for key in ("D", "d", "m", "x", "y", "3", "left", "down", "b", "e"):
            await pilot.press(key)
        assert "there is nothing to write yet" in notes(pilot.app)

    compare(scenario, runs=[])


def test_further_seeds_are_launched_and_compared_too(compare, six, monkeypatch):
    launched = []

    async def launch(self, experiment, hyperparameters, options):
        run = f"1121-12{len(launched):02}-cnn-new"
        launched.append((experiment, hyperparameters["lr"], options["seed"]))
        write(six, run, hyperparameters["lr"], options["seed"])
        return self.workspace.find(run)

    monkeypatch.setattr(Engine, "launch", launch)

    async def scenario(pilot, screen, until):
        await pilot.press("a")
        await until(lambda: isinstance(pilot.app.screen, TextScreen) and pilot.app.screen.query("Input"))
        await pilot.press("backspace", "1", "enter")
        await until(lambda: screen.seen.runs == 8)
        assert launched == [("cnn", 0.1, 3), ("cnn", 0.3, 3)]
        assert "(4)" in text(screen)
        await until(lambda: "2 launched, 0 were there already" in notes(pilot.app))

    compare(scenario)


def test_selected_runs_are_compared_from_the_workbench(drive, six):
    async def scenario(pilot, until):
        runs = pilot.app.screen.query_one("#runs")
        await until(lambda: runs.option_count == 6)
        focus(runs)
        await pilot.press("asterisk", "C")
        await until(lambda: isinstance(pilot.app.screen, CompareScreen) and pilot.app.screen.seen is not None)
        assert pilot.app.screen.seen.runs == 6
        await pilot.press("escape")
        await until(lambda: not isinstance(pilot.app.screen, CompareScreen))

    drive(scenario, size=(80, 24))
