"""Whose turn it is: which run may start on which device, from the order of the tickets and the memory that is free.

A run may only be passed by one whose devices it cannot use. So the runs that wait take devices in their order, each the
first of its set that is free to it. What is free to nobody ahead is left to those behind.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Waiting(Protocol):
    """What a ticket says of a run: the devices it may take, the one it has, how many may share it, bytes it needs."""

    @property
    def device(self) -> str:
        """The device that the run has; empty while it waits."""

    @property
    def devices(self) -> tuple[str, ...]:
        """Those it may take, the ones it likes best first."""

    @property
    def slots(self) -> int:
        """How many runs may be on its device at once, itself among them."""

    @property
    def need(self) -> int:
        """The memory of a GPU that it needs, in bytes."""


def turn(tickets: Sequence[Waiting], own: Waiting, free: Mapping[str, int]) -> str:
    """Return the device on which a run that waits may start now; empty if it has to wait on.

    Args:
        tickets: those that run, then those that wait in their order.
        own: one of those that wait.
        free: bytes of each GPU that are left; what is missing, as the CPU, has enough.
    """
    running = [ticket.device for ticket in tickets if ticket.device]
    waiting = [ticket for ticket in tickets if not ticket.device]
    ahead = waiting[: waiting.index(own)]
    taken = _taken([*ahead, own], running, free)
    device = taken.pop()
    if device and any(taken):
        # Those ahead that have not looked yet must all be able to start after it, too.
        left = {name: size - own.need * (name == device) for name, size in free.items()}
        if [*map(bool, _taken(ahead, [*running, device], left))] != [*map(bool, taken)]:
            return ""
    return device


def _taken(waiting: Sequence[Waiting], running: Iterable[str], free: Mapping[str, int]) -> list[str]:
    """Return the device that each of those that wait takes, in their order; empty for one that has to wait on."""
    on, left, closed = Counter(running), dict(free), set[str]()
    taken = []
    for ticket in waiting:
        device = _best(ticket, on, left, closed)
        taken.append(device)
        if device:
            on[device] += 1
            if device in left:
                left[device] -= ticket.need
        else:
            # It waits for the runs on its devices. Where only strangers are in its way, whoever fits may go on.
            closed |= {name for name in ticket.devices if on[name]}
    return taken


def short_of_memory(tickets: Iterable[Waiting], own: Waiting, free: Mapping[str, int]) -> list[str]:
    """Return the devices of a run that have a place, but too little memory."""
    on = Counter(ticket.device for ticket in tickets if ticket.device)
    return [name for name in own.devices if on[name] < own.slots and free.get(name, own.need) < own.need]


def _best(ticket: Waiting, on: Mapping[str, int], left: Mapping[str, int], closed: set[str]) -> str:
    """Return the device that a run takes: of those open to it the one with the fewest runs, then with most memory."""
    able = [
        name
        for name in ticket.devices
        if name not in closed and on[name] < ticket.slots and left.get(name, ticket.need) >= ticket.need
    ]
    return min(able, key=lambda name: (on[name], -left.get(name, 0)), default="")
