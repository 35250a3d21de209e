"""Makes the README's picture: trains a DCGAN on the digits in a workspace of its own and exports the workbench as SVG.

Run it as ``.venv/bin/python docs/screenshot.py``; it takes about a minute.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from pathlib import Path

from tui.app import PhospheneApp

TARGET = Path(__file__).with_name("workbench.svg")
STEPS = 400


def with_local_fonts(svg: str) -> str:
    """Return the picture without fonts from elsewhere: the reader's monospaced one serves."""
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return svg.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas")


async def main(home: Path) -> None:
    """Launch by key as a user would, wait for the samples, and export what is on the screen."""
    app = PhospheneApp(home, images="halfcell", theme="nord")
    app.settings.experiment = "dcgan"
    app.settings.forms["dcgan"] = {"steps": str(STEPS), "lr_g": "0.0005", "preview_every": "20"}
    async with app.run_test(size=(150, 44)) as pilot:
        while not app.screen.query("#form") or app.screen.query_one("#form").experiment is None:
            await pilot.pause(0.1)
        await pilot.press("r")
        while (shown := app.screen.shown) is None or shown.step < 0.9 * STEPS:
            await pilot.pause(0.2)
        panel = app.screen.query_one("#pictures")
        while panel.kind != "samples":
            panel.action_next_name()
            await pilot.pause(0.1)
        await pilot.press("plus", "plus", "plus")
        await pilot.pause(1.0)
        TARGET.write_text(with_local_fonts(app.export_screenshot(title="Phosphene")), encoding="utf-8")
        await app.screen.engine.stop(shown.run)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PHOSPHENE_HOME"] = folder
        asyncio.run(main(Path(folder)))
