"""Tiles: small pictures in half cells, each with its caption as text under it."""

from __future__ import annotations

import textwrap
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.color import Color
from rich.style import Style
from rich.text import Text

from engine import pixels
from tui.plots.text import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.plots import Tiles

NARROWEST, WIDEST = 12, 32
"""Cells of a tile's width, as far as the number of columns allows."""


def layout(plot: Tiles, width: int) -> tuple[int, int]:
    """Return how many tiles stand in a row, and the cells each has."""
    longest = max((len(line) for own in plot.captions for line in own), default=0)
    wanted = min(max(longest, NARROWEST), WIDEST)
    fitting = max(1, (width + 1) // (wanted + 1))
    columns = plot.columns if 0 < plot.columns <= (width + 1) // (NARROWEST + 1) else fitting
    columns = max(1, min(columns, len(plot.pictures)))
    return columns, min((width + 1) // columns - 1, WIDEST if columns > 1 else 2 * WIDEST)


def draw(plot: Tiles, width: int, height: int) -> list[Text]:
    """Draw rows of tiles, as many as there are."""
    del height
    columns, side = layout(plot, width)
    drawn: list[Text] = []
    for start in range(0, len(plot.pictures), columns):
        stop = start + columns
        pictures = [_halves(picture, side) for picture in plot.pictures[start:stop]]
        captions = [wrapped(own, side) for own in plot.captions[start:stop]]
        drawn += _beside(pictures, side)
        drawn += _beside([[Text(cut(line, side)) for line in lines] for lines in captions], side)
    return drawn


def wrapped(caption: Sequence[str], width: int) -> list[str]:
    """Return the lines of a caption, long ones folded, so that every word can be read."""
    return [part for line in caption for part in (textwrap.wrap(line, width) or [""])]


def _beside(blocks: list[list[Text]], side: int) -> list[Text]:
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
    image = Image.fromarray(array)
    rows = max(2, 2 * round(side * image.height / image.width / 2))
    kind = Image.Resampling.NEAREST if side >= image.width else Image.Resampling.BOX
    small = image.resize((side, rows), kind).tobytes()
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
