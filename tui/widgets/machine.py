"""The line at the top: how busy this machine is, and how far the shown run is."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from engine import wording
from tui.marks import mark, tagged

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from engine import GpuLoad, History, Listed, MachineLoad
    from tui.shown import ShownRun

MEASURE_SECONDS = 2.0


class MachineLine(Horizontal):
    """Machine at the left, shown run at the right."""

    def __init__(self) -> None:
        super().__init__(id="machine-line")

    def compose(self) -> ComposeResult:
        """Lay out both ends."""
        yield Static(Content.assemble((" Phosphene ", "bold $accent"), f" {socket.gethostname()}"), id="machine")
        yield Static(id="shown")

    def on_mount(self) -> None:
        """Measure the machine every two seconds, in a thread."""
        self.set_interval(MEASURE_SECONDS, self._measure)

    async def _measure(self) -> None:
        from engine import machine_load

        self.show_load(await asyncio.to_thread(machine_load))

    def show_load(self, load: MachineLoad) -> None:
        """Show how busy the machine is."""
        parts = [socket.gethostname(), *map(_gpu, load.gpus)]
        if load.trouble and not load.gpus:
            parts.append("gpu -")
        parts += [f"cpu {load.cpu:.0f} %", f"{_gib(load.used)}/{_gib(load.total)} GiB"]
        self.query_one("#machine", Static).update(
            Content.assemble((" Phosphene ", "bold $accent"), " · ".join(parts)), layout=False
        )

    def show_run(self, shown: ShownRun, listed: Listed | None) -> None:
        """Show the state of the run that is on the screen, at the right, with what was added to it later."""
        history, record = shown.history, shown.record
        goes_on = history.state == "running" and history.step < history.total
        eta = f"  eta {wording.clock(history.eta)}" if goes_on else ""
        called = listed.name if listed else record.name
        name = f" {wording.short_id(shown.run.id)} {record.experiment} {called}".rstrip()
        tags = tagged(listed.annotations.tags if listed else ())
        state = f" {history.state} {_done(history)}".rstrip()
        text = Content.assemble(name, tags, " ", mark(history.state), state, f"{eta} ")
        self.query_one("#shown", Static).update(text, layout=False)


def _done(history: History) -> str:
    """Return how much of a run is done; the empty string for one that has finished, or while nobody knows."""
    if history.state == "running" and history.total:
        return wording.running(history.step, history.total)
    return "" if history.state == "finished" else wording.share(history.step, history.total)


def _gpu(gpu: GpuLoad) -> str:
    """Return a GPU's load, a dash for what its driver does not say; ``phosphene doctor`` says why."""
    busy = "-" if gpu.utilisation is None else f"{gpu.utilisation} %"
    memory = "-" if gpu.used is None or gpu.total is None else f"{_gib(gpu.used)}/{_gib(gpu.total)} GiB"
    return f"{gpu.name} {busy} {memory}" if (busy, memory) != ("-", "-") else f"{gpu.name} -"


def _gib(size: float) -> str:
    return f"{size / 2**30:.1f}"
