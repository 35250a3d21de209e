"""The fork server: a process that imports torch once, then forks a worker for each order that comes on its stdin.

Its other end is in `executors/local.py`. A line of stdin is a word and an order. ``SERVE``: serve it yourself, also if
you are still importing; no answer is waited for, and no other order follows. ``FORK`` is sent only after the server has
said ``READY``; the worker that was forked answers ``TAKEN`` once its claim is on the disk.

A forked worker must compute what one that was started alone computes. So the server imports libraries and our own
modules, never a plug-in. It forks only if it has a single thread and nothing has asked for CUDA, and only while our
source files are still those that it has imported.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from engine.control.order import Order

SERVE = "serve"
FORK = "fork"
READY = b"ready\n"
TAKEN = b"taken\n"
LINGER_SECONDS = 1.0
"""For so long the kernel may still list a thread that was joined."""


@dataclass(frozen=True, slots=True)
class Given:
    """An order, in the process that is to serve it.

    Attributes:
        order: the attempt to make.
        warming: the thread that still imports torch; None if torch is imported.
        answers: descriptor of the pipe to a launcher that waits for an answer; -1 if none waits.
    """

    order: Order
    warming: threading.Thread | None = None
    answers: int = -1

    def tell_taken(self) -> None:
        """Tell the launcher, if it waits and still lives, that this process has claimed the order."""
        if self.answers >= 0:
            with contextlib.suppress(OSError):
                os.write(self.answers, TAKEN)
            os.close(self.answers)


def wait() -> Given | None:
    """Import torch and wait for orders; return an order in each process that is to serve one.

    The server itself returns None when its stdin is closed, or when it can serve no longer.
    """
    answers = os.dup(1)
    with Path(os.devnull).open("wb") as null:
        # What is printed by a module while it is imported is no answer.
        os.dup2(null.fileno(), 1)
    imported, importing = os.pipe()
    # In a thread, so that an early order is taken at once and the run's state says that it is starting.
    warming = threading.Thread(target=_import_libraries, args=(importing,), name="warm", daemon=True)
    warming.start()
    early = _first_of(imported) == 0
    os.close(imported)
    if not early:
        warming.join()
        _import_ours()
        if _can_fork():
            with contextlib.suppress(OSError):
                os.write(answers, READY)
    return _read_orders(answers, warming if early else None)


def _read_orders(answers: int, warming: threading.Thread | None) -> Given | None:
    sources = [] if warming else _sources()
    stamps = _stamps(sources)
    while True:
        word, _, text = sys.stdin.readline().partition(" ")
        if not text.endswith("\n"):
            # The end, or a launcher was killed while it wrote an order.
            return None
        order = Order.from_json(text)
        if word == SERVE:
            os.close(answers)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return Given(order, warming)
        if _stamps(sources) != stamps:
            return None
        if os.fork() == 0:
            # At once, because a worker is killed with its session.
            os.setsid()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return Given(order, answers=answers)


def _first_of(imported: int) -> int:
    """Wait for an order, or for the end of the imports; return the descriptor of what came, stdin if both did."""
    waiting = select.poll()
    waiting.register(0, select.POLLIN)
    waiting.register(imported, select.POLLIN)
    return min(descriptor for descriptor, _ in waiting.poll())


def _import_libraries(importing: int) -> None:
    try:
        import engine.tensors.libraries  # noqa: F401
    finally:
        os.close(importing)


def _import_ours() -> None:
    """Import what workers import late, and our programs, which do nothing when they are imported."""
    for name in ("control.context", "control.devices", "control.ticket", "record.columns"):
        importlib.import_module(f"engine.{name}")
    from engine.catalogue import built_in

    for declared in built_in().values():
        declared.load()


def _can_fork() -> bool:
    """Prepare to fork, and tell whether workers will lack nothing: neither threads of this process nor CUDA."""
    from engine.tensors.devices import cuda_can_be_opened

    # What is imported stays: collections need not look at it, so that its pages stay shared.
    gc.collect()
    gc.freeze()
    # OpenBLAS ends its threads at a fork, and starts them again where they are needed.
    if (rehearsal := os.fork()) == 0:
        os._exit(0 if cuda_can_be_opened() else 1)
    _, status = os.waitpid(rehearsal, 0)
    # Nobody asks how the workers ended: their last events say it.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    deadline = time.monotonic() + LINGER_SECONDS
    while len(os.listdir("/proc/self/task")) > 1:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return status == 0


def _sources() -> list[Path]:
    """Return the files of ours that are imported."""
    names = [name for name in sys.modules if name.partition(".")[0] == "engine"]
    return [Path(file) for name in names if (file := sys.modules[name].__file__)]


def _stamps(files: list[Path]) -> list[tuple[int, int]]:
    """Return time and size of each file; zeros for one that is gone."""
    stamps = []
    for file in files:
        try:
            status = file.stat()
        except OSError:
            stamps.append((0, 0))
        else:
            stamps.append((status.st_mtime_ns, status.st_size))
    return stamps
