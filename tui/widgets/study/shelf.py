"""The list of the studies, chapter by chapter, and what the highlighted one asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from tui.plots.text import cut
from tui.widgets.choices import Chapters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.study.counting import Shelved

COUNT = 8
"""Cells of a count."""
WIDEST = 26
"""Cells of a name, at most."""


def columns(name: str, quick: str, full: str, title: str, width: int) -> tuple[str, str, str]:
    """Return the three parts of a line, so that they stand under each other: the name, the counts, the title."""
    return f"  {cut(name, width):<{width}} ", f"{quick:>{COUNT}} {full:>{COUNT}}", f"  {title}"


class StudyList(Chapters):
    """Studies under the headings of their chapters; only what matches the filter is shown."""

    class Chosen(Chapters.Chosen):
        """The highlight moved to a study, or the user wants to see it."""

    def __init__(self) -> None:
        super().__init__(id="shelf")
        self._studies: Sequence[Shelved] = ()
        self._text = ""
        self._drawn: tuple[str, ...] = ()

    @property
    def study(self) -> Shelved | None:
        """The highlighted study."""
        return next((one for one in self._studies if one.name == self.chosen), None)

    @property
    def name_width(self) -> int:
        """Cells of the names."""
        return min(WIDEST, max((cell_len(one.name) for one in self._studies), default=0))

    def show(self, studies: Sequence[Shelved]) -> None:
        """Show these; the highlight stays on its study."""
        self._studies = studies
        self._draw()

    def narrow(self, text: str) -> None:
        """Show only studies in whose name, experiment, chapter, title or question every word of a text stands."""
        self._text = text.lower().strip()
        self._draw()

    def _matches(self, one: Shelved) -> bool:
        said = f"{one.name} {one.experiment} {one.chapter} {one.title} {one.question} {one.source}".lower()
        return all(word in said for word in self._text.split())

    def _draw(self) -> None:
        found = [one for one in self._studies if self._matches(one)]
        lines = {one.name: self._line(one) for one in found}
        names = tuple(f"{one.chapter}/{one.name}" for one in found)
        if names and names == self._drawn:
            for name, line in lines.items():
                option = self.get_option(name)
                if not (isinstance(option.prompt, Content) and option.prompt.is_same(line)):
                    self.replace_option_prompt(name, line)
            return
        self._drawn = names
        self.fill(((one.chapter, one.name, lines[one.name]) for one in found), self.chosen, self._text)

    def _line(self, one: Shelved) -> Content:
        name, counts, title = columns(one.name, *one.counts, one.title, self.name_width)
        if one.fault:
            return Content.assemble(name, (counts, "$text-muted"), (f"  {one.fault}", "$text-error"))
        quick, full = (counts[: COUNT + 1], counts[COUNT + 1 :])
        styles = [_style(count) for count in one.counts]
        return Content.assemble(name, (quick, styles[0]), (full, styles[1]), title)


def _style(count: str) -> str:
    """Return the style of a count: what is whole stands out, what is missing or not begun stands back."""
    there, _, runs = count.partition("/")
    if runs and there == runs:
        return "$text-success"
    return "" if runs and there != "0" else "$text-muted"


class StudyNote(Static):
    """What the highlighted study asks, where that comes from, and what is missing or wrong."""

    def __init__(self) -> None:
        super().__init__(id="shelf-note", markup=False)

    def tell(self, one: Shelved | None) -> None:
        """Tell of this one."""
        if one is None:
            self.update("")
            return
        lines = [Content.assemble((one.title or one.name, "bold"), (f"  {one.experiment}", "$text-muted"))]
        lines += [Content(one.question)] if one.question else []
        lines += [Content.styled(f"source: {one.source}", "$text-muted")] if one.source else []
        if one.fault:
            lines.append(Content.styled(f"✗ {one.fault}", "$text-error"))
        elif one.missing:
            lines.append(Content.styled(f"missing, {one.missing}", "$text-warning"))
        self.update(Content("\n").join(lines))
