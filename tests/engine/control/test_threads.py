"""Threads: decided at the launch, recorded, the same for a resumed run, and asleep while they wait for each other."""

from __future__ import annotations

import functools
import json
import os
from dataclasses import replace

import joblib
import pytest

from engine.catalogue import experiment
from engine.control import launching, threads
from engine.control.executors.local import LocalExecutor, environment
from engine.control.launching import Launch, resume
from engine.control.order import Order
from engine.control.provenance import versions
from engine.declaration import RunOptions
from engine.record.events import CheckpointSaved, StateChanged
from engine.record.workspace import Workspace
from engine.slurm.asking import Asking
from engine.sweep.asking import Asked, record_of
from engine.version import CODE_FOLDER, VERSION
from tests.tui.conftest import write_run


@pytest.mark.parametrize(("variable", "wanted", "count"), [("3", 0, 3), ("3,2", 0, 3), ("3", 5, 5), ("many", 0, 0)])
def test_a_run_takes_the_threads_it_was_told_or_one_for_each_usable_core(monkeypatch, variable, wanted, count):
    monkeypatch.setenv("OMP_NUM_THREADS", variable)
    assert threads.thread_count(wanted) == (count or threads.usable_cores())


NETWORKS = [
    ("cnn", {}, True),
    ("saliency", {}, True),
    ("saliency", {"model": "cnn:digits,vgg16:random"}, False),
    ("saliency", {"model": "vgg16:random"}, False),
    ("attack", {"transfer": "cnn:digits:0-4"}, True),
    ("attack", {"transfer": "squeezenet1_1:random"}, False),
    ("predict", {"model": "run:1122-1000-cnn-n0w"}, True),
    ("predict", {"model": "run:1122-1000-finetune-n0w"}, False),
    ("predict", {"model": "run:last"}, False),
    ("dann", {}, False),
]


@pytest.mark.parametrize(("name", "values", "small"), NETWORKS)
def test_a_small_network_has_one_thread_unless_another_number_is_told(home, monkeypatch, name, values, small):
    monkeypatch.setattr(threads, "usable_cores", lambda: 7)
    for earlier in ("cnn", "finetune"):
        saved = CheckpointSaved(0.0, 1, "checkpoints/1", 1)
        path = write_run(home, f"1122-1000-{earlier}-n0w", earlier, [saved, StateChanged(0.0, "finished")])
        (path / "checkpoints/1").write_bytes(b"x")
    declared = experiment(name)
    wanted = Launch(declared, declared.validate(values), RunOptions())

    def recorded(launch) -> int:
        return launching._prepared(Workspace(home), launch, Asking(Workspace(home)))[1].threads

    assert recorded(wanted) == 1, "as the environment says"
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert recorded(wanted) == (1 if small else 7)
    assert recorded(replace(wanted, options=RunOptions(threads=3))) == 3
    at_slurm = replace(wanted, options=RunOptions(on="slurm"))
    assert recorded(at_slurm) == (1 if small else 0), "the host of the job says"


@pytest.mark.parametrize(("axes", "count"), [({"steps": "1,2"}, 1), ({"model": "cnn:digits,vgg16:random"}, 3)])
def test_runs_of_a_sweep_share_the_cores_unless_all_their_networks_are_small(home, monkeypatch, axes, count):
    monkeypatch.setattr(threads, "usable_cores", lambda: 7)
    monkeypatch.delenv("OMP_NUM_THREADS")
    asked = Asked("fool", {}, axes, {}, parallel=2, metric="fool/success", options={"device": "cpu"})
    assert record_of(Workspace(home), experiment("fool"), asked).options["threads"] == count


def test_cores_follow_the_affinity_mask(monkeypatch):
    threads.usable_cores.cache_clear()
    own = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(own)})
        assert threads.usable_cores() == 1
    finally:
        os.sched_setaffinity(0, own)
        threads.usable_cores.cache_clear()
    assert threads.usable_cores() == joblib.cpu_count(only_physical_cores=True)


def test_threads_sleep_soon_unless_the_user_has_chosen(monkeypatch):
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "KMP_BLOCKTIME"):
        monkeypatch.delenv(name, raising=False)
    assert environment()["GOMP_SPINCOUNT"] == str(threads.SPINS)
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert "GOMP_SPINCOUNT" not in environment()


@pytest.mark.slow
def test_the_record_names_the_threads_and_the_worker_the_code_that_ran(launch, finish, phosphene):
    run = launch("walk", {"steps": 2}, threads=2)
    assert finish(run).state == "finished"
    started = run.history().started
    assert run.record().threads == started.threads == run.history().results["torch/threads"] == 2
    assert (started.version, started.folder) == (VERSION, CODE_FOLDER)
    assert versions()["phosphene"] == VERSION
    shown = json.loads(phosphene("show", run.id, "--json").stdout)
    assert shown["code"] == {"version": VERSION, "folder": CODE_FOLDER}
    assert shown["threads"] == 2


def test_a_resumed_run_keeps_its_threads_whatever_the_environment_says_by_then(launch, finish, monkeypatch):
    run = launch("trouble", threads=2)
    assert finish(run).state == "failed"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    resume(run, LocalExecutor())
    assert finish(run).state == "failed"
    started = run.history().started
    assert (started.attempt, started.threads) == (2, 2)


def test_a_worker_of_other_code_than_the_launchers_refuses(launch, finish, monkeypatch):
    monkeypatch.setattr(launching, "Order", functools.partial(Order, code="0.0.9 in /somewhere/else"))
    run = launch("count")
    status = finish(run)
    assert status.state == "failed"
    told = f"the worker runs Phosphene {VERSION} in {CODE_FOLDER}, but was launched by 0.0.9 in /somewhere/else"
    assert status.reason.startswith(told)


def test_phosphene_runs_as_a_module_from_the_folder_of_another_version(launch, finish, phosphene, tmp_path):
    other = tmp_path / "checkout"
    (other / "engine").mkdir(parents=True)
    (other / "engine/__init__.py").write_text("raise SystemExit('the stranger runs')")
    done = phosphene("run", "count", "--json", cwd=other)
    assert done.returncode == 0, done.stderr
    assert json.loads(phosphene("show", "last", "--json").stdout)["code"]["folder"] == CODE_FOLDER
