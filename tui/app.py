"""The app: it wires theme, settings and the workbench screen, and nothing else."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand
from textual.events import InputEvent

from engine import Workspace, wording
from tui.actions import ACTS, bindings
from tui.any_bytes import take_any_bytes
from tui.covered import Covered
from tui.garbage import LOOK_SECONDS, Garbage
from tui.in_turn import KeysInTurn
from tui.keymap import FILE, Keymap
from tui.limits import UNLIMITED, Limited
from tui.palette import Actions
from tui.preloading import AFTER_SECONDS, load_the_rest
from tui.renderers import choose_images
from tui.reporting import Reporting, ReportingApp
from tui.screens.help import HelpScreen
from tui.screens.painting import PaintedOnce
from tui.screens.workbench import Workbench
from tui.settings import Settings
from tui.stylesheet import OwnStylesheet
from tui.terminal import depth
from tui.themes import filters, known, offered, terminal_colours

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rich.terminal_theme import TerminalTheme
    from textual import events
    from textual.driver import Driver
    from textual.filter import LineFilter
    from textual.screen import Screen

    from tui.actions import Scope
    from tui.limits import Limits

SAVE_SECONDS = 5.0


class PhospheneApp(Limited, KeysInTurn, Covered, ReportingApp):
    """Opens the workbench; its result is the runs that go on."""

    TITLE = "Phosphene"
    CSS_PATH: ClassVar = [f"screens/{name}.tcss" for name in ("workbench", "compare", "sweep", "study", "report")]
    ENABLE_COMMAND_PALETTE = True
    BINDINGS = bindings("app")
    acts_of: ClassVar[Scope] = "app"
    COMMANDS = App.COMMANDS | {Actions}

    def __init__(
        self,
        home: Path | None = None,
        images: str = "",
        theme: str = "",
        *,
        light: bool = False,
        limits: Limits = UNLIMITED,
    ) -> None:
        self._garbage = Garbage()
        self._coloured: dict[str, tuple[TerminalTheme, list[LineFilter]]] = {}
        super().__init__(driver_class=_driver_of_the_browser() if limits.browser else None)
        self.stylesheet = OwnStylesheet(variables=self.get_css_variables())
        self.limits = limits
        self._home = Workspace(home).home
        self._file = self._home / "workbench.json"
        self.settings = Settings.load(self._file)
        self.reporting = Reporting(self._home, self.settings, read_only=limits.read_only)
        self.keymap = Keymap.read(self._home / FILE)
        wanted = "halfcell" if limits.browser else images
        self.renderer = choose_images(wanted, "" if images else self.settings.images, sixel=limits.sixel)
        if images:
            self.settings.images = images
        self._choose_theme(theme, light=light)

    def _choose_theme(self, wanted: str, *, light: bool) -> None:
        """Offer the themes that this terminal can show; take the wanted one, the remembered one, or that which fits.

        Raises:
            ValueError: if there is no such theme for any terminal.
        """
        themes = offered(depth(), light=light)
        if wanted and not known(wanted):
            raise ValueError(f"there is no theme {wanted!r}; there are: {', '.join(themes)}")
        self.settings.theme = wanted or self.settings.theme
        for theme in themes.values():
            self.register_theme(theme)
        self.theme = self._opened_with = next(name for name in (wanted, self.settings.theme, *themes) if name in themes)
        # Ours of the name of Textual's default is another theme, and yet no change.
        self.stylesheet.set_variables(self.get_css_variables())
        for name in self.available_themes.keys() - themes.keys():
            self.unregister_theme(name)

    @property
    def ansi_theme(self) -> TerminalTheme:
        """What the names of colours mean: those of the theme."""
        return self._colours[0]

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what is done to every line: names of colours become those of the theme, dim texts muted ones."""
        return [*super().get_line_filters(), *self._colours[1]]

    @property
    def _colours(self) -> tuple[TerminalTheme, list[LineFilter]]:
        """What the theme makes of named colours and of lines, worked out once for each theme that is chosen."""
        if self.theme not in self._coloured:
            theme = self.current_theme
            self._coloured[self.theme] = terminal_colours(theme), filters(depth(), theme)
        return self._coloured[self.theme]

    def on_mount(self) -> None:
        """Open the workbench."""
        self.set_keymap(self.keymap.chosen)
        self.push_screen(Workbench(self._home, self.settings, self.renderer, self.keymap))
        self.set_interval(SAVE_SECONDS, self._save_settings)

    def on_ready(self) -> None:
        """Let neither garbage nor modules hold up a key; not where several apps live in one process, as in tests."""
        if not self.is_headless:
            self.set_timer(AFTER_SECONDS, load_the_rest)
            self._garbage.begin()
            self.set_interval(LOOK_SECONDS, self._garbage.look)

    async def on_event(self, event: events.Event) -> None:
        """Note when the user does something."""
        if isinstance(event, InputEvent):
            self._garbage.hold()
        await super().on_event(event)

    def on_workbench_settings_changed(self) -> None:
        """Remember the settings now: a terminal may be closed at any moment."""
        self._save_settings()

    def on_unmount(self) -> None:
        """Remember the settings."""
        self._save_settings()

    def _save_settings(self) -> None:
        if self.theme != self._opened_with:
            self.settings.theme = self._opened_with = self.theme
        if not self.limits.read_only:
            self.settings.save(self._file)

    def refresh_css(self, animate: bool = True) -> None:
        """Apply the colours of a theme; the screen is laid out and painted for all of them at once."""
        screen = self.screen_stack[-1] if self.screen_stack else None
        with screen.put_off() if isinstance(screen, PaintedOnce) else contextlib.nullcontext():
            super().refresh_css(animate)

    def action_next_theme(self) -> None:
        """Switch to the next colour theme of those that this terminal can show."""
        names = list(self.available_themes)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        self.notify(f"theme: {self.theme}")

    async def on_key(self, event: events.Key) -> None:
        """Let the workbench see to a key that means nothing where the focus is; say why a greyed one does nothing."""
        screen = self.screen
        active = screen.active_bindings.get(event.key)
        if active is not None and not active.enabled:
            for reason in {self.limits.reason_against(act) for act in ACTS if act.id == active.binding.id} - {""}:
                self.notify(reason, severity="error", markup=False)
        elif active is None and isinstance(screen, Workbench):
            await screen.press_elsewhere(event.key)

    async def action_quit(self) -> None:
        """Leave as the workbench does, which says what goes on."""
        workbench = next((each for each in self.screen_stack if isinstance(each, Workbench)), None)
        if workbench is None:
            self.exit()
        else:
            workbench.action_quit()

    def action_help(self) -> None:
        """Show the keys, those of the focused pane first."""
        screen = self.screen
        first: Scope = getattr(screen, "scope", "workbench")
        self.push_screen(HelpScreen(first, self.keymap))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer Textual's own commands for themes and screenshots; the actions have a provider of their own."""
        for command in super().get_system_commands(screen):
            if command.title in {"Theme", "Screenshot"}:
                yield command


def _driver_of_the_browser() -> type[Driver]:
    from tui.browser import BrowserDriver

    return BrowserDriver


def run_app(images: str, theme: str, *, light: bool, limits: Limits) -> int:
    """Open the workbench in this terminal, whose background may be light; say afterwards which runs go on.

    In a browser nothing is said: its stdout is what the browser draws.
    """
    try:
        app = PhospheneApp(images=images, theme=theme, light=light, limits=limits)
    except ValueError as error:
        print(f"phosphene: {error}", file=sys.stderr)  # noqa: T201
        return 2
    take_any_bytes()
    active = app.run() or []
    if active and not limits.browser:
        waiting = [run.id for run in active if run.status.state == "queued"]
        print(wording.going_on([run.id for run in active if run.id not in waiting], waiting))  # noqa: T201
    return app.return_code or 0
