"""One look at a report: its file, its parts as they will be read, what is wrong with them; no widget is touched."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine import Histories, KeptReport, ReportPart, Workspace
    from tui.reporting import Reporting


@dataclass(frozen=True, slots=True)
class Read:
    """A part as it will be read.

    Attributes:
        text: in Markdown, captions in place of figures.
        problems: what is wrong with its items, by their places.
    """

    text: str = ""
    problems: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found.

    Attributes:
        kept: the report.
        read: its parts, by themselves without their lines; None while that is still to be worked out.
    """

    kept: KeptReport
    read: Mapping[ReportPart, Read] | None = None

    def of(self, part: ReportPart) -> Read | None:
        """Return a part as it will be read; None as long as that is not known."""
        return self.read.get(placeless(part)) if self.read is not None else None


def placeless(part: ReportPart) -> ReportPart:
    """Return a part wherever it stands in its file."""
    return replace(part, line=0)


class Looking:
    """Reads a report again and again; its methods are called in threads, one at a time.

    Args:
        reporting: the reports of the workspace.
        workspace: of the runs.
    """

    def __init__(self, reporting: Reporting, workspace: Workspace) -> None:
        self._reporting = reporting
        self._workspace = workspace
        self._histories: Histories | None = None
        self._before: Any = None
        self._seen: Seen | None = None
        self._lock = threading.Lock()

    def look(self, name: str) -> Seen | None:
        """Return what there is to see, at first without the parts; None if that is the same as at the last look."""
        with self._lock:
            kept = self._reporting.kept.look(name)
            if self._seen is None or kept != self._seen.kept:
                same = self._seen is not None and self._seen.kept.name == kept.name
                self._seen, self._before = Seen(kept, self._seen.read if self._seen and same else None), None
                return self._seen
            if kept.outline is None:
                return None
            state = [(run.id, run.name, run.status.state) for run in self._workspace.list()]
            if state == self._before:
                return None
            self._before = state
            read = self._read(kept)
            if read == self._seen.read:
                return None
            self._seen = replace(self._seen, read=read)
            return self._seen

    def _read(self, kept: KeptReport) -> dict[ReportPart, Read]:
        from engine import Histories, Reports

        assert kept.outline is not None, "only what has no mistake is read"
        self._histories = self._histories or Histories()
        texts, broken = Reports(self._workspace, self._histories).sketch(kept.outline)
        return {
            placeless(part): Read(text, {item: said for (at, item), said in broken.items() if at == place})
            for place, (part, text) in enumerate(zip(kept.outline.parts, texts, strict=True))
        }
