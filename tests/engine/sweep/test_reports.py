"""Reports of sweeps: what was planned, the combinations, the metric over the axes, pictures laid out by them."""

from __future__ import annotations

import pytest

from engine import PhospheneError, Reports
from engine.report.document import Figure, TableBlock


def blocks(bench, sweep):
    reports = Reports(bench.sweeps.workspace)
    document = reports.document(reports.outline(reports.meant([sweep.id])))
    return document, [block for block in document.blocks if isinstance(block, Figure)]


def test_a_sweep_over_two_axes_is_a_table_and_a_heat_map(bench):
    sweep = bench.begin({"lr": "0.1,0.2,0.5", "series": "1,2"}, seeds=2, name="rates")
    bench.play(sweep)
    document, figures = blocks(bench, sweep)
    assert document.title == "rates: count over lr, series"
    table = next(block for block in document.blocks if isinstance(block, TableBlock))
    assert table.columns == ("lr", "series", "test/accuracy", "runs")
    assert table.rows[0][:3] == ("0.5", "1", "0.5 (2 equal) *")
    assert any("12 finished" in remark for remark in table.remarks)
    over = figures[0].content
    assert (over.rows, over.columns) == (("0.1", "0.2", "0.5"), ("1", "2"))
    assert over.values == ((0.1, 0.1), (0.2, 0.2), (0.5, 0.5))
    commands = next(block.lines for block in document.blocks if type(block).__name__ == "Commands")
    assert commands == (
        "phosphene sweep count --over lr=0.1,0.2,0.5 --over series=1,2 --seeds 2 --metric test/accuracy --device cpu",
    )


def test_over_one_axis_it_is_a_curve_with_bars_and_what_failed_is_told(bench):
    def result(values, seed):
        if values["lr"] == 0.5:
            raise ArithmeticError("too fast")
        return {"test/accuracy": float("nan") if values["lr"] == 0.2 else values["lr"] + seed / 100}

    bench.executor.result = result
    sweep = bench.begin({"lr": "0.05,0.1,0.2,0.5"}, seeds=3)
    bench.play(sweep)
    document, figures = blocks(bench, sweep)
    drawn = figures[0].content
    runs, mean = drawn.lines
    assert (len(runs.x), runs.faint) == (6, True)
    assert mean.x.tolist() == [0.05, 0.1]
    assert mean.y.tolist() == pytest.approx([0.06, 0.11])
    assert (mean.low < mean.y).all()
    table = next(block for block in document.blocks if isinstance(block, TableBlock))
    assert any("failed: too fast" in remark for remark in table.remarks)
    assert any("failed: test/accuracy is nan" in remark for remark in table.remarks)


def test_a_removed_run_and_a_sweep_without_one_are_told(bench):
    sweep = bench.begin({"lr": "0.1,0.2"})
    with pytest.raises(PhospheneError, match="has no runs yet"):
        blocks(bench, sweep)
    bench.play(sweep)
    bench.sweeps.workspace.remove(bench.run(bench.trials(sweep)[0]))
    document, _ = blocks(bench, sweep)
    table = next(block for block in document.blocks if isinstance(block, TableBlock))
    assert any("1 finished, 1 removed" in remark for remark in table.remarks)


def test_over_three_axes_they_are_drawn_beside_each_other_too(bench):
    sweep = bench.begin({"lr": "0.1,0.2", "series": "1,2", "steps": "3,4"})
    bench.play(sweep)
    _, figures = blocks(bench, sweep)
    names = [figure.name for figure in figures]
    assert names[:4] == [*(f"test/accuracy-over-{axis}" for axis in ("lr", "series", "steps")), "parallel"]
    assert len(figures[3].content.lines) == 8
    assert figures[3].content.names[0] == "lr 0.1..0.2"
