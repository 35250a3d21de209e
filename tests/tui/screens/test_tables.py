"""The tables of a run in their pane."""

from __future__ import annotations

from textual.widgets import DataTable

from engine.record.events import StateChanged, TableLogged

NOON = 1_795_262_400.0


def test_shows_the_newest_table_first_and_the_others_by_key_with_what_looks_like_markup_as_it_is(drive, written):
    tables = [TableLogged(NOON, "first", "tables/first.csv"), TableLogged(NOON, "second", "tables/second.csv")]
    run = written("1121-1300-count-tab", "count", [StateChanged(NOON, "running"), *tables])
    (run / "tables/first.csv").write_text("a,b\n1,2\n3,4\n")
    (run / "tables/second.csv").write_text("class,accuracy\n[red]x[/],0.5\n")

    async def scenario(pilot, until):
        screen = pilot.app.screen
        await until(lambda: screen.shown is not None and len(screen.shown.tables) == 2)
        await pilot.press("T")
        table = screen.query_one("#tables DataTable", DataTable)
        await until(lambda: table.has_focus and table.row_count == 1)
        assert str(table.get_cell_at((0, 0))) == "[red]x[/]"
        assert screen.query_one("#form").region.area == 0
        await pilot.press("n")
        await until(lambda: table.row_count == 2)
        assert "first 1/2" in str(table.border_title)
        await pilot.press("escape")
        await until(lambda: screen.query_one("#form").region.area > 0)

    drive(scenario)


def test_says_so_when_there_are_none(drive, album):
    async def scenario(pilot, until):
        await until(lambda: pilot.app.screen.shown is not None)
        await pilot.press("T")
        await until(lambda: any("no tables" in note.message for note in pilot.app._notifications))

    drive(scenario)
