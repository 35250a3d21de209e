"""The filter language: words into a tree, and the tree into words again.

::

    filter     = conditions { "OR" conditions }
    conditions = condition { ["AND"] condition }
    condition  = "NOT" condition | "(" filter ")" | FIELD OPERATOR VALUE | has:NAME | tag:NAME | sweep:ID | WORD

Operators are ``= != < <= > >= ~``. Text in double or single quotes may hold anything; a backslash takes the next
character as it is. The empty filter holds for every run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.errors import InvalidFilter

OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "~")
KEYWORDS = ("AND", "OR", "NOT")
PREFIXES = ("has", "tag", "sweep")
DEEPEST = 60
"""How many parentheses and NOTs may stand inside each other."""

_WORD = r"""(?:[^\s()=<>~"'!]|!(?!=))+"""
_TOKEN = re.compile(
    rf"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    rf"""|(?P<operator>!=|<=|>=|[=<>~])|(?P<bracket>[()])|(?P<word>{_WORD})""",
    re.DOTALL,
)
_PREFIXED = re.compile(rf"({'|'.join(PREFIXES)}):(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it was typed; in quotes it is text, whatever it looks like."""

    text: str
    quoted: bool = False

    def __str__(self) -> str:
        return _quoted(self.text) if self.quoted else self.text


@dataclass(frozen=True, slots=True)
class Compare:
    """``field operator value``."""

    field: str
    operator: str
    value: Literal

    def __str__(self) -> str:
        return f"{word(self.field)}{self.operator}{self.value}"


@dataclass(frozen=True, slots=True)
class Marked:
    """``has:NAME``, ``tag:NAME`` or ``sweep:ID``."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{word(self.name)}"


@dataclass(frozen=True, slots=True)
class Word:
    """A part of an id, a name or an experiment's name."""

    text: str

    def __str__(self) -> str:
        return word(self.text)


@dataclass(frozen=True, slots=True)
class Not:
    """What must not hold."""

    part: Node

    def __str__(self) -> str:
        return f"NOT {_inside(self.part, And, Or)}"


@dataclass(frozen=True, slots=True)
class And:
    """What must all hold; without parts, as in the empty filter, it holds always."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " ".join(_inside(part, Or) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """Of which at least one must hold."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(map(str, self.parts))


Node = Compare | Marked | Word | Not | And | Or


def _inside(part: Node, *looser: type[Node]) -> str:
    return f"({part})" if isinstance(part, looser) else str(part)


def word(text: str) -> str:
    """Return a text as it can stand in a filter, in quotes where it would be taken for something else."""
    plain = re.fullmatch(_WORD, text) and text not in KEYWORDS and not text.endswith("!")
    return text if plain and not _PREFIXED.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    escaped = re.sub(r'(["\\])', r"\\\1", text)
    return f'"{escaped}"'


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a filter: what it is, where it stands, and its text without quotes."""

    kind: str
    start: int
    end: int
    text: str

    @property
    def keyword(self) -> str:
        """The keyword it is, or the empty string."""
        return self.text if self.kind == "word" and self.text in KEYWORDS else ""

    @property
    def closes(self) -> bool:
        """Whether it is a closing parenthesis."""
        return self.kind == "bracket" and self.text == ")"


def tokens(text: str) -> list[Token]:
    """Cut a filter into its pieces.

    Raises:
        InvalidFilter: if a quote is not closed.
    """
    found: list[Token] = []
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            quote = text[place]
            raise InvalidFilter(f"the quote {quote} is not closed; for example name~{quote}two words{quote}", place)
        piece = match.group()
        if match.lastgroup == "string":
            piece = re.sub(r"\\(.)", r"\1", piece[1:-1], flags=re.DOTALL)
        found.append(Token(match.lastgroup, place, match.end(), piece))
        place = match.end()
    return found


def parse_tree(text: str) -> Node:
    """Return the tree of a filter.

    Raises:
        InvalidFilter: naming the position and what could stand there.
    """
    parser = _Parser(text)
    if not parser.left:
        return And(())
    tree = parser.filter(0)
    if parser.left:
        raise InvalidFilter("no parenthesis is open here; leave this one out or open one before", parser.place)
    return tree


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._next = 0
        self._end = len(text)

    @property
    def left(self) -> bool:
        return self._next < len(self._tokens)

    @property
    def token(self) -> Token:
        """The next token, at the end an empty one."""
        return self._tokens[self._next] if self.left else Token("end", self._end, self._end, "")

    @property
    def place(self) -> int:
        return self.token.start

    def take(self) -> Token:
        token = self.token
        self._next += 1
        return token

    def filter(self, depth: int) -> Node:
        parts = [self.conditions("", depth)]
        while self.token.keyword == "OR":
            self.take()
            parts.append(self.conditions("OR", depth))
        return _joined(Or, parts)

    def conditions(self, after: str, depth: int) -> Node:
        parts = [self.condition(after, depth)]
        while self.left and self.token.keyword != "OR" and not self.token.closes:
            if self.token.keyword == "AND":
                self.take()
                after = "AND"
            parts.append(self.condition(after, depth))
        return _joined(And, parts)

    def condition(self, after: str, depth: int) -> Node:
        token = self.token
        if depth > DEEPEST:
            raise InvalidFilter(f"more than {DEEPEST} parentheses and NOTs inside each other; write fewer", token.start)
        if token.keyword == "NOT":
            self.take()
            return Not(self.condition("NOT", depth + 1))
        if token.kind == "bracket" and token.text == "(":
            return self.group(depth)
        if token.kind in {"end", "bracket"} or token.keyword:
            where = f"must follow {after}" if after else "must stand here"
            raise InvalidFilter(f"a condition {where}; for example nz>=10", token.start)
        if token.kind == "operator":
            raise InvalidFilter(f"a field must stand before {token.text}; for example nz{token.text}10", token.start)
        return self.term()

    def group(self, depth: int) -> Node:
        opened = self.take().start
        inner = self.filter(depth + 1)
        if not self.left:
            raise InvalidFilter(f"a ) is missing for the ( at {opened + 1}", self.place)
        self.take()
        return inner

    def term(self) -> Node:
        first = self.take()
        if self.token.kind == "operator":
            return self.comparison(first)
        marked = _PREFIXED.fullmatch(first.text) if first.kind == "word" else None
        if marked is None:
            return Word(first.text)
        kind, name = marked.groups()
        if not name and self.token.kind == "string" and self.place == first.end:
            name = self.take().text
        if not name:
            raise InvalidFilter(f"a name must follow {kind}:; for example {EXAMPLES[kind]}", first.end)
        return Marked(kind, name)

    def comparison(self, field: Token) -> Node:
        operator = self.take()
        if not field.text:
            raise InvalidFilter(f"a field must stand before {operator.text}; for example nz>=10", field.start)
        value = self.token
        if value.keyword:
            raise InvalidFilter(f'{value.text} is a word of the language; as a value write "{value.text}"', value.start)
        if value.kind not in {"word", "string"}:
            example = f"{word(field.text)}{operator.text}10"
            raise InvalidFilter(f"a value must follow {operator.text}; for example {example}", value.start)
        self.take()
        if self.token.kind == "operator" and self.place == value.end:
            after = self.token.text
            raise InvalidFilter(f"{after} cannot follow a value; put a value that holds it in quotes", self.place)
        return Compare(field.text, operator.text, Literal(value.text, value.kind == "string"))


EXAMPLES = {"has": "has:test/accuracy", "tag": "tag:good", "sweep": "sweep:k3f"}


def _joined(kind: type[And | Or], parts: list[Node]) -> Node:
    """Return one node for its parts; those of the same kind inside are taken apart, as both are associative."""
    flat: list[Node] = []
    for part in parts:
        flat += part.parts if isinstance(part, kind) else (part,)
    return flat[0] if len(flat) == 1 else kind(tuple(flat))
