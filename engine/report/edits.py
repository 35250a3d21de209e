"""What is done to an outline: things are added, moved, changed and taken away. Nothing here reads or writes a file."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.errors import PhospheneError
from engine.report import outline as outlines
from engine.report.items import HEADINGS, WAYS
from engine.report.outline import Part

if TYPE_CHECKING:
    from engine.report.outline import Outline, Source

Edit = Callable[["Outline"], "Outline"]
"""Returns an outline that is changed; raises PhospheneError if that cannot be done to it as it is now."""


# -- adding -----------------------------------------------------------------------------------------------------------


def added(outline: Outline, part: Part) -> Outline:
    """Return an outline that shows what a part shows: each thing in the part it belongs to, or else at the end.

    What is there already is not shown twice.
    """
    for own in _apart(part):
        place = place_of(outline, own)
        if place is None:
            heading = own.heading or HEADINGS[own.show[0].kind]
            outline = replace(outline, parts=(*outline.parts, replace(own, heading=heading)))
            continue
        there = outline.parts[place]
        more = tuple(item for item in own.show if item not in there.show)
        outline = replaced(outline, place, replace(there, show=there.show + more)) if more else outline
    return outline


def place_of(outline: Outline, part: Part) -> int | None:
    """Return where the first thing of a part belongs: to the last part of the same kind, runs and way; None without."""
    wanted = _apart(part)[0]
    for place in reversed(range(len(outline.parts))):
        there = outline.parts[place]
        if {item.kind for item in there.show} == {wanted.show[0].kind} and _way(there) == _way(wanted):
            return place
    return None


def _apart(part: Part) -> list[Part]:
    """Return a part for each kind of thing that a part shows, with that which is heeded where this kind is shown."""
    found = []
    for kind in dict.fromkeys(item.kind for item in part.show):
        usual: dict[str, Any] = {
            name: Part.__dataclass_fields__[name].default for name in WAYS if kind not in WAYS[name]
        }
        found.append(replace(part, show=tuple(item for item in part.show if item.kind == kind), **usual))
    return found


def _way(part: Part) -> Part:
    """Return how a part shows things: the part without its words and things."""
    return replace(part, heading="", note="", show=(), line=0)


def about(part: Part, source: Source) -> Part:
    """Return a part that shows the same of other runs; its baseline, which was one of the former, is none any more.

    Raises:
        PhospheneError: if something that it shows is not of such a source.
    """
    for item in part.show:
        if problem := outlines.misplaced(item, source):
            raise PhospheneError(problem)
    return part if part.source == source else replace(part, source=source, baseline="")


# -- parts ------------------------------------------------------------------------------------------------------------


def found(outline: Outline, place: int, part: Part) -> int:
    """Return where a part stands now that stood at a place when it was looked at.

    Raises:
        PhospheneError: if somebody has changed it, or taken it away.
    """
    same = [at for at, one in enumerate(outline.parts) if replace(one, line=0) == replace(part, line=0)]
    if not same:
        raise PhospheneError("somebody has changed this part or taken it away meanwhile: look at it again")
    return min(same, key=lambda at: abs(at - place))


def part_at(outline: Outline, place: int) -> Part:
    """Return a part by its place, from 0.

    Raises:
        PhospheneError: if there is none.
    """
    if not 0 <= place < len(outline.parts):
        count = len(outline.parts)
        raise PhospheneError(f"there is no part {place + 1}; there are {count}" if count else "there is no part yet")
    return outline.parts[place]


def replaced(outline: Outline, place: int, *parts: Part) -> Outline:
    """Return an outline with other parts, or none, in the place of one."""
    return replace(outline, parts=(*outline.parts[:place], *parts, *outline.parts[place + 1 :]))


def inserted(outline: Outline, place: int, part: Part) -> Outline:
    """Return an outline with a part before the one at a place."""
    return replace(outline, parts=(*outline.parts[:place], part, *outline.parts[place:]))


def moved(outline: Outline, place: int, to: int) -> Outline:
    """Return an outline with a part at another place, at the first or the last one if there is none so far."""
    part = part_at(outline, place)
    rest = replaced(outline, place)
    return inserted(rest, min(max(to, 0), len(rest.parts)), part)


# -- the things in a part ---------------------------------------------------------------------------------------------


def item_at(part: Part, place: int) -> int:
    """Return the place, from 0, of a thing that a part shows.

    Raises:
        PhospheneError: if there is none.
    """
    if not 0 <= place < len(part.show):
        raise PhospheneError(f"the part shows no thing {place + 1}; it shows {len(part.show)}")
    return place


def without_item(part: Part, place: int) -> Part:
    """Return a part that shows one thing less."""
    return replace(part, show=(*part.show[:place], *part.show[item_at(part, place) + 1 :]))


def with_item_moved(part: Part, place: int, to: int) -> Part:
    """Return a part that shows a thing at another place, at the first or the last one if there is none so far."""
    rest = without_item(part, place).show
    to = min(max(to, 0), len(rest))
    return replace(part, show=(*rest[:to], part.show[place], *rest[to:]))


# -- the file ---------------------------------------------------------------------------------------------------------


def rewritten(text: str, after: Outline) -> str:
    """Return a file with an outline in place of the one it holds.

    What was not changed stays as somebody wrote it, with comments; lines of ``#`` above a part go with it.

    Args:
        text: of the file, which holds an outline.
        after: the outline, its parts with the lines in which they stand in the file.
    """
    before = outlines.parsed(text)
    head, blocks = _split(text)
    own = dict(zip(before.parts, blocks, strict=False)) if len(before.parts) == len(blocks) else {}
    if (after.title, after.author, after.source) != (before.title, before.author, before.source):
        head, own = outlines.head_text(after), own if after.source == before.source else {}
    parts = [own.get(part) or outlines.part_text(part, after) for part in after.parts]
    new = outlines.joined(head, parts)
    try:
        kept = same(outlines.parsed(new), after)
    except PhospheneError:  # the lines of a text look like comments above a part
        kept = False
    return new if kept else outlines.written(after)


def same(one: Outline, other: Outline) -> bool:
    """Tell whether two outlines say the same, wherever it stands."""
    return _placeless(one) == _placeless(other)


def _placeless(outline: Outline) -> Outline:
    return replace(outline, file="", parts=tuple(replace(part, line=0) for part in outline.parts))


def _split(text: str) -> tuple[str, list[str]]:
    """Return what stands above the parts, and the text of each of them."""
    lines = text.split("\n")
    begins: list[int] = []
    for start in outlines.beginnings(text):
        begin, least = start, begins[-1] + 1 if begins else 0
        while begin > least and lines[begin - 1].lstrip().startswith("#"):
            begin -= 1
        begins.append(begin)
    begins.append(len(lines))
    blocks = ["\n".join(lines[begin:end]) for begin, end in itertools.pairwise(begins)]
    return "\n".join(lines[: begins[0]]), blocks
