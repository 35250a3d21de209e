"""Downloading a file in parts, so that a broken connection loses nothing, and asking whether a server has it."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

from engine.datasets.checksums import md5_of

if TYPE_CHECKING:
    from pathlib import Path

PIECE = 1 << 18
TIMEOUT = 30.0
QUICK = 3.0
"""Seconds within which a server must answer to count as reachable."""
SILENCE = 20.0
"""Seconds for which a server that did not answer is not asked again: without a network every answer takes long."""
PARTIAL, UNSATISFIABLE = 206, 416
_silent: dict[str, float] = {}


def download(url: str, path: Path, md5: str = "") -> Path:
    """Fetch a file, continuing after what an earlier attempt left in ``<path>.part``.

    Raises:
        OSError: if the server cannot be reached or the disk is full; the part so far is kept.
        RuntimeError: if the checksum is wrong; the part is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "phosphene"} | _range(have))  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - the addresses are our own
            whole = _keep(answer, part, "ab" if have and answer.status == PARTIAL else "wb")
    except urllib.error.HTTPError as error:
        if error.code != UNSATISFIABLE:
            raise
        whole = True
    if not whole:
        raise OSError(f"the connection broke after {part.stat().st_size:,} bytes; the same command goes on from there")
    if md5 and md5_of(part) != md5:
        with contextlib.suppress(OSError):
            part.unlink()
        raise RuntimeError(f"the file from {url} has the wrong checksum")
    return part.replace(path)


def _keep(answer: http.client.HTTPResponse, part: Path, mode: str) -> bool:
    """Write what comes; return whether all of it did. A server that knows no ranges sends everything anew."""
    with part.open(mode) as file:
        while piece := answer.read(PIECE):
            file.write(piece)
    return answer.length in {None, 0}


def _range(have: int) -> dict[str, str]:
    return {"Range": f"bytes={have}-"} if have else {}


def reachable(url: str) -> bool:
    """Tell within a few seconds whether a download could work: whether the server has the file and answers.

    The look-up of the server's name has no time limit of its own, so a thread is left to it.
    """
    server = urllib.parse.urlsplit(url).netloc
    if time.monotonic() < _silent.get(server, 0.0):
        return False
    found: list[int] = []

    def look() -> None:
        request = urllib.request.Request(url, headers={"User-Agent": "phosphene"}, method="HEAD")  # noqa: S310
        with contextlib.suppress(OSError, http.client.HTTPException):
            try:
                with urllib.request.urlopen(request, timeout=QUICK) as answer:  # noqa: S310 - the addresses are our own
                    found.append(answer.status)
            except urllib.error.HTTPError as error:
                found.append(error.code)

    thread = threading.Thread(target=look, name="reachable", daemon=True)
    thread.start()
    thread.join(QUICK + 1)
    if not found:
        _silent[server] = time.monotonic() + SILENCE
    return bool(found) and found[0] < http.HTTPStatus.BAD_REQUEST
