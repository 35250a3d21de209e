"""What the operations of the stand-in device told: waits of the host, data that came from it, and who looks on."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

    from tests.standin.capture import Capture

ROOT = Path(__file__).parents[2]
OWN = tuple(str(ROOT / room) for room in ("engine/", "tests/"))
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Wait:
    """The host waited for the device.

    Attributes:
        operation: the operation of torch, for example ``aten._local_scalar_dense.default``.
        frames: who called, the innermost first: ``engine/drawing/confusion.py:log_confusion:31``; only our own
            functions, those without a name left out.
    """

    operation: str
    frames: tuple[str, ...]

    @property
    def place(self) -> str:
        """The function that waits: ``engine/drawing/confusion.py:log_confusion``."""
        return self.frames[0].rpartition(":")[0]

    def passes(self, *places: str) -> bool:
        """Tell whether one of the callers is at a place: the beginning of a frame."""
        return any(frame.startswith(places) for frame in self.frames)

    def __str__(self) -> str:
        return f"{self.operation} in {self.frames[0]}"


_listeners: list[list[Wait]] = []
_captures: list[Capture] = []


@contextlib.contextmanager
def waits() -> Iterator[list[Wait]]:
    """Return the list to which every wait of the host is added meanwhile."""
    found: list[Wait] = []
    _listeners.append(found)
    try:
        yield found
    finally:
        # By identity: two empty lists are equal.
        _listeners[:] = [one for one in _listeners if one is not found]


@contextlib.contextmanager
def captured(capture: Capture) -> Iterator[None]:
    """Tell a capture of every operation meanwhile."""
    _captures.append(capture)
    try:
        yield
    finally:
        _captures.remove(capture)


def _capturing() -> list[Capture]:
    return [capture for capture in _captures if capture.thread == threading.get_ident()]


def sync(func: Any) -> None:
    """Note that the host waits until the device has computed something."""
    for capture in _capturing():
        capture.refuse(f"{func} makes the host wait for the device")
    if _listeners:
        wait = Wait(str(func), tuple(_frames(sys._getframe(1))))
        for listener in _listeners:
            listener.append(wait)


def upload(func: Any, *, waits: bool) -> None:
    """Note that data of the host is copied to the device; without ``non_blocking`` the host waits for it."""
    for capture in _capturing():
        capture.refuse(f"{func} brings new data from the host")
    if waits:
        sync(func)


def operation(func: Any, args: Any, kwargs: Any, result: Any, *, on_host: bool = False) -> None:
    for capture in _capturing():
        capture.operation(func, args, kwargs, result, on_host=on_host)


def _frames(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        path, function = Path(frame.f_code.co_filename), frame.f_code.co_name
        machinery = path.parent == HERE and not path.name.startswith("test_")
        own = str(path).startswith(OWN) and path.suffix == ".py" and not machinery
        if own and not function.startswith("<"):
            yield f"{path.relative_to(ROOT)}:{function}:{frame.f_lineno}"
        frame = frame.f_back
