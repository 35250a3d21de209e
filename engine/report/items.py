"""What a part of a report can show of runs or of a sweep, by name; and what it shows if nobody says so."""

from __future__ import annotations

from dataclasses import dataclass

from engine import wording
from engine.errors import PhospheneError

SWEEP_ITEMS = ("plan", "combinations", "axes", "parallel")
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
HEADINGS = {
    "asked": "What was asked",
    "configuration": "Configuration",
    "curves": "Curves",
    "pictures": "Pictures and plots",
    "table": "Tables",
    "results": "Results",
    "commands": "Commands",
    "versions": "Versions and times",
    "sources": "Sources",
    "plan": "What was asked",
    "combinations": "Combinations",
    "axes": "Over the axes",
    "parallel": "All axes",
    "question": "The question",
    "published": "Published and measured",
    "figure": "The figure",
    "studied": "Combinations",
}
"""What stands above each kind of item unless somebody says otherwise."""
WAYS = {
    "baseline": ("results",),
    "smooth": ("curves",),
    "x": ("curves",),
    "log_y": ("curves",),
    "step": ("pictures",),
}
"""Ways of showing runs, with the kinds of items to which they matter."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a part shows."""

    kind: str
    argument: str = ""

    @classmethod
    def of(cls, text: str) -> Item:
        """Return what a text such as ``curves train/loss`` names.

        Raises:
            PhospheneError: if there is no such item, or its name is missing, or there should be none.
        """
        kind, _, argument = text.strip().partition(" ")
        argument = argument.strip()
        if kind not in ARGUMENTS:
            hint = wording.meant(kind, ARGUMENTS, f"there are: {', '.join(ARGUMENTS)}")
            raise PhospheneError(f"{kind!r} cannot be shown; {hint}")
        wanted = ARGUMENTS[kind]
        if bool(argument) != bool(wanted):
            said = f'{kind} needs a name, as in "{kind} {wanted}"' if wanted else f"{kind} takes no name"
            raise PhospheneError(said)
        return cls(kind, argument)

    def __str__(self) -> str:
        return f"{self.kind} {self.argument}".rstrip()
