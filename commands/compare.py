"""``phosphene compare`` and ``phosphene chart``: several runs side by side, as a table and on paper."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.selection import AS_JSON, FORMAT, GROUP, SELECTION, complete_run, format_of, require_both

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine import Column, Comparison, Sheet


def compare(
    selection: SELECTION,
    form: FORMAT = "text",
    metric: Annotated[
        str, typer.Option(metavar="COLUMNS", help='What is compared, e.g. "max validation/accuracy,test/accuracy".')
    ] = "",
    baseline: Annotated[
        str, typer.Option(metavar="RUN", help="Subtract the group of this run.", autocompletion=complete_run)
    ] = "",
    group: GROUP = "-seed",
    rows: Annotated[str, typer.Option(metavar="FIELD", help="A row for each value of this field.")] = "",
    columns: Annotated[str, typer.Option(metavar="FIELD", help="And a column for each value of this one.")] = "",
    as_json: AS_JSON = False,
) -> None:
    """Compare runs: what differs, results with intervals over seeds, and what the seeds prove."""
    from commands.output import emit, say
    from engine import Grouping, comparison_sheets, parse_columns, require_known

    form = format_of(form, as_json=as_json)
    require_both(rows, columns)
    if rows and len(parse_columns(metric)) > 1:
        raise typer.BadParameter("a pivot has one value in each cell: name one", param_hint="--metric")
    comparison = comparison_of(selection, group, baseline)
    wanted = parse_columns(metric) or comparison.default_columns()
    for trouble in comparison.troubles:
        say(trouble)
    _check(comparison, wanted)
    if rows and form == "json":
        raise typer.BadParameter("a pivot is written as text, csv, md or latex", param_hint="--format")
    if form == "json":
        emit(comparison_sheets.document(comparison, wanted))
    elif rows:
        require_known(Grouping(only=(rows, columns)), comparison.runs)
        print_sheet(comparison_sheets.pivot(comparison, wanted[0], rows, columns), form)
    elif form == "csv":
        print_sheet(comparison_sheets.figures(comparison, wanted), form)
    else:
        stated = wanted if metric else wanted[:1]
        print_sheet(comparison_sheets.results(comparison, wanted, stated), form)


def chart(
    selection: SELECTION,
    metric: Annotated[str, typer.Option(metavar="METRIC", help="What is drawn, e.g. train/loss.")] = "",
    smooth: Annotated[float, typer.Option(help="Weight of the moving average, at least 0 and below 1.")] = 0.0,
    x: Annotated[str, typer.Option("--x", help="step, epoch or time; else what the runs can be compared by.")] = "",
    log_y: Annotated[bool, typer.Option("--log-y", help="A logarithmic y axis.")] = False,
    group: GROUP = "-seed",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A .pdf, .svg or .png, or a .csv with what is drawn.")
    ] = None,
) -> None:
    """Draw a metric of several runs in paper size: the mean of seeds with its band, other runs as they are."""
    from commands.output import say
    from engine import PhospheneError, comparison_chart, overlay, provenance, tables

    comparison = comparison_of(selection, group)
    for trouble in comparison.troubles:
        say(trouble)
    if not metric and not comparison.metrics:
        raise PhospheneError("the runs share no metric; name one: --metric train/loss")
    name = metric or comparison.metrics[0]
    drawn = comparison_chart(comparison, name, x or None, smooth, log_y=log_y)  # type: ignore[arg-type]
    path = output or provenance.free(Path(f"{name.replace('/', '-').replace(' ', '-')}.pdf"))
    try:
        if path.suffix.lower() == ".csv":
            sheet = drawn.sheet()
            write = provenance.text(tables.written(sheet.columns, sheet.rows, "csv"))
        else:
            write = partial(overlay.write, drawn)
        provenance.write_whole(path, write, drawn.origin)
    except OSError as error:
        raise PhospheneError(f"{path} cannot be written: {error.strerror or error}") from error
    print(path)  # noqa: T201 - stdout is data


def comparison_of(selection: Sequence[str], group: str, baseline: str = "") -> Comparison:
    """Return the comparison of the runs that a selection means.

    Args:
        selection: names of runs, or the words of a filter.
        group: what keeps runs apart.
        baseline: a run whose group the others are compared with; empty for none.
    """
    from engine import Comparison, Histories, Workspace, parse_grouping, require_known, select

    workspace, histories = Workspace(), Histories()
    runs = select(workspace, selection, histories)
    grouping = parse_grouping(group)
    require_known(grouping, runs)
    comparison = Comparison(runs, histories, grouping)
    if baseline:
        comparison.set_baseline(workspace.find(baseline).id)
    return comparison


def _check(comparison: Comparison, columns: Sequence[Column]) -> None:
    """Refuse columns that no run has a number in.

    Raises:
        PhospheneError: naming the first, and what the runs share.
    """
    from engine import PhospheneError

    shared = ", ".join(dict.fromkeys([*map(str, comparison.default_columns()), *comparison.metrics])) or "nothing"
    if not columns:
        raise PhospheneError("the runs share no result and no metric; name one: --metric test/accuracy")
    for column in columns:
        if not any(comparison.values(group, column) for group in comparison.groups):
            raise PhospheneError(f"no run has a figure for {str(column)!r}; the runs share: {shared}")


def print_sheet(sheet: Sheet, form: str) -> None:
    """Print a table on stdout; what is remarked follows it as text, and goes to stderr beside other formats."""
    from commands.output import say, table, tell
    from engine import tables

    if form != "text":
        print(tables.written(sheet.columns, sheet.rows, form), end="")  # noqa: T201 - stdout is data
        for remark in sheet.remarks:
            say(remark)
        return
    table(sheet.columns, sheet.rows)
    for remark in sheet.remarks:
        tell(remark)
