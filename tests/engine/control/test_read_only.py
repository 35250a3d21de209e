"""An engine that only looks refuses whatever would start, stop, change or remove a run or a sweep."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from engine import Engine, ReadOnly, Sweeps

LOOKS = {Engine: {"check", "find", "history", "queue", "runs"}, Sweeps: {"find", "plan", "sweeps"}}


def requests(of: type) -> dict[str, object]:
    """Return the requests by name; ``follow`` and ``batches`` of an engine yield, and cannot change anything."""
    return {name: each for name, each in inspect.getmembers(of, inspect.iscoroutinefunction) if name[0] != "_"}


@pytest.mark.parametrize("kind", [Engine, Sweeps])
def test_every_request_but_a_look_is_refused_before_anything_is_done(home, kind):
    assert requests(kind).keys() > LOOKS[kind]
    asked = kind(home, read_only=True)
    for name in requests(kind).keys() - LOOKS[kind]:
        signature = inspect.signature(requests(kind)[name])
        needed = [each for each in signature.parameters.values() if each.default is each.empty]
        with pytest.raises(ReadOnly, match="may only be looked at"):
            asyncio.run(getattr(asked, name)(*[None] * (len(needed) - 1)))
    assert not home.exists()
