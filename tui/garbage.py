"""Garbage: what only a look at everything finds is collected while nobody types, where that holds up no key."""

from __future__ import annotations

import gc
import time

IDLE_SECONDS = 1.0
"""Without a key or a click, after which a look holds up nobody."""
LATEST_SECONDS = 60.0
"""After the last look at which there is one even if somebody types all the time."""
LOOK_SECONDS = 0.5
"""Between two questions whether it is time."""
NEVER = 2**30


class Garbage:
    """Python's own full collections take 40 to 100 ms, and would come at any key that makes enough new objects."""

    def __init__(self) -> None:
        self._input_at = self._looked_at = time.monotonic()
        self._begun = False

    def begin(self) -> None:
        """Leave full collections to :meth:`look` from now on; young objects are collected as before.

        For an app that has its process for itself.
        """
        gc.freeze()
        gc.set_threshold(*gc.get_threshold()[:2], NEVER)

    def hold(self) -> None:
        """Note that the user has just done something."""
        self._input_at = time.monotonic()

    def look(self) -> bool:
        """Collect what is garbage, if there may be some and it is time; return whether it was.

        What is there at the first look, as the modules that the first screen needed, stays: no later one goes over it.
        """
        now = time.monotonic()
        idle, late = now - self._input_at >= IDLE_SECONDS, now - self._looked_at >= LATEST_SECONDS
        if not gc.get_count()[2] or not (idle or late):
            return False
        gc.collect()
        if not self._begun:
            gc.freeze()
            self._begun = True
        self._looked_at = time.monotonic()
        return True
