"""The panels of a study's screen: what it asks, published beside measured values, and its figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.widgets.comparison.pictures import ComparisonPictures
from tui.widgets.plot import PlotView
from tui.widgets.sweep.panels import SweepCharts, SweepPictures
from tui.widgets.table import SheetView, TableView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult
    from textual.widget import Widget

    from tui.widgets.study.drawing import Figure
    from tui.widgets.study.look import Seen
    from tui.widgets.table import TableModel

HINDERED = "cannot be run here: "
"""How a line begins that says what is missing; see :func:`engine.study_wording.head`."""


class StudyText(VerticalScroll, can_focus=True):
    """What the study asks, how far it has come, what is missing, and the plan."""

    BORDER_TITLE = "question"

    def __init__(self) -> None:
        super().__init__(id="study-text")

    def compose(self) -> ComposeResult:
        """Lay out one text."""
        yield Static("reading…", markup=False)

    def show(self, seen: Seen, run: str) -> None:
        """Show this.

        Args:
            seen: in a look.
            run: the key that runs it.
        """
        from engine import study_wording

        _, question, *said = study_wording.head(seen.progress)  # the title stands in the head of the screen
        lines = [Content.styled(question, "bold")]
        for line in said:
            text = " ".join(line.split())
            if line.startswith(HINDERED):
                lines.append(Content.styled(f"✗ {text}", "$text-error"))
            else:
                lines.append(Content.styled(text, "$text-muted" if line.startswith("source: ") else ""))
        lines += [Content.styled(remark, "$text-muted") for remark in seen.sheet.remarks]
        lines += self._plan(seen, run)
        self.query_one(Static).update(Content("\n").join(lines))

    @staticmethod
    def _plan(seen: Seen, run: str) -> list[Content]:
        if seen.under_way or seen.progress.missing:
            return []
        if len(seen.progress.trials) == seen.progress.runs:
            return [Content.styled("all of its runs are there", "$text-success")]
        if seen.plan is None:
            return [Content.styled("planning…", "$text-muted")]
        head = Content.styled(f"plan: {run} runs it", "bold $accent")
        return [head, *map(Content, seen.plan)]


class Published(SheetView):
    """Published values beside measured ones."""

    WITHOUT: ClassVar[frozenset[str]] = frozenset({"next_table", "copy"})

    def __init__(self) -> None:
        super().__init__(id="study-published")
        self._metric = ""

    @property
    def shown(self) -> str:
        """What it is."""
        return f"published beside measured{self._metric and f': {self._metric}'}"

    def show(self, model: TableModel | None, metric: str) -> None:
        """Show these values of a metric, which is empty for several; order and cursor stay as they were."""
        self._metric = metric
        before = self.grid.model
        if model is not None and before is not None and before.table.columns == model.table.columns:
            model.sort_by(before.sorted_by)
        self._draw(model, "the source prints no value that could stand beside ours")


class StudyPlot(PlotView, can_focus=True):
    """Bars or a heatmap over the axes."""

    def __init__(self, renderer: str) -> None:
        super().__init__(renderer)
        self.id = "study-plot"


class StudyFigure(Container):
    """Draws the figure of a study in the way that it is declared; one of its parts is on the screen.

    Args:
        renderer: how pictures are drawn.
    """

    def __init__(self, renderer: str) -> None:
        super().__init__(id="study-figure")
        self.renderer = renderer
        self.figure: Figure | None = None
        self.charts = SweepCharts(id="study-charts")
        self.pictures = ComparisonPictures(renderer)
        self.grid = SweepPictures(renderer)
        self.plot = StudyPlot(renderer)
        self.tables = TableView(id="study-table")
        self._empty = Static("no run has begun yet", id="study-empty", markup=False)

    def compose(self) -> ComposeResult:
        """Lay out all parts."""
        yield from self._parts.values()
        yield self._empty

    @property
    def _parts(self) -> Mapping[str, Widget]:
        return {
            "charts": self.charts,
            "kept": self.pictures,
            "grid": self.grid,
            "plot": self.plot,
            "table": self.tables,
        }

    def on_mount(self) -> None:
        """Begin without a figure."""
        self._reveal("")

    def _reveal(self, wanted: str) -> None:
        for name, part in self._parts.items():
            part.display = name == wanted
        self._empty.display = not wanted

    @property
    def part(self) -> str:
        """The part that is on the screen; empty if none is."""
        return next((name for name, part in self._parts.items() if part.display), "")

    def show(self, figure: Figure) -> None:
        """Draw this."""
        self.figure = figure
        if figure.charts:
            self._reveal("charts")
            self.charts.show(figure.charts)
        elif figure.plot is not None:
            self._reveal("plot")
            self.plot.border_title = Content(figure.name)
            self.plot.show(figure.plot)
        elif figure.shelves:
            self._reveal("kept")
            self.pictures.kind = figure.name
            self.pictures.show(figure.shelves)
        elif figure.grid is not None:
            self._reveal("grid")
            self.grid.lay_out(figure.grid)
        elif figure.tables:
            self._reveal("table")
            self.tables.show(figure.tables)
        else:
            self._reveal("")

    @property
    def first_stop(self) -> Widget | None:
        """What of the part that is on the screen gets the focus."""
        if self.part == "charts":
            return self.charts.first_stop
        if self.part == "table":
            return self.tables.grid
        return self._parts.get(self.part)

    def redraw_with(self, renderer: str) -> None:
        """Draw pictures with another renderer from now on."""
        self.renderer = renderer
        for part in (self.pictures, self.grid, self.plot):
            part.redraw_with(renderer)

    async def do(self, action: str) -> None:
        """Do something to the pictures, if there are any."""
        if self.part == "kept":
            await self.pictures.run_action(action)
        elif self.part == "grid" and action.startswith("step"):
            self.grid.move(1 if action == "step(1)" else -1)
