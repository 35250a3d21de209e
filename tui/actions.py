"""The one registry of everything a user can do: keys, footer, help and command palette are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding

Scope = Literal["app", "workbench", "experiments", "runs", "form", "charts", "pictures", "full picture", "tables"]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do.

    Attributes:
        scope: where the keys work: on every screen, everywhere in the workbench, while a pane has the focus, or on
            another screen.
        name: the action of the screen or widget of that scope, with its arguments.
        keys: comma-separated key names.
        label: a few words for footer and palette.
        help: a sentence for help and palette.
        footer: whether the footer shows it.
        shown: the key as people write it, if that is not its name.
    """

    scope: Scope
    name: str
    keys: str
    label: str
    help: str
    footer: bool = False
    shown: str = ""

    @property
    def display(self) -> str:
        """The keys as people write them."""
        return self.shown or self.keys.replace(",", " ").replace("ctrl+", "^")


ACTS: tuple[Act, ...] = (
    Act("app", "suspend_process", "ctrl+z", "suspend", "Go to the shell for a while; its fg comes back."),
    Act("workbench", "run", "r", "run", "Start the chosen experiment with the values in the form.", footer=True),
    Act("workbench", "stop", "s", "stop", "Let the shown run save and stop; again later, kill it.", footer=True),
    Act("workbench", "resume", "R", "resume", "Resume the shown run from its last checkpoint.", footer=True),
    Act("workbench", "set_live", "w", "apply live values", "Apply the form's live values to the shown run."),
    Act("workbench", "checkpoint", "k", "save checkpoint", "Let the shown run save a checkpoint now."),
    Act("workbench", "filter", "slash", "filter", "Filter experiments and runs as you type.", footer=True, shown="/"),
    Act(
        "workbench",
        "charts('log_scale')",
        "y",
        "log y",
        "Switch the charts between linear and logarithmic y.",
        footer=True,
    ),
    Act(
        "workbench",
        "charts('smooth(1)')",
        "plus",
        "more smoothing",
        "Smooth the curves more; the raw curves stay, faint.",
        shown="+",
    ),
    Act("workbench", "charts('smooth(-1)')", "minus", "less smoothing", "Smooth the curves less.", shown="-"),
    Act("workbench", "charts('x_axis')", "x", "x axis", "Draw the curves over steps, epochs or time."),
    Act("workbench", "link", "l", "link", "Let the charts' crosshair follow the shown picture, or not."),
    Act("workbench", "renderer", "i", "images", "Switch how pictures are drawn: kitty, sixel, halfcell, ascii."),
    Act("workbench", "app.next_theme", "t", "theme", "Switch to the next colour theme."),
    Act("workbench", "tables", "T", "tables", "Show the shown run's tables on the whole screen."),
    Act("workbench", "copy_command", "c", "copy", "Copy the form as a command line."),
    Act("workbench", "pane(1)", "1", "lists", "Hide or show the lists of experiments and runs."),
    Act("workbench", "pane(2)", "2", "form", "Hide or show the form; on a narrow screen, show it."),
    Act("workbench", "pane(3)", "3", "charts", "Hide or show the charts; on a narrow screen, show them."),
    Act("workbench", "pane(4)", "4", "pictures", "Hide or show the pictures; on a narrow screen, show them."),
    Act("workbench", "pane(5)", "5", "console", "Hide or show the console; on a narrow screen, show it."),
    Act("workbench", "out", "escape", "out", "Leave the field or the filter: one layer out.", shown="esc"),
    Act("workbench", "go(1)", "tab", "next pane", "Go to the next pane."),
    Act("workbench", "go(-1)", "shift+tab", "previous pane", "Go to the previous pane."),
    Act("workbench", "help", "question_mark", "help", "Show all keys.", footer=True, shown="?"),
    Act("workbench", "quit", "q", "quit", "Leave the workbench; runs go on.", footer=True),
    Act("runs", "remove", "delete,X", "remove", "Move the highlighted run, if it has ended, into the trash."),
    Act("runs", "as_form", "f", "to form", "Copy the highlighted run's hyperparameters into the form."),
    Act(
        "form",
        "run",
        "ctrl+r",
        "run",
        "Start the experiment; in an open field, take its text.",
        footer=True,
        shown="^r",
    ),
    Act("form", "next_value", "space,right", "next", "Switch to the next choice or suggestion, or on and off."),
    Act("form", "previous_value", "left", "previous", "Switch to the previous choice or suggestion."),
    Act("form", "reset", "backspace,delete", "default", "Set this field to its default.", footer=True),
    Act("form", "reset_all", "ctrl+u", "defaults", "Set all fields to their defaults."),
    Act(
        "form",
        "undo",
        "ctrl+z",
        "undo",
        "Undo the last change of the form; in an open field, what was typed.",
        footer=True,
    ),
    Act("form", "redo", "ctrl+y", "redo", "Do again what was undone."),
    Act("form", "diff", "ctrl+d", "diff", "Show only values that differ from the defaults, or all."),
    Act("form", "complete", "tab", "complete", "In an open field: take what is offered, or go to the next field."),
    Act("form", "step(1)", "down", "down", "In an open field: move in what is offered, or go to the next field."),
    Act("form", "step(-1)", "up,shift+tab", "up", "The same, the other way."),
    Act("form", "take_back", "escape", "take back", "In an open field: take back what was typed."),
    Act("charts", "crosshair(-1)", "left", "left", "Move the crosshair to the left."),
    Act("charts", "crosshair(1)", "right", "right", "Move the crosshair to the right."),
    Act("charts", "pan(-0.2)", "shift+left", "earlier", "Move the view to the left."),
    Act("charts", "pan(0.2)", "shift+right", "later", "Move the view to the right."),
    Act(
        "charts",
        "zoom(2)",
        "z",
        "zoom",
        "Zoom in around the crosshair; the mouse wheel zooms around the pointer.",
        footer=True,
    ),
    Act("charts", "zoom(0.5)", "Z", "zoom out", "Zoom out."),
    Act("charts", "reset_view", "0", "all", "Show everything again, and follow new points.", footer=True),
    Act("charts", "hide_crosshair", "enter,escape", "hide", "Hide the crosshair."),
    Act("pictures", "step(-1)", "left", "earlier", "Show the picture of the previous step."),
    Act("pictures", "step(1)", "right", "later", "Show the picture of the next step."),
    Act("pictures", "first", "home", "first", "Show the first picture."),
    Act("pictures", "last", "end", "last", "Show the newest picture, and follow newer ones."),
    Act("pictures", "next_name", "n,down", "next", "Show the next kind of picture.", footer=True),
    Act("pictures", "previous_name", "p,up", "previous", "Show the previous kind of picture."),
    Act("pictures", "play", "space", "play", "Play the pictures in order, or stop playing."),
    Act("pictures", "enlarge", "z,enter", "enlarge", "Show the picture on the whole screen.", footer=True),
    Act("pictures", "grid", "g", "grid", "Show all pictures of this kind side by side, or one.", footer=True),
    Act("pictures", "mark", "m", "mark", "Mark this picture, of any run, to compare others with it; or unmark it."),
    Act("pictures", "blink", "b", "blink", "Alternate with the marked picture, or with that of the previous kind."),
    Act("pictures", "difference", "d", "difference", "Show the difference from that picture, x1, x3, x10, x30."),
    Act("pictures", "scroll(1)", "pagedown", "page down", "Scroll a plot that is higher than its room."),
    Act("pictures", "scroll(-1)", "pageup", "page up", "Scroll back."),
    Act("pictures", "export", "e", "export", "Save what is shown as PNG in the current folder."),
    Act("pictures", "animate", "a", "animate", "Save all pictures of this kind as GIF in the current folder."),
    Act("full picture", "close", "escape,q,enter,z", "back", "Go back to the workbench.", footer=True, shown="esc"),
    Act("full picture", "panel('step(-1)')", "left", "earlier", "Show the picture of the previous step.", footer=True),
    Act("full picture", "panel('step(1)')", "right", "later", "Show the picture of the next step.", footer=True),
    Act("full picture", "panel('next_name')", "n", "next", "Show the next kind of picture."),
    Act("full picture", "panel('previous_name')", "p", "previous", "Show the previous kind of picture."),
    Act("full picture", "panel('play')", "space", "play", "Play the pictures in order, or stop playing."),
    Act("full picture", "panel('grid')", "g", "grid", "Show all pictures of this kind, or one.", footer=True),
    Act("full picture", "panel('mark')", "m", "mark", "Mark this picture to compare others with it; or unmark it."),
    Act("full picture", "panel('blink')", "b", "blink", "Show two pictures in turn.", footer=True),
    Act("full picture", "panel('difference')", "d", "difference", "Show the difference of two pictures.", footer=True),
    Act("full picture", "panel('export')", "e", "export", "Save what is shown as PNG in the current folder."),
    Act("full picture", "magnify(2)", "plus,equals_sign", "magnify", "Show a part larger.", footer=True, shown="+"),
    Act("full picture", "magnify(0.5)", "minus", "shrink", "Show more of the picture.", shown="-"),
    Act("full picture", "move(-0.25, 0)", "shift+left,h", "left", "Move to the left.", shown="h"),
    Act("full picture", "move(0.25, 0)", "shift+right,l", "right", "Move to the right.", shown="l"),
    Act("full picture", "move(0, -0.25)", "up,k", "up", "Move up."),
    Act("full picture", "move(0, 0.25)", "down,j", "down", "Move down."),
    Act("tables", "next_table(1)", "n,right", "next", "Show the next table.", footer=True),
    Act("tables", "next_table(-1)", "p,left", "previous", "Show the previous table.", footer=True),
    Act("tables", "close", "escape,q,T", "back", "Go back to the workbench.", footer=True),
)


def bindings(scope: Scope) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """Return the key bindings of a scope."""
    return [
        Binding(act.keys, act.name, act.label, show=act.footer, key_display=act.shown or None, tooltip=act.help)
        for act in ACTS
        if act.scope == scope
    ]
