"""How a data set is named, and what its name alone tells. No torch.

``mnist``; ``digits:5-9`` (only the classes from the fifth to the ninth, counted from 0); ``celeba:Smiling`` or
``celeba:31`` (without and with an attribute); ``folder:PATH`` (a tree of photographs, ``{train,test}/<class>/*`` or
``<class>/*``).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.datasets.catalogue import dataset
from engine.errors import DataUnavailable
from engine.paths import path_of, text_of

if TYPE_CHECKING:
    from pathlib import Path

    from engine.datasets.table import Source

FOLDER = "folder:"


@dataclass(frozen=True, slots=True)
class DatasetName:
    """A data set as named.

    Attributes:
        source: its declaration; None for a folder.
        folder: of a user's own photographs; None for a declared data set.
        classes: the first and the last class that are taken, counted from 0; None for all.
        attribute: that makes the two classes; empty where images have none.
    """

    source: Source | None
    folder: Path | None = None
    classes: tuple[int, int] | None = None
    attribute: str = ""

    @property
    def photographs(self) -> bool:
        """Whether the images are photographs that differ in size, in files of their own."""
        return self.source is None or not self.source.loader

    @property
    def channels(self) -> int:
        """How many channels the images have; photographs in a folder count as colour."""
        return self.source.channels if self.source else 3

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes that are taken; of a folder, nothing, because only a listing tells."""
        if self.attribute:
            return (f"not {self.attribute}", self.attribute)
        if self.source is None:
            return ()
        first, last = self.classes or (0, len(self.source.classes) - 1)
        return self.source.classes[first : last + 1]


def parse(text: str) -> DatasetName:
    """Read a data set's name.

    Raises:
        DataUnavailable: with the nearest name there is, or saying how classes are chosen.
    """
    name, colon, rest = text.strip().partition(":")
    if name == FOLDER.removesuffix(":"):
        if not rest:
            raise DataUnavailable("folder: needs a path after it, as in folder:~/photographs")
        return DatasetName(None, path_of(rest))
    source = dataset(name)
    if source.attributes:
        return DatasetName(source, attribute=_attribute(rest or source.classes[1], source))
    if not colon:
        return DatasetName(source)
    first, dash, last = rest.partition("-")
    numbers = [int(part) for part in (first, last) if part.isascii() and part.isdecimal() and len(part) < 10]
    if not (dash and len(numbers) == 2 and numbers[0] < numbers[1]):
        raise DataUnavailable(f"the classes of {name} are chosen as first-last, as in digits:5-9, not {rest!r}")
    if numbers[1] >= len(source.classes):
        raise DataUnavailable(f"{name} has the classes 0 to {len(source.classes) - 1}, not up to {last}")
    return DatasetName(source, classes=(numbers[0], numbers[1]))


def _attribute(text: str, source: Source) -> str:
    """Return an attribute by its name in any spelling, or by its number, counted from 0."""
    if text.isascii() and text.isdecimal() and len(text) < 10 and int(text) < len(source.attributes):
        return source.attributes[int(text)]
    plain = {name.casefold().replace("_", " "): name for name in source.attributes}
    wanted = text.casefold().replace("_", " ").replace("-", " ").strip()
    if wanted in plain:
        return plain[wanted]
    near = difflib.get_close_matches(wanted, plain, n=1)
    some = ", ".join(source.attributes[:3])
    hint = f"did you mean {plain[near[0]]}?" if near else f"there are {len(plain)}, as {some}"
    raise DataUnavailable(f"{source.name} has no attribute {text!r}; {hint}")


def check(text: str) -> str:
    """Return the name of a data set without the spaces around it.

    Raises:
        ValueError: as :func:`parse` says it.
    """
    try:
        parse(text)
    except DataUnavailable as error:
        raise ValueError(str(error)) from None
    return text_of(text.strip())


def absolute(text: str) -> str:
    """Return the name of a data set in full, so that it means the same from anywhere: paths, names of attributes."""
    named = parse(text)
    if named.source is not None and named.attribute:
        return f"{named.source.name}:{named.attribute}"
    return text if named.folder is None else f"{FOLDER}{text_of(named.folder.absolute())}"
