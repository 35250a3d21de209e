"""How paths and names of files are read and written as text that every file and terminal takes. No torch."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

UNDECODED = re.compile("[\udc80-\udcff]")
"""Bytes that are not UTF-8, as Python keeps them: lone surrogates, which no file of ours and no terminal takes."""
AWKWARD = re.compile("[\x00-\x1f\x7f\udc80-\udcff]")
"""These and control characters."""
ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


def text_of(path: str | os.PathLike[str]) -> str:
    r"""Return a path, or a file's name, as text: a byte that is not UTF-8 is written ``\xe9``, a line feed ``\x0a``."""
    return AWKWARD.sub(_escaped, os.fspath(path))


def decoded(text: str) -> str:
    r"""Return what was typed with each byte that is not UTF-8 written as ``\xe9``."""
    return UNDECODED.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]) & 0xFF:02x}"


def path_of(text: str) -> Path:
    r"""Return the path that a user or :func:`text_of` wrote.

    ``~`` is the user's home, and ``~nobody`` stays as it is. ``\xe9`` means that byte where no file is spelt so.
    """
    path = os.path.expanduser(text)  # noqa: PTH111 - pathlib's raises where there is no such user
    if "\\x" in path and not exists(path):
        meant = os.fsdecode(ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), os.fsencode(path)))
        return Path(meant if exists(meant) else path)
    return Path(path)


def exists(path: str | os.PathLike[str]) -> bool:
    """Tell whether there is such a file or folder; what can be no path at all, as a very long text, is not there."""
    return os.path.exists(path)  # noqa: PTH110 - pathlib's raises for a name that is too long


def apart(names: Iterable[str]) -> list[str]:
    r"""Return names as they are shown: those that look alike, since only their Unicode forms differ, with escapes.

    ``caf\u00e9`` is another one than ``caf\xe9``, in which a byte is no UTF-8; see :func:`text_of`.
    """
    names = list(names)
    alike = Counter(unicodedata.normalize("NFC", name) for name in dict.fromkeys(names))
    return [in_code_points(name) if alike[unicodedata.normalize("NFC", name)] > 1 else name for name in names]


def in_code_points(name: str) -> str:
    r"""Return a name with each character that is not ASCII as its code point, ``\u00e9``."""
    return re.sub(r"[^\x00-\x7f]", lambda found: f"\\u{ord(found[0]):04x}", name)


def path_completions(begun: str) -> tuple[str, ...]:
    """Return the paths on the disk that begin like a text, written as it is: ``~`` stays, folders end with a slash.

    Args:
        begun: a path that begins with ``/``, ``~`` or ``.`` or has a slash in it, or any after ``folder:``; a network's
            name may precede it, as in ``vgg16:/weights``. Nothing is offered for other texts.
    """
    name, colon, path = begun.rpartition(":")
    only_folders = name == "folder"
    if not (only_folders or "/" in path or path.startswith(("~", "."))):
        return ()
    if path == "~":
        return (f"{name}{colon}~/",)
    head, slash, tail = path.rpartition("/")
    try:
        with os.scandir(path_of(f"{head}{slash}") if slash else Path()) as entries:
            found = [
                (entry.name, entry.is_dir())
                for entry in entries
                if entry.name.casefold().startswith(tail.casefold())
                and entry.name.startswith(".") <= tail.startswith(".")
            ]
    except OSError:
        return ()
    return tuple(
        f"{name}{colon}{head}{slash}{text_of(entry)}{'/' if folder else ''}"
        for entry, folder in sorted(found)
        if folder or not only_folders
    )
