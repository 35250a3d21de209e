"""Completes the text in a field: its last name, where commas separate several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.suggester import Suggester

if TYPE_CHECKING:
    from collections.abc import Sequence


class LastName(Suggester):
    """Offers the first name that begins like the last one typed; case does not matter."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._names = names

    async def get_suggestion(self, value: str) -> str | None:
        """Return the value completed, or None."""
        begun = value.rpartition(",")[2].lstrip()
        if not begun:
            return None
        found = next((name for name in self._names if name.casefold().startswith(begun.casefold())), None)
        return None if found is None else value + found[len(begun) :]
