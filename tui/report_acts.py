"""What a user can do with the report that is put together in the app: part of the registry in ``actions``."""

from __future__ import annotations

from tui.act import Act

_ADD = "Add what has the focus to the report: a chart, picture, table, or the results of runs."
_SHOW = "Show the report that A adds to: its parts in their order, with their notes."

REPORT_ACTS: tuple[Act, ...] = (
    Act("workbench", "add_to_report", "A", "to report", _ADD),
    Act("workbench", "report", "W", "report", _SHOW),
    Act("full picture", "add_to_report", "A", "to report", "Add this kind of picture to the report."),
    Act("compare", "add_to_report", "A", "to report", _ADD, footer=True),
    Act("compare", "report", "W", "report", _SHOW),
    Act("sweep", "add_to_report", "A", "to report", _ADD, footer=True),
    Act("sweep", "report", "W", "report", _SHOW),
    Act("study", "add_to_report", "A", "to report", _ADD),
    Act("study", "report", "W", "report", _SHOW),
    Act("report", "close", "escape,q", "back", "Go back to where A adds from.", footer=True, shown="esc"),
    Act("report", "view('outline')", "1", "outline", "Go to the outline."),
    Act("report", "view('preview')", "2", "preview", "Go to the part as it will be read, figures by their captions."),
    Act("report", "edit", "enter", "edit", "Edit what is under the cursor: title, heading, note, item."),
    Act("report", "note", "n", "note", "Edit the note of the part, in Markdown.", footer=True),
    Act("report", "move(1)", "J,shift+down", "down", "Move the part or item down.", footer=True, shown="J"),
    Act("report", "move(-1)", "K,shift+up", "up", "Move the part or item up.", footer=True, shown="K"),
    Act("report", "add_part", "a", "new part", "Add a part of words behind this one.", footer=True),
    Act("report", "add_item", "i", "more items", "Let the part show more of its runs: curves METRIC, results, …"),
    Act("report", "source", "r", "runs", "Let the part show the same of other runs, a sweep or a study.", footer=True),
    Act("report", "remove", "x,delete", "take out", "Take the part, its note or the item out.", footer=True),
    Act("report", "undo", "ctrl+z", "undo", "Undo what was done last to the report, by A too."),
    Act("report", "redo", "ctrl+y", "redo", "Do again what was undone."),
    Act("report", "export", "e", "write", "Write the report: HTML, Markdown, LaTeX, PDF or TOML.", footer=True),
    Act("report", "choose", "o", "other", "Go to another report, or begin a new one."),
    Act("report", "copy", "c", "copy", "Copy the command that writes the report."),
    Act("report", "go(1)", "tab", "next", "Go to the next panel."),
    Act("report", "go(-1)", "shift+tab", "previous", "Go to the previous panel."),
    Act("part", "keep", "ctrl+s", "keep", "Keep what was typed.", footer=True),
    Act("part", "take_back", "escape", "take back", "Leave it as it was; the next edit offers what was typed.", True),
)
"""Adding from the screens that show something, the outline's screen, and the fields of a part."""
