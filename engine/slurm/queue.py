"""Slurm's queue as this process knows it: one `squeue` for all runs, now and then, and never waited for long."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.slurm import tools
from engine.slurm.tools import Refused, Silent

if TYPE_CHECKING:
    from engine.slurm.job import Job

SQUEUE_SECONDS = 15.0
"""Seconds between two questions."""
PATIENCE = 3.0
"""For so long somebody waits for the first answer; after that the last one counts until there is another."""
SETTLED = 5.0
"""Seconds after its submission from which on the lack of a job in an answer proves something: clocks differ."""

Where = Literal["waiting", "there", "gone", "unknown"]
"""Of a job: it waits to be started, it has a node, Slurm has no such job (any more), or Slurm does not say."""

_WAITING = {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT"}
_THERE = {"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING"}
# What may hold the separator comes last; the last of ours, the name, holds none.
_FORMAT = "%i|%T|%S|%j|%r"


@dataclass(frozen=True, slots=True)
class Seen:
    """A job as Slurm's queue shows it.

    Attributes:
        where: it is.
        state: in Slurm's word, ``PENDING``; empty if there is no such job.
        reason: why it waits, in Slurm's word, ``Resources``; or why nothing is known.
        start: when it is expected to start, in seconds since the epoch; 0 if Slurm does not say.
    """

    where: Where
    state: str = ""
    reason: str = ""
    start: float = 0.0


@dataclass(frozen=True, slots=True)
class _Row:
    id: str
    name: str
    state: str
    reason: str
    start: float


@dataclass(frozen=True, slots=True)
class _Answer:
    """What `squeue` said: ``fault`` if it did not; ``began`` when it was asked, by the wall clock."""

    began: float
    by_id: dict[str, _Row]
    by_name: dict[tuple[str, str], _Row]
    fault: str = ""


class SlurmQueue:
    """What one process knows of Slurm's queue. Any thread may ask."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._answer: _Answer | None = None
        self._due = self._asked_at = 0.0
        self._asking = False
        self._users: frozenset[int] = frozenset()
        self._questions = 0

    def look(self, job: Job) -> Seen:
        """Say where a job is, as of the last answer."""
        answer = self._last(job.user)
        if answer is None:
            return Seen("unknown", reason="squeue has not answered yet")
        if answer.fault:
            return Seen("unknown", reason=answer.fault)
        row = answer.by_id.get(job.id) if job.id else answer.by_name.get((job.name, job.task))
        if row is not None and row.name == job.name:
            where: Where = "waiting" if row.state in _WAITING else "there" if row.state in _THERE else "gone"
            return Seen(where, row.state, "" if row.reason == "None" else row.reason, row.start)
        if job.user != os.getuid():
            return Seen("unknown", reason="it is another user's, and squeue does not show it")
        return Seen("waiting" if answer.began < job.submitted + SETTLED else "gone")

    def forget(self) -> None:
        """Ask again before the next look, because something was submitted or cancelled."""
        with self._turn:
            self._answer, self._due = None, 0.0
            self._questions += 1

    def _last(self, user: int) -> _Answer | None:
        """Return the last answer; have a new one asked for when that is due, and wait for the first."""
        with self._turn:
            if user not in self._users:
                self._users |= {user}
                self._answer, self._due = None, 0.0
                self._questions += 1
            while True:
                if time.monotonic() >= self._due and not self._asking:
                    self._asking, self._asked_at = True, time.monotonic()
                    self._due = self._asked_at + SQUEUE_SECONDS
                    asked = (self._questions, self._users)
                    threading.Thread(target=self._ask, args=asked, name="squeue", daemon=True).start()
                # Of the question, not of this look: many runs are looked at one after the other.
                left = self._asked_at + PATIENCE - time.monotonic()
                if self._answer is not None or left <= 0:
                    return self._answer
                self._turn.wait(left)

    def _ask(self, question: int, users: frozenset[int]) -> None:
        began, rows, fault = time.time(), [], ""
        who = ",".join(map(str, sorted(users)))
        try:
            words = ("--noheader", "--array", "--states=all", f"--user={who}", f"--format={_FORMAT}")
            said = tools.call("squeue", *words, environment=os.environ | {"SLURM_TIME_FORMAT": "%s"})
            rows = [row for row in map(_row, said.splitlines()) if row]
        except (Refused, Silent) as error:
            fault = str(error)
        with self._turn:
            self._asking = False
            # An answer to a question that was asked before something changed is none.
            if question == self._questions:
                named = {(row.name, row.id.partition("_")[2]): row for row in rows}
                self._answer = _Answer(began, {row.id: row for row in rows}, named, fault)
            self._turn.notify_all()


def _row(line: str) -> _Row | None:
    fields = line.split("|", 4)
    if len(fields) != 5:
        return None
    number, state, start, name, reason = fields
    return _Row(number, name, state, reason, float(start) if start.isdigit() else 0.0)


QUEUE = SlurmQueue()
"""The one of this process."""
