"""What this workbench may and can do: it may only look, or is in a browser; its terminal draws sixels or not."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import App

from tui.actions import ACTS

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from engine import Listed
    from tui.actions import Act, Scope

    Part = DOMNode
    Base = App[list[Listed]]
else:
    Base = App
    Part = object  # Textual finds the style sheets of one base alone that is a DOMNode

READ_ONLY = "this workbench only looks: it was opened with --read-only"
NO_TERMINAL = "there is no terminal in a browser"
CHANGES = frozenset(
    {
        *("run", "form.run", "plan-sweep", "compare.more-seeds", "compare.to-study"),
        *("sweep.stop", "sweep.resume", "sweep.widen", "sweep.to-study"),
        *("study.run", "study.stop"),
        *("stop", "resume", "apply-live-values", "save-checkpoint"),
        *("runs.sooner", "runs.later", "runs.cancel"),
        *("runs.tag", "runs.note", "runs.name", "runs.remove", "runs.bring-back"),
        *("to-report", "full-picture.to-report", "compare.to-report", "sweep.to-report", "study.to-report"),
        *(
            "report.edit",
            "report.note",
            "report.down",
            "report.up",
            "report.new-part",
            "report.more-items",
            "report.runs",
        ),
        *("report.take-out", "report.undo", "report.redo"),
    }
)
"""The actions, by their ids, that start, stop, change or remove a run or a sweep, or change a report."""
IN_A_TERMINAL = frozenset({"suspend", "images", "compare.images", "sweep.images", "study.images"})
"""Those that only a terminal knows: going to the shell, and drawing pictures otherwise than with half cells."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the workbench was opened without, and what its terminal can do.

    Attributes:
        read_only: whether runs may only be looked at.
        browser: whether it is shown in a browser, which is no terminal.
        sixel: whether the terminal said that it draws sixels.
    """

    read_only: bool = False
    browser: bool = False
    sixel: bool = False

    def reason_against(self, act: Act) -> str:
        """Return why an action can never be done here, or the empty string."""
        if self.read_only and act.id in CHANGES:
            return READ_ONLY
        return NO_TERMINAL if self.browser and act.id in IN_A_TERMINAL else ""


UNLIMITED = Limits()


class LimitedApp(Base):
    """An app that may be limited."""

    limits = UNLIMITED


def limits_of(node: DOMNode) -> Limits:
    """Return the limits of the app of a screen or a widget."""
    return node.app.limits if isinstance(node.app, LimitedApp) else UNLIMITED


class Limited(Part):
    """A part of the app that does the actions of a scope, and refuses those that its limits forbid.

    Their keys stay in the footer, greyed.

    Attributes:
        acts_of: the scope.
    """

    acts_of: ClassVar[Scope]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return None for an action that the limits forbid."""
        reasons = map(limits_of(self).reason_against, _meant(self.acts_of, action))
        return None if any(reasons) else super().check_action(action, parameters)


@functools.cache
def _meant(scope: Scope, action: str) -> tuple[Act, ...]:
    """Return the acts of a scope that an action does, whatever its arguments."""
    return tuple(act for act in ACTS if act.scope == scope and act.name.partition("(")[0] == action)
