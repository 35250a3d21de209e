"""Event files of TensorBoard, as TensorFlow, PyTorch and others write them: scalars, pictures, hyperparameters."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.errors import PhospheneError
from engine.record.foreign import ForeignLog, Picture, Point
from engine.report.tfrecord import ABOUT, records
from engine.report.wire import fields, integers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARK = "tfevents"
"""What the names of event files hold."""
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")
"""Beginnings of pictures."""
_SCALARS = {1: "<f", 2: "<d", 3: "<i", 9: "<q"}
"""Types of tensors that hold numbers, and how one is packed."""
_INTEGERS = (7, 10)
"""Fields of a tensor that hold integers one by one."""
_TEXTS = 7
"""The type of tensors that hold bytes."""


def read(path: Path) -> tuple[list[ForeignLog], list[str]]:
    """Return a log for each folder with event files, and a sentence on what could not be read.

    Of a damaged or half-written file what is whole is taken. Where steps go back, as after a restart, the points that
    were logged again replace the earlier ones.

    Args:
        path: an event file, or a folder that holds some, itself or in folders below.

    Raises:
        PhospheneError: if there are none.
        OSError: if one cannot be read.
    """
    files = [path] if path.is_file() else sorted(one for one in path.rglob(f"*{MARK}*") if one.is_file())
    if not files:
        raise PhospheneError(f"there is no event file of TensorBoard in {path}: their names hold {MARK}")
    folders: dict[Path, _Folder] = {}
    troubles: list[str] = []
    for file in files:
        folder = folders.setdefault(file.parent, _Folder())
        if trouble := folder.take(file.read_bytes()):
            troubles.append(f"{file}: {trouble}")
    logs = []
    for place, folder in folders.items():
        name = path.stem if path.is_file() else str(place.relative_to(path)) if place != path else path.absolute().name
        logs.append(folder.log(name))
        if others := folder.others - {ABOUT}:
            troubles.append(f"{name}: neither scalars nor pictures, left out: {', '.join(sorted(others))}")
    return logs, troubles


@dataclass
class _Folder:
    """What the event files of one folder hold."""

    curves: dict[str, list[Point]] = field(default_factory=dict)
    pictures: dict[tuple[str, int], Picture] = field(default_factory=dict)
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    group: str = ""
    others: set[str] = field(default_factory=set)

    def log(self, name: str) -> ForeignLog:
        points = [point for own in self.curves.values() for point in own]
        return ForeignLog(name, self.group or name, points, [*self.pictures.values()], self.hyperparameters)

    def take(self, data: bytes) -> str:
        """Take in a file; return what is wrong with it."""
        whole = damaged = 0
        for record in records(data):
            if record is None:
                damaged += 1
                continue
            try:
                self._event(record)
                whole += 1
            except (ValueError, struct.error):
                damaged += 1
        if not damaged:
            return ""
        return f"{damaged} of its records {'is' if damaged == 1 else 'are'} damaged or half-written, {whole} were taken"

    def _event(self, record: bytes) -> None:
        t, step, summaries = 0.0, 0, []
        for number, value in fields(record):
            match number, value:
                case 1, float():
                    t = value
                case 2, int():
                    step = value
                case 5, bytes():
                    summaries.append(value)
        for summary in summaries:
            for number, value in fields(summary):
                if number == 1 and isinstance(value, bytes):
                    self._value(value, step, t)

    def _value(self, data: bytes, step: int, t: float) -> None:
        tag, scalar, picture, metadata = "", None, None, b""
        for number, value in fields(data):
            match number, value:
                case 1, bytes():
                    tag = value.decode("utf-8", "replace")
                case 2, float():
                    scalar = value
                case 4, bytes():
                    picture = dict(fields(value)).get(4)
                case 8, bytes():
                    scalar, picture = _tensor(value)
                case 9, bytes():
                    metadata = value
        if tag.startswith("_hparams_/"):
            self._hparams(metadata)
        elif isinstance(scalar, float):
            self._scalar(Point(step, tag or "unnamed", scalar, t=t))
        elif isinstance(picture, bytes) and step >= 0:
            self.pictures[tag, step] = Picture(step, tag or "unnamed", picture, t)
        else:
            self.others.add(tag)

    def _scalar(self, point: Point) -> None:
        own = self.curves.setdefault(point.metric, [])
        if own and own[-1].step > point.step:
            while own and own[-1].step >= point.step:
                own.pop()
        own.append(point)

    def _hparams(self, metadata: bytes) -> None:
        content = _inside(metadata, 1, 2)
        started = _inside(content, 3)
        for number, entry in fields(started):
            if number == 4 and isinstance(entry, bytes):
                self.group = entry.decode("utf-8", "replace")
            elif number == 1 and isinstance(entry, bytes):
                parts = dict(fields(entry))
                name, value = parts.get(1, b""), parts.get(2, b"")
                if isinstance(name, bytes) and isinstance(value, bytes):
                    self.hyperparameters[name.decode("utf-8", "replace")] = _plain(value)


def _inside(data: bytes, *numbers: int) -> bytes:
    """Return the message inside a message that the fields lead to, empty if there is none."""
    for number in numbers:
        found = dict(fields(data)).get(number, b"")
        data = found if isinstance(found, bytes) else b""
    return data


def _plain(value: bytes) -> Any:
    """Return a value of JSON."""
    for number, found in fields(value):
        match number, found:
            case 2, float():
                return int(found) if found.is_integer() and abs(found) < 1 << 53 else found
            case 3, bytes():
                return found.decode("utf-8", "replace")
            case 4, int():
                return bool(found)
    return None


def _tensor(data: bytes) -> tuple[float | None, bytes | None]:
    """Return the number that a tensor of one element holds, or the first picture among its texts."""
    kind, texts, numbers = 0, [], []
    for number, value in fields(data):
        if number == 1 and isinstance(value, int):
            kind = value
        elif number == 8 and isinstance(value, bytes):
            texts.append(value)
        elif number not in {2, 3}:
            numbers.append((number, value))
    if kind == _TEXTS:
        # Width and height stand before the pictures.
        return None, next((text for text in texts[2:] if text.startswith(_PICTURES)), None)
    found = [one for number, value in numbers for one in _elements(kind, number, value)]
    return (found[0] if len(found) == 1 else None), None


def _elements(kind: int, number: int, value: float | bytes) -> Iterator[float]:
    if not isinstance(value, bytes):
        yield float(value)
    elif number in _INTEGERS:
        yield from map(float, integers(value))
    elif kind in _SCALARS:
        for (one,) in struct.iter_unpack(_SCALARS[kind], value):
            yield float(one)
