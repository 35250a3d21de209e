"""The panel with the pictures of a run: one kind at a time, scrubbed through its steps, compared with others."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import work
from textual.containers import VerticalGroup
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from engine import gallery
from tui.actions import bindings
from tui.exporting import Offer, ask_and_export, export
from tui.reporting import ask_and_add, part_of
from tui.widgets.shot import ShotView

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events
    from textual.app import ComposeResult
    from textual.timer import Timer

    from engine import Origin
    from tui.exporting import Write


PLAY_SECONDS = 0.25
BLINK_SECONDS = 0.5
AMPLIFICATIONS = (1, 3, 10, 30)
"""Factors of a difference, one key press after the other."""
Mode = Literal["single", "grid", "blink", "difference"]
"""What is shown: the chosen picture, all of its kind, it and another one in turn, or their difference."""


class PicturePanel(VerticalGroup, can_focus=True):
    """The pictures of a run by name and step; follows the newest until the user goes back."""

    BORDER_TITLE = "pictures"
    BINDINGS = bindings("pictures")
    DEFAULT_CLASSES: ClassVar[str] = "pane"

    @dataclass
    class StepChosen(Message):
        """The user chose the picture of this step; None: the newest, also when newer ones come."""

        step: int | None

    @dataclass
    class Changed(Message):
        """The panel shows something else than before."""

        kind: str
        shot: gallery.Shot | None

    @dataclass
    class EnlargeRequested(Message):
        """The user wants the picture on the whole screen."""

    def __init__(self, renderer: str) -> None:
        super().__init__(id="pictures")
        self._images: dict[str, dict[int, gallery.Kept]] = {}
        self._run = self._none = ""
        self.kind = ""
        self._wanted = ""
        self._step: int | None = None
        self._play_timer: Timer | None = None
        self._renderer = renderer
        self._drawn: tuple[object, ...] = ()
        self._posted: tuple[str, gallery.Shot | None] = ("", None)
        self._marked: gallery.Kept | None = None
        self._mode: Mode = "single"
        self._amplification = 1
        self._blink_timer: Timer | None = None
        self._blink_first = False

    def compose(self) -> ComposeResult:
        """Lay out the picture above its scrubber."""
        yield ShotView(self._renderer)
        yield Static(id="scrubber")

    @property
    def renderer(self) -> str:
        """How pictures are drawn."""
        return self._renderer

    def redraw_with(self, renderer: str) -> None:
        """Draw with another renderer from now on."""
        self._renderer = renderer
        self.query_one(ShotView).redraw_with(renderer)

    def show(self, images: dict[str, dict[int, gallery.Kept]], run: str, none: str = "no pictures yet") -> None:
        """Show the pictures and plots of a run, given by step within their name; ``none`` where there is none."""
        if run != self._run:
            self._stop_playing()
            self._switch_to("single")
        self._images, self._run, self._none = images, run, none
        # The kind that the user chose last is shown, of this run as of the one before; else the one with the most.
        most = max(images, key=lambda name: len(images[name]), default="")
        kind = self._wanted if self._wanted in images else most
        if kind != self.kind:
            self._switch_to("single")
            self.kind, self._step = kind, None
        self._draw()

    @property
    def steps(self) -> list[int]:
        """The steps of the chosen kind of picture."""
        return sorted(self._images.get(self.kind, ()))

    @property
    def current(self) -> int | None:
        """The step shown: the one chosen, or the newest."""
        steps = self.steps
        if self._step in steps:
            return self._step
        return steps[-1] if steps else None

    @property
    def pinned(self) -> int | None:
        """The step the user went back to, or None while the newest is shown."""
        return self._step if self._step in self.steps else None

    @property
    def still(self) -> gallery.Kept | None:
        """The single picture that is chosen."""
        return self._still(self.kind, self.current)

    def _still(self, kind: str, step: int | None) -> gallery.Kept | None:
        return None if step is None else self._images.get(kind, {}).get(step)

    @property
    def other(self) -> gallery.Kept | None:
        """The picture that the chosen one is compared with: the marked one, or the one that is meant."""
        if self._marked is not None or self.still is None:
            return self._marked
        return gallery.counterpart(self._images, self.still)

    @property
    def shot(self) -> gallery.Shot | None:
        """What is shown: the chosen picture, all of its kind, its difference from another, or that other one."""
        still, other = self.still, self.other
        if still is None:
            return None
        if self._mode == "grid":
            return gallery.Sheet(tuple(self._images[self.kind][step] for step in self.steps))
        if other is not None and self._mode == "difference":
            return gallery.Difference(other, still, self._amplification)
        return other if other is not None and self._blink_first else still

    @property
    def offer(self) -> Offer | None:
        """What is shown, to be written or added to a report; None if there is nothing."""
        shot = self.shot
        if shot is None:
            return None

        part = part_of("pictures", self.kind, runs=[self._run], step=self.pinned or 0)
        endings = ".png .pdf .svg" if isinstance(shot, gallery.Plotted) else ".png"
        write = functools.partial(gallery.save, shot)
        return Offer(gallery.file_name(shot), endings, write, lambda _: gallery.origin_of(shot), part)

    def _draw(self) -> None:
        view, scrubber = self.query_one(ShotView), self.query_one("#scrubber", Static)
        steps, current = self.steps, self.current
        room = max(4, scrubber.content_size.width - 4)
        shot = self.shot
        state = (self.kind, shot, current, len(steps), tuple(self._images), room, self._none)
        if state == self._drawn:
            return
        self._drawn = state
        view.show(shot)
        if (self.kind, shot) != self._posted:
            self._posted = (self.kind, shot)
            self.post_message(self.Changed(self.kind, shot))
        if current is None:
            self.border_title, self.border_subtitle = self.BORDER_TITLE, ""
            scrubber.update(Content.styled(self._none, "$text-muted"), layout=False)
            return
        names = list(self._images)
        which = f" {names.index(self.kind) + 1}/{len(names)}" if len(names) > 1 else ""
        # Content shows names as they are, also if they look like markup.
        self.border_title = Content(f"{self.kind}{which}")
        still = self.still
        title = f"step {current:,}{f' · {still.caption}' if still and still.caption else ''}"
        self.border_subtitle = Content(shot.title if shot is not None and shot != still else title)
        at = round(steps.index(current) / max(len(steps) - 1, 1) * (room - 1))
        bar = "─" * at + "●" + "─" * (room - 1 - at)
        line = Content.assemble(("◀ ", "$text-muted"), (bar, "$accent"), (" ▶", "$text-muted"))
        scrubber.update(line, layout=False)

    def _go(self, step: int | None) -> None:
        self._step = step
        self._draw()
        self.post_message(self.StepChosen(self.pinned))

    def action_step(self, offset: int) -> None:
        """Show the picture some steps later (or, negative, earlier)."""
        steps = self.steps
        if self.current is not None:
            index = min(max(steps.index(self.current) + offset, 0), len(steps) - 1)
            self._go(None if index == len(steps) - 1 else steps[index])

    def action_first(self) -> None:
        """Show the first picture."""
        if self.steps:
            self._go(self.steps[0])

    def action_last(self) -> None:
        """Show the newest picture, also when newer ones come."""
        self._go(None)

    def _go_to_kind(self, offset: int) -> None:
        names = list(self._images)
        if names:
            self._switch_to("single")
            self.kind = self._wanted = names[(names.index(self.kind) + offset) % len(names)]
            self._go(None)

    def action_next_name(self) -> None:
        """Show the next kind of picture."""
        self._go_to_kind(1)

    def action_previous_name(self) -> None:
        """Show the previous kind of picture."""
        self._go_to_kind(-1)

    def action_play(self) -> None:
        """Play the pictures in order from the first, or stop playing."""
        if not self._stop_playing() and len(self.steps) > 1:
            self.action_first()
            self._play_timer = self.set_interval(PLAY_SECONDS, self._play_on)

    def _stop_playing(self) -> bool:
        timer, self._play_timer = self._play_timer, None
        if timer is not None:
            timer.stop()
        return timer is not None

    def _play_on(self) -> None:
        if not self.steps or self.current == self.steps[-1]:
            self._stop_playing()
        else:
            self.action_step(1)

    def _switch_to(self, mode: Mode) -> None:
        """Show in another way, and end the present one with its timer; the kind stays until the user changes it."""
        self._mode = mode
        if mode != "single":
            self._wanted = self.kind
        if self._blink_timer is not None:
            self._blink_timer.stop()
        self._blink_timer, self._blink_first = None, False

    def action_grid(self) -> None:
        """Show all pictures of this kind beside each other, or one."""
        self._switch_to("single" if self._mode == "grid" else "grid")
        self._draw()

    def action_mark(self) -> None:
        """Mark the chosen picture as the one that others are compared with; the marked one is unmarked."""
        still = self.still
        self._marked = None if still is None or self._marked == still else still
        self.notify(f"marked: {self._marked.title}" if self._marked else "no picture is marked", markup=False)
        if self.other is None and self._mode in {"blink", "difference"}:
            self._switch_to("single")
        self._draw()

    def action_blink(self) -> None:
        """Show this picture and the one it is compared with in turn, or only this one."""
        if self._mode == "blink":
            self._switch_to("single")
        elif self._comparable():
            self._switch_to("blink")
            self._blink_timer = self.set_interval(BLINK_SECONDS, self._blink)
        self._draw()

    def _blink(self) -> None:
        self._blink_first = not self._blink_first
        self._draw()

    def action_difference(self) -> None:
        """Show the difference from the other picture; each press amplifies it, the last one ends it."""
        if self._mode != "difference":
            if self._comparable():
                self._switch_to("difference")
                self._amplification = AMPLIFICATIONS[0]
        elif self._amplification == AMPLIFICATIONS[-1]:
            self._switch_to("single")
        else:
            self._amplification = AMPLIFICATIONS[AMPLIFICATIONS.index(self._amplification) + 1]
        self._draw()

    def _comparable(self) -> bool:
        if self.other is None:
            self.notify("press m on the picture that this one is to be compared with", severity="error")
        return self.other is not None

    def action_scroll(self, direction: int) -> None:
        """Scroll a plot that is higher than its room, down (1) or up (-1)."""
        self.query_one(ShotView).plot.scroll_page(direction)

    def action_export(self) -> None:
        """Ask for a file name, and write what is shown; no file is overwritten."""
        ask_and_export(self, self.offer)

    def action_animate(self) -> None:
        """Save all pictures of this kind as an animation in the current folder; no file is overwritten."""
        stills = [self._images[self.kind][step] for step in self.steps]
        if stills:
            sheet = gallery.Sheet(tuple(stills))
            name, origin = Path(gallery.file_name(sheet)), gallery.origin_of(sheet, animated=True)
            self._export(name.with_suffix(".gif"), lambda path, _: gallery.animate(stills, path), lambda _: origin)

    @work(group="export")
    async def _export(self, wanted: Path, write: Write, origin_of: Callable[[Path], Origin]) -> None:
        """Write a file in a thread, since a long animation takes seconds."""
        await export(self, wanted, write, origin_of)

    def action_add_to_report(self) -> None:
        """Add this kind of picture to the report, which shows that of the last step."""
        ask_and_add(self, self.offer.part if self.offer is not None else None)

    def action_enlarge(self) -> None:
        """Request the whole screen."""
        if self.still is not None:
            self.post_message(self.EnlargeRequested())

    def on_click(self, event: events.Click) -> None:
        """Scrub with the mouse."""
        scrubber = self.query_one("#scrubber", Static)
        if event.widget is scrubber and self.steps:
            room = max(4, scrubber.content_size.width - 4)
            at = min(max(event.x - 2, 0), room - 1) / max(room - 1, 1)
            step = self.steps[round(at * (len(self.steps) - 1))]
            self._go(None if step == self.steps[-1] else step)

    def on_resize(self, event: events.Resize) -> None:
        """Draw the scrubber at its new width."""
        del event
        self._draw()
