"""Keys that the user chose: ``keys.toml`` in the workspace gives actions, by their ids, other keys.

::

    run = "ctrl+r"
    charts.zoom = "plus,ctrl+up"
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textual.keys import Keys, format_key, key_to_character

from tui.actions import ACTS, Act, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FILE = "keys.toml"
_INSIDE: dict[Scope, set[Scope]] = {
    "workbench": {"experiments", "runs", "form", "charts", "pictures", "console", "tables"},
    "compare": {"charts"},
    "report": {"part"},
}
"""Scopes in which the keys of a screen work too."""
_NAMED = {key.value for key in Keys}


@dataclass(frozen=True, slots=True)
class Keymap:
    """Keys that take the place of those in the registry.

    Attributes:
        chosen: comma-separated keys by the id of their action.
        problems: a sentence for each line of the file that cannot be followed.
    """

    chosen: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Keymap:
        """Read the file; one that is not there holds nothing."""
        try:
            lines = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            return cls(problems=[f"{path} cannot be read: {error}"])
        keymap = cls()
        for name, keys in _flat(lines):
            problem = keymap._problem(name, keys)
            if problem:
                keymap.problems.append(f"{path.name}: {problem}")
            else:
                keymap.chosen[name] = ",".join(_key(key) for key in keys.split(","))
        return keymap

    def keys(self, act: Act) -> list[str]:
        """Return the keys of an action that are in force."""
        return self.chosen.get(act.id, act.keys).split(",")

    def display(self, act: Act) -> str:
        """Return the keys of an action as people write them."""
        if act.shown and act.id not in self.chosen:
            return act.shown
        return " ".join(format_key(key).replace("ctrl+", "^") for key in self.keys(act))

    def _problem(self, name: str, keys: Any) -> str:
        """Return why an action cannot have these keys, or the empty string."""
        act = next((act for act in ACTS if act.id == name), None)
        if act is None:
            near = difflib.get_close_matches(name, [act.id for act in ACTS], n=1)
            return f"there is no action {name!r}" + (f"; did you mean {near[0]!r}?" if near else "; see the help: ?")
        if not isinstance(keys, str):
            return f"{name}: write its keys as text, for example {name} = {act.keys!r}"
        for key in keys.split(","):
            if not _is_key(_key(key)):
                return f"{name}: there is no key {key.strip()!r}; write for example ctrl+r, f5, R or slash"
            for other in ACTS:
                taken = _key(key) in self.keys(other) and _key(key) not in act.keys.split(",")
                if other is not act and taken and _meet(act, other):
                    return f"{name}: {key.strip()} is the key of {other.id!r} already; give that another one first"
        return ""


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _meet(one: Act, other: Act) -> bool:
    """Return whether both actions can be meant at the same time by one key."""
    scopes = {one.scope, other.scope}
    inside = any(screen in scopes and scopes & panes for screen, panes in _INSIDE.items())
    return len(scopes) == 1 or "app" in scopes or inside


def _key(text: str) -> str:
    """Return the name of a key: ``slash`` for ``/``."""
    text = text.strip()
    named = {"/": "slash", "?": "question_mark", "+": "plus", "-": "minus", "*": "asterisk", "#": "number_sign"}
    return named.get(text, text)


def _is_key(name: str) -> bool:
    plain = name.removeprefix("alt+")
    return plain in _NAMED or (len(plain) == 1 and plain.isalnum()) or key_to_character(plain) is not None
