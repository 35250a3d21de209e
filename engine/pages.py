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


def markdown(experiment: Experiment) -> str:
    """Return the page as Markdown; of an experiment without one, what the declaration alone says."""
    page = experiment.page or Page(experiment.summary, "")
    defaults = {view.name: view.show(view.default) or "empty" for view in experiment.fields()}
    sections = {
        "Look at": page.look_at,
        "What matters": _list({f"{name} ({defaults[name]})": text for name, text in page.matters.items()}),
        "What the figures mean": _list(page.reading),
        "Try": f"    {page.example or f'phosphene run {experiment.name}'}",
        "Sources": "\n".join(f"- {source}" for source in page.sources),
    }
    parts = [f"# {experiment.title}", page.does]
    parts += [f"## {title}\n\n{text}" for title, text in sections.items() if text]
    return "\n\n".join(parts)


def _list(entries: Mapping[str, str]) -> str:
    return "\n".join(f"- **{name}**: {text}" for name, text in entries.items())
