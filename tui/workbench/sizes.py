"""How the room of a wide screen is shared between its columns and rows: changed by key and mouse, remembered."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMITS = {"lists": (16, 80), "form": (20, 80), "main": (20, 80), "upper": (20, 85), "experiments": (20, 80)}
"""The least and the most of each size."""


@dataclass(slots=True)
class Sizes:
    """Sizes of columns and rows.

    Attributes:
        lists: cells that the column of lists is wide.
        form: cells that the form is wide.
        main: percent of the remaining width that the first view has.
        upper: percent of the height that views above the console have.
        experiments: percent of the height of the lists that experiments have, at most.
    """

    lists: int = 24
    form: int = 34
    main: int = 50
    upper: int = 67
    experiments: int = 50

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Sizes:
        """Return remembered sizes; a missing or impossible one becomes the default."""
        sizes = cls()
        for name in LIMITS:
            if isinstance(values.get(name), int):
                sizes.set(name, values[name])
        return sizes

    def set(self, name: str, size: int) -> None:
        """Set a size within its limits."""
        low, high = LIMITS[name]
        setattr(self, name, min(max(size, low), high))

    def grow(self, name: str, by: int) -> None:
        """Make a size larger, or smaller by a negative number."""
        self.set(name, getattr(self, name) + by)

    def to_json(self) -> dict[str, int]:
        """Return what :meth:`read` reads."""
        return asdict(self)
