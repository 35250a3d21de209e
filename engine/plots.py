"""Plots as data: a program declares what it plots, and others draw it - in the terminal, on paper, over other runs.

No torch, no matplotlib. A plot is stored as JSON beside its run; the pictures of `Tiles` are PNG files beside that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Scale = Literal["linear", "log"]
Numbers = tuple[float, ...]


def _numbers(values: Sequence[float]) -> Numbers:
    return tuple(math.nan if value is None else float(value) for value in values)


def shares_between(values: Any, low: float, high: float) -> Any:
    """Return where values (a number or an array) lie between two others, 0 at ``low`` and 1 at ``high``.

    ``high`` must be larger than ``low``. Both are divided by the larger magnitude first, so that neither the largest
    nor the smallest float overflows or vanishes on the way.
    """
    largest = max(abs(low), abs(high))
    return (values / largest - low / largest) / (high / largest - low / largest)


def _same(name: str, count: int, wanted: int) -> None:
    if count != wanted:
        raise ValueError(f"{name} has {count} entries where {wanted} are needed")


@dataclass(frozen=True, slots=True)
class Lines:
    """One or several curves over common positions, ``N`` points each.

    Attributes:
        x: positions, or names that stand beside each other in their order.
        series: values by the name in the legend; NaN leaves a gap.
        errors: half the height of an error bar at each point, for some of the series.
        x_label: what x is, with its unit.
        y_label: what the values are, with their unit.
        x_scale: of the x axis; names are always linear.
        y_scale: of the y axis.
        marked: the position (a value of ``x``) that is pointed out.

    Raises:
        ValueError: if lengths differ.
    """

    kind: ClassVar[str] = "lines"
    x: tuple[float, ...] | tuple[str, ...]
    series: Mapping[str, Numbers]
    errors: Mapping[str, Numbers] = field(default_factory=dict)
    x_label: str = ""
    y_label: str = ""
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"
    marked: float | str | None = None

    def __post_init__(self) -> None:
        named = any(isinstance(place, str) for place in self.x)
        _set(self, "x", tuple(map(str, self.x)) if named else _numbers([float(place) for place in self.x]))
        _set(self, "series", {name: _numbers(values) for name, values in self.series.items()})
        _set(self, "errors", {name: _numbers(values) for name, values in self.errors.items()})
        for name, values in (*self.series.items(), *self.errors.items()):
            _same(f"series {name!r}", len(values), len(self.x))

    @property
    def named(self) -> bool:
        """Whether the positions are names."""
        return bool(self.x) and isinstance(self.x[0], str)


@dataclass(frozen=True, slots=True)
class Heatmap:
    """A matrix of numbers with a name for each of its ``R`` rows and ``C`` columns.

    Attributes:
        values: ``[R, C]``; NaN stays blank.
        rows: names, from the top.
        columns: names, from the left.
        row_label: what the rows are.
        column_label: what the columns are.
        shade: what the colour of a cell says: its ``value`` between the smallest and the largest, its share of its
            ``row``, or on which side of zero it lies and how far (``difference``).
        diagonal: whether the diagonal is what is right and all else a mistake, as in a confusion matrix.
        digits: after the decimal point; 0 for counts.
        legend: what the numbers are, in a few words.

    Raises:
        ValueError: if names and values do not match.
    """

    kind: ClassVar[str] = "heatmap"
    values: tuple[Numbers, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    row_label: str = ""
    column_label: str = ""
    shade: Literal["value", "row", "difference"] = "value"
    diagonal: bool = False
    digits: int = 3
    legend: str = ""

    def __post_init__(self) -> None:
        _set(self, "values", tuple(_numbers(row) for row in self.values))
        _set(self, "rows", tuple(map(str, self.rows)))
        _set(self, "columns", tuple(map(str, self.columns)))
        _same("the matrix", len(self.values), len(self.rows))
        for name, row in zip(self.rows, self.values, strict=True):
            _same(f"row {name!r}", len(row), len(self.columns))


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar for each of ``N`` names, the first on top.

    Attributes:
        names: of the bars.
        values: their lengths.
        errors: half the length of an error bar at each; empty for none.
        label: what the values are, with their unit.

    Raises:
        ValueError: if lengths differ.
    """

    kind: ClassVar[str] = "bars"
    names: tuple[str, ...]
    values: Numbers
    errors: Numbers = ()
    label: str = ""

    def __post_init__(self) -> None:
        _set(self, "names", tuple(map(str, self.names)))
        _set(self, "values", _numbers(self.values))
        _set(self, "errors", _numbers(self.errors))
        _same("values", len(self.values), len(self.names))
        if self.errors:
            _same("errors", len(self.errors), len(self.names))


@dataclass(frozen=True, slots=True)
class Scatter:
    """``N`` points in the plane, told apart by colour and, if wished, by shape.

    Attributes:
        points: ``[N, 2]``.
        groups: the name of each point's colour.
        shapes: the name of each point's shape; empty for one shape.
        x_label: what x is; empty where it means nothing, as in t-SNE.
        y_label: what y is.
        group_label: what the colours are.
        shape_label: what the shapes are.

    Raises:
        ValueError: if lengths differ.
    """

    kind: ClassVar[str] = "scatter"
    points: tuple[tuple[float, float], ...]
    groups: tuple[str, ...]
    shapes: tuple[str, ...] = ()
    x_label: str = ""
    y_label: str = ""
    group_label: str = ""
    shape_label: str = ""

    def __post_init__(self) -> None:
        _set(self, "points", tuple((float(x), float(y)) for x, y in self.points))
        _set(self, "groups", tuple(map(str, self.groups)))
        _set(self, "shapes", tuple(map(str, self.shapes)))
        _same("groups", len(self.groups), len(self.points))
        if self.shapes:
            _same("shapes", len(self.shapes), len(self.points))


@dataclass(frozen=True, slots=True)
class Tiles:
    """Small pictures in rows, each with lines of text under it.

    Attributes:
        pictures: ``N`` arrays uint8 ``[H, W, 3]``, of any sizes; as read from a run, the paths of their PNG files.
        captions: for each picture its lines; a text alone is one line.
        columns: pictures in a row; 0 for as many as fit.

    Raises:
        ValueError: if lengths differ.
    """

    kind: ClassVar[str] = "tiles"
    pictures: tuple[NDArray[np.uint8] | Path, ...]
    captions: tuple[tuple[str, ...], ...]
    columns: int = 0

    def __post_init__(self) -> None:
        _set(self, "pictures", tuple(self.pictures))
        lines = tuple((own,) if isinstance(own, str) else tuple(map(str, own)) for own in self.captions)
        _set(self, "captions", lines)
        _same("captions", len(self.captions), len(self.pictures))


Plot = Lines | Heatmap | Bars | Scatter | Tiles
KINDS: dict[str, type[Plot]] = {kind.kind: kind for kind in (Lines, Heatmap, Bars, Scatter, Tiles)}


def _set(plot: Any, name: str, value: Any) -> None:
    object.__setattr__(plot, name, value)
