"""The events of a run, one frozen dataclass a kind, and their encoding as one checksummed line of JSON each."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

from engine.record.files import plain_json

State = Literal["queued", "running", "finished", "failed", "stopped", "crashed", "private"]
"""``private`` is a run of another user that may not be read; nobody logs it."""
ENDED: frozenset[State] = frozenset({"finished", "failed", "stopped", "crashed", "private"})
"""States in which there is nothing to wait for."""

STARTING = "starting"
"""The reason of a queued run whose worker has not come to the queue yet."""


@dataclass(frozen=True, slots=True)
class Event:
    """What all events share.

    Attributes:
        t: seconds since the epoch, on the worker's clock.
        attempt: number of the worker that wrote it, filled in by the reader.
    """

    kind: ClassVar[str] = ""
    t: float
    attempt: int = field(default=0, kw_only=True)


@dataclass(frozen=True, slots=True)
class StateChanged(Event):
    """The run entered a state; ``step`` is the last step that is already done.

    ``result`` repeats the results in the last event of a finished run, so that a list needs only the last line.
    """

    kind: ClassVar[str] = "state"
    state: State
    reason: str = ""
    step: int = 0
    total: int = 0
    result: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Started(Event):
    """A worker began its attempt.

    Attributes:
        version: of the code that runs.
        folder: where that code lies.
        threads: how many the worker computes with on the CPU.
    """

    kind: ClassVar[str] = "started"
    version: str
    folder: str
    threads: int


@dataclass(frozen=True, slots=True)
class DeviceTaken(Event):
    """The run has got a device: it waits no longer.

    Attributes:
        device: as users name it there: ``cpu``, ``cuda:1``.
        name: of the kind of GPU; empty for the CPU.
        uuid: of the GPU.
    """

    kind: ClassVar[str] = "device"
    device: str
    name: str = ""
    uuid: str = ""


@dataclass(frozen=True, slots=True)
class Begun(Event):
    """The program begins: what it needs is imported, and the random generators are seeded."""

    kind: ClassVar[str] = "begun"


@dataclass(frozen=True, slots=True)
class Progress(Event):
    """``step`` of ``total`` steps are done; ``eta`` is in seconds, ``rate`` in steps per second."""

    kind: ClassVar[str] = "progress"
    step: int
    total: int
    unit: str = "step"
    rate: float = 0.0
    eta: float = 0.0


@dataclass(frozen=True, slots=True)
class Metrics(Event):
    """The values of all series logged at one step; ``epoch`` counts epochs as a fraction, where there are any."""

    kind: ClassVar[str] = "metrics"
    step: int
    values: dict[str, float]
    epoch: float | None = None


@dataclass(frozen=True, slots=True)
class ImageLogged(Event):
    """A picture was written to ``file``, relative to the run directory; ``caption`` says what it shows."""

    kind: ClassVar[str] = "image"
    name: str
    step: int
    file: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class PlotLogged(Event):
    """A plot was written to ``file``, JSON relative to the run directory; see :mod:`engine.record.plots`."""

    kind: ClassVar[str] = "plot"
    name: str
    step: int
    file: str


@dataclass(frozen=True, slots=True)
class TableLogged(Event):
    """A table was written to ``file``, a CSV relative to the run directory."""

    kind: ClassVar[str] = "table"
    name: str
    file: str


@dataclass(frozen=True, slots=True)
class CheckpointSaved(Event):
    """A checkpoint after ``step`` is complete on disk."""

    kind: ClassVar[str] = "checkpoint"
    step: int
    file: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class HyperparameterChanged(Event):
    """A live hyperparameter took a new value from ``step`` on.

    ``repeated`` marks what a resumed run did again by itself, because an earlier attempt had done it.
    """

    kind: ClassVar[str] = "hyperparameter"
    name: str
    value: Any
    previous: Any
    step: int
    repeated: bool = False

    def overrules(self, other: HyperparameterChanged) -> bool:
        """Tell whether this change, made by the user later, undoes another one that lies ahead of it."""
        return other.name == self.name and other.attempt < self.attempt and other.step >= self.step


@dataclass(frozen=True, slots=True)
class Results(Event):
    """Final figures, ``part/quantity`` to value; later ones are added to earlier ones."""

    kind: ClassVar[str] = "result"
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Message(Event):
    """A line for the console; an ``alarm`` asks for the user's eye."""

    kind: ClassVar[str] = "message"
    text: str
    level: Literal["info", "alarm"] = "info"


@dataclass(frozen=True, slots=True)
class Pulse(Event):
    """The worker is alive; the last one of an attempt tells the most memory that it took.

    Attributes:
        memory: its resident set, in bytes.
        peak: the largest that it was.
        device: the most memory of its GPU that it held, in bytes; 0 if it has none.
    """

    kind: ClassVar[str] = "pulse"
    memory: int = 0
    peak: int = 0
    device: int = 0


@dataclass(frozen=True, slots=True)
class Intended(Event):
    """A sweep is about to launch a run, whose id is reserved; or takes an earlier run of equal configuration.

    Attributes:
        run: its id.
        setting: the values on the axes of the sweep, by field.
        seed: of the run.
        reused: whether it is an earlier run.
    """

    kind: ClassVar[str] = "intended"
    run: str
    setting: dict[str, Any]
    seed: int
    reused: bool = False


@dataclass(frozen=True, slots=True)
class Launched(Event):
    """The run of an intent has its directory: if that is gone later, somebody has removed it."""

    kind: ClassVar[str] = "launched"
    run: str


@dataclass(frozen=True, slots=True)
class Refused(Event):
    """The run of an intent was not launched; ``reason`` is the sentence of the refusal."""

    kind: ClassVar[str] = "refused"
    run: str
    reason: str


KINDS: dict[str, type[Event]] = {kind.kind: kind for kind in Event.__subclasses__()}
_FLOATS = ("t", "rate", "eta", "epoch")
_FIGURES = ("values", "result")
HEAD = b'{"crc":"'
"""The first bytes of a record; eight hexadecimal digits follow, then `TAIL`."""
TAIL = b'",'


def encode(event: Event) -> bytes:
    """Return the event as one line, ending in a line feed.

    The checksum is the CRC-32 of all bytes that follow the fixed-width first field. Floats that JSON lacks become the
    strings ``nan``, ``inf`` and ``-inf``.
    """
    payload = {"t": event.t, "kind": event.kind}
    for item in fields(event):
        if item.name not in {"t", "attempt"} and (value := getattr(event, item.name)) is not None:
            payload[item.name] = plain_json(value)
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        body = text.encode()[1:]
    except UnicodeEncodeError:
        # Lone surrogates, as in file names that are not UTF-8, can only be escaped.
        body = json.dumps(payload, separators=(",", ":"), allow_nan=False).encode()[1:]
    return b'{"crc":"%08x",%s\n' % (zlib.crc32(body), body)


def is_intact(line: bytes) -> bool:
    """Tell whether a line (without its line feed) has the form of a record and the checksum it names."""
    if line[:8] != HEAD or line[16:18] != TAIL:
        return False
    try:
        return int(line[8:16], 16) == zlib.crc32(line[18:])
    except ValueError:
        return False


def decode(line: bytes, attempt: int = 0) -> Event | None:
    """Return the event of one line (without its line feed), or None if it is damaged or of an unknown kind."""
    if not is_intact(line):
        return None
    try:
        return event_of(json.loads(line), attempt)
    except ValueError:
        return None


def event_of(payload: dict[str, Any], attempt: int) -> Event | None:
    """Return the event of a record's JSON, or None if it is of an unknown kind or form."""
    try:
        values = {name: value for name, value in payload.items() if name not in {"crc", "kind"}}
        for name in _FLOATS:
            if name in values:
                values[name] = float(values[name])
        for name in _FIGURES:
            if name in values:
                values[name] = {key: float(value) for key, value in values[name].items()}
        return KINDS[payload["kind"]](**values, attempt=attempt)
    except (ValueError, TypeError, AttributeError, KeyError):
        return None
