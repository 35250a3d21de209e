"""What the engine and an attached workbench cost the training itself: the same loop bare, and run and watched."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
from fcntl import ioctl
from pathlib import Path

from engine import Engine, Metrics

PHOSPHENE = str(Path(sys.executable).with_name("phosphene"))
BARE = """
import sys
sys.path.insert(0, {here!r})
from test_steps import our_gan
print(our_gan({steps}))
"""


class Attached:
    """The workbench on a terminal of its own that somebody reads."""

    def __enter__(self) -> Attached:
        self._pid, self._master = pty.fork()
        if self._pid == 0:
            ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 48, 160, 0, 0))
            os.execve(PHOSPHENE, [PHOSPHENE], os.environ | {"TERM": "xterm-256color"})
        self._open = True
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def _read(self) -> None:
        while self._open:
            if select.select([self._master], [], [], 0.1)[0]:
                try:
                    os.read(self._master, 65536)
                except OSError:
                    return

    def __exit__(self, *_: object) -> None:
        self._open = False
        self._reader.join()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._master)


def test_dcgan_watched_against_the_bare_loop(home, full, in_turn, report):
    steps = 150 if full else 3

    def watched() -> float:
        async def run() -> float:
            engine = Engine(home)
            values = {"steps": steps + 2, "preview_every": 10_000_000, "quality": 0}
            found = await engine.launch("dcgan", values, {"device": "cpu"})
            times = [event.t async for event in engine.follow(found) if isinstance(event, Metrics)]
            return (times[-1] - times[1]) / steps

        with Attached():
            return asyncio.run(run())

    def bare() -> float:
        code = BARE.format(here=str(Path(__file__).parent), steps=steps)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return float(done.stdout.split()[-1])

    ours, base = in_turn(watched, bare, 5)
    report(f"{1000 * ours:.1f} ms a step, bare {1000 * base:.1f} ms: {100 * (ours / base - 1):+.1f} %; goal +3 %")
