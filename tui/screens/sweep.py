"""The screen of a sweep: it wires its table, charts and pictures to looks that are taken beside the event loop."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from engine import sweep_outlook, sweep_pictures, sweep_views, wording
from tui.actions import bindings
from tui.exporting import ask_and_copy, chart_offer
from tui.reporting import part_of
from tui.screens.looking import ViewsScreen
from tui.screens.offering import Offering
from tui.screens.questions import TextScreen
from tui.widgets.key_bar import KeyBar
from tui.widgets.sweep.look import Asked, Looking, laid_out
from tui.widgets.sweep.offers import combinations_offer, pictures_offer
from tui.widgets.sweep.panels import SweepCharts, SweepPictures, SweepTable
from tui.workbench.studying import ask_and_write_study

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.widget import Widget

    from engine import ReportPart, SweepDirectory, Sweeps, Workspace
    from tui.actions import Act, Scope
    from tui.exporting import Offer
    from tui.keymap import Keymap
    from tui.widgets.sweep.look import Seen
    from tui.workbench.sweeping import SweepRequests

MOST_COMPARED = 48
"""Runs that are compared at once, at most: those of the best combinations."""
NO_METRIC, SEEDS_ALONE = "the sweep has no metric", "its runs differ in their seeds alone"
"""Why there are no charts."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the screen was left for.

    Attributes:
        run: id of one that is to be shown.
        form: an experiment, with hyperparameters and a seed for its form.
    """

    run: str = ""
    form: tuple[str, dict[str, Any], int] | None = None


class SweepScreen(Offering, ViewsScreen):
    """Shows what came of a sweep, and looks at it again every second.

    Args:
        sweeps: of the workspace.
        sweep: that is shown.
        requests: stop, resume and widen it.
        compare: opens the comparison of runs by their ids.
        leave: is told what the screen was left for.
        renderer: how pictures are drawn.
        keymap: keys that the user chose.
    """

    BINDINGS = bindings("sweep")
    views = ("table", "axes", "pictures", "parallel")
    scope: Scope = "sweep"
    acts_of: ClassVar[Scope] = "sweep"
    scopes: tuple[Scope, ...] = ("sweep", "charts", "app")

    def __init__(
        self,
        sweeps: Sweeps,
        sweep: SweepDirectory,
        requests: SweepRequests,
        compare: Callable[[Sequence[str]], None],
        leave: Callable[[Wish], None],
        renderer: str,
        keymap: Keymap,
    ) -> None:
        super().__init__(keymap, renderer)
        self._sweep = sweep
        self._home = sweeps.workspace.home
        self._requests = requests
        self._compare = compare
        self._leave = leave
        self._looking = Looking(sweeps, sweep)
        self._sweeps = sweeps
        self.asked = Asked()
        self.seen: Seen | None = None

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield Static(id="sweep-head", markup=False)
        with Horizontal(id="sweep"):
            yield SweepTable()
            yield SweepCharts(id="sweep-axes")
            yield SweepCharts(id="sweep-parallel")
            yield SweepPictures(self._first_renderer)
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to look."""
        self._show_view()
        self._table.table.grid.focus()
        self.keep_looking()

    @property
    def _table(self) -> SweepTable:
        return self.query_one(SweepTable)

    @property
    def _axes(self) -> SweepCharts:
        return self.query_one("#sweep-axes", SweepCharts)

    @property
    def _parallel(self) -> SweepCharts:
        return self.query_one("#sweep-parallel", SweepCharts)

    @property
    def _pictures(self) -> SweepPictures:
        return self.query_one(SweepPictures)

    # -- looks ----------------------------------------------------------------------------------------------------

    def look(self) -> Callable[[], Seen | None]:
        """Return how to look for what is asked for now."""
        return functools.partial(self._looking.look, self.asked)

    def take(self, seen: Seen) -> bool:
        """Show what was seen; remarks on it come with a second look."""
        self._show(seen)
        return seen.body.remarks is None

    @property
    def drawing(self) -> SweepPictures:
        """The panel of pictures."""
        return self._pictures

    def _show(self, seen: Seen) -> None:
        before, self.seen = self.seen, seen
        if before is None or before.body is not seen.body:
            self._table.show(seen.body)
        charts = seen.body.charts
        if charts is not None and (before is None or before.body.charts is not charts):
            self._axes.show(charts, NO_METRIC)
            self._parallel.show(seen.body.parallel, NO_METRIC if seen.record.axes else SEEDS_ALONE)
        if self.asked.pictures:
            self._pictures.lay_out(seen.grid)
        self._show_head()

    # -- what is seen ---------------------------------------------------------------------------------------------

    def _show_view(self) -> None:
        wide = not self.narrow
        self._table.display = self.view == "table" or (wide and self.view != "pictures")
        self._axes.display = self.view == "axes" or (wide and self.view == "table")
        self._parallel.display = self.view == "parallel"
        self._pictures.display = self.view == "pictures"
        if self.view == "pictures" and not self.asked.pictures:
            self._ask(replace(self.asked, pictures=True))
        self._show_head()

    @property
    def first_stop(self) -> Widget | None:
        """The table, the pictures or the first chart."""
        if self.view == "table":
            return self._table.table.grid
        if self.view == "pictures":
            return self._pictures
        return (self._axes if self.view == "axes" else self._parallel).first_stop

    def _show_head(self) -> None:
        parts = self._numbered()
        head = self.seen.head if self.seen is not None else (f"reading {self._sweep.id}…",)
        first, *others = head
        lines = [
            Content.assemble(*parts, "· ", first),
            *(Content.assemble((f" {line}", "$text-muted")) for line in others),
        ]
        self.query_one("#sweep-head", Static).update(Content("\n").join(lines))

    def _ask(self, asked: Asked) -> None:
        self.asked = asked
        self._wanted.set()

    # -- keys: what is seen ---------------------------------------------------------------------------------------

    def action_view(self, view: str) -> None:
        """Go to a view, or say why there is nothing to be seen."""
        if not self.refuses(f"sweep.{view}"):
            super().action_view(view)

    def action_log_y(self) -> None:
        """Switch the charts between linear and logarithmic y."""
        self._axes.action_log_scale()

    def action_next_metric(self) -> None:
        """Judge the combinations by the next result of their runs."""
        if self.seen is None:
            return
        trials, present = self.seen.body.trials, self.seen.record.metric
        names = sorted({*sweep_outlook.results_of(trials, present), *([present] if present else [])})
        if names:
            place = names.index(present) if present else -1
            self._ask(replace(self.asked, metric=names[(place + 1) % len(names)]))

    def action_pictures(self, action: str) -> None:
        """Show other pictures, or lay them out in another way; by their keys they are gone to as well."""
        if self.view != "pictures":
            self.action_view("pictures")
        elif self.seen is not None:
            name, _, argument = action.removesuffix(")").partition("(")
            getattr(self, f"_{name}")(int(argument))

    def _next_kind(self, offset: int) -> None:
        assert self.seen is not None
        kinds = self.seen.kinds
        if kinds and self.seen.grid is not None:
            kind = kinds[(kinds.index(self.seen.grid.kind) + offset) % len(kinds)]
            self._ask(replace(self.asked, kind=kind))

    def _next_axis(self, downwards: int) -> None:
        assert self.seen is not None
        across, down = laid_out(self.seen.record, self.asked)
        axes = [axis.name for axis in self.seen.record.axes] or [sweep_views.SEEDS]
        if not downwards:
            across = axes[(axes.index(across) + 1) % len(axes)]
            self._ask(replace(self.asked, across=across))
            return
        downs = [name for name in (*axes, sweep_pictures.STEPS, sweep_views.SEEDS) if name != across]
        self._ask(replace(self.asked, down=downs[(downs.index(down) + 1) % len(downs)]))

    def action_columns(self, offset: int) -> None:
        """Show columns of pictures further right (1) or left (-1)."""
        self._pictures.move(offset)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave keys of the pictures to others while these are not shown."""
        return super().check_action(action, parameters) if self.view == "pictures" or action != "columns" else False

    def reason_against(self, act: Act) -> str:
        """Return why an action cannot be done now, or the empty string."""
        if self.seen is None:
            return "" if act.scope == "app" or act.name.startswith("view") else "the sweep is still being read"
        ended, state = self.seen.status.ended, self.seen.status.state
        if act.scope == "sweep" and act.name in {"stop", "resume"}:
            return f"the sweep is {state}" if ended == (act.name == "stop") else ""
        if act.scope == "sweep" and act.label == "parallel" and not self.seen.record.axes:
            return SEEDS_ALONE
        if act.scope == "sweep" and act.name == "renderer":
            return "" if self._pictures.display else "no pictures are shown"
        charts = self._axes if self._axes.display else self._parallel
        return "no chart is shown" if act.scope == "charts" and not charts.display else ""

    def prepared(self, act: Act) -> Widget:
        """Return what does an action: the screen, or a chart, which is given the focus."""
        if act.scope != "charts":
            return self
        chart = (self._axes if self._axes.display else self._parallel).focused_chart
        self.set_focus(chart)
        return chart

    # -- keys: what is done with it -------------------------------------------------------------------------------

    def action_show_run(self) -> None:
        """Leave for the first run of the combination under the cursor."""
        chosen = self._table.chosen
        run = next((trial.run for trial in chosen.trials if trial.status is not None), "") if chosen else ""
        if run:
            self.dismiss()
            self._leave(Wish(run=run))
        else:
            self.notify("this combination has no run yet")

    def action_take_best(self) -> None:
        """Leave for the form, with the best combination in it."""
        seen = self.seen
        best = next((one for one in seen.body.outcomes if one.best), None) if seen else None
        if seen is None or best is None:
            self.notify("no combination is the best yet: none has a result, or the sweep has no metric")
            return
        self.dismiss()
        values = {**seen.record.fixed, **best.setting}
        self._leave(Wish(form=(seen.record.experiment, values, seen.record.seeds[0])))

    def action_compare(self) -> None:
        """Compare the runs of the best combinations."""
        outcomes = self.seen.body.outcomes if self.seen is not None else ()
        runs = [trial.run for one in outcomes for trial in one.trials if trial.status is not None]
        if len(runs) < 2:
            self.notify("fewer than two runs have begun")
            return
        if len(runs) > MOST_COMPARED:
            self.notify(f"the first {MOST_COMPARED} of {len(runs):,} runs, those of the best combinations")
        self._compare(runs[:MOST_COMPARED])

    def action_stop(self) -> None:
        """Let its runs save and stop; again, some seconds later, kill them."""
        self._requests.stop(self._sweep)

    def action_resume(self) -> None:
        """Run what is missing, go on with what was stopped."""
        self._requests.resume(self._sweep)

    def action_widen(self) -> None:
        """Ask for further values, seeds or trials; a sweep that has ended goes on."""
        if self.seen is None:
            return
        record = self.seen.record
        axes = "".join(f"{axis.name}=… " for axis in record.axes[:1])
        more = "trials=10 " if record.trials else axes
        question = f"widen {wording.short_id(record.id)} by"

        def widen(text: str | None) -> None:
            if text:
                self._requests.widen(self._sweep, text)
                self._wanted.set()

        self.app.push_screen(TextScreen(question, "seeds=1", f"as in seeds=1 {more}budget=1h"), widen)

    def action_write_study(self) -> None:
        """Ask for a name, and write a study of it."""
        if self.seen is not None:
            offered = re.sub(r"[^\w.-]+", "-", self.seen.record.name or self.seen.record.experiment)
            ask_and_write_study(self, self._home, [self._sweep.id], offered)

    def action_copy(self) -> None:
        """Ask in which form the table is to be copied, and copy it."""
        if self.seen is not None:
            table = self.seen.body.table.as_shown()
            ask_and_copy(self, "the combinations", table.columns, table.rows)

    @property
    def workspace(self) -> Workspace:
        """Whose sweep it is."""
        return self._sweeps.workspace

    def offer(self) -> Offer | None:
        """Return what has the focus: the table, a chart, or the pictures."""
        if self.seen is None:
            return None
        if self._pictures.has_focus:
            grid = self.seen.grid
            return pictures_offer(grid, self._part("pictures", grid.kind)) if grid is not None else None
        for charts in (self._axes, self._parallel):
            if charts.has_focus_within:
                if charts.chosen is None:
                    return None
                name, chart = charts.chosen
                part = self._part("axes" if charts is self._axes else "parallel")
                return chart_offer(f"{chart.y_label} {name}", chart, part)
        return combinations_offer(self.seen, self._part("combinations"))

    def _part(self, kind: str, *names: str) -> ReportPart:
        return part_of(kind, *names, sweep=self._sweep.id)
