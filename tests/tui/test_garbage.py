"""When garbage is collected: while nobody types, or at the latest after a minute."""

from __future__ import annotations

import gc
import weakref

import pytest

from tui import garbage
from tui.garbage import Garbage


class Loop:
    """What only a look at everything finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def clock(monkeypatch):
    """Let the test say what time it is: ``clock[0] += 1``."""
    at = [1000.0]
    monkeypatch.setattr(garbage.time, "monotonic", lambda: at[0])
    monkeypatch.setattr(garbage.gc, "freeze", lambda: None)  # nothing of the tests' process would be freed again
    return at


def old_garbage():
    """Return a reference to garbage that no collection of young objects finds."""
    loop = Loop()
    gc.collect()
    gone = weakref.ref(loop)
    del loop
    gc.collect(1)
    return gone


def test_garbage_is_collected_while_nobody_types(clock):
    collector, gone = Garbage(), old_garbage()
    assert not collector.look()
    assert gone() is not None
    clock[0] += 2
    collector.hold()
    clock[0] += 0.5
    assert not collector.look()
    clock[0] += 1
    assert collector.look()
    assert gone() is None
    assert not collector.look(), "nothing has been made since"


def test_it_is_collected_after_a_minute_also_if_somebody_types_all_the_time(clock):
    collector, gone = Garbage(), old_garbage()
    for _ in range(59):
        clock[0] += 1
        collector.hold()
        assert not collector.look()
    clock[0] += 1
    collector.hold()
    assert collector.look()
    assert gone() is None


def test_only_full_collections_are_put_off(clock):
    before = gc.get_threshold()
    try:
        Garbage().begin()
        assert gc.get_threshold() == (*before[:2], garbage.NEVER)
    finally:
        gc.set_threshold(*before)
