"""How values of C are written: one, several, or a range. No torch."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Annotated

from pydantic import AfterValidator

MOST = 100
_RANGE = re.compile(r"([^.,:]+(?:\.\d+)?(?:e[+-]?\d+)?)\.\.([^:,]+)(?::(\d+))?", re.IGNORECASE)


def parse(text: str) -> tuple[float, ...]:
    """Read ``1``, ``0.1,1,10``, ``1e-4..1`` (a value for each power of ten) or ``1e-4..1:9`` (nine, evenly in log).

    Raises:
        ValueError: saying what can be written.
    """
    if found := _RANGE.fullmatch(text.strip()):
        first, last = (_positive(part) for part in found.groups()[:2])
        if first >= last:
            raise ValueError(f"a range goes from the smaller value to the larger, not {text}")
        low, high = math.log10(first), math.log10(last)
        count = int(found[3]) if found[3] else max(2, round(high - low) + 1)
        if not 2 <= count <= MOST:
            raise ValueError(f"a range has 2 to {MOST} values, not {count}: say how many, as in 1e-4..1:9")
        step = (high - low) / (count - 1)
        return (*(float(f"{10 ** (low + step * i):.6g}") for i in range(count - 1)), last)
    values = tuple(_positive(part) for part in text.split(","))
    if len(values) > MOST:
        raise ValueError(f"at most {MOST} values can be tried, not {len(values)}")
    if twice := [value for value, count in Counter(values).items() if count > 1]:
        raise ValueError(f"{twice[0]:g} stands there more than once: write every value once")
    return values


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(
            f"{text.strip() or 'nothing'} is no number: write 1, or 0.1,1,10, or 1e-4..1, or 1e-4..1:9"
        ) from None
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"every value must be above 0, {text.strip()} is not")
    return value


def check(text: str) -> str:
    """Return the text if it can be read; for pydantic."""
    parse(text)
    return text.strip()


Grid = Annotated[str, AfterValidator(check)]
"""The type of a hyperparameter that holds one value or a grid of them."""
