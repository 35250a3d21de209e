"""What a chart costs: the time of a frame, and the bytes on the line to the terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from fcntl import ioctl

import numpy as np

from engine import Trace
from tui.widgets.chart import Curve
from tui.widgets.chart.frame import draw
from tui.widgets.chart.model import Settings

GROWING = """
import numpy as np
from textual.app import App
from tui.widgets.chart import Chart, Curve

class Growing(App):
    CSS = "Chart { width: 70; height: 30; }"
    def compose(self):
        yield Chart(title="loss")
    def on_mount(self):
        rng = np.random.default_rng(0)
        self.x = np.arange(1.0, 100_001.0)
        self.y = 2.3 * np.exp(-self.x / 2000) + 0.3 + 0.1 * rng.normal(size=len(self.x))
        self.z = 0.7 + 0.2 * np.sin(self.x / 900) + 0.05 * rng.normal(size=len(self.x))
        self.length = 4000
        self.set_interval(0.1, self.grow)
    def grow(self):
        self.length += 20
        n = self.length
        x = self.x[:n]
        self.query_one(Chart).show([Curve("g", x, self.y[:n], 0, "g"), Curve("d", x, self.z[:n], 1, "d")])

Growing().run()
"""


def test_frame_of_eight_series(full, report):
    size = 1_000_000 if full else 10_000
    rng = np.random.default_rng(0)
    x = np.arange(1.0, size + 1)
    ys = [rng.normal(size=size).cumsum() for _ in range(8)]
    settings = Settings(width=150, height=40, title="", smoothing=0.0)

    def frame(traces: list[Trace], length: int) -> float:
        began = time.perf_counter()
        items = []
        for i, (trace, y) in enumerate(zip(traces, ys, strict=True)):
            curve = Curve(f"c{i}", x[:length], y[:length], i, f"c{i}")
            trace.update(curve.x, curve.y)
            items.append((curve, trace))
        draw(items, settings)
        return time.perf_counter() - began

    times = 15 if full else 1
    fresh = sorted(frame([Trace() for _ in ys], size) for _ in range(times))[times // 2]
    traces = [Trace() for _ in ys]
    frame(traces, size - 100 * times)
    grown = sorted(frame(traces, size - 100 * (times - 1 - i)) for i in range(times))[times // 2]
    report(f"8 x {size:,} points: {1000 * fresh:.0f} ms afresh, {1000 * grown:.0f} ms after 100 more; goal 30 ms")


def test_bytes_on_the_line_per_update(full, report):
    pid, master = pty.fork()
    if pid == 0:
        ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 48, 160, 0, 0))
        environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        os.execve(sys.executable, [sys.executable, "-c", GROWING], environment)
    count, first = 0, time.monotonic() + 2.0
    until = first + (5.0 if full else 1.0)
    try:
        while (now := time.monotonic()) < until:
            ready, _, _ = select.select([master], [], [], 0.05)
            if not ready:
                continue
            data = os.read(master, 1 << 16)
            if now > first:
                count += len(data)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(master)
    assert count > 0
    seconds = until - first
    report(f"{count / seconds / 10:,.0f} bytes an update at ten updates a second; goal 8,192")
