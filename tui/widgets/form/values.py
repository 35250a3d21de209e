"""The values of one experiment's form as typed, and the way back to earlier ones. No widget is touched here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine import Experiment, FieldView

STEPS_BACK = 100
"""How many changes of a form can be undone."""
AXIS = "*"
"""What the text of a hyperparameter begins with that is an axis of a sweep."""
SEEDS_IN_PLAN = "several seeds are asked for in the plan of a sweep: S in the lists, then seeds"
"""What is said of an axis in the field of the seed."""


def axis_in(text: str) -> str:
    """Return what a text says of an axis: what follows the ``*``, which alone means every choice; nothing if none."""
    text = text.strip()
    return (text[1:].strip() or AXIS) if text.startswith(AXIS) else ""


class FormValues:
    """The text of every field that differs from its default: the hyperparameters', and those of the run options.

    Args:
        experiment: whose form it is.
        changed: the text of changed fields by name; those that are no fields of the experiment are left out.
    """

    def __init__(self, experiment: Experiment, changed: Mapping[str, str]) -> None:
        from engine import option_fields

        self.experiment = experiment
        options = option_fields()
        self.options = frozenset(view.name for view in options)
        self.views: dict[str, FieldView] = {view.name: view for view in (*experiment.fields(), *options)}
        self.changed = self._known(changed)
        self._past: list[dict[str, str]] = []
        self._future: list[dict[str, str]] = []

    def _known(self, changed: Mapping[str, str]) -> dict[str, str]:
        return {name: text for name, text in changed.items() if name in self.views}

    def default(self, name: str) -> str:
        """Return the default of a field as a user would type it."""
        return self.views[name].show(self.views[name].default)

    def text(self, name: str) -> str:
        """Return what stands in a field."""
        return self.changed.get(name, self.default(name))

    def set(self, name: str, text: str) -> bool:
        """Put a text into a field; return whether that changes anything."""
        others = {field: own for field, own in self.changed.items() if field != name}
        return self.replace(others if text == self.default(name) else {**others, name: text})

    def replace(self, changed: Mapping[str, str]) -> bool:
        """Put other values in place of all; return whether that changes anything."""
        known = self._known(changed)
        if known == self.changed:
            return False
        self._past = [*self._past, self.changed][-STEPS_BACK:]
        self._future.clear()
        self.changed = known
        return True

    def undo(self) -> list[str]:
        """Go back to the values before the last change; return the fields that had others, none if there was none."""
        return self._go(self._past, self._future)

    def redo(self) -> list[str]:
        """Take back what was undone last; return the fields that had other values, none if nothing was undone."""
        return self._go(self._future, self._past)

    def _go(self, there: list[dict[str, str]], here: list[dict[str, str]]) -> list[str]:
        if not there:
            return []
        here.append(self.changed)
        self.changed = there.pop()
        return [name for name in self.views if self.changed.get(name) != here[-1].get(name)]

    @property
    def chosen(self) -> tuple[dict[str, str], dict[str, str]]:
        """The changed hyperparameters without those that are axes, and the changed run options."""
        own = {name: text for name, text in self.changed.items() if name not in {*self.options, *self.axes}}
        return own, {name: text for name, text in self.changed.items() if name in self.options}

    @property
    def axes(self) -> dict[str, str]:
        """What the hyperparameters that are axes go over, as typed."""
        found = {name: axis_in(text) for name, text in self.changed.items() if name not in self.options}
        return {name: text for name, text in found.items() if text}

    @property
    def runs(self) -> int | None:
        """How many runs the axes make, with one seed; 0 without axes, None if they are not a grid."""
        from engine import PhospheneError, sweep_axes, sweep_plan

        axes = self.axes
        if not axes:
            return 0
        try:
            return sweep_plan.size(sweep_axes.axes(self.experiment, axes, {}, self.chosen[0]))
        except PhospheneError:
            return None

    @property
    def live(self) -> dict[str, str]:
        """The changed hyperparameters that may be changed during a run."""
        return {name: text for name, text in self.chosen[0].items() if self.views[name].live}

    def problem(self, name: str, text: str) -> str:
        """Return why the declaration refuses a text for a field, or the empty string."""
        from engine import InvalidHyperparameters, RunOptions, sweep_axes, validate

        common = name in self.options
        axis = axis_in(text)
        if common and axis:
            return SEEDS_IN_PLAN if name == "seed" else "only hyperparameters may begin with *"
        try:
            if axis:
                fixed = {field: own for field, own in self.chosen[0].items() if field != name}
                sweep_axes.axes(self.experiment, {name: axis}, {}, fixed)
                return ""
            validate(RunOptions if common else self.experiment.hyperparameters, {**self.chosen[common], name: text})
        except InvalidHyperparameters as error:
            return error.problems.get(name, "")
        return ""

    def choices(self, name: str) -> tuple[str, ...]:
        """Return what may stand in a field beside the others, as far as known: classes of a network, its cuts."""
        from engine import device_names, suggestions_for

        view = self.views[name]
        if view.kind == "boolean":
            return ("off", "on")
        if name == "device":
            return device_names()
        if name == "on":
            return ("local", "slurm")
        if view.choices or name in self.options:
            return view.choices
        return suggestions_for(self.experiment.hyperparameters, name, self.chosen[0])
