"""What a part of a report can show of runs or of a sweep, by name; and what it shows if nobody says so."""

from __future__ import annotations

from dataclasses import dataclass

SWEEP_ITEMS = ("plan", "combinations", "axes")
"""Items that only a sweep has."""
STUDY_ITEMS = ("question", "published", "studied", "figure")
"""Items that only a study has."""
ARGUMENTS = {
    "asked": "",
    "configuration": "",
    "curves": "METRIC",
    "pictures": "NAME",
    "table": "NAME",
    "results": "",
    "commands": "",
    "versions": "",
    "sources": "",
    **dict.fromkeys((*SWEEP_ITEMS, *STUDY_ITEMS), ""),
}
"""The items, with what must follow their name; nothing for most."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a part shows."""

    kind: str
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.argument}".rstrip()
