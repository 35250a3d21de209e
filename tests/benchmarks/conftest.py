"""How benchmarks measure: A and B in turn in one run, reported as figures and ratios; nothing fails for being slow.

``--benchmark-enable -s`` measures and prints; without it they are slow tests, each of which runs once and small.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the benchmarks of this folder out of the default suite."""
    if not (config.getoption("--benchmark-enable") or config.getoption("--benchmark-only")):
        for item in items:
            if item.path.is_relative_to(Path(__file__).parent):
                item.add_marker(pytest.mark.slow)


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether to measure in earnest."""
    return bool(request.config.getoption("--benchmark-enable") or request.config.getoption("--benchmark-only"))


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print a line of figures."""

    def say(text: str) -> None:
        print(f"\n{request.node.name}: {text}", end="")

    return say


def seconds(command: list[str], **options) -> float:
    """Return how long a command takes."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, **options)
    return time.perf_counter() - began


@pytest.fixture
def in_turn(full) -> Callable[..., tuple[float, float]]:
    """Measure two things in turn and return the median of each: ``in_turn(a, b, times)``."""

    def measure(a: Callable[[], float], b: Callable[[], float], times: int) -> tuple[float, float]:
        pairs = [(a(), b()) for _ in range(times if full else 1)]
        return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)

    return measure


@pytest.fixture
def python() -> Callable[[str], float]:
    """Return how long a fresh interpreter takes for a line of code."""
    return lambda code: seconds([sys.executable, "-c", code])
