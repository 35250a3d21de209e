"""Workers that a server forks are as good as those that were started alone, whoever is killed. Real processes."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from engine import Engine, Workspace, catalogue
from engine.control.executors import local
from engine.control.fork_server import FORK
from engine.control.order import Order
from engine.record.run_directory import RunDirectory, RunRecord
from tests.conftest import PROGRAMS, Terminal, directories, end_workers

WALK = {"steps": 12}
OPTIONS = {"slots": 64, "seed": 3, "device": "cpu", "threads": 2}
OWNER = """
import asyncio, sys, time
from engine import Engine, catalogue

async def main():
    engine = Engine()
    await engine.warm()
    while not engine._executor.local._server.is_ready():
        await asyncio.sleep(0.02)
    run = await engine.launch("count", {"gate": sys.argv[1]}, {"device": "cpu"})
    print("launched by", engine._executor.local._server.process.pid, flush=True)
    await asyncio.sleep(60)

while True:
    try:
        asyncio.run(main()) if len(sys.argv) == 2 else time.sleep(60)
    except KeyboardInterrupt:
        sys.argv.append("interrupted")
        print("interrupted", flush=True)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One workspace for all tests here, so that one server can serve them."""
    home = tmp_path_factory.mktemp("home")
    environment = local.environment
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("PHOSPHENE_HOME", str(home))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(PROGRAMS), str(PROGRAMS.parents[1])]))
        # OpenBLAS starts threads when it is imported.
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        monkeypatch.syspath_prepend(str(PROGRAMS))
        # Pytest changes it with every test.
        monkeypatch.setattr(local, "environment", lambda: environment() | {"PYTEST_CURRENT_TEST": ""})
        catalogue.experiments.cache_clear()
        yield home
    for run in directories(home):
        end_workers(run)
    catalogue.experiments.cache_clear()


@pytest.fixture(scope="module")
def engine(home):
    engine = Engine(home)
    yield engine
    engine.close()


@pytest.fixture
def server(engine, until):
    """Return the process that forks the workers of the engine."""
    asyncio.run(engine.warm())
    until(engine._executor.local._server.is_ready)
    return psutil.Process(engine._executor.local._server.process.pid)


def start(engine, name="walk", values=WALK, **options):
    return asyncio.run(engine.launch(name, values, OPTIONS | options))


def worker(run) -> int:
    return run.attempts()[-1].claim().worker.pid


def parent(pid) -> int:
    return psutil.Process(pid).ppid()


@pytest.mark.slow
def test_forked_workers_compute_what_one_computes_that_was_started_alone(engine, server, finish, until, compare):
    alone = asyncio.run(Engine(engine.workspace.home).launch("walk", WALK, OPTIONS))
    runs = [start(engine) for _ in range(20)]
    pids = [worker(run) for run in runs]
    # Killed, it is crashed and nothing else; the server forks the worker that goes on, too.
    cut = start(engine, values=WALK | {"pause": 0.02})
    until(cut.last_checkpoint)
    os.killpg(worker(cut), signal.SIGKILL)
    assert finish(cut).state == "crashed"
    asyncio.run(engine.resume(cut))
    pids.append(worker(cut))
    for run in (alone, *runs, cut):
        assert finish(run).state == "finished"
    assert len({*pids, worker(alone)}) == 22
    for run in (*runs, cut):
        compare(run, alone)
    assert engine._executor.local._server.process.pid == server.pid
    # None of them stays as a zombie.
    until(lambda: not server.children())


def test_a_forked_worker_has_a_session_of_its_own_and_can_be_killed(engine, server, finish, until, home):
    waiting = {"gate": str(home / "never")}
    run, other = start(engine, "count", waiting), start(engine, "count", waiting)
    until(lambda: run.status().state == other.status().state == "running")
    for pid in (worker(run), worker(other)):
        assert parent(pid) == server.pid
        assert os.getsid(pid) == os.getpgid(pid) == pid
        open_files = [str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()]
        assert not [file for file in open_files if file.startswith("pipe:")], "the server's pipes are not its own"
    asyncio.run(engine.stop(run, kill=True))
    assert finish(run).state == "stopped"
    assert other.status().worker.presence() == "alive"
    asyncio.run(engine.stop(other, kill=True))
    assert server.is_running()


def test_a_waiting_server_does_nothing(server, finish, home):
    before = server.num_ctx_switches(), server.cpu_times()
    assert finish(start(Engine(home), "count")).state == "finished"
    assert server.num_threads() == 1
    assert (server.num_ctx_switches(), server.cpu_times()) == before


def test_a_worker_inherits_what_its_launcher_has_now(engine, server, finish, monkeypatch, tmp_path):
    waiting = engine._executor.local._server
    with monkeypatch.context() as changed:
        changed.setenv("OMP_NUM_THREADS", "2")
        assert not waiting.is_usable()
    umask = os.umask(0o077)
    assert waiting.is_usable() == (umask == 0o077)
    os.umask(umask)
    assert waiting.is_usable()
    monkeypatch.chdir(tmp_path)
    run = start(engine, "count", {"steps": 1, "pause": 0.3})
    assert Path(f"/proc/{worker(run)}/cwd").readlink() == tmp_path
    assert finish(run).state == "finished"
    assert not server.is_running()


def test_a_server_that_hangs_is_replaced_in_time_and_takes_no_run_with_it(
    engine, server, finish, until, home, monkeypatch, visible
):
    monkeypatch.setattr(local, "ANSWER_SECONDS", 0.2)
    waiting = {"gate": str(home / "gate"), "say": "once"}
    going = start(engine, "count", waiting)
    before = len(visible())
    server.suspend()
    began = time.monotonic()
    run = start(engine, "count", waiting)
    assert time.monotonic() - began < 2.0
    until(lambda: not server.is_running())
    (home / "gate").touch()
    for each in (going, run):
        assert finish(each).state == "finished"
        assert each.attempts()[0].output_tail() == ["once"]
    assert len(visible()) == before + 1


@pytest.mark.slow
def test_an_order_is_served_though_its_owner_is_gone_before_the_answer(engine, server, finish, until, home):
    hyperparameters = catalogue.experiment("count").validate({"steps": 3}).model_dump(mode="json")
    record, staged = Workspace(home).prepare(RunRecord("", "count", hyperparameters, 0, "cpu", time.time(), slots=64))
    run = RunDirectory(Workspace(home).runs / record.id)
    pipes = engine._executor.local._server.process
    pipes.stdout.close()
    pipes.stdin.write(f"{FORK} {Order(staged, run.path, run.path, '0001').to_json()}\n".encode())
    pipes.stdin.close()
    until(run.path.is_dir)
    assert finish(run).state == "finished"
    assert pipes.wait(10) == 0


def test_a_process_that_has_asked_for_cuda_or_has_threads_is_not_forked(home):
    script = "import threading, torch; {}; from engine.control.fork_server import _can_fork; print(_can_fork())"
    asked = [
        subprocess.Popen([sys.executable, "-c", script.format(what)], stdout=subprocess.PIPE, text=True)
        for what in (
            "torch.cuda.is_available()",
            "threading.Thread(target=threading.Event().wait, daemon=True).start()",
        )
    ]
    assert [process.communicate()[0].strip() for process in asked] == ["False", "False"]


@pytest.mark.slow
def test_an_interrupted_owner_keeps_its_server_and_a_killed_one_its_runs(home, until, finish, visible):
    gate = home / "owner's gate"
    known = {run.id for run in visible()}
    owner = Terminal([sys.executable, "-c", OWNER, str(gate)])
    try:
        server = psutil.Process(int(owner.expect(r"launched by \d+").split()[-1]))
        (run,) = (run for run in visible() if run.id not in known)
        assert parent(worker(run)) == server.pid
        owner.send("\x03")
        owner.expect("interrupted")
        assert server.status() == psutil.STATUS_SLEEPING
        assert run.status().worker.presence() == "alive"
    finally:
        owner.close()
    until(lambda: not server.is_running())
    assert run.status().worker.presence() == "alive"
    gate.touch()
    assert finish(run).state == "finished"


@pytest.mark.slow
def test_a_server_whose_code_was_edited_forks_no_more(home, tmp_path):
    for room in ("engine", "phosphene.py"):
        source = PROGRAMS.parents[1] / room
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / room)
    script = (
        OWNER.partition("\nwhile True")[0].replace("asyncio.sleep(60)", "asyncio.sleep(0)")
        + """
    import pathlib, psutil
    for edited in (False, True):
        if edited:
            with pathlib.Path("engine/control/worker.py").open("a") as file:
                file.write("# edited")
        server = engine._executor.local._server.process.pid
        run = await engine.launch("count", {"steps": 1, "pause": 0.5}, {"device": "cpu"})
        print(psutil.Process(run.attempts()[0].claim().worker.pid).ppid() == server)

asyncio.run(main())
"""
    )
    (home / "open").touch()
    done = subprocess.run(
        [sys.executable, "-c", script, str(home / "open")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.split()[-2:] == ["True", "False"], done.stderr
