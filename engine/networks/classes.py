"""The classes a network tells apart, and how a user names some of them. No torch.

A class is named by its number, its WordNet id (``n01828970``), its name or a synonym in any spelling
(``bee eater``, ``Bee-Eater``), or by words that only one name has (``great white``).
"""

from __future__ import annotations

import difflib
import functools
import re
from typing import TYPE_CHECKING, Any

from engine.datasets import sources
from engine.datasets.imagenet import WNID, imagenet, imagenet_names
from engine.errors import PhospheneError
from engine.networks.names import SMALL_CNN, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ALL = "all"
PREDICTED, TRUE, LEAST_LIKELY = "predicted", "true", "least-likely"


NEAR = 4
"""How many names are suggested for one that the network does not know."""


class UnknownClass(PhospheneError):
    """A network knows no class of that name; the text names the nearest."""


def known(model: str, record_of: Callable[[str], Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the names of the classes a network tells apart; nothing where only the network itself knows.

    Args:
        model: as named; see :mod:`engine.networks.names`.
        record_of: returns the hyperparameters of an earlier run by its id: what it trained tells the classes of its
            data set apart.
    """
    name = parse(model)
    if name.weights == "run":
        values = record_of(name.detail)
        dataset = values.get("dataset", values.get("source"))
        return sources.classes_of(str(dataset)) if dataset else ()
    if name.architecture == SMALL_CNN:
        return sources.classes_of(name.detail or "digits")
    return imagenet_names()


def find(text: str, classes: Sequence[str], most: int = 1_000_000) -> list[int]:
    """Return the numbers of the classes that are named, in the order named, each once.

    Raises:
        UnknownClass: for the first name that is not a class, with the nearest; if too few or too many are named.
    """
    spelt = _spelling(tuple(classes))
    if text.strip().casefold() == ALL:
        return _few(list(range(len(classes))), most)
    # A single name may have a comma in it.
    parts = [text] if text.strip() in classes or _plain(text) in spelt else text.split(",")
    found = [_find(part.strip(), classes, spelt) for part in parts if part.strip()]
    if not found:
        raise UnknownClass(f"no class is named: write a number, a name or several, as in {_some(classes)}")
    return _few(list(dict.fromkeys(found)), most)


def _few(numbers: list[int], most: int) -> list[int]:
    if len(numbers) > most:
        raise UnknownClass(f"{len(numbers):,} classes are named: name {f'at most {most}' if most > 1 else 'one'}")
    return numbers


def _find(text: str, classes: Sequence[str], spelt: Mapping[str, int]) -> int:
    if text in classes:
        return classes.index(text)
    alike = [number for number, name in enumerate(classes) if _plain(name) == _plain(text)]
    if len(alike) > 1:  # Cardigan is a dog, cardigan is a garment.
        raise UnknownClass(f"{text!r} is more than one class: {_listed([classes[number] for number in alike])}")
    if _plain(text) in spelt:
        return spelt[_plain(text)]
    if text.isascii() and text.isdecimal() and not all(name.isdecimal() for name in classes):
        if int(text) < len(classes):
            return int(text)
        raise UnknownClass(f"there is no class {text}: the network's classes are counted from 0 to {len(classes) - 1}")
    if WNID.fullmatch(text):
        raise UnknownClass(f"the network has no class {text}")
    words = set(_plain(text).split())
    own = [number for number, name in enumerate(classes) if words and words <= set(_plain(name).split())]
    holding = own or list(dict.fromkeys(n for name, n in spelt.items() if words and words <= set(name.split())))
    if len(holding) == 1:
        return holding[0]
    if holding:
        raise UnknownClass(f"{text!r} is more than one class: {_listed([classes[number] for number in holding])}")
    near = difflib.get_close_matches(_plain(text), list(spelt), n=NEAR, cutoff=0.6)
    names = list(dict.fromkeys(classes[spelt[name]] for name in near))
    hint = f"did you mean {_listed(names)}?" if names else f"there are {len(classes):,}, as {_some(classes)}"
    raise UnknownClass(f"the network has no class {text!r}; {hint}")


@functools.lru_cache(maxsize=8)
def _spelling(classes: tuple[str, ...]) -> Mapping[str, int]:
    """Return the number of each class by every plain spelling; a class's own name wins over synonyms of others."""
    spelt = {_plain(name): number for number, name in enumerate(classes)}
    if classes == imagenet_names():
        for number, entry in enumerate(imagenet()):
            for other in (entry.wnid, *entry.also):
                spelt.setdefault(_plain(other), number)
    return spelt


def _plain(name: str) -> str:
    """Return a name without case, and with one space where words are joined by spaces, hyphens or underscores."""
    return re.sub(r"(?<=\w)(?:[\s-]|_(?=\w))+(?=\w)", " ", name.strip().casefold()).replace("_", " ")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NEAR])
    return f"{shown} or {len(names) - NEAR} more" if len(names) > NEAR else shown


def _some(classes: Sequence[str]) -> str:
    return ",".join(classes[:3])
