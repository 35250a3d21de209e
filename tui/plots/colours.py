"""Colours of plots in cells: ramps for numbers, colours and marks for groups."""

from __future__ import annotations

GROUPS = (
    "#4c9be8",
    "#e8743b",
    "#4cc38a",
    "#d46fb8",
    "#e0b13c",
    "#7fd0e8",
    "#b18cf0",
    "#c3c14a",
    "#f0868c",
    "#8fa3b8",
)
"""Colours of groups; after the last one they begin again, with the next mark."""
MARKS = ("●", "▲", "■", "◆", "✚", "○", "△", "□")
"""One cell wide each."""
Colour = tuple[int, int, int]
_RAMP: tuple[Colour, ...] = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
"""Five stops of viridis, whose lightness grows evenly."""
_RIGHT: Colour = (38, 110, 160)
_WRONG: Colour = (178, 58, 52)


def ramp(share: float) -> Colour:
    """Return the colour of a share in [0, 1], from dark to light."""
    place = min(max(share, 0.0), 1.0) * (len(_RAMP) - 1)
    index = min(int(place), len(_RAMP) - 2)
    return blend(_RAMP[index], _RAMP[index + 1], place - index)


def confusion(share: float, *, right: bool) -> Colour:
    """Return the colour of a cell of a confusion matrix: blue for what is right, red for mistakes, dark for little."""
    return blend((32, 34, 42), _RIGHT if right else _WRONG, share if right else min(1.0, 0.25 + 3 * share))


def blend(first: Colour, second: Colour, share: float) -> Colour:
    """Mix two colours; share 0 gives the first."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def on(colour: Colour) -> str:
    """Return a style for text that can be read on a colour: black or white, by the contrast of WCAG."""
    return f"{'#000000' if luminance(colour) > 0.179 else '#ffffff'} on {css(colour)}"


def luminance(colour: Colour) -> float:
    """Return the relative luminance of WCAG, in [0, 1]."""
    linear = [c / 12.92 if (c := part / 255) <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def css(colour: Colour) -> str:
    """Return a colour as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
