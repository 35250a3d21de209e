"""Which code runs here: metadata of an installed package may belong to another copy of it."""

import platform
from pathlib import Path

VERSION = "0.1.0"
CODE_FOLDER = str(Path(__file__).resolve().parents[1])
CODE = f"{VERSION} in {CODE_FOLDER}"
"""Both in words."""


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python, of this code and of those of the packages that are installed; imports none."""
    import importlib.metadata

    found = {"python": platform.python_version(), "phosphene": VERSION}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
