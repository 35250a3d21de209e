"""Makes the README's stills: trains in a workspace of its own, by key as a user would, and exports the screen as SVG.

Run it as ``.venv/bin/python docs/screenshot.py [workbench] [confusion] [dcgan]``; all three take three to five minutes.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui.app import PhospheneApp

FOLDER = Path(__file__).parent
PATIENCE = 300.0
"""Seconds until a still is given up."""
DCGAN_STEPS = 400
CELL_WIDTH = 12.2
"""Of a character in Textual's pictures."""


def portable(svg: str) -> str:
    """Return a picture that every viewer draws alike.

    It takes no fonts from elsewhere: the reader's monospaced one serves. Text begins at its first letter, because some
    viewers drop the spaces before it.
    """
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas")
    return re.sub(r'x="([\d.]+)" (y="[\d.]+") textLength="([\d.]+)"([^>]*)>((?:&#160;)+)', _begun_later, svg)


def _begun_later(text: re.Match[str]) -> str:
    x, y, length, attributes, spaces = text.groups()
    indent = CELL_WIDTH * spaces.count(";")
    return f'x="{float(x) + indent:.1f}" {y} textLength="{max(0.0, float(length) - indent):.1f}"{attributes}>'


async def until(pilot: Any, condition: Callable[[], Any]) -> None:
    """Let the app work until a condition holds.

    Raises:
        TimeoutError: if it does not within the patience.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the workbench did not come to what the still shows")
        await pilot.pause(0.1)


async def started(pilot: Any) -> None:
    """Start the experiment of the form by key, and wait until its run is shown."""
    screen = pilot.app.screen
    await until(pilot, lambda: screen.query("#form") and screen.query_one("#form").experiment is not None)
    await pilot.press("r")
    await until(pilot, lambda: screen.shown is not None)


async def show_kind(pilot: Any, kind: str) -> None:
    """Turn the pictures to one kind."""
    panel = pilot.app.screen.query_one("#pictures")
    panel.focus()
    await until(pilot, lambda: panel.kind)
    while panel.kind != kind:
        panel.action_next_name()
        await pilot.pause(0.1)
    await pilot.pause(1.0)


def write(app: PhospheneApp, name: str) -> None:
    """Export what is on the screen."""
    svg = portable(app.export_screenshot(title="Phosphene"))
    (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")


async def cnn(home: Path, name: str, size: tuple[int, int], keys: tuple[str, ...] = ()) -> None:
    """Train the small CNN to its end and show the confusion matrix."""
    app = PhospheneApp(home, images="halfcell")
    app.settings.experiment = "cnn"
    async with app.run_test(size=size) as pilot:
        await started(pilot)
        shown = app.screen.shown
        await until(pilot, lambda: shown.history.state == "finished")
        await show_kind(pilot, "confusion")
        await pilot.press("plus", "plus", "plus", *keys)
        await pilot.pause(1.0)
        write(app, name)


async def dcgan(home: Path, name: str, size: tuple[int, int]) -> None:
    """Train a DCGAN and show its samples before it ends."""
    app = PhospheneApp(home, images="halfcell")
    app.settings.experiment = "dcgan"
    app.settings.forms["dcgan"] = {"steps": str(DCGAN_STEPS), "lr_g": "0.0005", "preview_every": "20"}
    async with app.run_test(size=size) as pilot:
        await started(pilot)
        screen = app.screen
        await until(pilot, lambda: screen.shown.history.step >= 0.9 * DCGAN_STEPS)
        await show_kind(pilot, "samples")
        await pilot.press("plus", "plus", "plus")
        await pilot.pause(1.0)
        write(app, name)
        await screen.engine.stop(screen.shown.run)


STILLS = {
    "workbench": lambda home: cnn(home, "workbench", (160, 48)),
    "confusion": lambda home: cnn(home, "confusion", (80, 24), keys=("F",)),
    "dcgan": lambda home: dcgan(home, "dcgan", (150, 44)),
}


if __name__ == "__main__":
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    for still in sys.argv[1:] or STILLS:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            os.environ["PHOSPHENE_HOME"] = folder
            asyncio.run(STILLS[still](Path(folder)))
