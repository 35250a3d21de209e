"""What may follow in a half-typed filter: fields, operators, values. It looks at the list of runs and opens no log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine import wording
from engine.errors import InvalidFilter
from engine.selection.filter import literal
from engine.selection.language import OPERATORS, PREFIXES, Token, tokens, word
from engine.selection.values import ALWAYS, MISSING, UNREAD, getter

if TYPE_CHECKING:
    from engine.record.workspace import Listed

MOST_VALUES = 50
"""Values offered for a field: those that most runs have."""
OF_EVERY_RUN = "of every run"


@dataclass(frozen=True, slots=True)
class Completion:
    """What may stand from ``start`` up to the cursor.

    Attributes:
        start: how many characters of the text stay before it.
        value: what stands there then.
        meaning: a few words on it.
    """

    start: int
    value: str
    meaning: str = ""


def complete(text: str, cursor: int, runs: Sequence[Listed]) -> list[Completion]:
    """Return what the piece that ends at the cursor may become.

    Args:
        text: of the whole filter; it may be anything.
        cursor: how many characters stand before the cursor.
        runs: whose fields and values are offered.
    """
    before = text[: max(cursor, 0)]
    pieces, start = _before_cursor(before)
    typed = before[start:]
    if pieces and pieces[-1].kind == "operator":
        return _starting(typed, start, _values(pieces[-2].text if len(pieces) > 1 else "", runs))
    prefix, colon, _ = typed.partition(":")
    if colon and prefix in PREFIXES:
        return _starting(typed, start, {f"{prefix}:{word(name)}": said for name, said in _marks(prefix, runs).items()})
    known = fields(runs)
    found = _starting(typed, start, {word(name): said for name, said in known.items()})
    if typed in known:
        found += [Completion(start, f"{typed}{operator}") for operator in OPERATORS]
    others = [*(f"{each}:" for each in PREFIXES), "NOT", *(("AND", "OR") if pieces else ())]
    return found + _starting(typed, start, dict.fromkeys(others, ""))


def fields(runs: Iterable[Listed]) -> dict[str, str]:
    """Return the names of the fields that runs have, each with what it is."""
    found = dict.fromkeys(ALWAYS, OF_EVERY_RUN)
    for run in runs:
        if run.record is not None:
            found |= dict.fromkeys(run.record.hyperparameters.keys() - found.keys(), "hyperparameter")
        found |= dict.fromkeys(run.status.result.keys() - found.keys(), "result")
    return dict(sorted(found.items(), key=lambda item: (item[1] != OF_EVERY_RUN, item)))


def _before_cursor(before: str) -> tuple[list[Token], int]:
    """Return the whole pieces before the one that is being typed, and where that begins."""
    try:
        pieces = tokens(before)
    except InvalidFilter as error:
        return tokens(before[: error.position]), error.position
    if pieces and pieces[-1].end == len(before) and (pieces[-1].kind == "word" or before.endswith(('"', "'"))):
        return pieces[:-1], pieces[-1].start
    return pieces, len(before)


def _starting(typed: str, start: int, offered: Mapping[str, str]) -> list[Completion]:
    plain = typed.lstrip("\"'").casefold()
    return [
        Completion(start, value, meaning)
        for value, meaning in offered.items()
        if re.sub(r"[\"']", "", value, count=1).casefold().startswith(plain) and value != typed
    ]


def _values(field: str, runs: Iterable[Listed]) -> dict[str, str]:
    """Return the values that runs have in a field, as they can stand in a filter."""
    get = getter(field)
    counted: Counter[str] = Counter()
    for run in runs:
        value = get(run, UNREAD)
        for one in value if isinstance(value, tuple) else (value,):
            if one is not MISSING and one != "":
                counted[literal(one)] += 1
    if field == "state":
        counted.update(dict.fromkeys(wording.STATE_MARKS, 0))
    return {value: _how_many(count) for value, count in counted.most_common(MOST_VALUES)}


def _marks(prefix: str, runs: Sequence[Listed]) -> dict[str, str]:
    if prefix == "has":
        return {
            name: said
            for name, said in fields(runs).items()
            if said != OF_EVERY_RUN or name in {"note", "name", "result"}
        }
    get = getter(prefix)
    values = [get(run, UNREAD) for run in runs]
    counted = Counter(one for value in values for one in (value if isinstance(value, tuple) else (value,)))
    return {name: _how_many(count) for name, count in counted.most_common(MOST_VALUES) if name not in (MISSING, "")}


def _how_many(count: int) -> str:
    return "" if not count else "1 run" if count == 1 else f"{count:,} runs"
