"""Tables on terminals of several widths, and in pipes."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from commands import output

COLUMNS = ["run", "result", "note"]
ROWS = [["1122-1000-cnn-k3f", "test/accuracy 0.983", "lr 0.003, batch 64, and more"], ["1122-1001-cnn-abc", "", ""]]


@pytest.fixture
def printed(monkeypatch, capsys):
    """Return the lines of the table on a terminal so many cells wide, or in a pipe."""

    def lines(width, **options) -> list[str]:
        file = io.StringIO()
        console = Console(file=file, width=width or 80, force_terminal=bool(width), color_system=None)
        monkeypatch.setattr(output, "console_on", lambda _: console)
        output.table(COLUMNS, ROWS, **options)
        return (file.getvalue() if width else capsys.readouterr().out).splitlines()

    return lines


def test_a_row_is_a_line_where_the_last_column_has_room(printed):
    whole = [
        "run                result               note",
        "1122-1000-cnn-k3f  test/accuracy 0.983  lr 0.003, batch 64, and more",
        "1122-1001-cnn-abc",
    ]
    assert printed(0) == printed(68) == whole
    assert printed(64) == [whole[0], f"{whole[1][:63]}…", whole[2]]


def test_what_has_no_room_stands_below(printed):
    assert printed(50) == [
        "run                result",
        "    note",
        "1122-1000-cnn-k3f  test/accuracy 0.983",
        "    lr 0.003, batch 64, and more",
        "1122-1001-cnn-abc",
    ]
    assert printed(20) == [
        "run",
        "    result",
        "    note",
        "1122-1000-cnn-k3f",
        "    test/accuracy 0…",
        "    lr 0.003, batch…",
        "1122-1001-cnn-abc",
    ]


def test_figures_below_have_the_names_of_their_columns(printed):
    assert printed(40, named=True) == [
        "run                result",
        "1122-1000-cnn-k3f  test/accuracy 0.983",
        "    note lr 0.003, batch 64, and more",
        "1122-1001-cnn-abc",
    ]
