"""stdout and stderr of the command line: closed, full, or of a locale with few letters, they bring no traceback."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Data(io.FileIO):
    """stdout: what cannot be written is the command's failure."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write some bytes.

        Raises:
            BrokenPipeError: if the reader has left.
            MachineFailure: if the place refuses.
        """
        try:
            return super().write(data)
        except OSError as error:
            # What is still held back goes nowhere, so that nothing is said of it when the process ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            if isinstance(error, BrokenPipeError):
                raise
            from engine import MachineFailure

            problem = f"the output cannot be written ({error.strerror}): free some space, or send it elsewhere"
            raise MachineFailure(problem) from error


class _Narration(io.FileIO):
    """stderr: what cannot be written is left out, because nobody can be told."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write some bytes, or none.

        Raises:
            BrokenPipeError: if the reader has left.
        """
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError:
            return memoryview(data).nbytes


def open_streams() -> None:
    """Let stdin, stdout and stderr stand wherever they lead.

    A letter that a terminal does not know is written as its number: a name is no reason to fail.
    """
    for name in ("stdin", "stdout", "stderr"):
        # A closed one lets the next file that is opened take its number.
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: PTH123, SIM115
    sys.stdout = _over(sys.stdout, _Data)
    sys.stderr = _over(sys.stderr, _Narration)


def _over(stream: Any, kind: type[io.FileIO]) -> Any:
    """Return a text stream that writes to the same file, or the stream itself if it is none of Python's own."""
    if type(stream) is not io.TextIOWrapper or stream.closed:
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(kind(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
