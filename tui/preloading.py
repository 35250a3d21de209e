"""Modules of screens that were not opened yet: loaded beside, so that no key waits for them."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import threading

import tui

AFTER_SECONDS = 1.0
"""After the first frame, which must not wait for them either."""


def load_the_rest() -> threading.Thread:
    """Import all modules of the workbench in a thread, and return it; a third of a second of the processor's time."""
    thread = threading.Thread(target=_import_all, name="preloading", daemon=True)
    thread.start()
    return thread


def _import_all() -> None:
    # Of a program that is replaced while it runs: what cannot be imported is told by the key that needs it.
    with contextlib.suppress(ImportError):
        for module in pkgutil.walk_packages(tui.__path__, f"{tui.__name__}."):
            importlib.import_module(module.name)
