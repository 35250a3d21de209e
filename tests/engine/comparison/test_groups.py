"""Which runs are replicates of each other, and what differs between the others."""

from __future__ import annotations

import pytest

from engine.comparison.groups import Grouping, differences, groups, parse_grouping
from engine.errors import PhospheneError
from engine.selection.values import MISSING


def grouped(workspace, grouping=None):
    runs = workspace.list()[::-1]
    found = groups(runs, {run.id: run.directory.history() for run in runs}, *([grouping] if grouping else []))
    return {group.caption: [run.id[-3:] for run in group.runs] for group in found}, found


def test_runs_that_differ_in_the_seed_alone_are_one_group(write):
    write("aaa", {"nz": 2, "lr": 0.1}, seed=0)
    write("bbb", {"nz": 2.0, "lr": 0.1}, seed=1, device="cuda:0")
    write("ccc", {"nz": 10, "lr": 0.1})
    workspace = write("ddd", {"nz": "2", "lr": 0.1}, seed=5)
    captions, _ = grouped(workspace)
    assert [*captions.values()] == [["aaa", "bbb"], ["ccc"], ["ddd"]]
    assert [*captions][1] == "nz 10"


def test_a_missing_field_is_not_its_default(write):
    write("aaa", {"steps": 20})
    workspace = write("bbb", {})
    captions, _ = grouped(workspace)
    assert captions == {"steps 20": ["aaa"], "count": ["bbb"]}
    (found,) = differences(workspace.list())
    assert (found.field, found.values) == ("steps", (MISSING, 20))


def test_runs_that_are_not_plain_replicates_stand_apart_and_say_why(write, home):
    write("aaa", {"lr": 0.1}, seed=0)
    write("bbb", {"lr": 0.1}, seed=1, changed=True)
    write("ccc", {"lr": 0.1}, seed=2, state="stopped", curve=[1.0, 2.0], total=8)
    workspace = write("ddd", {"lr": 0.1}, seed=3)
    (home / "runs/1122-0831-count-ddd/run.json").write_text("{")
    _, found = grouped(workspace)
    assert {group.caption: group.why_apart for group in found} == {
        "count": "",
        "seed 1": "lr changed while it ran",
        "seed 2": "stopped after 25 %",
        "1122-0831-count-ddd": "cannot be read",
    }
    assert all(len(group.runs) == 1 for group in found)


def test_a_run_of_equal_values_and_seed_is_no_further_seed(write):
    write("bbb", {"lr": 0.1}, seed=0, device="cuda:0")
    write("aaa", {"lr": 0.1}, seed=0)
    write("ccc", {"lr": 0.1}, seed=0, state="failed", curve=[1.0], total=1)
    workspace = write("ddd", {"lr": 0.1}, seed=1)
    _, found = grouped(workspace)
    assert [([run.id[-3:] for run in group.runs], group.why_apart) for group in found] == [
        (["bbb", "ddd"], ""),
        (["aaa"], "repeats bbb"),
        (["ccc"], "failed after 100 %"),
    ]
    captions, _ = grouped(workspace, Grouping(alone=True))
    assert len(captions) == 4


def test_imported_runs_repeat_each_other_if_they_end_alike(write):
    write("aaa", {}, seed=0, experiment="imported", curve=[2.0, 1.0])
    write("bbb", {}, seed=0, experiment="imported", curve=[2.0, 1.5])
    workspace = write("ccc", {}, seed=0, experiment="imported", curve=[3.0, 1.0])
    _, found = grouped(workspace)
    assert [([run.id[-3:] for run in group.runs], group.why_apart) for group in found] == [
        (["aaa", "bbb"], ""),
        (["ccc"], "repeats aaa"),
    ]


def test_one_group_is_called_by_its_experiment(write):
    write("aaa", {"lr": 0.1}, seed=0)
    captions, (group,) = grouped(write("bbb", {"lr": 0.1}, seed=1))
    assert [*captions] == ["count"]
    assert group.key.endswith("aaa")


def test_groupings_are_of_the_users_choice(write):
    write("aaa", {"lr": 0.1, "nz": 1}, seed=0)
    write("bbb", {"lr": 0.2, "nz": 1}, seed=0)
    workspace = write("ccc", {"lr": 0.1, "nz": 2}, seed=1)
    assert grouped(workspace, parse_grouping("nz"))[0] == {"nz 1": ["aaa", "bbb"], "nz 2": ["ccc"]}
    assert grouped(workspace, parse_grouping("-seed,-nz"))[0] == {"lr 0.1": ["aaa", "ccc"], "lr 0.2": ["bbb"]}
    assert len(grouped(workspace, parse_grouping("none"))[0]) == 3
    assert parse_grouping("-seed") == Grouping()
    for text in ("", "nz,-seed"):
        with pytest.raises(PhospheneError, match="write -seed"):
            parse_grouping(text)
