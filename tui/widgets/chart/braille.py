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
_UP_TO = np.array([0b0000, 0b0001, 0b0011, 0b0111, 0b1111], np.uint8)
_LEFT, _RIGHT = (
    np.array([sum(int(_DOTS[row, side]) for row in range(4) if quad >> row & 1) for quad in range(16)], np.uint8)
    for side in (0, 1)
)
_DASH_QUADS = tuple(
    np.array(
        [sum(1 << row for row in range(4) if dash[(start + row) % len(dash)]) for start in range(len(dash))], np.uint8
    )
    for dash in DASHES
)
SAMPLES = ("──", "╌╌", "┈┈", "··")
"""How a legend shows each of `DASHES`."""


def trace_line(
    columns: Columns, rows: NDArray[np.float64], at: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the top and bottom dot row `[C]` of a curve in every dot column, and where it is present `[C]`.

    `rows` `[4, C]` holds the dot rows (downwards, may lie outside the picture) of the columns' high, low, first and
    last values, `at` `[2, C]` the positions of the first and last point in units of columns. Columns without a point
    that lie between joined points are crossed by a straight line.
    """
    _, _, first, last = rows
    count = rows.shape[1]
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
        rows[:, crossed] = line
        present |= crossed
        joined |= crossed
    top, bottom, enter, leave = _integers(rows)
    _close_steps(top, bottom, enter, leave, joined)
    return top, bottom, present


def _integers(rows: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round rows; one that is not a number is 0."""
    near = np.clip(rows, -_FAR, _FAR)
    near[np.isnan(near)] = 0.0
    return np.rint(near).astype(np.int64)


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
    quads = _quads(top, np.where(present, bottom, top - 1), height)
    pattern = _DASH_QUADS[dash % len(DASHES)]
    if len(pattern) > 1:
        phase = np.arange(len(top)) - top + np.arange(height)[:, None] * 4
        quads &= pattern[phase % len(pattern)]
    return _paired(quads)


def dotted(
    top: NDArray[np.int64], bottom: NDArray[np.int64], present: NDArray[np.bool_], height: int
) -> NDArray[np.uint8]:
    """Draw every second dot of columns as `cells` does, as on a chessboard."""
    quads = _quads(top, np.where(present, bottom, top - 1), height)
    quads[:, ::2] &= 0b0101
    quads[:, 1::2] &= 0b1010
    return _paired(quads)


def _quads(top: NDArray[np.int64], bottom: NDArray[np.int64], height: int) -> NDArray[np.uint8]:
    """Return the dots from `top` to `bottom` of each column `[C]`, four below each other a number, `[height, C]`.

    The lowest bit is the upper dot.
    """
    limit = 4 * height
    first = np.clip(top, 0, limit).astype(np.int16)
    last = np.clip(bottom + 1, 0, limit).astype(np.int16)
    row = np.arange(0, limit, 4, dtype=np.int16)[:, None]
    quads: NDArray[np.uint8] = _UP_TO[np.clip(last - row, 0, 4)] & ~_UP_TO[np.clip(first - row, 0, 4)]
    return quads


def _paired(quads: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return cells `[height, W]` of braille bits of columns `[height, 2 * W]` of four dots."""
    return _LEFT[quads[:, ::2]] | _RIGHT[quads[:, 1::2]]


def pack(dots: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return dots `[4 * height, 2 * W]` as cells `[height, W]` of braille bits."""
    rows, columns = dots.shape
    packed: NDArray[np.uint8] = np.einsum(
        "hiwj,ij->hw", dots.view(np.uint8).reshape(rows // 4, 4, columns // 2, 2), _DOTS
    )
    return packed
