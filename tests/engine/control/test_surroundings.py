"""Strangers' files in the current folder or on ``PYTHONPATH`` change nothing and are not executed. Real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAMS = ROOT / "tests/programs"
CONSOLE_SCRIPT = f"#!{sys.executable}\nimport re, sys\nfrom phosphene import main\nsys.exit(main())\n"
ROOMS = ("commands", "engine", "tui")
STANDARD = ("inspect", "queue", "random", "types")
INSTALLED = ("numpy", "torch")


class Folder:
    """A folder of somebody else's project, whose modules leave a mark when they are executed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.marks = path / "marks"
        self.marks.mkdir(parents=True)

    def add(self, *names: str) -> None:
        for name in names:
            file = self.path / f"{name}.py"
            file.parent.mkdir(exist_ok=True)
            mark = self.marks / name.partition("/")[0]
            file.write_text(f"import sys\nopen({str(mark)!r}, 'w').close()\nsys.exit('a stranger was executed')\n")

    def executed(self) -> list[str]:
        return sorted(os.listdir(self.marks))


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "some body's project")


@pytest.fixture
def script(tmp_path):
    """Return the console script, as an installer writes it into a folder of programs."""
    path = tmp_path / "bin/phosphene"
    path.parent.mkdir()
    path.write_text(CONSOLE_SCRIPT)
    path.chmod(0o755)
    return path


def run_in(folder, command, **environment):
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder.path,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert folder.executed() == [], done.stderr
    return done


def finished(done) -> bool:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["state"] == "finished"


@pytest.mark.parametrize(
    ("names", "experiment"),
    [
        pytest.param([*ROOMS, *STANDARD, *INSTALLED], "walk", marks=pytest.mark.slow),
        ([*ROOMS, *STANDARD, *INSTALLED], "count"),
        ([f"{room}/__init__" for room in ROOMS], "count"),
    ],
)
def test_a_run_from_a_folder_with_modules_of_the_same_names(home, folder, script, names, experiment):
    """``walk`` imports numpy, random, torch and, through torch, most of the standard library."""
    folder.add(*names)
    assert finished(run_in(folder, [script, "run", experiment, "--steps", "2", "--json"]))


@pytest.mark.slow
def test_pythonpath_may_name_such_a_folder(home, folder, script):
    """Not ``types``: the interpreter itself needs it before our first line."""
    folder.add(*ROOMS, "queue", "random", *INSTALLED)
    path = os.pathsep.join([".", str(PROGRAMS), str(ROOT)])
    assert finished(run_in(folder, [script, "run", "walk", "--steps", "2", "--json"], PYTHONPATH=path))


def test_started_by_name_from_such_a_folder(home, folder):
    folder.add(*ROOMS, "queue", "random", *INSTALLED)
    assert finished(run_in(folder, [sys.executable, "-m", "phosphene", "run", "count", "--steps", "2", "--json"]))


@pytest.mark.parametrize("warm", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_worker_starts_though_pythonpath_holds_what_stops_an_interpreter(home, folder, warm):
    """The script's own interpreter is started without that folder; its worker inherits the variable."""
    folder.add(*ROOMS, *STANDARD, *INSTALLED)
    script = f"""
import asyncio, os
os.environ["PYTHONPATH"] = os.pathsep.join([".", {str(PROGRAMS)!r}])
from phosphene import Engine
async def main():
    engine = Engine()
    if {warm}:
        await engine.warm()
    run = await engine.launch("{"walk" if warm else "count"}", {{"steps": 2}})
    async for _ in engine.follow(run):
        pass
    print('{{"state": "%s"}}' % run.status().state)
asyncio.run(main())
"""
    assert finished(run_in(folder, [sys.executable, "-P", "-c", script]))


def test_a_library_finds_our_rooms_and_leaves_the_search_path_alone(home, folder):
    folder.add(*ROOMS)
    script = "import sys; before = list(sys.path); import phosphene; phosphene.Engine(); import tui, commands; "
    done = run_in(folder, [sys.executable, "-c", script + "assert sys.path == before; print(tui.__file__)"])
    assert done.stdout.strip() == str(ROOT / "tui/__init__.py"), done.stderr


def test_a_stranger_that_was_imported_first_is_named(home, folder):
    (folder.path / "engine.py").write_text("SPARK = 1\n")
    done = run_in(folder, [sys.executable, "-c", "import engine, phosphene; phosphene.Engine"])
    assert f"ImportError: {folder.path}/engine.py was imported as 'engine' before phosphene" in done.stderr


def test_a_program_and_what_it_starts_see_the_users_pythonpath(home, tmp_path, monkeypatch, phosphene):
    information = tmp_path / "own/children-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: children\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[phosphene.experiments]\nown = children:EXPERIMENT\n")
    (tmp_path / "own/children.py").write_text("""
import os, subprocess, sys
from phosphene import Experiment, Hyperparameters
def run(hyperparameters, context):
    child = "import children, os; print(os.environ.get('PHOSPHENE_PYTHONPATH'))"
    context.message(subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True).stdout)
    context.message(os.environ["PYTHONPATH"])
EXPERIMENT = Experiment("children", "Children", "mine", "Starts a process.", Hyperparameters, "children:run")
""")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "own"), str(ROOT)]))
    assert finished(phosphene("run", "children", "--json"))
    messages = json.loads(phosphene("show", "last", "--json").stdout)["messages"]
    assert [text.strip() for text in messages] == ["None", os.environ["PYTHONPATH"]]


@pytest.mark.parametrize("arguments", [[], ["--help"], ["run", "count"], ["runs"]])
def test_a_command_in_a_deleted_folder_is_one_sentence(home, tmp_path, script, arguments):
    gone = tmp_path / "gone"
    gone.mkdir()
    shell = ["sh", "-c", f'rmdir {gone} && exec "$@"', "sh", script, *arguments]
    done = subprocess.run(shell, cwd=gone, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "phosphene: the current folder was deleted: change to another one\n"


@pytest.mark.slow
def test_a_worker_runs_though_its_launchers_folder_was_deleted(home, tmp_path):
    """As it may be while the workbench is open."""
    script = """
import asyncio, os
from phosphene import Engine
os.rmdir(os.getcwd())
async def main():
    engine = Engine()
    run = await engine.launch("walk", {"steps": 2})
    async for _ in engine.follow(run):
        pass
    print('{"state": "%s"}' % run.status().state)
asyncio.run(main())
"""
    gone = tmp_path / "gone"
    gone.mkdir()
    command = [sys.executable, "-c", script]
    assert finished(subprocess.run(command, cwd=gone, capture_output=True, text=True, timeout=60, check=False))
