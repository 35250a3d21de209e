"""The app: it wires theme, settings and the workbench screen, and nothing else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand

from engine import Workspace
from tui.actions import ACTS, bindings
from tui.renderers import choose_images
from tui.screens.workbench import Workbench
from tui.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    from textual.screen import Screen

SAVE_SECONDS = 5.0


class PhospheneApp(App[list[str]]):
    """Opens the workbench; its result is the ids of the runs that go on."""

    TITLE = "Phosphene"
    CSS_PATH: ClassVar = ["screens/workbench.tcss"]
    ENABLE_COMMAND_PALETTE = True
    BINDINGS = bindings("app")

    def __init__(self, home: Path | None = None, images: str = "", theme: str = "") -> None:
        super().__init__()
        self._home = Workspace(home).home
        self._file = self._home / "workbench.json"
        self.settings = Settings.load(self._file)
        self.settings.images = images or self.settings.images
        self.renderer = choose_images(self.settings.images)
        wanted = theme or self.settings.theme
        self.theme = wanted if wanted in self.available_themes else "nord"

    def on_mount(self) -> None:
        """Open the workbench."""
        self.push_screen(Workbench(self._home, self.settings, self.renderer))
        self.set_interval(SAVE_SECONDS, self._save_settings)

    def on_workbench_settings_changed(self) -> None:
        """Remember the settings now: a terminal may be closed at any moment."""
        self._save_settings()

    def on_unmount(self) -> None:
        """Remember the settings."""
        self._save_settings()

    def _save_settings(self) -> None:
        self.settings.theme = self.theme
        self.settings.save(self._file)

    def action_next_theme(self) -> None:
        """Switch to the next colour theme."""
        names = sorted(self.available_themes)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        self.notify(f"theme: {self.theme}")

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer every action of the workbench in the palette, and Textual's own for themes and screenshots."""
        if isinstance(screen, Workbench):
            for act in ACTS:
                if act.scope in {"app", "workbench"}:
                    action = f"app.{act.name}" if act.scope == "app" else act.name
                    yield SystemCommand(f"{act.label} ({act.display})", act.help, _caller(screen, action))
        for command in super().get_system_commands(screen):
            if command.title in {"Theme", "Screenshot"}:
                yield command


def _caller(screen: Screen[None], action: str) -> Callable[[], Awaitable[None]]:
    async def call() -> None:
        await screen.run_action(action)

    return call


def run_app(images: str, theme: str) -> int:
    """Open the workbench in this terminal; say afterwards which runs go on."""
    try:
        app = PhospheneApp(images=images, theme=theme)
    except ValueError as error:
        print(f"phosphene: {error}", file=sys.stderr)  # noqa: T201
        return 2
    active = app.run() or []
    for run in active:
        print(f"{run} goes on; come back with: phosphene, or: phosphene follow {run}")  # noqa: T201
    return app.return_code or 0
