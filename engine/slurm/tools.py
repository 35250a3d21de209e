"""Slurm's commands, each with a limit of time. What one refuses comes back in its own words; silence is told apart."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 10.0
"""For so long a command may take that asks; a busy controller answers within one or two."""
SUBMIT_SECONDS = 60.0
"""For so long `sbatch` may take: it tries again by itself while the controller is busy."""
_UNREACHABLE = (
    "unable to contact slurm controller",
    "socket timed out",
    "connection refused",
    "connection timed out",
    "unable to establish controller machine",
    "zero bytes were transmitted",
    "could not establish a configuration source",
    "communication connection failure",
    "protocol authentication error",
    "invalid authentication credential",
    "unable to accept job",
    "submit limit",
)
"""What stands in the words of a command that reached nobody, or somebody who has no room yet: later it may be done."""


class Refused(Exception):
    """Slurm has answered, and will not do it; the text is its own first sentence."""


class Silent(Exception):
    """Slurm has not answered: nobody knows whether it is so. The text says what did not answer."""


def is_here() -> bool:
    """Tell whether jobs can be submitted from this host."""
    return shutil.which("sbatch") is not None


def call(*words: str, seconds: float | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Run one of Slurm's commands and return what it prints.

    Args:
        words: the command.
        seconds: after which it is ended; SECONDS if None.
        environment: for it; this process's if None, without what would change its question.

    Raises:
        Refused: if Slurm refuses.
        Silent: if there is no such command here, if it takes too long, or if it reaches nobody.
    """
    limit = SECONDS if seconds is None else seconds
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
            check=False,
            stdin=subprocess.DEVNULL,
            env=_plain(os.environ if environment is None else environment),
        )
    except subprocess.TimeoutExpired:
        raise Silent(f"{words[0]} has not answered within {limit:g} s") from None
    except OSError as error:
        raise Silent(f"there is no {words[0]} here" if isinstance(error, FileNotFoundError) else str(error)) from None
    if done.returncode == 0:
        return done.stdout
    said = _sentence(words[0], done.stderr) or f"{words[0]} ended with status {done.returncode}"
    if any(sign in done.stderr.casefold() for sign in _UNREACHABLE):
        raise Silent(f"Slurm does not answer ({said})")
    raise Refused(said)


def _plain(variables: Mapping[str, str]) -> dict[str, str]:
    """Leave out what users set to have `squeue` show less, and what a surrounding job says of itself."""
    kept = ("SLURM_CONF", "SLURM_CLUSTERS", "SLURM_TIME_FORMAT")
    return {
        name: value
        for name, value in variables.items()
        if name in kept or not name.startswith(("SQUEUE_", "SLURM_", "SLURMD_"))
    }


def _sentence(command: str, words: str) -> str:
    """Return the last sentence that a command says of an error, without its own name in front."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    errors = [line.partition("error: ")[2] for line in lines if line.startswith(f"{command}: error: ")]
    said = errors or lines
    # The first says what is wrong; the last, if another, only that nothing came of it.
    return said[0].removeprefix("Batch job submission failed: ").rstrip(".") if said else ""
