"""Captions in little room: what tells them apart stays, the rest gives way."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

Measure = Callable[[str], float]

_PARTS = re.compile(r"(?P<gap>^|, | · | (?=\())(?P<text>\([^()]*\)$|(?:(?!, | · | \([^()]*\)$).)+)", re.DOTALL)
_NUMBER = re.compile(r"\(?[-+]?[\d.,]+(?:[eE][-+]?\d+)?\)?")
_CUT = "…"
_FORMS = ((100, 1000), (12, 1000), (12, 24), (8, 16), (8, 10), (5, 8), (3, 8), (0, 12), (0, 8))
"""Letters of a field's name and of a text that is its value, at most; one after the other until all captions fit."""
_FORMS_OF_ONE = ((100, 1000), (12, 1000), (8, 1000), (0, 1000))
"""The same for a single field, which needs no name."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A field of a caption: what stands before it, its name, its value."""

    gap: str
    name: str
    value: str

    def written(self, letters: int) -> str:
        """Write it with so many letters of its name, at most."""
        name = _cut(self.name, letters, len)
        return f"{name} {self.value}" if name else self.value


def shortened(captions: Sequence[str], width: float, measure: Measure = len) -> list[str]:
    """Return captions that stand beside each other, none wider than ``width``.

    If all of them fit they stay as they are. Otherwise all name the same fields, as many as fit: those that tell
    them apart, numbers before texts, before those that merely differ. Where not even these fit, the names of the
    fields are cut, and of texts what they share with their neighbours. What differs stays different where the width
    allows it, as 12 cells do.

    Args:
        captions: as ``lr 0.1, nz 10 (3)``; any other texts do as well.
        width: that each may have.
        measure: returns how wide a text is.
    """
    texts = [*dict.fromkeys(captions)]
    if all(measure(text) <= width for text in texts):
        return [*captions]
    split = [_parts(text) for text in texts]
    needed, more = _ranked(split)

    def fits(found: Sequence[str]) -> bool:
        return len({*found}) == len(texts) and all(measure(text) <= width for text in found)

    for form in _FORMS if len(needed) > 1 else _FORMS_OF_ONE:
        found = _joined(split, needed, *form)
        if fits(found):
            for name in more:
                longer = _joined(split, [*needed, name], *form)
                if fits(longer):
                    found, needed = longer, [*needed, name]
            break
    else:
        found = found if len({*found}) == len(texts) else texts
    short = dict(zip(texts, _apart(found, width, measure), strict=True))
    return [short[caption] for caption in captions]


def _parts(text: str) -> list[_Part]:
    parts = []
    for found in _PARTS.finditer(text):
        name, space, value = found["text"].partition(" ")
        named = bool(space) and not name.startswith("(")
        parts.append(_Part(found["gap"], name if named else "", value if named else found["text"]))
    return parts


def _keys(parts: Sequence[_Part]) -> dict[tuple[str, int], _Part]:
    """Return parts by name, those of one name by their place among them."""
    found: dict[tuple[str, int], _Part] = {}
    for part in parts:
        number = 0
        while (part.name, number) in found:
            number += 1
        found[part.name, number] = part
    return found


def _ranked(split: Sequence[Sequence[_Part]]) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Return the fields that tell captions apart, and the others, the most useful ones first."""
    keyed = [_keys(parts) for parts in split]
    names = [*dict.fromkeys(name for own in keyed for name in own)]

    def rank(name: tuple[str, int]) -> tuple[bool, bool, int, int]:
        values = [own[name].value for own in keyed if name in own]
        distinct = {own[name].value if name in own else None for own in keyed}
        texts = not all(_NUMBER.fullmatch(value) for value in values)
        return len(distinct) == 1, texts, -len(distinct), max(map(len, values)) * texts

    names.sort(key=rank)

    def told(fields: Sequence[tuple[str, int]]) -> int:
        return len({tuple(own[one].value if one in own else None for one in fields) for own in keyed})

    needed: list[tuple[str, int]] = []
    for name in names:
        if told([*needed, name]) > told(needed):
            needed.append(name)
    for name in reversed(needed):
        rest = [one for one in needed if one != name]
        if told(rest) == told(needed):
            needed = rest
    return needed, [name for name in names if name not in needed]


def _joined(
    split: Sequence[Sequence[_Part]], wanted: Sequence[tuple[str, int]], letters: int, longest: int
) -> list[str]:
    """Write some of the parts of each caption in the order in which they stood, names and texts cut to some letters."""
    keyed = [_keys(parts) for parts in split]
    short = {}
    for name in wanted:
        values = [*dict.fromkeys(own[name].value for own in keyed if name in own)]
        texts = [value for value in values if not _NUMBER.fullmatch(value)]
        short[name] = dict(zip(texts, _apart(texts, longest, len), strict=True))
    joined = []
    for own in keyed:
        text = ""
        for name in (name for name in own if name in wanted):
            part = replace(own[name], value=short[name].get(own[name].value, own[name].value))
            text += (part.gap or ", " if text else "") + part.written(letters)
        joined.append(text)
    return joined


def _apart(texts: Sequence[str], width: float, measure: Measure) -> list[str]:
    """Cut texts that are too wide so that they stay different; of a beginning that others share, little is kept."""
    taken = {text for text in texts if measure(text) <= width}
    found = []
    for place, text in enumerate(texts):
        if measure(text) <= width:
            found.append(text)
            continue
        differs = max((_shared(text, other) for at, other in enumerate(texts) if at != place), default=0)
        short = _cut(text, width, measure)
        if len(short) <= differs + 1:
            tail = _cut(text[differs:], width - measure(_CUT), measure)
            short = _cut(text[:differs], width - measure(tail), measure, always=True) + tail
        number, plain = 2, short
        while short in taken and measure(f"{_CUT}{number}") <= width:
            short = _cut(plain.rstrip(_CUT), width - measure(str(number)), measure, always=True) + str(number)
            number += 1
        taken.add(short)
        found.append(short)
    return found


def _shared(one: str, other: str) -> int:
    """Return with how many characters both begin."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _cut(text: str, width: float, measure: Measure, *, always: bool = False) -> str:
    """Return a text that ends in an ellipsis if it is too wide, or always; nothing where there is no room at all."""
    if not always and measure(text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle] + _CUT) <= width else (low, middle - 1)
    cut = text[:low] + _CUT
    return cut if measure(cut) <= width else ""
