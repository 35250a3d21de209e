"""``phosphene outline``: the reports that are kept in the workspace, and what the workbench does to them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from commands.selection import AS_JSON, GROUP, JSON, complete_filter, complete_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine import KeptReports, ReportChange, ReportOutline

app = typer.Typer(
    no_args_is_help=True,
    help="Put a report together: what it shows, in which order, with which notes. phosphene report NAME writes it.",
    rich_markup_mode=None,
)


def complete_report(incomplete: str) -> list[str]:
    """Return the names of kept reports that begin so."""
    return [name for name in _kept().names() if name.startswith(incomplete)]


def complete_item(incomplete: str) -> list[str]:
    """Return the things that a report can show that begin so."""
    from engine import report_outlines

    return [name for name in report_outlines.KINDS if name.startswith(incomplete)]


def _complete_source(incomplete: str) -> list[str]:
    return complete_run(incomplete) or [value for value, _ in complete_filter(incomplete)]


REPORT = Annotated[
    str, typer.Argument(metavar="REPORT", help="Its name, or its title.", autocompletion=complete_report)
]
WHAT = Annotated[str, typer.Argument(metavar="PART[.ITEM]", help="As outline show numbers them: 3, or 3.2.")]
NOTE = Annotated[str | None, typer.Option(help="Its text, in Markdown.")]


def _kept() -> KeptReports:
    from engine import KeptReports, Workspace

    return KeptReports(Workspace().home)


@app.command("list")
def list_reports(as_json: JSON = False) -> None:
    """List the reports: how many parts they have, their titles, what is wrong with one."""
    from commands.output import emit, table

    kept = _kept()
    found = [kept.look(name) for name in kept.names()]
    counts = [len(one.outline.parts) if one.outline is not None else 0 for one in found]
    if as_json:
        emit(
            [
                {"name": one.name, "title": one.title, "parts": count, "path": str(one.path), "problem": one.problem}
                for one, count in zip(found, counts, strict=True)
            ]
        )
        return
    rows = [[one.name, str(count), one.problem or one.title] for one, count in zip(found, counts, strict=True)]
    table(["report", "parts", "title"], rows)


@app.command("show")
def show(report: REPORT, as_json: AS_JSON = False) -> None:
    """Show the outline of a report, with the numbers by which its parts and what they show are named."""
    from commands.output import emit, say, table
    from engine import Reports, Workspace, report_wording

    kept = _kept()
    found = kept.read(kept.find(report))
    outline = found.outline
    assert outline is not None, "what is read has an outline"
    _, broken = Reports(Workspace()).sketch(outline)
    if as_json:
        emit(report_wording.document(outline, broken))
        return
    rows = []
    for number, part in enumerate(outline.parts, 1):
        note = part.note.strip().partition("\n")[0]
        rows.append([str(number), part.heading, report_wording.described(part), note])
        for place, item in enumerate(part.show):
            rows.append([f"{number}.{place + 1}", f"  {item}", "", broken.get((number - 1, place), "")])
    say(f"{found.title} · {found.path}")
    table(["", "part", "of", "note"], rows)


@app.command("add")
def add(
    report: Annotated[
        str, typer.Argument(metavar="REPORT", help="A name; of a new report too.", autocompletion=complete_report)
    ],
    items: Annotated[
        list[str],
        typer.Argument(metavar="ITEM...", help='As in "curves train/loss" results.', autocompletion=complete_item),
    ],
    source: Annotated[
        str,
        typer.Option(
            "--of", metavar="SELECTION", help="Of which runs, sweep or study.", autocompletion=_complete_source
        ),
    ],
    heading: Annotated[str, typer.Option(help="Of the part, if it is a new one.")] = "",
    group: GROUP = "-seed",
    baseline: Annotated[
        str, typer.Option(metavar="RUN", help="Compare with the group of this run.", autocompletion=complete_run)
    ] = "",
    smooth: Annotated[float, typer.Option(help="Weight of the moving average of curves.")] = 0.0,
    x: Annotated[str, typer.Option(help="Axis of curves: step, epoch or time.")] = "",
    log_y: Annotated[bool, typer.Option("--log-y", help="Draw curves over a logarithmic y.")] = False,
    step: Annotated[int, typer.Option(help="Of pictures; the last one if 0.", min=0)] = 0,
) -> None:
    """Add what a report is to show, to the part it belongs to or as a new one; the report is begun if need be."""
    from engine import ReportItem, ReportPart, Reports, Workspace, report_edits

    workspace = Workspace()
    reports = Reports(workspace)
    part = ReportPart(
        heading=heading,
        show=tuple(map(ReportItem.of, items)),
        source=reports.meant_by(source),
        group=group,
        baseline=workspace.find(baseline).id if baseline else "",
        smooth=smooth,
        x=x,
        log_y=log_y,
        step=step,
    )
    reports.check(part)
    kept = _kept()
    name = kept.find(report) if report in kept.names() or kept.titled(report) else kept.begin(report)
    _said(kept.change(name, partial(report_edits.added, part=part)))


@app.command("part")
def new_part(
    report: REPORT,
    heading: Annotated[str, typer.Argument(metavar="HEADING", help="Of the new part.")],
    note: NOTE = None,
    at: Annotated[int, typer.Option(help="Its number; at the end if 0.", min=0)] = 0,
) -> None:
    """Add a part of words alone."""
    from engine import ReportPart, report_edits

    def edit(outline: ReportOutline) -> ReportOutline:
        part = ReportPart(heading=heading, note=note or "", source=outline.source)
        place = at - 1 if 0 < at <= len(outline.parts) else len(outline.parts)
        return report_edits.inserted(outline, place, part)

    _change(report, edit)


@app.command("edit")
def edit_words(
    report: REPORT,
    part: Annotated[int, typer.Argument(metavar="[PART]", help="Its number; of the whole report without.")] = 0,
    title: Annotated[str | None, typer.Option(help="Of the report.")] = None,
    author: Annotated[str | None, typer.Option(help="Of the report.")] = None,
    heading: Annotated[str | None, typer.Option(help="Of the part.")] = None,
    note: NOTE = None,
    of: Annotated[
        str | None,
        typer.Option(
            "--of", metavar="SELECTION", help="Of which runs the part is to be.", autocompletion=_complete_source
        ),
    ] = None,
) -> None:
    """Change title and author of a report, or heading, note and runs of a part."""
    from dataclasses import replace

    from engine import Reports, Workspace, report_edits

    if title is author is heading is note is of is None:
        raise typer.BadParameter("say what is to be changed", param_hint="--title, --author, --heading, --note or --of")
    if not part and not (heading is note is of is None):
        raise typer.BadParameter("say of which part", param_hint="[PART]")

    def edit(outline: ReportOutline) -> ReportOutline:
        outline = replace(
            outline,
            title=outline.title if title is None else title,
            author=outline.author if author is None else author,
        )
        if not part:
            return outline
        there = report_edits.part_at(outline, part - 1)
        changed = replace(
            there if of is None else report_edits.about(there, Reports(Workspace()).meant_by(of)),
            heading=there.heading if heading is None else heading,
            note=there.note if note is None else note,
        )
        return report_edits.replaced(outline, part - 1, changed)

    _change(report, edit)


@app.command("move")
def move(report: REPORT, what: WHAT, to: Annotated[int, typer.Argument(help="Its new number.", min=1)]) -> None:
    """Move a part, or what a part shows, to another place."""
    from engine import report_edits

    part, item = _place(what)

    def edit(outline: ReportOutline) -> ReportOutline:
        if item is None:
            return report_edits.moved(outline, part, to - 1)
        changed = report_edits.with_item_moved(report_edits.part_at(outline, part), item, to - 1)
        return report_edits.replaced(outline, part, changed)

    _change(report, edit)


@app.command("remove")
def remove(report: REPORT, what: WHAT) -> None:
    """Take a part, or something that a part shows, out of a report."""
    from engine import report_edits

    part, item = _place(what)

    def edit(outline: ReportOutline) -> ReportOutline:
        there = report_edits.part_at(outline, part)
        rest = () if item is None else (report_edits.without_item(there, item),)
        return report_edits.replaced(outline, part, *rest)

    _change(report, edit)


def _place(text: str) -> tuple[int, int | None]:
    """Return the places, from 0, that a number such as ``3`` or ``3.2`` means."""
    part, _, item = text.partition(".")
    if not part.isdecimal() or (item and not item.isdecimal()) or "0" in {part, item}:
        raise typer.BadParameter(f"{text!r} is no number of a part, as 3, or of a thing in it, as 3.2")
    return int(part) - 1, int(item) - 1 if item else None


def _change(report: str, edit: Callable[[ReportOutline], ReportOutline]) -> None:
    kept = _kept()
    _said(kept.change(kept.find(report), edit))


def _said(change: ReportChange) -> None:
    """Print the file, and say what has become of it."""
    from commands.output import say

    if change.before.text == change.after.text:
        say("that is how it is already")
    else:
        say(f"write it: phosphene report {change.after.name} -o {change.after.name}.html")
    print(change.after.path)  # noqa: T201 - stdout is data
