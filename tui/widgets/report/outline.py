"""The outline of a report as a list: title, and for each part its heading, its note's first line, what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from textual.binding import Binding
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from engine import report_wording, wording
from tui.widgets.choices import Choices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine import ReportOutline, ReportPart
    from tui.widgets.report.look import Seen

Kind = Literal["head", "part", "note", "item"]


class Spot(NamedTuple):
    """A line of the outline: of the report, of a part by its place, of its note, of an item by its place in it."""

    kind: Kind = "head"
    part: int = 0
    item: int = 0

    @property
    def id(self) -> str:
        """The name of its line."""
        return f"{self.kind} {self.part} {self.item}"


class OutlineList(Choices):
    """The lines of the outline; the highlight stays on a spot."""

    BINDINGS: ClassVar = [Binding("enter", "select", "edit", tooltip="Edit what is under the cursor.")]

    def __init__(self) -> None:
        super().__init__(id="outline")
        self._shown: dict[Spot, Content] = {}

    @property
    def spot(self) -> Spot:
        """Where the highlight is."""
        at = self.highlighted
        return [*self._shown][at] if at is not None and at < len(self._shown) else Spot()

    def show(self, outline: ReportOutline | None, seen: Seen, spot: Spot | None = None) -> None:
        """Show an outline, or the mistake in its file.

        Args:
            outline: as it is now.
            seen: the last look, which knows what is wrong with its parts.
            spot: where the highlight goes; it stays where it is if None.
        """
        spot = spot or self.spot
        lines = dict(_lines(outline, seen)) if outline is not None else {Spot(): _mistake(seen.kept.problem)}
        self.border_title = "outline"
        if [*lines] == [*self._shown]:
            for at, (line, old) in enumerate(zip(lines.values(), self._shown.values(), strict=True)):
                if not line.is_same(old):
                    self.replace_option_prompt_at_index(at, line)
            self._shown = lines
        else:
            self._shown = lines
            with self.prevent(OptionList.OptionHighlighted):
                self.set_options(Option(line, id=one.id) for one, line in lines.items())
        self.go_to(spot)

    def go_to(self, spot: Spot) -> None:
        """Put the highlight on a line, or on the nearest one that there is."""
        spots = [*self._shown]
        before = [one for one in spots if (one.part, one.item) <= (spot.part, spot.item) and one.kind != "head"]
        near = spot if spot in self._shown else before[-1] if before and spot.kind != "head" else Spot()
        self.highlighted = spots.index(near) if near in self._shown else None
        if self.highlighted is None and spots:
            self.highlighted = 0


def _lines(outline: ReportOutline, seen: Seen) -> Iterator[tuple[Spot, Content]]:
    author = outline.author or "no author yet"
    yield (
        Spot(),
        Content.assemble((_line(outline.title) or seen.kept.name, "bold"), (f"  {_line(author)}", "$text-muted")),
    )
    for place, part in enumerate(outline.parts):
        read = seen.of(part)
        yield Spot("part", place), _heading(place, part, broken=bool(read and read.problems))
        if part.note.strip():
            first, _, rest = part.note.strip().partition("\n")
            yield (
                Spot("note", place),
                Content.styled(f"     “{_line(first)}{' …' if rest.strip() else ''}”", "italic $text-muted"),
            )
        for at, item in enumerate(part.show):
            problem = read.problems.get(at) if read is not None else None
            text = _line(str(item))
            yield (
                Spot("item", place, at),
                Content.assemble("   ", ("✗ ", "$text-error"), text, (f"  {_line(problem)}", "$text-error"))
                if problem
                else Content(f"     {text}"),
            )
    if not outline.parts:
        yield (
            Spot("part", 0),
            Content.styled(
                "  no parts yet: a adds one, A adds a chart, picture or table where it is shown", "$text-muted"
            ),
        )


def _heading(place: int, part: ReportPart, *, broken: bool) -> Content:
    number = (f"{place + 1:>3}  ", "$text-error" if broken else "$text-muted")
    heading = _line(part.heading)
    title = (heading, "bold") if heading else ("no heading", "$text-muted")
    described = report_wording.described(part)
    return Content.assemble(number, title, (f"  {_line(described)}" if described else "", "$text-muted"))


def _mistake(problem: str) -> Content:
    return Content.styled(f"{_line(problem)}: mend the file, and it is shown here", "$text-error")


def _line(text: str) -> str:
    return " ".join(wording.printable(text).split())
