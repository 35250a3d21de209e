"""Places with too little room."""

from __future__ import annotations

import contextlib
import resource
import signal


@contextlib.contextmanager
def limited(size):
    """Let files grow to so many bytes; it needs no rights, and the error is another number."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
