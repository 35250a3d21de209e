"""``phosphene study``: the figures and tables of reports, run here, with what was published beside what is measured."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.selection import AS_JSON, FORMAT, JSON, format_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine import Studies, StudyProgress, StudyTier

app = typer.Typer(
    no_args_is_help=True,
    help="Run the figures and tables of reports again, and hold what they published beside what is measured here.",
    rich_markup_mode=None,
)


INTERRUPTED = 130
TIERS: tuple[StudyTier, ...] = ("quick", "full")


def complete_study(incomplete: str) -> list[str]:
    """Return the names of studies that begin so."""
    from engine import Studies

    return [name for name in Studies().names() if name.startswith(incomplete)]


def complete_study_or_all(incomplete: str) -> list[str]:
    """Return what may be run: studies, or all of them."""
    from engine import Studies

    return [*complete_study(incomplete), *([Studies.ALL] if Studies.ALL.startswith(incomplete) else [])]


STUDY = Annotated[
    str, typer.Argument(metavar="STUDY", help="A name, or the path of a .toml file.", autocompletion=complete_study)
]
QUICK = Annotated[
    bool,
    typer.Option("--quick/--full", help="For two CPU cores and a few minutes, or as published.", show_default=True),
]
SET = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Take another value than the study's, e.g. the path of weights."),
]
SEEDS = Annotated[int, typer.Option(help="How many seeds; the study's number if 0.", min=0)]


@app.command("list")
def list_studies(as_json: JSON = False) -> None:
    """List the studies: what each asks, how many runs are there, and whether it can be run here."""
    from commands.output import emit, say, table
    from engine import PhospheneError, Studies, study_wording

    studies = Studies()
    listed = studies.workspace.list()
    documents, rows, faults = [], [], []
    for name in studies.names():
        try:
            study = studies.find(name)
        except PhospheneError as error:
            faults.append(str(error))
            continue
        counts = ["missing", "missing"]
        for at, tier in enumerate(TIERS):
            try:
                found = studies.progress(study, tier, listed=listed)
            except PhospheneError as error:
                faults.append(str(error))
                continue
            documents.append(study_wording.document(found))
            counts[at] = study_wording.count(found)
        rows.append([name, study.experiment, *counts, study.title])
    if as_json:
        emit(documents)
    else:
        table(["study", "experiment", "quick", "full", "title"], rows)
    for fault in dict.fromkeys(faults):
        say(fault)


@app.command("show")
def show(
    study: STUDY,
    quick: QUICK = False,
    changed: SET = None,
    seeds: SEEDS = 0,
    form: FORMAT = "text",
    as_json: AS_JSON = False,
) -> None:
    """Show a study: what it asks, what was published, what is measured here, and what that says."""
    from commands.output import emit, say
    from engine import Studies, study_wording

    form = format_of(form, as_json=as_json)
    studies = Studies()
    found = studies.progress(studies.find(study), _tier(quick=quick), pairs_of(changed), seeds)
    if form == "json":
        emit(study_wording.document(found))
        return
    for line in study_wording.head(found):
        say(line)
    print_progress(found, form)


def print_progress(found: StudyProgress, form: str) -> None:
    """Print the combinations of a study, and what was published beside what is measured."""
    from commands.compare import print_sheet
    from engine import study_wording

    if found.trials:
        print_sheet(study_wording.combinations(found), form)
    if found.judged:
        print()  # noqa: T201 - between two tables
        print_sheet(study_wording.beside(found), form)


@app.command("run")
def run(
    studies: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY...", help="Names, paths of .toml files, or all.", autocompletion=complete_study_or_all
        ),
    ],
    quick: QUICK = False,
    changed: SET = None,
    seeds: SEEDS = 0,
    parallel: Annotated[int, typer.Option(help="How many runs wait or run at once.")] = 1,
    device: Annotated[str, typer.Option(help="Of the runs; see phosphene run.")] = "auto",
    on: Annotated[str, typer.Option(help="local, slurm or slurm:PARTITION; see phosphene run.")] = "local",
    gpus: Annotated[int, typer.Option(help="Of each job of Slurm.", min=0)] = 0,
    time: Annotated[str, typer.Option(help="Of each job of Slurm.")] = "auto",
    slurm: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="Further options of sbatch.")] = None,
    per_job: Annotated[int, typer.Option(help="How many runs a job of Slurm carries out.", min=1)] = 1,
    dry: Annotated[bool, typer.Option("--dry", help="Only say what would be run, and what it would take.")] = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Start it and return at once.")] = False,
) -> None:
    """Run studies as sweeps, one after the other; runs of equal configuration that are there are taken.

    all are all studies: those that lack data, weights or images are named at the end and left out.
    """
    from engine import Studies

    known = Studies()
    every = studies == [Studies.ALL]
    names = known.names() if every else studies
    for name in () if every else names:
        known.find(name)  # of several, none is run before all are known
    options = {"device": device, "on": on, "gpus": gpus, "time": time, "slurm": " ".join(slurm or ())}
    sweeping = {"seeds": seeds, "parallel": parallel, "per_job": per_job, "options": options}
    asked = Asked(known, _tier(quick=quick), pairs_of(changed), sweeping, dry=dry, detach=detach)
    raise typer.Exit(asked.run_all(names, skip=every) if every or len(names) > 1 else asked.run(names[0]))


@dataclass(frozen=True)
class Asked:
    """What is asked of every study that a command runs; ``sweeping`` as :meth:`engine.Studies.plan` takes it."""

    studies: Studies
    tier: StudyTier
    changed: dict[str, Any]
    sweeping: dict[str, Any]
    dry: bool
    detach: bool

    def run(self, name: str) -> int:
        """Run a study and show what came of it; return the exit status.

        Raises:
            PhospheneError: naming what is wrong with it, or what is missing and how to get it.
        """
        import asyncio

        from commands.output import say
        from commands.watch import watch_sweep
        from engine import study_wording, sweep_wording

        study = self.studies.find(name)
        seeds = self.sweeping["seeds"]
        for line in study_wording.head(self.studies.progress(study, self.tier, self.changed, seeds)):
            say(line)
        planned = self.studies.plan(study, self.tier, self.changed, **self.sweeping)
        for line in sweep_wording.plan(planned):
            say(line)
        if self.dry:
            return 0
        sweep = asyncio.run(self.studies.run(planned))
        if self.detach:
            say(f"started; watch it: phosphene sweep follow {sweep.id}")
            print(sweep.id)  # noqa: T201 - stdout is data
            return 0
        status = watch_sweep(self.studies.sweeps, sweep, as_json=False)
        if status != INTERRUPTED:
            print_progress(self.studies.progress(study, self.tier, self.changed, seeds), "text")
        return status

    def run_all(self, names: Sequence[str], *, skip: bool) -> int:
        """Run studies one after the other and print what came of each; return the exit status.

        Args:
            names: of the studies.
            skip: whether it is no failure that one of them cannot be run here.
        """
        from commands.output import say, table
        from engine import PhospheneError, wording

        rows, status, began = [], 0, time.monotonic()
        for name in names:
            say(f"\n-- {name}")
            at, own = time.monotonic(), 0
            try:
                own = self.run(name)
                said = self._outcome(own)
            except PhospheneError as error:
                own, said = 0 if skip else 1, str(error)
            rows.append([name, wording.clock(time.monotonic() - at), said])
            status = max(status, own)
            if own == INTERRUPTED:
                break
        table(["study", "took", "what came of it"], rows)
        say(f"{len(rows)} of {len(names)} studies in {wording.clock(time.monotonic() - began)}")
        return status

    def _outcome(self, status: int) -> str:
        if status:
            return "left running" if status == INTERRUPTED else "failed"
        return "can be run" if self.dry else "started" if self.detach else "done"


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the new study.")],
    source: Annotated[
        list[str], typer.Option("--from", metavar="SWEEP|RUN...", help="A sweep, or runs that differ in some values.")
    ],
) -> None:
    """Write a study from a sweep or from runs, to be completed by hand."""
    from engine import Studies

    print(Studies().write(name, source))  # noqa: T201 - stdout is data


def _tier(*, quick: bool) -> StudyTier:
    return "quick" if quick else "full"


def pairs_of(texts: list[str] | None) -> dict[str, Any]:
    """Return the values that are set otherwise, by field."""
    from commands.sweeps import pairs

    return dict(pairs(texts, "--set"))
