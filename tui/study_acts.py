"""The part of the registry of actions that is about studies: their shelf, and the screen of one."""

from __future__ import annotations

from tui.act import Act

STUDY_ACTS: tuple[Act, ...] = (
    Act("shelf", "out", "escape", "back", "Show all studies again, or go back.", footer=True, shown="esc"),
    Act("shelf", "close", "q", "close", "Go back to the workbench."),
    Act("shelf", "open", "enter", "open", "Show the study: its question, plan, values and figure.", footer=True),
    Act("shelf", "filter", "slash", "filter", "Filter the studies by words as you type.", footer=True, shown="/"),
    Act("study", "close", "escape,q", "back", "Go back to the shelf.", footer=True, shown="esc"),
    Act("study", "view('question')", "1", "question", "Go to what is asked, what is missing, and the plan."),
    Act("study", "view('published')", "2", "published", "Go to the published values beside the measured ones."),
    Act("study", "view('combinations')", "3", "combinations", "Go to the combinations that have runs."),
    Act("study", "view('figure')", "4", "figure", "Go to the figure."),
    Act("study", "run", "r", "run", "Plan the runs that are missing, and launch them.", footer=True),
    Act("study", "next_tier", "T", "tier", "Switch between the quick tier and the full one.", footer=True),
    Act("study", "set_values", "equals_sign", "set", "Take other values than the study's, or seeds.", shown="="),
    Act("study", "stop", "s", "stop", "Let its runs save and stop; again later, kill them."),
    Act("study", "sweep", "S", "sweep", "Show the sweep that runs it."),
    Act("study", "show_run", "enter", "to run", "Show the first run of the combination in the workbench."),
    Act("study", "compare", "C", "compare", "Compare its runs."),
    Act("study", "log_y", "y", "log y", "Switch the charts between linear and logarithmic y."),
    Act("study", "figure('step(-1)')", "left", "earlier", "Show the pictures of the step before."),
    Act("study", "figure('step(1)')", "right", "later", "Show the pictures of the next step."),
    Act("study", "figure('blink')", "b", "blink", "Show the first picture in place of the others in turn."),
    Act("study", "figure('difference')", "d", "difference", "Show what differs from the first picture."),
    Act("study", "renderer", "i", "images", "Switch how pictures are drawn, as far as this terminal can."),
    Act("study", "enlarge", "F", "full screen", "Show the focused panel on the whole screen, or all."),
    Act("study", "copy", "c", "copy", "Copy the table that has the focus: then m for Markdown, l for LaTeX."),
    Act("study", "export", "e", "export", "Write what has the focus to a file.", footer=True),
    Act(
        "study",
        "write_report",
        "p",
        "write up",
        "Write the report of the study: question, values, figure.",
        footer=True,
    ),
    Act("study", "go(1)", "tab", "next", "Go to the next panel."),
    Act("study", "go(-1)", "shift+tab", "previous", "Go to the previous one."),
)
