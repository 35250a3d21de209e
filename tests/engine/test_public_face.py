"""The engine's public face is complete, sorted, and the same for people, type checkers and the import system."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import engine


def test_every_name_is_there_and_sorted():
    assert engine.__all__ == sorted(set(engine.__all__))
    for name in engine.__all__:
        assert getattr(engine, name) is not None


def test_what_type_checkers_see_is_what_is_imported_late():
    tree = ast.parse(Path(engine.__file__).read_text())
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.asname or alias.name for node in checked.body for alias in node.names}
    assert seen == set(engine.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = engine.nothing_of_the_kind
