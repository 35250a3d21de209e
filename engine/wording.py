"""How both faces word things: marks of states, time spans, figures, events as lines, a form as a command line."""

from __future__ import annotations

import difflib
import re
import shlex
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from engine.record.events import (
    CheckpointSaved,
    Event,
    HyperparameterChanged,
    Message,
    Results,
    State,
    StateChanged,
    TableLogged,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from engine.declaration import Experiment
    from engine.record.events import DeviceTaken
    from engine.record.history import History

STATE_MARKS: dict[State, str] = {
    "queued": "○",
    "running": "●",
    "finished": "✓",
    "failed": "✗",
    "stopped": "■",
    "crashed": "✗",
    "private": "⊘",
}

_PLACE = re.compile(r"([\d,]+(?:st|nd|rd|th))(?:, behind (\S+))?")

Level = Literal["info", "alarm", "error", "output"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line for a console.

    Attributes:
        t: seconds since the epoch.
        text: without a line feed at its end.
        level: how loud it is; ``output`` is what a program printed.
    """

    t: float
    text: str
    level: Level = "info"


def line_of(event: Event) -> Line | None:  # noqa: PLR0911 - one return a kind of event
    """Return the line that an event is worth, or None for those that charts and progress bars show."""
    match event:
        case StateChanged(state=state, reason=reason):
            level: Level = "error" if state in {"failed", "crashed"} else "info"
            return Line(event.t, f"{state}: {reason}" if reason else state, level)
        case Message(text=text, level=level):
            return Line(event.t, text, level)
        case CheckpointSaved(step=step):
            return Line(event.t, f"checkpoint saved after step {step:,}")
        case HyperparameterChanged(name=name, value=value, previous=previous, step=step):
            return Line(event.t, f"{name} {previous} → {value} after step {step:,}")
        case TableLogged(name=name, file=file):
            return Line(event.t, f"table {name}: {file}")
        case Results(values=values) if values:
            return Line(event.t, "  ".join(f"{name} {figure(value)}" for name, value in values.items()))
    return None


def figure(value: float) -> str:
    """Write a metric with four significant digits, a count with all of its own."""
    if float(value).is_integer() and 1e4 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) < 1e5 else f"{value:.3e}"


def setting(value: Any) -> str:
    """Write the value of a hyperparameter as a user would type it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return text if float(text := f"{value:g}") == value else repr(value)
    if isinstance(value, list | tuple):
        return ",".join(map(setting, value))
    return "none" if value is None else str(value)


def headline(results: Mapping[str, float], metric: str) -> str:
    """Write the headline figure of a run for a narrow list: ``.974``, ``12.3``; the empty string if it has none."""
    if metric not in results:
        return ""
    value = results[metric]
    if abs(value) >= 1000 or 0 < abs(value) < 1e-3:
        return figure(value)
    return f"{value:.3f}".removeprefix("0") if abs(value) < 10 else f"{value:.1f}"


def clock(seconds: float) -> str:
    """Write a time span: ``0:42``, ``1:02:03``."""
    hours, rest = divmod(max(0, round(seconds)), 3600)
    minutes, whole = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{whole:02d}" if hours else f"{minutes}:{whole:02d}"


def seconds_of(text: str) -> float:
    """Read a time span as people write it: ``2h``, ``1h30m``, ``90m``, ``45s``, ``1:30:00``, or seconds alone.

    Raises:
        ValueError: if it is none.
    """
    plain = text.strip().casefold()
    if re.fullmatch(r"\d+(:\d\d){1,2}", plain):
        whole = 0
        for part in plain.split(":"):
            whole = 60 * whole + int(part)
        return float(whole)
    if re.fullmatch(r"\d+(\.\d+)?", plain):
        return float(plain)
    found = re.fullmatch(r"(?:(?P<d>[\d.]+)d)?(?:(?P<h>[\d.]+)h)?(?:(?P<m>[\d.]+)m)?(?:(?P<s>[\d.]+)s)?", plain)
    units = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
    try:
        spans = [float(part) * units[unit] for unit, part in found.groupdict().items() if part] if found else []
    except ValueError:
        spans = []
    if not spans:
        raise ValueError(f"{text!r} is no time span: write 2h, 1h30m, 90m or 45s")
    return sum(spans)


def size(count: float) -> str:
    """Write a number of bytes: ``3 KiB``, ``312 MiB``, ``4.0 GiB``."""
    if count >= 1 << 30:
        return f"{count / 2**30:.1f} GiB"
    return f"{int(count) >> 10} KiB" if 1 << 10 <= count < 1 << 20 else f"{max(0, int(count)) >> 20} MiB"


def on_device(asked: str, taken: DeviceTaken | None) -> str:
    """Say on which device a run is, ``cuda:1 (H100)``, or which it asked for while it has none.

    Args:
        asked: as its record says.
        taken: as its history says.
    """
    if taken is None:
        return asked
    return f"{taken.device} ({taken.name})" if taken.name else taken.device


def spans(history: History, now: float = 0.0) -> str:
    """Say how long a run waited, started and ran: ``5 s waiting, 2 s starting, 1:07 running``; no start of 0 s."""
    parts = {"waiting": history.waiting(now), "starting": history.starting(now), "running": history.running(now)}
    told = {name: took for name, took in parts.items() if name != "starting" or round(took)}
    return ", ".join(f"{clock(took)} {name}" for name, took in told.items())


def peaks(history: History) -> str:
    """Say how much memory a run took at most: ``1.2 GiB, 3.4 GiB of the GPU``; empty if that is not known."""
    host, device = history.peak_memory, history.peak_device_memory
    return ", ".join([*([size(host)] if host else []), *([f"{size(device)} of the GPU"] if device else [])])


def going_on(running: Sequence[str], waiting: Sequence[str]) -> str:
    """Say which runs go on though the app was left, and which wait, by their ids; one at least there must be."""
    parts = [f"{', '.join(running)} {'goes' if len(running) == 1 else 'go'} on"] if running else []
    if waiting:
        one = len(waiting) == 1
        parts.append(f"{waiting[0] if one else f'{len(waiting):,} runs'} wait{'s' if one else ''} in the queue")
    return f"{', '.join(parts)}; come back with: phosphene, or: phosphene follow {[*running, *waiting][0]}"


def ago(t: float) -> str:
    """Say how long ago a moment was: ``12 s``, ``5 min``, ``3 h``, ``2 d``."""
    age = max(0.0, time.time() - t)
    for limit, unit, size in ((60, "s", 1), (3600, "min", 60), (86400, "h", 3600)):
        if age < limit:
            return f"{age / size:.0f} {unit}"
    return f"{age / 86400:.0f} d"


def share(step: int, total: int) -> str:
    """Say how much of a run is done, ``42 %``, or the empty string while the total is not known."""
    return f"{100 * step // total} %" if total else ""


def meant(name: str, known: Iterable[str], otherwise: str) -> str:
    """Return what to say of a name that is not known: the known one that is most like it, or else ``otherwise``."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]}?" if near else otherwise


def left(eta: float) -> str:
    """Say how much time is left, ``1:05 left``, or the empty string if none is, or while that is not known."""
    return f"{clock(eta)} left" if eta >= 0.5 else ""  # half a second, of which a clock shows nothing


def running(step: int, total: int) -> str:
    """Say how far a run that goes on has come; after its last step its last figures are made."""
    if total and step >= total:
        return "last figures"
    return share(step, total) or "running"


def place(position: int, behind: str) -> str:
    """Say which place a run has among those that wait, and which run is directly ahead: ``2nd, behind k3f``."""
    return f"{ordinal(position)}, behind {behind}" if behind else ordinal(position)


def ordinal(number: int) -> str:
    """Write a place in an order: ``1st``, ``12th``, ``1,002nd``."""
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def position(reason: str) -> str:
    """Return the position of a queued run, ``2nd``, from the reason of its state; empty if it has none yet."""
    return found[1] if (found := _PLACE.fullmatch(reason)) else ""


def waiting(reason: str, since: float) -> str:
    """Say behind which run a queued run waits, and for how long: ``behind k3f · 5 min``.

    Args:
        reason: of its state, as :func:`place` words it; any other reason stays as it is.
        since: when it was launched, in seconds since the epoch.
    """
    found = _PLACE.fullmatch(reason)
    if not found:
        return reason
    return f"behind {short_id(found[2])} · {ago(since)}" if found[2] else f"for the first free device · {ago(since)}"


def only_waiting(what: str) -> str:
    """Say that a run would have to wait for something to be done with it: ``moved``, ``cancelled``."""
    return f"only a waiting run can be {what}"


def short_id(run: str) -> str:
    """Return the last part of a run's id, by which people name it."""
    return run.rpartition("-")[2]


def printable(text: str) -> str:
    """Return a text without the characters that would steer a terminal; line feeds and tabs stay."""
    return "".join(c if c.isprintable() or c in "\n\t" or ord(c) > 0x9F else " " for c in text)


def command_line(
    experiment: Experiment,
    values: Mapping[str, str],
    over: Mapping[str, str] | None = None,
    sweeping: Mapping[str, str] | None = None,
    together: Mapping[str, str] | None = None,
) -> str:
    """Return the command that runs an experiment with these values, as typed; quoted for a shell.

    Args:
        experiment: that is run.
        values: hyperparameters and options of runs.
        over: axes by field; with one, the command is that of a sweep.
        sweeping: the sweep's own options.
        together: axes of fields that vary together.
    """
    switches = {view.name for view in experiment.fields() if view.kind == "boolean"}
    words = ["phosphene", "sweep" if over or together or sweeping else "run", experiment.name]
    for name, text in (over or {}).items():
        words += ["--over", f"{name}={text}"]
    for name, text in (together or {}).items():
        words += ["--zip", f"{name}={text}"]
    for name, text in (sweeping or {}).items():
        words += [f"--{name.replace('_', '-')}", text]
    for name, text in values.items():
        flag = name.replace("_", "-")
        if name in switches:
            words.append(f"--{flag}" if text in {"on", "True", "true"} else f"--no-{flag}")
        else:
            words += [f"--{flag}", text]
    return shlex.join(words)


def aligned(rows: Iterable[Iterable[str]]) -> list[str]:
    """Return rows of a small table as lines, every column as wide as its longest cell and flush right."""
    cells = [[*row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [" ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in cells]
