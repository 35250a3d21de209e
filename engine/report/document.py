"""What a report holds, whichever way it is written: headings, paragraphs, tables, figures, commands, sources."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from PIL.Image import Image

    from engine.comparison.chart import Chart
    from engine.comparison.sheets import Sheet
    from engine.plots import Plot

Style = Literal["plain", "strong", "emphasis", "code", "link"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text in one style.

    Attributes:
        text: as it is; writers escape it.
        style: how it is set.
        target: where a link leads.
    """

    text: str
    style: Style = "plain"
    target: str = ""


Spans = tuple[Span, ...]


def plain(text: str) -> Spans:
    """Return a text in which nothing is a mark."""
    return (Span(text),)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is that of a section, below the title."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; a faint one is of less weight than those around it."""

    spans: Spans
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list, with numbers or without."""

    items: tuple[Spans, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table of text with a caption, and sentences under it.

    Raises:
        ValueError: if a row has another number of cells than there are columns.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"{self.caption}: rows must have {len(self.columns)} cells")

    @classmethod
    def of(cls, caption: str, sheet: Sheet) -> TableBlock:
        """Return a sheet with a caption."""
        return cls(caption, sheet.columns, sheet.rows, sheet.remarks)

    def transposed(self, name: str) -> TableBlock:
        """Return the table with its rows as columns, which the first one names; ``name`` stands above the new first."""
        (_, *head), *body = zip(self.columns, *self.rows, strict=True)
        return TableBlock(self.caption, (name, *head), tuple(map(tuple, body)), self.remarks)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as the bytes of a PNG file, with its size in pixels and the lines under it."""

    png: bytes
    width: int
    height: int
    caption: tuple[str, ...] = ()

    @classmethod
    def of(cls, image: Image, *caption: str) -> Picture:
        """Return an image in RGB with its caption."""
        buffer = io.BytesIO()
        image.save(buffer, format="PNG")
        return cls(buffer.getvalue(), image.width, image.height, caption)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures in rows of ``columns``, 0 for as many as fit; None leaves a place empty."""

    items: tuple[Picture | None, ...]
    columns: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart, a plot or a grid of pictures.

    Attributes:
        caption: under it.
        name: for its file, where it becomes one.
        content: what is drawn.
    """

    caption: str
    name: str
    content: Chart | Plot | Pictures


@dataclass(frozen=True, slots=True)
class Commands:
    """Lines that can be typed into a shell."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bibliography:
    """What is cited, an entry each."""

    entries: tuple[str, ...]


Block = Heading | Paragraph | Bullets | TableBlock | Figure | Commands | Bibliography


@dataclass(frozen=True, slots=True)
class Document:
    """A report.

    Attributes:
        title: above all.
        author: under it; empty for none.
        date: as shown, of the newest thing in it; empty if nothing has one.
        blocks: in their order.
    """

    title: str
    author: str
    date: str
    blocks: tuple[Block, ...]
