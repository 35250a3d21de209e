"""Whether those who ask may change anything: one rule for runs and sweeps."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from engine.errors import ReadOnly

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Asked(Protocol):
    """Carries out requests, unless its runs may only be looked at."""

    read_only: bool


A = TypeVar("A", bound=Asked)
P = ParamSpec("P")
T = TypeVar("T")


def changes(
    request: Callable[Concatenate[A, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[A, P], Coroutine[Any, Any, T]]:
    """Let a request raise ReadOnly, before it does anything, where runs may only be looked at."""

    @functools.wraps(request)
    async def refused_or_done(self: A, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self.read_only:
            raise ReadOnly("runs may only be looked at here: open Phosphene without --read-only to change something")
        return await request(self, *args, **kwargs)

    return refused_or_done
