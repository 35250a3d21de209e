"""Eight devices and forty runs, each a process of its own, some killed at any moment: the promises of the queue."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.control.devices import device_set
from engine.record.events import STARTING, DeviceTaken

ROOT = Path(__file__).parents[3]
GIB = 1 << 30
LATE = 2.0
"""Seconds within which a run has looked again; processes wait for a core meanwhile."""


@dataclass
class Told:
    """What the records say of a run: its place in the order, what it asked for, what it got, and when.

    From ``looks`` on its worker looks whether it is its turn; while it starts, its place is kept.
    """

    number: str
    devices: tuple[str, ...]
    slots: int
    drawn: float
    need: int = 0
    looks: float = 0.0
    device: str = ""
    began: float = float("inf")
    ended: float = float("inf")

    def on(self, device: str, t: float) -> bool:
        return self.device == device and self.began <= t < self.ended

    def waits(self, t: float) -> bool:
        return self.drawn <= t < min(self.began, self.ended)


def check(told: list[Told], strangers: dict[str, tuple[int, float]]) -> None:
    """Check the three promises; ``strangers`` has ``device: (free bytes, until when)``."""

    def fits(run: Told, device: str, t: float) -> bool:
        free, until = strangers.get(device, (run.need, 0.0))
        return t > until or free >= run.need

    def has_place(run: Told, device: str, t: float) -> bool:
        return sum(other.on(device, t) for other in told if other is not run) < run.slots

    for run in told:
        assert run.device in {"", *run.devices}
        if not run.device:
            continue
        assert sum(other.on(run.device, run.began) for other in told) <= run.slots, "too many on a device"
        for other in told:
            if other.number < run.number and run.device in other.devices and other.waits(run.began):
                # It was passed, and lost nothing: where it went, nobody had to leave first, or it had another place
                # then, and found a better one when it looked.
                passed = not fits(other, run.device, run.began) or other.ended < other.began
                places = [name for name in other.devices if fits(other, name, run.began)]
                assert passed or any(has_place(other, name, run.began) for name in [other.device, *places]), "overtaken"
    for device in {name for run in told for name in run.devices}:
        leaves = sorted(run.ended for run in told if run.device == device)
        for t in leaves[:-1]:
            later = t + LATE
            wanting = [run for run in told if run.waits(t) and run.waits(later) and device in run.devices]
            busy = any(run.device == device and run.began < later and run.ended > t for run in told)
            busy |= any(device in run.devices and run.drawn < later and t < min(run.looks, run.ended) for run in told)
            assert busy or not any(fits(run, device, t) for run in wanting), "a device idle"


CROWD = """
import json, os, random, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from engine.control.queue import Queue, Wish
from engine.control.ticket import Ticket
from engine.record.identity import Identity

home, chance = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
GIB = 1 << 30
names = [f"GPU-{n}{n}" for n in range(8)]

def tell(run, **values):
    with open(home / "told", "a") as file:
        file.write(json.dumps({"run": run, **values}) + "\\n")

# The ticket's time is set behind the door: taken there, times are in the order in which runs start.
began = []
os.utime = lambda _: began.append(time.time())

def work(run, wish, seconds):
    ticket = Ticket(home, run, wish)
    while not ticket.start():
        time.sleep(0.01)
    tell(run, began=began[0], device=ticket.device)
    time.sleep(seconds)
    tell(run, ended=time.time())
    ticket.release()

workers = {}
queue = Queue(home)
for number in range(40):
    run = f"run-{number}"
    devices = tuple(names) if chance.random() < 0.4 else tuple(chance.sample(names, chance.randrange(1, 4)))
    wish = Wish(devices, chance.choice([1, 1, 1, 2, 3]), chance.choice([1, 4, 16]) * GIB)
    seconds = chance.random() / 8
    gate, start = os.pipe()
    child = os.fork()
    if not child:
        os.read(gate, 1)
        try:
            work(run, wish, seconds)
        except BaseException as error:
            tell(run, error=repr(error))
        os._exit(0)
    # As a launcher does it: in the order of the launches, before the worker comes.
    with queue.door():
        name = queue.draw(run, wish, Identity.of(child)).name
    tell(run, number=name.partition("-")[0], drawn=time.time(), devices=devices, slots=wish.slots, need=wish.need)
    os.write(start, b"x")
    os.close(gate)
    os.close(start)
    workers[child] = run
doomed = chance.sample(sorted(workers), 10)
for number, worker in enumerate(doomed):
    time.sleep(chance.random() / 10)
    # A zombie holds nothing, and its number is nobody else's.
    tell(workers[worker], killed=time.time())
    os.kill(worker, 9)
    if number == 4:
        told = json.loads(Path(os.environ["STANDIN_GPUS"]).read_text())
        for gpu in told["gpus"]:
            gpu["used"] = 0
        fresh = home / "fresh.json"
        fresh.write_text(json.dumps(told))
        tell("", left=time.time())
        fresh.rename(os.environ["STANDIN_GPUS"])
for worker in workers:
    os.waitpid(worker, 0)
print(*(workers[worker] for worker in workers if worker not in doomed))
"""


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 12))])
def test_forty_processes_share_eight_devices_whoever_is_killed(tmp_path, home, gpus, seed):
    """Strangers have all of GPU 3, and of GPU 5 all but 6 GiB, until half of the doomed are dead."""
    full = {3: 40 * GIB, 5: 34 * GIB}
    gpus(*({"used": full.get(number, 0)} for number in range(8)))
    command = [sys.executable, "-P", "-c", CROWD, str(tmp_path), str(seed), str(ROOT / "tests/standins")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    assert not [line for line in lines if "error" in line]
    left = next(line["left"] for line in lines if "left" in line)
    runs: dict[str, dict] = {}
    for line in lines:
        runs.setdefault(line.pop("run"), {}).update(line)
    del runs[""]
    assert {name for name, run in runs.items() if "ended" in run} >= set(done.stdout.split())
    told = []
    for run in runs.values():
        ended = min(run.pop("ended", float("inf")), run.pop("killed", float("inf")))
        began = run.pop("began", float("inf"))
        # One that was killed right after its start had no time to tell.
        device = run.pop("device", "") if began <= ended else ""
        told.append(Told(**{**run, "devices": tuple(run["devices"])}, ended=ended, began=began, device=device))
    strangers = {f"GPU-{number}{number}": (40 * GIB - used, left) for number, used in full.items()}
    check(told, strangers)
    assert {run.device for run in told} >= {f"GPU-{number}{number}" for number in range(8) if number not in full}


@pytest.mark.slow
def test_forty_runs_share_eight_devices_whoever_is_killed(home, launch, finish, gpus):
    """The same with whole workers; the records of the runs tell."""
    gpus(*({"used": 40 * GIB * (number == 3)} for number in range(8)))
    chance = random.Random(5)
    runs, told = [], []
    for number in range(40):
        numbers = sorted(chance.sample(range(8), chance.randrange(1, 4)))
        if numbers == [3]:
            numbers = [2, 3]
        asked = "auto" if chance.random() < 0.4 else f"cuda:{','.join(map(str, numbers))}"
        values = {"steps": chance.randrange(1, 30), "pause": 0.01}
        runs.append(launch("count", values, device=asked))
        devices = device_set(asked)
        told.append(Told(f"{number:02d}", devices, 1, time.time(), GIB if len(devices) > 1 else 0))
    killed = {}
    for number in chance.sample(range(40), 12):
        worker = runs[number].status().worker
        if worker.presence() == "alive":
            killed[number] = time.time()
            os.killpg(worker.pid, signal.SIGKILL)
    for number, (run, each) in enumerate(zip(runs, told, strict=True)):
        state = finish(run, 120).state
        assert state == "finished" or number in killed
        events = run.reader().poll()
        taken = next((event for event in events if isinstance(event, DeviceTaken)), None)
        words = [event for event in events if event.kind == "state" and event.reason != STARTING] + [taken] * bool(
            taken
        )
        each.looks = min((event.t for event in words), default=float("inf"))
        logged = max((event.t for event in events if event.kind == "state"), default=float("inf"))
        each.ended = killed[number] if state == "crashed" else logged
        if taken and taken.t <= each.ended:
            each.device, each.began = taken.uuid, taken.t
    check(told, {"GPU-33": (0, float("inf"))})
    assert {run.device for run in told} - {""} == {f"GPU-{number}{number}" for number in range(8) if number != 3}
