"""What the documents say is so: commands, options, links, the public names, the sources, and the example experiment."""

from __future__ import annotations

import ast
import importlib
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
DOCUMENTS = [*(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")), *PAGES]
BIBLIOGRAPHY = ROOT / "docs/bibliography.md"
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def blocks(document: Path, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(document: Path) -> set[str]:
    """Return what a link can name behind ``#``, as GitHub makes it of the headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.casefold()).replace(" ", "-") for heading in headings}


def test_ci_runs_the_readmes_test_command():
    command = "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/pytest"
    assert command in (ROOT / "README.md").read_text()
    assert command in (ROOT / ".ci/run").read_text()


def test_the_readme_begins_with_what_a_newcomer_needs():
    headings = re.findall(r"^## (.+)$", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    assert headings == ["Start", "First run", "The workbench", "Headless", "Documents", "Tests"]


@each_document
def test_every_file_and_heading_a_document_names_is_there(document):
    for link in re.findall(r"\]\((?!http)([^)]+)\)", document.read_text()):
        target, _, anchor = link.partition("#")
        path = document.parent / target if target else document
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), link


@each_document
def test_no_cell_of_a_table_is_empty(document):
    for line in re.findall(r"^\|.*\|$", document.read_text(), flags=re.MULTILINE):
        assert all(cell.strip() for cell in line[1:-1].split("|")), line


@each_document
def test_every_command_a_document_shows_is_one_the_program_knows(document, home):
    shown = re.findall(r"(?:\.venv/bin/|^)phosphene (\w+)(?: (\w[\w-]*))?", document.read_text(), flags=re.MULTILINE)
    from commands.main import ORDER
    from engine import catalogue

    for command, rest in shown:
        assert command in ORDER, command
        if command == "run" and rest not in {"softmax", "EXPERIMENT"}:
            assert rest in catalogue.experiments(), rest


@each_document
def test_every_option_of_a_shown_command_exists(document, home):
    from typer.main import get_command

    from commands.main import app

    group = get_command(app)
    lines = "\n".join(line for block in blocks(document, "sh") for line in block.replace("\\\n", " ").splitlines())
    inline = re.findall(r"`((?:\.venv/bin/)?phosphene [^`]+)`", document.read_text())
    for line in [*re.findall(r"(?:^|&& |do )((?:\.venv/bin/)?phosphene .*)", lines, flags=re.MULTILINE), *inline]:
        words = shlex.split(re.split(r"; | \| | && | 2>", " ".join(line.split()))[0], comments=True)[1:]
        command = group
        while words and not words[0].startswith("-") and hasattr(command, "get_command"):
            if words[0] == "softmax":  # comes with the example, which is not installed here
                break
            command = command.get_command(None, words.pop(0))
        else:
            known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
            for word in words:
                assert not re.match(r"--?[a-zA-Z]", word) or word in {*known, "--help"}, f"{word} in: {line}"


@each_document
def test_code_imports_the_public_name_and_nothing_below_it(document):
    public = importlib.import_module("phosphene").__all__
    for block in blocks(document, "python"):
        for node in ast.walk(ast.parse(block)):
            names = [name.name for name in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            if isinstance(node, ast.ImportFrom):
                assert node.module == "phosphene", f"from {node.module}"
                assert set(names) <= set(public), names
            assert not {name.partition(".")[0] for name in names} & {"engine", "tui", "commands"}, names


def test_every_paper_that_code_or_a_document_names_is_in_the_bibliography():
    listed = re.findall(r"^- \*\*(.+?)\.\*\*", BIBLIOGRAPHY.read_text(), flags=re.MULTILINE)
    known = {(entry.split()[0], entry.rpartition(" ")[2]) for entry in listed}
    cited = set()
    for path in [*(set(DOCUMENTS) - {BIBLIOGRAPHY}), *ROOT.glob("engine/**/*.py")]:
        text = " ".join(path.read_text(encoding="utf-8").split())
        author = r"\b([A-Z][a-zà-ž]+(?:-[A-Z][a-z]+)?)(?:(?:, [A-Z][a-zà-ž]+)*,? (?:&|and) [A-Z][a-zà-ž]+| et al\.)"
        cited |= set(re.findall(rf"{author},? ((?:19|20)\d\d)\b", text))
    assert len(cited) > 15
    assert cited - known == set()


def test_identifiers_of_papers_are_well_formed_and_given_once():
    text = BIBLIOGRAPHY.read_text()
    numbers = re.findall(r"arXiv:(\S+?)\.?(?=\s)", text)
    assert all(re.fullmatch(r"\d{4}\.\d{4,5}", number) for number in numbers), numbers
    assert len(numbers) == len(set(numbers)) > 20


@pytest.mark.parametrize("page", sorted((ROOT / "docs/results").glob("*.md")), ids=lambda path: path.stem)
def test_measured_figures_stand_beside_their_command_and_their_seeds(page):
    text = page.read_text()
    assert ".venv/bin/p" in text
    assert page.stem == "speed" or re.search(r"\bone seed\b|\b(three|five) seeds\b", text, flags=re.IGNORECASE)


@each_document
def test_sources_are_called_by_their_names(document):
    assert not re.findall(r"\breports? 00\d|\bthe (?:notebooks|textbooks)\b", document.read_text())


def test_the_example_runs_and_is_listed_without_a_change_to_any_face(example, home):
    phosphene = [sys.executable, "-m", "phosphene"]
    listed = subprocess.run([*phosphene, "experiments", "--json"], capture_output=True, text=True, check=True)
    assert "softmax" in [entry["name"] for entry in json.loads(listed.stdout)]
    helped = subprocess.run([*phosphene, "run", "softmax", "--help"], capture_output=True, text=True, check=True)
    assert "learning rate of plain gradient descent" in helped.stdout
    command = [*phosphene, "run", "softmax", "--epochs", "60", "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["result"]["test/accuracy"] > 0.8
