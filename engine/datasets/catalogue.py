"""Which data sets exist: the built-in table and the entry points ``phosphene.datasets``. No torch."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from engine import wording
from engine.datasets.table import SOURCES, Source
from engine.errors import DataUnavailable
from engine.packages import with_additions

if TYPE_CHECKING:
    from collections.abc import Mapping

ENTRY_POINTS = "phosphene.datasets"
RESERVED = frozenset(("folder", "sample", "run", "random"))
"""Words that mean something else where a data set is named."""


@functools.cache
def datasets() -> Mapping[str, Source]:
    """Return every data set by name, the built-in ones first.

    What of a package cannot be read is left out, with a warning that names it.
    """
    return with_additions({source.name: source for source in SOURCES}, ENTRY_POINTS, Source, "data set", _check)


def _check(source: Source) -> None:
    if source.name in RESERVED:
        raise ValueError(f"{source.name!r} cannot name a data set: the word means something else there")
    if not (source.loader or source.tree or source.lister):
        raise ValueError(f"{source.name} has no loader, tree or lister: nothing says how its images are read")
    if not source.classes:
        raise ValueError(f"{source.name} names no classes")


def dataset(name: str) -> Source:
    """Return the data set of that name.

    Raises:
        DataUnavailable: with the nearest name there is.
    """
    known = datasets()
    if name in known:
        return known[name]
    hint = wording.meant(name, known, f"there are: {', '.join(known)} and folder:PATH")
    raise DataUnavailable(f"there is no data set {name!r}; {hint}")
