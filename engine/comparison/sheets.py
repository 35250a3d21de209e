"""The tables of a comparison: results by group, the same as plain figures, a pivot over two fields, a JSON document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine import wording
from engine.comparison import statistics
from engine.comparison.groups import configuration, differences
from engine.comparison.statements import interval, signed, statements
from engine.provenance import Origin
from engine.selection.values import MISSING, comparable, is_number, rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.comparison.comparison import Comparison
    from engine.comparison.groups import Group
    from engine.record.workspace import Listed
    from engine.selection.columns import Column

BEST = " *"
"""What follows the best mean of a column."""
MOST_VALUES = 6
"""Values of a field that a sentence names."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of text.

    Attributes:
        columns: their names.
        rows: as many cells in each.
        remarks: sentences that belong under it.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()


def results(comparison: Comparison, columns: Sequence[Column], stated: Sequence[Column]) -> Sheet:
    """Return a row a group with ``mean ± interval (n)`` of each column, and the difference from the baseline.

    Args:
        comparison: of the runs.
        columns: that are shown.
        stated: of which the remarks say what the seeds prove.
    """
    base = comparison.baseline
    head = ["group"]
    for column in columns:
        head += [str(column), f"from {base.caption}"] if base is not None else [str(column)]
    rows = []
    for row in comparison.rows(columns):
        cells = [titled(row.group)]
        for mean, apart, best in zip(row.means, row.differences, row.best, strict=True):
            cells.append(f"{interval(mean)}{BEST if best else ''}")
            cells += [signed(apart)] if base is not None else []
        rows.append(tuple(cells))
    remarks = [line for column in stated for line in statements(comparison, column)]
    return Sheet(tuple(head), tuple(rows), (*differing(comparison), *remarks))


def differing(comparison: Comparison) -> list[str]:
    """Return a sentence on what differs in the configuration, with some of the values; nothing if nothing does."""
    said = []
    for found in comparison.differences:
        values = list(dict.fromkeys("none" if one is MISSING else wording.setting(one) for one in found.values))
        more = ", ..." if len(values) > MOST_VALUES else ""
        said.append(f"{found.field} ({', '.join(values[:MOST_VALUES])}{more})")
    return [f"The runs differ in {', '.join(said)}."] if said else []


def configured(comparison: Comparison, *, every: bool = False) -> Sheet:
    """Return a row for each field in which the runs differ, or for every one, and a column for each group."""
    fields = [found.field for found in comparison.differences]
    if every:
        fields = list(dict.fromkeys(field for run in comparison.runs for field in configuration(run)))
    rows = [(field, *(_values(group, field) for group in comparison.groups)) for field in fields]
    return Sheet(("field", *(group.caption for group in comparison.groups)), tuple(rows))


def _values(group: Group, field: str) -> str:
    """Return the values that the runs of a group have in a field, each once; nothing where none has it."""
    values = [configuration(run).get(field, MISSING) for run in group.runs]
    return ", ".join(dict.fromkeys(wording.setting(value) for value in values if value is not MISSING))


def origin(comparison: Comparison, columns: Sequence[Column], form: str) -> Origin:
    """Return where the table of the results comes from, with the command that prints it in a format."""
    runs = [run.id for run in comparison.runs]
    base = ("--baseline", comparison.baseline.key) if comparison.baseline is not None else ()
    named = ("--metric", ",".join(map(str, columns)), f"--group={comparison.grouping}", "--format", form)
    return Origin.of(runs, "compare", *runs, *named, *base)


def figures(comparison: Comparison, columns: Sequence[Column]) -> Sheet:
    """Return the same as plain figures, each in a column of its own, for programs that read CSV."""
    parts = ("mean", "low", "high", "n")
    head = ("group", "runs", *(f"{column} {part}" for column in columns for part in parts))
    rows = []
    for row in comparison.rows(columns):
        cells = [titled(row.group), " ".join(run.id for run in row.group.runs)]
        for mean in row.means:
            cells += [""] * len(parts) if mean is None else [*map(repr, (mean.mean, mean.low, mean.high)), str(mean.n)]
        rows.append(tuple(cells))
    return Sheet(head, tuple(rows))


def pivot(comparison: Comparison, column: Column, row_field: str, column_field: str) -> Sheet:
    """Return the mean of a column for each pair of values of two fields.

    Runs that stand apart are left out. Where runs of one cell differ in more than the seed, a remark says in what.
    """
    cells: dict[tuple[Any, Any], list[Listed]] = {}
    shown: dict[Any, Any] = {}
    left_out = []
    for group in comparison.groups:
        for run in group.runs:
            values = [configuration(run).get(field, MISSING) for field in (row_field, column_field)]
            if group.why_apart or MISSING in values:
                left_out.append(run.id)
                continue
            keys = tuple(map(comparable, values))
            shown |= dict(zip(keys, values, strict=True))
            cells.setdefault((keys[0], keys[1]), []).append(run)
    rows, columns = (sorted({key[place] for key in cells}, key=lambda key: rank(shown[key])) for place in (0, 1))
    body = []
    for row in rows:
        found = [cells.get((row, own), []) for own in columns]
        body.append((wording.setting(shown[row]), *(interval(_mean(comparison, runs, column)) for runs in found)))
    head = (f"{row_field} \\ {column_field}", *(wording.setting(shown[own]) for own in columns))
    mixed = {one.field for runs in cells.values() for one in differences(runs)} - {"seed", "device"}
    remarks = [f"The cells are {column}."]
    remarks += [f"Runs of one cell differ in {', '.join(sorted(mixed))} as well."] if mixed else []
    remarks += [f"Left out: {', '.join(left_out)}."] if left_out else []
    return Sheet(head, tuple(body), tuple(remarks))


def _mean(comparison: Comparison, runs: Sequence[Listed], column: Column) -> statistics.Mean | None:
    values = [column.value(run, comparison.histories) for run in runs]
    numbers = [float(value) for value in values if is_number(value)]
    return statistics.mean(numbers) if numbers else None


def titled(group: Group) -> str:
    """Return the caption of a group, with why it stands apart if it does."""
    return f"{group.caption} ({group.why_apart})" if group.why_apart else group.caption


def document(comparison: Comparison, columns: Sequence[Column]) -> dict[str, Any]:
    """Return everything of a comparison as plain values, for scripts."""
    base = comparison.baseline
    return {
        "runs": [run.id for run in comparison.runs],
        "differences": {
            found.field: {
                run.id: None if value is MISSING else value
                for run, value in zip(comparison.runs, found.values, strict=True)
            }
            for found in comparison.differences
        },
        "metrics": comparison.metrics,
        "baseline": base.key if base is not None else None,
        "groups": [
            {
                "caption": row.group.caption,
                "runs": [run.id for run in row.group.runs],
                "apart": row.group.why_apart,
                "results": {
                    str(column): _figures(comparison, row.group, column, mean, apart, best)
                    for column, mean, apart, best in zip(columns, row.means, row.differences, row.best, strict=True)
                },
            }
            for row in comparison.rows(columns)
        ],
        "statements": {str(column): statements(comparison, column) for column in columns},
        "troubles": comparison.troubles,
    }


def _figures(
    comparison: Comparison,
    group: Group,
    column: Column,
    mean: statistics.Mean | None,
    apart: statistics.Difference | None,
    best: bool,
) -> dict[str, Any] | None:
    if mean is None:
        return None
    found = {"values": comparison.values(group, column), "n": mean.n, "mean": mean.mean}
    found |= {"low": mean.low, "high": mean.high, "best": best}
    if apart is not None:
        found["difference"] = {"value": apart.difference, "low": apart.low, "high": apart.high}
    return found
