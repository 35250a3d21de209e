"""What every executor does alike, and that starting and ending workers is an executor's business alone."""

from __future__ import annotations

import ast
import json
import time
from pathlib import Path

import pytest

from engine import Workspace, catalogue
from engine.control.executors.local import LocalExecutor
from engine.control.executors.slurm import SlurmExecutor
from engine.control.launching import start
from engine.control.order import Order
from engine.errors import InvalidHyperparameters, LaunchError, RunStateError
from engine.record.run_directory import RunDirectory, RunRecord
from engine.slurm.job import Job, write_job

ROOT = Path(__file__).parents[3]


class ExecutorContract:
    """The contract of executors; each implementation has a subclass with a fixture ``make``.

    ``make()`` returns an executor as a process of its own would make it: two know nothing of each other.
    """

    @pytest.fixture
    def staged(self, home):
        """Stage a run of ``count`` and return its order."""

        def stage(**values) -> Order:
            hyperparameters = catalogue.experiment("count").validate(values).model_dump(mode="json")
            record = RunRecord("", "count", hyperparameters, 0, "cpu", time.time(), slots=64)
            record, staged = Workspace(home).prepare(record)
            run = Workspace(home).runs / record.id
            return Order(staged, run, run, "0001")

        return stage

    @pytest.fixture
    def going(self, home, staged, until):
        """Submit a run that waits at a gate; return the run and the attempt's folder."""

        def start(executor):
            order = staged(gate=str(home / "gate"))
            executor.submit(order)
            assert order.publish()
            run, attempt = RunDirectory(order.run), order.folders()[1]
            until(lambda: run.status().state == "running")
            return run, attempt

        return start

    @pytest.mark.parametrize("warm", [False, True])
    def test_a_submitted_order_is_carried_out(self, make, staged, finish, until, warm):
        executor = make()
        if warm:
            executor.warm()
        order = staged(steps=3)
        executor.submit(order)
        assert order.publish()
        assert finish(RunDirectory(order.run)).state == "finished"
        until(lambda: executor.poll(order.folders()[1]) == "dead")
        executor.close()

    def test_a_worker_publishes_what_its_launcher_left_unpublished(self, make, staged, finish, until):
        order = staged(steps=3)
        make().submit(order)
        until(order.published.is_dir)
        assert finish(RunDirectory(order.run)).state == "finished"

    def test_another_one_finds_a_worker_and_ends_it_with_its_session(self, make, going, until):
        run, attempt = going(make())
        other = make()
        assert other.poll(attempt) == "alive"
        other.cancel(attempt)
        until(lambda: make().poll(attempt) == "dead")
        assert run.status().state == "crashed"

    def test_to_cancel_a_worker_that_is_gone_does_nothing(self, make, staged, finish, until):
        executor, order = make(), staged(steps=1)
        executor.submit(order)
        assert order.publish()
        finish(RunDirectory(order.run))
        attempt = order.folders()[1]
        until(lambda: executor.poll(attempt) == "dead")
        executor.cancel(attempt)
        assert RunDirectory(order.run).status().state == "finished"

    def test_a_closed_executor_leaves_its_workers_alone(self, make, going, home, finish):
        executor = make()
        run, attempt = going(executor)
        executor.close()
        executor.close()
        assert executor.poll(attempt) == "alive"
        (home / "gate").touch()
        assert finish(run).state == "finished"


class TestLocalExecutor(ExecutorContract):
    @pytest.fixture
    def make(self):
        made = []

        def make():
            made.append(LocalExecutor())
            return made[-1]

        yield make
        for executor in made:
            executor.close()

    def test_an_attempt_without_a_claim_waits_and_cannot_be_cancelled(self, make, staged):
        attempt = staged().folders()[0]
        assert make().poll(attempt) == "waiting"
        with pytest.raises(RunStateError, match="not there yet and cannot be killed from here"):
            make().cancel(attempt)

    def test_a_worker_of_another_host_is_elsewhere(self, make, going, home):
        _, attempt = going(make())
        claim = json.loads((attempt / "claim.json").read_text())
        (attempt / "claim.json").write_text(json.dumps(claim | {"host": "far", "boot": "another"}))
        assert make().poll(attempt) == "elsewhere"
        with pytest.raises(RunStateError, match="is on far"):
            make().cancel(attempt)
        (attempt / "claim.json").write_text(json.dumps(claim))

    def test_an_interpreter_that_cannot_be_started_is_a_launch_error(self, make, staged, monkeypatch):
        monkeypatch.setattr("sys.executable", "/nowhere/python")
        with pytest.raises(LaunchError, match="the worker could not be started"):
            make().submit(staged())


class TestSlurmExecutor(ExecutorContract):
    @pytest.fixture
    def make(self, slurm):
        return SlurmExecutor

    def test_a_refused_job_leaves_nothing_behind_and_says_why_in_slurms_words(self, make, home, staged):
        order = staged()
        write_job(order.folders()[0], Job(options=("--partition=nonesuch",)))
        with pytest.raises(InvalidHyperparameters, match="invalid partition specified: nonesuch"):
            start(order, make())
        assert [*Workspace(home).runs.iterdir()] == []

    def test_a_job_that_waits_is_taken_back(self, make, staged, slurm):
        executor, order = make(), staged()
        write_job(order.folders()[0], Job(options=("--hold",)))
        executor.submit(order)
        attempt = order.folders()[1]
        assert executor.poll(attempt) == "waiting"
        assert slurm.jobs() == ["PENDING"]
        assert executor.withdraw(attempt)
        assert executor.poll(attempt) == "dead"
        assert slurm.jobs() == []

    def test_a_job_that_has_started_is_not_taken_back(self, make, going, home, finish):
        executor = make()
        run, attempt = going(executor)
        assert not executor.withdraw(attempt)
        (home / "gate").touch()
        assert finish(run).state == "finished"


def calls_of_the_system(path: Path) -> set[str]:
    """Return what a module uses of ``os`` and the like, by attribute or by import."""
    used = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.ImportFrom):
            used |= {f"{node.module}.{alias.name}" for alias in node.names}
    return used


def test_nothing_but_an_executor_and_its_server_starts_or_ends_a_worker():
    rooms = [path for room in ("engine", "tui", "commands") for path in (ROOT / room).rglob("*.py")]
    starting = {"subprocess.Popen", "os.fork", "os.kill", "os.killpg", "os.posix_spawn"}
    starting_apps = {ROOT / "commands/serving/session.py"}  # it ends the app of a tab, no worker
    users = {path for path in (ROOT / "phosphene.py", *rooms) if calls_of_the_system(path) & starting}
    workers = {ROOT / "engine/control/executors/local.py", ROOT / "engine/control/fork_server.py"}
    assert users == workers | starting_apps
