"""The list of runs: filtered, selected, annotated, removed, and drawn as a table where there is room."""

from __future__ import annotations

import json

import pytest

from engine.record.events import Metrics, StateChanged
from tests.tui.conftest import focus
from tui.app import PhospheneApp
from tui.widgets.ask import Ask
from tui.widgets.filters import FilterNote, RunFilter
from tui.widgets.machine import MachineLine
from tui.widgets.runs import RunList
from tui.widgets.runs.annotating import tag_changes
from tui.workbench.following import RunFollower

NOON = 1_795_262_400.0


def ended(number: int, value: float, *, result: float | None = None) -> list:
    """Return the events of a finished run with one metric."""
    results = {} if result is None else {"test/accuracy": result}
    start = NOON + 60 * number
    return [
        StateChanged(start, "queued", "starting"),
        StateChanged(start + 5, "running"),
        Metrics(start + 6, 1, {"train/loss": value}, 1.0),
        StateChanged(start + 36, "finished", "", 1, 1, results),
    ]


@pytest.fixture
def grid(written):
    """Four finished runs of cnn with two learning rates and two seeds, the newest with the lowest loss."""
    for number, (lr, seed) in enumerate([(0.1, 0), (0.1, 1), (0.001, 0), (0.001, 1)]):
        events = ended(number, 1.0 - number / 4, result=0.5 + number / 10)
        path = written(f"1121-120{number}-cnn-r{number}w", "cnn", events, hyperparameters={"lr": lr, "epochs": 1})
        record = path / "run.json"
        record.write_text(record.read_text().replace('"seed": 0', f'"seed": {seed}'))


def ids(runs: RunList) -> list[str]:
    """Return the last parts of the ids of what is listed."""
    return [option.id.rpartition("-")[2] for option in runs.options if option.id]


def lines(runs: RunList) -> str:
    """Return what is listed."""
    return "\n".join(str(option.prompt) for option in runs.options)


def on_runs(drive, scenario, count: int, size=(160, 48)) -> None:
    """Run a scenario with the focus on a list of so many runs."""

    async def play(pilot, until):
        runs = pilot.app.screen.query_one(RunList)
        await until(lambda: len(ids(runs)) == count and pilot.app.screen.shown is not None)
        focus(runs)
        await until(lambda: runs.has_focus)
        await scenario(pilot, until, runs)

    drive(play, size=size)


def test_the_highlight_is_not_called_back_by_a_run_that_opens_after_the_user_has_moved_on(drive, grid):
    async def scenario(pilot, until, runs):
        screen = pilot.app.screen
        late, wanted = screen.shown, runs.options[2].id
        runs.highlighted = 2
        await until(lambda: screen.shown.run.id == wanted)
        screen._show_run(late.run.id)  # as when a screen is left for this run
        assert runs.chosen == late.run.id
        runs.highlighted = 2
        screen.post_message(RunFollower.Opened(late))
        await until(lambda: screen.shown is late)
        await until(lambda: screen.shown.run.id == wanted)
        assert runs.chosen == wanted

    on_runs(drive, scenario, 4)


def test_a_filter_is_written_in_the_filter_language(drive, grid):
    async def scenario(pilot, until, runs):
        await pilot.press("slash", *"lr=0.1 NOT seed=0", "enter")
        await until(lambda: ids(runs) == ["r1w"] and runs.has_focus)
        await pilot.press("escape")
        await until(lambda: len(ids(runs)) == 4)

    on_runs(drive, scenario, 4)


def test_a_filter_hands_the_highlight_on_and_gives_it_back(drive, grid):
    async def scenario(pilot, until, runs):
        runs.highlighted = ids(runs).index("r0w")
        await pilot.press("slash", *"lr=0.1 NOT seed=0")
        await until(lambda: ids(runs) == ["r1w"])
        await pilot.press("escape")
        await until(lambda: len(ids(runs)) == 4 and runs.chosen.endswith("r0w"))
        await pilot.press("slash", *"lr=0.1 NOT seed=0", "enter")
        await until(lambda: runs.has_focus and runs.chosen.endswith("r1w"))
        await until(lambda: pilot.app.screen.shown.run.id == runs.chosen)

    on_runs(drive, scenario, 4)


def test_a_half_typed_filter_keeps_the_last_result_and_says_what_could_follow(drive, grid):
    async def scenario(pilot, until, runs):
        note = pilot.app.screen.query_one(FilterNote)
        await pilot.press("slash", *"lr=0.1")
        await until(lambda: ids(runs) == ["r1w", "r0w"])
        await pilot.press(*" (seed>")
        await until(lambda: note.display and "at 14: a value must follow >" in str(note.content))
        assert ids(runs) == ["r1w", "r0w"]
        await pilot.press(*"0)")
        await until(lambda: ids(runs) == ["r1w"])
        assert not note.display

    on_runs(drive, scenario, 4)


def test_a_metric_that_only_logs_know_is_read_before_it_is_filtered_by(drive, grid):
    async def scenario(pilot, until, runs):
        await pilot.press("slash", *"train/loss<0.6")
        await until(lambda: ids(runs) == ["r3w", "r2w"])
        await pilot.press("escape")

    on_runs(drive, scenario, 4)


def test_tab_completes_fields_operators_and_values(drive, grid):
    async def scenario(pilot, until, runs):
        field, note = pilot.app.screen.query_one(RunFilter), pilot.app.screen.query_one(FilterNote)
        await pilot.press("slash", *"epo", "tab")
        assert field.value == "epochs"
        await pilot.press("tab")
        await until(lambda: field.value == "epochs=" and "epochs<=" in str(note.content))
        await pilot.press("tab", "shift+tab")
        assert field.value == "epochs="
        await pilot.press(*"1 lr=", "tab")
        await until(lambda: field.value in {"epochs=1 lr=0.1", "epochs=1 lr=0.001"} and len(ids(runs)) == 2)
        assert field.has_focus
        await pilot.press("enter")
        await until(lambda: runs.has_focus and not note.display)

    on_runs(drive, scenario, 4)


def test_space_selects_and_esc_lets_go_of_the_filter_before_the_selection(drive, grid):
    async def scenario(pilot, until, runs):
        runs.highlighted = 0
        await pilot.press("space", "space")
        assert runs.selected == ["1121-1203-cnn-r3w", "1121-1202-cnn-r2w"]
        assert [line[1] for line in lines(runs).splitlines()] == ["▸", "▸", " ", " "]
        assert "2 selected" in str(runs.border_subtitle)
        await pilot.press("slash", *"lr=0.1", "enter", "asterisk")
        await until(lambda: len(runs.selected) == 4 and ids(runs) == ["r1w", "r0w"])
        assert "4 selected: C compares · 2 filtered out" in str(runs.border_subtitle)
        await pilot.press("asterisk")
        assert runs.selected == ["1121-1203-cnn-r3w", "1121-1202-cnn-r2w"]
        await pilot.press("escape")
        await until(lambda: len(ids(runs)) == 4)
        assert len(runs.selected) == 2
        pilot.app.screen._listing.look_again()
        await pilot.pause()
        assert len(runs.selected) == 2
        await pilot.press("escape")
        assert "▸" not in lines(runs)

    on_runs(drive, scenario, 4)


def test_the_last_run_is_selected_without_a_leap_to_the_first(drive, grid):
    async def scenario(pilot, until, runs):
        runs.highlighted = 3
        await pilot.press("space")
        assert (runs.highlighted, len(runs.selected)) == (3, 1)
        await pilot.press("space")
        assert not runs.selected

    on_runs(drive, scenario, 4)


def test_two_selected_runs_are_handed_to_the_comparison_in_the_order_of_the_list(drive, grid, monkeypatch):
    asked: list[list[str]] = []
    post = RunList.post_message

    def hear(runs, message) -> bool:
        if isinstance(message, RunList.CompareRequested):
            asked.append(message.runs)
        return post(runs, message)

    monkeypatch.setattr(RunList, "post_message", hear)

    async def scenario(pilot, until, runs):
        runs.highlighted = 1
        await pilot.press("space", "C")
        assert not asked
        assert "select two runs or more" in "".join(note.message for note in pilot.app._notifications)
        runs.highlighted = 0
        await pilot.press("space", "C")
        assert asked == [["1121-1203-cnn-r3w", "1121-1202-cnn-r2w"]]

    on_runs(drive, scenario, 4)


def test_tags_are_given_to_the_selection_and_those_deleted_from_the_line_are_taken(drive, grid):
    async def scenario(pilot, until, runs):
        ask = pilot.app.screen.query_one(Ask)
        runs.highlighted = 0
        await pilot.press("space", "space", "number_sign")
        await until(lambda: ask.display)
        await pilot.press(*"good old", "enter")
        await until(lambda: lines(runs).count("#good #old") == 2)
        assert runs.has_focus
        assert not ask.display
        await pilot.press("number_sign")
        await until(lambda: ask.display)
        await pilot.press(*["backspace"] * 3, *"new -good", "enter")
        await until(lambda: lines(runs).count("#new") == 2)
        assert "#old" not in lines(runs)
        assert "#good" not in lines(runs)

    on_runs(drive, scenario, 4)


def test_tags_that_are_typed_and_those_that_stood_make_the_changes():
    assert tag_changes("good +fine -bad", "old good") == (["good", "fine"], ["bad", "old"])
    assert tag_changes("", "") == ([], [])


def test_a_run_is_renamed_and_noted_with_what_stands_in_the_line(drive, grid, home):
    async def scenario(pilot, until, runs):
        ask, machine = pilot.app.screen.query_one(Ask), pilot.app.screen.query_one(MachineLine)
        runs.highlighted = 1
        await until(lambda: pilot.app.screen.shown.run.id.endswith("r2w"))
        await pilot.press("N")
        await until(lambda: ask.display)
        await pilot.press(*"best", "enter")
        await until(lambda: "r2w cnn .700 best" in lines(runs))
        await until(lambda: "best" in str(machine.query_one("#shown").content))
        await pilot.press("n")
        await until(lambda: ask.display)
        await pilot.press(*"falling", "enter")
        await until(lambda: [*runs._runs.values()][1].annotations.note == "falling")
        await pilot.press("n")
        await until(lambda: ask.display)
        assert ask.query_one("#answer").value == "falling"
        await pilot.press(*" still", "escape")
        await until(lambda: runs.has_focus)
        assert len([*(home / "runs/1121-1202-cnn-r2w/annotations").iterdir()]) == 2

    on_runs(drive, scenario, 4)


def test_what_cannot_be_a_tag_is_told(drive, grid):
    async def scenario(pilot, until, runs):
        runs.highlighted = 0
        await pilot.press("number_sign")
        await until(lambda: pilot.app.screen.query_one(Ask).display)
        await pilot.press(*"!", "enter")
        await until(lambda: any("cannot be a tag" in note.message for note in pilot.app._notifications))

    on_runs(drive, scenario, 4)


def test_removed_runs_come_back_in_the_order_of_their_removal(drive, grid):
    async def scenario(pilot, until, runs):
        runs.highlighted = 0
        await pilot.press("space", "space", "X")
        await pilot.pause()
        assert len(ids(runs)) == 4
        await pilot.press("X")
        await until(lambda: ids(runs) == ["r1w", "r0w"])
        assert not runs.selected
        assert any("ctrl+z" in note.message for note in pilot.app._notifications)
        runs.highlighted = 1
        await pilot.press("X", "X")
        await until(lambda: ids(runs) == ["r1w"])
        await pilot.press("ctrl+z")
        await until(lambda: ids(runs) == ["r1w", "r0w"])
        await pilot.press("ctrl+z")
        await until(lambda: len(ids(runs)) == 4)

    on_runs(drive, scenario, 4)


def test_before_runs_are_removed_it_is_said_how_many_of_them_the_filter_hides(drive, grid):
    async def scenario(pilot, until, runs):
        await pilot.press("asterisk", "slash", *"lr=0.1", "enter")
        await until(lambda: len(ids(runs)) == 2 and runs.has_focus)
        await pilot.press("X")
        said = "again moves 4 runs, 2 of them not shown here, into the trash"
        await until(lambda: any(note.message == said for note in pilot.app._notifications))

    on_runs(drive, scenario, 4)


def test_a_run_at_work_is_not_removed_with_the_others_and_that_is_said(drive, crowd):
    async def scenario(pilot, until, runs):
        await pilot.press("asterisk", "X", "X")
        await until(lambda: sorted(ids(runs)) == ["n0w", "n1w"])
        said = "".join(note.message for note in pilot.app._notifications)
        assert "stop it first" in said

    on_runs(drive, scenario, 11)


def header(runs: RunList) -> list[str]:
    """Return the titles of the columns."""
    return str(runs.border_title).split()


def test_a_wide_list_is_a_table_of_what_differs(drive, grid):
    async def scenario(pilot, until, runs):
        assert str(runs.border_title) == "runs"
        await pilot.press("F")
        await until(lambda: "0:31" in lines(runs))
        assert header(runs) == ["id", "experiment", "lr", "result", "duration", "seed"]
        rows = lines(runs).splitlines()
        first, last = rows[0], rows[-1]
        assert first.split() == ["✓", "r3w", "cnn", "0.001", "0.8", "0:31", "1"]
        assert len({*map(len, rows)}) == 1
        assert first.index("0.001") + 5 == last.index("0.1") + 3
        assert str(runs.border_title).index("experiment") + 1 == first.index("cnn")
        await pilot.press("F")
        await until(lambda: str(runs.border_title) == "runs")

    on_runs(drive, scenario, 4)


def test_columns_give_way_to_the_result_where_there_is_little_room(drive, written):
    for number in range(2):
        many = {f"hyperparameter_{name}": number for name in "abcdefg"}
        written(f"1121-120{number}-cnn-r{number}w", "cnn", ended(number, 1.0, result=0.5), hyperparameters=many)

    async def scenario(pilot, until, runs):
        await pilot.press("F")
        await until(lambda: "hyperparameter_a" in header(runs) and "0:31" in lines(runs))
        assert "hyperparameter_g" not in header(runs)
        assert {"result", "duration", "seed"} <= {*header(runs)}
        assert all(len(line) <= 76 for line in lines(runs).splitlines())

    on_runs(drive, scenario, 2, size=(80, 24))


def test_the_table_is_sorted_by_a_column_and_keeps_the_order_for_the_next_time(drive, grid, home):
    async def scenario(pilot, until, runs):
        await pilot.press("F")
        await until(lambda: "lr" in header(runs))
        await pilot.press("o", "o", "o")
        await until(lambda: "lr▲" in header(runs) and ids(runs) == ["r3w", "r2w", "r1w", "r0w"])
        await pilot.press("O")
        await until(lambda: "lr▼" in header(runs) and ids(runs)[:2] == ["r1w", "r0w"])
        await pilot.press("o")
        await until(lambda: "result▲" in header(runs) and ids(runs) == ["r0w", "r1w", "r2w", "r3w"])

    on_runs(drive, scenario, 4)
    assert json.loads((home / "workbench.json").read_text())["sort"] == "result"

    async def again(pilot, until):
        await until(lambda: ids(pilot.app.screen.query_one(RunList)) == ["r0w", "r1w", "r2w", "r3w"])

    drive(again, over=PhospheneApp(home, images="halfcell"))


def test_the_column_of_the_order_is_drawn_where_the_runs_do_not_differ_in_it_too(drive, grid):
    async def scenario(pilot, until, runs):
        await pilot.press("F", "o", "o", "o", "slash", *"lr=0.1", "enter")
        await until(lambda: header(runs)[:3] == ["id", "experiment", "lr▲"] and len(ids(runs)) == 2)
        await pilot.press("o", "o", "o")
        await until(lambda: header(runs)[:3] == ["id", "experiment", "result▲"])

    on_runs(drive, scenario, 4)


def test_columns_are_chosen_as_the_command_line_takes_them(drive, grid, home):
    async def scenario(pilot, until, runs):
        ask = pilot.app.screen.query_one(Ask)
        await pilot.press("F", "colon")
        await until(lambda: ask.display)
        await pilot.press(*"mean x step", "enter")
        await until(lambda: "a mean is reached at no step" in str(ask.query_one("#problem").content))
        ask.query_one("#answer").value = "seed, max train/loss"
        await pilot.press("enter")
        await until(lambda: header(runs) == ["id", "seed", "max", "train/loss"] and "0.75" in lines(runs))
        assert not ask.display

    on_runs(drive, scenario, 4)
    assert json.loads((home / "workbench.json").read_text())["columns"] == "seed, max train/loss"


@pytest.mark.parametrize("remembered", ["mean x step", "max train/loss step"])
def test_remembered_columns_are_read_or_forgotten(drive, grid, home, remembered):
    (home / "workbench.json").write_text(json.dumps({"columns": remembered, "sort": "-"}))

    async def scenario(pilot, until):
        runs = pilot.app.screen.query_one(RunList)
        await until(lambda: len(ids(runs)) == 4)
        focus(runs)
        await pilot.press("F")
        wanted = ["id", "experiment", "lr"] if "mean" in remembered else ["id", "max", "train/loss"]
        await until(lambda: header(runs)[:3] == wanted)

    drive(scenario, over=PhospheneApp(home, images="halfcell"))
