"""Pictures and plots of one kind, one of each group: beside each other, or lines over each other in one chart."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from rich.cells import cell_len
from textual import work
from textual.content import Content

from engine import gallery, shortened_captions
from tui.widgets.chart import Chart
from tui.widgets.comparison.plots import difference, overlaid
from tui.widgets.pictures import AMPLIFICATIONS
from tui.widgets.refilled import Refilled
from tui.widgets.shot import ShotView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.timer import Timer

    from tui.widgets.comparison.look import Shelf

BLINK_SECONDS = 0.5
LEAST_COLUMNS = 24
"""Cells of a picture's width, at least, where there is room for two: three fit into 80."""
LEAST_ROWS = 8
MARGIN = 6
"""Cells of a picture's width that its caption leaves free."""
MOST_CELLS = 24
"""Groups whose pictures are shown, at most: the first ones."""
Mode = Literal["plain", "blink", "difference"]


class ComparisonPictures(Refilled):
    """Shows one kind of picture or plot of every group at one step."""

    def __init__(self, renderer: str) -> None:
        super().__init__(id="comparison-pictures")
        self.renderer = renderer
        self.kind = ""
        self._shelves: tuple[Shelf, ...] = ()
        self._step: int | None = None
        self._mode: Mode = "plain"
        self._times = 1
        self._blinking: Timer | None = None
        self._first_shown = False
        self._built = ""

    def on_mount(self) -> None:
        """Say that nothing is there yet."""
        self._tag()

    def show(self, shelves: Sequence[Shelf]) -> None:
        """Show the pictures of these groups."""
        shelves = tuple(shelves[:MOST_CELLS])
        if shelves == self._shelves:
            return
        self._shelves = shelves
        if self.kind not in self.kinds:
            self.kind = max(self.kinds, key=lambda kind: sum(kind in one.albums for one in shelves), default="")
        self._draw()

    # -- what is shown --------------------------------------------------------------------------------------------

    @property
    def kinds(self) -> list[str]:
        """Names of the pictures and plots that groups keep."""
        return list(dict.fromkeys(name for shelf in self._shelves for name in shelf.albums))

    @property
    def steps(self) -> list[int]:
        """The steps at which a group keeps something of this kind."""
        return sorted({step for shelf in self._shelves for step in shelf.albums.get(self.kind, ())})

    @property
    def kept(self) -> list[gallery.Kept]:
        """Of each group that has this kind, what it keeps of the chosen step, or the one before, with its caption."""
        steps = self.steps
        wanted = self._step if self._step is not None else steps[-1] if steps else 0
        found = []
        for shelf in self._holders:
            own = shelf.albums[self.kind]
            found.append(replace(gallery.at_step(own, wanted), caption=shelf.caption))
        return found

    @property
    def pinned(self) -> int | None:
        """The step the user went back to, or None while the newest is shown."""
        return self._step

    @property
    def _holders(self) -> list[Shelf]:
        return [shelf for shelf in self._shelves if self.kind in shelf.albums]

    @property
    def sheet(self) -> gallery.Sheet | None:
        """All that is shown, as one picture; None if there is nothing. Of pictures it holds themselves always."""
        kept = [shot for shot in self._shots() if isinstance(shot, gallery.Kept)]
        kept = kept if len(kept) == len(self.kept) else self.kept
        return gallery.Sheet(tuple(kept), gallery.ANIMATED) if kept else None

    def _shots(self) -> list[gallery.Shot]:
        kept = self.kept
        if self._mode == "difference":
            return [*kept[:1], *(difference(kept[0], one, self._times) for one in kept[1:])]
        if self._mode == "blink" and self._first_shown:
            return [*kept[:1] * len(kept)]
        return [*kept]

    # -- drawing --------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        self._tag()
        self._fill()

    @work(exclusive=True, group="fill")
    async def _fill(self) -> None:
        """Read plots beside the event loop; lines share a chart, everything else has a cell."""
        holders, kept = self._holders, self.kept
        lines = [(shelf.caption, shelf.style, one) for shelf, one in zip(holders, kept, strict=True)]
        chart = await asyncio.to_thread(overlaid, lines) if lines else None
        await self._build("chart" if chart is not None else f"{len(kept)} cells", len(kept))
        self._share()
        if chart is not None:
            drawn = self.query_one(Chart)
            drawn.set_title(chart.title)
            drawn.x_axis, drawn.log_y = chart.x_axis, chart.log_y
            drawn.show(chart.curves)
            return
        self._name_cells()
        for cell, own, shot in zip(self.query(ShotView), kept, self._shots(), strict=True):
            cell.border_subtitle = f"step {own.step:,}"
            cell.show(shot)

    async def _build(self, wanted: str, count: int) -> None:
        if self._built == wanted:
            return
        self._built = ""
        await self.refill([Chart()] if wanted == "chart" else [ShotView(self.renderer) for _ in range(count)])
        self._built = wanted

    def on_resize(self) -> None:
        """Share the room among the cells."""
        self._share()
        self._name_cells()

    def _name_cells(self) -> None:
        """Write the captions over the cells, as long as there is room for."""
        cells, captions = [*self.query(ShotView).results(ShotView)], [shelf.caption for shelf in self._holders]
        if len(cells) == len(captions):
            room = max(1, self.container_size.width // max(1, self.styles.grid_size_columns) - MARGIN)
            for cell, caption in zip(cells, shortened_captions(captions, room, cell_len), strict=True):
                cell.border_title = Content(caption)

    def _share(self) -> None:
        count = 1 if self._built == "chart" else max(1, len(self._holders))
        columns, rows = grid(count, self.container_size.width, self.container_size.height)
        self.styles.grid_size_columns = columns
        self.styles.grid_rows = str(rows)

    def _tag(self) -> None:
        kinds, steps = self.kinds, self.steps
        if not kinds:
            self.border_title, self.border_subtitle = "no pictures or plots yet", ""
            return
        which = f" {kinds.index(self.kind) + 1}/{len(kinds)}" if len(kinds) > 1 else ""
        self.border_title = Content(f"{self.kind}{which}")
        place = f"step {self._step:,}" if self._step is not None else "newest"
        how = {"plain": "", "blink": " · blink with the first", "difference": f" · less the first, x{self._times}"}
        self.border_subtitle = f"{place} of {len(steps)}{how[self._mode]}"

    def redraw_with(self, renderer: str) -> None:
        """Draw with another renderer from now on."""
        self.renderer = renderer
        for cell in self.query(ShotView):
            cell.redraw_with(renderer)

    # -- keys -----------------------------------------------------------------------------------------------------

    def action_step(self, offset: int) -> None:
        """Show the pictures of the next step (1) or the one before (-1)."""
        steps = self.steps
        if steps:
            present = steps.index(self._step) if self._step in steps else len(steps) - 1
            self._go(steps[min(max(present + offset, 0), len(steps) - 1)])

    def action_first(self) -> None:
        """Show the first pictures."""
        if self.steps:
            self._go(self.steps[0])

    def action_last(self) -> None:
        """Show the newest pictures, and follow newer ones."""
        self._go(None)

    def _go(self, step: int | None) -> None:
        self._step = None if self.steps and step == self.steps[-1] else step
        self._draw()

    def action_next_kind(self, offset: int) -> None:
        """Show the next kind (1) or the one before (-1)."""
        kinds = self.kinds
        if kinds:
            self.kind = kinds[(kinds.index(self.kind) + offset) % len(kinds)]
            self._step = None
            self._switch_to("plain")

    def action_blink(self) -> None:
        """Show the first one in place of the others in turn, or stop that."""
        self._switch_to("plain" if self._mode == "blink" else "blink")

    def action_difference(self) -> None:
        """Show what the others have more than the first: x1, x3, x10, x30, and at last themselves."""
        if self._mode != "difference":
            self._times = AMPLIFICATIONS[0]
            self._switch_to("difference")
        elif self._times == AMPLIFICATIONS[-1]:
            self._switch_to("plain")
        else:
            self._times = AMPLIFICATIONS[AMPLIFICATIONS.index(self._times) + 1]
            self._draw()

    def _switch_to(self, mode: Mode) -> None:
        if self._blinking is not None:
            self._blinking.stop()
        self._mode, self._first_shown = mode, False
        self._blinking = self.set_interval(BLINK_SECONDS, self._turn) if mode == "blink" else None
        self._draw()

    def _turn(self) -> None:
        self._first_shown = not self._first_shown
        self._draw()


def grid(count: int, width: int, height: int) -> tuple[int, int]:
    """Return columns and the height of rows for the largest cells; up to three stand in one row if they fit."""
    most = max(1, min(count, width // LEAST_COLUMNS))
    columns = max(range(1, most + 1), key=lambda across: min(width // across, 2 * (height // -(-count // across))))
    columns = count if count <= min(3, most) else columns
    return columns, max(LEAST_ROWS, height // -(-count // columns))
