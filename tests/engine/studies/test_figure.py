"""What the figure of a study shows follows from what its runs keep under the name, and then from the layout."""

from __future__ import annotations

import pytest

from engine import Comparison, Studies, study_figure
from engine.plots import Bars, Heatmap
from engine.record.events import Metrics, PlotLogged, TableLogged
from engine.record.histories import Histories
from tests.synthetic_study import COUNTING, write_runs, write_study
from tests.synthetic_sweep import NOON
from tests.tui.conftest import write_picture

TWO_AXES = COUNTING.replace("lr = [0.1, 0.2]", "lr = [0.1, 0.2]\nseries = [1, 2, 3]")


def shown(layout: str, shows: str, text: str = COUNTING, **more: str) -> str:
    others = "".join(f'{name} = "{value}"\n' for name, value in more.items())
    return text.replace('layout = "curves"', f'{others}layout = "{layout}"').replace(
        'shows = "train/loss"', f'shows = "{shows}"'
    )


def curve(path, setting, seed):
    return [Metrics(NOON + step, step, {"train/loss": setting["lr"] / step}, step / 10) for step in range(1, 5)]


def picture(path, setting, seed):
    return [write_picture(path, "samples", 4)]


def plotted(path, setting, seed):
    return [PlotLogged(NOON + 4, "cuts", 4, "plots/cuts/4.json")]


def tabled(path, setting, seed):
    return [TableLogged(NOON + 4, "squares", "tables/squares.csv")]


def read(home):
    """Return the study, its record, its trials, its comparison, and its runs by id."""
    studies = Studies(home)
    progress = studies.progress(studies.find("counting"), "quick")
    listed = {run.id: run for run in studies.workspace.list()}
    comparison = Comparison([*listed.values()], Histories())
    return progress.study, progress.record, progress.trials, comparison, listed


@pytest.mark.parametrize(
    ("text", "more", "way"),
    [
        (shown("curves", "train/loss"), curve, ("curves", "train/loss")),
        (shown("curves", "test/accuracy"), curve, ("means", "test/accuracy")),
        (shown("pictures", "samples", columns="lr"), picture, ("kept", "samples")),
        (shown("pictures", "samples", TWO_AXES, columns="lr", rows="series"), picture, ("grid", "samples")),
        (shown("heatmap", "cuts"), plotted, ("kept", "cuts")),
        (shown("table", "squares"), tabled, ("table", "squares")),
        (shown("table", "test/accuracy"), curve, ("combinations", "")),
        (shown("bars", ""), curve, ("means", "test/accuracy")),
        (shown("pictures", "samples"), curve, ("combinations", "")),
        (shown("tiles", "nothing, samples"), picture, ("kept", "samples")),
    ],
)
def test_what_is_kept_under_the_name_decides_then_the_layout(home, text, more, way):
    write_study(home, text)
    write_runs(home, more=more)
    study, record, _, comparison, _ = read(home)
    assert study_figure.way(study, record, comparison) == way


def test_means_are_bars_a_heatmap_or_a_chart_over_each_axis(home):
    write_study(home, shown("bars", "", TWO_AXES))
    write_runs(home, lambda setting, seed: setting["lr"] * setting["series"])
    study, record, trials, _, listed = read(home)
    valued = study_figure.valued(trials, record.metric, listed, Histories())
    bars = study_figure.means(study, record, valued)
    assert isinstance(bars, Bars)
    assert bars.names == ("0.1, 1", "0.1, 2", "0.1, 3", "0.2, 1", "0.2, 2", "0.2, 3")
    assert bars.values == pytest.approx((0.1, 0.2, 0.3, 0.2, 0.4, 0.6))
    assert bars.errors == (), "one seed has no interval"
    heat = study_figure.means(study.model_copy(update={"layout": "heatmap"}), record, valued)
    assert isinstance(heat, Heatmap)
    assert (heat.row_label, heat.column_label, heat.legend) == ("lr", "series", "test/accuracy")
    assert [pytest.approx(row) for row in heat.values] == [(0.1, 0.2, 0.3), (0.2, 0.4, 0.6)]
    turned = study_figure.means(study.model_copy(update={"layout": "heatmap", "rows": "series"}), record, valued)
    assert isinstance(turned, Heatmap)
    assert (turned.row_label, len(turned.rows)) == ("series", 3)
    charts = study_figure.means(study.model_copy(update={"layout": "curves"}), record, valued)
    assert isinstance(charts, dict)
    assert [*charts] == ["lr", "series"]


def test_another_metric_than_that_of_the_sweep_is_read_from_the_runs(home):
    write_study(home)
    write_runs(home, more=curve)
    _, _, trials, _, listed = read(home)
    found = study_figure.valued(trials, "min train/loss", listed, Histories())
    assert [trial.value for trial in found] == pytest.approx([0.1 / 4, 0.2 / 4])
    assert [trial.value for trial in study_figure.valued(trials, "test/nothing", listed, Histories())] == [None, None]
