"""The part of the registry of actions that is about sweeps: their plan, and the screen of one."""

from __future__ import annotations

from tui.act import Act

SWEEP_ACTS: tuple[Act, ...] = (
    Act("plan", "app.help", "f1", "help", "Show the keys of the plan first.", footer=True),
    Act("plan", "launch", "enter", "launch", "Launch the sweep.", footer=True),
    Act("plan", "close", "escape", "back", "Launch nothing, and go back.", footer=True, shown="esc"),
    Act("plan", "step(1)", "down,tab", "next", "Go to the next option.", footer=True, shown="↓"),
    Act("plan", "step(-1)", "up,shift+tab", "previous", "Go to the previous option."),
    Act("plan", "copy_command", "ctrl+y", "copy", "Copy the command that does the same.", footer=True),
    Act("sweep", "close", "escape,q", "back", "Go back to the workbench.", footer=True, shown="esc"),
    Act("sweep", "view('table')", "1", "table", "Go to the combinations and what is said of them."),
    Act("sweep", "view('axes')", "2", "axes", "Show the metric over each axis."),
    Act("sweep", "view('pictures')", "3", "pictures", "Show pictures laid out by two axes."),
    Act("sweep", "view('parallel')", "4", "parallel", "Show all axes beside each other, a line a combination."),
    Act("sweep", "show_run", "enter", "to run", "Show the first run of the combination in the workbench."),
    Act("sweep", "take_best", "f", "best to form", "Take the best combination into the form.", footer=True),
    Act("sweep", "compare", "C", "compare", "Compare the runs of the best combinations.", footer=True),
    Act("sweep", "stop", "s", "stop", "Let its runs save and stop; again later, kill them."),
    Act("sweep", "resume", "R", "resume", "Run what is missing, go on with what was stopped."),
    Act("sweep", "widen", "plus,a", "widen", "Ask for further values, seeds or trials.", footer=True, shown="+"),
    Act(
        "sweep",
        "next_metric",
        "m",
        "next metric",
        "Judge the combinations by the next result of their runs.",
        footer=True,
    ),
    Act("sweep", "log_y", "y", "log y", "Switch the charts between linear and logarithmic y."),
    Act("sweep", "pictures('next_kind(1)')", "k", "next kind", "Show the next kind of picture or plot."),
    Act("sweep", "pictures('next_axis(0)')", "x", "across", "Lay the pictures out by the next axis across."),
    Act("sweep", "pictures('next_axis(1)')", "d", "down", "Lay them out by the next axis, steps or seeds down."),
    Act("sweep", "columns(1)", "right", "columns right", "Show columns of pictures further right."),
    Act("sweep", "columns(-1)", "left", "columns left", "Show columns of pictures further left."),
    Act("sweep", "renderer", "i", "images", "Switch how pictures are drawn, as far as this terminal can."),
    Act("sweep", "write_study", "n", "to study", "Write a study of this sweep, to be completed by hand."),
    Act("sweep", "enlarge", "F", "full screen", "Show the focused panel on the whole screen, or all."),
    Act("sweep", "copy", "c", "copy", "Copy the table: then m for Markdown, l for LaTeX.", footer=True),
    Act("sweep", "export", "e", "export", "Write what has the focus to a file.", footer=True),
    Act("sweep", "go(1)", "tab", "next", "Go to the next chart or panel."),
    Act("sweep", "go(-1)", "shift+tab", "previous", "Go to the previous one."),
)
