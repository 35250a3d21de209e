"""The model of a comparison: results, differences to a baseline, sentences, and runs that are not as they should be."""

from __future__ import annotations

import math

import pytest

from engine.comparison.chart import chart, drawable
from engine.comparison.comparison import Comparison
from engine.comparison.sheets import configured
from engine.comparison.statements import interval, rounded, signed, statements
from engine.comparison.statistics import Mean, difference, mean
from engine.drawing import overlay
from engine.errors import PhospheneError, UnknownRun
from engine.record.events import Metrics, encode
from engine.selection.columns import Column, parse_column

ACCURACY = Column("test/accuracy")


def compared(workspace, experiment="count", **more):
    runs = [run for run in workspace.list()[::-1] if run.record is None or run.record.experiment == experiment]
    return Comparison(runs, **more)


def test_groups_have_means_the_best_is_known_and_the_baseline_is_subtracted(six):
    comparison = compared(six)
    assert [group.caption for group in comparison.groups] == ["lr 0.1", "lr 0.01"]
    assert [found.field for found in comparison.differences] == ["lr", "seed"]
    assert comparison.default_columns() == (ACCURACY,)
    best, worse = comparison.rows([ACCURACY])
    assert (best.means[0].mean, best.means[0].n) == (pytest.approx(0.91), 3)
    assert (best.best, worse.best, best.differences) == ((True,), (False,), (None,))
    comparison.set_baseline(comparison.groups[1].runs[2].id)
    best, worse = comparison.rows([ACCURACY])
    assert best.differences[0].difference == pytest.approx(0.91 - 0.7033, abs=1e-3)
    assert worse.differences == (None,)
    with pytest.raises(UnknownRun, match="not among"):
        comparison.set_baseline("nosuch")


def test_the_configuration_has_a_column_a_group_and_only_what_differs_unless_all_is_asked_for(six):
    comparison = compared(six)
    sheet = configured(comparison)
    assert sheet.columns == ("field", "lr 0.1", "lr 0.01")
    assert sheet.rows == (("lr", "0.1", "0.01"), ("seed", "0, 1, 2", "0, 1, 2"))
    every = {row[0]: row[1:] for row in configured(comparison, every=True).rows}
    assert every["nz"] == ("2", "2")
    assert every["experiment"] == ("count", "count")


def test_it_says_what_the_seeds_prove(six):
    said = " ".join(statements(compared(six), ACCURACY))
    assert "lr 0.1 lies 0.207 above lr 0.01 (95 % interval of the difference 0.1" in said
    assert "zero is outside" in said
    assert "All 3 lie above all 3; chance alone does that once in 20." in said
    assert "would halve the interval" in said
    said = " ".join(statements(compared(six), parse_column("min train/loss")))
    assert "below" in said


def test_single_runs_prove_nothing_and_say_so(write):
    write("aaa", {"lr": 1}, result={"test/accuracy": 0.5})
    (said,) = statements(compared(write("bbb", {"lr": 2}, result={"test/accuracy": 0.6})), ACCURACY)
    assert "lr 2 lies 0.1 above lr 1, 1 against 1 seed" in said
    assert "proves nothing" in said
    assert statements(compared(write("ccc", {"lr": 3})), Column("nosuch")) == []


def test_many_groups_are_warned_of(write):
    for number in range(3):
        workspace = write(f"aa{number}", {"lr": number}, result={"test/accuracy": number})
    assert statements(compared(workspace), ACCURACY)[-1].startswith("3 groups make 3 pairs")


def test_curves_and_bands_are_smoothed_and_read_on(six):
    comparison = compared(six)
    first = comparison.groups[0].runs[0]
    assert comparison.metrics == ("train/loss",)
    assert comparison.curve(first, "train/loss").y[0] == 1.0
    assert comparison.curve(first, "train/loss", weight=0.9).y[1] != comparison.curve(first, "train/loss").y[1]
    assert comparison.band(comparison.groups[0], "train/loss").n == 3
    assert comparison.curve(first, "nosuch") is None
    assert comparison.band(comparison.groups[0], "nosuch") is None
    with (first.directory.path / "attempts/0001/events.jsonl").open("ab") as log:
        log.write(encode(Metrics(2e9, 11, {"train/loss": 0.5})))
    comparison.refresh(comparison.runs)
    assert comparison.curve(first, "train/loss").y.tolist()[-1] == 0.5
    assert comparison.band(comparison.groups[0], "train/loss").x[-1] == 10


def test_other_experiments_damage_and_nan_are_no_exceptions(six, write, home):
    write("nan", {"lr": 0.1, "nz": 2}, seed=7, curve=[math.nan], result={"test/accuracy": math.nan})
    write("torn", {"lr": 0.3})
    (home / "runs/1122-0831-count-torn/run.json").write_text("{")
    (home / "runs/empty").mkdir()
    log = home / "runs/1122-0831-count-k0k/attempts/0001/events.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"step":3,', b'"step":4,'))
    comparison = Comparison(six.list())
    rows = comparison.rows([ACCURACY, Column("nz"), parse_column("max train/loss")])
    (group,) = [row for row in rows if len(row.group.runs) == 4]
    assert (group.means[0].n, group.means[0].left_out) == (3, 1)
    troubles = " ".join(comparison.troubles)
    for words in ("torn cannot be read", "empty cannot be read", "k0k: 1 damaged", "experiment alien is not installed"):
        assert words in troubles
    for column in (ACCURACY, Column("nosuch")):
        statements(comparison, column)
    comparison.natural_axis()
    Comparison([]).rows(Comparison([]).default_columns())


def test_seeds_that_change_nothing_prove_nothing(write):
    for seed in range(3):
        write(f"a{seed}a", {"C": 1}, seed=seed, result={"test/accuracy": 0.87})
        workspace = write(f"b{seed}b", {"C": 2}, seed=seed, result={"test/accuracy": 0.88})
    (said,) = statements(compared(workspace), ACCURACY)
    assert said.endswith("3 against 3 seeds: the seeds change neither, so they tell nothing of chance; other data may.")


def test_a_metric_whose_points_do_not_overlap_has_no_chart(write):
    write("k0k", {"lr": 0.1}, seed=0, curve=[1, 2, 3], epochs=False)
    comparison = compared(write("k1k", {"lr": 0.1}, seed=1, curve=[1, 2], every=9, epochs=False))
    assert not drawable(comparison, "train/loss")
    with pytest.raises(PhospheneError, match="no run has points of 'train/loss'"):
        chart(comparison, "train/loss")
    assert drawable(compared(write("k2k", {"lr": 0.2}, curve=[1, 2], epochs=False)), "train/loss")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0.5], "0.5 (1)"),
        ([0.91, 0.9], "0.905 [0.900, 0.910] (2)"),
        ([0.90, 0.91, 0.92], "0.910 ± 0.025 (3)"),
        ([100.0, 1300.0, 2200.0], "1200 ± 2600 (3)"),
        ([1.0, 1.0, 1.0], "1 (3 equal)"),
        ([0.5, 0.5, math.nan], "0.5 (2 of 3 equal)"),
        ([0.5, math.nan], "0.5 (1 of 2)"),
        ([math.nan], "nan (0 of 1)"),
    ],
)
def test_a_mean_is_written_with_two_digits_of_its_uncertainty(values, text):
    assert interval(mean(values)) == text


def test_differences_carry_their_sign():
    assert signed(difference([1.0], [0.5])) == "+0.5"
    assert signed(difference([0.9, 0.91, 0.92], [0.91, 0.92, 0.93])).startswith("-0.010 [-0.0")
    assert signed(difference([0.9, 0.9], [0.8, 0.8])) == "+0.1"
    assert signed(None) == interval(None) == ""
    assert rounded(1e300, 1e-3) == "1e+300"
    assert Mean(0, math.nan).n == 0


def test_live_changes_of_a_run_by_itself_are_marked_on_screen_and_paper(write, tmp_path):
    home = write("aaa", {"lr": 0.1}, curve=[1 / step for step in range(1, 11)], changed=True)
    drawn = chart(compared(home), "train/loss", "step")
    assert drawn.marks == ((1.0, "lr 0.5"),)
    assert not chart(compared(home), "train/loss", "epoch").marks
    figure = overlay.figure(drawn)
    assert [text.get_text() for text in figure.axes[0].texts] == ["lr 0.5"]
    overlay.write(drawn, tmp_path / "chart.png", drawn.origin)
    write("bbb", {"lr": 0.1}, seed=1, curve=[1.0, 0.5], changed=True)
    assert not chart(compared(home), "train/loss", "step").marks  # of one among several runs they would say nothing
