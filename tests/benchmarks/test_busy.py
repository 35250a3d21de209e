"""What our threads cost a run that has the machine for itself, and what they save it beside busy processes.

Three ways to wait: ours (a small network has one thread, others short spins), one thread for each core with libgomp's
own long spins, and one thread, which never waits. Each run is a worker.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys

import pytest

from engine import StateChanged
from engine.control.threads import usable_cores

SPINNERS = 3
ROUNDS = 7
LONG = {"GOMP_SPINCOUNT": "30000000000"}
RUNS = {
    "cnn": ("cnn", {"epochs": 6}),
    "dcgan": ("dcgan", {"steps": 30, "quality": 0, "precision": "float32"}),
    # Where the CPU has bf16: oneDNN's gradients of weights wait there without ever sleeping.
    "dcgan-auto": ("dcgan", {"steps": 30, "quality": 0}),
    "dann": ("dann", {"epochs": 1, "map_images": 0, "precision": "float32"}),
    "saliency": ("saliency", {"images": "digits:test/0-63"}),
}


@contextlib.contextmanager
def busy(processes: int):
    """Keep the machine busy with processes that never sleep."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def _paired(rounds):
    """Return the pairs of ours with long spins, and with one thread."""
    return [[(ours, one[place]) for ours, *one in rounds] for place in (0, 1)]


def _ranged(ratios) -> str:
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


@pytest.mark.parametrize("case", RUNS)
def test_waiting_threads(case, launch, finish, full, report, monkeypatch):
    if not full:
        pytest.skip("workers that wait are measured in earnest only: --benchmark-enable")

    def took(threads=0, variables=()) -> float:
        """Return the seconds from the program's first word to its end."""
        with monkeypatch.context() as patch:
            patch.delenv("OMP_NUM_THREADS")
            patch.delenv("GOMP_SPINCOUNT", raising=False)
            for name, value in dict(variables).items():
                patch.setenv(name, value)
            run = launch(*RUNS[case], threads=threads)
            assert finish(run, 600).state == "finished"
        events = run.reader().poll()
        last = max(n for n, event in enumerate(events) if isinstance(event, StateChanged) and event.state == "running")
        return events[-1].t - events[last + 1].t

    took()  # the networks that experiments share are trained once
    rounds = [(took(), took(usable_cores(), LONG), took(1)) for _ in range(ROUNDS)]
    ours, long, one = (statistics.median(column) for column in zip(*rounds, strict=True))
    # Machines drift: what was measured one after the other is divided, and the ratios have a range.
    spun, single = (sorted(own / other for own, other in pairs) for pairs in _paired(rounds))
    report(f"quiet: {ours:.1f} s, long spins {long:.1f} s, one thread {one:.1f} s; {ROUNDS} rounds")
    report(f"  of long spins {_ranged(spun)}, goal 1.05; of one thread {_ranged(single)}")
    with busy(SPINNERS):
        ours, one = (statistics.median(column) for column in zip(*[(took(), took(1)) for _ in range(2)], strict=True))
    report(f"beside {SPINNERS} busy processes: {ours:.1f} s, {ours / one:.2f} of one thread; goal 1.3")
