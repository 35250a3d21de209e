"""Notes in a small Markdown: headings, paragraphs, lists, fenced commands, **bold**, *italic*, `code`, [links](https://).

Everything else, HTML included, is text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.report.document import Bullets, Commands, Heading, Paragraph, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.report.document import Block, Spans

_INLINE = re.compile(
    r"\\(?P<escaped>[\\`*\[\]])"
    r"|`(?P<code>[^`]+)`"
    r"|\*\*(?P<strong>(?!\s).+?(?<!\s))\*\*"
    r"|\*(?P<emphasis>(?![\s*]).+?(?<![\s*]))\*"
    r"|\[(?P<link>[^\]]+)\]\((?P<target>(?:https?://|mailto:)[^\s()<>]+)\)"
)
_HEADING = re.compile(r"(#{1,3})\s+(.+?)\s*#*")
_ITEM = re.compile(r"(?:[-*+]|(?P<number>\d{1,3})[.)])\s+(?P<text>.+)")
_FENCE = "```"


def spans(text: str) -> Spans:
    """Return the parts of a line in their styles."""
    found, end = [], 0
    for match in _INLINE.finditer(text):
        if match.start() > end:
            found.append(Span(text[end : match.start()]))
        end = match.end()
        if (escaped := match["escaped"]) is not None:
            found.append(Span(escaped))
        elif (link := match["link"]) is not None:
            found.append(Span(link, "link", match["target"]))
        else:
            style = match.lastgroup
            assert style in {"code", "strong", "emphasis"}, style
            found.append(Span(match[style], style))  # type: ignore[arg-type]
    if end < len(text):
        found.append(Span(text[end:]))
    return tuple(found)


def blocks(text: str) -> tuple[Block, ...]:
    """Return a note as blocks; its largest headings stand below those of a section."""
    return tuple(_Reader().blocks(iter(text.expandtabs(4).splitlines())))


class _Reader:
    """Gathers lines of a paragraph, or of a list, until it ends."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._items: list[str] = []
        self._numbered = False

    def blocks(self, lines: Iterator[str]) -> Iterator[Block]:
        for line in lines:
            stripped = line.strip()
            heading = _HEADING.fullmatch(stripped)
            if not stripped or heading or stripped.startswith(_FENCE):
                yield from self._gathered()
                if heading:
                    yield Heading(heading[2], min(3, len(heading[1]) + 1))
                elif stripped:
                    yield Commands(tuple(_fenced(lines)))
            elif (item := _ITEM.fullmatch(stripped)) and not self._lines:
                if self._items and self._numbered != bool(item["number"]):
                    yield from self._gathered()
                self._numbered = bool(item["number"])
                self._items.append(item["text"])
            elif self._items:
                self._items[-1] += f" {stripped}"
            else:
                self._lines.append(stripped)
        yield from self._gathered()

    def _gathered(self) -> Iterator[Block]:
        if self._lines:
            yield Paragraph(spans(" ".join(self._lines)))
        if self._items:
            yield Bullets(tuple(map(spans, self._items)), self._numbered)
        self._lines, self._items = [], []


def _fenced(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line.strip().startswith(_FENCE):
            return
        yield line.rstrip()
