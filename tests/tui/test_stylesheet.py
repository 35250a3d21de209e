"""How often style sheets are parsed and widgets repainted: a start and another theme cost little else."""

from __future__ import annotations

from collections import Counter

from textual.css import stylesheet
from textual.css.styles import Styles

from tui.app import PhospheneApp
from tui.screens.help import HelpScreen
from tui.stylesheet import OwnStylesheet, parsed


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


def test_widgets_get_the_rules_that_textual_gives_them_with_fewer_repaints(drive, album, monkeypatch):
    refreshed: Counter[str] = Counter()
    refresh = Styles.refresh

    def count(self, **options):
        refreshed["all"] += 1
        refresh(self, **options)

    monkeypatch.setattr(Styles, "refresh", count)

    async def scenario(pilot, until):
        app = pilot.app
        await until(lambda: app.screen.shown is not None and app.screen.shown.history.ended)
        first = app.theme
        second = next(name for name in app.available_themes if name != first)

        async def rules():
            for theme in (first, second):
                app.theme = theme
                await until(lambda theme=theme: app.has_class(f"-theme-{theme}"))
                await pilot.pause(0.2)
            nodes = app.screen.walk_children(with_self=True)
            return {id(node): dict(node.styles.base.get_rules()) for node in nodes}

        await rules()
        refreshed.clear()
        ours, fewer = await rules(), refreshed["all"]
        monkeypatch.delattr(OwnStylesheet, "replace_rules")
        refreshed.clear()
        textuals = await rules()
        shared = ours.keys() & textuals.keys()  # key bars are made anew
        assert len(shared) > 40
        assert {node: ours[node] for node in shared} == {node: textuals[node] for node in shared}
        assert fewer < refreshed["all"] / 2

    drive(scenario)
