"""The name that the world imports: complete, sorted, late, and the same for people, type checkers and installers."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

import phosphene
from engine import authoring, errors

ROOT = Path(phosphene.__file__).parent


def test_every_name_is_there_and_sorted():
    assert phosphene.__all__ == sorted(set(phosphene.__all__))
    for name in phosphene.__all__:
        assert getattr(phosphene, name) is not None


def test_what_type_checkers_see_is_what_is_imported_late():
    tree = ast.parse(Path(phosphene.__file__).read_text())
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.asname or alias.name for node in checked.body for alias in node.names}
    assert seen - {"Any", "ModuleSpec"} == set(phosphene.__all__)


def test_it_hands_on_what_authors_need_and_every_error():
    assert set(authoring.__all__) <= set(phosphene.__all__)
    raised = {
        name for name, value in vars(errors).items() if isinstance(value, type) and value.__module__ == "engine.errors"
    }
    assert raised <= set(phosphene.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = phosphene.nothing_of_the_kind


def test_the_wheel_holds_every_room_and_the_script_starts_here():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["scripts"] == {"phosphene": "phosphene:main"}
    shipped = project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert set(shipped) == {"phosphene.py"} | rooms
