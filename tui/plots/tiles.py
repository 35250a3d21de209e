"""Tiles: small pictures in half cells, each with its caption as text under it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from rich.text import Text

from engine import pixels, pixels_shape
from tui.plots.scaling import scaled, shown
from tui.plots.text import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.plots import Tiles

NARROWEST = 12
"""Cells of a tile's width, at least, where there is room for two."""
FEW = 3
"""So many tiles that belong beside each other stand below each other where they have no room."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How tiles are laid out: ``columns`` in a row, each ``side`` cells wide, with a blank cell between two."""

    columns: int
    side: int


def layout(plot: Tiles, width: int, height: int) -> Layout:
    """Return the largest tiles that all fit into the room; where none do, the smallest whose captions can be read.

    A plot says how many belong beside each other; where these have no room, an even part of them stands in each row,
    if there is one.
    """
    count = max(1, len(plot.pictures))
    longest = max((cell_len(word) for own in plot.captions for line in own for word in line.split()), default=0)
    most = max(1, min(count, (width + 1) // (max(NARROWEST, min(longest, 24)) + 1)))
    shapes = [pixels_shape(picture) for picture in plot.pictures]
    if 0 < plot.columns <= most:
        widest = _side(width, plot.columns)
        sides = range(widest, min(widest, NARROWEST) - 1, -1)
        return Layout(
            plot.columns, next((one for one in sides if _rows(plot, shapes, plot.columns, one) <= height), widest)
        )
    evenly = [columns for columns in range(1, most + 1) if not plot.columns % columns]
    if evenly == [1] and plot.columns > FEW:
        evenly = [*range(1, most + 1)]
    for columns in evenly:
        side = _side(width, columns)
        if _rows(plot, shapes, columns, side) <= height:
            return Layout(columns, side)
    return Layout(evenly[-1], _side(width, most))


def _rows(plot: Tiles, shapes: Sequence[tuple[int, int]], columns: int, side: int) -> int:
    """Return how many rows of cells all tiles fill."""
    rows = 0
    for start in range(0, len(shapes), columns):
        pictures = [cell_rows(shape, side) for shape in shapes[start : start + columns]]
        captions = [len(wrapped(own, side)) for own in plot.captions[start : start + columns]]
        rows += max(pictures, default=0) + max(captions, default=0)
    return rows


def _side(width: int, columns: int) -> int:
    return max(2, (width + 1) // columns - 1)


def cell_rows(shape: tuple[int, int], side: int) -> int:
    """Return how many rows of cells a picture ``[H, W]`` fills that is ``side`` cells wide."""
    return max(1, round(side * shape[0] / shape[1] / 2))


def draw(plot: Tiles, width: int, height: int) -> list[Text]:
    """Draw rows of tiles, as many as there are."""
    chosen = layout(plot, width, height)
    columns, side = chosen.columns, chosen.side
    drawn: list[Text] = []
    for start in range(0, len(plot.pictures), columns):
        stop = start + columns
        pictures = [_halves(picture, side) for picture in plot.pictures[start:stop]]
        captions = [wrapped(own, side) for own in plot.captions[start:stop]]
        drawn += _beside(pictures, side)
        drawn += caption_rows(captions, side)
    return drawn


def caption_rows(captions: Sequence[Sequence[str]], side: int) -> list[Text]:
    """Return the lines under one row of tiles."""
    return _beside([[Text(cut(line, side)) for line in lines] for lines in captions], side)


def wrapped(caption: Sequence[str], width: int) -> list[str]:
    """Return the lines of a caption, long ones folded, so that every word can be read."""
    return [part for line in caption for part in (textwrap.wrap(line, width) or [""])]


def _beside(blocks: Sequence[list[Text]], side: int) -> list[Text]:
    lines = []
    for parts in zip_longest(*blocks, fillvalue=Text(" " * side)):
        line = Text(no_wrap=True)
        for number, part in enumerate(parts):
            line += (Text(" ") if number else Text()) + part
        lines.append(line)
    return lines


def _halves(picture: object, side: int) -> list[Text]:
    """Draw a picture ``side`` cells wide: two pixels a cell, the upper one in the colour of the half block."""
    from PIL import Image

    try:
        array = pixels(picture)  # type: ignore[arg-type]
    except OSError:
        return [Text(cut("cannot be read", side), style="dim")]
    rows = 2 * cell_rows(array.shape[:2], side)
    small = shown(scaled(Image.fromarray(array), (side, rows))).tobytes()
    lines = []
    for top in range(0, rows, 2):
        line = Text()
        for x in range(side):
            upper, lower = 3 * (top * side + x), 3 * ((top + 1) * side + x)
            line.append("▀", Style(color=_rgb(small, upper), bgcolor=_rgb(small, lower)))
        lines.append(line)
    return lines


def _rgb(data: bytes, at: int) -> Color:
    return Color.from_rgb(data[at], data[at + 1], data[at + 2])
