"""What a plan asks of a sweep besides its axes: a line each, as texts, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from engine import wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual import events
    from textual.app import ComposeResult

    from engine import SweepAsked


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        name: as the command line has it.
        default: its text at first.
        help: what it means, in a few words.
        choices: texts that left and right go through; nothing for free text.
        whole: whether it is a whole number.
    """

    name: str
    default: str
    help: str
    choices: tuple[str, ...] = ()
    whole: bool = False


OPTIONS = (
    Option("seeds", "1", "seeds of each combination", whole=True),
    Option("by", "grid", "how combinations are chosen: left and right", ("grid", "random", "tpe")),
    Option("trials", "0", "how many combinations; 0 for the whole grid", whole=True),
    Option("parallel", "1", "how many runs wait or run at once", whole=True),
    Option("metric", "", "what is judged; nothing for the usual one"),
    Option("prune", "", "give bad runs up early: left and right", ("", "median", "percentile")),
    Option("budget", "", "running time of all runs: 2h, 90m"),
)
PACKED = Option("per_job", "1", "how many runs a job of Slurm carries out", whole=True)
"""Asked beside the others where the runs go to Slurm."""


def asked_of(options: Mapping[str, Any]) -> tuple[Option, ...]:
    """Return what is asked of a sweep whose runs have these options."""
    return (*OPTIONS, PACKED) if str(options.get("on", "")).startswith("slurm") else OPTIONS


class Mistakes(Exception):
    """Some options cannot be read; why, by their names."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = problems


def asked_with(asked: SweepAsked, texts: Mapping[str, str], options: Sequence[Option] = OPTIONS) -> SweepAsked:
    """Return what is asked for with the options as typed; those that are not asked about stay as they are.

    Raises:
        Mistakes: if some cannot be read.
    """
    found: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for option in options:
        text = texts[option.name].strip() or option.default
        if option.whole:
            if text.isascii() and text.isdecimal():
                found[option.name] = int(text)
            else:
                problems[option.name] = f"must be a whole number, got {text!r}"
        elif option.name == "budget":
            try:
                found[option.name] = wording.seconds_of(text) if text else 0.0
            except ValueError as error:
                problems[option.name] = str(error)
        else:
            found[option.name] = text
    if problems:
        raise Mistakes(problems)
    return replace(asked, **found)


def given(texts: Mapping[str, str], options: Sequence[Option] = OPTIONS) -> dict[str, str]:
    """Return the options that differ from their defaults, as the command line takes them."""
    typed = {option.name: texts[option.name].strip() for option in options}
    return {option.name: typed[option.name] for option in options if typed[option.name] not in {"", option.default}}


class OptionField(Input):
    """The text of one option; left, right and space go through its choices.

    Args:
        option: that it is of.
    """

    def __init__(self, option: Option) -> None:
        super().__init__(option.default, compact=True, select_on_focus=True, id=f"option-{option.name}")
        self.option = option

    async def _on_key(self, event: events.Key) -> None:
        choices = self.option.choices
        if choices and event.key in {"left", "right", "space"}:
            event.stop()
            event.prevent_default()
            present = choices.index(self.value) if self.value in choices else -1
            self.value = choices[(present + (-1 if event.key == "left" else 1)) % len(choices)]
        else:
            await super()._on_key(event)


class OptionLine(Horizontal):
    """An option's name, its text, and what it means or what is wrong with it.

    Args:
        option: that is asked for.
    """

    DEFAULT_CSS = """
    OptionLine { height: 1; }
    OptionLine > .option-name { width: 10; color: $text-muted; }
    OptionLine > OptionField { width: 20; border: none; height: 1; background: $panel; }
    OptionLine > .option-help { width: 1fr; padding: 0 0 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, option: Option) -> None:
        super().__init__()
        self.option = option

    def compose(self) -> ComposeResult:
        """Lay out the line."""
        yield Static(self.option.name, classes="option-name")
        yield OptionField(self.option)
        yield Static(Content.styled(self.option.help, "$text-muted"), classes="option-help")

    @property
    def text(self) -> str:
        """What is typed."""
        return self.query_one(OptionField).value

    def complain(self, problem: str) -> None:
        """Say what is wrong, or again what the option means."""
        said = Content.styled(f"✗ {problem}", "$text-error") if problem else None
        self.query_one(".option-help", Static).update(said or Content.styled(self.option.help, "$text-muted"))
