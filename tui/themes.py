"""The colour themes: our own, quiet with one accent, and those of Textual that can be read.

Every colour of ours is one of the 256 that xterm numbers, or is sent as the one next to it: a terminal of 256 colours
shows the same picture as one of millions. Terminals of 16 colours, and of none, show the highlight in reverse.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.color import Color as RichColor
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.filter import LineFilter, NoColor
from textual.theme import BUILTIN_THEMES, Theme

if TYPE_CHECKING:
    from rich.segment import Segment

    from tui.terminal import Depth


def _variables(
    *, background: str, foreground: str, muted: str, line: str, raised: str, cursor: str, accent: str
) -> dict[str, str]:
    """Return the variables of Textual that would else be mixed from others, and lie between the 256 colours."""
    return {
        "text": foreground,
        "text-muted": muted,
        "text-disabled": muted,
        "text-accent": accent,
        "foreground-muted": muted,
        "foreground-disabled": muted,
        "border": accent,
        "border-blurred": line,
        "panel-lighten-1": raised,
        "surface-active": raised,
        "surface-darken-1": raised,
        "surface-lighten-1": raised,
        "block-cursor-foreground": foreground,
        "block-cursor-background": cursor,
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-foreground": foreground,
        "block-cursor-blurred-background": raised,
        "block-cursor-blurred-text-style": "none",
        "block-hover-background": raised,
        "scrollbar": line,
        "scrollbar-hover": muted,
        "scrollbar-active": accent,
        "scrollbar-background": background,
        "scrollbar-background-hover": background,
        "scrollbar-background-active": background,
        "scrollbar-corner-color": background,
        "link-background-hover": raised,
        "footer-foreground": muted,
        "footer-background": background,
        "footer-key-foreground": accent,
        "footer-description-foreground": muted,
        "input-cursor-background": foreground,
        "input-cursor-foreground": background,
        "input-selection-background": cursor,
        "input-selection-foreground": foreground,
        "screen-selection-background": cursor,
        "markdown-h1-color": accent,
        "markdown-h2-color": accent,
        "markdown-h2-text-style": "bold",
        "markdown-h3-color": foreground,
    }


CURVE = "curve"
"""The variable of a colour for curves that is none of the others, so that seven can be told from each other."""


def _own(name: str, *, dark: bool, hues: dict[str, str], curve: str, **colours: str) -> Theme:
    """Make a theme whose texts have the hues as they are."""
    variables = _variables(**colours) | {f"text-{hue}": colour for hue, colour in hues.items()} | {CURVE: curve}
    return Theme(
        name,
        dark=dark,
        accent=colours["accent"],
        foreground=colours["foreground"],
        background=colours["background"],
        surface=colours["background"],
        panel=colours["raised"],
        variables=variables,
        **hues,  # type: ignore[arg-type]
    )


DARK = _own(
    "phosphene-dark",
    dark=True,
    background="#121212",
    foreground="#d6d6d6",
    muted="#adadad",
    line="#6c6c6c",
    raised="#262626",
    cursor="#3a3a3a",
    accent="#5fd7ff",
    curve="#5f87ff",
    hues={
        "primary": "#5fd7ff",
        "secondary": "#d7afff",
        "warning": "#ffd787",
        "error": "#ff8787",
        "success": "#87d787",
    },
)
LIGHT = _own(
    "phosphene-light",
    dark=False,
    background="#ffffff",
    foreground="#1c1c1c",
    muted="#585858",
    line="#878787",
    raised="#f4f4f4",
    cursor="#e0e0e0",
    accent="#005faf",
    curve="#af00af",
    hues={
        "primary": "#005faf",
        "secondary": "#5f00af",
        "warning": "#5f5f00",
        "error": "#af0000",
        "success": "#005f00",
    },
)


HIGHLIGHT = "strike"
"""What the themes of few colours call the style of a highlight; :class:`Reverse` puts it in reverse.

Textual forgets `reverse` where options are drawn. It keeps this one, which nothing else uses.
"""


def _reversing(
    name: str, background: str, foreground: str, muted: str, line: str, curve: str, hues: dict[str, str]
) -> Theme:
    """Make a theme of the terminal's own colours; the highlight swaps text and background, so that both keep apart."""
    accent = hues["primary"]
    variables = _variables(
        background=background,
        foreground=foreground,
        muted=muted,
        line=line,
        raised=background,
        cursor=background,
        accent=accent,
    )
    own = {
        "ansi-background": background,
        "ansi-foreground": foreground,
        "block-cursor-text-style": HIGHLIGHT,
        "block-cursor-blurred-text-style": "bold underline",
        "input-cursor-background": background,
        "input-cursor-foreground": foreground,
        "input-cursor-text-style": "reverse",
        "input-selection-background": background,
        "footer-item-background": background,
        "footer-description-background": background,
        CURVE: curve,
    }
    return Theme(
        name,
        ansi=True,
        accent=accent,
        foreground=foreground,
        background=background,
        surface=background,
        panel=background,
        variables=variables | own,
        **hues,  # type: ignore[arg-type]
    )


SIXTEEN = _reversing(
    "phosphene-16",
    background="ansi_black",
    foreground="ansi_bright_white",
    muted="ansi_white",
    line="ansi_bright_black",
    curve="ansi_bright_blue",
    hues={
        "primary": "ansi_bright_cyan",
        "secondary": "ansi_bright_magenta",
        "warning": "ansi_bright_yellow",
        "error": "ansi_bright_red",
        "success": "ansi_bright_green",
    },
)
NONE = _reversing(
    "phosphene-mono",
    background="ansi_default",
    foreground="ansi_default",
    muted="ansi_default",
    line="ansi_default",
    curve="ansi_default",
    hues=dict.fromkeys(("primary", "secondary", "warning", "error", "success"), "ansi_default"),
)
READABLE = ("textual-dark", "dracula", "catppuccin-mocha", "catppuccin-macchiato", "rose-pine", "rose-pine-moon")
"""Themes of Textual whose every text stands out as WCAG asks, once lines and highlights are mixed as ours are."""


def offered(depth: Depth, *, light: bool = False) -> dict[str, Theme]:
    """Return the themes that can be shown with so many colours by their names, first the one for this background."""
    if depth == "none":
        themes = [NONE]
    elif depth == "16":
        themes = [SIXTEEN]
    else:
        themes = [LIGHT, DARK] if light else [DARK, LIGHT]
        if depth == "truecolor":
            themes += [adapted(BUILTIN_THEMES[name]) for name in READABLE]
    return {theme.name: theme for theme in themes}


def known(name: str) -> bool:
    """Tell whether there is a theme of this name for any terminal."""
    return name in {DARK.name, LIGHT.name, SIXTEEN.name, NONE.name, *READABLE}


def adapted(theme: Theme) -> Theme:
    """Return a theme of Textual whose lines, muted texts and highlights are mixed from its text and its background."""
    system = theme.to_color_system().generate()
    background, foreground = Color.parse(system["background"]), Color.parse(system["foreground"])

    def mixed(share: float) -> str:
        return background.blend(foreground, share, alpha=1).hex

    variables = _variables(
        background=background.hex,
        foreground=foreground.hex,
        muted=mixed(0.85),
        line=mixed(0.6),
        raised=mixed(0.06),
        cursor=mixed(0.12),
        accent=system["text-accent"],
    ) | {CURVE: system["text-accent"]}
    return replace(
        theme,
        accent=system["text-accent"],
        surface=background.hex,
        panel=mixed(0.06),
        variables=theme.variables | variables,
    )


def terminal_colours(theme: Theme) -> TerminalTheme:
    """Return what the names of the sixteen colours mean in a theme, for texts that come with colours of their own."""
    variables = theme.to_color_system().generate() | theme.variables
    parts = ("background", "text-error", "text-success", "text-warning", "text-primary", "text-secondary")
    black, red, green, yellow, blue, magenta = (Color.parse(variables[part]).rgb for part in parts)
    cyan, white = Color.parse(variables["text-accent"]).rgb, Color.parse(variables["foreground"]).rgb
    grey = Color.parse(variables["text-muted"]).rgb
    named = [black, red, green, yellow, blue, magenta, cyan, white]
    return TerminalTheme(black, white, named, [grey, *named[1:]])


class Undim(LineFilter):
    """Writes in the muted colour what is dim: how dim that is, each terminal decides for itself, down to nothing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        variables = theme.to_color_system().generate() | theme.variables
        self._muted = Style(color=Color.parse(variables["text-muted"]).rich_color, dim=False)
        self._plain = {None, Color.parse(variables["foreground"]).rich_color, RichColor.default()}

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with no dim one; those in a colour of their own keep it."""
        del background
        return [
            segment
            if not (segment.style and segment.style.dim)
            else segment._replace(style=self._bright(segment.style))
            for segment in segments
        ]

    def _bright(self, style: Style) -> Style:
        return style + (self._muted if style.color in self._plain else Style(dim=False))


class Reverse(LineFilter):
    """Swaps text and background of what is highlighted."""

    _STYLE = Style(strike=False, reverse=True)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments, the highlighted ones in reverse."""
        del background
        return [
            segment._replace(style=segment.style + self._STYLE) if segment.style and segment.style.strike else segment
            for segment in segments
        ]


def filters(depth: Depth, theme: Theme) -> list[LineFilter]:
    """Return what is done to every line before it is sent."""
    if depth == "none":
        return [Reverse(), NoColor()]
    return [Reverse(), Undim(theme)] if depth == "16" else [Undim(theme)]
