"""A report of a study: its question, what was published, its figure first and once."""

from __future__ import annotations

import pytest

from engine import PhospheneError, Reports, Workspace

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
        ("The figure", ["curves train/loss"]),
    ]
    assert [items for _, items in shown].count(["curves train/loss"]) == 1
    assert not any("curves train/loss" in items for heading, items in shown if heading == "Curves")
    told = repr(reports.document(outline))
    for part in ("Which rate counts best?", "A report, table 1", "cannot tell", "phosphene study run rates --full"):
        assert part in told


def test_a_study_without_runs_says_how_to_get_some(study, home):
    reports = Reports(Workspace(home))
    with pytest.raises(PhospheneError, match="no run of the full tier has finished yet: phosphene study run rates"):
        reports.outline(reports.meant(["rates"]))
    with pytest.raises(PhospheneError, match="full and quick, not 'half'"):
        reports.outline(reports.meant(["rates:half"]))
