"""The outline of a report: a TOML file with a title, an author and parts in their order; read, checked, written.

::

    title = "Two learning rates"
    author = "A. Student"
    runs = ["1127-0117-cnn-8ya", "1127-0117-cnn-bd7"]   # or a filter, "experiment=cnn tag:good"; or sweep = "rates"

    [[part]]
    heading = "Results"
    note = "Text in a small **Markdown**."
    show = ["results", "curves train/loss", "pictures samples", "table layers"]
"""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine import wording
from engine.errors import PhospheneError
from engine.report.items import ARGUMENTS, STUDY_ITEMS, SWEEP_ITEMS, Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

KINDS = tuple(ARGUMENTS)
"""The kinds of things that a part can show."""
HEAD = {"title": str, "author": str}
SOURCES = {"runs": (str, list), "sweep": str, "study": str}
PART = {
    "heading": str,
    "note": str,
    "show": (str, list),
    "group": str,
    "baseline": str,
    "smooth": (int, float),
    "x": str,
    "log_y": bool,
    "step": int,
}
_TYPES = {
    str: "text",
    int: "a whole number",
    (str, list): "text or a list of texts",
    (int, float): "a number",
    bool: "true or false",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Which runs a part is about: the words of a selection, a sweep, or a tier of a study as ``gan-nz:quick``."""

    runs: tuple[str, ...] = ()
    sweep: str = ""
    study: str = ""

    @property
    def text(self) -> str:
        """What a command would say of it, as one text."""
        return self.sweep or self.study or shlex.join(self.runs)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a report.

    Attributes:
        heading: above it; empty for none.
        note: in a small Markdown.
        show: what of the runs is shown.
        source: which runs these are; None if nothing is shown.
        group: what keeps runs apart.
        baseline: a run whose group the others are compared with; empty for none.
        smooth: weight of the moving average of curves.
        x: axis of curves; empty for what the runs can be compared by.
        log_y: whether curves have a logarithmic y axis.
        step: at which pictures and plots are shown, or the last one before that has some; 0 for the last of all.
        line: of the file, for messages; 0 if it is of none.
    """

    heading: str = ""
    note: str = ""
    show: tuple[Item, ...] = ()
    source: Source | None = None
    group: str = "-seed"
    baseline: str = ""
    smooth: float = 0.0
    x: str = ""
    log_y: bool = False
    step: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Outline:
    """A report before its runs are read.

    Attributes:
        title: above all; empty for one made of the first source.
        author: under it.
        source: of the parts that name none.
        parts: in their order.
        file: that it was read from, for messages; empty if from none.
    """

    title: str = ""
    author: str = ""
    source: Source | None = None
    parts: tuple[Part, ...] = ()
    file: str = ""


def read(path: Path) -> Outline:
    """Return the outline that a file holds.

    Raises:
        PhospheneError: naming the line of the first mistake, and what could stand there.
    """
    return parsed(content(path), str(path))


def content(path: Path) -> str:
    """Return what stands in a file.

    Raises:
        PhospheneError: if it cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise PhospheneError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise PhospheneError(f"{path} is not UTF-8 text") from error


def parsed(text: str, file: str = "") -> Outline:
    """Return the outline that a text holds; ``file`` names it in messages. Raises as :func:`read` does."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PhospheneError(f"{file}: {error}".replace("(at line", "(line")) from error
    return _Reader(file, text).outline(values)


def beginnings(text: str) -> list[int]:
    """Return the lines, from 0, in which ``[[part]]`` begins a part; not those of a note that look like one."""
    lines = text.split("\n")
    found = []
    for number, line in enumerate(lines):
        if re.match(r"\s*\[\[\s*part\s*\]\]", line):
            try:
                tomllib.loads("\n".join(lines[:number]))
            except tomllib.TOMLDecodeError:  # inside a text of several lines
                continue
            found.append(number)
    return found


@dataclass
class _Reader:
    """Checks values and knows in which lines they stand."""

    file: str
    text: str
    lines: list[str] = field(init=False)
    begins: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.text.split("\n")
        # The head of the file, then each part, by the number of its first line.
        self.begins = [0, *beginnings(self.text), len(self.lines)]

    def outline(self, values: Mapping[str, Any]) -> Outline:
        parts = values.get("part", [])
        if not (isinstance(parts, list) and all(isinstance(part, dict) for part in parts)):
            raise self._wrong("part must begin with [[part]]", 0, "part")
        self._check({name: value for name, value in values.items() if name != "part"}, HEAD | SOURCES, 0)
        source = self._source(values, 0)
        found = tuple(self._part(part, number, source) for number, part in enumerate(parts, 1))
        return Outline(values.get("title", ""), values.get("author", ""), source, found, self.file)

    def _check(self, values: Mapping[str, Any], allowed: Mapping[str, Any], part: int) -> None:
        for name, value in values.items():
            if name not in allowed:
                hint = wording.meant(name, allowed, f"there are: {', '.join(allowed)}")
                raise self._wrong(f"there is no {name!r}; {hint}", part, name)
            kind = allowed[name]
            texts = all(isinstance(one, str) for one in value) if isinstance(value, list) else True
            if not isinstance(value, kind) or not texts or (isinstance(value, bool) and kind is not bool):
                raise self._wrong(f"{name} must be {_TYPES[kind]}", part, name)

    def _source(self, values: Mapping[str, Any], part: int) -> Source | None:
        given = [name for name in SOURCES if name in values]
        if len(given) > 1:
            raise self._wrong(f"{' and '.join(given)} exclude each other: keep one of them", part, given[-1])
        for name in SOURCES:
            if name in values and not values[name]:
                raise self._wrong(f"{name} is empty: name some, or leave it out", part, name)
        if "sweep" in values:
            return Source(sweep=values["sweep"])
        if "study" in values:
            return Source(study=values["study"])
        if "runs" in values:
            runs = values["runs"]
            return Source(tuple(runs) if isinstance(runs, list) else tuple(runs.split()))
        return None

    def _part(self, values: Mapping[str, Any], number: int, above: Source | None) -> Part:
        self._check(values, PART | SOURCES, number)
        source = self._source(values, number) or above
        shown = values.get("show", [])
        items = tuple(self._item(text, number, source) for text in ([shown] if isinstance(shown, str) else shown))
        known = {name: values[name] for name in PART.keys() - {"show"} if name in values}
        return Part(show=items, source=source, line=self.begins[min(number, len(self.begins) - 2)] + 1, **known)

    def _item(self, text: str, part: int, source: Source | None) -> Item:
        try:
            item = Item.of(text)
        except PhospheneError as error:
            raise self._wrong(str(error), part, "show", text) from None
        if problem := misplaced(item, source):
            raise self._wrong(problem, part, "show", text)
        return item

    def _wrong(self, problem: str, part: int, key: str, value: str = "") -> PhospheneError:
        first, last = (self.begins[min(part + more, len(self.begins) - 1)] for more in (0, 1))
        pattern = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=""")
        own = next((number for number in range(first, last) if pattern.match(self.lines[number])), first)
        at = next((number for number in range(own, last) if value and value in self.lines[number]), own)
        return PhospheneError(f"{self.file}, line {at + 1}: {problem}")


def misplaced(item: Item, source: Source | None) -> str:
    """Return why an item cannot be shown of what it would be of, or the empty string."""
    if source is None:
        return f'{str(item)!r} of which runs? Name some above it: runs = "experiment=cnn"'
    if item.kind in SWEEP_ITEMS and not source.sweep:
        return f'{item.kind} is of a sweep: name one with sweep = "rates"'
    if item.kind in STUDY_ITEMS and not source.study:
        return f'{item.kind} is of a study: name one with study = "gan-nz:quick"'
    return ""


def written(outline: Outline) -> str:
    """Return an outline as a TOML file that can be edited."""
    return joined(head_text(outline), [part_text(part, outline) for part in outline.parts])


def joined(head: str, parts: Iterable[str]) -> str:
    """Return the text of a file of its head and its parts."""
    return "\n\n".join(text.strip("\n") for text in (head, *parts)) + "\n"


def head_text(outline: Outline) -> str:
    """Return what stands above the parts."""
    return "\n".join(_head_lines(outline))


def part_text(part: Part, outline: Outline) -> str:
    """Return a part of an outline as it is written."""
    return "\n".join(_part_lines(part, outline))


def _head_lines(outline: Outline) -> Iterator[str]:
    yield f"title = {_text(outline.title)}"
    yield f"author = {_text(outline.author)}"
    yield from _source_lines(outline.source)
    yield ""
    yield "# What a part can show:"
    for name, argument in ARGUMENTS.items():
        whose = " (of a sweep)" if name in SWEEP_ITEMS else " (of a study)" if name in STUDY_ITEMS else ""
        yield f'#   "{name}{f" {argument}" if argument else ""}"{whose}'
    yield "# It may also have: note, runs, sweep or study, group, baseline, smooth, x, log_y, step."


def _part_lines(part: Part, outline: Outline) -> Iterator[str]:
    yield "[[part]]"
    if part.heading:
        yield f"heading = {_text(part.heading)}"
    if part.note:
        yield f"note = {_text(part.note)}"
    if part.source != outline.source:
        yield from _source_lines(part.source)
    for name in ("group", "baseline", "smooth", "x", "log_y", "step"):
        if (value := getattr(part, name)) != Part.__dataclass_fields__[name].default:
            yield f"{name} = {_text(value) if isinstance(value, str) else json.dumps(value)}"
    if part.show:
        yield f"show = {_list(map(str, part.show))}"


def _source_lines(source: Source | None) -> Iterator[str]:
    if source is not None and source.sweep:
        yield f"sweep = {_text(source.sweep)}"
    elif source is not None and source.study:
        yield f"study = {_text(source.study)}"
    elif source is not None:
        yield f"runs = {_list(source.runs)}"


def _list(texts: Any) -> str:
    items = [_text(text) for text in texts]
    if sum(map(len, items)) < 80:
        return f"[{', '.join(items)}]"
    return "[\n" + "".join(f"  {item},\n" for item in items) + "]"


def _text(text: str) -> str:
    """Write a text as TOML does; of several lines, each stands in a line of its own."""
    whole = text.encode("utf-8", "backslashreplace").decode()
    lines = [json.dumps(line, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f") for line in whole.split("\n")]
    return f'"{lines[0]}"' if len(lines) == 1 else '"""\n' + "\n".join(lines) + '"""'
