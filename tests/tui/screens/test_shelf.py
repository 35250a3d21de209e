"""The shelf of studies: what stands there, when it is read, what is counted."""

from __future__ import annotations

import pytest

from tests.synthetic_study import COUNTING, write_runs, write_study
from tests.tui.screens.conftest import notes, shelf
from tui.screens.study import StudyScreen
from tui.screens.workbench import Workbench
from tui.widgets.filters import FilterField

WIDE, NARROW = (160, 48), (80, 24)


@pytest.mark.slow
def test_all_studies_stand_under_their_chapters_and_no_table_of_a_network_is_computed(drive, home, monkeypatch):
    monkeypatch.setattr("engine.networks.tables.start", lambda *_: pytest.fail("a network is tabulated"))

    async def scenario(pilot, until):
        screen = await shelf(pilot, until)
        chapters = list(dict.fromkeys(one.chapter for one in screen.studies))
        assert chapters == ["classify", "transfer", "inspect", "fool", "adapt", "generate"]
        counts = {one.name: one.counts for one in screen.studies}
        assert len(counts) >= 45
        assert counts["vgg16-parameters"] == ("0/3", "0/3")
        assert counts["cam-images"] == ("0/1", "missing")
        await pilot.press("slash")
        await until(lambda: screen.query_one(FilterField).has_focus)
        await pilot.press(*"boutaleb latent")
        await until(lambda: screen._list.chosen == "gan-nz")
        await pilot.press("enter")
        await until(lambda: screen._list.has_focus)
        assert "How long must the vector be" in str(screen.query_one("#shelf-note").render())
        await pilot.press("escape")
        await until(lambda: not screen.query_one(FilterField).display)
        assert screen._list.chosen == "gan-nz"
        await pilot.press("escape")
        await until(lambda: isinstance(pilot.app.screen, Workbench))

    drive(scenario, size=NARROW)


def test_nothing_is_read_before_the_shelf_is_opened_and_a_broken_file_says_its_sentence_there(drive, own):
    write_study(own, COUNTING.replace("seeds = 3", "seeds = "), "broken")
    write_study(own, COUNTING.replace("steps = 4", "steps = -4"), "refused")
    write_study(own, COUNTING.replace('"count"', '"cuont"'), "unknown")

    async def scenario(pilot, until):
        assert not {"studies", "_counting"} & vars(pilot.app.screen).keys(), "nothing is read before"
        screen = await shelf(pilot, until)
        found = {one.name: one for one in screen.studies}
        assert found["counting"].counts == ("0/2", "0/6")
        assert found["broken"].fault == "broken.toml, line 8: invalid value"
        assert found["refused"].fault.startswith("refused.toml, line 16: steps: ")
        assert found["refused"].counts == ("✗", "0/6")
        assert "did you mean count?" in found["unknown"].fault
        shown = [str(option.prompt) for option in screen._list.options]
        assert any("broken.toml, line 8: invalid value" in line for line in shown)
        screen._list.highlighted = screen._list.get_option_index("broken")
        await pilot.press("enter")
        await until(lambda: "broken.toml, line 8" in notes(pilot.app))
        assert pilot.app.screen is screen
        for name, sentence in (("unknown", "did you mean count?"), ("refused", "line 16: steps: ")):
            screen._list.highlighted = screen._list.get_option_index(name)
            await pilot.press("enter")
            await until(lambda: isinstance(pilot.app.screen, StudyScreen))
            await until(lambda sentence=sentence: sentence in notes(pilot.app))
            await pilot.press("escape")
            await until(lambda: pilot.app.screen is screen)
        await pilot.press("slash")
        await until(lambda: screen.query_one(FilterField).has_focus)
        await pilot.press(*"broken")
        await until(lambda: screen._list.chosen == "broken")
        await pilot.press("escape")
        # Mended, it is a study like others.
        write_study(own, COUNTING, "broken")
        await until(lambda: {one.name: one.counts for one in screen.studies}["broken"] == ("0/2", "0/6"))

    drive(scenario)


@pytest.mark.slow
def test_runs_that_finish_while_the_shelf_is_open_are_counted(drive, own):
    async def scenario(pilot, until):
        screen = await shelf(pilot, until)
        (one,) = screen.studies
        assert one.counts == ("0/2", "0/6")
        write_runs(own, limit=1)
        await until(lambda: screen.studies[0].counts == ("1/2", "0/6"))
        write_runs(own, tier="full")
        await until(lambda: screen.studies[0].counts == ("1/2", "6/6"))

    drive(scenario)
