"""A report as Markdown, with its figures as files in a folder beside it."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from engine import tables, wording
from engine.report import drawings
from engine.report.document import (
    Bibliography,
    Bullets,
    Commands,
    Figure,
    Heading,
    Paragraph,
    Pictures,
    TableBlock,
)
from engine.report.files import Files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.report.document import Block, Document, Picture, Spans

_ENTITY = re.compile(r"&(?=#?\w+;)")
_MARKS = re.compile(r"<|`|\[|\$|~(?=~)|\*(?=\S)|(?<!\w)_|_(?!\w)|(?<=\S)\*|\\(?=[!-/:-@\[-`{-~])")
_FIRST = re.compile(r"([#>+=|-]|\d+[.)](?=\s))")
_IN_A_ROW = 4
"""Pictures beside each other where nothing says how many."""


def written(document: Document, folder: str) -> tuple[str, dict[str, bytes]]:
    """Return a report as Markdown, and its figures by their paths.

    Args:
        document: the report.
        folder: where the figures will lie, as the text names it.
    """
    files = Files(folder)
    about = " · ".join(escaped(part) for part in (document.author, document.date) if part)
    writer = _Writer(files)
    paragraphs = [f"# {escaped(document.title)}", *([about] if about else [])]
    paragraphs += [text for block in document.blocks for text in writer.block(block)]
    return "\n\n".join(paragraphs) + "\n", files.found


def sketched(parts: Sequence[Sequence[Block]]) -> list[str]:
    """Return each part of a report as Markdown in which the captions stand for the figures, for a quick look at it."""
    writer = _Writer(Files(""))
    return ["\n\n".join(text for block in part for text in writer.sketch(block)) for part in parts]


def escaped(text: str) -> str:
    """Return a text of the user in one line in which Markdown and HTML see no mark.

    Marks become entities, which tables leave alone, too.
    """
    line = " ".join(wording.printable(text).split())
    line = _ENTITY.sub("&amp;", line)
    return _MARKS.sub(lambda mark: f"&#{ord(mark[0])};", line)


class _Writer:
    def __init__(self, files: Files) -> None:
        self._files = files
        self._figures = itertools.count(1)
        self._tables = itertools.count(1)

    def block(self, block: Block) -> Iterator[str]:
        match block:
            case Heading(text=text, level=level):
                yield f"{'#' * (level + 1)} {escaped(text)}"
            case Paragraph(spans=spans):
                yield _started(_inline(spans))
            case Bullets(items=items, numbered=numbered):
                marks = (f"{number}." if numbered else "-" for number in itertools.count(1))
                yield "\n".join(f"{mark} {_inline(item)}" for mark, item in zip(marks, items, strict=False))
            case Commands(lines=lines):
                body = wording.printable("\n".join(lines))
                fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", body)), 3)
                yield f"{fence}sh\n{body}\n{fence}"
            case Bibliography(entries=entries):
                yield "\n".join(f"{number}. {escaped(entry)}" for number, entry in enumerate(entries, 1))
            case TableBlock(caption=caption, columns=columns, rows=rows, remarks=remarks):
                yield f"**Table {next(self._tables)}.** {escaped(caption)}"
                yield _table(columns, rows)
                if remarks:
                    yield "\n".join(f"- {escaped(remark)}" for remark in remarks)
            case Figure(caption=caption, name=name, content=content):
                if isinstance(content, Pictures):
                    yield self._pictures(content, name)
                else:
                    path = self._files.add(name, ".svg", drawings.vector(content, ".svg"))
                    yield f"![{escaped(caption)}]({path})"
                yield self._caption(caption)

    def sketch(self, block: Block) -> Iterator[str]:
        if isinstance(block, Figure):
            yield self._caption(block.caption)
        else:
            yield from self.block(block)

    def _caption(self, caption: str) -> str:
        return f"**Figure {next(self._figures)}.** {escaped(caption)}"

    def _pictures(self, grid: Pictures, name: str) -> str:
        columns = grid.columns or min(_IN_A_ROW, len(grid.items))
        cells = [self._picture(one, name) if one else "" for one in grid.items]
        cells += [""] * (-len(cells) % columns)
        rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
        lines = [[""] * columns, ["---"] * columns, *rows]
        return "\n".join(f"| {' | '.join(cell or ' ' for cell in row)} |" for row in lines)

    def _picture(self, picture: Picture, name: str) -> str:
        caption = "<br>".join(escaped(line).replace("|", "&#124;") for line in picture.caption)
        if not picture.png:
            return caption
        return f"![]({self._files.add(name, '.png', picture.png)})<br>{caption}"


def _table(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> str:
    cells = [[escaped(cell).replace("\\", "&#92;") for cell in row] for row in (columns, *rows)]
    return tables.written(cells[0], cells[1:], "md").rstrip("\n")


def _started(text: str) -> str:
    """Keep the first letters of a paragraph from making it a heading, a list or a quotation."""
    first = _FIRST.match(text)
    return f"{text[: first.end() - 1]}\\{text[first.end() - 1 :]}" if first else text


def _inline(spans: Spans) -> str:
    found = []
    for span in spans:
        # Spaces at the ends of a span stand outside of its marks.
        text = span.text.strip()
        before, after = (" " * (span.text != cut) for cut in (span.text.lstrip(), span.text.rstrip()))
        match span.style:
            case "code":
                body = wording.printable(text)
                mark = "`" * (1 + max((len(run) for run in re.findall(r"`+", body)), default=0))
                set_ = f"{mark}{body}{mark}"
            case "strong":
                set_ = f"**{escaped(text)}**"
            case "emphasis":
                set_ = f"*{escaped(text)}*"
            case "link":
                set_ = f"[{escaped(text)}]({span.target})"
            case _:
                set_ = escaped(text)
        found.append(f"{before}{set_ if text else ''}{after}")
    return "".join(found)
