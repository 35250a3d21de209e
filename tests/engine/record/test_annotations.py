"""Tags, notes and names: the latest wins, nobody overwrites anybody, and damage costs no more than itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import PhospheneError, UnknownRun, Workspace, WorkspaceError
from engine.record import annotations
from engine.record.annotations import Annotations, note_run, read_annotations, rename_run, tag_run
from engine.record.files import write_json
from engine.record.run_directory import RunDirectory, RunRecord


@pytest.fixture
def run(home):
    path = home / "runs/1122-0831-cnn-k3f"
    (path / "attempts/0001").mkdir(parents=True)
    record = RunRecord(path.name, "cnn", {"lr": 0.1}, 0, "cpu", 1e9, name="at launch")
    write_json(path / "run.json", record.to_json())
    return RunDirectory(path)


def files(run):
    return sorted((run.path / "annotations").iterdir())


def test_tags_add_up_and_the_last_note_and_name_win(run):
    assert read_annotations(run) == Annotations()
    tag_run(run, ["good", "paper"])
    tag_run(run, ["seen"], ["good"])
    for text in ("first", "second"):
        note_run(run, text)
        rename_run(run, f"{text} name")
    assert read_annotations(run) == Annotations(("paper", "seen"), "second", "second name")
    assert json.loads((run.path / "run.json").read_text())["name"] == "at launch"


def test_lists_and_finding_take_the_new_name(home, run):
    workspace = Workspace(home)
    assert workspace.list()[0].name == "at launch"
    rename_run(run, "best one")
    (listed,) = workspace.list()
    assert (listed.name, listed.record.name) == ("best one", "at launch")
    assert workspace.find("best one") == run
    with pytest.raises(UnknownRun):
        workspace.find("at launch")
    rename_run(run, "")
    assert workspace.list()[0].name == ""


def test_a_listing_sees_each_change_and_reads_an_unchanged_folder_once(home, run, monkeypatch):
    workspace = Workspace(home)
    for number in range(5):
        tag_run(run, [f"t{number}"])
        assert len(workspace.list()[0].annotations.tags) == number + 1
    os.utime(run.path / "annotations", (time.time() - 60,) * 2)
    workspace.list()
    monkeypatch.setattr("engine.record.workspace.read_annotations", lambda _: pytest.fail("read again"))
    assert len(workspace.list()[0].annotations.tags) == 5


def test_two_writers_at_once_lose_nothing(run):
    script = (
        "import sys; from pathlib import Path\n"
        "from engine.record.annotations import tag_run\n"
        "from engine.record.run_directory import RunDirectory\n"
        "for i in range(20): tag_run(RunDirectory(Path(sys.argv[1])), [f'{sys.argv[2]}{i}'])"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, run.path, letter]) for letter in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert {*read_annotations(run).tags} == {f"{letter}{i}" for letter in "ab" for i in range(20)}


def test_a_clock_that_lags_behind_still_has_the_last_word(run, monkeypatch):
    note_run(run, "first")
    monkeypatch.setattr(annotations.time, "time_ns", lambda: 5)
    note_run(run, "second")
    assert read_annotations(run).note == "second"


@given(st.binary(max_size=80))
def test_a_damaged_file_is_passed_over(tmp_path_factory, data):
    run = RunDirectory(tmp_path_factory.mktemp("run"))
    tag_run(run, ["good"])
    (run.path / "annotations/99999999999999999999-x.json").write_bytes(data)
    assert read_annotations(run).tags == ("good",)
    note_run(run, "still written")
    assert read_annotations(run).note == "still written"


@pytest.mark.parametrize(
    "value", [[], "x", {"kind": "tags", "add": "good"}, {"kind": "note"}, {"kind": "later", "x": 1}]
)
def test_what_has_another_form_is_passed_over(run, value):
    tag_run(run, ["good"])
    write_json(run.path / "annotations/99999999999999999998-x.json", value)
    assert read_annotations(run) == Annotations(("good",))


def test_a_failed_write_leaves_what_was_there(run, monkeypatch):
    tag_run(run, ["good"])
    before = files(run)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.record.files.os.fsync", full)
    with pytest.raises(PhospheneError, match="is full"):
        note_run(run, "lost")
    assert files(run) == before
    assert read_annotations(run).tags == ("good",)


def test_a_run_that_is_gone_and_a_tag_that_cannot_be_typed_are_one_sentence(run):
    for tag in ("", "two words", "-bad", "a,b", "x" * 81, "("):
        with pytest.raises(PhospheneError, match="cannot be a tag"):
            tag_run(run, [tag])
    assert not (run.path / "annotations").exists()
    shutil.rmtree(run.path)
    with pytest.raises(WorkspaceError, match="not there any more"):
        note_run(run, "x")


def test_annotations_go_with_a_copy_and_through_the_trash(home, run):
    tag_run(run, ["good"])
    shutil.copytree(run.path, home / "runs/copy")
    workspace = Workspace(home)
    assert [each.annotations.tags for each in workspace.list()] == [("good",)] * 2
    workspace.remove(run)
    assert [each.id for each in workspace.list()] == ["copy"]
    assert workspace.restore("k3f") == run
    assert len(workspace.list()) == 2
    assert workspace.trashed() == []


def test_restoring_refuses_what_is_not_there_twice_there_or_in_the_way(home, run):
    workspace = Workspace(home)
    with pytest.raises(UnknownRun, match="in the trash: nothing"):
        workspace.restore("last")
    copy = home / "copy"
    shutil.copytree(run.path, copy)
    workspace.remove(run)
    shutil.copytree(copy, run.path)
    with pytest.raises(UnknownRun, match="already"):
        workspace.restore("last")
    workspace.remove(run)
    with pytest.raises(UnknownRun, match="could be any of"):
        workspace.restore("k3f")
    assert workspace.restore("last") == run
    assert len(workspace.trashed()) == 1
