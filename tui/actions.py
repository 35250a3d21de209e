"""The one registry of everything a user can do: keys, footer, help and command palette are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding

Scope = Literal[
    "app",
    "workbench",
    "experiments",
    "runs",
    "form",
    "charts",
    "pictures",
    "full picture",
    "tables",
    "console",
    "compare",
]


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
    def id(self) -> str:
        """The name by which a user gives it other keys: ``run``, ``charts.zoom-in``."""
        name = self.label.replace(" ", "-")
        return name if self.scope in {"app", "workbench"} else f"{self.scope.replace(' ', '-')}.{name}"


ACTS: tuple[Act, ...] = (
    Act("app", "suspend_process", "ctrl+z", "suspend", "Go to the shell for a while; its fg comes back."),
    Act(
        "app",
        "help",
        "question_mark",
        "help",
        "Show the keys, those of the focused pane first.",
        footer=True,
        shown="?",
    ),
    Act("workbench", "run", "r", "run", "Start the chosen experiment with the values in the form.", footer=True),
    Act("workbench", "stop", "s", "stop", "Let the shown run save and stop; again later, kill it.", footer=True),
    Act("workbench", "resume", "R", "resume", "Resume the shown run from its last checkpoint.", footer=True),
    Act("workbench", "set_live", "w", "apply live values", "Apply the form's live values to the shown run."),
    Act("workbench", "checkpoint", "k", "save checkpoint", "Let the shown run save a checkpoint now."),
    Act(
        "workbench",
        "filter",
        "slash",
        "filter",
        "Filter experiments, or else runs, as you type.",
        footer=True,
        shown="/",
    ),
    Act("workbench", "charts('log_scale')", "y", "log y", "Switch the charts between linear and logarithmic y."),
    Act(
        "workbench",
        "charts('smooth(1)')",
        "plus",
        "smooth more",
        "Smooth the curves more; after the most, automatically.",
        shown="+",
    ),
    Act(
        "workbench",
        "charts('smooth(-1)')",
        "minus",
        "smooth less",
        "Smooth the curves less, down to none.",
        shown="-",
    ),
    Act("workbench", "charts('x_axis')", "x", "x axis", "Draw the curves over steps, epochs or time."),
    Act(
        "workbench",
        "export",
        "e",
        "export chart",
        "Write the focused chart, or the first one, as .pdf, .svg, .png or .csv.",
    ),
    Act("workbench", "link", "l", "link", "Let the charts' crosshair follow the shown picture, or not."),
    Act("workbench", "renderer", "i", "images", "Switch how pictures are drawn, as far as this terminal can."),
    Act("app", "next_theme", "t", "theme", "Switch to the next colour theme."),
    Act("workbench", "tables", "T", "tables", "Show the shown run's tables on the whole screen, or the panes again."),
    Act("workbench", "copy_command", "c", "copy", "Copy the form as a command line."),
    Act("workbench", "pane(1)", "1", "lists", "Go to the experiments; from there, to the runs."),
    Act("workbench", "pane(2)", "2", "form", "Go to the form."),
    Act("workbench", "pane(3)", "3", "charts", "Go to the charts."),
    Act("workbench", "pane(4)", "4", "pictures", "Go to the pictures."),
    Act("workbench", "pane(5)", "5", "console", "Go to the console."),
    Act("workbench", "pane(6)", "6", "table pane", "Go to the tables."),
    Act("workbench", "fold(1)", "alt+1", "fold lists", "Fold the lists away, or unfold them."),
    Act("workbench", "fold(2)", "alt+2", "fold form", "Fold the form away, or unfold it."),
    Act("workbench", "fold(3)", "alt+3", "fold charts", "Fold the charts away, or unfold them."),
    Act("workbench", "fold(4)", "alt+4", "fold pictures", "Fold the pictures away, or unfold them."),
    Act("workbench", "fold(5)", "alt+5", "fold console", "Fold the console away, or unfold it."),
    Act("workbench", "fold(6)", "alt+6", "fold tables", "Fold the tables away, or unfold them."),
    Act("workbench", "enlarge", "F", "full screen", "Show the focused pane on the whole screen, or all.", footer=True),
    Act("workbench", "resize(1, 0)", "greater_than_sign", "wider", "Make the focused pane wider.", shown=">"),
    Act("workbench", "resize(-1, 0)", "less_than_sign", "narrower", "Make the focused pane narrower.", shown="<"),
    Act("workbench", "resize(0, 1)", "right_curly_bracket", "higher", "Make the focused pane higher.", shown="}"),
    Act("workbench", "resize(0, -1)", "left_curly_bracket", "lower", "Make the focused pane lower.", shown="{"),
    Act("workbench", "restore", "0", "restore panes", "Show all panes in the sizes they had at first."),
    Act(
        "workbench",
        "out",
        "escape",
        "out",
        "Leave the field, the whole screen, the filter or the selection: one layer out.",
        shown="esc",
    ),
    Act("workbench", "go(1)", "tab", "next pane", "Go to the next pane."),
    Act("workbench", "go(-1)", "shift+tab", "previous pane", "Go to the previous pane."),
    Act("workbench", "page", "h", "about it", "Show what the chosen experiment does and what to look at."),
    Act("workbench", "quit", "q", "quit", "Leave the workbench; runs go on.", footer=True),
    Act(
        "runs",
        "select_run",
        "space",
        "select",
        "Select the highlighted run, or unselect it, and move down.",
        footer=True,
    ),
    Act(
        "runs",
        "select_all",
        "asterisk",
        "select all",
        "Select all runs that are shown; again, none of them.",
        shown="*",
    ),
    Act("runs", "compare", "C", "compare", "Compare the selected runs."),
    Act(
        "runs",
        "annotate('tags')",
        "number_sign",
        "tag",
        "Give tags to the selected runs, or the highlighted one, or take them away.",
        shown="#",
    ),
    Act("runs", "annotate('note')", "n", "note", "Put a note on the selected runs, or the highlighted one."),
    Act("runs", "annotate('name')", "N", "name", "Give the selected runs, or the highlighted one, another name."),
    Act("runs", "sort", "o", "sort", "Sort by the next column of the table; after the last, the newest first."),
    Act("runs", "reverse", "O", "reverse", "Turn the order of the column round."),
    Act("runs", "choose_columns", "colon", "columns", "Choose the columns of the table.", shown=":"),
    Act(
        "runs",
        "move_run('up')",
        "K",
        "sooner",
        "Let the highlighted run, which waits, start sooner: one place up in the queue.",
        footer=True,
    ),
    Act(
        "runs",
        "move_run('down')",
        "J",
        "later",
        "Let the highlighted run, which waits, start later: one place down in the queue.",
        footer=True,
    ),
    Act("runs", "cancel", "x", "cancel", "Cancel the selected runs, or the highlighted one, that wait.", footer=True),
    Act("runs", "remove", "delete,X", "remove", "Move the selected runs, or the highlighted one, into the trash."),
    Act("runs", "restore", "ctrl+z", "bring back", "Bring back the runs that were removed last."),
    Act("runs", "as_form", "f", "to form", "Copy the highlighted run's hyperparameters into the form."),
    Act(
        "form",
        "run",
        "ctrl+r",
        "run",
        "Start the experiment, with the text of an open field too.",
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
    Act(
        "charts",
        "crosshair(-1)",
        "left",
        "left",
        "Move the crosshair left; the legend names the values.",
    ),
    Act("charts", "crosshair(1)", "right", "right", "Move the crosshair right."),
    Act("charts", "pan(-0.2)", "shift+left", "earlier", "Move the view to the left."),
    Act("charts", "pan(0.2)", "shift+right", "later", "Move the view to the right."),
    Act(
        "charts",
        "zoom(2)",
        "z",
        "zoom",
        "Zoom in around the crosshair; the wheel, around the pointer.",
        footer=True,
    ),
    Act("charts", "zoom(0.5)", "Z", "zoom out", "Zoom out."),
    Act("charts", "reset_view", "home", "whole view", "Show everything again, and follow new points.", footer=True),
    Act("charts", "hide_crosshair", "escape", "hide", "Hide the crosshair.", shown="esc"),
    Act("pictures", "step(-1)", "left", "earlier", "Show the picture of the previous step."),
    Act("pictures", "step(1)", "right", "later", "Show the picture of the next step."),
    Act("pictures", "first", "home", "first", "Show the first picture."),
    Act("pictures", "last", "end", "last", "Show the newest picture, and follow newer ones."),
    Act("pictures", "next_name", "down", "next kind", "Show the next kind of picture.", footer=True),
    Act("pictures", "previous_name", "up", "previous kind", "Show the previous kind of picture."),
    Act("pictures", "play", "space", "play", "Play the pictures in order, or stop playing."),
    Act("pictures", "enlarge", "enter,F", "enlarge", "Show the picture on the whole screen.", footer=True),
    Act("pictures", "grid", "g", "grid", "Show all pictures of this kind side by side, or one.", footer=True),
    Act("pictures", "mark", "m", "mark", "Mark this picture to compare others with it; or unmark it."),
    Act(
        "pictures",
        "blink",
        "b",
        "blink",
        "Show the marked one, the original or the step before in turn.",
    ),
    Act("pictures", "difference", "d", "difference", "Show the difference from that picture: x1, x3, x10, x30."),
    Act("pictures", "scroll(1)", "pagedown", "page down", "Scroll a plot that is higher than its room."),
    Act("pictures", "scroll(-1)", "pageup", "page up", "Scroll back."),
    Act("pictures", "export", "e", "export", "Save what is shown as PNG in the current folder."),
    Act("pictures", "animate", "v", "animate", "Save all pictures of this kind as GIF, in this folder."),
    Act("full picture", "app.help", "question_mark", "help", "Show the keys of the picture first.", shown="?"),
    Act("full picture", "close", "escape,enter,F,q", "back", "Go back to the workbench.", footer=True, shown="esc"),
    Act("full picture", "panel('step(-1)')", "left", "earlier", "Show the picture of the previous step.", footer=True),
    Act("full picture", "panel('step(1)')", "right", "later", "Show the picture of the next step.", footer=True),
    Act("full picture", "panel('first')", "home", "first", "Show the first picture."),
    Act("full picture", "panel('last')", "end", "last", "Show the newest picture, and follow newer ones."),
    Act("full picture", "panel('next_name')", "down", "next kind", "Show the next kind of picture."),
    Act("full picture", "panel('previous_name')", "up", "previous kind", "Show the previous kind of picture."),
    Act("full picture", "panel('play')", "space", "play", "Play the pictures in order, or stop playing."),
    Act("full picture", "panel('grid')", "g", "grid", "Show all pictures of this kind, or one.", footer=True),
    Act("full picture", "panel('mark')", "m", "mark", "Mark this picture to compare others with it; or unmark it."),
    Act("full picture", "panel('blink')", "b", "blink", "Show two pictures in turn.", footer=True),
    Act("full picture", "panel('difference')", "d", "difference", "Show the difference of two pictures.", footer=True),
    Act("full picture", "panel('export')", "e", "export", "Save what is shown as PNG in the current folder."),
    Act("full picture", "panel('animate')", "v", "animate", "Save all pictures of this kind as GIF."),
    Act("full picture", "magnify(2)", "z", "magnify", "Show a part larger.", footer=True),
    Act("full picture", "magnify(0.5)", "Z", "shrink", "Show more of the picture."),
    Act("full picture", "move(-0.25, 0)", "shift+left", "move left", "Move the magnified part to the left."),
    Act("full picture", "move(0.25, 0)", "shift+right", "move right", "Move the magnified part to the right."),
    Act("full picture", "move(0, -0.25)", "shift+up", "move up", "Move the magnified part up."),
    Act("full picture", "move(0, 0.25)", "shift+down", "move down", "Move the magnified part down."),
    Act("full picture", "scroll(1)", "pagedown", "page down", "Scroll a plot that is higher than the screen."),
    Act("full picture", "scroll(-1)", "pageup", "page up", "Scroll back."),
    Act("tables", "move(-1, 0)", "up", "up", "Go up a row; while searching, to the cell found before."),
    Act("tables", "move(1, 0)", "down", "down", "Go down a row; while searching, to the next cell found."),
    Act("tables", "move(0, -1)", "left", "left", "Go to the column on the left."),
    Act("tables", "move(0, 1)", "right", "right", "Go to the column on the right."),
    Act("tables", "page(1)", "pagedown", "page down", "Go down a page."),
    Act("tables", "page(-1)", "pageup", "page up", "Go up a page."),
    Act("tables", "end(-1)", "home", "first row", "Go to the first row."),
    Act("tables", "end(1)", "end", "last row", "Go to the last row."),
    Act(
        "tables",
        "next_table(-1)",
        "left_square_bracket",
        "previous table",
        "Show the previous table of the run.",
        shown="[",
    ),
    Act(
        "tables",
        "next_table(1)",
        "right_square_bracket",
        "next table",
        "Show the next table of the run.",
        footer=True,
        shown="]",
    ),
    Act("tables", "sort", "o", "sort", "Sort by this column: rising, falling, as in the file.", footer=True),
    Act("tables", "heat", "percent_sign", "heat", "Shade numbers by their size, or not.", footer=True, shown="%"),
    Act(
        "tables",
        "search",
        "slash",
        "search",
        "Go to the next cell with a text; enter stays, esc goes back.",
        footer=True,
        shown="/",
    ),
    Act("tables", "leave_search", "escape", "end search", "Search nothing more.", shown="esc"),
    Act(
        "tables", "copy", "c", "copy", "Copy the table, as it is sorted: then m for Markdown, l for LaTeX.", footer=True
    ),
    Act("console", "fewer", "left_square_bracket", "fewer", "Show fewer lines: info, warnings, errors.", shown="["),
    Act("console", "more", "right_square_bracket", "more", "Show more lines again.", shown="]"),
    Act("console", "copy", "c", "copy", "Copy the lines that are shown."),
    Act("compare", "close", "escape,q", "back", "Go back to the workbench.", footer=True, shown="esc"),
    Act("compare", "view('curves')", "1", "curves", "Show the curves of all groups."),
    Act("compare", "view('results')", "2", "results", "Go to results and differences."),
    Act("compare", "view('pictures')", "3", "pictures", "Show pictures and plots side by side."),
    Act("compare", "charts('log_scale')", "y", "log y", "Switch the charts between linear and logarithmic y."),
    Act(
        "compare",
        "charts('smooth(1)')",
        "plus",
        "smooth more",
        "Smooth the curves more; after the most, not.",
        shown="+",
    ),
    Act("compare", "charts('smooth(-1)')", "minus", "smooth less", "Smooth the curves less.", shown="-"),
    Act("compare", "charts('x_axis')", "x", "x axis", "Draw the curves over steps, epochs or time."),
    Act(
        "compare",
        "members",
        "m",
        "members",
        "Show the runs of each group faintly behind its mean, or not.",
        footer=True,
    ),
    Act("compare", "baseline", "D", "baseline", "Compare with the next group; after the last, with none.", footer=True),
    Act("compare", "more", "d", "more", "Name all fields; in the pictures, show what differs from the first."),
    Act("compare", "pictures('step(-1)')", "left", "earlier", "Show the pictures of the step before."),
    Act("compare", "pictures('step(1)')", "right", "later", "Show the pictures of the next step."),
    Act("compare", "pictures('first')", "home", "first", "Show the first pictures."),
    Act("compare", "pictures('last')", "end", "last", "Show the newest pictures, and follow newer ones."),
    Act("compare", "pictures('next_kind(1)')", "down", "next kind", "Show the next kind of picture or plot."),
    Act("compare", "pictures('next_kind(-1)')", "up", "previous kind", "Show the previous kind."),
    Act("compare", "pictures('blink')", "b", "blink", "Show the first picture in place of the others in turn."),
    Act("compare", "renderer", "i", "images", "Switch how pictures are drawn, as far as this terminal can."),
    Act("compare", "replicate", "a", "more seeds", "Launch further seeds of each group.", footer=True),
    Act("compare", "copy", "c", "copy", "Copy the results: then m for Markdown, l for LaTeX.", footer=True),
    Act("compare", "export", "e", "export", "Write what has the focus to a file.", footer=True),
    Act("compare", "go(1)", "tab", "next", "Go to the next chart or table."),
    Act("compare", "go(-1)", "shift+tab", "previous", "Go to the previous one."),
)


def bindings(scope: Scope) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """Return the key bindings of a scope."""
    return [
        Binding(
            act.keys, act.name, act.label, show=act.footer, key_display=act.shown or None, tooltip=act.help, id=act.id
        )
        for act in ACTS
        if act.scope == scope
    ]
