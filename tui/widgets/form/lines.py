"""How the form is written: a line for each field, and the note on one of them. No widget is touched here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.widgets.form.values import FormValues

FAULTY = "✗"
DOUBTED = "?"
CHANGED = "●"
AXIS = "≡"
STEPS = ("‹", "›")  # noqa: RUF001 - the signs at a value that left and right change


def line(values: FormValues, name: str, *, faulty: bool, doubted: bool, current: bool, steps: bool) -> Content:
    """Write the name and the value of a field: marks stand before axes, what was changed, is doubted or refused.

    Args:
        values: of the form.
        name: of the field.
        faulty: whether its value would be refused.
        doubted: whether its value is hardly meant.
        current: whether it is highlighted: its marks then have the colour of its text, the only one to be read there.
        steps: whether to show that left and right change it.
    """
    changed = name in values.changed
    mark, colour = (AXIS if name in values.axes else CHANGED, "$accent") if changed else (" ", "")
    mark, colour = (DOUBTED, "$text-warning") if doubted else (mark, colour)
    mark, colour = (FAULTY, "$text-error") if faulty else (mark, colour)
    before, after = STEPS if steps else (" ", "")
    return Content.assemble(
        f"{name:<{max(map(len, values.views))}} ",
        (mark, "" if current else colour),
        before,
        (values.text(name) or "-", "bold" if changed else ""),
        after,
    )


def summary(values: FormValues | None, faulty: int, hint: str, *, only_changed: bool) -> str:
    """Say how many values would be refused, how many were changed, and how many runs they make."""
    if values is None:
        return ""
    count, axes = len(values.changed), values.axes
    runs = values.runs if axes else 0
    parts = [f"{FAULTY} {faulty}" if faulty else ""]
    parts.append("" if not axes else "a sweep" if runs is None else f"{runs:,} runs")
    parts += [f"{count} changed" if count else "defaults", "only these" if only_changed else "", hint]
    return " · ".join(part for part in parts if part)


def headed(values: FormValues, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the names in order, each with the heading that stands above it, which is mostly empty."""
    found, group = [], ""
    for name in names:
        heading = "run" if name in values.options else values.views[name].group
        found.append((name, heading if heading != group else ""))
        group = heading
    return found


def note(values: FormValues, name: str, problems: Sequence[str], doubt: str = "") -> Content:
    """Say what is wrong or hardly meant, then what a field means, what it takes, and what its default is."""
    view = values.views[name]
    parts = [f"{name}: {view.description}", " | ".join(view.choices), *view.facts]
    parts += ["w applies it to the shown run"] if view.live else []
    parts.append(f"default {values.default(name) or '-'}")
    about = Content.styled(" · ".join(part for part in parts if part), "$foreground 70%")
    wrong = [Content.styled(f"{FAULTY} {text}", "$text-error") for text in problems]
    wrong += [Content.styled(f"{DOUBTED} {doubt}", "$text-warning")] if doubt and not problems else []
    return Content("\n").join([*wrong, about])
