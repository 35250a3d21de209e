"""A report of a study: its question, what was published, its figure first and once."""

from __future__ import annotations

import pytest

from engine import PhospheneError, Reports, Workspace, catalogue

STUDY = """
title = "Rates"
question = "Which rate counts best?"
source = "A report, §1"
experiment = "count"
layout = "curves"
shows = "train/loss"
metric = "test/accuracy"
seeds = 1

[fixed]
steps = 3
[over]
lr = [0.1, 0.2]

[[published]]
where = { lr = 0.1 }
metric = "test/accuracy"
value = 0.5
source = "A report, table 1"
"""


@pytest.fixture
def study(home):
    """Write a study of the workspace."""
    folder = home / "studies"
    folder.mkdir(parents=True)
    (folder / "rates.toml").write_text(STUDY)


def test_a_study_is_reported_with_its_figure_first_and_once(study, home, launch, finish):
    for lr in (0.1, 0.2):
        finish(launch(values={"steps": 3, "lr": lr}))
    reports = Reports(Workspace(home))
    source = reports.meant(["rates"])
    assert source.study == "rates:full"
    outline = reports.outline(source)
    shown = [(part.heading, [str(item) for item in part.show]) for part in outline.parts]
    assert shown[:4] == [
        ("The question", ["question"]),
        ("Published and measured", ["published"]),
        ("Combinations", ["studied"]),
        ("The figure", ["figure"]),
    ]
    assert not any("curves train/loss" in items for _, items in shown)
    told = repr(reports.document(outline))
    for part in ("Which rate counts best?", "A report, table 1", "cannot tell", "phosphene study run rates --full"):
        assert part in told


LAYOUTS = {
    "curves over the steps": ('layout = "curves"\nshows = "train/loss"', "train/loss by step"),
    "curves over the axis": ('layout = "curves"\nshows = "test/accuracy"', "test/accuracy over lr"),
    "bars": ('layout = "bars"', "test/accuracy, means over seeds, with 95 % intervals"),
    "rows": ('layout = "pictures"\nshows = "samples"\nrows = "lr"', "samples: step across, lr down"),
    "columns": ('layout = "pictures"\nshows = "samples"\ncolumns = "lr"', "samples: lr across."),
    "plots of several": ('layout = "tiles"\nshows = "mistakes"\ncolumns = "lr"', "mistakes: lr across (k3b, k3a)"),
    "a plot": ('layout = "table"\nshows = "confusion"\nrows = "lr"', "confusion of lr 0.1"),
    "a table": ('layout = "table"\nshows = "squares"', "squares of lr 0.1"),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_its_figure_is_laid_out_as_the_file_says(study, home, write, case):
    entry, caption = LAYOUTS[case]
    file = home / "studies/rates.toml"
    file.write_text(STUDY.replace('layout = "curves"\nshows = "train/loss"', entry))
    for letters, lr in (("k3a", 0.2), ("k3b", 0.1)):
        values = catalogue.experiment("count").validate({"steps": 3, "lr": lr}).model_dump(mode="json")
        write(letters, values, result={"test/accuracy": lr})
    reports = Reports(Workspace(home))
    blocks = reports.document(reports.outline(reports.meant(["rates"]))).blocks
    at = next(place for place, one in enumerate(blocks) if getattr(one, "text", "") == "The figure")
    figure = blocks[at + 1]
    assert figure.caption.startswith(caption)
    if case in {"rows", "columns"}:
        assert [one.caption[0] for one in figure.content.items] == ["lr 0.1", "lr 0.2"]
        assert figure.content.columns == (1 if case == "rows" else 0)
    if case == "plots of several":
        below = [("lr 0.1", "a <b>"), ("lr 0.2", "a <b>"), ("lr 0.1", "c"), ("lr 0.2", "c")]
        assert ([one.caption for one in figure.content.items], figure.content.columns) == (below, 2)
    if case == "bars":
        assert (figure.content.names, figure.content.values) == (("0.1", "0.2"), (0.1, 0.2))


def test_a_study_without_runs_says_how_to_get_some(study, home):
    reports = Reports(Workspace(home))
    with pytest.raises(PhospheneError, match="no run of the full tier has finished yet: phosphene study run rates"):
        reports.outline(reports.meant(["rates"]))
    with pytest.raises(PhospheneError, match="full and quick, not 'half'"):
        reports.outline(reports.meant(["rates:half"]))


def test_a_study_of_other_values_is_reported_by_their_names(study, home, launch, finish):
    for lr in (0.1, 0.2):
        for seed in (0, 1):
            finish(launch(values={"steps": 5, "lr": lr}, seed=seed))
    reports = Reports(Workspace(home))
    source = reports.meant(["rates", "steps=5", "seeds=2"])
    assert source.study == "rates:full steps=5 seeds=2"
    told = repr(reports.document(reports.outline(source)))
    for part in (
        "4 of 4 runs of the full tier",
        "not judged",
        "phosphene study run rates --full --set steps=5 --seeds 2",
    ):
        assert part in told
    for words, sentence in (
        (["rates", "steps=6"], "finished yet: phosphene study run rates --full --set steps=6"),
        (["rates:full", "steps"], "'steps' has no value"),
        (["rates", "=", "true"], "no run is named 'rates = true', nor does any match it as a filter"),
        (["rates", "nosuch=1"], "nosuch: no such hyperparameter"),
    ):
        with pytest.raises(PhospheneError, match=sentence):
            reports.outline(reports.meant(words))
