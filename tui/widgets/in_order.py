"""Keys that act before the next one is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual import events
    from textual.widget import Widget


async def act(widget: Widget, event: events.Key) -> bool:
    """Do what a key is bound to as soon as the focused widget gets it; return whether anything was done.

    Textual does it only after the key has gone up to the app, and text that follows meanwhile goes into the widget.
    """
    active = widget.screen.active_bindings.get(event.key)
    if active is None or not active.enabled or widget.check_consume_key(event.key, event.character):
        return False
    done = await widget.app.run_action(active.binding.action, active.node)
    if done:
        event.stop()
        event.prevent_default()
    return done
