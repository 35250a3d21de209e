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

import difflib
import json
import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.errors import PhospheneError
from engine.report.items import ARGUMENTS, SWEEP_ITEMS, Item

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

HEAD = {"title": str, "author": str}
SOURCES = {"runs": (str, list), "sweep": str}
PART = {
    "heading": str,
    "note": str,
    "show": (str, list),
    "group": str,
    "baseline": str,
    "smooth": (int, float),
    "x": str,
    "log_y": bool,
}
_TYPES = {str: "text", (str, list): "text or a list of texts", (int, float): "a number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Source:
    """Which runs a part is about: the words of a selection, or a sweep."""

    runs: tuple[str, ...] = ()
    sweep: str = ""


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
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        raise PhospheneError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise PhospheneError(f"{path} is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise PhospheneError(f"{path}: {error}".replace("(at line", "(line")) from error
    return _Reader(str(path), text).outline(values)


@dataclass
class _Reader:
    """Checks values and knows in which lines they stand."""

    file: str
    text: str
    lines: list[str] = field(init=False)
    begins: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.text.splitlines()
        # The head of the file, then each part, by the number of its first line.
        headings = [number for number, line in enumerate(self.lines) if re.match(r"\s*\[\[\s*part\s*\]\]", line)]
        self.begins = [0, *headings, len(self.lines)]

    def outline(self, values: Mapping[str, Any]) -> Outline:
        parts = values.get("part", [])
        if not (isinstance(parts, list) and all(isinstance(part, dict) for part in parts)):
            raise self._wrong("part must begin with [[part]]", 0, "part")
        self._check({name: value for name, value in values.items() if name != "part"}, HEAD | SOURCES, 0)
        source = self._source(values, 0)
        if not parts:
            raise PhospheneError(f"{self.file} has no part: write [[part]] and under it heading, note or show")
        found = tuple(self._part(part, number, source) for number, part in enumerate(parts, 1))
        return Outline(values.get("title", ""), values.get("author", ""), source, found, self.file)

    def _check(self, values: Mapping[str, Any], allowed: Mapping[str, Any], part: int) -> None:
        for name, value in values.items():
            if name not in allowed:
                near = difflib.get_close_matches(name, allowed, n=1)
                hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(allowed)}"
                raise self._wrong(f"there is no {name!r}; {hint}", part, name)
            kind = allowed[name]
            texts = all(isinstance(one, str) for one in value) if isinstance(value, list) else True
            if not isinstance(value, kind) or not texts or (isinstance(value, bool) and kind is not bool):
                raise self._wrong(f"{name} must be {_TYPES[kind]}", part, name)

    def _source(self, values: Mapping[str, Any], part: int) -> Source | None:
        if "runs" in values and "sweep" in values:
            raise self._wrong("runs and sweep exclude each other: keep one of them", part, "sweep")
        for name in SOURCES:
            if name in values and not values[name]:
                raise self._wrong(f"{name} is empty: name some, or leave it out", part, name)
        if "sweep" in values:
            return Source(sweep=values["sweep"])
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
        kind, _, argument = text.strip().partition(" ")
        argument = argument.strip()
        if kind not in ARGUMENTS:
            near = difflib.get_close_matches(kind, ARGUMENTS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(ARGUMENTS)}"
            raise self._wrong(f"{kind!r} cannot be shown; {hint}", part, "show", text)
        wanted = ARGUMENTS[kind]
        if bool(argument) != bool(wanted):
            said = f'{kind} needs a name, as in "{kind} {wanted}"' if wanted else f"{kind} takes no name"
            raise self._wrong(said, part, "show", text)
        if source is None:
            raise self._wrong(
                f'{text!r} of which runs? Name some above it: runs = "experiment=cnn"', part, "show", text
            )
        if kind in SWEEP_ITEMS and not source.sweep:
            raise self._wrong(f'{kind} is of a sweep: name one with sweep = "rates"', part, "show", text)
        return Item(kind, argument)

    def _wrong(self, problem: str, part: int, key: str, value: str = "") -> PhospheneError:
        first, last = (self.begins[min(part + more, len(self.begins) - 1)] for more in (0, 1))
        pattern = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=""")
        own = next((number for number in range(first, last) if pattern.match(self.lines[number])), first)
        at = next((number for number in range(own, last) if value and value in self.lines[number]), own)
        return PhospheneError(f"{self.file}, line {at + 1}: {problem}")


def written(outline: Outline) -> str:
    """Return an outline as a TOML file that can be edited."""
    return "\n".join(_lines(outline)) + "\n"


def _lines(outline: Outline) -> Iterator[str]:
    yield f"title = {_text(outline.title)}"
    yield f"author = {_text(outline.author)}"
    yield from _source_lines(outline.source)
    yield ""
    yield "# What a part can show:"
    for name, argument in ARGUMENTS.items():
        of_sweep = " (of a sweep)" if name in SWEEP_ITEMS else ""
        yield f'#   "{name}{f" {argument}" if argument else ""}"{of_sweep}'
    yield "# It may also have: note, runs or sweep, group, baseline, smooth, x, log_y."
    for part in outline.parts:
        yield ""
        yield "[[part]]"
        if part.heading:
            yield f"heading = {_text(part.heading)}"
        if part.note:
            yield f"note = {_text(part.note)}"
        if part.source != outline.source:
            yield from _source_lines(part.source)
        for name in ("group", "baseline", "smooth", "x", "log_y"):
            if (value := getattr(part, name)) != Part.__dataclass_fields__[name].default:
                yield f"{name} = {_text(value) if isinstance(value, str) else json.dumps(value)}"
        if part.show:
            yield f"show = {_list(map(str, part.show))}"


def _source_lines(source: Source | None) -> Iterator[str]:
    if source is not None and source.sweep:
        yield f"sweep = {_text(source.sweep)}"
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
    quoted = json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")
    if "\n" not in whole:
        return quoted
    return '"""\n' + quoted[1:-1].replace("\\n", "\n") + '"""'
