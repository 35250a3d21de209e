"""The answer to the TAB key: typer knows what may follow; what shells ask and how they want it told stands here.

The scripts that ``phosphene --install-completion`` writes start the command with the line in environment variables.
Whatever goes wrong, nothing but completions is printed, because it would be printed into the user's line.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
from dataclasses import dataclass

ASKED = "_PHOSPHENE_COMPLETE"
"""The variable with the shell's question: ``complete_bash``, ``complete_zsh`` or ``complete_fish``."""
LINE = "_TYPER_COMPLETE_ARGS"
ACTION = "_TYPER_COMPLETE_FISH_ACTION"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the word at the cursor may become, whole and unquoted, and what it means."""

    value: str
    meaning: str = ""


def answer() -> int:
    """Print what may follow the line that a shell asks about, in that shell's own way."""
    shell = os.environ[ASKED].removeprefix("complete_")
    if shell not in {"bash", "zsh", "fish"}:
        from commands.main import app

        return int(app(prog_name="phosphene") or 0)
    line = _bash_line() if shell == "bash" else os.environ.get(LINE, "")
    asks_whether = os.environ.get(ACTION) == "is-args"
    if asks_whether and (line.count(" ") < 3 or re.fullmatch(r"-[^=]*", _word(line))):
        # fish asks twice, first whether files are out of the question: commands, experiments and options are none.
        return 0
    # Typer would take defaults in brackets for the markup of rich, whose import takes longer than the answer.
    sys.modules["rich"] = None  # type: ignore[assignment]
    found = _candidates(line)
    if shell == "bash":
        print("\n".join(_for_bash(found, _word(line))))  # noqa: T201
    elif shell == "zsh":
        print(_for_zsh(found))  # noqa: T201
    elif not asks_whether:
        print("\n".join(f"{each.value}\t{each.meaning}" for each in found))  # noqa: T201
    return int(asks_whether and not found)


def _candidates(line: str) -> list[Candidate]:
    """Return what may follow a line; behind a word that nothing but options can follow, the options."""
    word = _word(line)
    found = _told(line) or ([] if word else _told(f"{line}-"))
    # Of `--option=value` typer tells the value alone.
    assigned = re.match(r"--[\w-]+=", word)
    return [Candidate(f"{assigned.group()}{each.value}", each.meaning) for each in found] if assigned else found


def _told(line: str) -> list[Candidate]:
    """Return what typer says may follow a line; it is asked as fish asks, which takes values and meanings bare."""
    from commands.main import app

    os.environ.update({ASKED: "complete_fish", ACTION: "get-args", LINE: line})
    told = io.StringIO()
    # An unknown experiment, a broken package: nothing can follow.
    with (
        contextlib.redirect_stdout(told),
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.suppress(Exception, SystemExit),
    ):
        app(prog_name="phosphene")
    rows = [row.partition("\t") for row in told.getvalue().splitlines() if row]
    return [Candidate(value, meaning) for value, _, meaning in rows]


def _word(line: str) -> str:
    """Return the word at the end of a line as it is typed, the empty string behind a space."""
    found = re.search(r"""(?:\\.|"[^"]*"?|'[^']*'?|[^\s\\"'])*$""", line)
    return found.group() if found else ""


def _bash_line() -> str:
    """Return the line up to the cursor: bash gives its words, cut at every ``:`` and ``=``."""
    words = os.environ["COMP_WORDS"].split("\n")[: int(os.environ["COMP_CWORD"]) + 1]
    line = ""
    for word in words:
        joined = not line or line.endswith((":", "=")) or (word and not word.strip(":="))
        line += word if joined else f" {word}"
    return line


def _for_bash(found: list[Candidate], word: str) -> list[str]:
    """Quote as the user does, and leave out what stands before the last ``:`` or ``=``: bash replaces the rest."""
    if word.startswith(('"', "'")):
        return [each.value for each in found]
    kept = max(word.rfind(":"), word.rfind("=")) + 1
    return [re.sub(r"([^\w@%+=:,./~^-])", r"\\\1", each.value)[kept:] for each in found]


def _for_zsh(found: list[Candidate]) -> str:
    """Return what zsh evaluates: a list with meanings, or files, also behind ``folder:``."""
    if not found:
        return "compset -P '*[:=]'; _files"
    entries = [each.value.replace("\\", "\\\\").replace(":", "\\:") for each in found]
    told = [f"{entry}:{each.meaning}" if each.meaning else entry for entry, each in zip(entries, found, strict=True)]
    return f"local -a told; told=({' '.join(map(shlex.quote, told))}); _describe '' told"
