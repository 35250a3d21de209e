"""The form: made from the declaration, checked as one types, remembered."""

from __future__ import annotations

import json
import shlex

import pytest
from textual.widgets import Input, OptionList

from tui.app import PhospheneApp
from tui.widgets.form import HyperparameterForm
from tui.widgets.suggest import LastName


async def open_field(pilot, until, experiment: str, field: str) -> Input:
    """Choose an experiment, go to a field of its form, and open it."""
    screen = pilot.app.screen
    experiments = screen.query_one("#experiments", OptionList)
    experiments.highlighted = experiments.get_option_index(experiment)
    form = screen.query_one(HyperparameterForm)
    await until(lambda: form.experiment is not None and form.experiment.name == experiment)
    fields = form.query_one("#fields", OptionList)
    fields.focus()
    fields.highlighted = fields.get_option_index(field)
    await pilot.press("enter")
    edit = form.query_one("#edit", Input)
    await until(lambda: edit.has_focus or not edit.display)
    return edit


async def complete(names, typed):
    return await LastName(names).get_suggestion(typed)


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("bee", "bee eater"),
        ("hay,BE", "hay,BEe eater"),
        ("hay, qu", "hay, quail"),
        ("", None),
        ("hay,", None),
        ("zebra crossing", None),
    ],
)
def test_the_last_of_several_names_is_completed(typed, completed):
    import asyncio

    assert asyncio.run(complete(("bee eater", "quail", "hay"), typed)) == completed


def test_refuses_a_value_out_of_range_while_it_is_typed_and_keeps_the_field_open(drive):
    async def scenario(pilot, until):
        edit = await open_field(pilot, until, "count", "steps")
        await pilot.press("0", "enter")
        note = pilot.app.screen.query_one("#note")
        await until(lambda: "must be greater than or equal to 1" in str(note.render()))
        assert edit.has_focus
        await pilot.press("backspace", "4", "2", "enter")
        form = pilot.app.screen.query_one(HyperparameterForm)
        await until(lambda: form.chosen_values()[0] == {"steps": "42"})
        assert not form.editing

    drive(scenario)


def test_leaves_a_field_with_escape_and_forgets_what_was_typed(drive):
    async def scenario(pilot, until):
        await open_field(pilot, until, "count", "steps")
        await pilot.press("7", "escape")
        form = pilot.app.screen.query_one(HyperparameterForm)
        await until(lambda: not form.editing)
        assert form.chosen_values() == ({}, {})

    drive(scenario)


def test_steps_through_choices_and_marks_counts_and_resets_what_was_changed(drive):
    async def scenario(pilot, until):
        await open_field(pilot, until, "trouble", "trouble")
        form = pilot.app.screen.query_one(HyperparameterForm)
        await until(lambda: form.chosen_values()[0] == {"trouble": "print"})
        assert "1 changed" in str(form.border_subtitle)
        assert "●" in str(form.query_one("#fields", OptionList).get_option("trouble").prompt)
        await pilot.press("d")
        shown = [option.id for option in form.query_one("#fields", OptionList).options if option.id]
        assert shown == ["trouble"]
        await pilot.press("d", "left")
        await until(lambda: form.chosen_values()[0] == {})
        await pilot.press("right", "right", "u")
        await until(lambda: form.chosen_values()[0] == {})
        assert "defaults" in str(form.border_subtitle)

    drive(scenario)


def test_copies_itself_as_a_command_that_means_the_same(drive, monkeypatch):
    copied: list[str] = []
    monkeypatch.setattr(PhospheneApp, "copy_to_clipboard", lambda self, text: copied.append(text))

    async def scenario(pilot, until):
        await open_field(pilot, until, "count", "name")
        await pilot.press(*"it's 7", "enter")
        form = pilot.app.screen.query_one(HyperparameterForm)
        await until(lambda: form.chosen_values()[1] == {"name": "it's 7"})
        await pilot.press("c")
        await until(lambda: copied)

    drive(scenario)
    assert shlex.split(copied[0]) == ["phosphene", "run", "count", "--name", "it's 7"]


def test_what_was_typed_is_there_again_when_the_workbench_opens_again(drive, home):
    async def type_it(pilot, until):
        await open_field(pilot, until, "count", "steps")
        await pilot.press("7", "7", "enter")
        await until(lambda: pilot.app.screen.query_one(HyperparameterForm).chosen_values()[0] == {"steps": "77"})

    async def find_it(pilot, until):
        form = pilot.app.screen.query_one(HyperparameterForm)
        await until(lambda: form.experiment is not None and form.experiment.name == "count")
        assert form.chosen_values()[0] == {"steps": "77"}

    drive(type_it)
    assert json.loads((home / "workbench.json").read_text())["forms"] == {"count": {"steps": "77"}}
    drive(find_it, over=PhospheneApp(home))


def test_left_and_right_go_through_suggestions_and_what_is_typed_is_completed(drive):
    async def scenario(pilot, until):
        edit = await open_field(pilot, until, "probe", "model")
        await pilot.press(*"alexnet")
        await pilot.press("enter")
        form = pilot.app.screen.query_one(HyperparameterForm)
        await until(lambda: form.chosen_values()[0] == {"model": "alexnet"})
        assert not edit.display
        fields = form.query_one("#fields", OptionList)
        fields.highlighted = fields.get_option_index("dataset")
        await pilot.press("right")
        await until(lambda: form.chosen_values()[0].get("dataset") == "digits-m")
        await pilot.press("left")
        await until(lambda: "dataset" not in form.chosen_values()[0])

    drive(scenario)
