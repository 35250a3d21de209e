"""A grid of styled characters: what a chart draws on, compares with the frame before, and turns into strips."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.style import Style

PALETTE = 7
_SPACE = ord(" ")
_CONTINUED = 0  # the second cell of a wide character


class Ink(IntEnum):
    """What a cell is; the widget maps these to styles.

    Curves follow from `CURVE` on, faint ones from `FAINT`; `CROSSED` is added where the crosshair runs through.
    """

    PLAIN = 0
    AXIS = 1
    LABEL = 2
    NAME = 3
    NOTE = 4
    MARKER = 5
    CROSSHAIR = 6
    ERROR = 7
    CURVE = 16
    FAINT = 32
    CROSSED = 64

    @classmethod
    def curve(cls, style: int) -> int:
        """Return the ink of a curve with this style number."""
        return cls.CURVE + style % PALETTE

    @classmethod
    def faint(cls, style: int) -> int:
        """Return the ink of the raw curve behind a smoothed one."""
        return cls.FAINT + style % PALETTE


class Canvas:
    """Characters and inks, `[height, width]` each."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.characters = np.full((height, width), _SPACE, np.uint32)
        self.inks = np.zeros((height, width), np.uint8)

    def write(self, x: int, y: int, text: str, ink: int) -> int:
        """Write text from (x, y) on, cut at the edges; returns the x after it."""
        if not 0 <= y < self.height:
            return x
        for character in text:
            size = cell_len(character)
            if not size or not character.isprintable():
                continue
            if x >= 0 and x + size <= self.width:
                self.characters[y, x] = ord(character)
                self.characters[y, x + 1 : x + size] = _CONTINUED
                self.inks[y, x : x + size] = ink
            x += size
        return x

    def blank(self, x: int, y: int, length: int = 1) -> bool:
        """Tell whether these cells are inside and hold nothing."""
        if not (0 <= y < self.height and x >= 0 and x + length <= self.width):
            return False
        return bool((self.characters[y, x : x + length] == _SPACE).all())

    def changes(self, before: Canvas) -> list[Region]:
        """Return one region per row that differs from a canvas of the same size, from first to last change."""
        differs = self.characters != before.characters
        differs |= (self.inks != before.inks) & (self.characters != _SPACE)
        rows = np.flatnonzero(differs.any(axis=1))
        if not rows.size:
            return []
        first = differs.argmax(axis=1)
        last = self.width - differs[:, ::-1].argmax(axis=1)
        return [Region(int(first[y]), int(y), int(last[y] - first[y]), 1) for y in rows]

    def strip(self, y: int, style: Callable[[int], Style]) -> Strip:
        """Return row y with as few style switches as possible: a space goes along with the cell before it."""
        characters, inks = self.characters[y], self.inks[y]
        drawn = np.flatnonzero(characters != _SPACE)
        if not len(drawn):
            return Strip([Segment(" " * self.width, style(Ink.PLAIN))], self.width)
        of_drawn = inks[drawn]
        starts = np.concatenate([[0], np.flatnonzero(np.diff(of_drawn)) + 1])
        bounds = [0, *(int(drawn[s]) for s in starts[1:]), self.width]
        text = "".join(map(chr, characters.tolist()))
        segments = [
            Segment(text[begin:end].replace("\0", ""), style(int(of_drawn[start])))
            for begin, end, start in zip(bounds, bounds[1:], starts, strict=False)
        ]
        return Strip(segments, self.width)
