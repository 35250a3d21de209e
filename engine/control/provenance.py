"""What a run's record says about the software: versions of packages, and the state of the user's git tree."""

from __future__ import annotations

import functools
import subprocess
from typing import Any

from engine import version

PACKAGES = ("torch", "torchvision", "numpy", "scikit-learn")


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages results depend on, without importing them."""
    return version.versions(*PACKAGES)


def git_state() -> dict[str, Any]:
    """Return the commit of the git tree here and whether files differ from it; an empty dict outside of one.

    The tree is only looked at: a command that is ended because it takes too long leaves no lock in it.
    """
    command = ["git", "--no-optional-locks", "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=2, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return {}
    lines = done.stdout.splitlines()
    commit = next((line.split()[2] for line in lines if line.startswith("# branch.oid ")), "")
    return {"commit": commit, "dirty": any(not line.startswith("#") for line in lines)}
