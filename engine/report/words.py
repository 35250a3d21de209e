"""Outlines of reports in words, and as plain values for JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from engine.wording import printable, short_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.report.kept import Kept
    from engine.report.outline import Outline, Part, Source

_ID = re.compile(r"\d{4}-\d{4}-.+-\w+")
_NAMED = 3
"""Runs that are named one by one, at most."""


def whose(source: Source | None) -> str:
    """Return in a few words which runs are meant; ids by their last part."""
    if source is None:
        return ""
    if source.sweep or source.study:
        return f"sweep {_short(source.sweep)}" if source.sweep else f"study {source.study}"
    words = [*map(_short, source.runs)]
    if len(words) > _NAMED and all(map(_ID.fullmatch, source.runs)):
        return f"{', '.join(words[:_NAMED])} … ({len(words)} runs)"
    return (", " if all(map(_ID.fullmatch, source.runs)) else " ").join(words)


def _short(name: str) -> str:
    return short_id(name) if _ID.fullmatch(name) else printable(name)


def way(part: Part) -> str:
    """Return in a few words how a part shows its runs, as far as that is not the usual way."""
    said = [f"grouped by {part.group}"] if part.group != "-seed" else []
    said += [f"from {_short(part.baseline)}"] if part.baseline else []
    said += [f"smooth {part.smooth:g}"] if part.smooth else []
    said += [f"by {part.x}"] if part.x else []
    said += ["log y"] if part.log_y else []
    said += [f"step {part.step:,}"] if part.step else []
    return ", ".join(said)


def described(part: Part) -> str:
    """Return in a few words of which runs a part is, and how it shows them; nothing for one of words alone."""
    return " · ".join(text for text in (whose(part.source), way(part)) if text) if part.show else ""


def where(kept: Kept, place: int) -> str:
    """Return in a few words which part of a report stands at a place."""
    heading = kept.outline.parts[place].heading if kept.outline is not None else ""
    return f"part {place + 1}{f' ({printable(heading)})' if heading else ''} of {printable(kept.title)}"


def document(outline: Outline, broken: Mapping[tuple[int, int], str]) -> dict[str, Any]:
    """Return an outline as plain values, with what is wrong with the things that cannot be shown."""
    return {
        "title": outline.title,
        "author": outline.author,
        "parts": [
            {
                "heading": part.heading,
                "note": part.note,
                "of": _plain(part.source),
                "group": part.group,
                "baseline": part.baseline,
                "smooth": part.smooth,
                "x": part.x,
                "log_y": part.log_y,
                "step": part.step,
                "show": [
                    {"item": str(item), "problem": broken.get((number, place), "")}
                    for place, item in enumerate(part.show)
                ],
            }
            for number, part in enumerate(outline.parts)
        ],
    }


def _plain(source: Source | None) -> dict[str, Any]:
    if source is None:
        return {}
    if source.sweep or source.study:
        return {"sweep": source.sweep} if source.sweep else {"study": source.study}
    return {"runs": [*source.runs]}
