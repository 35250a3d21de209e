"""The form of an experiment: a line per hyperparameter, made from its declaration, checked while the user types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.actions import bindings
from tui.limits import Limited
from tui.widgets.form import lines
from tui.widgets.form.editor import FieldEditor
from tui.widgets.form.fields import FieldList
from tui.widgets.form.values import FormValues

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult

    from engine import Experiment
    from tui.actions import Scope

WHILE_TYPING = {"complete", "step", "take_back"}
"""Actions of an open field; their keys mean something else in the list."""


class HyperparameterForm(Limited, Vertical):
    """The values as typed: those of the experiment, and the options of every run. Only changed ones are stored.

    Args:
        forms: the changed values of every experiment's form, of which those of fields of the same name are offered.
    """

    BORDER_TITLE = "form"
    BINDINGS = bindings("form")
    acts_of: ClassVar[Scope] = "form"

    @dataclass
    class Changed(Message):
        """A value changed, or another form is shown; ``values`` holds the text of all that differ from the defaults."""

        experiment: str
        values: dict[str, str]

    @dataclass
    class RunWanted(Message):
        """The user wants to start the experiment with these values, as typed, or to plan a sweep over the axes."""

        experiment: Experiment
        values: Mapping[str, str]
        options: Mapping[str, str]
        axes: Mapping[str, str]

    def __init__(self, forms: Mapping[str, Mapping[str, str]]) -> None:
        super().__init__(id="form")
        self._forms = forms
        self._every: dict[str, FormValues] = {}
        self._values: FormValues | None = None
        self._problems, self._doubts = dict[str, str](), dict[str, str]()
        self._only_changed = False
        self._editing = ""
        self._described = self._hint = ""

    def compose(self) -> ComposeResult:
        """Lay out the lines, the note on the highlighted line, and, above both, the field to type in and its offers."""
        yield FieldList(self._type, self._open, self._place)
        yield Static(id="note")
        yield FieldEditor(self.accept)

    @property
    def _list(self) -> FieldList:
        return self.query_one(FieldList)

    @property
    def _editor(self) -> FieldEditor:
        return self.query_one(FieldEditor)

    @property
    def experiment(self) -> Experiment | None:
        """The experiment whose form is shown."""
        return self._values.experiment if self._values else None

    @property
    def editing(self) -> bool:
        """Whether a field is being typed in."""
        return bool(self._editing)

    def show(self, experiment: Experiment, values: Mapping[str, str]) -> None:
        """Show an experiment's form with these values, as typed, over its defaults."""
        self._close()
        known = self._every.get(experiment.name)
        if known is None or known.experiment is not experiment:
            known = self._every[experiment.name] = FormValues(experiment, values)
        known.replace(values)
        self._values = known
        self._problems, self._doubts = {}, {}
        self.border_title = Content(experiment.title)
        self._list.highlighted = None
        self._fill()
        self._post()

    def take_over(self, values: Mapping[str, str]) -> None:
        """Put the values of a run in place of all; this can be undone."""
        self._close()
        if self._values is not None and self._values.replace(values):
            self._all_changed()

    @property
    def hint(self) -> str:
        """More text for the lower border, e.g. how the last run went."""
        return self._hint

    @hint.setter
    def hint(self, text: str) -> None:
        if text != self._hint:
            self._hint = text
            self._subtitle()

    def chosen_values(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the changed hyperparameters that are no axes, and the changed run options, as typed."""
        return self._values.chosen if self._values else ({}, {})

    def axes(self) -> dict[str, str]:
        """Return what the hyperparameters that are axes go over, as typed."""
        return self._values.axes if self._values else {}

    def live_values(self) -> dict[str, str]:
        """Return the text of the changed hyperparameters that may be changed during a run."""
        return self._values.live if self._values else {}

    def mark(self, problems: Mapping[str, str], doubts: Mapping[str, str]) -> None:
        """Mark what a launch would refuse, and what is hardly meant; what is no field's has the empty name."""
        differing = (problems.keys() ^ self._problems.keys()) | (doubts.keys() ^ self._doubts.keys())
        self._problems, self._doubts = dict(problems), dict(doubts)
        for name in differing:
            self._redraw(name)
        self._subtitle()
        self._describe()

    def point_at(self, problems: Mapping[str, str]) -> None:
        """Mark the fields that were refused, and highlight the first."""
        self.mark(problems, self._doubts)
        name = next((name for name in problems if self._values and name in self._values.views), "")
        if name and not self.editing:
            self._only_changed = False
            self._fill(name)

    # -- drawing --------------------------------------------------------------------------------------------------

    def _line(self, name: str) -> Content:
        current = name == self._current()
        marks = {"faulty": name in self._problems, "doubted": name in self._doubts}
        return lines.line(self._require(), name, **marks, current=current, steps=current and bool(self._steps(name)))

    def _require(self) -> FormValues:
        assert self._values is not None, "a form is shown"
        return self._values

    def _fill(self, at: str = "") -> None:
        """List the fields anew; highlighted is the wanted one if it is shown, else the one that was."""
        if self._values is None:
            return
        wanted = (at, self._current())
        shown = self._values.changed if self._only_changed else self._values.views
        options: list[Option] = []
        for name, heading in lines.headed(self._values, (name for name in self._values.views if name in shown)):
            if heading:
                options.append(Option(Content.styled(heading, "$text-muted"), disabled=True))
            options.append(Option(self._line(name), id=name))
        with self._list.prevent(OptionList.OptionHighlighted):
            self._list.set_options(options)
            self._list.action_first()
            if name := next((name for name in wanted if any(name == option.id for option in options)), ""):
                self._list.highlighted = self._list.get_option_index(name)
        self._subtitle()
        self._look()

    def _subtitle(self) -> None:
        count = len(self._problems)
        self.border_subtitle = lines.summary(self._values, count, self._hint, only_changed=self._only_changed)

    def _redraw(self, name: str) -> None:
        if self._values and name in self._values.views and any(option.id == name for option in self._list.options):
            self._list.replace_option_prompt(name, self._line(name))

    def _describe(self) -> None:
        """Say about the highlighted field what is wrong with it, then what it means and takes."""
        name = self._editing or self._current()
        if self._values is None or not name:
            return
        problem, doubt = self._problems.get(name, ""), self._doubts.get(name, "")
        if self.editing:
            problem, doubt = self._values.problem(name, self._editor.text), ""
            self._editor.doubt(wrong=bool(problem))
        wrong = [text for text in (problem, self._problems.get("", "")) if text]
        self.query_one("#note", Static).update(lines.note(self._values, name, wrong, doubt))

    def _current(self) -> str:
        option = self._list.highlighted_option
        return option.id or "" if option else ""

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Describe the highlighted field, and show that left and right change it."""
        event.stop()
        if event.option_list is self._list:
            self._look()

    def _look(self) -> None:
        before, self._described = self._described, self._current()
        self._redraw(before)
        self._redraw(self._described)
        self._describe()

    # -- typing ---------------------------------------------------------------------------------------------------

    def _type(self, text: str) -> None:
        """Begin the highlighted field anew with what was typed or pasted; where it is open already, go on."""
        name = self._current()
        if text == " " and not self.editing and self._steps(name):
            self._cycle(1)
        elif self.editing or name:
            if not self.editing:
                self._edit(name)
            self._editor.put(text)

    def _open(self) -> None:
        """Open the highlighted field, or switch to its next choice."""
        name = self._current()
        if not name or self._values is None or self.editing:
            return
        view = self._values.views[name]
        if view.choices or view.kind == "boolean":
            self._cycle(1)
        else:
            self._edit(name)

    def _edit(self, name: str) -> None:
        values = self._require()
        self._editing = name
        self._place()
        before = [form[name] for form in self._forms.values() if name in form]
        self._editor.open(values.text(name), values.choices(name), before)
        self._describe()

    def _place(self) -> None:
        """Lay the open field over its row."""
        if self.editing:
            area = self._list.content_region
            row = min(max(0, self._list.row(self._editing)), max(0, area.height - 1))
            self._editor.place(Region(area.x, area.y + row, area.width, 1))

    def on_field_editor_changed(self, message: FieldEditor.Changed) -> None:
        """Say at once what is wrong with the text so far."""
        message.stop()
        self._describe()

    def accept(self) -> bool:
        """Close the open field with its text, unless that is refused; return whether no field is open any more."""
        if not self.editing:
            return True
        values, name = self._require(), self._editing
        self._editor.take()
        text = self._editor.text if values.views[name].kind == "string" else self._editor.text.strip()
        if values.problem(name, text):
            self._editor.focus_line()
            self._describe()
            return False
        self._close()
        if values.set(name, text):
            self._one_changed(name)
        return True

    def _close(self) -> bool:
        """Close the open field without its text; return whether one was open."""
        if not self.editing:
            return False
        self._editing = ""
        if self._editor.has_focus_within:
            self._list.focus()
        self._editor.close()
        self._describe()
        return True

    def on_descendant_focus(self) -> None:
        """Accept an open field when the user goes to another one by a click."""
        if self.editing and self._list.has_focus:
            self.accept()

    # -- changing -------------------------------------------------------------------------------------------------

    def _one_changed(self, name: str) -> None:
        self._problems.pop(name, None)
        self._doubts.pop(name, None)
        self._redraw(name)
        self._subtitle()
        self._describe()
        self._post()

    def _all_changed(self, at: str = "") -> None:
        self._problems, self._doubts = {}, {}
        self._fill(at)
        self._post()

    def _post(self) -> None:
        if self._values is not None:
            self.post_message(self.Changed(self._values.experiment.name, dict(self._values.changed)))

    def _steps(self, name: str) -> tuple[str, ...]:
        """Return what left and right go through: choices, and suggestions that need not be completed."""
        if self._values is None or not name:
            return ()
        return tuple(text for text in self._values.choices(name) if not text.endswith(":"))

    def _cycle(self, offset: int) -> None:
        name = self._current()
        if steps := self._steps(name):
            values = self._require()
            text = values.text(name)
            index = steps.index(text) if text in steps else -max(offset, 0)
            if values.set(name, steps[(index + offset) % len(steps)]):
                self._one_changed(name)

    # -- keys -----------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave keys of an open field to the list and the workbench while none is open."""
        return super().check_action(action, parameters) if self.editing or action not in WHILE_TYPING else False

    def action_run(self) -> None:
        """Start the experiment, with the text of an open field too."""
        if self.accept() and self.experiment is not None:
            self.post_message(self.RunWanted(self.experiment, *self.chosen_values(), self.axes()))

    def action_complete(self) -> None:
        """Take what is offered and stay; with nothing to take, accept the text and go to the next field."""
        if not self._editor.take(first=True):
            self._go(1)

    def action_step(self, offset: int) -> None:
        """Move in what is offered; with nothing offered, accept the text and go to another field."""
        if not self._editor.step(offset):
            self._go(offset)

    def _go(self, offset: int) -> None:
        if self.accept():
            (self._list.action_cursor_down if offset > 0 else self._list.action_cursor_up)()

    def action_take_back(self) -> None:
        """Close the open field without its text."""
        self._close()

    def action_undo(self) -> None:
        """Undo the last change, which in an open field is what was typed."""
        if self._close() or self._values is None:
            return
        if changed := self._values.undo():
            self._all_changed(changed[0])
        else:
            self.notify("nothing to undo in this form")

    def action_redo(self) -> None:
        """Do again what was undone last."""
        if self.editing or self._values is None:
            return
        if changed := self._values.redo():
            self._all_changed(changed[0])
        else:
            self.notify("nothing to do again in this form")

    def action_next_value(self) -> None:
        """Switch to the next choice or suggestion."""
        self._cycle(1)

    def action_previous_value(self) -> None:
        """Switch to the previous choice or suggestion."""
        self._cycle(-1)

    def action_reset(self) -> None:
        """Go back to the default of the highlighted field."""
        name = self._current()
        if self._values is not None and name and self._values.set(name, self._values.default(name)):
            self._one_changed(name)

    def action_reset_all(self) -> None:
        """Go back to all defaults."""
        if self._values is not None and self._values.replace({}):
            self._all_changed()

    def action_diff(self) -> None:
        """Show only changed values, or all."""
        self._only_changed = not self._only_changed and bool(self._values and self._values.changed)
        self._fill()
