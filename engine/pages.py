"""The page of an experiment: what it does, what to look at, what matters, what its figures mean, its sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.declaration import Experiment


@dataclass(frozen=True, slots=True)
class Page:
    """What people read of an experiment beside its declaration.

    Attributes:
        does: what the experiment does, some sentences.
        look_at: what to look at during the run and after it.
        matters: what the hyperparameters that matter most change, by name.
        reading: what the metrics and results say, by name; the most important first.
        sources: papers and reports that it follows.
        example: a command that is worth a try, beginning with ``phosphene run``.
    """

    does: str
    look_at: str
    matters: Mapping[str, str] = field(default_factory=dict)
    reading: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    example: str = ""


def sections(experiment: Experiment) -> dict[str, list[tuple[str, str]]]:
    """Return the parts of a page by their titles: paragraphs, each with the name of what it is about, or none.

    Of an experiment without a page, it is what the declaration alone says.
    """
    page = experiment.page or Page(experiment.summary, "")
    defaults = {view.name: view.show(view.default) or "empty" for view in experiment.fields()}
    parts = {
        experiment.title: [("", page.does)],
        "Look at": [("", page.look_at)] if page.look_at else [],
        "What matters": [(f"{name} ({defaults[name]})", text) for name, text in page.matters.items()],
        "What the figures mean": list(page.reading.items()),
        "Try": [("", page.example or f"phosphene run {experiment.name}")],
        "Sources": [("", source) for source in page.sources],
    }
    return {title: paragraphs for title, paragraphs in parts.items() if paragraphs}


def markdown(experiment: Experiment) -> str:
    """Return the page as Markdown."""
    lines: list[str] = []
    for title, paragraphs in sections(experiment).items():
        lines += ["", f"{'##' if lines else '#'} {title}", ""]
        for name, text in paragraphs:
            bold = f"**{name}**: " if name else ""
            indent = {"Try": "    ", "Sources": "- "}.get(title, "- " if name else "")
            lines.append(f"{indent}{bold}{text}")
    return "\n".join(lines[1:])
