"""What one action of the registry is: where its keys work, what it does, and how it is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal[
    "app",
    "workbench",
    "experiments",
    "runs",
    "form",
    "charts",
    "pictures",
    "full picture",
    "tables",
    "console",
    "compare",
    "plan",
    "sweep",
    "shelf",
    "study",
    "report",
    "part",
]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do.

    Attributes:
        scope: where the keys work: on every screen, everywhere in the workbench, while a pane has the focus, or on
            another screen.
        name: the action of the screen or widget of that scope, with its arguments.
        keys: comma-separated key names.
        label: a few words for footer and palette.
        help: a sentence for help and palette.
        footer: whether the footer shows it.
        shown: the key as people write it, if that is not its name.
    """

    scope: Scope
    name: str
    keys: str
    label: str
    help: str
    footer: bool = False
    shown: str = ""

    @property
    def id(self) -> str:
        """The name by which a user gives it other keys: ``run``, ``charts.zoom-in``."""
        name = self.label.replace(" ", "-")
        return name if self.scope in {"app", "workbench"} else f"{self.scope.replace(' ', '-')}.{name}"
