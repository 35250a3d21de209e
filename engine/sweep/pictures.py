"""The pictures of a sweep laid out by two axes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from engine.provenance import Origin
from engine.selection.values import comparable
from engine.sweep.views import SEEDS, axis_of, places, value_on, written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.drawing.gallery import Kept
    from engine.plots import Tiles
    from engine.sweep.record import SweepRecord
    from engine.sweep.trials import Trial

Album = dict[str, dict[int, "Kept"]]

STEPS = "step"
"""What pictures may be laid out by besides axes and seeds: the steps at which they were made."""
MOST_PLACES = 12
"""Values of an axis in a grid of pictures, and steps, at most: of more, the first, the last and some between."""


@dataclass(frozen=True)
class PictureGrid:
    """Pictures or plots of one kind, a column for each value of one axis, a row for each of another.

    Attributes:
        kind: their name.
        across: what the columns differ in.
        down: what the rows differ in: an axis, ``step`` or ``seed``.
        columns: the values across.
        rows: the values down.
        cells: ``[R][C]``; None where there is none.
        stands: which of several runs stands in a place, as ``best of lr``; empty if there is one in each.
        held: what a run has on the axes that are not laid out, by its id.
    """

    kind: str
    across: str
    down: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    cells: tuple[tuple[Kept | None, ...], ...]
    stands: str = ""
    held: Mapping[str, str] = field(default_factory=dict)

    def turned(self) -> PictureGrid:
        """Return it with its rows as columns."""
        cells = tuple(zip(*self.cells, strict=True))
        return replace(self, across=self.down, down=self.across, columns=self.rows, rows=self.columns, cells=cells)

    @property
    def origin(self) -> Origin:
        """The runs whose pictures it shows."""
        return Origin.of(dict.fromkeys(cell.run for row in self.cells for cell in row if cell is not None))

    @property
    def title(self) -> str:
        """What it is, in words."""
        return f"{self.kind}: {self.across} across, {self.down} down{self.stands and f', {self.stands}'}"

    def part(self, first: int, count: int) -> PictureGrid:
        """Return some of its columns, from the first one named on."""
        shown = slice(first, first + count)
        cells = tuple(row[shown] for row in self.cells)
        return replace(self, columns=self.columns[shown], cells=cells)

    def plot(self) -> Tiles:
        """Return it as data; a place without a picture is grey and says so."""
        import numpy as np

        from engine.drawing.gallery import thumbnail
        from engine.plots import Tiles

        blank = np.full((8, 8, 3), 64, np.uint8)
        pictures = []
        captions: list[str] = []
        for row, own in zip(self.rows, self.cells, strict=True):
            for column, kept in zip(self.columns, own, strict=True):
                image = None if kept is None else thumbnail(kept)
                pictures.append(blank if image is None else np.asarray(image))
                step = "no picture yet" if kept is None else f"step {kept.step:,}"
                place = [] if self.down == STEPS else [f"{self.down} {row}"]
                held = [] if kept is None or not self.held.get(kept.run) else [self.held[kept.run]]
                captions.append(" · ".join([f"{self.across} {column}", *place, *held, step]))
        return Tiles(tuple(pictures), tuple((caption,) for caption in captions), len(self.columns))


def picture_grid(
    record: SweepRecord,
    trials: Sequence[Trial],
    albums: Callable[[Trial], Album],
    across: str,
    down: str = STEPS,
    kind: str = "",
    most: int = MOST_PLACES,
) -> tuple[PictureGrid | None, list[str]]:
    """Return the pictures of a sweep laid out by two axes, and the names of all kinds there are.

    Where several runs belong into one place, the best of them stands there, at its newest step, or at each step if the
    steps go down.

    Args:
        record: of the sweep.
        trials: of it.
        albums: returns the pictures and plots of a run by name and step.
        across: name of an axis.
        down: name of another one, ``step`` or ``seed``.
        kind: name of the pictures; empty for that which most runs have, and of these at most steps.
        most: values of an axis and steps, at most.

    Returns:
        None and no names if there are no pictures.

    Raises:
        PhospheneError: if there is no such axis.
    """
    columns = _keys(record, trials, across, most)
    rows = {"": ""} if down == STEPS else _keys(record, trials, down, most)
    chosen = _chosen(record, trials, across, down if down != STEPS else "")
    found = {place: albums(trial) for place, trial in chosen.items() if place[0] in columns and place[1] in rows}
    counts: dict[str, tuple[int, int]] = {}
    for album in found.values():
        for name, own in album.items():
            holders, kept = counts.get(name, (0, 0))
            counts[name] = holders + 1, kept + len(own)
    if not counts:
        return None, []
    kind = kind if kind in counts else max(counts, key=lambda name: counts[name])
    others = [axis for axis in record.axes if axis.name not in {across, down}]
    seeds = len(record.seeds) > 1 and SEEDS not in {across, down}
    unseen = [*(axis.name for axis in others), *([SEEDS] if seeds else [])]
    which = "first" if record.better == "neither" else "best"
    stands = f"{which} of {' and '.join(unseen)}" if unseen else ""
    held = {one.run: ", ".join(f"{axis.name} {written(value_on(axis, one))}" for axis in others) for one in trials}
    if down == STEPS:
        steps = _thinned(sorted({step for album in found.values() for step in album.get(kind, ())}), most)
        cells = tuple(tuple(found.get((key, ""), {}).get(kind, {}).get(step) for key in columns) for step in steps)
        names = tuple(f"{s:,}" for s in steps)
        return PictureGrid(kind, across, down, (*columns.values(),), names, cells, stands, held), [*counts]
    cells = tuple(tuple(_newest(found.get((key, row), {}).get(kind, {})) for key in columns) for row in rows)
    return PictureGrid(kind, across, down, (*columns.values(),), (*rows.values(),), cells, stands, held), [*counts]


def _newest(steps: Mapping[int, Kept]) -> Kept | None:
    return steps[max(steps)] if steps else None


def _keys(record: SweepRecord, trials: Sequence[Trial], name: str, most: int) -> dict[Any, str]:
    """Return the values of an axis, or the seeds, as they are told apart and as they are written."""
    if name == SEEDS:
        return {seed: str(seed) for seed in sorted({trial.seed for trial in trials})}
    values = _thinned(places(axis_of(record, name), trials), most)
    return {comparable(list(value)): written(value) for value in values}


def _thinned(values: list[Any], most: int) -> list[Any]:
    if len(values) <= most:
        return values
    return [values[round(place * (len(values) - 1) / (most - 1))] for place in range(most)]


def _chosen(record: SweepRecord, trials: Sequence[Trial], across: str, down: str) -> dict[tuple[Any, Any], Trial]:
    """Return the run that stands for each place: of those with results the best, else the first that was begun."""

    def key(name: str, trial: Trial) -> Any:
        if name in {"", SEEDS}:
            return trial.seed if name else ""
        return comparable(list(value_on(axis_of(record, name), trial)))

    def merit(trial: Trial) -> tuple[bool, float]:
        known = trial.state == "finished" and trial.value is not None
        value = trial.value if known and trial.value is not None else 0.0
        return known, -value if record.better == "lower" else value if record.better == "higher" else 0.0

    found: dict[tuple[Any, Any], Trial] = {}
    for trial in trials:
        if trial.status is None:
            continue
        place = key(across, trial), key(down, trial)
        if place not in found or merit(trial) > merit(found[place]):
            found[place] = trial
    return found
