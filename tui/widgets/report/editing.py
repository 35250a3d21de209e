"""What is being edited: the words of a report, of a part as it was seen, or of a new one. No widget is touched here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from engine import ReportPart, report_edits
from tui.widgets.report.outline import Spot

if TYPE_CHECKING:
    from engine import ReportOutline


@dataclass(frozen=True, slots=True)
class Edited:
    """Texts that are being edited.

    Attributes:
        kind: whose they are.
        texts: heading and note, or title and author, as they are kept.
        place: of the part.
        part: as it was seen.
        key: the name under which what is typed and not kept is remembered.
    """

    kind: Literal["head", "part", "new"]
    texts: tuple[str, str]
    place: int = 0
    part: ReportPart | None = None
    key: str = ""

    @classmethod
    def of_part(cls, place: int, part: ReportPart) -> Edited:
        """Return the words of a part as what is edited."""
        return cls("part", (part.heading, part.note), place, part, f"part {part.heading}")

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return {"head": "the report", "new": "a new part"}.get(self.kind, f"part {self.place + 1}")

    @property
    def spot(self) -> Spot:
        """Where it stands in the outline."""
        return Spot() if self.kind == "head" else Spot("part", self.place)

    def applied(self, outline: ReportOutline, texts: tuple[str, str]) -> ReportOutline:
        """Return the outline with other words.

        Raises:
            PhospheneError: if somebody has changed the part, or taken it away.
        """
        if self.kind == "head":
            return replace(outline, title=texts[0], author=texts[1])
        if self.part is None:
            part = ReportPart(heading=texts[0], note=texts[1], source=outline.source)
            return report_edits.inserted(outline, min(self.place, len(outline.parts)), part)
        at = report_edits.found(outline, self.place, self.part)
        return report_edits.replaced(outline, at, replace(outline.parts[at], heading=texts[0], note=texts[1]))

    def anew(self, outline: ReportOutline) -> Edited:
        """Return what is edited after somebody else has changed it: the part that it has become, or else a new one."""
        alike = [at for at, one in enumerate(outline.parts) if self.part is not None and _alike(one, self.part)]
        if not alike:
            return replace(self, kind="new", texts=("", ""), place=min(self.place, len(outline.parts)), part=None)
        at = min(alike, key=lambda one: abs(one - self.place))
        return replace(Edited.of_part(at, outline.parts[at]), key=self.key)


def _alike(one: ReportPart, other: ReportPart) -> bool:
    """Tell whether a part may be what another one has become."""
    shown = bool(one.show) and (one.show, one.source) == (other.show, other.source)
    return shown or one.heading == other.heading
