"""Tickets and the order of a queue: whatever comes, goes, dies and is moved, also all at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.control.queue import Queue, Wish, _between, _written
from engine.control.ticket import Ticket
from engine.record.identity import Identity

WHERE = ("up", "down", "first", "last")
CPU = Wish(("cpu",))


def moved(order: list, item, where: str, wishes: dict) -> list:
    """Return the order that is asked for, among those that share a device with the one that is moved."""
    rivals = [other for other in order if set(wishes[other].devices) & set(wishes[item].devices)]
    index = rivals.index(item)
    target = {"up": max(0, index - 1), "down": min(len(rivals) - 1, index + 1), "first": 0, "last": len(rivals) - 1}[
        where
    ]
    if target == index:
        return order
    rest = [other for other in order if other != item]
    at = rest.index(rivals[target]) + (target > index)
    return [*rest[:at], item, *rest[at:]]


def start(waiting: list, running: dict, wishes: dict) -> list:
    """Return which of those that wait can start, as the queue promises: in their order, none past another."""
    on = Counter(running.values())
    closed, started = set(), []
    for run in waiting:
        able = [name for name in wishes[run].devices if name not in closed and on[name] < wishes[run].slots]
        if able:
            started.append(run)
            on[min(able, key=lambda name: on[name])] += 1
        else:
            closed |= {*wishes[run].devices}
    return started


step = st.one_of(
    st.tuples(
        st.just("arrive"),
        st.builds(Wish, st.lists(st.sampled_from("abc"), min_size=1, unique=True).map(tuple), st.just(1)),
    ),
    st.tuples(st.just("arrive"), st.builds(Wish, st.just(("a",)), st.integers(1, 3))),
    st.tuples(st.sampled_from(("leave", "kill", "kill waiting", *WHERE)), st.integers(0, 9)),
)


@settings(max_examples=25)
@given(st.lists(step, max_size=30), st.randoms(use_true_random=False))
def test_runs_start_in_the_order_asked_for_and_never_too_many(steps, chance):
    with tempfile.TemporaryDirectory() as folder:
        home, tickets, wishes = Path(folder), {}, {}
        running: dict[str, str] = {}
        waiting: list[str] = []
        for number, (what, which) in enumerate([*steps, *[("leave", 0)] * (len(steps) + 1)]):
            if what == "arrive":
                run = f"run-{number}"
                tickets[run], wishes[run] = Ticket(home, run, which), which
                waiting.append(run)
            elif what == "leave" and running:
                gone = sorted(running)[which % len(running)]
                del running[gone]
                tickets.pop(gone).release()
            elif what.startswith("kill") and (alive := waiting if "waiting" in what else sorted(running)):
                # As the kernel does it: the lock goes, the file stays.
                gone = alive[which % len(alive)]
                tickets.pop(gone)._disown()
                waiting = [run for run in waiting if run != gone]
                running.pop(gone, None)
            elif what in WHERE and waiting:
                run = waiting[which % len(waiting)]
                queue = Queue(home)
                with queue.door():
                    queue.move(run, what)
                waiting = moved(waiting, run, what, wishes)
            wanted = start(waiting, running, wishes)
            # Workers look in any order, until none of them finds anything new.
            looking, before, now = list(tickets), None, []
            while now != before:
                chance.shuffle(looking)
                for run in (run for run in looking if run not in running):
                    if tickets[run].start():
                        running[run] = tickets[run].device
                        assert running[run] in wishes[run].devices
                        assert [*running.values()].count(running[run]) <= wishes[run].slots
                before, now = now, [sorted(running), *((run, tickets[run].position) for run in tickets)]
            assert [run for run in waiting if run in running] == wanted
            waiting = [run for run in waiting if run not in running]
            for place, run in enumerate(waiting):
                rivals = [other for other in waiting[:place] if set(wishes[other].devices) & set(wishes[run].devices)]
                assert tickets[run].position == len(rivals) + 1
                if rivals:
                    assert tickets[run].behind == rivals[-1]
                else:
                    behind = tickets[run].behind
                    assert behind == "" if len(wishes[run].devices) > 1 else behind in running
        assert not tickets


@given(st.lists(st.integers(0, 40), max_size=40), st.integers(1_000, 99_998_000))
def test_there_is_always_a_number_between_two_and_names_sort_as_numbers(places, first):
    numbers = [Fraction(first)]
    for place in places:
        at = place % (len(numbers) + 1)
        before, after = numbers[at - 1] if at else None, numbers[at] if at < len(numbers) else None
        numbers.insert(at, _between(before, after))
    assert numbers == sorted(set(numbers))
    written = [f"{_written(number)}-run" for number in numbers]
    assert written == sorted(written)
    assert [Fraction(name.partition("-")[0]) for name in written] == numbers


def test_a_number_stays_short_however_often_runs_are_moved_between_the_same_two():
    low, high = Fraction(1), Fraction(2)
    for turn in range(600):
        middle = _between(low, high)
        low, high = (middle, high) if turn % 2 else (low, middle)
    assert len(_written(low)) < 240


CROWD = """
import fcntl, os, random, signal, sys, time
from pathlib import Path
from engine.control.queue import Queue, Wish
from engine.control.ticket import Ticket

home, slots = Path(sys.argv[1]), 2
for number in range(slots):
    (home / f"slot{number}").touch()

def tell(text):
    with open(home / "told", "a") as file:
        file.write(text + "\\n")

def work(run):
    # Opened before the ticket, so that the kernel closes them first when this process is killed.
    places = [open(home / f"slot{number}") for number in range(slots)]
    time.sleep(random.random() / 20)
    ticket = Ticket(home, run, Wish(("cpu",), slots))
    while not ticket.start():
        time.sleep(0.001)
    for place in places:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            continue
    else:
        tell(f"{run} crowd")
    time.sleep(random.random() / 100)
    tell(f"{run} done")

def stir(_):
    queue = Queue(home)
    while True:
        with queue.door():
            waiting = [entry.run for entry in queue.living() if not entry.running]
            if waiting:
                queue.move(random.choice(waiting), random.choice(["up", "down", "first", "last"]))

def fork(work, argument):
    child = os.fork()
    if not child:
        try:
            work(argument)
        except BaseException as error:
            tell(f"{argument} {error!r}")
        os._exit(0)
    return child

workers = {fork(work, f"run-{number}"): f"run-{number}" for number in range(16)}
movers = [fork(stir, "mover") for _ in range(2)]
doomed = random.sample(sorted(workers), 4)
for worker in doomed:
    time.sleep(0.02)
    os.kill(worker, signal.SIGKILL)
# One of the movers dies in the midst of it, too.
os.kill(movers[0], signal.SIGKILL)
for worker in workers:
    os.waitpid(worker, 0)
os.kill(movers[1], signal.SIGKILL)
print(*(workers[worker] for worker in workers if worker not in doomed))
"""


def test_processes_that_come_work_die_and_are_moved_at_once_all_get_their_turn(tmp_path):
    command = [sys.executable, "-P", "-c", CROWD, str(tmp_path)]
    root = Path(__file__).parents[3]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(root)}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    told = (tmp_path / "told").read_text().split("\n")[:-1]
    assert not [line for line in told if not line.endswith(" done")]
    finished = [line.removesuffix(" done") for line in told]
    assert len(set(finished)) == len(finished)
    assert set(done.stdout.split()) <= set(finished)


def test_a_fork_of_the_worker_does_not_hold_its_place(tmp_path, until):
    """As the processes of a data loader that outlive a killed worker would."""
    script = (
        "import os, sys, time; from pathlib import Path; from engine.control.ticket import Ticket\n"
        "from engine.control.queue import Wish\n"
        f"Ticket(Path({str(tmp_path)!r}), 'a', Wish(('cpu',))).start()\n"
        "child = os.fork()\n"
        "print(child, flush=True) if child else None\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as owner:
        child = int(owner.stdout.readline())
        mine = Ticket(tmp_path, "b", CPU)
        try:
            assert not mine.start()
            assert (mine.position, mine.behind) == (1, "a")
            owner.kill()
            owner.wait()
            until(mine.start, what="the child, once it runs, has let go of the place")
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_ticket_drawn_for_a_worker_counts_while_that_worker_lives(tmp_path):
    with subprocess.Popen(["sleep", "60"]) as process:
        queue = Queue(tmp_path)
        with queue.door():
            path = queue.draw("theirs", CPU, Identity.of(process.pid))
            assert queue.draw("theirs", CPU, Identity.of(process.pid)) == path
        mine = Ticket(tmp_path, "mine", CPU)
        assert not mine.start()
        assert mine.behind == "theirs"
        process.kill()
        process.wait()
        assert mine.start()
    assert queue.names() == [path.name.replace("0-theirs", "1-mine@cpu")]


def test_a_worker_takes_hold_of_the_ticket_that_was_drawn_for_it_and_none_is_drawn_again(tmp_path):
    queue = Queue(tmp_path)
    with queue.door():
        drawn = queue.draw("run", CPU, Identity.own())
    ticket = Ticket(tmp_path, "run", CPU)
    assert ticket.start()
    with queue.door():
        assert queue.draw("run", CPU, Identity.own()).name == f"{drawn.name}@cpu"
    assert queue.names()
    ticket.release()
    assert not queue.names()


def test_a_ticket_that_somebody_removed_is_drawn_again(tmp_path):
    first, second = Ticket(tmp_path, "first", CPU), Ticket(tmp_path, "second", CPU)
    assert first.start()
    for name in Queue(tmp_path).names():
        if name.endswith("second"):
            (Queue(tmp_path).folder / name).unlink()
    assert not second.start()
    assert second.position == 1
    first.release()
    assert second.start()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"slots": 1, "worker": 5, "held": false}', b"\xff"])
def test_a_damaged_ticket_that_nobody_holds_is_removed(tmp_path, damage):
    queue = Queue(tmp_path)
    with queue.door():
        queue.draw("old", CPU, Identity.own()).write_bytes(damage)
    assert Ticket(tmp_path, "new", CPU).start()


def test_a_move_waits_for_the_door(tmp_path):
    """Between a worker's look and its start nobody changes the order."""
    tickets = [Ticket(tmp_path, run, CPU) for run in "abc"]
    queue = Queue(tmp_path)
    done = threading.Event()

    def move() -> None:
        with queue.door():
            queue.move("c", "first")
        done.set()

    assert tickets[0].start()
    with queue.door():
        mover = threading.Thread(target=move)
        mover.start()
        assert not done.wait(0.05)
    mover.join()
    assert [ticket.start() for ticket in tickets[1:]] == [False, False]
    assert [ticket.position for ticket in tickets[1:]] == [2, 1]
