"""Whose turn it is, for any tickets and any memory, in whatever order the runs look."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.control.turns import short_of_memory, turn

DEVICES = "abc"


@dataclass(eq=False)
class Run:
    devices: tuple[str, ...]
    slots: int = 1
    need: int = 1
    device: str = ""


runs = st.builds(
    Run,
    st.lists(st.sampled_from(DEVICES), min_size=1, unique=True).map(tuple),
    st.integers(1, 3),
    st.integers(1, 4),
)


def settle(tickets, free, chance):
    """Let the runs look in any order until none may start; return those that started, in the order of it."""
    started = []
    while True:
        waiting = [ticket for ticket in tickets if not ticket.device]
        chance.shuffle(waiting)
        for ticket in waiting:
            order = [*(one for one in tickets if one.device), *(one for one in tickets if not one.device)]
            if device := turn(order, ticket, free):
                assert device in ticket.devices
                assert sum(one.device == device for one in tickets) < ticket.slots, "too many on a device"
                assert free[device] >= ticket.need, "too little memory"
                free[device] -= ticket.need
                ticket.device = device
                started.append(ticket)
                break
        else:
            return started


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(runs, max_size=12),
    st.fixed_dictionaries({name: st.integers(0, 6) for name in DEVICES}),
    st.randoms(use_true_random=False),
    st.lists(st.integers(0, 20), max_size=12),
)
@example([Run(("a", "b"), 2), Run(("a",), 1)], {"a": 5, "b": 5, "c": 5}, None, [0])
def test_no_device_is_idle_none_holds_too_many_and_nobody_is_overtaken(tickets, free, chance, leaving):
    import random

    chance = chance or random.Random(0)
    tickets = list(tickets)
    for leave in [None, *leaving]:
        running = [ticket for ticket in tickets if ticket.device]
        if leave is not None and running:
            gone = running[leave % len(running)]
            tickets.remove(gone)
            free[gone.device] += gone.need
        started = settle(tickets, free, chance)
        on = Counter(ticket.device for ticket in tickets if ticket.device)
        for place, ticket in enumerate(tickets):
            if ticket.device:
                continue
            ahead = [one for one in tickets[:place] if not one.device]
            for name in ticket.devices:
                closed = on[name] and any(name in one.devices for one in ahead)
                assert on[name] >= ticket.slots or free[name] < ticket.need or closed, "a device idle"
                if free[name] >= ticket.need:
                    assert on[name], "a device with nobody on it, and memory enough"
            overtaking = [one for one in started if one in tickets[place:] and one.device in ticket.devices]
            # Whoever has passed it has a device that is of no use to it, because strangers have its memory.
            assert all(ticket.need > free[one.device] for one in overtaking)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(runs, max_size=8), st.fixed_dictionaries({name: st.integers(0, 6) for name in DEVICES}), st.data())
def test_who_starts_early_keeps_nobody_ahead_of_it_from_starting(tickets, free, data):
    """Whoever could start before a run behind it has started, can start right after it, too."""
    able = [ticket for ticket in tickets if turn(tickets, ticket, free)]
    for _ in able[1:]:
        ticket = data.draw(st.sampled_from([one for one in able if not one.device]))
        ahead = [one for one in able if not one.device and tickets.index(one) < tickets.index(ticket)]
        order = [*(one for one in tickets if one.device), *(one for one in tickets if not one.device)]
        if device := turn(order, ticket, free):
            ticket.device = device
            free[device] -= ticket.need
            order = [*(one for one in tickets if one.device), *(one for one in tickets if not one.device)]
            assert turn(order, ahead[0], free) if ahead else True


def test_a_run_takes_the_device_with_the_fewest_runs_and_then_with_most_memory():
    busy, first = Run(("a",), device="a"), Run(("a", "b", "c"), 2)
    assert turn([busy, first], first, {"a": 9, "b": 3, "c": 5}) == "c"
    assert turn([busy, first], first, {"a": 9, "b": 0, "c": 0}) == "a"
    assert turn([busy, first], first, {"a": 0, "b": 0, "c": 0}) == ""
    # What does not say how much it has comes last, and is taken.
    assert turn([first], first, {"a": 3}) == "a"
    assert turn([first], first, {"a": 0}) == "b"


def test_a_full_gpu_of_somebody_else_is_not_free_and_keeps_nobody_else_waiting():
    large, small = Run(("a", "b"), need=4), Run(("a",), need=1)
    free = {"a": 2, "b": 3}
    assert turn([large, small], large, free) == ""
    assert short_of_memory([large, small], large, free) == ["a", "b"]
    assert turn([large, small], small, free) == "a"


def test_what_runs_of_ours_hold_is_kept_for_who_waits_for_it():
    """Else small runs that come one after the other would keep a large one waiting for ever."""
    running, large, small = Run(("a",), 8, need=3, device="a"), Run(("a",), 8, need=4), Run(("a",), 8, need=1)
    assert turn([running, large, small], small, {"a": 2}) == ""


def test_only_a_run_whose_devices_are_others_passes():
    on_a, on_b = Run(("a",), device="a"), Run(("b",), device="b")
    first, second, third = Run(("a", "b")), Run(("b",), 2), Run(("c",))
    tickets, free = [on_a, on_b, first, second, third], {}
    assert [turn(tickets, each, free) for each in (first, second, third)] == ["", "", "c"]
