"""What the workbench remembers from one start to the next: theme, renderer, forms, and when the runs were last seen."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from tui.renderers import RENDERERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass
class Settings:
    """Read from and written to one small file in the workspace, which several workbenches may have open.

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

    def __post_init__(self) -> None:
        self._known: dict[str, Any] = {}

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read the settings; a missing or damaged value becomes its default."""
        settings = cls()
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            values = {}
        for name, default in asdict(settings).items():
            value = values.get(name) if isinstance(values, dict) else None
            if isinstance(value, type(default)) or (isinstance(default, float) and isinstance(value, int)):
                setattr(settings, name, value)
        settings.forms, settings.drafts = _texts(settings.forms), _texts(settings.drafts)
        if settings.images not in {"auto", *RENDERERS}:
            settings.images = "auto"
        settings._known = asdict(settings)
        return settings

    def save(self, path: Path) -> bool:
        """Write what has changed here since it was read or written last; what others have written meanwhile stays.

        Returns:
            False if the workspace does not allow it.
        """
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        own = asdict(self)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            kept = _merged(self._known, own, asdict(Settings.load(path))) if path.exists() else own
            temporary.write_text(json.dumps(kept, indent=1), encoding="utf-8")
            temporary.replace(path)
        except OSError:
            return False
        self._known = own
        return True


def _merged(known: Mapping[str, Any], own: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is there, with what differs in one's own values from those that were known."""
    found = dict(there)
    for name in known.keys() | own.keys():
        before, after = known.get(name), own.get(name)
        if before == after:
            continue
        if isinstance(after, dict) and isinstance(there.get(name, {}), dict):
            found[name] = _merged(before if isinstance(before, dict) else {}, after, there.get(name, {}))
        elif name in own:
            found[name] = after
        else:
            found.pop(name, None)
    return found


def _texts(values: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """Return the texts by two names that are texts."""
    return {
        name: {own: text for own, text in texts.items() if isinstance(text, str)}
        for name, texts in values.items()
        if isinstance(texts, dict)
    }
