"""How often style sheets are parsed: a start and another theme cost little else."""

from __future__ import annotations

from collections import Counter

from textual.css import stylesheet

from tui.app import PhospheneApp
from tui.screens.help import HelpScreen
from tui.stylesheet import parsed


def test_each_style_sheet_is_parsed_once_for_a_theme(drive, home, monkeypatch):
    counted: Counter[tuple[object, int, str]] = Counter()
    parse = stylesheet.parse

    def count(scope, css, read_from, variable_tokens, **options):
        counted[read_from, options["tie_breaker"], str(variable_tokens["primary"])] += 1
        return parse(scope, css, read_from, variable_tokens=variable_tokens, **options)

    monkeypatch.setattr(stylesheet, "parse", count)
    parsed.cache_clear()

    async def scenario(pilot, until):
        app = pilot.app
        first = app.theme
        second = next(name for name in app.available_themes if name != first)
        assert {*counted.values()} == {1}, "at the start too"
        for theme in (second, first, second):
            app.theme = theme
            await until(lambda theme=theme: app.has_class(f"-theme-{theme}"))
            await pilot.pause()
        await pilot.press("question_mark")
        await until(lambda: isinstance(app.screen, HelpScreen))
        assert {*counted.values()} == {1}
        assert len(counted) > len(app.stylesheet.source) > 20, "each once for each theme"

    drive(scenario, over=PhospheneApp(home))
