"""What the documents say is so: commands, links, and the example of an experiment of one's own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_ci_runs_the_readmes_test_command():
    command = "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/pytest"
    assert command in (ROOT / "README.md").read_text()
    assert command in (ROOT / ".ci/run").read_text()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_a_document_names_is_there(document):
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", document.read_text()):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_a_document_shows_is_one_the_program_knows(document, home):
    shown = re.findall(r"(?:\.venv/bin/|^)phosphene (\w+)(?: (\w[\w-]*))?", document.read_text(), flags=re.MULTILINE)
    from commands.main import ORDER
    from engine import catalogue

    for command, rest in shown:
        assert command in ORDER, command
        if command == "run" and rest not in {"softmax", "EXPERIMENT"}:
            assert rest in catalogue.experiments(), rest


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
