"""Sweeps in the workbench: axes in the form, the plan, folded runs, and the screen of what came of one."""

from __future__ import annotations

import json
import math

import pytest
from textual.widgets import Input

from engine import Run
from engine.record.events import StateChanged, encode
from engine.sweep.axes import Axis
from tests.synthetic_sweep import NOON, write_sweep
from tests.tui.conftest import focus, write_picture
from tui.actions import ACTS
from tui.screens.compare import CompareScreen
from tui.screens.plan import PlanScreen
from tui.screens.questions import ChooseScreen, TextScreen
from tui.screens.sweep import SweepScreen
from tui.screens.workbench import Workbench
from tui.widgets.form import HyperparameterForm
from tui.widgets.runs import RunList

LR = Axis(("lr",), ((0.001,), (0.01,), (0.1,)), None, log=True)
STEPS = Axis(("steps",), ((5,), (10,)))


def value(setting, seed):
    if setting == {"lr": 0.1, "steps": 10}:
        return None
    return 0.9 - 0.1 * abs(math.log10(setting["lr"]) + 2) + 0.01 * setting["steps"] + 0.01 * seed


def more(path, setting, seed):
    return [write_picture(path, "samples", step) for step in (10, 20)]


@pytest.fixture
def swept(home):
    """A grid of three rates and two numbers of steps with three seeds, and a run beside it."""
    write_sweep(home, [LR, STEPS], value, seeds=3, more=more)
    write_sweep(home, [Axis(("say",), (("a",), ("b",)))], lambda s, seed: 0.5, name="1121-1300-count-9xz", limit=1)
    return home


def notes(app) -> str:
    return "\n".join(note.message for note in app._notifications)


async def form_of(pilot, until, name="count") -> HyperparameterForm:
    """Show the form of an experiment."""
    screen = pilot.app.screen
    form = screen.query_one(HyperparameterForm)
    await until(lambda: form.experiment is not None)
    form.show(screen.catalogue[name], {})
    await until(lambda: form.experiment is screen.catalogue[name])
    return form


async def opened(pilot, until, line="sweep/1121-1200-count-k3f") -> SweepScreen:
    """Open the screen of the sweep from the list of runs."""
    runs = pilot.app.screen.query_one(RunList)
    await until(lambda: line in runs._drawn)
    focus(runs)
    await until(lambda: runs.has_focus)
    runs.highlighted = runs.get_option_index(line)
    await pilot.press("enter")
    await until(lambda: isinstance(pilot.app.screen, SweepScreen))
    screen = pilot.app.screen
    await until(lambda: screen.seen is not None and screen.seen.body.remarks is not None)
    return screen


# -- the form ---------------------------------------------------------------------------------------------------------


def test_a_value_that_begins_with_a_star_is_an_axis_checked_as_it_is_typed(drive):
    async def scenario(pilot, until):
        form = await form_of(pilot, until)
        focus(form.query_one("#fields"))
        await until(lambda: form._list.has_focus)
        form._list.highlighted = form._list.get_option_index("steps")
        await pilot.press(*"*2,x")
        note = form.query_one("#note")
        await until(lambda: "must be a whole number, got 'x'" in str(note.render()))
        await pilot.press("enter")
        assert form.editing
        await pilot.press("backspace", *"10,1000", "enter")
        assert form.axes() == {"steps": "2,10,1000"}
        assert form.chosen_values() == ({}, {})
        assert "3 runs" in form.border_subtitle
        assert "≡" in str(form._list.get_option("steps").prompt)

    drive(scenario)


def test_a_form_with_axes_is_a_sweep_on_the_command_line_and_ctrl_r_plans_it(drive, monkeypatch):
    async def scenario(pilot, until):
        app, screen = pilot.app, pilot.app.screen
        launched = []
        screen._requests.launch = lambda *arguments: launched.append(arguments)
        form = await form_of(pilot, until)
        form.take_over({"steps": "* 2, 10", "lr": "*log 1e-3..1e-1", "series": "3", "name": "wide", "seed": "4"})
        assert "6 runs" in form.border_subtitle
        screen.action_copy_command()
        over = "phosphene sweep count --over 'steps=2, 10' --over 'lr=log 1e-3..1e-1'"
        assert app.clipboard == f"{over} --series 3 --name wide --seed 4"
        for place, key in (("#fields", "ctrl+r"), ("#experiments", "r"), ("#experiments", "S")):
            focus(screen.query_one(place))
            await until(lambda place=place: screen.query_one(place).has_focus)
            await pilot.press(key)
            await until(lambda: isinstance(app.screen, PlanScreen) and app.screen.planned)
            record = app.screen.planned.record
            assert (record.name, record.seeds, record.fixed["series"]) == ("wide", (4,), 3)
            assert app.screen.planned.runs == 6
            await pilot.press("escape")
            await until(lambda: app.screen is screen)
        assert not launched

    drive(scenario)


def test_without_an_axis_three_seeds_are_planned_and_it_is_said_how_to_make_one(drive):
    async def scenario(pilot, until):
        form = await form_of(pilot, until)
        form.take_over({"steps": "5"})
        await pilot.press("S")
        await until(lambda: isinstance(pilot.app.screen, PlanScreen) and pilot.app.screen.planned is not None)
        plan = pilot.app.screen
        said = str(plan.query_one("#plan-said").render())
        assert "3 runs, 3 seeds each" in said
        assert "* log 1e-5..1e-2" in said
        assert "more seeds" in plan.heading
        assert plan.command == "phosphene sweep count --seeds 3 --steps 5"
        await pilot.press("escape")
        await until(lambda: isinstance(pilot.app.screen, Workbench))

    drive(scenario)


# -- the plan ---------------------------------------------------------------------------------------------------------


async def planned(pilot, until, values) -> PlanScreen:
    form = await form_of(pilot, until)
    form.take_over(values)
    await pilot.press("S")
    await until(lambda: isinstance(pilot.app.screen, PlanScreen))
    return pilot.app.screen


def test_the_plan_counts_runs_those_that_exist_and_says_what_they_take(drive, swept):
    async def scenario(pilot, until):
        screen = await planned(pilot, until, {"steps": "* 5, 10, 20", "lr": "*0.001,0.01"})
        await until(lambda: screen.planned)
        said = str(screen.query_one("#plan-said").render())
        assert "count over steps=5,10,20  lr=0.001,0.01" in said
        assert "6 runs" in said
        assert "not known: fewer than 3 runs of count with the same steps" in said  # none had 20
        screen.query_one("#option-seeds", Input).value = "2"
        await until(lambda: screen.planned and screen.planned.runs == 12)
        assert screen.command.endswith("--seeds 2")

    drive(scenario)


def test_a_mistake_stands_beside_its_option_and_nothing_is_launched(drive, home):
    async def scenario(pilot, until):
        screen = await planned(pilot, until, {"steps": "* 5, 10"})
        await until(lambda: screen.focused is not None)
        line = screen.focused.parent
        assert line.option.name == "seeds"
        await pilot.press("x", "enter")
        await until(lambda: "must be a whole number, got 'x'" in str(line.query_one(".option-help").render()))
        await pilot.press("backspace", "down", "right")
        await until(lambda: "say how many" in str([*screen.query(".option-help")][2].render()))
        assert screen.texts["by"] == "random"
        await pilot.press("left", "down", "down", "down", *"test/nothing", "down", "right")
        await until(lambda: screen.texts["prune"] == "median")
        await pilot.press("enter")
        await until(lambda: "✗" in str([*screen.query(".option-help")][4].render()))
        assert pilot.app.screen is screen
        assert not (home / "sweeps").exists()

    drive(scenario)


def test_enter_launches_and_shows_a_sweep_that_is_read_on_widened_and_taken_home(drive, home):
    async def scenario(pilot, until):
        app = pilot.app
        screen = await planned(pilot, until, {"steps": "* 2, 3"})
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, SweepScreen))
        sweep = app.screen
        await until(lambda: sweep.seen is not None and sweep.seen.status.state == "finished", 30)
        await until(lambda: len(sweep.seen.body.outcomes) == 2)
        assert "2 of 2 runs" in sweep.seen.head[-1]
        for answer in ("stops=4 seeds=1", "steps=4 seeds=1"):
            await pilot.press("plus")
            await until(lambda: isinstance(app.screen, TextScreen) and app.screen.query("Input"))
            field = app.screen.query_one(Input)
            if answer.startswith("stops"):
                field.value = answer
            else:  # what was refused is not lost
                await until(lambda: "stops" in notes(app))
                await pilot.press("up", *["home", "right", "right", "delete", "e"])
                assert field.value == answer
            await pilot.press("enter")
            await until(lambda: app.screen is sweep)
        await until(lambda: "4 further runs, 6 in all" in notes(app))
        await until(lambda: sweep.seen.status.state == "finished" and len(sweep.seen.body.trials) == 6, 30)
        assert not screen.is_attached

    drive(scenario)


# -- the list ---------------------------------------------------------------------------------------------------------


def test_runs_of_a_sweep_are_folded_under_its_line_until_they_are_unfolded_or_filtered(drive, swept):
    async def scenario(pilot, until):
        runs = pilot.app.screen.query_one(RunList)
        lines = lambda: [*runs._drawn]  # noqa: E731
        await until(lambda: len(lines()) == 2)
        assert "19 in sweeps" in runs.border_subtitle
        focus(runs)
        await until(lambda: runs.has_focus and pilot.app.screen.shown is not None)  # its line takes the highlight
        runs.highlighted = runs.get_option_index("sweep/1121-1300-count-9xz")
        await pilot.press("right")
        await until(lambda: len(lines()) > 2)
        assert lines()[lines().index("sweep/1121-1300-count-9xz") + 1] == "1121-1300-count-90000"
        assert len(lines()) == 3
        await pilot.press("down", "left")
        assert (len(lines()), runs.chosen_sweep) == (2, "1121-1300-count-9xz")
        assert not runs.narrow("lr=0.1 state=finished")
        assert len(lines()) == 4
        assert lines()[0] == "sweep/1121-1200-count-k3f"
        runs.narrow("")
        await pilot.press("home", "space")
        assert len(runs.selected) in {1, 18}

    drive(scenario)


def test_stop_and_resume_are_about_the_highlighted_sweep(drive, swept):
    async def scenario(pilot, until):
        screen = pilot.app.screen
        asked = []
        screen._sweeping.stop = lambda sweep: asked.append(("stop", sweep.id))
        screen._sweeping.resume = lambda sweep: asked.append(("resume", sweep.id))
        runs = screen.query_one(RunList)
        await until(lambda: len(runs._drawn) == 2)
        focus(runs)
        await until(lambda: runs.has_focus)
        runs.highlighted = runs.get_option_index("sweep/1121-1200-count-k3f")
        await pilot.pause()
        stop = next(act for act in ACTS if act.id == "stop")
        assert screen.reason_against(stop) == "the highlighted sweep is finished"
        await pilot.press("s", "R")
        assert asked == [("stop", "1121-1200-count-k3f"), ("resume", "1121-1200-count-k3f")]

    drive(scenario)


def test_a_sweep_that_ended_is_not_stopped_and_that_is_said(drive, swept):
    async def scenario(pilot, until):
        await opened(pilot, until)
        await pilot.press("s")
        await until(lambda: "is not running any more: it is finished" in notes(pilot.app))

    drive(scenario)


# -- the screen -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_table_charts_pictures_and_parallel_coordinates_are_a_key_away(drive, swept, size):
    async def scenario(pilot, until):
        screen = await opened(pilot, until)
        assert "best test/accuracy so far is 1.010 ± 0.025 (3), with lr 0.01, steps 10" in " ".join(
            str(screen.query_one("#sweep-remarks Static").render()).split()
        )
        await pilot.press("2")
        charts = [*screen.query("#sweep-axes Chart")]
        assert [chart.title for chart in charts] == ["test/accuracy over lr", "test/accuracy over steps"]
        assert charts[0].x_axis.scale == "log"
        await until(lambda: charts[0].has_focus)
        await pilot.press("3")
        await until(lambda: screen._pictures.pictures is not None)
        assert str(screen._pictures.border_title) == "samples: lr across, steps down, best of seed"
        await pilot.press("d")
        await until(lambda: screen._pictures.pictures.down == "step")
        await pilot.press("x")
        await until(lambda: screen._pictures.pictures.across == "steps")
        await pilot.press("4")
        await until(lambda: [*screen.query("#sweep-parallel Chart")])
        [parallel] = screen.query("#sweep-parallel Chart")
        assert len(parallel._curves) == 5
        if size[0] == 80:
            assert not screen.query_one("#sweep-table").display
        await pilot.press("escape")
        await until(lambda: isinstance(pilot.app.screen, Workbench))

    drive(scenario, size=size)


def test_the_table_is_sorted_by_figures_copied_and_written(drive, swept, tmp_path):
    async def scenario(pilot, until):
        app, screen = pilot.app, await opened(pilot, until)
        model = screen.query_one("#sweep-table TableGrid").model
        assert [row[0] for row in map(model.row, range(6))] == ["0.01", "0.01", "0.001", "0.001", "0.1", "0.1"]
        await pilot.press("o")
        assert [row[0] for row in map(model.row, range(6))] == ["0.001", "0.001", "0.01", "0.01", "0.1", "0.1"]
        for key, start in (("m", "| "), ("l", "\\begin{tabular}")):
            await pilot.press("c")
            await until(lambda: isinstance(app.screen, ChooseScreen))
            await pilot.press(key)
            await until(lambda: app.screen is screen)
            assert app.clipboard.startswith(start)
        for view, name in (("1", "t.csv"), ("1", "t.tex"), ("2", "c.csv"), ("2", "c.svg"), ("3", "p.png")):
            await pilot.press(view)
            await until(lambda: screen.focused is not None and (screen.view != "pictures" or screen.seen.grid))
            await pilot.pause()
            await pilot.press("e")
            await until(lambda: isinstance(app.screen, TextScreen) and app.screen.query("Input"))
            app.screen.query_one(Input).value = str(tmp_path / name)
            await pilot.press("enter")
            await until(lambda name=name: f"{tmp_path / name}" in notes(app))

    drive(scenario, size=(160, 48))
    assert (tmp_path / "t.csv").read_text().startswith("trial,run,state,lr,steps,seed,test/accuracy,test/loss")
    assert (tmp_path / "t.tex").read_text().startswith("\\begin{tabular}")
    assert (tmp_path / "c.csv").read_text().startswith("line,lr,test/accuracy,low,high")
    assert (tmp_path / "c.svg").read_text().startswith("<?xml")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_the_best_combination_goes_into_the_form_and_its_runs_into_the_panes_and_the_comparison(drive, swept):
    async def scenario(pilot, until):
        app, bench = pilot.app, pilot.app.screen
        await opened(pilot, until)
        await pilot.press("f")
        await until(lambda: app.screen is bench)
        form = bench.query_one(HyperparameterForm)
        assert form.experiment.name == "count"
        assert form.chosen_values() == ({"steps": "10", "lr": "0.01"}, {})
        screen = await opened(pilot, until)
        run = screen.seen.body.outcomes[1].trials[0].run
        await pilot.press("down", "enter")
        await until(lambda: app.screen is bench and bench.shown is not None and bench.shown.run.id == run)
        screen = await opened(pilot, until)
        await pilot.press("C")
        await until(lambda: isinstance(app.screen, CompareScreen) and app.screen.seen is not None)
        assert app.screen.seen.runs == 18
        await pilot.press("escape")
        await until(lambda: app.screen is screen)

    drive(scenario, size=(160, 48))


def test_combinations_are_judged_by_another_result_on_demand(drive, swept):
    async def scenario(pilot, until):
        screen = await opened(pilot, until)
        await pilot.press("m")
        await until(lambda: screen.seen.record.metric == "test/loss")
        await until(
            lambda: screen.seen.body.outcomes[0].setting == {"lr": 0.001, "steps": 5} or screen.seen.body.remarks
        )
        assert screen.seen.body.outcomes[0].mean.mean == pytest.approx(-0.01)
        assert "judged by test/loss" in str(screen.query_one("#sweep-head").render())

    drive(scenario)


def test_what_comes_while_the_screen_is_open_is_shown(drive, home):
    write_sweep(home, [LR, STEPS], value, limit=3, state="running")
    claim = home / "sweeps/1121-1200-count-k3f/attempts/0001/claim.json"

    async def scenario(pilot, until):
        screen = await opened(pilot, until)
        assert len(screen.seen.body.trials) == 3
        table = screen.seen.body.table
        run = Run(home / "runs" / screen.seen.body.trials[0].run)
        (run.path / "attempts/0002").mkdir()
        (run.path / "attempts/0002/claim.json").write_bytes(claim.read_bytes())
        (run.path / "attempts/0002/events.jsonl").write_bytes(
            encode(StateChanged(NOON + 90, "finished", "", 20, 20, {"test/accuracy": 0.123}))
        )
        await until(lambda: screen.seen.body.table is not table)
        await until(lambda: "0.123" in json.dumps(screen.query_one("#sweep-table TableGrid").model.table.rows))

    drive(scenario)


def test_a_sweep_over_nothing_but_seeds_is_shown_too(drive, home):
    write_sweep(home, [], lambda setting, seed: 0.5 + seed, seeds=2, more=more)

    async def scenario(pilot, until):
        screen = await opened(pilot, until)
        assert len(screen.seen.body.trials) == 2
        await until(lambda: screen._axes._charts[0].title.endswith(" over seed"))
        assert [curve.name for curve in screen._axes._charts[0]._curves] == ["runs", "mean of 2 seeds"]
        await pilot.press("4")
        await until(lambda: "its runs differ in their seeds alone" in notes(pilot.app))
        assert screen.view == "table"
        await pilot.press("3")
        await until(lambda: screen._pictures.pictures is not None)
        assert str(screen._pictures.border_title) == "samples: seed across, step down"
        await pilot.press("x", "d", "2", "plus")
        await until(lambda: isinstance(pilot.app.screen, TextScreen))

    drive(scenario)


def test_a_study_is_written_of_a_sweep_and_of_compared_runs(drive, swept):
    async def scenario(pilot, until):
        app = pilot.app
        await opened(pilot, until)

        async def answer(name):
            await until(lambda: isinstance(app.screen, TextScreen) and app.screen.query("Input"))
            app.screen.query_one(Input).value = name
            await pilot.press("enter")

        await pilot.press("n")
        await answer("mine")
        await until(lambda: str(swept / "studies/mine.toml") in notes(app))
        await pilot.press("n")
        await answer("mine")
        await until(lambda: "there is a study mine already" in notes(app))
        await pilot.press("C")
        await until(lambda: isinstance(app.screen, CompareScreen) and app.screen.seen is not None)
        await pilot.press("n")
        await answer("compared")
        await until(lambda: str(swept / "studies/compared.toml") in notes(app))

    drive(scenario)
    assert 'lr = "0.001;0.01;0.1"' in (swept / "studies/mine.toml").read_text()
    assert '"steps,lr" = "10,0.01;5,0.01;' in (swept / "studies/compared.toml").read_text()


@pytest.mark.slow
def test_every_action_of_plan_and_screen_has_a_handler(drive, swept):
    async def scenario(pilot, until):
        screen = await opened(pilot, until)
        for act in ACTS:
            holder = {"sweep": screen, "plan": PlanScreen}.get(act.scope)
            name = act.name.partition("(")[0]
            assert holder is None or "." in name or hasattr(holder, f"action_{name}"), act
        for key in ("question_mark", "escape", "2", "y", "3", "k", "right", "left", "i", "4", "tab", "shift+tab"):
            await pilot.press(key)
        assert screen.is_attached

    drive(scenario)
