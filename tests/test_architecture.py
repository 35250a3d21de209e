"""The walls of the house, the weight of its doors, and the tools that watch over it."""

from __future__ import annotations

import ast
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


def modules() -> dict[str, Path]:
    """Return every module of the engine by its dotted name."""
    found = {}
    for path in sorted(ROOT.glob("engine/**/*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(tree: ast.AST, known: set[str]) -> set[str]:
    """Return the modules that a module imports anywhere in it, but for the types alone."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            found |= set().union(*(imports(part, known) for part in node.orelse))
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names} & known
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{name.name}" for name in node.names}
            found |= (inner & known) or ({node.module} & known)
        else:
            found |= imports(node, known)
    return found


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that reach each other, after Tarjan."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            group = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(group) > 1 or module in graph[module]:
                found.append(sorted(group))

    for module in sorted(graph):
        if module not in index:
            visit(module)
    return found


def test_a_circle_is_found_also_where_a_function_imports():
    late = ast.parse("def use():\n    from engine.b import c\n")
    assert imports(late, {"engine.b"}) == {"engine.b"}
    assert imports(ast.parse("if TYPE_CHECKING:\n    import engine.b\n"), {"engine.b"}) == set()
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d"}}) == [["b", "c"], ["d"]]


def test_no_modules_of_the_engine_import_each_other_in_a_circle():
    known = modules()
    graph = {name: imports(ast.parse(path.read_text(encoding="utf-8")), set(known)) for name, path in known.items()}
    assert circles(graph) == []


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
        "from engine import dataset_catalogue, sources; list(map(sources.present, dataset_catalogue.datasets()))",
        "import engine.control.worker, engine.control.context, engine.control.engine, engine.control.ticket",
        "import engine.record.workspace, engine.record.series, engine.curves.trace",
        "from tui.preloading import load_the_rest; load_the_rest().join()",
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
