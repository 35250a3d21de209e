"""Screens that are laid out and painted once for all that happens at once."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.geometry import Size
    from textual.screen import Screen

    Part = Screen[Any]
else:
    Part = object  # Textual finds the style sheets of one base alone that is a DOMNode


class PaintedOnce(Part):
    """A screen that does without what Textual does twice.

    It paints what it lays out, and then all of the screen where that is to be painted anyway; a new screen it lays out
    again when it tells it of its size.
    """

    _paints_all_next = False
    _is_put_off = False

    @contextlib.contextmanager
    def put_off(self) -> Iterator[None]:
        """Leave to the next frame what the screen is told meanwhile to do at once."""
        self._is_put_off = True
        try:
            yield
        finally:
            self._is_put_off = False

    def _screen_resized(self, size: Size) -> None:
        """Lay the screen out for another size; what else has changed has its turn at the next frame."""
        if size != self._compositor.size:
            super()._screen_resized(size)

    def _on_timer_update(self) -> None:
        """Bring the screen up to date, once a frame."""
        self._paints_all_next = self._layout_required and self._repaint_required
        super()._on_timer_update()

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        """Lay the screen out, and paint it unless all of it is painted next: a new one is at the next frame."""
        if self._is_put_off:
            self.refresh(layout=True)
            return
        self._paints_all_next |= not self._compositor.size
        super()._refresh_layout(size, scroll)
        self._paints_all_next = False

    def _compositor_refresh(self) -> None:
        if not self._paints_all_next:
            super()._compositor_refresh()
