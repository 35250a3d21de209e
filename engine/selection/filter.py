"""A filter of runs: parsed once, compiled into closures, asked run by run."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine import wording
from engine.selection.language import And, Compare, Literal, Marked, Node, Not, Or, Word, parse_tree, word
from engine.selection.values import FACTS, MISSING, READ_ANEW, TEXTS, Logs, getter, is_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.record.workspace import Listed

Test = Callable[["Listed", Logs], bool]
Check = Callable[[Any], bool]

NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|nan)")
BOOLEANS = {"on": True, "true": True, "off": False, "false": False}
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Filter:
    """Which runs are meant; ``str`` writes it so that :func:`parse` reads the same."""

    tree: Node
    _test: Test = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_test", _compiled(self.tree))

    def __str__(self) -> str:
        return str(self.tree)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that it asks for, each once."""
        return tuple(dict.fromkeys(_fields(self.tree)))

    def matches(self, run: Listed, logs: Logs = READ_ANEW) -> bool:
        """Tell whether a run is meant.

        Args:
            run: as listed, with record, status and annotations; any of them may be damaged or empty.
            logs: what the logs of runs say, such as `Histories`; asked for metrics and time spans.
        """
        return self._test(run, logs)


def parse(text: str) -> Filter:
    """Return the filter that a text means.

    Raises:
        InvalidFilter: naming the position and what could stand there.
    """
    return Filter(parse_tree(text))


def number(text: str) -> float | int | None:
    """Return the number that a word is, or None."""
    if not NUMBER.fullmatch(text):
        return None
    whole = text.lstrip("+-").isdecimal() and len(text) < 300
    return int(text) if whole else float(text)


def literal(value: Any) -> str:
    """Return the value of a field as it can stand after ``=``."""
    text = wording.setting(value)
    if isinstance(value, str):
        return str(Literal(text, quoted=True)) if number(text) is not None else word(text)
    return text


def _compiled(node: Node) -> Test:
    match node:
        case And(parts):
            return _all([_compiled(part) for part in parts])
        case Or(parts):
            tests = [_compiled(part) for part in parts]
            return lambda run, logs: any(test(run, logs) for test in tests)
        case Not(part):
            inner = _compiled(part)
            return lambda run, logs: not inner(run, logs)
        case Word(text):
            return _word(text.casefold())
        case Marked("has" | "sweep" as kind, name):
            return (_has if kind == "has" else _of_sweep)(name)
        case Marked(kind, name):
            node = Compare(kind, "=", Literal(name, quoted=True))
    return _compare(node)


def _fields(node: Node) -> Iterator[str]:
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _fields(part)
        case Not(part):
            yield from _fields(part)
        case Compare(name) | Marked("has", name):
            yield name


def _all(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda run, logs: first(run, logs) and second(run, logs)
    return lambda run, logs: all(test(run, logs) for test in tests)


def _word(part: str) -> Test:
    def test(run: Listed, _: Logs) -> bool:
        # Most words are sought in ids, which hold the experiment and no capitals.
        if part in run.id or part in run.name.casefold() or part in run.id.casefold():
            return True
        return run.record is not None and part in run.record.experiment.casefold()

    return test


def _of_sweep(name: str) -> Test:
    """Return whether a run was launched by the sweep of an id, or of its last part, as lists show it."""
    return lambda run, _: run.record is not None and f"-{run.record.sweep}".endswith(f"-{name}")


def _has(name: str) -> Test:
    get = getter(name)
    if name in TEXTS or name in FACTS:
        return lambda run, logs: get(run, logs) not in (MISSING, "", ())
    return lambda run, logs: get(run, logs) is not MISSING


def _compare(node: Compare) -> Test:
    get, check = getter(node.field), _check(node)
    if node.field == "tag":
        if node.operator == "!=":
            return lambda run, _: all(map(check, run.annotations.tags))
        return lambda run, _: any(map(check, run.annotations.tags))

    def test(run: Listed, logs: Logs) -> bool:
        value = get(run, logs)
        return value is not MISSING and check(value)

    return test


def _check(node: Compare) -> Check:
    """Return the test of a value that a run has."""
    if node.operator == "~":
        part = node.value.text.casefold()
        return lambda value: part in wording.setting(value).casefold()
    text = node.field in TEXTS or node.value.quoted
    wanted = None if text else number(node.value.text)
    if node.operator in _ORDERED:
        return _order(_ORDERED[node.operator], node.value.text if wanted is None else wanted)
    equal = _equal(node.value, wanted)
    return equal if node.operator == "=" else lambda value: not equal(value)


def _order(compare: Callable[[Any, Any], bool], wanted: Any) -> Check:
    if isinstance(wanted, str):
        return lambda value: isinstance(value, str) and compare(value, wanted)
    return lambda value: is_number(value) and compare(value, wanted)


def _equal(typed: Literal, wanted: float | None) -> Check:
    text, boolean = typed.text, None if typed.quoted else BOOLEANS.get(typed.text.lower())
    if wanted is not None:
        if wanted != wanted:  # noqa: PLR0124 - only NaN differs from itself
            return lambda value: isinstance(value, float) and math.isnan(value)
        return lambda value: is_number(value) and value == wanted

    def check(value: Any) -> bool:
        if isinstance(value, str):
            return value == text
        if isinstance(value, bool):
            return value is boolean
        return not is_number(value) and not typed.quoted and wording.setting(value) == text

    return check
