"""What the workbench remembers from one start to the next: theme, renderer, forms, and when the runs were last seen."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from tui.renderers import RENDERERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass
class Settings:
    """Read from and written to one small file in the workspace.

    Attributes:
        warm: whether a fork server waits with torch imported, so that a run starts at once; it needs about 450 MiB.
        images: renderer of pictures, or ``auto``.
        theme: name of the colour theme that the user chose; empty for the one that fits the terminal.
        seen: when the runs were last on a screen, in seconds since the epoch.
        experiment: name of the experiment chosen last.
        columns: of the table of runs; empty for those that suit the runs.
        sort: by which of them it is sorted, with ``-`` before it if falling; empty for the newest first.
        sizes: of columns and rows of the screen.
        forms: text of every changed field by its name, by experiment.
        report: name of the report that things are added to.
        drafts: what was typed into parts of reports and is not kept, by heading, by report.
    """

    warm: bool = True
    images: str = "auto"
    theme: str = ""
    seen: float = 0.0
    experiment: str = ""
    columns: str = ""
    sort: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    forms: dict[str, dict[str, str]] = field(default_factory=dict)
    report: str = ""
    drafts: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read the settings; a missing or damaged value becomes its default."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return cls()
        settings = cls()
        for name, default in asdict(settings).items():
            value = values.get(name) if isinstance(values, dict) else None
            if isinstance(value, type(default)) or (isinstance(default, float) and isinstance(value, int)):
                setattr(settings, name, value)
        settings.forms, settings.drafts = _texts(settings.forms), _texts(settings.drafts)
        if settings.images not in {"auto", *RENDERERS}:
            settings.images = "auto"
        return settings

    def save(self, path: Path) -> bool:
        """Write the settings; return False if the workspace does not allow it."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
            temporary.replace(path)
        except OSError:
            return False
        return True


def _texts(values: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """Return the texts by two names that are texts."""
    return {
        name: {own: text for own, text in texts.items() if isinstance(text, str)}
        for name, texts in values.items()
        if isinstance(texts, dict)
    }
