"""The page of an experiment: whole for every built-in one, true to its declaration, and a key away."""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

import engine.experiments
from engine import catalogue, page_of, page_sections
from engine.catalogue import FAMILIES
from tui.screens.page import PageScreen

EXPERIMENTS = [name for name, each in catalogue.experiments().items() if each.program.startswith("engine.experiments.")]
FOLDER = Path(engine.experiments.__file__).parent
DOCUMENTS = Path(__file__).parents[3] / "docs"


@cache
def names_in(family: str) -> list[re.Pattern[str]]:
    """Return patterns of the names of all figures that the programs of a family log, from the strings in them."""
    found = set()
    for path in [*FOLDER.glob("*.py"), *(FOLDER / family).glob("*.py")]:
        if path.stem in {"pages", "declarations"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            texts = [part.value if isinstance(part, ast.Constant) else None for part in parts]
            if all(text is None or isinstance(text, str) for text in texts) and re.search(
                r"/\w|\w/", "".join(text or "" for text in texts)
            ):
                found.add("".join(r"[\w.-]+" if text is None else re.escape(text) for text in texts))
    return [re.compile(pattern) for pattern in found]


def test_all_twenty_are_looked_at():
    assert len(EXPERIMENTS) == 20
    assert {catalogue.experiment(name).family for name in EXPERIMENTS} == set(FAMILIES)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_page_is_whole_and_true(name):
    experiment = catalogue.experiment(name)
    page = experiment.page
    assert page is not None
    assert page.does
    assert page.look_at
    assert page.matters
    assert page.reading
    assert page.sources
    assert page.matters.keys() <= experiment.hyperparameters.model_fields.keys()
    figures = names_in(experiment.family)
    for figure in page.reading:
        assert any(pattern.fullmatch(figure) for pattern in figures), figure
    if experiment.headline is not None:
        assert experiment.headline.result in page.reading


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_its_sources_are_in_the_bibliography(name):
    bibliography = " ".join((DOCUMENTS / "bibliography.md").read_text(encoding="utf-8").split())
    for source in catalogue.experiment(name).page.sources:
        author, _, title = source.partition(":")
        assert author.partition(" practicals")[0] in bibliography, source
        for number in re.findall(r"arXiv:[\d.]+|DOI \S+", title):
            assert number in bibliography, source


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_its_example_is_a_command_that_is_accepted(name, home, monkeypatch):
    """The real command line parses it, and the declaration accepts its values."""
    from commands.main import app

    words = shlex.split(catalogue.experiment(name).page.example)
    assert words[:3] == ["phosphene", "run", name]
    taken = []

    def launch(experiment, values, options, **how):
        taken.append(experiment.validate(values))
        return 0

    monkeypatch.setattr("commands.watch.launch_and_watch", launch)
    done = CliRunner().invoke(app, words[1:])
    assert done.exit_code == 0, (done.output, done.exception)
    assert len(taken) == 1


def test_the_page_names_every_part():
    text = page_of(catalogue.experiment("dann"))
    titles = ("# Domain-adversarial network", "## Look at", "## What matters", "## What the figures mean", "## Sources")
    assert [text.index(title) for title in titles] == sorted(text.index(title) for title in titles)
    assert "- **gamma (10)**" in text
    assert "    phosphene run dann --mode source-only" in text


def test_an_experiment_without_a_page_shows_what_its_declaration_says(home):
    text = page_of(catalogue.experiment("count"))
    assert text.startswith("# ")
    assert "phosphene run count" in text


def test_a_key_opens_the_page_of_the_chosen_experiment(drive):
    async def scenario(pilot, until):
        app = pilot.app
        await until(lambda: app.screen.query_one("#form").experiment is not None)
        name = app.screen.query_one("#form").experiment.name
        await pilot.press("h")
        await until(lambda: isinstance(app.screen, PageScreen) and app.screen.query("#page"))
        assert app.screen.query_one("#page").border_title == name
        shown = str(app.screen.query_one("#page Static").render())
        for title, paragraphs in page_sections(catalogue.experiment(name)).items():
            assert title in shown
            assert all(paragraph in shown and text in shown for paragraph, text in paragraphs)
        await pilot.press("h")
        await until(lambda: not isinstance(app.screen, PageScreen))

    drive(scenario)


def test_the_command_line_prints_the_same_page(phosphene):
    done = phosphene("experiments", "gradcam")
    assert done.returncode == 0
    assert page_of(catalogue.experiment("gradcam")) in done.stdout
