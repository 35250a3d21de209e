"""What installed packages add to the catalogues through entry points; what of it cannot be read is left out."""

from __future__ import annotations

import importlib.metadata
import re
import warnings
from typing import TYPE_CHECKING, Protocol, TypeVar

from engine.errors import first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NAME = re.compile(r"[a-z][a-z0-9-]*")


class LeftOut(UserWarning):
    """A package, or something that it declares, is in no catalogue; the text is a sentence that names it."""


class Named(Protocol):
    """What a catalogue holds."""

    @property
    def name(self) -> str:
        """Under which it is found."""


T = TypeVar("T", bound=Named)


def with_additions(
    built_in: Mapping[str, T], group: str, kind: type[T], what: str, check: Callable[[T], None]
) -> dict[str, T]:
    """Return what is built in and what packages add to it, by name; what is left out is told by a `LeftOut` warning.

    Args:
        built_in: by name; nothing replaces it.
        group: of entry points, each of which names one thing or several.
        kind: of what they name.
        what: it is, in the singular.
        check: raises ValueError for one that cannot be taken.
    """
    found = dict(built_in)
    for entry in importlib.metadata.entry_points(group=group):
        try:
            declared = list(_declared(entry.load(), kind, what, check))
        except KeyboardInterrupt:
            raise
        # A broken package of somebody else must not stop the workbench, nor one that calls sys.exit where it is read.
        except BaseException as error:  # noqa: BLE001
            why = "it ends the program that reads it" if isinstance(error, SystemExit) else first_line(error)
            warnings.warn(f"the {what}s of {entry.value} are left out: {why}", LeftOut, stacklevel=2)
            continue
        for one in declared:
            if found.setdefault(one.name, one) is not one:
                told = f"{one.name} of {entry.value} is left out: another {what} has that name"
                warnings.warn(told, LeftOut, stacklevel=2)
    return found


def _declared(value: object, kind: type[T], what: str, check: Callable[[T], None]) -> Iterator[T]:
    for one in (value,) if isinstance(value, kind) else tuple(value):  # type: ignore[arg-type]
        if not isinstance(one, kind):
            raise TypeError(f"expected {_one(kind.__name__)}, found {type(one).__name__}")
        if not NAME.fullmatch(one.name):
            raise ValueError(f"{one.name!r} cannot name {_one(what)}: use small letters, digits and hyphens")
        check(one)
        yield one


def _one(what: str) -> str:
    return f"{'an' if what[0] in 'AEIOUaeiou' else 'a'} {what}"
