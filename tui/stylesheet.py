"""The style sheets of the app and its widgets: each parsed once for a theme, and only what they change is written."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from textual.cache import LRUCache
from textual.css._style_properties import ColorProperty, ScrollbarColorProperty
from textual.css.styles import StylesBase
from textual.css.stylesheet import Stylesheet

if TYPE_CHECKING:
    from textual.css.model import RuleSet
    from textual.css.styles import RulesMap
    from textual.dom import DOMNode

THEMES, SHEETS = 32, 1_024
"""How many themes are remembered, and how many style sheets of each: more than there are."""


def _of_kind(kind: type) -> frozenset[str]:
    return frozenset(name for name in dir(StylesBase) if isinstance(inspect.getattr_static(StylesBase, name), kind))


COLOURS, SCROLLBARS = _of_kind(ColorProperty), _of_kind(ScrollbarColorProperty)


class OwnStylesheet(Stylesheet):
    """Textual parses all style sheets anew whenever a theme is chosen, and at the start once too often.

    And it has a widget and all in it repainted for each colour that changes.
    """

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

    @classmethod
    def replace_rules(cls, node: DOMNode, rules: RulesMap, animate: bool = False) -> None:
        """Write the rules that differ from those that a node has, and have it repainted once for all its colours."""
        if animate:
            super().replace_rules(node, rules, animate=True)
            return
        base = node.styles.base
        wanted: dict[str, Any] = {**rules}
        own: dict[str, Any] = {**base._rules}
        changed = [name for name in own.keys() | wanted.keys() if own.get(name) != wanted.get(name)]
        # The last colour that is set as Textual does it has all repainted, and scrollbars if it is one of theirs.
        *quiet, last = sorted(COLOURS.intersection(changed), key=SCROLLBARS.__contains__) or [""]
        for name in quiet:
            base.set_rule(name, wanted.get(name))
        for name in changed:
            if name == last or name not in COLOURS:
                setattr(base, name, wanted.get(name))
        node.notify_style_update()


@lru_cache(THEMES)
def parsed(variables: frozenset[tuple[str, str]]) -> LRUCache[tuple[Any, ...], list[RuleSet]]:  # noqa: ARG001 - the key
    """Return the rules that were parsed with these variables, by their style sheets."""
    return LRUCache(SHEETS)
