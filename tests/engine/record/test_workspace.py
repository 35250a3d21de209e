"""The folder of all runs: ids, finding, listing, removing, and names that are anything but plain."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Engine, RunRecord, RunStateError, UnknownRun, Workspace, WorkspaceError
from engine.record.run_directory import RunDirectory
from engine.record.tables import read_table, write_table

ID = re.compile(r"\d{4}-\d{4}-[a-z0-9]+(-[a-z0-9]+)*-[2-9a-hjkmnp-z]{3}")


def record(**values):
    plain = {"id": "", "experiment": "cnn", "hyperparameters": {}, "seed": 0, "device": "cpu", "created": time.time()}
    return RunRecord(**plain | values)


def make(home, **values):
    workspace = Workspace(home)
    made, staged = workspace.prepare(record(**values))
    staged.rename(workspace.runs / made.id)
    return RunDirectory(workspace.runs / made.id)


@given(st.text(max_size=60), st.floats(0, 4e9))
def test_every_id_can_be_typed_and_is_one_folder(tmp_path_factory, experiment, created):
    workspace = Workspace(tmp_path_factory.getbasetemp() / "ids")
    assert ID.fullmatch(workspace.new_id(experiment, created))


@given(st.lists(st.floats(1.7e9, 1.75e9), min_size=2, max_size=5))
def test_ids_of_one_year_sort_by_time(tmp_path_factory, moments):
    workspace = Workspace(tmp_path_factory.getbasetemp() / "ids")
    moments = [moment for moment in sorted(moments) if time.localtime(moment).tm_year == 2024]
    stamps = [workspace.new_id("cnn", moment)[:9] for moment in moments]
    assert stamps == sorted(stamps)


def test_a_record_comes_back_as_it_was(home):
    run = make(home, name="[red] “π” 🦊", parents=("a", "b"), hyperparameters={"lr": 0.1, "on": True}, slots=3)
    found = run.record()
    assert found.id == run.id
    assert (found.name, found.parents, found.slots) == ("[red] “π” 🦊", ("a", "b"), 3)
    assert found.hyperparameters == {"lr": 0.1, "on": True}


def test_bytes_that_are_not_utf_8_come_back_from_records_and_stand_in_tables_as_escapes(home):
    latin_1 = os.fsdecode(b"caf\xe9")
    run = make(home, hyperparameters={"images": latin_1})
    assert run.record().hyperparameters == {"images": latin_1}
    write_table(run.path / "tables/x.csv", ["image"], [[latin_1]])
    assert read_table(run.path / "tables/x.csv").rows == (("caf\\udce9",),)


def test_a_run_named_with_bytes_that_are_not_utf_8_is_found_by_them_and_by_what_is_shown(home, launch):
    run = launch(values={"steps": 1}, name=os.fsdecode(b"caf\xe9"))
    assert run.record().name == "caf\\xe9"
    for name in (os.fsdecode(b"caf\xe9"), "caf\\xe9"):
        assert Workspace(home).find(name).id == run.id


def test_runs_are_found_by_what_people_type(home):
    runs = [make(home, name="first", created=time.time() - 5), make(home, name="second")]
    workspace = Workspace(home)
    for run in runs:
        assert workspace.find(run.id) == run
        assert workspace.find(run.id[-3:]) == run
        assert workspace.find(run.record().name) == run
    assert workspace.find("last") == runs[1]
    for name in ("nothing", "", "..", "/", "*"):
        with pytest.raises(UnknownRun, match="there is no run"):
            workspace.find(name)
    with pytest.raises(UnknownRun, match="type more of the id"):
        workspace.find(runs[0].id[:2])


def test_what_dead_launchers_left_is_swept_away_after_an_hour(home):
    make(home)
    old, new = home / "runs/.new-old", home / "runs/.new-new"
    for folder in (old, new):
        folder.mkdir()
    os.utime(old, (time.time() - 4000,) * 2)
    make(home)
    assert new.exists()
    assert not old.exists()
    assert len(Workspace(home).directories()) == 2


def test_foreign_things_in_the_folder_of_runs_do_no_harm(home, launch, finish):
    run = launch("count")
    finish(run)
    (home / "runs/notes.txt").write_text("mine")
    (home / "runs/.DS_Store").write_text("")
    (home / "runs/my folder").mkdir()
    (home / "runs/loop").symlink_to("loop")
    listed = {each.id: each for each in Workspace(home).list()}
    assert listed.keys() == {run.id, "my folder"}
    assert listed["my folder"].record is None
    assert Workspace(home).find("last") == run


def test_a_run_that_has_ended_is_listed_anew_once_it_goes_on(home, launch, finish, until):
    workspace = Workspace(home)
    run = launch("count", {"steps": 100_000, "pause": 0.002})
    until(lambda: workspace.list()[0].status.state == "running")
    asyncio.run(Engine(home).stop(run))
    finish(run)
    assert workspace.list()[0].status.state == "stopped"
    asyncio.run(Engine(home).resume(run))
    until(lambda: workspace.list()[0].status.state == "running")
    asyncio.run(Engine(home).stop(run, kill=True))


def test_busy_runs_are_not_removed_and_others_go_to_the_trash(home, launch, finish, until):
    run = launch("count", {"gate": str(home / "gate")})
    engine = Engine(home)
    until(lambda: run.status().state == "running")
    with pytest.raises(RunStateError, match="stop it first"):
        asyncio.run(engine.remove(run))
    assert run.path.exists()
    (home / "gate").touch()
    finish(run)
    where = asyncio.run(engine.remove(run))
    assert where.parent == home / "trash"
    assert (where / "run.json").exists()
    assert engine.workspace.directories() == []
    again = launch("count")
    finish(again)
    assert asyncio.run(engine.remove(again, purge=True)) is None
    assert list((home / "trash").iterdir()) == [where]


def test_a_copied_run_is_a_run(home, launch, finish):
    run = launch("count")
    finish(run)
    shutil.copytree(run.path, home / "runs/copy of it")
    assert [each.status.state for each in Workspace(home).list()] == ["finished"] * 2


def test_a_workspace_that_is_a_file_is_one_sentence(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(WorkspaceError, match="PHOSPHENE_HOME"):
        Workspace(tmp_path).list()
