"""Panes: which are on the screen, how large they are, and how one gets to them."""

from __future__ import annotations

import json
import re

import pytest

from engine import catalogue
from engine.record.events import HyperparameterChanged, StateChanged
from tests.tui.conftest import focus
from tui.widgets.chart import Chart
from tui.widgets.charts import ChartPanel
from tui.widgets.pane_bar import PaneBar
from tui.workbench.panes import FIRST_STOPS, PANES
from tui.workbench.sizes import LIMITS, Sizes

NOON = 1_795_262_400.0
WIDE, MEDIUM, NARROW = (160, 48), (120, 30), (80, 24)


def area(screen, pane: str) -> int:
    return screen.query_one(f"#{pane}").region.area


@pytest.mark.parametrize(
    "size", [WIDE, NARROW, *(pytest.param(one, marks=pytest.mark.slow) for one in (MEDIUM, (60, 20)))]
)
def test_every_number_goes_to_its_pane_at_every_width(drive, album, size):
    async def scenario(pilot, until):
        screen = pilot.app.screen
        await until(lambda: screen.shown is not None and screen.shown.history.ended)
        for number, pane in enumerate(PANES, start=1):
            focus(screen.query_one("#console"))
            await pilot.press(str(number))
            stop = FIRST_STOPS[pane]
            await until(lambda stop=stop: screen.focused in screen.query(stop))
            await until(lambda pane=pane: area(screen, pane) > 0)
            if pane == "form":
                await pilot.press("escape")

    drive(scenario, size=size)


@pytest.mark.parametrize(
    ("experiment", "shown", "hidden"),
    [
        ("cnn", ("charts", "pictures"), "tables"),
        ("saliency", ("pictures", "tables"), "charts"),
        ("predict", ("tables", "pictures"), "charts"),
    ],
)
def test_the_panes_are_those_that_the_experiment_of_the_shown_run_declares(drive, written, experiment, shown, hidden):
    written(f"1121-1300-{experiment}-aaa", experiment, [StateChanged(NOON, "running"), StateChanged(NOON, "finished")])

    async def scenario(pilot, until):
        screen = pilot.app.screen
        await until(lambda: screen.shown is not None)
        assert catalogue.experiment(experiment).shows == shown
        await until(lambda: all(area(screen, pane) for pane in shown) and not area(screen, hidden))
        first, second = (screen.query_one(f"#{pane}").region for pane in shown)
        assert first.x < second.x
        assert first.height > second.height

    drive(scenario, size=WIDE)


def test_a_folded_pane_gives_its_room_to_the_others_and_its_name_stays(drive, album):
    async def scenario(pilot, until):
        screen = pilot.app.screen
        await until(lambda: screen.shown is not None and area(screen, "form"))
        before = screen.query_one("#charts").region.width
        await pilot.press("alt+2")
        await until(lambda: not area(screen, "form") and screen.query_one("#charts").region.width > before)
        assert "2 form" in str(screen.query_one("#pane-bar").render())
        await pilot.press("alt+2")
        await until(lambda: area(screen, "form") > 0)

    drive(scenario, size=WIDE)


def test_a_pane_is_enlarged_by_one_key_and_all_are_back_by_it_or_escape(drive, album):
    async def scenario(pilot, until):
        screen = pilot.app.screen
        await until(lambda: screen.shown is not None)
        for pane, back in (("console", "F"), ("charts", "escape")):
            await pilot.press(str(PANES.index(pane) + 1))
            await until(lambda pane=pane: screen.focused in screen.query(FIRST_STOPS[pane]))
            await pilot.press("F")
            await until(lambda pane=pane: screen.query_one(f"#{pane}").region.width == WIDE[0])
            await pilot.press(back)
            await until(lambda: area(screen, "form") > 0)

    drive(scenario, size=WIDE)


def test_keys_and_the_mouse_share_the_room_anew_and_the_sizes_are_remembered(drive, album):
    async def scenario(pilot, until):
        screen = pilot.app.screen
        await until(lambda: screen.shown is not None)

        def width(pane):
            return screen.query_one(f"#{pane}").region.width

        before = width("charts")
        await pilot.press("3")
        await until(lambda: isinstance(screen.focused, Chart))
        await pilot.press("greater_than_sign")
        await until(lambda: width("charts") > before)
        border = screen.query_one("#lists").region.right - 1
        await pilot.mouse_down(offset=(border, 20))
        await pilot.hover(offset=(39, 20))
        await pilot.mouse_up(offset=(39, 20))
        await until(lambda: width("lists") == 40)
        pilot.app._save_settings()
        sizes = json.loads((album / "workbench.json").read_text())["sizes"]
        assert (sizes["lists"], sizes["main"]) == (40, 54)
        await pilot.press("0")
        await until(lambda: width("lists") == Sizes().lists and width("charts") == before)

    drive(scenario, size=WIDE)


def test_sizes_stay_within_their_limits_whatever_was_remembered():
    sizes = Sizes.read({"lists": 10_000, "form": -3, "main": "x", "upper": None})
    assert sizes == Sizes(lists=LIMITS["lists"][1], form=LIMITS["form"][0])
    for name, (low, high) in LIMITS.items():
        sizes.grow(name, -1000)
        assert getattr(sizes, name) == low
        sizes.grow(name, 1000)
        assert getattr(sizes, name) == high


def test_the_charts_that_matter_are_above_the_fold(drive, album):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(ChartPanel)
        await until(lambda: len(panel.query(Chart)) == 2)
        await until(lambda: all(chart.region.height >= 10 for chart in panel.query(Chart)))
        assert all(chart.region.bottom <= panel.region.bottom for chart in panel.query(Chart))

    drive(scenario, size=WIDE)


def test_beside_the_runs_stands_what_the_shown_one_was_started_with_and_r_starts_nothing_unseen(drive, written):
    changed = HyperparameterChanged(NOON + 2, "lr", 0.5, 0.003, 7)
    written(
        "1121-1300-cnn-aaa",
        "cnn",
        [StateChanged(NOON, "running"), changed, StateChanged(NOON + 65, "finished")],
        hyperparameters={"epochs": 3, "lr": 0.003},
    )

    async def scenario(pilot, until):
        screen = pilot.app.screen
        launched = []
        screen._requests.launch = lambda *arguments: launched.append(arguments)
        await until(lambda: screen.shown is not None and screen.shown.history.ended)
        focus(screen.query_one("#runs"))
        await until(lambda: area(screen, "configuration") and not area(screen, "form"))
        text = str(screen.query_one("#configured").render())
        assert re.search(r"epochs +● 3", text)
        assert re.search(r"lr +0.003\n +→ 0.5 from step 8 on", text)
        assert "took   " in text
        assert "1:05" in text
        await pilot.press("r")
        await until(lambda: area(screen, "form") and not area(screen, "configuration"))
        assert not launched
        await pilot.press("r")
        assert launched

    drive(scenario, size=WIDE)


def test_a_change_of_focus_restyles_the_two_panes_and_not_the_whole_screen(drive, album, monkeypatch):
    async def scenario(pilot, until):
        screen, restyled = pilot.app.screen, []
        for name in ("experiments", "runs", "console"):
            focus(screen.query_one(f"#{name}"))
            await until(lambda name=name: screen.focused.id == name)
            if name == "experiments":
                monkeypatch.setattr(pilot.app.stylesheet, "update_nodes", lambda nodes, **_: restyled.append({*nodes}))
        assert restyled
        assert all(len(nodes) < 10 < len(screen.walk_children()) / 3 for nodes in restyled)

    drive(scenario)


def test_the_bar_says_where_the_key_of_the_lists_leads(drive, album):
    async def scenario(pilot, until):
        bar = lambda: str(pilot.app.screen.query_one(PaneBar).render())  # noqa: E731
        await until(lambda: "1 again: runs" in bar())
        await pilot.press("1")
        await until(lambda: "1 again: experiments" in bar() and pilot.app.focused.id == "runs")
        await pilot.press("1")
        await until(lambda: "1 again: runs" in bar() and pilot.app.focused.id == "experiments")
        await pilot.press("3")
        await until(lambda: "again" not in bar())

    drive(scenario)
