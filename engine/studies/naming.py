"""How a tier of a study is named in a command, in a report's outline and where the app asks for other values.

``gan-nz`` is a study, ``gan-nz:quick`` a tier of it, ``svm-c:full model=squeezenet1_1 seeds=5`` one with other values.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.errors import PhospheneError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.studies.study import Tier


@dataclass(frozen=True, slots=True)
class Named:
    """What such a name means.

    Attributes:
        study: its name.
        tier: None if the name says none.
        changed: values in place of the study's, by field, as typed.
        seeds: in place of the study's; 0 for these.
    """

    study: str
    tier: Tier | None = None
    changed: Mapping[str, str] = field(default_factory=dict)
    seeds: int = 0

    def __str__(self) -> str:
        """Write it so that :func:`named` reads it."""
        return shlex.join([f"{self.study}:{self.tier}" if self.tier else self.study, *self.values])

    @property
    def values(self) -> list[str]:
        """The words that say values and seeds, as :func:`changes` reads them."""
        return [
            *(f"{name}={value}" for name, value in self.changed.items()),
            *([f"seeds={self.seeds}"] if self.seeds else []),
        ]

    @property
    def options(self) -> list[str]:
        """The words that say tier, values and seeds to ``phosphene study``."""
        changed = [word for name, value in self.changed.items() for word in ("--set", f"{name}={value}")]
        tier = [f"--{self.tier}"] if self.tier else []
        return [*tier, *changed, *(["--seeds", str(self.seeds)] if self.seeds else [])]


def named(text: str) -> Named:
    """Return what a name means.

    Raises:
        PhospheneError: saying what cannot be read.
    """
    first, *more = _words(text) or [""]
    study, _, tier = first.partition(":")
    if tier not in {"", "full", "quick"}:
        raise PhospheneError(f"a study has the tiers full and quick, not {tier!r}")
    known: dict[str, Tier] = {"full": "full", "quick": "quick"}
    return Named(study, known.get(tier), *_changes(more))


def changes(text: str) -> tuple[Mapping[str, str], int]:
    """Return the values, by field, and the seeds that a text asks for: ``steps=100 'images=my photo.jpg' seeds=5``.

    Raises:
        PhospheneError: saying what cannot be read.
    """
    return _changes(_words(text))


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise PhospheneError(f"{text!r} cannot be read: {error}") from None


def _changes(words: Sequence[str]) -> tuple[Mapping[str, str], int]:
    found: dict[str, str] = {}
    for word in words:
        name, mark, value = word.partition("=")
        if not (mark and name and value):
            raise PhospheneError(f"{word!r} has no value: write, for example, steps=100 seeds=5")
        found[name.replace("-", "_")] = value
    seeds = found.pop("seeds", "0")
    if not (seeds.isascii() and seeds.isdecimal()):
        raise PhospheneError(f"seeds must be a whole number, got {seeds!r}")
    return found, int(seeds)
