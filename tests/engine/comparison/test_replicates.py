"""Further seeds of what is compared."""

from __future__ import annotations

import pytest

from engine import Comparison, PhospheneError, replicates


def asked(workspace, count, ids=("aaa", "bbb", "ccc")):
    runs = [run for run in workspace.list()[::-1] if run.id[-3:] in ids]
    return replicates(Comparison(runs).groups, workspace.list(), count)


def test_each_group_gets_its_next_seeds_and_what_was_run_already_joins(write):
    write("aaa", {"lr": 0.1}, seed=0)
    write("bbb", {"lr": 0.1}, seed=1)
    write("ccc", {"lr": 0.2}, seed=0)
    write("ddd", {"lr": 0.1}, seed=2)
    workspace = write("eee", {"lr": 0.2}, seed=1, state="failed")
    found = asked(workspace, 2)
    assert [(each.group.caption, each.seed, each.there and each.there.id[-3:]) for each in found] == [
        ("lr 0.1", 2, "ddd"),
        ("lr 0.2", 1, None),
        ("lr 0.1", 3, None),
        ("lr 0.2", 2, None),
    ]
    assert found[1].experiment == "count"
    assert found[1].hyperparameters == {"lr": 0.2}
    assert found[1].options == {"seed": 1, "device": "cpu", "slots": 1, "threads": 0}


def test_runs_that_stand_apart_are_no_group(write):
    write("aaa", {"lr": 0.1}, seed=0)
    workspace = write("bbb", {"lr": 0.1}, seed=1, changed=True)
    assert [each.seed for each in asked(workspace, 1)] == [1]
    with pytest.raises(PhospheneError, match="no group to add seeds to"):
        asked(workspace, 1, ids=("bbb",))
    with pytest.raises(PhospheneError, match="ask for one at least"):
        asked(workspace, 0)


def test_imported_runs_are_passed_over_and_alone_they_are_refused(write):
    write("aaa", {"lr": 0.1}, experiment="imported")
    workspace = write("bbb", {"lr": 0.1})
    assert [each.group.runs[0].id[-3:] for each in asked(workspace, 1)] == ["bbb"]
    with pytest.raises(PhospheneError, match="these runs were imported"):
        asked(workspace, 1, ids=("aaa",))
