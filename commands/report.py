"""``phosphene report``: runs or a sweep as a document to take home."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.selection import GROUP, SELECTION, complete_run

OUTLINE = "toml"
FORMATS = ("html", "md", "latex", "pdf", OUTLINE)


def _complete_format(incomplete: str) -> list[str]:
    return [name for name in FORMATS if name.startswith(incomplete)]


def report(
    selection: SELECTION,
    to: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}.", autocompletion=_complete_format)] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; its ending says the format if --to does not.")
    ] = None,
    title: Annotated[str, typer.Option(help="Above all; else what the runs are of.")] = "",
    author: Annotated[str, typer.Option(help="Under the title.")] = "",
    group: GROUP = "-seed",
    baseline: Annotated[
        str, typer.Option(metavar="RUN", help="Compare with the group of this run.", autocompletion=complete_run)
    ] = "",
) -> None:
    """Write a report of runs, of a sweep by its name or id, of a study (gan-nz:quick), or of an outline.

    An outline is a .toml file, or one that is kept in the workspace, by its name or title: see phosphene outline.
    """
    from commands.output import say
    from engine import KeptReports, PhospheneError, Reports, Workspace, provenance, report_outlines, report_writing

    if not to and output is not None and output.suffix.lower() == ".toml":
        to = OUTLINE
    form = to if to == OUTLINE else report_writing.form_of(output, to)
    workspace = Workspace()
    reports = Reports(workspace)
    kept = KeptReports(workspace.home)
    outline_file = Path(selection[0])
    is_file = len(selection) == 1 and outline_file.suffix.lower() == ".toml"
    is_kept = len(selection) == 1 and (selection[0] in kept.names() or bool(kept.titled(selection[0])))
    words = list(selection)
    if is_file or is_kept:
        if is_file and to == OUTLINE:
            raise typer.BadParameter("a .toml file becomes html, md, latex or pdf", param_hint="--to")
        if title or author or group != "-seed" or baseline:
            raise typer.BadParameter("title, author, group and baseline are said in the .toml file itself")
        outline_file = kept.path(kept.find(selection[0])) if is_kept else outline_file
        outline = report_outlines.read(outline_file)
        text = report_outlines.content(outline_file)
        stem = outline_file.stem
        if is_kept:
            say(f"of the outline {outline_file}")
    else:
        outline = reports.outline(reports.meant(selection), title, author, group, baseline)
        text = report_outlines.written(outline)
        stem = "report"
        said = {"--title": title, "--author": author, "--baseline": baseline}
        words += [word for name, value in said.items() if value for word in (name, value)]
        words.append(f"--group={group}")
    if form == OUTLINE:
        path = output or provenance.free(Path(f"{stem}.toml"))
        try:
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise PhospheneError(f"{path} cannot be written: {error.strerror or error}") from error
        say(f"edit it, then: phosphene report {path}")
        print(path)  # noqa: T201 - stdout is data
        return
    path = output or provenance.free(Path(f"{stem}{report_writing.FORMATS[form]}"))
    written = reports.write(outline, path, form, words)
    if len(written) > 1:
        say(f"and {len(written) - 1} figures in {written[1].parent}")
    print(path)  # noqa: T201 - stdout is data
