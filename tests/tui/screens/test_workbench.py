"""The workbench over real runs: launch, watch, stop, leave, come back."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace

import pytest
from textual import events
from textual.widgets import OptionList

from engine import Workspace
from engine.record.events import StateChanged
from engine.record.run_directory import Status
from tests.tui.conftest import focus
from tui.actions import ACTS
from tui.app import PhospheneApp
from tui.widgets.console import Console
from tui.widgets.experiments import ExperimentList
from tui.widgets.runs import RunList

REASON = "2nd, behind 1121-1200-cnn-k3f"


def choose(app, experiment: str, **values: str) -> None:
    """Choose an experiment and set values as if they had been typed."""
    screen = app.screen
    experiments = screen.query_one("#experiments", OptionList)
    screen._settings.forms[experiment] = dict(values)
    experiments.highlighted = None
    experiments.highlighted = experiments.get_option_index(experiment)


def text_of(console: Console) -> str:
    """Return what the console shows."""
    return "\n".join(line.text for line in console.lines)


def shown(app):
    """Return the run on the screen."""
    return app.screen.shown


def form_is(app, experiment: str) -> bool:
    """Tell whether the form is that of the experiment."""
    found = app.screen.query_one("#form").experiment
    return found is not None and found.name == experiment


def test_launches_the_form_and_shows_every_point_until_the_run_has_finished(drive, home):
    async def scenario(pilot, until):
        choose(pilot.app, "count", steps="50", pause="0.002")
        await until(lambda: form_is(pilot.app, "count"))
        await pilot.press("r")
        await until(lambda: shown(pilot.app) is not None and shown(pilot.app).history.state == "finished")
        assert list(shown(pilot.app).history.curves.series["train/loss"].step) == list(range(1, 51))
        assert shown(pilot.app).record.hyperparameters["steps"] == 50
        await until(lambda: pilot.app.screen.query_one(RunList).chosen == shown(pilot.app).run.id)

    drive(scenario)
    assert [run.status.state for run in Workspace(home).list()] == ["finished"]


def test_a_package_that_cannot_be_read_is_named(drive, home, monkeypatch):
    monkeypatch.setattr("engine.catalogue.left_out", lambda: ["the experiments of own are left out: no such driver"])

    async def scenario(pilot, until):
        console = pilot.app.screen.query_one(Console)
        await until(lambda: "own are left out: no such driver" in " ".join(text_of(console).split()))
        await until(lambda: any("no such driver" in note.message for note in pilot.app._notifications))

    drive(scenario)


@pytest.mark.parametrize("keys", [("r",), ("2", "ctrl+r")])
def test_on_a_narrow_screen_a_launch_shows_what_the_experiment_shows_first(drive, home, keys):
    async def scenario(pilot, until):
        choose(pilot.app, "plot")
        await until(lambda: form_is(pilot.app, "plot"))
        catalogue = pilot.app.screen.catalogue
        catalogue["plot"] = replace(catalogue["plot"], shows=("tables",))
        await pilot.press(*keys)
        panes = pilot.app.screen._panes
        await until(lambda: panes._front == "tables")
        await until(lambda: shown(pilot.app) is not None and shown(pilot.app).history.ended)
        await until(lambda: panes.focused in panes.visible)

    drive(scenario, (80, 24))


def test_closes_quietly_while_a_listing_of_runs_is_under_way(home, monkeypatch):
    gone = asyncio.Event()

    async def scenario():
        app = PhospheneApp(home, images="halfcell")
        async with app.run_test() as pilot:
            while not getattr(app.screen, "catalogue", None):
                await pilot.pause(0.01)
            screen, began = app.screen, asyncio.Event()

            async def runs():
                began.set()
                await gone.wait()
                return []

            monkeypatch.setattr(screen.engine, "runs", runs)
            monkeypatch.setattr(RunList, "on_unmount", lambda _: gone.set(), raising=False)
            screen._listing.look_again()
            await began.wait()

    asyncio.run(scenario())
    assert gone.is_set()


def test_a_refused_form_says_which_field_and_writes_nothing(drive, home):
    async def scenario(pilot, until):
        choose(pilot.app, "count", steps="zero")
        await until(lambda: form_is(pilot.app, "count"))
        await pilot.press("r")
        note = pilot.app.screen.query_one("#note")
        await until(lambda: "must be a whole number" in str(note.render()))

    drive(scenario)
    assert not (home / "runs").exists()


def test_stops_and_resumes_the_shown_run_and_leaves_it_running_when_it_quits(drive, home):
    async def scenario(pilot, until):
        choose(pilot.app, "count", steps="100000", pause="0.01")
        await until(lambda: form_is(pilot.app, "count"))
        await pilot.press("r")
        await until(lambda: shown(pilot.app) is not None and shown(pilot.app).history.step > 0)
        await pilot.press("s")
        await until(lambda: shown(pilot.app).history.state == "stopped")
        await pilot.press("R")
        await until(lambda: shown(pilot.app).history.state == "running" and shown(pilot.app).run.status().attempt == 2)
        await until(lambda: any(not run.status.ended for run in pilot.app.screen.runs))
        await pilot.press("q")
        await until(lambda: pilot.app.return_value)
        assert [run.id for run in pilot.app.return_value] == [shown(pilot.app).run.id]

    drive(scenario)
    run = Workspace(home).find("last")
    assert run.status().state == "running"
    import asyncio

    from engine import Engine

    async def end():
        await Engine(home).stop(run)
        async for _ in Engine(home).follow(run):
            pass

    asyncio.run(end())
    assert run.status().state == "stopped"


def test_to_stop_twice_ends_a_run_that_does_not_stop_and_says_by_whom(drive, home, monkeypatch):
    monkeypatch.setattr("tui.workbench.requests.KILL_SECONDS", 0.0)

    async def scenario(pilot, until):
        choose(pilot.app, "count", gate=str(home / "never"))
        await until(lambda: form_is(pilot.app, "count"))
        await pilot.press("r")
        await until(lambda: shown(pilot.app) is not None and shown(pilot.app).history.state == "running")
        await pilot.press("s")
        await until(lambda: "saves and stops" in "".join(note.message for note in pilot.app._notifications))
        await pilot.press("s")
        await until(lambda: shown(pilot.app).history.state == "stopped")
        console = pilot.app.screen.query_one(Console)
        await until(lambda: "ended by you" in " ".join(text_of(console).split()))

    drive(scenario)


@pytest.mark.parametrize(
    ("trouble", "state", "word"),
    [
        ("raise", "failed", "ZeroDivisionError: the [red]third[/] step divides by zero"),
        ("exit", "crashed", "os._exit(7)"),
        pytest.param("segfault", "crashed", "Segmentation fault", marks=pytest.mark.slow),
        pytest.param("memory", "failed", "out of memory", marks=pytest.mark.slow),
        pytest.param("kill", "crashed", "ended without a word", marks=pytest.mark.slow),
        ("nan", "finished", "train/loss is nan since step 3"),
        pytest.param("print", "finished", "KiB of output skipped", marks=pytest.mark.slow),
        pytest.param("fork-return", "finished", "the program forked", marks=pytest.mark.slow),
    ],
)
def test_says_what_went_wrong_with_a_program_and_stays_responsive(drive, trouble, state, word):
    async def scenario(pilot, until):
        choose(pilot.app, "trouble", trouble=trouble)
        await until(lambda: form_is(pilot.app, "trouble"))
        await pilot.press("r")
        await until(lambda: shown(pilot.app) is not None and shown(pilot.app).history.state == state)
        console = pilot.app.screen.query_one(Console)
        await until(lambda: word in text_of(console).replace("\n", ""))
        before = time.monotonic()
        await pilot.press("y")
        assert time.monotonic() - before < 1

    drive(scenario, size=(300, 60))


def test_tells_what_happened_while_one_was_away(drive, album):
    settings = album / "workbench.json"
    settings.write_text(json.dumps({"seen": 1_795_262_400.0 - 10_000}))

    async def scenario(pilot, until):
        await until(lambda: pilot.app.screen.shown is not None)
        assert [note.title for note in pilot.app._notifications] == ["while you were away"]
        assert pilot.app.screen.shown.run.id.endswith("k3f")

    drive(scenario, over=PhospheneApp(album))


def test_each_list_has_a_filter_of_its_own_and_filtering_runs_moves_no_experiment(drive, album):
    async def scenario(pilot, until):
        runs, experiments = pilot.app.screen.query_one(RunList), pilot.app.screen.query_one(ExperimentList)
        await until(lambda: runs.option_count == 3)
        before, chosen = experiments.option_count, experiments.chosen
        focus(runs)
        await pilot.press("slash", *"k3f", "enter")
        await until(lambda: runs.option_count == 1 and runs.has_focus)
        assert (experiments.option_count, experiments.chosen) == (before, chosen)
        assert pilot.app.screen.query_one("#filter-runs").display
        await pilot.press("escape")
        await until(lambda: runs.option_count == 3 and not pilot.app.screen.query_one("#filter-runs").display)
        focus(experiments)
        await pilot.press("slash", *"dcgan", "down")
        await until(lambda: experiments.chosen == "dcgan" and experiments.has_focus)
        assert runs.option_count == 3
        await pilot.press("escape")
        await until(lambda: experiments.option_count == before)
        assert experiments.chosen == "dcgan"

    drive(scenario)


def test_keys_after_the_filter_are_for_the_list_however_quickly_they_follow(drive, album):
    async def scenario(pilot, until):
        experiments = pilot.app.screen.query_one(ExperimentList)
        await until(lambda: experiments.option_count > 3)
        for key in ("slash", *"dcg"):
            await pilot.press(key)
        for key in ("enter", "2"):  # both are there before either has acted
            pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(lambda: pilot.app.screen.focused is pilot.app.screen.query_one("#fields"))
        assert pilot.app.screen.query_one("#filter-experiments").value == "dcg"

    drive(scenario)


def test_a_filter_that_nothing_matches_says_so(drive, album):
    async def scenario(pilot, until):
        for name in ("experiments", "runs"):
            found = pilot.app.screen.query_one(f"#{name}", OptionList)
            focus(found)
            await pilot.press("slash", *"zzz")
            await until(lambda found=found: found.option_count == 1)
            assert "none matches zzz" in str(found.get_option_at_index(0).prompt)
            await pilot.press("escape")

    drive(scenario)


def test_a_queued_run_says_its_place_behind_which_it_waits_and_since_when(drive, written, monkeypatch):
    now = time.time()
    written("1121-1300-count-aaa", "count", [StateChanged(now - 130, "queued", REASON)])
    monkeypatch.setattr("engine.record.run_directory.RunDirectory.status", lambda _: Status("queued", REASON))

    async def scenario(pilot, until):
        runs = pilot.app.screen.query_one(RunList)
        await until(lambda: runs.option_count == 1)
        assert "aaa 2nd count behind k3f · 2 min" in str(runs.get_option_at_index(0).prompt)

    drive(scenario)


def test_on_a_narrow_screen_one_pane_stands_beside_the_lists(drive, album):
    async def scenario(pilot, until):
        screen = pilot.app.screen
        await until(lambda: screen.has_class("-narrow"))
        for key, visible in {"2": "form", "3": "charts", "4": "pictures", "5": "console"}.items():
            # In the form a digit would be typed.
            await pilot.press("escape", key)
            await until(lambda visible=visible: screen.query_one(f"#{visible}").region.width > 40)
            others = {"form", "charts", "pictures", "console"} - {visible}
            assert all(screen.query_one(f"#{other}").region.area == 0 for other in others)

    drive(scenario, size=(80, 24))


def test_takes_a_runs_hyperparameters_into_the_form_and_removes_runs_into_the_trash(drive, album):
    async def scenario(pilot, until):
        runs = pilot.app.screen.query_one(RunList)
        await until(lambda: runs.option_count == 3)
        focus(runs)
        await until(lambda: runs.has_focus)
        runs.highlighted = runs.get_option_index("1121-1100-count-9qd")
        await pilot.press("f")
        await until(lambda: form_is(pilot.app, "count"))
        focus(runs)
        await pilot.press("delete")
        await pilot.pause()
        assert runs.option_count == 3
        await pilot.press("delete")
        await until(lambda: runs.option_count == 2)

    drive(scenario)
    assert [path.name.startswith("1121-1100-count-9qd") for path in (album / "trash").iterdir()] == [True]


def test_keys_of_one_scope_do_not_collide():
    for scope in {act.scope for act in ACTS}:
        keys = [key for act in ACTS if act.scope == scope for key in act.keys.split(",")]
        assert len(keys) == len(set(keys)), scope


def test_writes_the_forms_live_values_into_the_run_and_marks_them_on_the_charts(drive, home):
    async def scenario(pilot, until):
        choose(pilot.app, "count", steps="100000", pause="0.01")
        await until(lambda: form_is(pilot.app, "count"))
        await pilot.press("r")
        await until(lambda: shown(pilot.app) is not None and "train/lr" in shown(pilot.app).history.curves.series)
        form = pilot.app.screen.query_one("#form")
        form.take_over(form.chosen_values()[0] | {"lr": "0.25"})
        await pilot.press("w")
        await until(lambda: [text for _, text in shown(pilot.app).history.marks] == ["lr 0.25"])
        series = shown(pilot.app).history.curves.series["train/lr"]
        await until(lambda: series.value[-1] == 0.25)
        assert series.value[0] == 0.1
        await pilot.press("s")
        await until(lambda: shown(pilot.app).history.state == "stopped")

    drive(scenario)


def test_the_first_run_of_a_session_is_the_one_shown_though_older_ones_are_listed(drive, album):
    async def scenario(pilot, until):
        await until(lambda: shown(pilot.app) is not None and shown(pilot.app).history.ended)
        choose(pilot.app, "count", steps="100000", pause="0.01")
        await until(lambda: form_is(pilot.app, "count"))
        await pilot.press("r")
        await until(lambda: shown(pilot.app).record.hyperparameters.get("steps") == 100_000)
        mine = shown(pilot.app).run.id
        await until(lambda: any(run.id == mine for run in pilot.app.screen.runs))
        await pilot.pause(0.5)
        assert shown(pilot.app).run.id == mine
        await pilot.press("s")
        await until(lambda: shown(pilot.app).history.state == "stopped")

    drive(scenario)


def test_the_highlight_stays_on_a_run_that_cannot_be_shown(drive, album):
    (album / "runs/1121-1100-count-9qd/run.json").write_text("{")

    async def scenario(pilot, until):
        runs = pilot.app.screen.query_one(RunList)
        await until(lambda: runs.option_count == 3 and shown(pilot.app) is not None)
        focus(runs)
        runs.highlighted = runs.get_option_index("1121-1100-count-9qd")
        looked = pilot.app.screen.runs
        await until(lambda: pilot.app.screen.runs is not looked)
        await pilot.pause()
        assert runs.chosen == "1121-1100-count-9qd"

    drive(scenario)


def test_a_log_that_cannot_be_read_is_a_line_and_the_rest_stays(drive, album):
    log = album / "runs/1121-1200-cnn-k3f/attempts/0001/events.jsonl"
    log.unlink()
    log.mkdir()

    async def scenario(pilot, until):
        console = pilot.app.screen.query_one(Console)
        await until(lambda: "cannot be read" in text_of(console))
        assert pilot.app.screen.query_one(RunList).option_count == 3

    drive(scenario, size=(300, 60))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('{"forms":[]}', marks=pytest.mark.slow),
        '{"forms":{"count":null}}',
        '{"forms":{"count":{"steps":5}}}',
        pytest.param('{"seen":"x"}', marks=pytest.mark.slow),
        pytest.param('{"images":"no"}', marks=pytest.mark.slow),
        pytest.param("[", marks=pytest.mark.slow),
        "[1]",
    ],
)
def test_what_was_remembered_may_be_damaged(drive, home, content):
    home.mkdir()
    (home / "workbench.json").write_text(content)

    async def scenario(pilot, until):
        await until(lambda: form_is(pilot.app, "cnn"))

    drive(scenario, over=PhospheneApp(home))


def test_every_metric_has_a_curve_also_where_titles_are_the_same():
    from tui.widgets.charts import groups

    found = groups([("train/loss",), ("validation/loss",)], ["train/loss", "validation/loss", "test/loss"])
    assert [names for _, names in found] == [["train/loss"], ["validation/loss"], ["test/loss"]]


def test_the_experiment_one_left_with_is_in_sight_however_long_the_list(drive, album):
    app = PhospheneApp(album)
    app.settings.experiment = "count"

    async def scenario(pilot, until):
        experiments = pilot.app.screen.query_one(ExperimentList)
        await until(lambda: experiments.chosen == "count")

        def in_sight() -> bool:
            top = experiments.scroll_offset.y
            return top <= experiments.highlighted < top + experiments.scrollable_content_region.height

        await until(in_sight)

    drive(scenario, over=app, size=(80, 24))


def test_lines_that_come_while_the_console_is_hidden_fill_its_width_when_it_is_shown(drive, album):
    async def scenario(pilot, until):
        console = pilot.app.screen.query_one(Console)
        await until(lambda: shown(pilot.app) is not None and shown(pilot.app).history.ended)
        await pilot.press("5")
        await until(lambda: "finished" in text_of(console))
        await pilot.press("3")
        await until(lambda: console.region.area == 0)
        console.say("one two three four five six")
        await pilot.press("5")
        await until(lambda: any("one two three four five six" in line.text for line in console.lines))

    drive(scenario, size=(80, 24))
