"""The form of an experiment: a line per hyperparameter, made from its declaration, checked while the user types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.actions import bindings
from tui.widgets.suggest import LastName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult

    from engine import Experiment, FieldView, RunRecord


class HyperparameterForm(Vertical):
    """The values as typed: those of the experiment, and the options of every run. Only changed ones are stored."""

    BORDER_TITLE = "form"
    BINDINGS = bindings("form")

    @dataclass
    class Changed(Message):
        """A value changed; ``values`` holds the text of all that differ from their defaults."""

        experiment: str
        values: dict[str, str]

    def __init__(self) -> None:
        super().__init__(id="form")
        self._experiment: Experiment | None = None
        self._views: dict[str, FieldView] = {}
        self._values: dict[str, str] = {}
        self._common: tuple[FieldView, ...] = ()
        self._only_changed = False
        self._editing = ""
        self._hint = ""

    def compose(self) -> ComposeResult:
        """Lay out the lines, the field to type in, and the note on the highlighted line."""
        yield OptionList(id="fields")
        yield Input(id="edit", compact=True)
        yield Static(id="note")

    def on_mount(self) -> None:
        """Hide the field to type in until it is needed."""
        self._input.display = False

    @property
    def _list(self) -> OptionList:
        return self.query_one("#fields", OptionList)

    @property
    def _input(self) -> Input:
        return self.query_one("#edit", Input)

    @property
    def experiment(self) -> Experiment | None:
        """The experiment whose form is shown."""
        return self._experiment

    @property
    def editing(self) -> bool:
        """Whether a field is being typed in."""
        return bool(self._editing)

    def show(self, experiment: Experiment, values: Mapping[str, str]) -> None:
        """Show an experiment's form with these values, as typed, over its defaults."""
        from engine import RunOptions, fields_of

        self.leave()
        self._experiment = experiment
        self._common = fields_of(RunOptions)
        self._views = {view.name: view for view in (*experiment.fields(), *self._common)}
        self._values = {name: text for name, text in values.items() if name in self._views}
        self.border_title = Content(experiment.title)
        self._fill()
        self._list.highlighted = self._first()

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
        """Return the changed hyperparameters and the changed run options, as typed."""
        common = {view.name for view in self._common}
        return (
            {name: text for name, text in self._values.items() if name not in common},
            {name: text for name, text in self._values.items() if name in common},
        )

    def live_values(self) -> dict[str, str]:
        """Return the text of the changed hyperparameters that may be changed during a run."""
        return {name: self._values[name] for name, view in self._views.items() if view.live and name in self._values}

    def point_at(self, name: str, problem: str) -> None:
        """Highlight a field and say what is wrong with its value."""
        if name in self._views:
            self._only_changed = False
            with self._list.prevent(OptionList.OptionHighlighted):
                self._fill()
                self._list.highlighted = self._list.get_option_index(name)
        self._note(Content.styled(f"{name}: {problem}", "$text-error"))

    # -- drawing --------------------------------------------------------------------------------------------------

    def _text(self, view: FieldView) -> str:
        return self._values.get(view.name, view.show(view.default))

    def _line(self, view: FieldView) -> Content:
        changed = view.name in self._values
        width = max((len(name) for name in self._views), default=8)
        mark = ("● ", "$accent") if changed else ("  ", "")
        return Content.assemble(f"{view.name:<{width}} ", mark, (self._text(view) or "-", "bold" if changed else ""))

    def _fill(self) -> None:
        highlighted = self._list.highlighted_option
        options: list[Option] = []
        group = None
        common = {view.name for view in self._common}
        for view in self._views.values():
            if self._only_changed and view.name not in self._values:
                continue
            heading = "run" if view.name in common else view.group
            if heading != group:
                group = heading
                if heading:
                    options.append(Option(Content.styled(heading, "$text-muted"), disabled=True))
            options.append(Option(self._line(view), id=view.name))
        self._list.set_options(options)
        if highlighted and any(option.id == highlighted.id for option in options):
            self._list.highlighted = self._list.get_option_index(str(highlighted.id))
        self._subtitle()

    def _subtitle(self) -> None:
        count = len(self._values)
        changed = f"{count} changed" if count else "defaults"
        parts = [changed, "only these" if self._only_changed else "", self._hint]
        self.border_subtitle = " · ".join(part for part in parts if part)

    def _redraw(self, name: str) -> None:
        if any(option.id == name for option in self._list.options):
            self._list.replace_option_prompt(name, self._line(self._views[name]))
        self._subtitle()
        self._describe()

    def _note(self, text: Content) -> None:
        self.query_one("#note", Static).update(text)

    def _describe(self) -> None:
        view = self._current()
        if view is None:
            return
        allowed = view.bounds or ("" if view.choices else view.kind)
        parts = [f"{view.name}: {view.description}", " | ".join(view.choices), f"{allowed} {view.unit}".strip()]
        if suggestions := self._suggestions(view):
            parts.append(f"← → {', '.join(suggestions[:4])}, …")
        parts += [
            f"default {view.show(view.default) or '-'}",
            "live: w applies it to the shown run" if view.live else "",
        ]
        self._note(Content.styled(" · ".join(part for part in parts if part), "$foreground 70%"))

    def _suggestions(self, view: FieldView) -> tuple[str, ...]:
        """Return what may stand in a field beside what is typed in the others: the classes of the network, its cuts."""
        from engine import suggestions_for

        if self._experiment is None or view in self._common:
            return view.suggestions
        return suggestions_for(self._experiment.hyperparameters, view.name, self.chosen_values()[0])

    def _current(self) -> FieldView | None:
        option = self._list.highlighted_option
        return self._views.get(option.id or "") if option else None

    def _first(self) -> int | None:
        return next((i for i, option in enumerate(self._list.options) if not option.disabled), None)

    # -- changing -------------------------------------------------------------------------------------------------

    def _problem(self, view: FieldView, text: str) -> str:
        """Return why the declaration refuses a value, or the empty string."""
        from engine import InvalidHyperparameters, RunOptions, validate

        if self._experiment is None:
            return ""
        common = any(view.name == own.name for own in self._common)
        model = RunOptions if common else self._experiment.hyperparameters
        others = self.chosen_values()[1 if common else 0]
        try:
            validate(model, {**others, view.name: text})
        except InvalidHyperparameters as error:
            return error.problems.get(view.name, "")
        return ""

    def _set(self, view: FieldView, text: str) -> None:
        if text == view.show(view.default):
            self._values.pop(view.name, None)
        else:
            self._values[view.name] = text
        self._redraw(view.name)
        self._post()

    def _post(self) -> None:
        if self._experiment is not None:
            self.post_message(self.Changed(self._experiment.name, dict(self._values)))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Describe the highlighted field."""
        event.stop()
        self._describe()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Edit the field: switch to the next choice, or open it for typing."""
        event.stop()
        view = self._current()
        if view is None:
            return
        if view.choices or view.kind == "boolean":
            self.action_next_value()
            return
        self._editing = view.name
        self._input.value = self._text(view)
        self._input.border_title = view.name
        suggestions = self._suggestions(view)
        self._input.suggester = LastName(suggestions) if suggestions else None
        self._input.display = True
        self.screen.set_focus(self._input)
        self._input.action_select_all()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say at once what is wrong with the text so far."""
        event.stop()
        view = self._views.get(self._editing)
        if view is None:
            return
        problem = self._problem(view, event.value)
        self._input.set_class(bool(problem), "-invalid")
        if problem:
            self._note(Content.styled(f"{view.name}: {problem}", "$text-error"))
        else:
            self._describe()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Accept the value, unless the declaration refuses it."""
        event.stop()
        view = self._views.get(self._editing)
        if view is None or self._problem(view, event.value):
            return
        self._set(view, event.value.strip() if view.kind != "string" else event.value)
        self.leave()
        self._list.focus()

    def leave(self) -> bool:
        """Close the field without its text; return whether one was open."""
        if not self._editing:
            return False
        self._editing = ""
        self._input.display = False
        if self._input.has_focus:
            self._list.focus()
        self._describe()
        return True

    def _cycle(self, offset: int) -> None:
        view = self._current()
        if view is None:
            return
        choices = ("off", "on") if view.kind == "boolean" else view.choices or _complete(self._suggestions(view))
        if choices:
            index = choices.index(self._text(view)) if self._text(view) in choices else -max(offset, 0)
            self._set(view, choices[(index + offset) % len(choices)])

    def action_next_value(self) -> None:
        """Switch to the next choice or suggestion."""
        self._cycle(1)

    def action_previous_value(self) -> None:
        """Switch to the previous choice or suggestion."""
        self._cycle(-1)

    def action_reset(self) -> None:
        """Go back to the default of the highlighted field."""
        if view := self._current():
            self._set(view, view.show(view.default))

    def action_reset_all(self) -> None:
        """Go back to all defaults."""
        self._values.clear()
        self._fill()
        self._describe()
        self._post()

    def action_diff(self) -> None:
        """Show only changed values, or all."""
        self._only_changed = not self._only_changed and bool(self._values)
        self._fill()


def changed_values(experiment: Experiment, record: RunRecord) -> dict[str, str]:
    """Return the text of the hyperparameters and the seed of a run that differ from the defaults."""
    views = {view.name: view for view in experiment.fields()}
    texts = {name: views[name].show(value) for name, value in record.hyperparameters.items() if name in views}
    changed = {name: text for name, text in texts.items() if text != views[name].show(views[name].default)}
    return changed | ({"seed": str(record.seed)} if record.seed else {})


def _complete(suggestions: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out suggestions that the user must complete, such as ``folder:``."""
    return tuple(text for text in suggestions if not text.endswith(":"))
