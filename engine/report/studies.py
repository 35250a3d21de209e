"""What a report says of a study: what it asks, what was published beside what is measured, its combinations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.report.document import Bullets, Commands, Paragraph, Span, TableBlock, plain
from engine.studies import words

if TYPE_CHECKING:
    from engine.report.document import Block
    from engine.studies.studies import Progress


def title(progress: Progress) -> str:
    """Return what the report of a study is called."""
    return progress.study.title


def question(progress: Progress) -> list[Block]:
    """Return what a study asks, of which experiment, how far it has come, and what must be known to read it."""
    study, tier = progress.study, progress.study.tier(progress.tier)
    runs = f"{len(progress.trials)} of {progress.runs} runs of the {progress.tier} tier have finished"
    items = [plain(f"source: {study.source}")] if study.source else []
    items.append((Span("experiment: "), Span(study.experiment, "code")))
    items += [(Span("axes: "), Span("  ".join(map(str, progress.record.axes)), "code"))] if progress.record.axes else []
    items.append(plain(runs))
    notes = [" ".join(note.split()) for note in (study.note, tier.note) if note]
    return [Paragraph(plain(study.question)), Bullets(tuple(items)), *(Paragraph(plain(note)) for note in notes)]


def published(progress: Progress) -> list[Block]:
    """Return published values beside measured ones, with the interval in which one more run is expected."""
    if not progress.judged:
        return [Paragraph(plain("The source prints no value that could stand beside ours."))]
    caption = (
        "Published values beside measured ones: mean with its 95 % interval (runs), and where one more run would lie."
    )
    return [TableBlock.of(caption, words.beside(progress))]


def combinations(progress: Progress) -> list[Block]:
    """Return the combinations that have runs, with their means."""
    if not progress.trials:
        return [Paragraph(plain("No run has finished yet."))]
    return [TableBlock.of("Combinations; means with their 95 % interval over seeds.", words.combinations(progress))]


def command(progress: Progress) -> list[Block]:
    """Return the command that runs the study again."""
    return [Commands((f"phosphene study run {progress.study.name} --{progress.tier}",))]
