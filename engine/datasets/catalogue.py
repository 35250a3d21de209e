"""Which data sets exist: the built-in table and the entry points ``phosphene.datasets``. No torch."""

from __future__ import annotations

import difflib
import functools
import importlib.metadata
import re
import warnings
from typing import TYPE_CHECKING, Any

from engine.datasets.table import SOURCES, Source
from engine.errors import DataUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

ENTRY_POINTS = "phosphene.datasets"
NAME = re.compile(r"[a-z][a-z0-9-]*")
RESERVED = frozenset(("folder", "sample", "run", "random"))
"""Words that mean something else where a data set is named."""


@functools.cache
def datasets() -> Mapping[str, Source]:
    """Return every data set by name, the built-in ones first.

    A package that fails to declare its data sets is left out with a warning that names it.
    """
    found = {entry.name: entry for entry in SOURCES}
    for entry_point in importlib.metadata.entry_points(group=ENTRY_POINTS):
        try:
            declared = _declared(entry_point.load())
        except Exception as error:  # noqa: BLE001 - somebody else's package must not take the workbench down
            warnings.warn(f"the data sets of {entry_point.value} are left out: {error}", RuntimeWarning, stacklevel=2)
            continue
        found |= {source.name: source for source in declared if source.name not in found}
    return found


def _declared(value: Any) -> tuple[Source, ...]:
    sources = (value,) if isinstance(value, Source) else tuple(value)
    for source in sources:
        if not isinstance(source, Source):
            raise TypeError(f"expected a Source, found {type(source).__name__}")
        if not NAME.fullmatch(source.name) or source.name in RESERVED:
            raise ValueError(f"{source.name!r} cannot name a data set: use small letters, digits and hyphens")
        if not (source.loader or source.tree or source.lister):
            raise ValueError(f"{source.name} has no loader, tree or lister: nothing says how its images are read")
        if not source.classes:
            raise ValueError(f"{source.name} names no classes")
    return sources


def dataset(name: str) -> Source:
    """Return the data set of that name.

    Raises:
        DataUnavailable: with the nearest name there is.
    """
    known = datasets()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)} and folder:PATH"
    raise DataUnavailable(f"there is no data set {name!r}; {hint}")
