"""From an outline to a document: reads runs and sweeps through their histories, and opens no log."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.comparison.comparison import Comparison
from engine.comparison.curves import AXES
from engine.comparison.groups import parse_grouping
from engine.errors import PhospheneError, UnknownRun
from engine.provenance import Origin
from engine.record.histories import Histories
from engine.report import figures, markdown, notes, runs, studies, sweeps, writing
from engine.report.document import Document, Heading, Paragraph, plain
from engine.report.items import HEADINGS, Item
from engine.report.outline import Outline, Part, Source, misplaced
from engine.selection.choosing import select
from engine.studies.naming import named
from engine.studies.studies import Progress, Studies
from engine.sweep import views
from engine.sweep.sweeps import Sweeps
from engine.sweep.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from engine.record.run_directory import Status
    from engine.record.workspace import Listed, Workspace
    from engine.report.document import Block
    from engine.studies.naming import Named
    from engine.sweep.record import SweepRecord
    from engine.sweep.trials import Trial

PLAIN_AXES = 2
"""Beyond which a sweep is also drawn in parallel coordinates."""
MOST_CURVES = 8
MOST_KINDS = 6
MOST_TABLES = 3
"""Curves, kinds of pictures and tables that a report shows if nobody says which."""
DETAILS = (
    ("curves", MOST_CURVES, "metrics"),
    ("pictures", MOST_KINDS, "pictures and plots"),
    ("table", MOST_TABLES, "tables"),
)
"""Parts of a report: what is shown, how many of them, and how they are called."""
Told = Callable[[int, int], None]
Place = tuple[int, int]
"""Of a thing that a report shows: its part and its place there, from 0."""
MOST_NAMED = 200
"""Runs that an outline names one by one; of more it keeps the words by which they were selected."""


@dataclass(frozen=True, slots=True)
class Swept:
    """A sweep as a report sees it."""

    record: SweepRecord
    status: Status
    trials: Sequence[Trial]


class Reports:
    """Makes documents of the runs of a workspace; what was read for one part is there for the next.

    Args:
        workspace: whose runs they are.
        histories: of runs that were read before, which are read on.
    """

    def __init__(self, workspace: Workspace, histories: Histories | None = None) -> None:
        self.workspace = workspace
        self.histories = histories or Histories()
        self._runs: dict[Source, list[Listed]] = {}
        self._swept: dict[str, Swept] = {}
        self._studies = Studies(workspace.home)
        self._progress: dict[str, Progress] = {}
        self._comparisons: dict[tuple[Source, str, str], Comparison] = {}

    # -- what is meant ------------------------------------------------------------------------------------------------

    def meant_by(self, text: str) -> Source:
        """Return what a text of such words means; errors as those of :meth:`meant`."""
        try:
            return self.meant(shlex.split(text))
        except ValueError as error:
            raise PhospheneError(f"{text!r} cannot be read: {error}") from None

    def meant(self, words: Sequence[str]) -> Source:
        """Return what the words of a command mean: a sweep by its id or name, a study, or a selection of runs.

        A study by its name alone is its full tier, or the quick one if only that has runs; see
        :mod:`engine.studies.naming`.

        Raises:
            InvalidFilter, UnknownRun: if they mean neither.
            PhospheneError: if they name a study and cannot be read.
        """
        if len(words) == 1 and not self._is_run(words[0]):
            with contextlib.suppress(UnknownRun):
                return Source(sweep=Sweeps(self.workspace.home).meant(words[0]).id)
        if words and self._names_study(words):
            study = named(shlex.join(words))
            return Source(study=str(study if study.tier else self._tier_with_runs(study)))
        source = Source(tuple(words))
        found = self._listed(source)
        if len(found) > MOST_NAMED:
            return source
        by_ids = Source(tuple(run.id for run in found))
        self._runs[by_ids] = found
        return by_ids

    def _names_study(self, words: Sequence[str]) -> bool:
        """Tell whether words are a study and values, and not a filter over a field that is called like a study."""
        name, tier, _ = words[0].partition(":")
        if name not in self._studies.names() or self._is_run(words[0]):
            return False
        return bool(tier) or all(re.fullmatch(r"[A-Za-z_][\w-]*=[^=].*", word, re.DOTALL) for word in words[1:])

    def _is_run(self, word: str) -> bool:
        try:
            self.workspace.find(word)
        except UnknownRun:
            return False
        return True

    def _tier_with_runs(self, name: Named) -> Named:
        full, quick = replace(name, tier="full"), replace(name, tier="quick")
        return full if self._study(str(full)).trials or not self._study(str(quick)).trials else quick

    def _study(self, text: str) -> Progress:
        if text not in self._progress:
            name = named(text)
            study = self._studies.find(name.study)
            self._progress[text] = self._studies.progress(study, name.tier or "full", name.changed, name.seeds)
        return self._progress[text]

    def _listed(self, source: Source) -> list[Listed]:
        if source.study and source not in self._runs:
            progress = self._study(source.study)
            if not progress.trials:
                command = shlex.join(studies.run_words(source.study))
                raise PhospheneError(f"no run of the {progress.tier} tier has finished yet: {command}")
            self._runs[source] = select(self.workspace, _in_order(progress.record, progress.trials), self.histories)
        if source not in self._runs:
            words = self._begun(source.sweep) if source.sweep else source.runs
            self._runs[source] = select(self.workspace, words, self.histories)
        return self._runs[source]

    def _begun(self, sweep: str) -> tuple[str, ...]:
        """Return the ids of the runs of a sweep that are there."""
        swept = self._sweep(sweep)
        found = _in_order(swept.record, [trial for trial in swept.trials if trial.status is not None])
        if not found:
            raise PhospheneError(f"the sweep {sweep} has no runs yet: wait for its first one")
        return found

    def _sweep(self, name: str) -> Swept:
        if name not in self._swept:
            directory = Sweeps(self.workspace.home).meant(name)
            record = directory.record()
            trials = Trials(self.workspace, directory, record, self.histories).read()
            self._swept[name] = Swept(record, directory.status(), trials)
        return self._swept[name]

    def _comparison(self, part: Part) -> Comparison:
        assert part.source is not None, "checked when the outline was read"
        key = (part.source, part.group, part.baseline)
        if key not in self._comparisons:
            comparison = Comparison(self._listed(part.source), self.histories, parse_grouping(part.group))
            if part.baseline:
                comparison.set_baseline(self.workspace.find(part.baseline).id)
            self._comparisons[key] = comparison
        return self._comparisons[key]

    # -- a first outline ----------------------------------------------------------------------------------------------

    def outline(
        self, source: Source, title: str = "", author: str = "", group: str = "-seed", baseline: str = ""
    ) -> Outline:
        """Return the outline of all that a report of these runs, or of this sweep, shows if nobody says otherwise."""
        blank = Part(source=source, group=group, baseline=baseline)
        comparison = self._comparison(blank)
        parts = self._of_sweep(source) if source.sweep else _OF_STUDY if source.study else []
        found = {
            "curves": figures.metrics(comparison),
            "pictures": figures.kinds(comparison),
            "table": figures.tables(comparison),
        }
        # The figure of a study comes first, and once.
        drawn = studies.drawn(self._study(source.study), comparison) if source.study else ""
        found = {kind: [name for name in names if name != drawn] for kind, names in found.items()}
        parts = [
            *parts,
            ("The runs" if parts else HEADINGS["asked"], ["asked"], ""),
            _headed("configuration"),
        ]
        for kind, most, what in DETAILS:
            some, rest = found[kind][:most], found[kind][most:]
            parts.append((HEADINGS[kind], [f"{kind} {name}" for name in some], _rest(what, rest)))
        parts += map(_headed, ("results", "commands", "versions", "sources"))
        if source.study:
            title = title or studies.title(self._study(source.study))
        title = title or (sweeps.title(self._sweep(source.sweep).record) if source.sweep else runs.title(comparison))
        whole = [
            replace(blank, heading=heading, show=tuple(map(Item.of, show)), note=note)
            for heading, show, note in parts
            if show
        ]
        return Outline(title, author, source, tuple(whole))

    def _of_sweep(self, source: Source) -> list[tuple[str, list[str], str]]:
        swept = self._sweep(source.sweep)
        beside = [_headed("parallel")] if len(swept.record.axes) > PLAIN_AXES else []
        over = [_headed("axes"), *beside] if swept.record.metric else []
        return [_headed("plan"), _headed("combinations"), *over]

    # -- the document -------------------------------------------------------------------------------------------------

    def document(self, outline: Outline, told: Told | None = None) -> Document:
        """Return the report of an outline; ``told`` hears how many of its things have been read, and of how many.

        Raises:
            PhospheneError: if it has no part, or something that a part names is not there.
        """
        if not outline.parts:
            whose = outline.file or "the report"
            raise PhospheneError(f"{whose} has no part: write [[part]] and under it heading, note or show")
        blocks = [block for own in self._parts(outline, None, told) for block in own]
        title = outline.title or next((part.heading for part in outline.parts if part.heading), "Report")
        return Document(title, outline.author, self._date(), tuple(blocks))

    def sketch(self, outline: Outline) -> tuple[list[str], dict[Place, str]]:
        """Return each part in Markdown, captions in place of figures, and what is wrong with things it cannot show."""
        broken: dict[Place, str] = {}
        return markdown.sketched(self._parts(outline, broken)), broken

    def check(self, part: Part) -> None:
        """Check a part that was not read from a file.

        Raises:
            PhospheneError: if something that it shows is not there.
        """
        for item in part.show:
            if problem := misplaced(item, part.source):
                raise PhospheneError(problem)
        self._parts(Outline(parts=(part,)), None)

    def _parts(self, outline: Outline, broken: dict[Place, str] | None, told: Told | None = None) -> list[list[Block]]:
        """Return what each part holds; a sentence in place of what cannot be shown, if ``broken`` is to take these."""
        total = sum(len(part.show) for part in outline.parts)
        done = 0
        found = []
        for number, part in enumerate(outline.parts):
            own: list[Block] = []
            for place, item in enumerate(part.show):
                if told is not None:
                    told(done, total)
                done += 1
                try:
                    own += self._shown(part, item)
                except PhospheneError as error:
                    if broken is None:
                        where = f"{outline.file}, part in line {part.line}: {item}: "
                        raise type(error)(f"{where if outline.file else ''}{error}") from error
                    broken[number, place] = str(error)
                    own.append(Paragraph(plain(f"{item}: {error}"), faint=True))
            heading = [Heading(part.heading)] if part.heading and (own or not part.show) else []
            found.append([*heading, *notes.blocks(part.note), *own])
        return found

    def write(
        self,
        outline: Outline,
        path: Path,
        form: str,
        words: Sequence[str],
        told: Told | None = None,
    ) -> list[Path]:
        """Write the report of an outline; return its files, the one to open first.

        Args:
            outline: the report.
            path: of the file.
            form: one of :data:`engine.report.writing.FORMATS`.
            words: of the command ``phosphene report`` that writes the same.
            told: as in :meth:`document`.

        Raises:
            PhospheneError: as :meth:`document` and :func:`engine.report.writing.write` do.
        """
        document = self.document(outline, told)
        return writing.write(document, path, form, self.origin(form, words))

    def origin(self, form: str, words: Sequence[str]) -> Origin:
        """Return where a report in a format comes from whose document has been made."""
        return Origin.of(self.runs(), "report", *words, "--to", form)

    def _shown(self, part: Part, item: Item) -> Sequence[Block]:
        assert part.source is not None, "checked when the outline was read"
        if item.kind in SWEEP_BLOCKS:
            return SWEEP_BLOCKS[item.kind](self._sweep(part.source.sweep))
        if item.kind in STUDY_BLOCKS:
            return STUDY_BLOCKS[item.kind](self._study(part.source.study), lambda: self._comparison(part))
        comparison = self._comparison(part)
        if item.kind == "curves":
            if part.x and part.x not in AXES:
                raise PhospheneError(f"there is no axis {part.x!r}; there are: {', '.join(AXES)}")
            axis = next((axis for axis in AXES if axis == part.x), None)
            return figures.curves(comparison, item.argument, axis, part.smooth, log_y=part.log_y)
        if item.kind == "pictures":
            if part.step < 0:
                raise PhospheneError(f"step {part.step} must be at least 0, which is the last")
            fields = self._fields(part.source)
            return figures.pictures(comparison, item.argument, fields if len(fields) == 2 else (), part.step)
        if item.kind == "table":
            return figures.table(comparison, item.argument)
        own = self._command(part.source) if item.kind == "commands" else []
        return [*own, *RUN_BLOCKS[item.kind](comparison)]

    def _fields(self, source: Source | None) -> tuple[str, ...]:
        """Return the hyperparameters that vary, where a sweep or a study says which."""
        if source is not None and source.sweep:
            return self._sweep(source.sweep).record.fields
        return self._study(source.study).record.fields if source is not None and source.study else ()

    def _command(self, source: Source | None) -> list[Block]:
        """Return the command that launches all runs at once, if there is one."""
        if source is not None and source.sweep:
            return sweeps.command(self._sweep(source.sweep).record)
        return studies.command(source.study) if source is not None and source.study else []

    def runs(self) -> tuple[str, ...]:
        """Return the ids of the runs that were looked at for the documents made so far."""
        return tuple(dict.fromkeys(run.id for found in self._runs.values() for run in found))

    def _date(self) -> str:
        """Return when the newest run that was looked at had ended, or what SOURCE_DATE_EPOCH says."""
        if epoch := os.environ.get("SOURCE_DATE_EPOCH", ""):
            if not epoch.isdigit():
                raise PhospheneError(f"SOURCE_DATE_EPOCH is {epoch!r}: it must be seconds since 1970, or not set")
            return runs.stamp(float(epoch))
        listed = [run for found in self._runs.values() for run in found]
        ended = [run.status.changed for run in listed if run.status.ended]
        began = [run.record.created for run in listed if run.record]
        for swept in self._swept.values():
            began.append(swept.record.created)
            ended += [trial.status.changed for trial in swept.trials if trial.status and trial.status.ended]
        return runs.stamp(max([*ended, *began])) if ended or began else ""


RUN_BLOCKS: Mapping[str, Callable[[Comparison], Sequence[Block]]] = {
    "asked": runs.asked,
    "configuration": runs.configuration,
    "results": runs.results,
    "commands": runs.commands,
    "versions": runs.versions,
    "sources": runs.sources,
}
STUDY_BLOCKS: Mapping[str, Callable[[Progress, Callable[[], Comparison]], Sequence[Block]]] = {
    "question": lambda progress, _: studies.question(progress),
    "published": lambda progress, _: studies.published(progress),
    "studied": lambda progress, _: studies.combinations(progress),
    "figure": lambda progress, comparison: studies.figure(progress, comparison()),
}
SWEEP_BLOCKS: Mapping[str, Callable[[Swept], Sequence[Block]]] = {
    "plan": lambda swept: sweeps.asked(swept.record, swept.status, swept.trials),
    "combinations": lambda swept: sweeps.combinations(swept.record, swept.trials),
    "axes": lambda swept: sweeps.axes(swept.record, swept.trials),
    "parallel": lambda swept: sweeps.parallel(swept.record, swept.trials),
}


def _in_order(record: SweepRecord, trials: Sequence[Trial]) -> tuple[str, ...]:
    """Return the runs of trials in the order in which figures should show them."""
    return tuple(trial.run for trial in views.in_order(record, trials))


def _headed(kind: str) -> tuple[str, list[str], str]:
    """Return the part of a first outline that shows one thing under its own heading."""
    return HEADINGS[kind], [kind], ""


_OF_STUDY = [*map(_headed, ("question", "published", "studied", "figure"))]


def _rest(what: str, names: Sequence[str]) -> str:
    """Say in Markdown what there is besides."""
    if not names:
        return ""
    shown = ", ".join(f"`{name}`" for name in names[:MOST_NAMED] if "`" not in name)
    return f"Further {what}: {shown}."
