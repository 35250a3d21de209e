"""Runs of a sweep stand under its line in the list of runs, folded away until the user unfolds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from engine import wording
from tui.marks import mark

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from engine import Listed, ListedSweep

PREFIX = "sweep/"
"""How the id of a sweep's line begins; no run's id does."""
FOLDED, UNFOLDED = "+", "-"


def line_id(sweep: str) -> str:
    """Return the id of a sweep's line."""
    return f"{PREFIX}{sweep}"


class Folding:
    """Which lines the list has, of runs and of sweeps.

    Attributes:
        sweeps: all of them, newest first.
    """

    def __init__(self) -> None:
        self.sweeps: Sequence[ListedSweep] = ()
        self._unfolded: set[str] = set()
        self._members: dict[str, list[str]] = {}

    def take(self, sweeps: Sequence[ListedSweep], runs: Iterable[Listed]) -> None:
        """Take sweeps as they are listed, and all runs."""
        self.sweeps = sweeps
        self._members = {sweep.id: [] for sweep in sweeps}
        for run in runs if sweeps else ():
            if run.record and run.record.sweep in self._members:
                self._members[run.record.sweep].append(run.id)

    def sweep_of(self, run: str) -> str:
        """Return the id of the sweep that launched a run, if it is listed."""
        return next((sweep for sweep, members in self._members.items() if run in members), "")

    def members(self, sweep: str) -> list[str]:
        """Return the ids of the runs that a sweep has launched."""
        return self._members.get(sweep, [])

    def set(self, sweep: str, *, unfolded: bool) -> bool:
        """Fold or unfold a sweep; return whether that changes anything."""
        if unfolded == (sweep in self._unfolded):
            return False
        self._unfolded ^= {sweep}
        return True

    def arranged(self, runs: Sequence[Listed], *, filtered: bool, in_order: bool) -> Sequence[Listed | ListedSweep]:
        """Return the lines, in their order.

        Args:
            runs: that a filter found, in the order of the list.
            filtered: whether there is a filter: then no run that it found is folded away.
            in_order: whether the runs are in the order of a column: then the sweeps stand above all of them.
        """
        if not self.sweeps:
            return runs
        known = {sweep.id: sweep for sweep in self.sweeps}
        own: dict[str, list[Listed]] = {}
        others: list[Listed] = []
        for run in runs:
            whose = run.record.sweep if run.record else ""
            (own.setdefault(whose, []) if whose in known else others).append(run)
        if in_order:
            shown = {*self._unfolded, *(known if filtered else ())}
            kept = [run for run in runs if not run.record or run.record.sweep not in known or run.record.sweep in shown]
            return [*(sweep for sweep in self.sweeps if not filtered or sweep.id in own), *kept]
        blocks: list[tuple[float, list[Listed | ListedSweep]]] = [(_created(run), [run]) for run in others]
        for sweep in self.sweeps:
            members = own.get(sweep.id, [])
            if members or not filtered:
                began = sweep.record.created if sweep.record else 0.0
                unfolded = members if filtered or sweep.id in self._unfolded else []
                blocks.append((max([began, *map(_created, members)]), [sweep, *unfolded]))
        blocks.sort(key=lambda block: -block[0])
        return [line for _, block in blocks for line in block]

    def lines(
        self,
        every: Iterable[Listed | ListedSweep],
        runs: Mapping[str, Content],
        selected: Collection[str],
        *,
        wide: bool,
        filtered: bool,
    ) -> dict[str, Content]:
        """Return lines by their ids: those of runs as given, and of each sweep one that sums it up."""
        found = {}
        for one in every:
            if (line := runs.get(one.id)) is not None:
                found[one.id] = line
            else:
                sweep = next(sweep for sweep in self.sweeps if sweep.id == one.id)
                found[line_id(one.id)] = self._sweep(sweep, selected, wide=wide, filtered=filtered)
        return found

    def _sweep(self, sweep: ListedSweep, chosen: Collection[str], *, wide: bool, filtered: bool) -> Content:
        """Return the line of a sweep: its state, its id, how many of its runs are done, and the best result."""
        record, status = sweep.record, sweep.status
        members = self.members(sweep.id)
        selected = bool(members) and all(run in chosen for run in members)
        fold = "▸" if selected else UNFOLDED if filtered or sweep.id in self._unfolded else FOLDED
        if record is None:
            return Content.assemble(mark(status.state), f"{fold}{wording.short_id(sweep.id)} {status.reason}")
        done = f"{status.step:,}/{status.total:,}" if status.total else status.state
        best = wording.headline(status.result, record.metric)
        first = (best, done) if status.state == "finished" else (done, best)
        parts = [*first, f"over {'  '.join(map(str, record.axes))}" if wide else "", record.name]
        return Content.assemble(
            mark(status.state),
            f"{fold}{wording.short_id(sweep.id)} {record.experiment} ",
            (" ".join(part for part in parts if part), "$text-muted"),
        )


def _created(run: Listed) -> float:
    return run.record.created if run.record else 0.0
