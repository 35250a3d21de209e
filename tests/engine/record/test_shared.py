"""Workspaces that several people share, and those that are moved while a run goes on."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile

import pytest

from engine.control.queue import Wish
from engine.control.ticket import Ticket
from engine.errors import WorkspaceError
from engine.record.held import HeldFolder
from engine.record.shared import share_file, shared_folder
from engine.record.workspace import Workspace

NOBODY = 65534
BECOME_ANOTHER = f"""
import os, sys, platformdirs
from pathlib import Path
from engine import wording
from engine.control.devices import device_names
from engine.control.queue import Wish
from engine.control.ticket import Ticket
from engine.control.waiting import move
from engine.record.run_directory import RunDirectory
from engine.record.workspace import Workspace
device_names()
home = Path(sys.argv[1])
os.setgroups([])
os.setgid({NOBODY})
os.setuid({NOBODY})
"""
LIST_AND_QUEUE = """
for run in Workspace(home).list():
    print(run.id, run.status.state, run.status.reason)
ticket = Ticket(home, "theirs", Wish(("cpu",)))
print("started" if ticket.start() else f"behind {ticket.behind}")
"""
MOVE = """
try:
    place = move(RunDirectory(home / "runs/second"), "up")
    print(wording.place(place.position, place.behind))
except Exception as error:
    print(error)
"""
REMOVE = """
workspace = Workspace(home)
try:
    workspace.remove(workspace.directories()[0])
except Exception as error:
    print(error)
"""


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def careful():
    """Create files as a user does who lets nobody else at them."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.parametrize("permissions", [0o2770, 0o1777, 0o755, 0o700])
def test_folders_and_the_queue_have_the_permissions_of_the_workspace(home, careful, permissions):
    home.mkdir()
    home.chmod(permissions)
    shared_folder(home / "cache/features", home)
    ticket = Ticket(home, "mine", Wish(("cpu",)))
    shared = [home / "cache", home / "cache/features", home / "queue", *home.glob("queue/*")]
    assert {mode(folder) for folder in shared} == {permissions}
    files = [path for path in home.glob("queue/*/*") if path.is_file()]
    assert len(files) == 2
    assert {mode(path) for path in files} == {0o600 | permissions & 0o066}
    ticket.release()


def test_a_new_workspace_follows_the_users_umask(home, careful):
    shared_folder(home / "runs", home)
    assert mode(home) == mode(home / "runs") == 0o700


def test_share_file_leaves_execution_out(tmp_path):
    (tmp_path / "file").touch()
    tmp_path.chmod(0o777)
    share_file(tmp_path / "file")
    assert mode(tmp_path / "file") == 0o666


@pytest.fixture
def other_user(home, tmp_path):
    """Run code as another user, who may enter the folders above the workspace."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder.is_relative_to(tempfile.gettempdir()):
            folder.chmod(mode(folder) | 0o011)

    def run(code):
        command = [sys.executable, "-P", "-c", BECOME_ANOTHER + code, str(home)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


@pytest.mark.parametrize("permissions", [0o1777, 0o777])
def test_a_second_user_lists_private_runs_as_such_and_waits_in_the_same_queue(
    home, careful, other_user, launch, finish, permissions
):
    home.mkdir()
    home.chmod(permissions)
    run = launch("count")
    finish(run)
    ticket = Ticket(home, "mine", Wish(("cpu",)))
    listed, behind = other_user(LIST_AND_QUEUE)
    assert listed == f"{run.id} private it is root's, and you may not read it"
    assert behind == "behind mine"
    ticket.release()


@pytest.mark.parametrize(
    ("permissions", "answer"),
    [(0o1777, "run second is root's, and only root can move it"), (0o777, "1st, behind first")],
)
def test_a_waiting_run_of_another_user_is_moved_where_the_folder_permits_it(
    home, careful, other_user, permissions, answer
):
    home.mkdir()
    home.chmod(permissions)
    tickets = [Ticket(home, run, Wish(("cpu",))) for run in ("first", "next", "second")]
    assert [ticket.start() for ticket in tickets] == [True, False, False]
    assert other_user(MOVE) == [answer]
    assert not tickets[2].start()
    assert tickets[2].position == (1 if permissions == 0o777 else 2)
    for ticket in tickets:
        ticket.release()


def test_the_run_of_another_user_in_a_sticky_folder_is_not_removed(home, other_user, launch, finish):
    home.mkdir()
    home.chmod(0o1777)
    run = launch("count")
    finish(run)
    assert other_user(REMOVE) == [f"run {run.id} is root's, and only root can remove it"]
    assert run.status().state == "finished"


def test_a_held_folder_is_found_where_it_was_moved_to(tmp_path):
    (tmp_path / "old").mkdir()
    held = HeldFolder(tmp_path / "old")
    assert held.path() == tmp_path / "old"
    (tmp_path / "old").rename(tmp_path / "new")
    (tmp_path / "old").mkdir()
    assert held.path() == tmp_path / "new"
    shutil.rmtree(tmp_path / "new")
    with pytest.raises(WorkspaceError, match="was removed while the run went on"):
        held.path()


def test_a_run_whose_workspace_is_moved_goes_on_in_the_new_place(home, launch, finish, until):
    run = launch("walk", {"steps": 120, "pause": 0.01})
    until(lambda: run.status().step > 5)
    there = home.rename(home.with_name("moved"))
    (moved,) = Workspace(there).directories()
    assert finish(moved).state == "finished"
    history = moved.history()
    assert not home.exists()
    assert (moved.path / history.checkpoint.file).stat().st_size == history.checkpoint.size
    assert history.checkpoint.step == 120
    assert f"the run's folder was moved to {moved.path}" in " ".join(message.text for message in history.messages)


def test_a_run_whose_folder_is_removed_ends(home, launch, until):
    run = launch("walk", {"steps": 100_000, "pause": 0.005})
    until(lambda: run.status().step > 5)
    worker = run.status().worker
    # The worker writes while the folder is removed, so that one sweep may leave something.
    until(lambda: shutil.rmtree(run.path, ignore_errors=True) or not run.path.exists())
    until(lambda: worker.presence() == "dead")
    assert not run.path.exists()
