"""The append-only event log: one writer per attempt, any number of readers, and a checksum on each line."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from engine.errors import WorkspaceError
from engine.record.events import Event, decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.record.series import Points

RESERVE = 64 * 1024
"""Bytes set aside beside the log, given back to the disk when it is full so that the run can still say so."""
RESERVE_NAME = "reserve"
PIECE = 1 << 21
"""Bytes of a log that are read at once: a long one takes little memory, and other threads their turns."""


def set_aside(attempt: Path, size: int = RESERVE) -> None:
    """Reserve ``size`` bytes in an attempt's folder, unless they are reserved already.

    Raises:
        OSError: if the disk has no room for them.
    """
    with (attempt / RESERVE_NAME).open("ab") as reserve:
        os.posix_fallocate(reserve.fileno(), 0, size)


class EventLog:
    """Writes the events of one attempt.

    Only the process that opened the log writes to it: in a forked child every method does nothing.
    """

    def __init__(self, path: Path) -> None:
        self._reserve = path.with_name(RESERVE_NAME)
        for size in (RESERVE, RESERVE // 4):
            try:
                set_aside(path.parent, size)
                break
            except OSError:
                # Without a reserve the run goes on as long as there is room for what it logs.
                self.release_reserve()
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._torn = False
        self._dirty = False

    def append(self, *events: Event, durable: bool = False) -> None:
        """Write events with one ``write``; ``durable`` waits until they are on the disk.

        Raises:
            OSError: if the disk refuses, e.g. ``ENOSPC``; what was written of a torn record is skipped by readers.
        """
        if os.getpid() != self._owner or not events:
            return
        data = b"".join(map(encode, events))
        with self._lock:
            if self._torn:
                data = b"\n" + data
            self._torn = True
            while data:
                data = data[os.write(self._descriptor, data) :]
            self._torn = False
            self._dirty = True
        if durable:
            # Not `sync`: another thread may have taken the mark and still be waiting for the disk.
            os.fdatasync(self._descriptor)

    def sync(self) -> None:
        """Bring what was appended onto the disk, if anything was."""
        if self._dirty and os.getpid() == self._owner:
            self._dirty = False
            os.fdatasync(self._descriptor)

    def release_reserve(self) -> None:
        """Give the reserved space back to a full disk."""
        self._reserve.unlink(missing_ok=True)

    def close(self) -> None:
        """Sync and close; the reserve goes too."""
        if os.getpid() == self._owner:
            self.sync()
            self.release_reserve()
            os.close(self._descriptor)


class LogReader:
    """Reads the events of a run across its attempts, from where the last poll stopped.

    The file is opened anew at each poll, since changes made by another host show only then (NFS).

    Attributes:
        damaged: lines skipped so far because their checksum or form was wrong.
    """

    def __init__(self, attempts: Path) -> None:
        self._attempts = attempts
        self._attempt = 1
        self._offset = 0
        self.damaged = 0

    def poll(self) -> list[Event]:
        """Return the events that are complete since the last poll, oldest first."""
        events: list[Event] = []
        for lines in self._new_lines():
            for line in lines:
                event = decode(line, self._attempt)
                if event is None:
                    self.damaged += 1
                else:
                    events.append(event)
        return events

    def poll_points(self) -> list[Event | Points]:
        """Return the same with the metrics column by column, which is several times faster for many events."""
        # Late, because it brings numpy, which listing and completing runs can do without.
        from engine.record.columns import decode_columns

        found: list[Event | Points] = []
        for lines in self._new_lines():
            events, damaged = decode_columns(lines, self._attempt)
            self.damaged += damaged
            found += events
        return found

    def _new_lines(self) -> Iterator[list[bytes]]:
        """Yield the new lines attempt by attempt, those of a long log in several pieces."""
        while True:
            # Looked at before reading: once a later attempt exists the present one gets no more events.
            superseded = (self._attempts / f"{self._attempt + 1:04d}").is_dir()
            for data in self._pieces():
                yield [line for line in data.split(b"\n") if line]
            if not superseded:
                return
            self._attempt += 1
            self._offset = 0

    def _pieces(self) -> Iterator[bytes]:
        """Yield whole lines that have not been read yet, some megabytes at a time."""
        try:
            with (self._attempts / f"{self._attempt:04d}" / "events.jsonl").open("rb") as file:
                file.seek(self._offset)
                torn = b""
                while piece := file.read(PIECE):
                    data = torn + piece
                    end = data.rfind(b"\n") + 1
                    torn = data[end:]
                    self._offset += end
                    yield data[:end]
        except FileNotFoundError:
            return
        except OSError as error:
            raise WorkspaceError(f"the log of run {self._attempts.parent.name} cannot be read ({error})") from error


def last_event(path: Path, kinds: tuple[type[Event], ...]) -> Event | None:
    """Return the last intact event of one of the kinds in a log file, or None."""
    return next(events_backwards(path, kinds), None)


def events_backwards(path: Path, kinds: tuple[type[Event], ...]) -> Iterator[Event]:
    """Yield the intact events of some kinds in a log file from its end, reading no more of it than is asked for.

    Raises:
        WorkspaceError: if the file cannot be read; one that is not there holds no events.
    """
    # Decoding is what costs: only lines that name one of the kinds are.
    needles = [b'"kind":"%s"' % kind.kind.encode() for kind in kinds]
    try:
        with path.open("rb") as file:
            end, piece = file.seek(0, os.SEEK_END), 2048
            torn = True
            while end > 0:
                start = max(0, end - piece)
                file.seek(start)
                data = file.read(end - start)
                # What stands before the first line feed belongs to a line that begins earlier.
                begin = 0 if start == 0 else data.find(b"\n") + 1
                if begin == 0 < start:
                    piece *= 4
                    continue
                lines = data[begin:].split(b"\n")
                if torn:
                    lines.pop()
                    torn = False
                for line in reversed(lines):
                    if any(needle in line for needle in needles):
                        event = decode(line)
                        if isinstance(event, kinds):
                            yield event
                end, piece = start + begin, min(piece * 4, 1 << 22)
    except FileNotFoundError:
        return
    except OSError as error:
        raise WorkspaceError(f"the log {path} cannot be read ({error.strerror})") from error
