"""The lines that the shown run's events are worth in the console."""

from __future__ import annotations

from engine import Run
from engine.record.events import StateChanged, TableLogged
from tui.shown import TABLE_ROWS, ShownRun

NOON = 1_795_262_400.0


def test_a_small_table_is_one_block_of_aligned_lines_and_a_larger_one_is_named(written):
    logged = [TableLogged(NOON, name, f"tables/{name}.csv") for name in ("small", "large", "gone")]
    path = written("1121-1300-count-tab", "count", [StateChanged(NOON, "running"), *logged])
    (path / "tables/small.csv").write_text("class,F1\ncat,0.5\ndog,0.25\n")
    (path / "tables/large.csv").write_text("n\n" + "1\n" * (TABLE_ROWS + 1))
    run = Run(path)
    lines = [(line.text, line.level) for line in ShownRun(run, run.record()).take(logged)]
    assert lines == [
        ("table small: tables/small.csv", "info"),
        ("class   F1\n  cat  0.5\n  dog 0.25", "output"),
        ("table large: tables/large.csv", "info"),
        ("13 rows: T shows them", "info"),
        ("table gone: tables/gone.csv", "info"),
    ]
