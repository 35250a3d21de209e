"""What is offered while a user types: names that match, prefixes first, and paths from the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Offer(NamedTuple):
    """A name that is offered, and the whole text of the field once it is taken."""

    name: str
    text: str


def matching(names: Iterable[str], begun: str) -> list[str]:
    """Return the names that begin like the text, then those that hold it elsewhere; case does not matter."""
    wanted = begun.casefold()
    folded = [(name, name.casefold()) for name in dict.fromkeys(names) if name]
    first = [name for name, plain in folded if plain.startswith(wanted)]
    return first + [name for name, plain in folded if wanted in plain and not plain.startswith(wanted)]


def offers(text: str, names: Iterable[str], before: Iterable[str]) -> list[Offer]:
    """Return what a text can be completed to, without the text itself.

    Args:
        text: as typed so far; of several names, separated by commas, the last one is completed; ``*`` begins an axis.
        names: that may stand there.
        before: whole texts that stood in such a field before.
    """
    head, begun = last_name(text)
    found = [Offer(name, head + name) for name in matching(names, begun)]
    found += [Offer(whole, whole) for whole in matching(before, text)]
    return [offer for offer in once(found) if offer.text != text]


def once(found: Iterable[Offer]) -> list[Offer]:
    """Return the offers without those that come to the same text as an earlier one."""
    unique: dict[str, Offer] = {}
    for offer in found:
        unique.setdefault(offer.text, offer)
    return [*unique.values()]


def last_name(text: str) -> tuple[str, str]:
    """Split a text of several names into what precedes the last one and that one."""
    begun = text.rpartition(",")[2].lstrip().removeprefix("*").lstrip()
    return text[: len(text) - len(begun)], begun
