"""Bytes that are no UTF-8, which a paste may hold, become replacement characters; Textual ends the app at them."""

from __future__ import annotations

import codecs
import functools

from textual.drivers import linux_driver


def take_any_bytes() -> None:
    """Let Textual's reader of the terminal go on at any byte, for the rest of this process."""
    strict = codecs.getincrementaldecoder

    def lenient(encoding: str) -> functools.partial[codecs.IncrementalDecoder]:
        return functools.partial(strict(encoding), errors="replace")

    linux_driver.getincrementaldecoder = lenient  # type: ignore[assignment,attr-defined]  # what that module imports by this name
