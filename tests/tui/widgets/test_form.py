"""The form: made from the declaration, checked as one types, remembered."""

from __future__ import annotations

import asyncio
import json
import shlex
import string

import pytest
from textual import events
from textual.keys import _character_to_key
from textual.widgets import Input, OptionList

from tests.tui.conftest import focus
from tui.actions import ACTS
from tui.app import PhospheneApp
from tui.screens.workbench import Workbench
from tui.widgets.form import HyperparameterForm
from tui.widgets.form.offers import MOST_LISTED, Offers
from tui.widgets.suggest import Offer, offers
from tui.workbench.requests import RunRequests


async def highlight(pilot, until, experiment: str, field: str) -> HyperparameterForm:
    """Choose an experiment, and go to a field of its form."""
    screen = pilot.app.screen
    experiments = screen.query_one("#experiments", OptionList)
    experiments.highlighted = experiments.get_option_index(experiment)
    form = screen.query_one(HyperparameterForm)
    await until(lambda: form.experiment is not None and form.experiment.name == experiment)
    fields = form.query_one("#fields", OptionList)
    focus(fields)
    fields.highlighted = fields.get_option_index(field)
    await until(lambda: fields.has_focus)
    return form


async def open_field(pilot, until, experiment: str, field: str) -> Input:
    """Choose an experiment, go to a field of its form, and open it."""
    form = await highlight(pilot, until, experiment, field)
    await pilot.press("enter")
    return form.query_one("#edit", Input)


async def quickly(condition) -> None:
    """Let the app work until a condition holds, without waiting for it to be painted."""
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110 - there is no event for what a screen shows
            await asyncio.sleep(0)


@pytest.fixture
def done(monkeypatch) -> list[str]:
    """Collect what the workbench, the app and Textual would do for a key, instead of doing it."""
    collected: list[str] = []
    for act in ACTS:
        if act.scope in {"app", "workbench"}:
            target, _, name = act.name.partition("(")[0].rpartition(".")
            owner = PhospheneApp if target == "app" or act.scope == "app" else Workbench
            monkeypatch.setattr(owner, f"action_{name}", lambda *_, act=act: collected.append(act.name))
    return collected


@pytest.fixture
def launched(monkeypatch) -> list[dict[str, str]]:
    """Collect the hyperparameters of runs that would be launched."""
    collected: list[dict[str, str]] = []
    monkeypatch.setattr(RunRequests, "launch", lambda _, experiment, values, options: collected.append(values))
    return collected


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("bee", [Offer("bee eater", "bee eater"), Offer("honeybee", "honeybee"), Offer("quail,bee", "quail,bee")]),
        ("hay,BEE", [Offer("bee eater", "hay,bee eater"), Offer("honeybee", "hay,honeybee")]),
        ("hay, qu", [Offer("quail", "hay, quail")]),
        ("quail", [Offer("quail,bee", "quail,bee")]),
        ("qu", [Offer("quail", "quail"), Offer("quail,bee", "quail,bee")]),
        ("zebra crossing", []),
    ],
)
def test_offers_what_begins_like_the_last_name_then_what_holds_it_then_what_was_typed_before(typed, offered):
    assert offers(typed, ["honeybee", "bee eater", "quail", "hay"], ["quail,bee"]) == offered


def test_refuses_a_value_out_of_range_while_it_is_typed_and_keeps_the_field_open(drive):
    async def scenario(pilot, until):
        edit = await open_field(pilot, until, "count", "steps")
        await pilot.press("0", "enter")
        note = pilot.app.screen.query_one("#note")
        await until(lambda: "must be greater than or equal to 1" in str(note.render()))
        assert edit.has_focus
        assert edit.value == "0"
        await pilot.press("backspace", "4", "2", "enter")
        form = pilot.app.screen.query_one(HyperparameterForm)
        await until(lambda: form.chosen_values()[0] == {"steps": "42"})
        assert not form.editing

    drive(scenario)


@pytest.mark.parametrize("here", [False, True])
def test_offers_slurm_where_jobs_can_be_submitted(drive, monkeypatch, here):
    monkeypatch.setattr("engine.slurm.tools.is_here", lambda: here)

    async def scenario(pilot, until):
        form = await highlight(pilot, until, "count", "steps")
        options = form.query_one("#fields", OptionList).options
        assert {"on", "gpus", "time", "slurm"} & {option.id for option in options} == (
            {"on", "gpus", "time", "slurm"} if here else set()
        )

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
        await pilot.press("ctrl+d")
        shown = [option.id for option in form.query_one("#fields", OptionList).options if option.id]
        assert shown == ["trouble"]
        await pilot.press("ctrl+d", "left")
        await until(lambda: form.chosen_values()[0] == {})
        await pilot.press("right", "right", "ctrl+u")
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
        await pilot.press("escape", "c")
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
        await open_field(pilot, until, "probe", "model")
        await pilot.press(*"alexnet")
        await pilot.press("enter")
        form = pilot.app.screen.query_one(HyperparameterForm)
        await until(lambda: form.chosen_values()[0] == {"model": "alexnet"})
        assert not form.editing
        fields = form.query_one("#fields", OptionList)
        fields.highlighted = fields.get_option_index("dataset")
        await pilot.press("right")
        await until(lambda: form.chosen_values()[0].get("dataset") == "digits-m")
        await pilot.press("left")
        await until(lambda: "dataset" not in form.chosen_values()[0])

    drive(scenario)


def test_a_number_typed_on_a_field_changes_that_field_and_nothing_else(drive, done):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "count", "pause")
        # As a terminal sends it: all at once, before the first key has been looked at.
        for key in ("0", "full_stop", "0", "1"):
            pilot.app.post_message(events.Key(key, "." if key == "full_stop" else key))
        await until(lambda: form.query_one("#edit", Input).value == "0.01")
        await pilot.press("enter")
        assert form.chosen_values() == ({"pause": "0.01"}, {})
        assert not form.editing
        assert pilot.app.focused.id == "fields"

    drive(scenario)
    assert done == []


PRINTABLE = "".join(character for character in string.printable if character.isprintable())


@pytest.mark.parametrize("characters", ["0.1 rqx/?", pytest.param(PRINTABLE, marks=pytest.mark.slow)])
def test_no_printable_key_does_anything_but_type_while_the_form_has_the_focus(drive, done, characters):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "trouble", "name")
        edit = form.query_one("#edit", Input)
        for character in characters:
            pilot.app.post_message(events.Key(_character_to_key(character), character))
            await quickly(lambda character=character: edit.has_focus and edit.value == character)
            pilot.app.post_message(events.Key("escape", None))
            await quickly(lambda: not form.editing and form.query_one("#fields").has_focus)
        assert form.chosen_values() == ({}, {})
        footer = {binding.binding.action for binding in pilot.app.screen.active_bindings.values()}
        assert {"run", "undo"} <= footer
        assert not {"stop", "link", "help"} & footer

    drive(scenario)
    assert done == []


@pytest.mark.parametrize("opened", [False, True])
def test_a_path_that_is_pasted_is_text(drive, done, opened, home):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "count", "gate")
        if opened:
            await pilot.press("enter")
        pilot.app.post_message(events.Paste("/sqrt/query/rtx.y\r\nq\n"))
        await until(lambda: form.query_one("#edit", Input).value == "/sqrt/query/rtx.y")
        assert form.editing
        await pilot.press("enter")
        assert form.chosen_values()[0] == {"gate": "/sqrt/query/rtx.y"}

    drive(scenario)
    assert done == []
    assert not (home / "runs").exists()


def test_the_field_that_is_typed_in_covers_its_own_row(drive):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "count", "lr")
        fields = form.query_one("#fields", OptionList)
        await pilot.press("5")
        edit = form.query_one("#edit", Input)
        row = fields.content_region.y + fields.get_option_index("lr")
        await until(lambda: edit.region.y == row and edit.region.width == fields.content_region.width)
        assert edit.region.x == fields.content_region.x

    drive(scenario)


def test_offers_stand_above_a_row_with_little_room_below(drive):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "count", "threads")
        await pilot.press("1")
        edit, listed = form.query_one("#edit", Input), form.query_one(Offers)
        form.query_one("#editor").open("", [f"network {i}" for i in range(30)], ())
        await until(lambda: listed.region.height > 5 and listed.region.bottom == edit.region.y)
        assert listed.region.y >= 0

    drive(scenario, size=(80, 16))


def test_the_ends_of_long_paths_are_offered_where_they_differ(drive):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "probe", "model")
        listed, start = form.query_one(Offers), f"squeezenet1_1:/{'weights/' * 12}"
        await pilot.press("1")
        form.query_one("#editor").open("", [f"{start}first.pth", f"{start}second.pth", "alexnet"], ())
        await until(lambda: any("first.pth" in "".join(s.text for s in listed.render_line(y)) for y in range(6)))
        prompts = [str(option.prompt) for option in listed.options]
        assert [prompt[-10:] for prompt in prompts] == ["/first.pth", "second.pth", "alexnet"]
        assert [prompt[0] for prompt in prompts] == ["…", "…", "a"]
        await pilot.press("down", "down", "tab")
        assert form.query_one("#edit", Input).value == f"{start}second.pth"

    drive(scenario, size=(80, 24))


def test_offers_narrow_while_one_types_and_tab_completes_and_enter_closes(drive):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "probe", "model")
        edit, listed = form.query_one("#edit", Input), form.query_one(Offers)
        await pilot.press(*"net")
        await until(lambda: edit.value == "net")
        names = [str(option.prompt) for option in listed.options]
        assert "alexnet" in names
        assert all("net" in name for name in names)
        await pilot.press("home", "delete", "delete", "delete", *"alex")
        assert [str(option.prompt) for option in listed.options] == ["alexnet"]
        await pilot.press("tab")
        assert edit.value == "alexnet"
        assert form.editing
        await pilot.press("enter")
        assert form.chosen_values()[0] == {"model": "alexnet"}

    drive(scenario)


def test_up_and_down_move_in_the_offers_and_enter_takes_the_one_that_is_highlighted(drive):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "probe", "dataset")
        listed = form.query_one(Offers)
        await pilot.press(*"digits", "down", "down", "up")
        wanted = str(listed.highlighted_option.prompt)
        assert wanted == str(listed.options[0].prompt) != "digits"
        await pilot.press("enter")
        assert not form.editing
        assert form.chosen_values()[0] == {"dataset": wanted}

    drive(scenario)


def test_a_thousand_classes_are_offered_quickly(drive):
    async def scenario(pilot, until):
        import time

        form = await highlight(pilot, until, "fool", "model")
        await pilot.press(*"resnet18", "enter")
        fields = form.query_one("#fields", OptionList)
        fields.highlighted = fields.get_option_index("target")
        await pilot.press("enter")
        listed = form.query_one(Offers)
        await until(lambda: listed.option_count == MOST_LISTED)
        assert "more" in str(listed.border_subtitle)
        editor = form.query_one("#editor")
        began = time.process_time()
        editor._offer("a")
        assert time.process_time() - began < 0.05
        await pilot.press(*"hartebe")
        assert [str(option.prompt) for option in listed.options] == ["hartebeest"]

    drive(scenario)


def test_paths_are_completed_from_the_disk(drive, tmp_path, monkeypatch):
    (tmp_path / "pictures/cats").mkdir(parents=True)
    (tmp_path / "pictures/cat.txt").touch()
    monkeypatch.setenv("HOME", str(tmp_path))

    async def scenario(pilot, until):
        form = await highlight(pilot, until, "probe", "dataset")
        edit, listed = form.query_one("#edit", Input), form.query_one(Offers)
        await pilot.press(*"folder:~/pic")
        await until(lambda: [str(option.prompt) for option in listed.options] == ["folder:~/pictures/"])
        await pilot.press("tab")
        await until(lambda: [str(option.prompt) for option in listed.options] == ["folder:~/pictures/cats/"])
        await pilot.press("tab", "enter")
        assert form.chosen_values()[0] == {"dataset": "folder:~/pictures/cats/"}
        await pilot.press("escape")
        form = await highlight(pilot, until, "count", "gate")
        await pilot.press(*"~/pictures/")
        await until(lambda: listed.option_count == 2)
        assert edit.value == "~/pictures/"
        assert {str(option.prompt) for option in listed.options} == {"~/pictures/cat.txt", "~/pictures/cats/"}

    drive(scenario)


def test_a_path_that_stood_there_before_is_offered_once(drive, home, tmp_path, monkeypatch):
    for name in ("pictures", "picnic"):
        (tmp_path / "mine" / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "mine"))
    home.mkdir()
    (home / "workbench.json").write_text(json.dumps({"forms": {"cuts": {"dataset": "folder:~/pictures/"}}}))

    async def scenario(pilot, until):
        form = await highlight(pilot, until, "probe", "dataset")
        await pilot.press(*"folder:~/pic")
        listed = form.query_one(Offers)
        await until(lambda: "folder:~/picnic/" in [str(option.prompt) for option in listed.options])
        assert [str(option.prompt) for option in listed.options] == ["folder:~/picnic/", "folder:~/pictures/"]

    drive(scenario, over=PhospheneApp(home))


def test_values_of_other_forms_fields_of_the_same_name_are_offered(drive, home):
    home.mkdir()
    (home / "workbench.json").write_text(json.dumps({"forms": {"count": {"lr": "0.0123"}}}))

    async def scenario(pilot, until):
        form = await highlight(pilot, until, "walk", "lr")
        await pilot.press("0")
        assert [str(option.prompt) for option in form.query_one(Offers).options] == ["0.0123"]

    drive(scenario, over=PhospheneApp(home))


@pytest.mark.parametrize(
    ("key", "field"), [("tab", "pause"), ("down", "pause"), ("shift+tab", "threads"), ("up", "threads")]
)
def test_going_to_another_field_keeps_what_was_typed(drive, key, field):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "count", "steps")
        await pilot.press("7", key)
        assert form.chosen_values()[0] == {"steps": "7"}
        assert form.query_one("#fields", OptionList).highlighted_option.id == field
        assert pilot.app.focused.id == "fields"

    drive(scenario)


@pytest.mark.parametrize("key", ["tab", "down", "enter", "ctrl+r"])
def test_what_is_invalid_stays_under_the_cursor_and_is_not_lost(drive, done, key):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "count", "steps")
        edit = form.query_one("#edit", Input)
        await pilot.press(*"-7", key)
        assert (form.editing, edit.has_focus, edit.value) == (True, True, "-7")
        assert "must be greater than or equal to 1" in str(form.query_one("#note").render())
        focus(form.query_one("#fields", OptionList))
        await until(lambda: edit.has_focus)
        await pilot.press("home", "delete", "enter")
        assert form.chosen_values()[0] == {"steps": "7"}

    drive(scenario)
    assert done == []


def test_ctrl_r_takes_the_text_of_an_open_field_and_starts_the_run(drive, launched):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "count", "steps")
        await pilot.press("7", "ctrl+r")
        await until(lambda: launched)
        assert (form.editing, launched) == (False, [{"steps": "7"}])

    drive(scenario)


@pytest.mark.parametrize("typed", ["", "7"])
def test_what_is_typed_after_ctrl_r_comes_too_late_for_the_run_however_fast(drive, launched, typed):
    async def scenario(pilot, until):
        await highlight(pilot, until, "count", "steps")
        await pilot.press(*typed)
        pilot.app.post_message(events.Key("ctrl+r", None))
        pilot.app.post_message(events.Key("8", "8"))
        await until(lambda: launched)
        assert launched == [{"steps": typed} if typed else {}]

    drive(scenario)


def test_every_change_can_be_undone_and_done_again_form_by_form(drive, done):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "count", "steps")
        await pilot.press("ctrl+z")
        await until(lambda: "nothing to undo" in " ".join(note.message for note in pilot.app._notifications))
        await pilot.press("7", "enter", "8", "enter")
        await highlight(pilot, until, "trouble", "trouble")
        await pilot.press("right", "ctrl+z")
        assert form.chosen_values()[0] == {}
        await highlight(pilot, until, "count", "steps")
        await pilot.press("ctrl+u")
        assert form.chosen_values()[0] == {}
        await pilot.press("up", "ctrl+z")
        assert form.chosen_values()[0] == {"steps": "8"}
        assert form._current() == "steps", "where something has changed"
        await pilot.press("ctrl+z")
        assert form.chosen_values()[0] == {"steps": "7"}
        await pilot.press("ctrl+y")
        assert form.chosen_values()[0] == {"steps": "8"}
        await pilot.press("9", "ctrl+z")
        assert (form.editing, form.chosen_values()[0]) == (False, {"steps": "8"})
        form.take_over({"lr": "0.5"})
        await pilot.press("ctrl+z")
        assert form.chosen_values()[0] == {"steps": "8"}

    drive(scenario)
    assert done == []


def test_the_note_says_what_a_field_means_and_takes(drive):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "count", "lr")
        note = form.query_one("#note")
        await until(lambda: "logged as it is" in str(note.render()))
        assert "> 0, <= 1 · live · w applies it to the shown run · default 0.1" in str(note.render())

    drive(scenario)


def test_what_a_launch_would_refuse_is_marked_before_with_every_problem(drive, home, tmp_path):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "probe", "dataset")
        pilot.app.post_message(events.Paste(f"folder:{tmp_path}/none"))
        await until(lambda: form.editing)
        await pilot.press("enter")
        fields = form.query_one("#fields", OptionList)
        await until(lambda: "✗" in str(fields.get_option("dataset").prompt))
        fields.highlighted = fields.get_option_index("device")
        await pilot.press(*"cuda:7", "enter")
        await until(lambda: "✗" in str(fields.get_option("device").prompt))
        note = form.query_one("#note")
        assert "there is no cuda:7 here" in str(note.render())
        assert "✗" in str(fields.get_option("dataset").prompt)
        await pilot.press("backspace")
        fields.highlighted = fields.get_option_index("dataset")
        await pilot.press("backspace")
        await until(lambda: not form._problems)

    drive(scenario)


def test_what_is_hardly_meant_is_said_beside_the_field_and_refused_by_nothing(drive, home):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "attack", "eps")
        await pilot.press(*"0.03", "enter")
        fields, note = form.query_one("#fields", OptionList), form.query_one("#note")
        await until(lambda: "? eps 0.03 means 0.03/255" in " ".join(str(note.render()).split()))
        assert "?" in str(fields.get_option("eps").prompt)
        assert "✗" not in str(form.border_subtitle)
        await pilot.press("backspace")
        await until(lambda: "?" not in str(fields.get_option("eps").prompt))

    drive(scenario)


def test_a_launch_that_is_refused_points_at_the_first_field_and_marks_all(drive, home):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "count", "name")
        form.take_over({"steps": "zero", "lr": "7"})
        await pilot.press("ctrl+r")
        fields = form.query_one("#fields", OptionList)
        await until(lambda: fields.highlighted_option.id == "steps")
        assert all("✗" in str(fields.get_option(name).prompt) for name in ("steps", "lr"))
        assert "✗ 2" in str(form.border_subtitle)

    drive(scenario)
    assert not (home / "runs").exists()


def test_a_full_disk_is_said_before_a_run_is_started(drive, home, monkeypatch):
    monkeypatch.setattr("engine.record.workspace.ROOM", 1 << 60)

    async def scenario(pilot, until):
        form = await highlight(pilot, until, "count", "steps")
        await until(lambda: "is full" in str(form.query_one("#note").render()))

    drive(scenario)


def test_choices_show_that_left_and_right_change_them(drive):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "trouble", "trouble")
        fields = form.query_one("#fields", OptionList)
        await until(lambda: "\u2039raise\u203a" in str(fields.get_option("trouble").prompt))
        await pilot.press("down")
        await until(lambda: "\u2039" not in str(fields.get_option("trouble").prompt))

    drive(scenario)


def test_earlier_runs_are_offered_where_they_fit(drive, album):
    async def scenario(pilot, until):
        form = await highlight(pilot, until, "probe", "model")
        await pilot.press(*"run:")
        offered = [str(option.prompt) for option in form.query_one(Offers).options]
        assert offered == ["run:last", "run:1121-1200-cnn-k3f"]

    drive(scenario)
