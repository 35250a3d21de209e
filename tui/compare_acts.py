"""The part of the registry of actions that is about runs laid over each other."""

from __future__ import annotations

from tui.act import Act

COMPARE_ACTS: tuple[Act, ...] = (
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
    Act(
        "compare",
        "more",
        "d",
        "difference",
        "In the pictures, show what differs from the first; in the tables, name all fields, or those that differ.",
        footer=True,
    ),
    Act("compare", "pictures('step(-1)')", "left", "earlier", "Show the pictures of the step before."),
    Act("compare", "pictures('step(1)')", "right", "later", "Show the pictures of the next step."),
    Act("compare", "pictures('first')", "home", "first", "Show the first pictures."),
    Act("compare", "pictures('last')", "end", "last", "Show the newest pictures, and follow newer ones."),
    Act(
        "compare",
        "pictures('next_kind(1)')",
        "down",
        "next kind",
        "Show the next kind of picture or plot.",
        footer=True,
    ),
    Act("compare", "pictures('next_kind(-1)')", "up", "previous kind", "Show the previous kind."),
    Act(
        "compare",
        "pictures('blink')",
        "b",
        "blink",
        "Show the first picture in place of the others in turn.",
        footer=True,
    ),
    Act("compare", "renderer", "i", "images", "Switch how pictures are drawn, as far as this terminal can."),
    Act("compare", "replicate", "a", "more seeds", "Launch further seeds of each group.", footer=True),
    Act("compare", "write_study", "n", "to study", "Write a study of these runs, to be completed by hand."),
    Act("compare", "enlarge", "F", "full screen", "Show the focused panel on the whole screen, or all."),
    Act("compare", "copy", "c", "copy", "Copy the results: then m for Markdown, l for LaTeX.", footer=True),
    Act("compare", "export", "e", "export", "Write what has the focus to a file.", footer=True),
    Act("compare", "go(1)", "tab", "next", "Go to the next chart or table."),
    Act("compare", "go(-1)", "shift+tab", "previous", "Go to the previous one."),
)
