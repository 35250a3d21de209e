"""The tables of a run: shown, sorted, searched, shaded, copied, on the whole screen or in a pane."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from engine import Table
from engine.record.events import StateChanged, TableLogged
from tui.screens.questions import ChooseScreen
from tui.widgets.table import TableView
from tui.widgets.table.model import TableModel

NOON = 1_795_262_400.0
SCORES = Table(
    ("class", "images", "F1"),
    (("pool", "9", "0.5"), ("Conv", "10", ""), ("bus", "100", "0.25"), ("apple", "2", "nan")),
    4,
)


def rows(table: TableView) -> list[str]:
    """Return the header and the rows in sight."""
    grid = table.grid
    return ["".join(segment.text for segment in grid.render_line(y)).rstrip() for y in range(grid.size.height)]


@pytest.fixture
def tables(written):
    """A run with two tables; returns its folder."""
    logged = [TableLogged(NOON, "first", "tables/first.csv"), TableLogged(NOON, "second", "tables/second.csv")]
    run = written("1121-1300-count-tab", "count", [StateChanged(NOON, "running"), *logged])
    (run / "tables/first.csv").write_text("a,b\n1,2\n3,4\n")
    (run / "tables/second.csv").write_text("class,accuracy,images\n[red]x[/],0.5,9\ncat,0.25,10\ndog,1,100\n")
    return run


@pytest.fixture
def opened(drive, tables):
    """Run a scenario with the newest table on the whole screen: ``opened(scenario, size)``."""

    def run(scenario, size=(80, 24)) -> None:
        async def play(pilot, until):
            await until(lambda: pilot.app.screen.shown is not None and len(pilot.app.screen.shown.tables) == 2)
            await pilot.press("T")
            await until(lambda: pilot.app.screen._panes.enlarged)
            table = pilot.app.screen.query_one(TableView)
            await until(lambda: table.grid.model is not None and table.grid.has_focus and table.grid.size.height > 1)
            await scenario(pilot, until, table)

        drive(play, size)

    return run


def test_an_empty_cell_is_as_wide_as_its_column(opened, tables):
    (tables / "tables/second.csv").write_text("class,accuracy,images\n,0.5,9\ncat,,10\n")

    async def scenario(pilot, until, table):
        await until(lambda: len(table.grid.model) == 2)
        head, first, second = rows(table)[:3]
        assert first.index("0.5") == head.index("accuracy") + len("accuracy") - len("0.5")
        assert second.index("10") == head.index("images") + len("images") - len("10")

    opened(scenario)


def test_shows_the_newest_table_first_and_the_others_by_key_with_what_looks_like_markup_as_it_is(opened):
    async def scenario(pilot, until, table):
        assert [line.split() for line in rows(table)[:2]] == [
            ["class", "accuracy", "images"],
            ["[red]x[/]", "0.5", "9"],
        ]
        assert "3 rows" in str(table.border_subtitle)
        await pilot.press("right_square_bracket")
        await until(lambda: table.shown == "first" and len(table.grid.model) == 2)
        assert "first 1/2" in str(table.border_title)
        await pilot.press("escape")
        await until(lambda: not pilot.app.screen._panes.enlarged)

    opened(scenario)


def test_numbers_stand_flush_right_under_their_names(opened):
    async def scenario(pilot, until, table):
        del pilot, until
        assert len({len(line) for line in rows(table)[:4]}) == 1
        assert rows(table)[0].startswith(" class")

    opened(scenario)


def test_the_first_column_stays_while_the_others_scroll(opened, tables):
    wide = ",".join(f"column {number}" for number in range(12))
    values = ",".join(str(number) for number in range(100, 112))
    (tables / "tables/second.csv").write_text(f"class,{wide}\ncat,{values}\ndog,{values}\n")

    async def scenario(pilot, until, table):
        await until(lambda: len(table.grid.model.widths) == 13)
        assert "│" not in rows(table)[0]
        await pilot.press(*["right"] * 12)
        assert table.grid.scroll_offset.x > 0
        for line, first, last in zip(
            rows(table)[:3], ("class", "cat", "dog"), ("column 11", "111", "111"), strict=True
        ):
            assert line.startswith(f" {first}")
            assert line.endswith(last)
        await pilot.click(table.grid, offset=(2, 2))
        assert (table.grid.cursor, table.grid.scroll_offset.x) == ((1, 0), 0), "what is seen is what is meant"
        await pilot.press(*["right"] * 12, *["left"] * 9)
        assert table.grid.cursor == (1, 3)
        assert "column 2" in rows(table)[0].partition("│")[2], "not under the first column"

    opened(scenario)


def test_a_first_column_that_leaves_no_room_scrolls_with_the_others(opened, tables):
    (tables / "tables/second.csv").write_text(f"class,{'x' * 30}\n{'y' * 58},{'z' * 40}\n")

    async def scenario(pilot, until, table):
        await until(lambda: len(table.grid.model) == 1)
        await pilot.press("right")
        assert rows(table)[1].endswith("z" * 40)
        assert "y" * 58 not in rows(table)[1]

    opened(scenario)


def test_sorts_by_the_column_under_the_cursor_and_says_so(opened):
    async def scenario(pilot, until, table):
        del until
        await pilot.press("right", "right", "o")
        assert [line.split()[-1] for line in rows(table)[1:4]] == ["9", "10", "100"]
        await pilot.press("o")
        assert [line.split()[-1] for line in rows(table)[1:4]] == ["100", "10", "9"]
        assert rows(table)[0].endswith("images ▼")
        assert "3 rows · images ▼" in str(table.border_subtitle)
        await pilot.press("o")
        assert [line.split()[0] for line in rows(table)[1:4]] == ["[red]x[/]", "cat", "dog"]
        assert "▼" not in rows(table)[0]

    opened(scenario)


def test_shades_numbers_from_the_smallest_to_the_largest_with_readable_text(opened):
    async def scenario(pilot, until, table):
        del until

        def styles():
            return {s.text.strip(): s.style for y in (2, 3, 4) for s in table.grid.render_line(y) if s.text.strip()}

        before = styles()
        await pilot.press("percent_sign")
        after = styles()
        assert after["cat"] == before["cat"]
        assert after["0.25"].bgcolor.get_truecolor() == (68, 1, 84)
        assert after["1"].bgcolor.get_truecolor() == (253, 231, 37)
        assert after["0.25"].color != after["1"].color
        assert "heat" in str(table.border_subtitle)
        await pilot.press("percent_sign")
        assert styles() == before

    opened(scenario)


def test_searches_as_one_types_stays_with_enter_and_goes_back_with_escape(opened):
    async def scenario(pilot, until, table):
        field = table.query_one(Input)
        await pilot.press("slash", "0", "full_stop")
        await until(lambda: table.grid.cursor == (0, 1))
        await pilot.press("down")
        await until(lambda: table.grid.cursor == (1, 1))
        await pilot.press("up", "enter")
        await until(lambda: table.grid.has_focus and table.grid.cursor == (0, 1) and not field.display)
        await pilot.press("escape", "slash", *"zebra")
        await until(lambda: field.has_class("-invalid") and table.grid.cursor == (0, 1))
        await pilot.press(*["backspace"] * 5, *"dog")
        await until(lambda: table.grid.cursor == (2, 0) and not field.has_class("-invalid"))
        await pilot.press("escape")
        await until(lambda: table.grid.has_focus and table.grid.cursor == (0, 1) and not table.grid.wanted)
        await pilot.press("escape")
        await until(lambda: not pilot.app.screen._panes.enlarged)

    opened(scenario)


def test_copies_the_table_as_it_is_sorted_as_markdown_or_latex(opened):
    async def scenario(pilot, until, table):
        del table
        await pilot.press("right", "o", "c")
        await until(lambda: isinstance(pilot.app.screen, ChooseScreen))
        await pilot.press("l")
        await until(lambda: pilot.app.clipboard.startswith("\\begin{tabular}{lrr}"))
        await pilot.press("c")
        await until(lambda: isinstance(pilot.app.screen, ChooseScreen))
        await pilot.press("m")
        await until(lambda: pilot.app.clipboard.startswith("|"))
        assert pilot.app.clipboard.splitlines()[:3] == [
            "| class     | accuracy | images |",
            "| --------- | -------: | -----: |",
            "| cat       |     0.25 |     10 |",
        ]

    opened(scenario)


def test_a_click_puts_the_cursor_on_a_cell_and_sorts_by_the_name_of_a_column(opened):
    async def scenario(pilot, until, table):
        await pilot.click(table.grid, offset=(15, 2))
        await until(lambda: table.grid.cursor == (1, 1))
        await pilot.click(table.grid, offset=(15, 0))
        await until(lambda: table.grid.model.sorted_by == (1, "rising"))

    opened(scenario)


def test_a_table_that_has_grown_is_read_again_and_stays_sorted(opened, tables):
    async def scenario(pilot, until, table):
        await pilot.press("right", "o")
        (tables / "tables/second.csv").write_text("class,accuracy,images\ncat,0.75,1\ndog,0.5,2\ncow,0,3\nox,1,4\n")
        table.show(table._tables)
        await until(lambda: len(table.grid.model) == 4)
        assert [line.split()[0] for line in rows(table)[1:5]] == ["cow", "dog", "cat", "ox"]

    opened(scenario)


def test_a_table_whose_file_is_gone_is_one_sentence(drive, tables):
    (tables / "tables/second.csv").unlink()

    async def scenario(pilot, until):
        await until(lambda: pilot.app.screen.shown is not None and len(pilot.app.screen.shown.tables) == 2)
        await pilot.press("T")
        await until(lambda: pilot.app.screen._panes.enlarged)
        table = pilot.app.screen.query_one(TableView)
        await until(lambda: "the table second cannot be read" in "".join(rows(table)))
        await pilot.press("o", "percent_sign", "slash", "c", "down", "left_square_bracket")
        await until(lambda: table.shown == "first" and table.grid.model is not None)

    drive(scenario, (80, 24))


def test_says_so_when_there_are_none(drive, album):
    async def scenario(pilot, until):
        await until(lambda: pilot.app.screen.shown is not None)
        await pilot.press("T")
        await until(lambda: any("no tables" in note.message for note in pilot.app._notifications))

    drive(scenario)


def test_only_rows_in_sight_are_drawn_of_a_long_table_and_the_cursor_stays_in_sight(opened, tables):
    long = "".join(f"row{n},{n * 7919 % 10_000}\n" for n in range(10_000))

    async def scenario(pilot, until, table):
        (tables / "tables/second.csv").write_text(f"name,number\n{long}")
        table.show(table._tables)
        await until(lambda: len(table.grid.model) == 10_000)
        asked = []
        original = table.grid.model.row
        table.grid.model.row = lambda place: (asked.append(place), original(place))[1]
        await pilot.press("end")
        await until(lambda: any("row9999" in line for line in rows(table)))
        assert set(asked) <= set(range(30)) | set(range(9_900, 10_000))
        await pilot.press("home", "right", "o", "pagedown")
        await until(lambda: table.grid.cursor[0] == table.grid.page)
        assert table.grid.scroll_offset.y <= table.grid.cursor[0]

    opened(scenario)


def test_sorting_takes_numbers_as_numbers_words_in_any_case_and_empty_cells_last():
    model = TableModel(SCORES)
    assert [values is None for values in model.numbers] == [True, False, False]

    def first_column():
        return [model.row(place)[0] for place in range(len(model))]

    model.sort(1)
    assert first_column() == ["apple", "pool", "Conv", "bus"]
    model.sort(0)
    assert first_column() == ["apple", "bus", "Conv", "pool"]
    model.sort(2)
    assert first_column() == ["bus", "pool", "Conv", "apple"]
    model.sort(2)
    assert first_column() == ["pool", "bus", "Conv", "apple"]
    model.sort(2)
    assert first_column() == ["pool", "Conv", "bus", "apple"]


def test_a_search_goes_on_around_the_end_and_backwards():
    model = TableModel(SCORES)
    assert model.find("B", (0, 0)) == (2, 0)
    assert model.find("oo", (1, 0)) == (0, 0)
    assert model.find("0", (0, 0), -1) == (2, 2)
    assert model.find("zebra", (0, 0)) is None
    assert [model.share(place, 1) for place in (2, 3)] == [1.0, 0.0]
    assert model.share(3, 2) is None
    assert model.share(0, 0) is None
