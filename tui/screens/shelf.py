"""The shelf of studies: all figures and tables of reports, how far each has come here, and the way to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.widgets import Static

from tui.actions import bindings
from tui.screens.looking import LookingScreen
from tui.widgets.filters import FilterField
from tui.widgets.key_bar import KeyBar
from tui.widgets.study.counting import COUNTING
from tui.widgets.study.shelf import StudyList, StudyNote, columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.widget import Widget
    from textual.widgets import Input

    from tui.actions import Act, Scope
    from tui.keymap import Keymap
    from tui.widgets.study.counting import Counting, Shelved


class ShelfScreen(LookingScreen):
    """Lists the studies, and counts their runs while it is open.

    Args:
        counting: what is known of the studies.
        show: shows the study of a name.
        keymap: keys that the user chose.
    """

    BINDINGS = bindings("shelf")
    scope: Scope = "shelf"
    acts_of: ClassVar[Scope] = "shelf"
    scopes: tuple[Scope, ...] = ("shelf", "app")

    def __init__(self, counting: Counting, show: Callable[[str], None], keymap: Keymap) -> None:
        super().__init__(keymap, "")
        self._counting = counting
        self._open = show
        self.studies: tuple[Shelved, ...] = ()
        self.counted = False

    def compose(self) -> ComposeResult:
        """Lay out the list under its heads, and what is said of the highlighted study under it."""
        yield Static("reading the studies…", id="shelf-head", markup=False)
        yield FilterField("shelf", "filter studies")
        yield StudyList()
        yield StudyNote()
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to count."""
        self._list.focus()
        self._counting.forget()
        self.keep_looking()

    def on_screen_resume(self) -> None:
        """Count anew: there may be more than before."""
        self._counting.forget()
        self._wanted.set()

    @property
    def _list(self) -> StudyList:
        return self.query_one(StudyList)

    @property
    def _filter(self) -> FilterField:
        return self.query_one(FilterField)

    # -- looks ----------------------------------------------------------------------------------------------------

    def look(self) -> Callable[[], tuple[tuple[Shelved, ...], bool] | None]:
        """Return how to count on."""
        return self._counting.look

    def take(self, seen: tuple[tuple[Shelved, ...], bool]) -> bool:
        """Show what is known; return whether there is more to be counted at once."""
        self.studies, self.counted = seen
        self._list.show(self.studies)
        self.query_one(StudyNote).tell(self._list.study)
        self._show_head()
        return not self.counted

    def _show_head(self) -> None:
        counting = sum(COUNTING in one.counts and not one.fault for one in self.studies)
        said = f"{len(self.studies)} studies: figures and tables of reports, run here"
        said += f" · {counting} still to be counted" if counting else ""
        name, counts, title = columns("study", "quick", "full", "title", self._list.name_width)
        lines = [Content(f" {said}"), Content.styled(f" {name}{counts}{title}", "$text-muted")]
        self.query_one("#shelf-head", Static).update(Content("\n").join(lines))

    # -- keys -----------------------------------------------------------------------------------------------------

    def reason_against(self, act: Act) -> str:
        """Return why an action cannot be done now, or the empty string."""
        return "no study is highlighted" if act.name == "open" and self._list.study is None else ""

    def prepared(self, act: Act) -> Widget:
        """Return what does an action."""
        del act
        return self

    def on_study_list_chosen(self, message: StudyList.Chosen) -> None:
        """Tell of the study under the highlight, or show it."""
        self.query_one(StudyNote).tell(self._list.study)
        if message.entered:
            self.action_open()

    def action_open(self) -> None:
        """Show the highlighted study, or say why it cannot be read."""
        chosen = self._list.study
        if chosen is None:
            return
        if chosen.fault and not chosen.question:
            self.complain(chosen.fault)
        else:
            self._open(chosen.name)

    def action_filter(self) -> None:
        """Open the filter."""
        self._filter.open()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter the list."""
        event.stop()
        self._list.narrow(event.value)
        self.query_one(StudyNote).tell(self._list.study)

    def action_out(self) -> None:
        """Show all studies again, or go back if all are shown."""
        if self._filter.value:
            self._filter.clear_and_close()
        else:
            self.action_close()
