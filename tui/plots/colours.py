"""Colours of plots in cells: ramps for numbers, colours and marks for groups."""

from __future__ import annotations

import math
from functools import cache

from rich.color import Color as RichColor
from rich.color import ColorSystem

from engine import paper
from tui.terminal import Depth, depth

GROUPS = (
    "#0087ff",
    "#d75f00",
    "#008700",
    "#d700af",
    "#878700",
    "#008787",
    "#af5fff",
    "#d75f5f",
    "#5f8700",
    "#5f8787",
)
"""Colours of groups; after the last one they begin again, with the next mark.

Each is one of the 256 colours, and stands out from a dark background as well as from a light one.
"""
MARKS = ("●", "▲", "■", "◆", "✚", "○", "△", "□")
"""One cell wide each."""
Colour = tuple[int, int, int]
_RAMP: tuple[Colour, ...] = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
"""Five stops of viridis, whose lightness grows evenly."""


def _parsed(colour: str) -> Colour:
    """Return a colour that is written as ``#rrggbb``."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


_ANSI = (
    *("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"),
    *("bright_black", "bright_red", "bright_green", "bright_yellow"),
    *("bright_blue", "bright_magenta", "bright_cyan", "bright_white"),
)
XTERM: tuple[Colour, ...] = (
    *((0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229)),
    *((127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255)),
    (255, 255, 255),
)
"""The first sixteen colours as xterm shows them; other terminals differ a little."""
_FEW = (0, 4, 5, 6, 3, 15)
"""The steps of the ramp where there are sixteen colours: black, blue, magenta, cyan, yellow, white."""
_LITTLE: dict[bool, Colour] = {False: (32, 34, 42), True: (244, 244, 246)}
"""What stands for little on a dark background, and on a light one."""
_LESS, _MORE = (_parsed(paper.LESS), _parsed(paper.MORE))
_RIGHT: Colour = (38, 110, 160)
_WRONG: Colour = (178, 58, 52)


def ramp(share: float) -> Colour:
    """Return the colour of a share in [0, 1], from dark to light."""
    share = min(max(share, 0.0), 1.0)
    if depth() == "16":
        return XTERM[_FEW[min(int(share * len(_FEW)), len(_FEW) - 1)]]
    place = share * (len(_RAMP) - 1)
    index = min(int(place), len(_RAMP) - 2)
    return blend(_RAMP[index], _RAMP[index + 1], place - index)


def confusion(share: float, *, right: bool, light: bool = False) -> Colour:
    """Return the colour of a cell of a confusion matrix: blue for what is right, red for mistakes.

    Little is dark, on a light background light.
    """
    if depth() == "16":
        return XTERM[(15 if light else 0) if share < 0.1 else 4 if right else 1]
    return blend(_LITTLE[light], _RIGHT if right else _WRONG, share if right else min(1.0, 0.25 + 3 * share))


def difference(share: float, *, light: bool = False) -> Colour:
    """Return the colour of a share in [0, 1] of a difference: blue for less, vermilion for more; 0.5 is little."""
    far = 2 * min(max(share, 0.0), 1.0) - 1
    if depth() == "16":
        return XTERM[(15 if light else 0) if abs(far) < 0.1 else 4 if far < 0 else 3]
    return blend(_LITTLE[light], _LESS if far < 0 else _MORE, abs(far))


def blend(first: Colour, second: Colour, share: float) -> Colour:
    """Mix two colours; share 0 gives the first."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def on(colour: Colour) -> str:
    """Return a style for text that can be read on a colour: black or white, by the contrast of WCAG."""
    return _on(colour, depth())


@cache
def _on(colour: Colour, colours: Depth) -> str:
    if colours == "16":
        number = min(range(len(XTERM)), key=lambda n: math.dist(XTERM[n], colour))
        return f"{'black' if luminance(XTERM[number]) > 0.179 else 'bright_white'} on {_ANSI[number]}"
    dark = luminance(seen(nearest(css(colour), colours))) > 0.179
    return f"{'#000000' if dark else '#ffffff'} on {css(colour)}"


def nearest(colour: str, colours: Depth) -> RichColor:
    """Return the colour that a terminal of so many colours is sent for one given as ``#rrggbb`` or by name."""
    parsed = RichColor.parse(colour)
    if colours == "16" and parsed.triplet is not None:
        number = parsed.downgrade(ColorSystem.STANDARD).number
        return RichColor.parse(_ANSI[number or 0])
    return parsed.downgrade(ColorSystem.EIGHT_BIT) if colours == "256" else parsed


def seen(colour: RichColor) -> Colour:
    """Return what a terminal shows for a colour; one of the first sixteen as xterm does."""
    if colour.number is not None and colour.number < len(XTERM):
        return XTERM[colour.number]
    return colour.get_truecolor()


def luminance(colour: Colour) -> float:
    """Return the relative luminance of WCAG, in [0, 1]."""
    linear = [c / 12.92 if (c := part / 255) <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: Colour, second: Colour) -> float:
    """Return the contrast of WCAG between two colours, from 1 to 21."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def css(colour: Colour) -> str:
    """Return a colour as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
