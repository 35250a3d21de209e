"""An engine that only looks refuses whatever would start, stop, change or remove a run."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from engine import Engine
from engine.errors import ReadOnly

LOOKS = {"check", "find", "history", "queue", "runs"}


def requests() -> dict[str, object]:
    """Return the engine's requests by name; ``follow`` and ``batches`` yield and cannot change anything."""
    return {name: each for name, each in inspect.getmembers(Engine, inspect.iscoroutinefunction) if name[0] != "_"}


def test_every_request_but_a_look_is_refused_before_anything_is_done(home):
    assert requests().keys() > LOOKS
    engine = Engine(home, read_only=True)
    for name in requests().keys() - LOOKS:
        needed = [
            each for each in inspect.signature(requests()[name]).parameters.values() if each.default is each.empty
        ]
        with pytest.raises(ReadOnly, match="may only be looked at"):
            asyncio.run(getattr(engine, name)(*[None] * (len(needed) - 1)))
    assert asyncio.run(engine.runs()) == []
    assert not home.exists()
