"""What a sweep looks like: its metric over axes, parallel coordinates, the table, pictures laid out by two axes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from engine import PhospheneError, Sweeps, sweep_outlook, sweep_pictures, sweep_views
from engine.drawing import overlay, paper
from engine.sweep.axes import Axis, Range
from engine.sweep.trials import Trial
from tests.synthetic_sweep import write_sweep
from tests.tui.conftest import write_picture

LR = Axis(("lr",), ((0.001,), (0.1,), (0.01,)), None, log=True)
SAY = Axis(("say",), (("b",), ("a",)))
TOGETHER = Axis(("pause", "series"), ((0, 4), (1, 2)))


def pictures(path, setting, seed):
    return [write_picture(path, "samples", step) for step in (10, 20)] if setting["lr"] != 0.1 else []


@pytest.fixture
def swept(home):
    """A grid of three rates and two texts with two seeds; one combination fails, and the metric is lr's order."""

    def value(setting, seed):
        failed = setting == {"lr": 0.1, "say": "a"}
        return None if failed else math.log10(setting["lr"]) + 1.5 * (setting["say"] == "a") + 0.1 * seed

    record = write_sweep(home, [LR, SAY], value, seeds=2, more=pictures)
    sweeps = Sweeps(home)
    [directory] = sweeps.directories()
    return sweeps, record, sweeps.trials(directory, record).read()


def test_numbers_lie_where_they_are_and_means_have_intervals(swept):
    _, record, trials = swept
    chart = sweep_views.over_axis(record, trials, "lr")
    runs, *means = chart.lines
    assert chart.log_x
    assert not chart.names
    assert (runs.form, len(runs.x)) == ("points", 10)
    # What the other axis does is a line of its own, and no part of an interval.
    assert [(line.label, line.form) for line in means] == [("say a", "line"), ("say b", "line")]
    assert [line.x.tolist() for line in means] == [[0.001, 0.01], [0.001, 0.01, 0.1]]
    assert means[0].y == pytest.approx([-1.45, -0.45])
    assert means[1].y == pytest.approx([-2.95, -1.95, -0.95])
    assert means[1].high - means[1].y == pytest.approx([0.05] * 3)  # the range of two seeds
    assert len({line.style for line in chart.lines}) == 3


def trials_of(home, axes, value, **options):
    record = write_sweep(home, axes, value, **options)
    sweeps = Sweeps(home)
    return record, sweeps.trials(sweeps.directories()[0], record).read()


def test_the_mean_over_many_combinations_has_no_interval(home):
    axis = Axis(("series",), tuple((number,) for number in range(1, 7)))
    record, trials = trials_of(home, [LR, axis], lambda setting, seed: setting["series"] + seed, seeds=2)
    _, mean = sweep_views.over_axis(record, trials, "lr").lines
    assert (mean.label, mean.low, mean.high) == ("mean over series", None, None)
    assert mean.y == pytest.approx([4.0] * 3)
    alone = sweep_views.over_axis(record, [one for one in trials if one.setting["series"] == 1], "lr").lines
    assert [line.label for line in alone] == ["runs", "series 1"]


@pytest.mark.parametrize(
    ("values", "log"),
    [((2, 10, 50, 100), True), ((1, 10, 100), True), (range(1, 11), False), ((1, 2, 3), False), ((0, 10, 100), False)],
)
def test_numbers_that_are_spaced_by_factors_lie_on_a_log_scale(home, values, log):
    axis = Axis(("series",), tuple((number,) for number in values))
    record, trials = trials_of(home, [axis], lambda setting, seed: 1.0)
    assert sweep_views.over_axis(record, trials, "series").log_x is log


def test_texts_that_are_rising_numbers_are_joined(swept):
    _, record, trials = swept
    for values, form in ((("0.1", "10"), "line"), (("10", "0.1"), "points"), (("a", "1"), "points")):
        renamed = dict(zip("ba", values, strict=True))
        told = [replace(trial, setting={**trial.setting, "say": renamed[trial.setting["say"]]}) for trial in trials]
        axis = Axis(("say",), tuple((value,) for value in values))
        chart = sweep_views.over_axis(replace(record, axes=(LR, axis)), told, "say")
        assert (chart.names, chart.lines[1].form) == (values, form)


def test_texts_lie_beside_each_other_in_the_order_in_which_they_were_written(swept, tmp_path):
    _, record, trials = swept
    chart = sweep_views.over_axis(record, trials, "say")
    assert chart.names == ("b", "a")
    assert {line.form for line in chart.lines} == {"points"}
    axes = overlay.figure(chart).axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["b", "a"]
    overlay.write(chart, tmp_path / "say.svg", chart.origin)
    assert "<svg" in (tmp_path / "say.svg").read_text()


def test_points_alone_are_drawn_where_random_search_drew_from_a_range(home):
    axis = Axis(("lr",), (), Range(1e-4, 1e-1, log=True))
    record = write_sweep(home, [axis], lambda setting, seed: setting["lr"], by="random", trials=6)
    sweeps = Sweeps(home)
    trials = sweeps.trials(sweeps.directories()[0], record).read()
    assert [line.form for line in sweep_views.over_axis(record, trials, "lr").lines] == ["points"]


def test_what_is_no_axis_is_refused(swept):
    _, record, trials = swept
    with pytest.raises(PhospheneError, match="'steps' is no axis; there are: lr, say"):
        sweep_views.over_axis(record, trials, "steps")


def test_parallel_coordinates_lead_through_every_axis_to_the_metric_the_best_on_top_and_named(swept):
    _, record, trials = swept
    chart = sweep_views.over_all_axes(record, sweep_outlook.outcomes(record, trials))
    assert chart.names == ("lr 0.001..0.1", "say b..a", "test/accuracy -2.95..-0.45")
    best = chart.lines[-1]
    assert best.label == "lr 0.01, say a"
    assert best.y.tolist() == pytest.approx([0.5, 1.0, 1.0])
    assert [line.faint for line in chart.lines] == [True, True, False, False, False]


def test_fields_that_vary_together_are_one_axis(home):
    record = write_sweep(home, [TOGETHER], lambda setting, seed: setting["series"] + seed, seeds=3)
    sweeps = Sweeps(home)
    trials = sweeps.trials(sweeps.directories()[0], record).read()
    assert sweep_views.over_axis(record, trials, "pause,series").names == ("0,4", "1,2")
    assert sweep_views.over_all_axes(record, sweep_outlook.outcomes(record, trials)).lines[-1].y.tolist() == [0.0, 1.0]


def test_columns_of_the_table_are_sorted_by_their_means(swept):
    _, record, trials = swept
    ranked = sweep_views.ranked(record, trials, ["test/loss"])
    assert ranked.columns == ("lr", "say", "test/accuracy", "test/loss", "runs")
    assert ranked.figures[0] == (0.01, 0.1, 0.001, 0.01, 0.001, 0.1)
    assert ranked.figures[1] is ranked.figures[-1] is None
    assert ranked.figures[2][:2] == pytest.approx((-0.45, -0.95))
    assert math.isnan(ranked.figures[2][-1])
    assert len(ranked.rows) == len(ranked.outcomes) == 6


def grid(swept, *arguments):
    sweeps, record, trials = swept
    from engine import Histories, gallery

    histories = Histories()

    def album(trial):
        run = sweeps.workspace.run(trial.run)
        return gallery.album(run, histories.of(run))

    return sweep_pictures.picture_grid(record, trials, album, *arguments)


def test_pictures_are_laid_out_by_two_axes_the_newest_of_the_best_run_each(swept, tmp_path):
    found, kinds = grid(swept, "lr", "say")
    assert kinds == ["samples"]
    assert (found.columns, found.rows) == (("0.001", "0.01", "0.1"), ("b", "a"))
    assert [[kept and kept.step for kept in row] for row in found.cells] == [[20, 20, None]] * 2
    best = max((trial for trial in swept[2] if trial.setting == {"lr": 0.01, "say": "a"}), key=lambda one: one.value)
    assert found.cells[1][1].run == best.run
    tiles = found.part(1, 2).plot()
    assert tiles.columns == 2
    assert tiles.captions[0] == ("lr 0.01 · say b · step 20",)
    assert tiles.captions[1] == ("lr 0.1 · say b · no picture yet",)
    paper.write(found.plot(), tmp_path / "grid.pdf", found.origin)
    assert (tmp_path / "grid.pdf").read_bytes().startswith(b"%PDF")


def test_steps_or_seeds_go_down_where_that_is_wanted(swept):
    found, _ = grid(swept, "lr", "step")
    assert found.rows == ("10", "20")
    assert [[kept and kept.step for kept in row] for row in found.cells] == [[10, 10, None], [20, 20, None]]
    assert found.title == "samples: lr across, step down, best of say and seed"
    run = next(trial for trial in swept[2] if trial.run == found.cells[0][0].run)
    assert found.plot().captions[0] == (f"lr 0.001 · say {run.setting['say']} · step 10",)
    found, _ = grid(swept, "say", "seed")
    assert found.rows == ("0", "1")
    assert [[kept and kept.step for kept in row] for row in found.cells] == [[None, 20]] * 2  # the best of b has none


def test_a_sweep_without_pictures_has_no_grid(home):
    record = write_sweep(home, [SAY], lambda setting, seed: 1.0)
    sweeps = Sweeps(home)
    assert grid((sweeps, record, sweeps.trials(sweeps.directories()[0], record).read()), "say") == (None, [])


def test_long_axes_are_thinned_with_both_ends_kept(home):
    axis = Axis(("steps",), tuple((number,) for number in range(1, 41)))
    trials = [Trial(n, {"steps": n}, 0, str(n), "reserved") for n in range(1, 41)]
    record = write_sweep(home, [axis], lambda setting, seed: 1.0, limit=1)
    shown = [*sweep_pictures._keys(record, trials, "steps", 12).values()]
    assert (shown[0], shown[-1], len(shown)) == ("1", "40", 12)


def test_outcomes_without_a_mean_come_last_whatever_they_are(swept):
    _, record, trials = swept
    assert [one.mean is None for one in sweep_outlook.outcomes(record, trials)] == [False] * 5 + [True]
    assert np.isfinite([one.mean.mean for one in sweep_outlook.outcomes(record, trials)[:5]]).all()


def test_a_sweep_of_seeds_alone_lies_over_its_seeds_and_has_a_mean(home):
    record, trials = trials_of(home, [], lambda _, seed: 0.5 + 0.1 * seed, seeds=3)
    [(name, chart)] = sweep_views.over_each_axis(record, trials).items()
    runs, mean = chart.lines
    assert (name, chart.x_label, chart.y_label) == ("seed", "seed", record.metric)
    assert (runs.x.tolist(), runs.y.tolist()) == ([0, 1, 2], pytest.approx([0.5, 0.6, 0.7]))
    assert (mean.label, mean.x.tolist(), mean.y.tolist()) == ("mean of 3 seeds", [0, 2], pytest.approx([0.6, 0.6]))
    half = 4.302653 * 0.1 / math.sqrt(3)  # Student's t of two degrees of freedom
    assert (mean.high - mean.y).tolist() == pytest.approx([half, half])
    assert chart.names == ("0", "1", "2"), "no seed lies between them"
    assert [row[:2] for row in chart.sheet().rows] == [
        *(("runs", seed) for seed in "012"),
        *((mean.label, x) for x in "02"),
    ]
    assert [line.label for line in sweep_views.over_seeds(record, trials[:1]).lines] == ["runs"]
    assert not sweep_views.over_seeds(record, []).lines
