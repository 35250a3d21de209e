"""How many threads a worker computes with, and how its threads wait for each other. No torch.

Sums of floating-point numbers depend on how many threads share them, so the number is decided once, at the launch,
and stands in the run's record; a resumed run takes the same.
"""

from __future__ import annotations

import functools
import os
import warnings

SPINS = 3_000
"""How often a thread looks whether the others have arrived before it sleeps.

That is a fraction of a millisecond: long enough that threads of a run that has the machine for itself seldom sleep,
and short enough that beside busy processes they wait little. libgomp's own default is to look on for many of them."""
_CHOSEN_BY_USER = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "KMP_BLOCKTIME")


@functools.cache
def usable_cores() -> int:
    """Return the number of physical cores that this process may use, by its affinity mask and its cgroup's quota."""
    import joblib

    with warnings.catch_warnings():
        # Where physical cores cannot be counted, logical ones are.
        warnings.simplefilter("ignore")
        return max(1, int(joblib.cpu_count(only_physical_cores=True)))


def thread_count(wanted: int, *, small: bool = False) -> int:
    """Return how many threads a new run takes.

    Args:
        wanted: what the user asked for; 0 means ``OMP_NUM_THREADS`` if it is set, else one for each usable core.
        small: whether its networks are so small that one thread is enough, if the user has not said another number.
    """
    if wanted:
        return wanted
    chosen = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if chosen.isdecimal() and int(chosen):
        return int(chosen)
    return 1 if small else usable_cores()


def waiting_policy() -> dict[str, str]:
    """Return environment variables that make threads sleep soon; none if the user has chosen a policy."""
    return {} if any(name in os.environ for name in _CHOSEN_BY_USER) else {"GOMP_SPINCOUNT": str(SPINS)}


def announce(threads: int) -> None:
    """Tell numerical libraries that are not loaded yet how many threads they may use."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
