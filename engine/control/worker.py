"""The worker: one process, in a session of its own, that runs one attempt of one run.

An executor starts it through `phosphene.py` with an order, or with ``--warm`` as a fork server, whose children are
workers. Nothing before the program's own import needs torch.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib.util
import os
import random
import signal
import sys
import threading
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from engine.control import fork_server, requests
from engine.control.allotment import Allotment, begin
from engine.control.devices import device_of, gpu_of, only_see
from engine.control.endings import outcome
from engine.control.fork_server import Given
from engine.control.order import Order
from engine.control.threads import announce, thread_count
from engine.control.usage import Usage
from engine.errors import MachineFailure, PhospheneError, is_full_disk
from engine.record.events import STARTING, Begun, DeviceTaken, Message, Started, State, StateChanged
from engine.record.log import EventLog
from engine.record.run_directory import RunDirectory
from engine.record.workspace import Workspace
from engine.version import CODE, CODE_FOLDER, VERSION

if TYPE_CHECKING:
    from engine.control.context import Context
    from engine.control.ticket import Ticket
    from engine.record.run_directory import RunRecord

PULSE_SECONDS = 10.0
_leave = os._exit


def main(arguments: list[str]) -> NoReturn:
    """Run the worker and end the process: with exit status 0 unless the run failed."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    warm = arguments[0] == "--warm"
    given = fork_server.wait() if warm else Given(Order.from_json(arguments[0]))
    status = _serve(given, warm=warm) if given else 0
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that a program or a library left running must not keep the device.
    _leave(status)


def _serve(given: Given, *, warm: bool) -> int:
    order = begin(given.order)
    if order is None:
        return 1
    given.tell_taken()
    run = RunDirectory(order.run)
    attempt = order.folders()[1]
    allotment = Allotment.of(attempt)
    if warm or allotment:
        # A job may carry out several attempts, and its own output is that of one of them, or of none.
        _redirect(attempt / "output.log")
    faulthandler.enable()
    log = EventLog(attempt / "events.jsonl")
    return _Worker(run, order.code, log, given.warming, allotment).serve()


def _redirect(output: Path) -> None:
    """Replace stdin, stdout and stderr by those of a worker that was started for this run."""
    with Path(os.devnull).open("rb") as null, output.open("ab", buffering=0) as file:
        os.dup2(null.fileno(), 0)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


class _Worker:
    def __init__(
        self,
        run: RunDirectory,
        code: str,
        log: EventLog,
        warming: threading.Thread | None = None,
        allotment: Allotment | None = None,
    ) -> None:
        self._run = run
        self._allotment = allotment
        self._sent_away = 0
        self._launchers_code = code
        self._warming = warming
        self._log = log
        self._pid = os.getpid()
        self._context: Context | None = None
        self._stop = False
        self._early: list[dict[str, Any]] = []
        self._ended = threading.Event()
        self._restored_step = 0
        self._usage = Usage()
        self._taken: DeviceTaken | None = None

    def serve(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT, *((signal.SIGUSR1,) if self._allotment else ())):
            signal.signal(number, self._on_signal)
        self._witness_exits()
        threading.Thread(target=self._pulse, name="pulse", daemon=True).start()
        try:
            state, reason = self._left(*self._attempt())
        except BaseException as error:  # noqa: BLE001 - whatever a program raises ends as the run's last event
            if os.getpid() != self._pid:
                _leave(1)
            state, reason = self._outcome(error)
            self._tell_place(error)
        if os.getpid() != self._pid:
            # The program forked and the child returned to here: only the parent speaks for the run.
            _leave(0)
        self._ended.set()
        context = self._context
        step, total, result = (context.done, context.total, context.results) if context else (0, 0, {})
        step = max(step, self._restored_step)
        final = StateChanged(time.time(), state, reason, step, total, result)
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        # The reserve goes first, so that the last event has room on a full disk. After that event nothing changes.
        self._log.release_reserve()
        with contextlib.suppress(OSError):
            self._log.append(self._usage.pulse())
        self._log.append(final, durable=True)
        self._go_on_later(final)
        self._log.close()
        return 1 if state == "failed" else 0

    def _left(self, state: State, reason: str) -> tuple[State, str]:
        """Return how a run is left whose job ends before it does; a stop that a user asked for remains one."""
        context = self._context
        asked = context.stop_asked if context else bool(self._early)
        if self._allotment is None or state != "stopped" or not self._sent_away or asked:
            return state, reason
        told = self._sent_away == signal.SIGUSR1
        return self._allotment.leave(context, self._run, self._restored_step, told=told)

    def _go_on_later(self, left: StateChanged) -> None:
        """Have the run's job started again, after the word that it waits for that: Slurm kills this process for it."""
        if self._allotment is None or left.state != "queued":
            return
        fault = self._allotment.requeue(told=self._sent_away == signal.SIGUSR1)
        if fault:
            reason = f"{left.reason}, and Slurm does not start it again ({fault}): resume it"
            self._log.append(replace(left, t=time.time(), state="stopped", reason=reason), durable=True)

    def _outcome(self, error: BaseException) -> tuple[State, str]:
        return outcome(error, self._taken, self._context.hyperparameters if self._context else None)

    def _tell_place(self, error: BaseException) -> None:
        """Log where in the program's own files an error of it was raised."""
        if not isinstance(error, PhospheneError | SystemExit) and not is_full_disk(error):
            with contextlib.suppress(Exception):
                from engine.catalogue import experiment

                if place := last_own_line(error, experiment(self._run.record().experiment).program):
                    self._log.append(Message(time.time(), place, "alarm"))

    def _attempt(self) -> tuple[State, str]:
        restored = self._run.last_checkpoint()
        self._restored_step = restored.step if restored else 0
        self._state("queued", STARTING, self._restored_step)
        from engine.catalogue import experiment
        from engine.control.context import Context, StopRequested

        record = self._run.record()
        threads = thread_count(record.threads)
        announce(threads)
        self._log.append(Started(time.time(), VERSION, CODE_FOLDER, threads))
        if self._launchers_code != CODE:
            raise MachineFailure(
                f"the worker runs Phosphene {CODE}, but was launched by {self._launchers_code}: restart the app, then "
                "resume the run"
            )
        declared = experiment(record.experiment)
        hyperparameters = declared.validate(record.hyperparameters)
        queue = self._turn(record)
        if not queue:
            return "stopped", "before it started"
        device = self._take_device(queue)
        self._context = context = Context(self._run, self._log, hyperparameters, self._early, device)
        self._state("running", step=self._restored_step)
        if self._stop:
            context.request_stop()
        if self._warming:
            # Two threads must not import torch at the same time.
            self._warming.join()
        program = declared.load()
        context.torch_seeded = prepare_libraries(record.seed, threads)
        self._log.append(Begun(time.time()))
        try:
            program(hyperparameters, context)
            context.flush()
        except StopRequested:
            after = f"after step {context.done:,}" if context.done else "before its first step"
            return "stopped", context.stop_reason or after
        finally:
            # The last values of a failing program are kept too.
            with contextlib.suppress(Exception):
                context.flush()
        return "finished", ""

    def _turn(self, record: RunRecord) -> str:
        """Wait for one of the run's devices; return the name of its queue, nothing if the run was stopped meanwhile.

        In a job nobody waits: Slurm has given it what it needs, and its time is going.
        """
        if self._allotment:
            queue = self._allotment.device(record.device)
            self._log.append(Message(time.time(), self._allotment.says(device_of(queue))))
            self._early += requests.take(self._run.control)
            return "" if any(request["request"] == "stop" for request in self._early) else queue
        from engine.control.memory import wish_of
        from engine.control.ticket import Ticket

        workspace = Workspace(self._run.path.parents[1])
        ticket = Ticket(workspace.home, record.id, wish_of(workspace, record))
        if self._wait(ticket):
            return ticket.device
        ticket.release()
        return ""

    def _wait(self, ticket: Ticket) -> bool:
        """Wait for a free slot on one of its devices; return False if the run was stopped meanwhile."""
        shown = ""
        delay = 0.02
        while True:
            started = ticket.start()
            # Looked at after that: who cancels a run while it waits writes the request before it can start.
            self._early += requests.take(self._run.control)
            if self._stop or any(request["request"] == "stop" for request in self._early):
                return False
            if started:
                return True
            if ticket.reason != shown:
                shown = ticket.reason
                self._state("queued", shown, self._restored_step)
            time.sleep(delay)
            delay = min(0.25, delay * 1.5)

    def _take_device(self, queue: str) -> str:
        """Log which device the run has got, and let CUDA see no other; return torch's name of it."""
        self._usage.gpu = gpu = gpu_of(queue)
        name, uuid = (gpu.name, gpu.uuid) if gpu else ("", "")
        self._taken = DeviceTaken(time.time(), device_of(queue), name, uuid)
        self._log.append(self._taken)
        return only_see(queue)

    def _state(self, state: State, reason: str = "", step: int = 0) -> None:
        self._log.append(StateChanged(time.time(), state, reason, step), durable=True)

    def _on_signal(self, number: int, _: object) -> None:
        self._stop = True
        self._sent_away = self._sent_away or number
        if self._context is not None:
            self._context.request_stop()

    def _witness_exits(self) -> None:
        """Log a message when the program forks, and when it ends the process by itself."""
        noted = False

        def witnessed(status: int) -> None:
            if os.getpid() == self._pid:
                with contextlib.suppress(OSError):
                    text = f"the program ended the process itself with os._exit({status})"
                    os.write(2, f"{text}\n".encode())
                    self._log.append(Message(time.time(), text, "alarm"), durable=True)
            _leave(status)

        def forked() -> None:
            nonlocal noted
            if not noted and os.getpid() == self._pid:
                noted = True
                with contextlib.suppress(OSError):
                    self._log.append(Message(time.time(), "the program forked; only this process speaks for the run"))

        os._exit = witnessed  # type: ignore[assignment]
        os.register_at_fork(after_in_parent=forked)

    def _pulse(self) -> None:
        """Log a sign of life every ten seconds, and sync the log to the disk once a second."""
        beat = time.monotonic() + PULSE_SECONDS
        while not self._ended.wait(1.0):
            try:
                if time.monotonic() >= beat:
                    beat = time.monotonic() + PULSE_SECONDS
                    self._log.append(self._usage.pulse())
                self._log.sync()
            except OSError:
                # The disk refuses. The next step that logs raises this where it can be handled.
                continue


def prepare_libraries(seed: int, threads: int) -> bool:
    """Seed the generators of the modules imported so far and set their threads; return whether torch is among them."""
    random.seed(seed)
    if "torch" in sys.modules:
        # One that cannot be imported ends only a program that needs it.
        with contextlib.suppress(Exception):
            import engine.tensors.libraries  # noqa: F401
        from engine.tensors.devices import prepare_torch

        prepare_torch(seed, threads)
        return True
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)
    return False


def last_own_line(error: BaseException, program: str) -> str:
    """Return the last line of a program's own files in a traceback, or the empty string if none of them is in it.

    Args:
        error: as it was caught.
        program: ``"package.module:function"``; its own files are those of the package, or the module alone.
    """
    found = importlib.util.find_spec(program.partition(":")[0].partition(".")[0])
    roots = [] if found is None else [*(found.submodule_search_locations or ()), found.origin or ""]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if any(root and (frame.filename == root or frame.filename.startswith(f"{root}{os.sep}")) for root in roots):
            return f"{frame.filename}, line {frame.lineno}, in {frame.name}: {frame.line}"
    return ""
