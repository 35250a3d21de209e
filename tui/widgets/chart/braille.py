"""Braille cells: a decimated curve becomes dots, two by four to a character cell. No styles, no screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine import Columns

BLANK = 0x2800  # the code point of the cell without dots; a cell's dots are added to it
_DOTS = np.array([[1, 8], [2, 16], [4, 32], [64, 128]], np.uint8)
_FAR = 1_000_000  # rows further away than this are all the same: out of sight

DASHES = (
    np.array([True]),
    np.array([True, True, True, True, False, False]),
    np.array([True, True, False, False]),
    np.array([True, False, False, False]),
)
SAMPLES = ("──", "╌╌", "┈┈", "··")
"""How a legend shows each of `DASHES`."""


def trace_line(
    columns: Columns, rows: tuple[NDArray[np.float64], ...], at: tuple[NDArray[np.float64], ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the top and bottom dot row `[C]` of a curve in every dot column, and where it is present `[C]`.

    `rows` holds the dot rows (downwards, may lie outside the picture) of the columns' high, low, first and last
    values, `at` the positions of the first and last point in units of columns. Columns without a point that lie
    between joined points are crossed by a straight line.
    """
    high, low, first, last = rows
    count = len(high)
    present = columns.filled.copy()
    where = np.flatnonzero(present)
    joined = columns.joined.copy()
    if len(where) > 1:
        column = np.arange(count)
        following = np.searchsorted(where, column)
        between = ~present & (following > 0) & (following < len(where))
        crossed = between & joined[where[np.minimum(following, len(where) - 1)]]
        knots = np.column_stack([at[0][where], at[1][where]]).ravel()
        heights = np.column_stack([first[where], last[where]]).ravel()
        line = np.interp(column[crossed] + 0.5, knots, heights)
        for values in (high, low, first, last):
            values[crossed] = line
        present |= crossed
        joined |= crossed
    top, bottom, enter, leave = (_integers(values) for values in (high, low, first, last))
    _close_steps(top, bottom, enter, leave, joined)
    return top, bottom, present


def _integers(rows: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(np.clip(np.nan_to_num(rows), -_FAR, _FAR)).astype(np.int64)


def _close_steps(
    top: NDArray[np.int64],
    bottom: NDArray[np.int64],
    enter: NDArray[np.int64],
    leave: NDArray[np.int64],
    joined: NDArray[np.bool_],
) -> None:
    """Lengthen neighbouring columns towards each other, each by half, where a step would leave a hole."""
    here = np.flatnonzero(joined[1:]) + 1
    before = here - 1
    start, end = leave[before], enter[here]
    middle = (start + end) // 2
    down, up = end - start > 1, start - end > 1
    bottom[before] = np.where(down, np.maximum(bottom[before], middle), bottom[before])
    top[here] = np.where(down, np.minimum(top[here], middle + 1), top[here])
    top[before] = np.where(up, np.minimum(top[before], middle + 1), top[before])
    bottom[here] = np.where(up, np.maximum(bottom[here], middle), bottom[here])


def cells(
    top: NDArray[np.int64], bottom: NDArray[np.int64], present: NDArray[np.bool_], height: int, dash: int = 0
) -> NDArray[np.uint8]:
    """Draw columns `[2 * W]` of dots from `top` to `bottom` into cells `[height, W]` of braille bits.

    `dash` picks one of `DASHES`: the pattern runs along x, and down a column where the line is steep, so that it
    depends on nothing but the place.
    """
    row = np.arange(height * 4)[:, None]
    dots = (row >= top) & (row <= bottom) & present
    pattern = DASHES[dash % len(DASHES)]
    if len(pattern) > 1:
        phase = np.arange(len(top))[None, :] + np.maximum(row - top, 0)
        dots &= pattern[phase % len(pattern)]
    return pack(dots)


def pack(dots: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return dots `[4 * height, 2 * W]` as cells `[height, W]` of braille bits."""
    rows, columns = dots.shape
    packed: NDArray[np.uint8] = np.einsum(
        "hiwj,ij->hw", dots.view(np.uint8).reshape(rows // 4, 4, columns // 2, 2), _DOTS
    )
    return packed
