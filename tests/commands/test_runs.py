"""The commands about runs that exist: their documents, their exit statuses, and names that are anything but plain."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.runs import pairs
from engine import InvalidHyperparameters

ODD = ['it\'s "two words" $(true) `x` * \\', "[red]alarm[/red] [/] 🦊 :smile: 狐", "-dash", "a\nb"]


def test_an_empty_workspace_is_no_error(home, phosphene):
    assert json.loads(phosphene("runs", "--json").stdout) == []
    done = phosphene("runs")
    assert (done.returncode, done.stdout) == (0, "")
    assert "phosphene run" in done.stderr
    done = phosphene("show", "last")
    assert done.returncode == 2
    assert "there are no runs yet" in done.stderr
    assert not home.exists()


def test_runs_json_lists_what_scripts_need(launch, finish, phosphene):
    first, second = launch("count", name="one"), launch("trouble")
    finish(first), finish(second)
    newest, oldest = json.loads(phosphene("runs", "--json").stdout)
    assert newest["id"] == second.id
    assert (newest["state"], newest["result"]) == ("failed", {})
    assert (oldest["name"], oldest["experiment"], oldest["state"]) == ("one", "count", "finished")
    assert (oldest["step"], oldest["total"], oldest["result"]) == (20, 20, {"test/accuracy": 0.5})
    (failed,) = json.loads(phosphene("runs", "--json", "--state", "failed").stdout)
    assert failed == newest


def test_an_unknown_state_is_refused(phosphene):
    done = phosphene("runs", "--state", "happy")
    assert done.returncode == 2
    assert "happy" in done.stderr
    assert "running" in done.stderr


def test_show_json_holds_what_was_asked_for_and_what_came_of_it(home, launch, finish, phosphene, until):
    run = launch("count", {"steps": 7, "gate": str(home / "gate"), "say": "printed"}, seed=9)
    until(lambda: run.status().state == "running")
    shown = json.loads(phosphene("show", run.id, "--json").stdout)
    assert shown["state"] == "running"
    assert shown["worker"].keys() == {"pid", "host", "attempt"}
    assert shown["worker"]["pid"] == run.status().worker.pid
    (home / "gate").touch()
    finish(run)
    shown = json.loads(phosphene("show", run.id, "--json").stdout)
    assert shown["hyperparameters"]["steps"] == 7
    assert (shown["seed"], shown["device"], shown["experiment"]) == (9, "cpu", "count")
    assert shown["metrics"]["train/loss"] == pytest.approx(1 / 7)
    assert shown["result"] == {"test/accuracy": 0.5}
    assert shown["tables"] == {"squares": "tables/squares.csv"}
    assert (shown["messages"], shown["output"], shown["damaged"]) == (["at the gate"], ["printed"], 0)
    assert shown["versions"]["torch"]


@pytest.mark.slow
def test_figures_that_json_lacks_are_strings(launch, finish, phosphene):
    run = launch("trouble", {"trouble": "nan"})
    finish(run)

    def strict(name):
        raise AssertionError(name)

    lines = phosphene("follow", run.id, "--json").stdout.splitlines()
    events = [json.loads(line, parse_constant=strict) for line in lines]
    assert [event["values"]["train/loss"] for event in events if event["kind"] == "metrics"] == [1, 1, "nan", 1, 1]
    json.loads(phosphene("show", run.id, "--json").stdout, parse_constant=strict)
    assert phosphene("show", run.id).returncode == 0


def test_follow_ends_with_the_status_of_the_run(launch, finish, phosphene):
    good, bad = launch("count"), launch("trouble")
    finish(good), finish(bad)
    assert phosphene("follow", good.id).returncode == 0
    assert phosphene("follow", bad.id).returncode == 1
    assert phosphene("follow", "nobody").returncode == 2


def test_stop_resume_set_and_remove(home, launch, finish, phosphene, until):
    run = launch("count", {"steps": 100_000, "pause": 0.002})
    until(lambda: run.status().step > 0)
    done = phosphene("set", run.id, "lr=0.5")
    assert done.returncode == 0, done.stderr
    for command, words in (
        (["set", run.id, "lr=7"], "lr: must be less than or equal to 1, got '7'"),
        (["set", run.id, "steps=7"], "steps: cannot be changed while the run is going; these can: lr"),
        (["set", run.id, "lr"], "lr: write it as name=value"),
        (["remove", run.id], "stop it first"),
        (["resume", run.id], "only a stopped, failed or crashed run can be resumed"),
    ):
        done = phosphene(*command)
        assert done.returncode == 2, command
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
    done = phosphene("stop", run.id)
    assert done.returncode == 0
    assert "it is stopped" in done.stderr
    done = phosphene("resume", run.id, "--detach")
    assert f"phosphene follow {run.id}" in done.stderr
    until(lambda: run.status().state == "running")
    until(lambda: run.status().step > 0)
    done = phosphene("stop", run.id, "--kill")
    assert done.returncode == 0
    assert "it is stopped: ended by you at once" in done.stderr
    assert phosphene("stop", run.id).returncode == 2
    done = phosphene("remove", run.id, "--purge")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    done = phosphene("remove", run.id)
    assert done.returncode == 0
    assert str(home / "trash") in done.stderr
    assert json.loads(phosphene("runs", "--json").stdout) == []


def test_purging_asks_on_a_terminal(launch, finish, terminal, visible):
    run = launch("count")
    finish(run)
    window = terminal("remove", "last", "--purge")
    window.expect("for good")
    window.send("n\r")
    assert window.wait() == 1
    assert visible() == [run]
    window = terminal("remove", "last", "--purge")
    window.expect("for good")
    window.send("y\r")
    assert window.wait() == 0
    assert visible() == []


@pytest.mark.slow
def test_odd_names_come_back_as_they_are(phosphene):
    for name in ODD:
        done = phosphene("run", "count", f"--name={name}", "--steps", "2")
        assert done.returncode == 0, done.stderr
    assert [run["name"] for run in json.loads(phosphene("runs", "--json").stdout)] == ODD[::-1]
    table = phosphene("runs").stdout
    for name in ODD:
        shown = phosphene("show", "--", name)
        assert shown.returncode == 0, shown.stderr
        assert " ".join(name.split()) in shown.stdout
        assert " ".join(name.split()) in table
        assert phosphene("remove", "--", name).returncode == 0
    assert json.loads(phosphene("runs", "--json").stdout) == []


@pytest.mark.parametrize("name", [pytest.param("[red]alarm[/red]", marks=pytest.mark.slow), "[/] 🦊 :smile: 狐"])
def test_odd_names_are_shown_as_they_are_on_a_terminal(launch, finish, terminal, name):
    finish(launch("count", name=name))
    for command in (["runs"], ["show", "last"], ["follow", "last"]):
        window = terminal(*command)
        assert window.wait() == 0, window.text
        assert name in window.text, command


@pytest.mark.parametrize(
    "place", ['it\'s "two words" [red]alarm[ 🦊 狐', pytest.param("-a\nb", marks=pytest.mark.slow)]
)
def test_workspaces_of_any_name_serve_every_command(home, tmp_path, monkeypatch, phosphene, place):
    folder = tmp_path / place
    monkeypatch.setenv("PHOSPHENE_HOME", str(folder))
    assert phosphene("run", "trouble").returncode == 1
    run = json.loads(phosphene("runs", "--json").stdout)[0]["id"]
    assert phosphene("show", run).returncode == 0
    assert phosphene("resume", run).returncode == 1
    assert phosphene("follow", run, "--json").returncode == 0
    assert phosphene("remove", run).returncode == 0
    assert len(list((folder / "trash").iterdir())) == 1


def test_the_line_of_a_message_is_shown_as_it_is(terminal, phosphene):
    """What a program says is no markup, neither when it is watched nor afterwards."""
    window = terminal("run", "trouble")
    assert window.wait() == 1
    assert "[red]third[/]" in window.text
    assert "[red]third[/]" in phosphene("show", "last").stdout


def test_output_goes_to_terminals_of_any_encoding(launch, finish, phosphene):
    import os

    finish(launch("count", name="狐"))
    for command in (["runs"], ["show", "last"], ["follow", "last"], ["experiments"], ["runs", "--json"]):
        done = phosphene(*command, env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr


@given(st.dictionaries(st.text(max_size=8).filter(lambda name: "=" not in name), st.text(max_size=12), min_size=1))
def test_pairs_of_name_and_value_come_back_as_typed(values):
    assert pairs([f"{name}={value}" for name, value in values.items()]) == values


@given(st.lists(st.text(max_size=8)))
def test_what_is_no_pair_is_refused_by_name(values):
    broken = [value for value in values if "=" not in value]
    if not broken:
        assert set(pairs(values)) == {value.split("=")[0] for value in values}
        return
    with pytest.raises(InvalidHyperparameters, match="write it as name=value"):
        pairs(values)


def test_of_two_values_for_one_name_the_last_one_counts():
    assert pairs(["lr=1", "lr=2", "x=a=b"]) == {"lr": "2", "x": "a=b"}
