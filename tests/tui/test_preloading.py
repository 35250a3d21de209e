"""What the workbench loads beside, for keys that come later."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from tui.app import PhospheneApp
from tui.garbage import Garbage

from .conftest import until

LATE = ("tui.screens.report", "tui.screens.plan", "tui.widgets.report.preview")
CODE = f"""
import sys
import phosphene
import tui.app
late = {LATE!r}
assert not any(name in sys.modules for name in late), "the first screen needs none of them"
from tui.preloading import load_the_rest
load_the_rest().join()
assert all(name in sys.modules for name in late)
assert "textual_image.widget" not in sys.modules, "it asks the terminal"
"""


def test_screens_are_loaded_before_they_are_opened():
    done = subprocess.run([sys.executable, "-P", "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("headless", [False, True])
def test_an_app_loads_them_that_has_its_process_for_itself(home, monkeypatch, headless):
    asked = []
    monkeypatch.setattr("tui.app.load_the_rest", lambda: asked.append("modules"))
    monkeypatch.setattr("tui.app.AFTER_SECONDS", 0.01)
    monkeypatch.setattr(Garbage, "begin", lambda _: asked.append("garbage"))
    monkeypatch.setattr(PhospheneApp, "is_headless", headless)

    async def scenario() -> None:
        app = PhospheneApp(home)
        async with app.run_test() as pilot:
            await until(lambda: app.screen.query("#experiments") and app.screen.catalogue)
            if headless:
                await pilot.pause()
            else:
                await until(lambda: "modules" in asked)

    asyncio.run(scenario())
    assert asked == ([] if headless else ["garbage", "modules"])
