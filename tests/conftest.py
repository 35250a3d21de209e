"""What the tests share: a workspace of their own, the command line as a process, terminals, waiting with a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from engine import Engine, Run, catalogue
from engine.control import devices, nvml
from engine.record.run_directory import RunDirectory
from engine.record.workspace import Workspace
from engine.slurm import queue, tools
from tests.forked_commands import Commands
from tests.one_host_slurm import OneHostSlurm, missing

PROGRAMS = Path(__file__).parent / "programs"
STANDINS = Path(__file__).parent / "standins"
PHOSPHENE = [sys.executable, "-m", "phosphene"]
PATIENCE = 60.0
"""Seconds until a test gives up waiting; nothing takes that long unless it is broken."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return one process more than there are cores: a test waits for a third of its time."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_configure(config: pytest.Config) -> None:
    """Compute in one thread, but for benchmarks: small networks gain nothing from more, and lose much beside others.

    Examples of properties may take their time: on a busy machine the first of them waits for others' imports. Where CI
    is set they are the same each time, so that what a change breaks is told from what was found by chance.
    """
    hypothesis.settings.register_profile("suite", deadline=None, derandomize="CI" in os.environ)
    hypothesis.settings.load_profile("suite")
    if not config.getoption("benchmark_enable"):
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_finish() -> None:
    """Keep the garbage collector off what was imported: going through it again and again takes a third of the time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a workspace of this test's own, with the tests' experiments declared here and in every process begun."""
    home = tmp_path / "home"
    paths = [str(PROGRAMS), str(PROGRAMS.parents[1])]
    monkeypatch.setenv("PHOSPHENE_HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    # Without bytecode every process would compile our modules anew.
    for name in ("NO_COLOR", "COLUMNS", "LINES", "TMUX", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.syspath_prepend(str(PROGRAMS))
    catalogue.experiments.cache_clear()
    yield home
    for run in directories(home):
        end_workers(run)
    catalogue.experiments.cache_clear()


@pytest.fixture
def example(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Install the example plug-in by hand, as pip would: its modules on the path, its entry point beside them."""
    folder = PROGRAMS.parents[1] / "examples/softmax"
    declared = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    info = tmp_path / "site" / f"{declared['name'].replace('-', '_')}-{declared['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {declared['name']}\nVersion: {declared['version']}\n")
    lines = [
        f"[{group}]\n{name} = {value}\n"
        for group, entries in declared["entry-points"].items()
        for name, value in entries.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.setenv("PYTHONPATH", f"{info.parent}:{folder}:{os.environ['PYTHONPATH']}")
    for path in (folder, info.parent):
        monkeypatch.syspath_prepend(str(path))
    catalogue.experiments.cache_clear()


@pytest.fixture(scope="session")
def slurm_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneHostSlurm]:
    """Return a real Slurm of one host, begun when the first test needs it, or skip."""
    if why := missing():
        pytest.skip(why)
    host = OneHostSlurm(tmp_path_factory.mktemp("slurm") / "host")
    try:
        host.start()
        yield host
    finally:
        host.stop()


@pytest.fixture
def slurm(slurm_host: OneHostSlurm, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OneHostSlurm]:
    """Return a Slurm without jobs that this process and those it begins submit to; its queue is asked often."""
    for name in [name for name in os.environ if name.startswith(("SLURM_", "SBATCH_", "SQUEUE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SLURM_CONF", str(slurm_host.conf))
    monkeypatch.setattr(queue, "SQUEUE_SECONDS", 0.3)
    monkeypatch.setattr(queue, "SETTLED", 0.5)
    monkeypatch.setattr(tools, "is_here", lambda: True)
    queue.QUEUE.forget()
    yield slurm_host
    slurm_host.clear()


def directories(home: Path) -> list[RunDirectory]:
    """Return the runs of a workspace, those not published yet and those in the trash among them."""
    folders = [*home.glob("runs/*"), *home.glob("runs/.new-*"), *home.glob("trash/*")]
    return [RunDirectory(folder) for folder in folders if folder.is_dir()]


def end_workers(run: RunDirectory) -> None:
    """End the workers of a run that still live, each with its own session."""
    for attempt in run.attempts():
        claim = attempt.claim()
        if claim is not None and claim.worker.presence() == "alive":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(claim.worker.pid, signal.SIGKILL)


def _until(condition: Callable[[], Any], within: float = PATIENCE, what: str = "") -> Any:
    """Return the condition's value as soon as it is true."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"after {within} s still not: {what or condition}")
        time.sleep(0.005)
    return value


@pytest.fixture
def until() -> Callable[..., Any]:
    """Wait until a condition holds, or fail at a deadline."""
    return _until


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """Return what runs commands without importing them anew for each."""
    commands = Commands()
    yield commands
    commands.close()


@pytest.fixture
def phosphene(home: Path, commands: Commands) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command to its end: ``phosphene("run", "count", "--json")``; with options as a shell begins it."""

    def run(*arguments: str, timeout: float = PATIENCE, **options: Any) -> subprocess.CompletedProcess[str]:
        if not options:
            return commands.run([*map(str, arguments)], timeout)
        command = [*PHOSPHENE, *map(str, arguments)]
        settings = {"capture_output": True, "encoding": "utf-8", "stdin": subprocess.DEVNULL}
        return subprocess.run(command, timeout=timeout, check=False, **settings | options)

    return run


@pytest.fixture
def launch(home: Path) -> Callable[..., Run]:
    """Launch a run from this process: ``launch("count", {"steps": 3}, slots=2)``."""

    def start(experiment: str = "count", values: dict[str, Any] | None = None, **options: Any) -> Run:
        return asyncio.run(Engine(home).launch(experiment, values or {}, {"device": "cpu", **options}))

    return start


@pytest.fixture
def finish() -> Callable[[Run], Any]:
    """Wait until a run has ended and return its status."""

    def wait(run: Run, within: float = PATIENCE) -> Any:
        _until(lambda: run.status().ended, within, f"{run.id} ended; it is {run.status()}")
        return run.status()

    return wait


@pytest.fixture
def visible(home: Path) -> Callable[[], list[Run]]:
    """Return the runs that anybody can see."""
    return lambda: Workspace(home).directories()


@pytest.fixture
def gpus(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Pretend, here and in every process begun, to have GPUs: ``gpus({"used": 5 << 30}, {}, visible="1")``.

    What is not said of one is that of a test GPU of 40 GiB; keywords but ``visible`` are the driver's. See
    ``tests/standins/pynvml.py``.
    """
    told = tmp_path / "gpus.json"
    caches = [devices.visible, devices.cuda_of_torch, nvml.driver]

    def pretend(*gpus: dict[str, Any], visible: str | None = None, **driver: Any) -> None:
        plain = {"name": "NVIDIA Test", "total": 40 << 30, "used": 0}
        listed = [{"uuid": f"GPU-{number}{number}", **plain, **gpu} for number, gpu in enumerate(gpus)]
        fresh = told.with_suffix(".new")
        fresh.write_text(json.dumps({**driver, "gpus": listed}))
        fresh.rename(told)
        if visible is None:
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        else:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        for cache in caches:
            cache.cache_clear()

    monkeypatch.setenv("STANDIN_GPUS", str(told))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(STANDINS), os.environ["PYTHONPATH"]]))
    monkeypatch.syspath_prepend(str(STANDINS))
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    yield pretend
    sys.modules.pop("pynvml", None)
    for cache in caches:
        cache.cache_clear()


class Terminal:
    """A process on a terminal of its own, which is its controlling one."""

    def __init__(self, command: list[str], size: tuple[int, int] = (30, 120), **environment: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=os.environ | {"TERM": "xterm-256color", **environment},
        )
        os.close(slave)
        self.text = ""
        self._seen = 0

    def drain(self, seconds: float = 0.0) -> bool:
        """Take in what the process writes for so long; return False once the terminal is closed."""
        deadline = time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return True
            try:
                data = os.read(self._master, 65_536)
            except OSError:
                return False
            self.text += data.decode("utf-8", "replace")

    def expect(self, pattern: str, within: float = PATIENCE) -> str:
        """Wait for a text behind the last one that was expected, colours and cursor movements left out."""
        deadline = time.monotonic() + within
        open_ = True
        while True:
            plain = re.sub(r"\x1b\[[0-9;?<>=]*[ -/]*[@-~]", "", self.text)
            if found := re.compile(pattern).search(plain, self._seen):
                self._seen = found.end()
                return found.group()
            if not open_ or time.monotonic() > deadline:
                pytest.fail(f"{pattern!r} was not shown behind {self._seen}: {plain[-2000:]}")
            open_ = self.drain(0.05)

    def send(self, keys: str) -> None:
        """Type."""
        os.write(self._master, keys.encode())

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def wait(self, within: float = PATIENCE) -> int:
        """Wait until the process has ended and return its status."""
        deadline = time.monotonic() + within
        while self.process.poll() is None and time.monotonic() < deadline:
            if self._master < 0 or not self.drain(0.02):
                return self.process.wait(max(0.1, deadline - time.monotonic()))
        if self._master >= 0:
            self.drain()
        return self.process.wait(0.1)

    def close(self) -> None:
        """End the process and close the terminal."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        self.hang_up()


@pytest.fixture
def terminal(home: Path) -> Iterator[Callable[..., Terminal]]:
    """Open ``phosphene ARGUMENTS`` on a terminal."""
    opened: list[Terminal] = []

    def start(*arguments: str, size: tuple[int, int] = (30, 120), **environment: str) -> Terminal:
        opened.append(Terminal([*PHOSPHENE, *arguments], size, **environment))
        return opened[-1]

    yield start
    for each in opened:
        each.close()
