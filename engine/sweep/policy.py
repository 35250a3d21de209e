"""What a controller does next, decided from the trials alone: to kill it loses nothing that is decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine import wording
from engine.record.ends import SAYS, WITHOUT_A_WORD
from engine.sweep.trials import ACTIVE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from engine.sweep.record import SweepRecord
    from engine.sweep.trials import Trial

CRASHES = 5
"""How often a trial goes on whose worker crashed: in compiled code, or because memory ran out."""
KILLS = 20
"""How often one goes on whose worker was killed from outside; a program may kill itself, so not for ever."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done now.

    Attributes:
        launch: trials whose reserved runs are to be launched.
        resume: trials whose runs are to go on.
        new: how many further trials may be intended.
        halt: why nothing new is begun, although there might be more; empty if nothing hinders.
    """

    launch: tuple[Trial, ...] = ()
    resume: tuple[Trial, ...] = ()
    new: int = 0
    halt: str = ""


def decide(record: SweepRecord, trials: Sequence[Trial], again: Collection[str], spent: float) -> Decision:
    """Return what is to be done.

    What was begun is ended before anything new begins: reserved runs are launched, killed and failed ones resumed.

    Args:
        record: what was asked for.
        trials: all there are, in their order.
        again: ids of stopped runs that are to go on.
        spent: seconds that the runs of the sweep have taken so far.
    """
    room = max(0, record.at_once - sum(trial.state in ACTIVE for trial in trials))
    if halt := _halt(record, trials, spent):
        return Decision(halt=halt)
    launch = [trial for trial in trials if trial.state == "reserved" or _is_launched_again(record, trial)][:room]
    room -= len(launch)
    resume = [trial for trial in trials if _goes_on(record, trial, again)][:room]
    return Decision(tuple(launch), tuple(resume), room - len(resume))


def _goes_on(record: SweepRecord, trial: Trial, again: Collection[str]) -> bool:
    if trial.state == "crashed":
        killed = trial.reason.startswith(WITHOUT_A_WORD) and f"; {SAYS}: " not in trial.reason
        return trial.attempts <= (KILLS if killed else CRASHES)
    if trial.state == "failed" and trial.status is not None and trial.status.state == "failed":
        return trial.attempts <= record.retries + record.again.count(trial.run)
    return trial.state == "stopped" and trial.run in again


def _is_launched_again(record: SweepRecord, trial: Trial) -> bool:
    return trial.state == "failed" and trial.status is None and trial.refusals <= record.again.count(trial.run)


def _halt(record: SweepRecord, trials: Sequence[Trial], spent: float) -> str:
    if record.budget and spent >= record.budget:
        return f"its budget of {wording.clock(record.budget)} is spent"
    ended = [trial for trial in trials if trial.state not in ACTIVE and trial.state != "reserved"]
    last = ended[-record.stop_after :] if record.stop_after else []
    if len(last) == record.stop_after > 0 and all(trial.state in {"failed", "crashed"} for trial in last):
        return f"{record.stop_after} trials in a row have failed, the last one by: {last[-1].reason}"
    return ""
