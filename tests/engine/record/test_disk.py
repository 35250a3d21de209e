"""Disks that are full or may not be written, on real file systems mounted for the test."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess

import pytest

from engine import DiskFull, Engine, Metrics, Workspace
from engine.control import launching
from engine.control.executors import local
from tests.conftest import end_workers


@pytest.fixture
def disk(tmp_path, monkeypatch, home):
    """Return the folder of a small file system of its own, which is the workspace."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mount.returncode:
        pytest.skip(f"no file system can be mounted here: {mount.stderr.strip()}")
    monkeypatch.setenv("PHOSPHENE_HOME", str(folder))
    yield folder
    for run in Workspace(folder).directories():
        end_workers(run)
    subprocess.run(["umount", "-l", folder], check=True)


def fill(disk, leave=0):
    """Fill the disk but for so many bytes."""
    descriptor = os.open(disk / "filler", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for size in (65_536, 4096, 1):
        with contextlib.suppress(OSError):
            while True:
                os.write(descriptor, b"\0" * size)
    os.ftruncate(descriptor, max(0, os.fstat(descriptor).st_size - leave))
    os.close(descriptor)


def test_a_launch_on_a_full_disk_says_so_and_leaves_nothing(disk, phosphene):
    fill(disk)
    done = phosphene("run", "count")
    assert done.returncode == 1
    assert done.stderr.startswith(f"phosphene: the disk under {disk} is full: free some space")
    assert done.stderr.count("\n") == 1
    assert [path for path in disk.rglob("*") if path.is_file()] == [disk / "filler"]
    assert phosphene("runs").returncode == 0


def test_a_launch_whose_disk_fills_up_meanwhile_leaves_nothing(disk, monkeypatch, finish):
    monkeypatch.setattr("engine.record.workspace.ROOM", 0)
    for leave in range(4096, 80_000, 16_384):
        fill(disk, leave)
        try:
            run = asyncio.run(Engine(disk).launch("count", {"steps": 3}))
        except DiskFull:
            assert Workspace(disk).directories() == []
            assert [path for path in disk.rglob("*") if path.is_file()] == [disk / "filler"]
        else:
            assert finish(run).state in {"finished", "failed"}
            break


def test_a_run_on_a_disk_that_fills_up_fails_with_the_reason_and_resumes(disk, phosphene, until, finish):
    run = asyncio.run(Engine(disk).launch("count", {"steps": 1_000_000, "series": 20, "gate": str(disk / "gate")}))
    until(lambda: run.status().state == "running")
    fill(disk, 1 << 20)
    (disk / "gate").touch()
    status = finish(run)
    assert status.state == "failed"
    assert status.reason == "the disk is full: free some space, then resume the run"
    steps = [event.step for event in run.reader().poll() if isinstance(event, Metrics)]
    assert steps == list(range(1, len(steps) + 1))
    assert len(steps) > 100
    assert "the disk is full" in phosphene("runs").stdout
    refused = phosphene("resume", run.id)
    assert refused.returncode == 1
    assert "is full" in refused.stderr
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    asyncio.run(Engine(disk).resume(run))
    until(lambda: run.status().state == "running")
    asyncio.run(Engine(disk).stop(run))
    assert finish(run).state == "stopped"


def test_runs_that_go_on_on_a_full_disk_fail_with_the_reason(disk, until, finish):
    """One that works and one that waits when the disk fills up."""
    values = {"gate": str(disk.parent / "gate"), "steps": 100_000, "series": 20}
    engine = Engine(disk)
    first = asyncio.run(engine.launch("count", values))
    until(lambda: first.status().state == "running")
    second = asyncio.run(engine.launch("count", values))
    until(lambda: "behind" in second.status().reason)
    fill(disk)
    (disk.parent / "gate").touch()
    for run in (first, second):
        status = finish(run)
        assert status.state == "failed", status
        assert "the disk is full" in status.reason


def test_a_worker_that_starts_on_a_full_disk_says_so(disk, monkeypatch):
    """The disk fills up between the launch and the worker's first word."""
    orders = []
    monkeypatch.setattr(launching, "start", lambda order, *_: orders.append(order))
    run = asyncio.run(Engine(disk).launch("count", {"steps": 100_000, "series": 20}))
    fill(disk)
    worker = local.command(orders[0].to_json())
    assert subprocess.run(worker, env=local.environment(), capture_output=True, check=False).returncode == 1
    status = run.status()
    assert status.state == "failed", status
    assert "the disk is full" in status.reason


def test_a_read_only_workspace_can_be_looked_at_and_nothing_else(disk, phosphene):
    assert phosphene("run", "count").returncode == 0
    run = Workspace(disk).directories()[0]
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    for command in (["run", "count"], ["remove", run.id]):
        done = phosphene(*command)
        assert done.returncode == 1, command
        assert done.stderr == f"phosphene: {disk} cannot be written: set PHOSPHENE_HOME to a folder of yours\n"
    for command in (["runs"], ["show", run.id], ["follow", run.id], ["doctor"]):
        done = phosphene(*command)
        assert done.returncode == 0, (command, done.stderr)
    assert "cannot be written" in done.stdout


def test_annotations_on_a_full_disk_are_refused_and_lose_nothing(disk, phosphene):
    assert phosphene("run", "count").returncode == 0
    assert phosphene("tag", "last", "good").returncode == 0
    fill(disk)
    for command in (["tag", "last", "bad"], ["note", "last", "x" * 5000], ["rename", "last", "other"]):
        done = phosphene(*command)
        assert done.returncode == 1, command
        assert "is full: free some space" in done.stderr
    (disk / "filler").unlink()
    (listed,) = Workspace(disk).list()
    assert (listed.annotations.tags, listed.annotations.note, listed.name) == (("good",), "", "")
    assert len(list((listed.directory.path / "annotations").iterdir())) == 1


def test_a_request_that_cannot_be_written_is_one_sentence(home, launch, phosphene, until):
    run = launch("count", {"gate": str(home / "gate")})
    until(lambda: run.status().state == "running")
    run.control.rmdir()
    run.control.write_text("in the way")
    done = phosphene("stop", run.id)
    assert done.returncode == 1
    assert done.stderr.startswith(f"phosphene: {run.control} is not a folder")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("place", ["/dev/null/x", "/proc/nowhere", "/" + "x" * 300])
def test_a_workspace_that_cannot_be_is_one_sentence(home, phosphene, monkeypatch, place):
    monkeypatch.setenv("PHOSPHENE_HOME", place)
    done = phosphene("run", "count")
    assert done.returncode == 1
    assert done.stderr.startswith("phosphene: ")
    assert done.stderr.count("\n") == 1
    assert "PHOSPHENE_HOME" in done.stderr
    assert "Traceback" not in phosphene("runs").stderr
