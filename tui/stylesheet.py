"""The style sheets of the app and its widgets, each parsed once for a theme."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from textual.cache import LRUCache
from textual.css.stylesheet import Stylesheet

if TYPE_CHECKING:
    from textual.css.model import RuleSet

THEMES, SHEETS = 32, 1_024
"""How many themes are remembered, and how many style sheets of each: more than there are."""


class ParsedOnce(Stylesheet):
    """Textual parses all style sheets anew whenever a theme is chosen, and at the start once too often."""

    def __init__(self, *, variables: dict[str, str] | None = None) -> None:
        super().__init__(variables=variables)
        self._parse_cache = parsed(frozenset(self._variables.items()))

    def set_variables(self, variables: dict[str, str]) -> None:
        """Take the colours of a theme, and the rules that were parsed with them before."""
        self._parse_cache = LRUCache(1)  # Textual empties the one that is there
        super().set_variables(variables)
        self._parse_cache = parsed(frozenset(variables.items()))

    def reparse(self) -> None:
        """Apply new colours; if they are wrong, the rules stay as they were."""
        self.parse()


@lru_cache(THEMES)
def parsed(variables: frozenset[tuple[str, str]]) -> LRUCache[tuple[Any, ...], list[RuleSet]]:  # noqa: ARG001 - the key
    """Return the rules that were parsed with these variables, by their style sheets."""
    return LRUCache(SHEETS)
