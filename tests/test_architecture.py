"""The walls of the house, the weight of its doors, and the tools that watch over it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "torchvision", "sklearn", "scipy")
QUICK = (*HEAVY, "numpy", "textual", "pydantic", "PIL", "rich.markdown")


def tool(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_walls_stand():
    tool(sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")


def test_every_room_is_inside_the_walls():
    """A package that is added must be named in the contract that keeps torch out, or be one that may have it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (walled,) = [contract for contract in contracts if contract["name"].startswith("Only programs")]
    named = set(walled["source_modules"])
    rooms = {f"engine.{path.stem}" for path in (ROOT / "engine").iterdir() if path.stem[0] != "_"}
    heavy = {"datasets", "drawing", "experiments", "networks", "tensors"}
    assert rooms - named == {f"engine.{room}" for room in heavy}
    assert "engine.experiments.*.declarations" in named


def loaded(statement: str, modules: tuple[str, ...]) -> list[str]:
    """Return which of the modules a fresh interpreter has loaded behind a statement."""
    script = f"import sys\n{statement}\nprint(*[m for m in {modules!r} if m in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stderr.split()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments):
    statement = f"import phosphene\nsys.argv[1:] = {arguments!r}\ntry: phosphene.main()\nexcept SystemExit: pass"
    assert loaded(statement, QUICK) == []


@pytest.mark.parametrize(
    "statement",
    [
        "import engine; [getattr(engine, name) for name in engine.__all__]",
        "from engine import catalogue; [e.fields() for e in catalogue.experiments().values()]",
        "from engine import sources; list(map(sources.present, sources.SOURCES))",
        "import engine.control.worker, engine.control.context, engine.control.engine, engine.control.queue",
        "import engine.record.workspace, engine.record.series, engine.curves.trace",
        "import tui.app",
        "import commands.main, commands.watch, commands.runs, commands.run, commands.data, commands.doctor",
    ],
)
def test_all_but_the_programs_runs_without_torch(statement):
    assert loaded(statement, HEAVY) == []


def test_the_public_face_is_whole_and_sorted():
    import engine

    assert sorted(engine.__all__) == list(engine.__all__)
    assert all(hasattr(engine, name) for name in engine.__all__)
    with pytest.raises(AttributeError, match="nothing_like_that"):
        engine.nothing_like_that  # noqa: B018


def test_modules_stay_short_and_say_what_they_are():
    rooms = [path for room in ("engine", "tui", "commands") for path in (ROOT / room).glob("**/*.py")]
    for path in [ROOT / "phosphene.py", *rooms]:
        text = path.read_text(encoding="utf-8")
        assert text.startswith('"""'), f"{path} has no docstring"
        assert text.count("\n") <= 400, f"{path} has two subjects"


def test_ruff_has_nothing_to_say():
    tool(sys.executable, "-m", "ruff", "check", ".")


def test_the_code_is_formatted():
    tool(sys.executable, "-m", "ruff", "format", "--check", ".")


def test_types_are_right():
    tool(sys.executable, "-m", "mypy")
